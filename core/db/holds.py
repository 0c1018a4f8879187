"""Holds: rows ↔ domain, and the gate once more in SQL for lists of work that may go on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from core.db import tables as t
from core.db.connection import Session, Statement
from core.db.rows import micros, micros_or_none, moment, moment_or_none
from core.domain.holds import GotIt, Hold, HoldReason, Party, Scope
from core.domain.order import Order

if TYPE_CHECKING:
    from core.db.unit_of_work import UnitOfWork

_h, _a, _f, _o, _r = (
    t.hold.c,
    t.hold_answer.c,
    t.fulfillment_order.c,
    t.orders.c,
    t.reservation.c,
)
FIELDS = (
    _h.id,
    _h.reason,
    _h.note,
    _h.placed_by,
    _h.placed_at,
    _h.until,
    _h.scope,
    _h.scope_id,
    _h.owner,
)
_SETS = ("scope", "scope_id", "owner", "note", "until")
_OPEN = Statement(
    sa.select(*FIELDS)
    .where(_h.order_id == sa.bindparam("order"), _h.released_at.is_(None))
    .order_by(_h.id)
)
_ANSWERS = Statement(
    sa.select(_a.hold_id, _a.box_id, _a.answered_by, _a.answered_at)
    .join(t.hold, _h.id == _a.hold_id)
    .where(_h.order_id == sa.bindparam("order"), _h.released_at.is_(None))
    .order_by(_a.answered_at, _a.box_id)
)
_RELEASE = Statement(
    t.hold.update()
    .where(_h.id == sa.bindparam("row_id"), _h.released_at.is_(None))
    .values(released_at=sa.bindparam("at"), released_by=sa.bindparam("by"))
)
_REOPEN = Statement(
    t.hold.update()
    .where(_h.id == sa.bindparam("row_id"), _h.released_at.is_not(None))
    .values(released_at=None, released_by="")
)
_CHANGE = Statement(
    t.hold.update().where(_h.id == sa.bindparam("row_id"), _h.released_at.is_(None)), sets=_SETS
)


def read_holds(session: Session, order_id: int) -> tuple[Hold, ...]:
    """The open holds, the oldest first, with what the locations answered."""
    rows = session.rows(_OPEN, order=order_id)
    said = session.rows(_ANSWERS, order=order_id) if rows else []
    return tuple(
        hold_of(row, tuple(GotIt(box, by, moment(at)) for h, box, by, at in said if h == row[0]))
        for row in rows
    )


def hold_of(row: Sequence[Any], answers: tuple[GotIt, ...] = ()) -> Hold:
    """A row of `FIELDS` as a hold."""
    hold_id, reason, note, by, at, until, scope, scope_id, owner = row
    return Hold(
        hold_id,
        HoldReason(reason),
        note,
        by,
        moment(at),
        moment_or_none(until),
        Scope(scope),
        scope_id,
        Party(owner) if owner else None,
        answers,
    )


def hold_row(order: Order, hold: Hold) -> dict[str, Any]:
    return {
        "id": hold.id,
        "shop_id": order.shop_id,
        "order_id": order.id,
        "reason": hold.reason.value,
        "scope": hold.scope.value,
        "scope_id": hold.scope_id,
        "note": hold.note,
        "owner": hold.party.value,
        "placed_by": hold.by,
        "placed_at": micros(hold.at),
        "until": micros_or_none(hold.until),
    }


def store_holds(uow: UnitOfWork, before: Order, after: Order) -> None:
    """Write the difference: released, changed and answered, new."""
    if after.holds is before.holds:
        return
    kept = {hold.id for hold in after.holds}
    known = {hold.id: hold for hold in before.holds}
    for hold in before.holds:
        if hold.id not in kept:
            uow.session.run(_RELEASE, row_id=hold.id, at=micros(uow.now), by=uow.actor.name)
    for hold in after.holds:
        if hold.id not in known:
            if not uow.session.run(_REOPEN, row_id=hold.id):  # undo brings the old one back
                uow.insert(t.hold, hold_row(after, hold))
        elif hold is not known[hold.id]:
            _change(uow, after, known[hold.id], hold)


def _change(uow: UnitOfWork, order: Order, before: Hold, after: Hold) -> None:
    row = hold_row(order, after)
    uow.session.run(_CHANGE, row_id=after.id, **{name: row[name] for name in _SETS})
    for said in after.answers:
        if said not in before.answers:
            uow.insert(
                t.hold_answer,
                {
                    "hold_id": after.id,
                    "box_id": said.box_id,
                    "shop_id": order.shop_id,
                    "answered_by": said.by,
                    "answered_at": micros(said.at),
                },
            )


# --- the gate in SQL -----------------------------------------------------------------------------


def may_go() -> sa.ColumnElement[bool]:
    """Work (joined with its order) that the gate lets go on, at least without its held lines."""
    return sa.or_(_o.held == 0, sa.not_(sa.or_(_is_whole(), _waits_for_lines())))


def _is_whole() -> sa.ColumnElement[bool]:
    on_box = sa.and_(_h.scope == "box", _h.scope_id == _f.id)
    return (
        sa.exists()
        .where(
            _h.order_id == _f.order_id,
            _h.released_at.is_(None),
            sa.or_(_h.scope == "order", on_box),
        )
        .correlate(t.fulfillment_order)
    )


def _waits_for_lines() -> sa.ColumnElement[bool]:
    """Nothing but held lines, or a held line that the location has not put aside yet."""
    held = sa.and_(_h.order_id == _f.order_id, _h.released_at.is_(None), _h.scope == "line")
    is_held = sa.exists().where(held, _h.scope_id == _r.line_id)
    units = sa.and_(_r.fulfillment_id == _f.id, _r.state == "promised")
    nothing_else = sa.and_(
        sa.exists().where(units, is_held.correlate(t.reservation, t.fulfillment_order)),
        sa.not_(
            sa.exists().where(units, sa.not_(is_held.correlate(t.reservation, t.fulfillment_order)))
        ),
    )
    answered = sa.exists().where(_a.hold_id == _h.id, _a.box_id == _f.id)
    unanswered = (
        sa.exists()
        .where(
            held,
            units,
            _r.line_id == _h.scope_id,
            sa.not_(answered.correlate(t.hold, t.fulfillment_order)),
        )
        .correlate(t.fulfillment_order)
    )
    return sa.or_(nothing_else, sa.and_(_f.stage != "ready", unanswered))
