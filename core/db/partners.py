"""Hand-offs of work to partners: rows ↔ domain."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from core.db import tables as t
from core.db.connection import Row, Session, Statement
from core.db.rows import micros, micros_or_none, moment, moment_or_none
from core.domain.partners import OPEN, Handoff, State, Stop
from core.domain.refusals import Conflict

if TYPE_CHECKING:
    from core.db.unit_of_work import UnitOfWork

_h, _f, _o = t.handoff.c, t.fulfillment_order.c, t.orders.c
_FIELDS = (
    _h.id,
    _h.work_id,
    _h.order_id,
    _h.connection_id,
    _h.state,
    _h.stop,
    _h.stops,
    _h.reason,
    _h.asked_at,
    _h.answered_at,
)
_OPEN: list[Any] = [sa.literal_column(f"'{state.value}'") for state in OPEN]
_OF_ORDER = Statement(
    sa.select(*_FIELDS).where(_h.order_id == sa.bindparam("order")).order_by(_h.id)
)
_BY_ID = Statement(
    sa.select(*_FIELDS).where(_h.shop_id == sa.bindparam("shop"), _h.id == sa.bindparam("handoff"))
)
_SAVE = Statement(
    t.handoff.update().where(_h.id == sa.bindparam("row_id"), _h.state == sa.bindparam("seen")),
    sets=("state", "stop", "stops", "reason", "answered_at"),
)
_DROP = Statement(t.handoff.delete().where(_h.id == sa.bindparam("row_id")))
_OPEN_ORDERS = Statement(
    sa.select(_h.order_id)
    .join(t.fulfillment_order, _f.id == _h.work_id)
    .where(_h.shop_id == sa.bindparam("shop"), _h.state.in_(_OPEN), _f.stage != "shipped")
    .group_by(_h.order_id)
    .order_by(_h.order_id)
    .limit(sa.bindparam("most"))
)
_LISTED = Statement(
    sa.select(*_FIELDS, _f.number, _f.location_id, _o.number)
    .join(t.fulfillment_order, _f.id == _h.work_id)
    .join(t.orders, _o.id == _h.order_id)
    .where(_h.shop_id == sa.bindparam("shop"), _h.state.in_(_OPEN), _f.stage != "shipped")
    .order_by(_h.asked_at, _h.id)
    .limit(sa.bindparam("most"))
)


def _handoff(row: Row) -> Handoff:
    handoff_id, work, order, connection, state, stop, stops, reason, asked, answered = row[:10]
    how_far = State(state), Stop(stop), stops, reason
    times = moment(asked), moment_or_none(answered)
    return Handoff(handoff_id, work, order, connection, *how_far, *times)


def of_order(session: Session, order_id: int) -> list[Handoff]:
    return [_handoff(row) for row in session.rows(_OF_ORDER, order=order_id)]


def by_id(session: Session, shop_id: int, handoff_id: int) -> Handoff | None:
    row = session.row(_BY_ID, shop=shop_id, handoff=handoff_id)
    return None if row is None else _handoff(row)


def listed(session: Session, shop_id: int, most: int) -> list[tuple[Handoff, str, int, str]]:
    """What partners have, with the number and place of the work and the number of its order."""
    rows = session.rows(_LISTED, shop=shop_id, most=most)
    return [(_handoff(row), row[-3], row[-2], row[-1]) for row in rows]


def open_orders(session: Session, shop_id: int, most: int) -> list[int]:
    """Ids of orders of which a partner has something."""
    return [row[0] for row in session.rows(_OPEN_ORDERS, shop=shop_id, most=most)]


def waiting_orders(
    session: Session, shop_id: int, places: Sequence[int], before: datetime, most: int
) -> list[int]:
    """Ids of orders with work that is ready at these places and was never handed off."""
    if not places:
        return []
    never = ~sa.exists().where(_h.work_id == _f.id)
    held = sa.exists().where(
        t.hold.c.order_id == _f.order_id,
        t.hold.c.scope == "order",
        t.hold.c.released_at.is_(None),
    )
    rows = session.select(
        sa.select(_f.order_id)
        .where(
            _f.shop_id == shop_id,
            _f.location_id.in_(places),
            _f.stage == "ready",
            _f.ready_at <= micros(before),
            never,
            ~held,
        )
        .group_by(_f.order_id)
        .order_by(sa.func.min(_f.ready_at), _f.order_id)
        .limit(most)
    )
    return [row[0] for row in rows]


def add(uow: UnitOfWork, work_id: int, order_id: int, connection_id: int) -> Handoff:
    made = Handoff(
        uow.new_id(), work_id, order_id, connection_id, State.ASKED, Stop.NO, 0, "", uow.now
    )
    row: dict[str, Any] = {
        "id": made.id,
        "shop_id": uow.shop.id,
        "work_id": work_id,
        "order_id": order_id,
        "connection_id": connection_id,
        "asked_at": micros(uow.now),
    }
    uow.insert_now(t.handoff, row)
    return made


def drop(uow: UnitOfWork, handoff: Handoff) -> None:
    """Forget one that its partner never heard of."""
    uow.session.run(_DROP, row_id=handoff.id)


def save(uow: UnitOfWork, before: Handoff, after: Handoff) -> Handoff:
    changed = uow.session.run(
        _SAVE,
        row_id=after.id,
        seen=before.state.value,
        state=after.state.value,
        stop=after.stop.value,
        stops=after.stops,
        reason=after.reason,
        answered_at=micros_or_none(after.answered_at),
    )
    if changed != 1:
        raise Conflict("That hand-off changed meanwhile.", "Look again and repeat.")
    return after


# --- what must always be true --------------------------------------------------------------------

SENTENCES = {
    "what a partner has accepted or shipped went through our gate, and is of its own shop": (
        "I-63",
        """select h.id from handoff h join fulfillment_order f on f.id = h.work_id
        where f.shop_id <> h.shop_id or f.order_id <> h.order_id
            or (h.state in ('asked', 'accepted') and f.stage in ('printed', 'picked', 'packed')
                and f.printed_at is null and f.picked_at is null)""",
    ),
    "a hand-off that has ended says so, and one that is shipped has work that has left": (
        "I-63b",
        """select h.id from handoff h join fulfillment_order f on f.id = h.work_id
        where h.state = 'shipped' and f.stage in ('ready', 'canceled')
            or h.state in ('accepted', 'rejected', 'shipped') and h.answered_at is null""",
    ),
}
