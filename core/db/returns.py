"""Returns: rows ↔ domain."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from core.db import tables as t
from core.db.connection import Row, Session, Statement
from core.db.orders import seen_from_own_places
from core.db.rows import from_json, micros, micros_or_none, moment_or_none, to_json
from core.domain.refusals import Conflict, NotFound
from core.domain.returns import Rma, RmaLine, RmaStatus, Wish

if TYPE_CHECKING:
    from core.db.reading import Reader
    from core.db.unit_of_work import UnitOfWork

_m, _ml, _f = t.rma.c, t.rma_line.c, t.refund.c
_FIELDS = [c for c in t.rma.columns if c.name != "shop_id"]
_BY_NUMBER = Statement(
    sa.select(*_FIELDS).where(
        _m.shop_id == sa.bindparam("shop"), _m.number == sa.bindparam("number")
    )
)
_BY_ID = Statement(sa.select(*_FIELDS).where(_m.id == sa.bindparam("id")))
_OF_ORDER = Statement(
    sa.select(*_FIELDS).where(_m.order_id == sa.bindparam("order")).order_by(_m.id)
)
_TRAVELLING = Statement(
    sa.select(*_FIELDS).where(
        _m.shop_id == sa.bindparam("shop"), _m.tracking_number == sa.bindparam("number")
    )
)
_UNCOUNTED = Statement(
    sa.select(*_FIELDS)
    .where(
        _m.shop_id == sa.bindparam("shop"),
        _m.arrived_at < sa.bindparam("before"),
        _m.closed_at.is_(None),
    )
    .order_by(_m.id)
)
_LINES = Statement(
    sa.select(
        _ml.line_id,
        _ml.sku,
        _ml.quantity,
        _ml.received,
        _ml.restocked,
        _ml.missing,
        _ml.kept,
        _ml.declined,
        _ml.paid,
        _ml.reason,
        _ml.condition,
        _ml.terms,
    )
    .where(_ml.rma_id == sa.bindparam("rma"))
    .order_by(_ml.line_id)
)
_NAMES = Statement(
    sa.select(_ml.line_id, t.order_line.c.external_id)
    .join(t.order_line, t.order_line.c.id == _ml.line_id)
    .where(_ml.rma_id == sa.bindparam("rma"))
)
_UPDATE = Statement(
    t.rma.update().where(_m.id == sa.bindparam("row_id"), _m.status == sa.bindparam("seen")),
    sets=(
        "status",
        "wish",
        "decided_by",
        "decision",
        "decided_at",
        "received_at",
        "closed_at",
        "send_by_at",
        "expires_at",
        "reminded_at",
        "external_id",
        "carrier",
        "tracking_number",
        "sent_at",
        "arrived_location_id",
        "arrived_at",
    ),
)
_UPDATE_LINE = Statement(
    t.rma_line.update().where(
        _ml.rma_id == sa.bindparam("row_rma"), _ml.line_id == sa.bindparam("row_line")
    ),
    sets=("received", "restocked", "missing", "kept", "declined", "paid", "condition", "terms"),
)


def return_with_lines(session: Session, rma_id: int) -> tuple[Rma, dict[int, str]]:
    """A return, and by which id its channel knows each of its lines. Raises NotFound."""
    row = session.row(_BY_ID, id=rma_id)
    if row is None:
        raise NotFound("I cannot find that return.")
    return _rma(session, row), {i: name for i, name in session.rows(_NAMES, rma=rma_id) if name}


def rmas_of(session: Session, order_id: int) -> list[Rma]:
    return [_rma(session, row) for row in session.rows(_OF_ORDER, order=order_id)]


def list_open_returns(
    within: UnitOfWork | Reader, status: str | None, after: int, limit: int
) -> list[Rma]:
    """Returns that still need a decision, goods or money, oldest first; or all of one status."""
    owed = sa.exists().where(_f.rma_id == _m.id, _f.state == "due")
    unfinished = sa.or_(
        _m.status == "requested",
        sa.and_(_m.status.in_(("approved", "received")), sa.or_(_m.closed_at.is_(None), owed)),
    )
    clause = sa.select(*_FIELDS).where(_m.shop_id == within.actor.shop_id, _m.id > after)
    clause = clause.where(unfinished if status is None else _m.status == status)
    orders = seen_from_own_places(within)
    if orders is not None:
        clause = clause.where(_m.order_id.in_(orders))
    rows = within.session.select(clause.order_by(_m.id).limit(limit))
    return [_rma(within.session, tuple(row)) for row in rows]


_UNSENT = Statement(
    sa.select(_m.id, _m.order_id)
    .where(
        _m.shop_id == sa.bindparam("shop"),
        _m.status == "approved",
        _m.closed_at.is_(None),
        sa.or_(
            _m.expires_at <= sa.bindparam("now"),
            sa.and_(_m.reminded_at.is_(None), _m.send_by_at <= sa.bindparam("soon")),
        ),
    )
    .order_by(_m.expires_at, _m.id)
    .limit(sa.bindparam("most"))
)


def unsent_returns(
    uow: UnitOfWork, now: datetime, soon: datetime | None, most: int
) -> list[tuple[int, int]]:
    """(return id, order id) of approved returns that are not waited for after `now`, or that are
    to be sent by `soon` and nobody was reminded of yet; None: nobody is ever reminded."""
    uow.write_rows()
    times = {"now": micros(now), "soon": micros(soon) if soon else -1}
    rows = uow.session.rows(_UNSENT, shop=uow.shop.id, most=most, **times)
    return [(row[0], row[1]) for row in rows]


def rma_travelling_as(session: Session, shop_id: int, number: str) -> Rma | None:
    """The return that a parcel of this number brings back."""
    row = session.row(_TRAVELLING, shop=shop_id, number=number)
    return None if row is None else _rma(session, row)


def uncounted(session: Session, shop_id: int, before: datetime) -> list[Rma]:
    """Returns whose goods have lain somewhere since before a moment and are still expected."""
    found = session.rows(_UNCOUNTED, shop=shop_id, before=micros(before))
    return [rma for row in found if (rma := _rma(session, row)).expected]


def rma_by_number(session: Session, shop_id: int, number: str) -> Rma | None:
    row = session.row(_BY_NUMBER, shop=shop_id, number=number)
    return None if row is None else _rma(session, row)


def _rma(session: Session, row: Row) -> Rma:
    r: dict[str, Any] = dict(zip((c.name for c in _FIELDS), row, strict=True))
    lines = tuple(
        replace(RmaLine(*numbers), terms=from_json(terms))
        for *numbers, terms in session.rows(_LINES, rma=r["id"])
    )
    times = [each.name for each in _FIELDS if each.name.endswith("_at")]
    return Rma(
        **{
            **r,
            **{name: moment_or_none(r[name]) for name in times},
            "status": RmaStatus(r["status"]),
            "wish": Wish(r["wish"]),
            "why": tuple(from_json(r["why"])),
            "photos": tuple(from_json(r["photos"])),
            "lines": lines,
        }
    )


class Returns:
    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow
        self._session = uow.session

    def get(self, number: str) -> Rma:
        clean = number.strip().upper().lstrip("#")
        found = rma_by_number(self._session, self._uow.shop.id, clean)
        if found is None:
            raise NotFound(
                f"I cannot find a return {clean}.", "Write `returns` to see the open ones."
            )
        self._uow.orders.by_id(found.order_id)  # hides returns of orders one may not see
        return self.by_id(found.id)  # as it is now that its order is locked

    def brought(self, number: str) -> Rma:
        """A return whose goods somebody holds in their hands, whoever has sent them out."""
        found = rma_by_number(self._session, self._uow.shop.id, number.strip().upper().lstrip("#"))
        if found is None:
            clean = number.strip().upper()
            raise NotFound(f"I cannot find a return {clean}.", "Its order names it.")
        self._uow.orders.brought(self._uow.orders.own(found.order_id).number)
        return self.by_id(found.id)

    def by_id(self, rma_id: int) -> Rma:
        row = self._session.row(_BY_ID, id=rma_id)
        if row is None:
            raise NotFound("I cannot find that return.")
        return _rma(self._session, row)

    def of(self, order_id: int) -> list[Rma]:
        self._uow.write_rows()
        return rmas_of(self._session, order_id)

    def add(self, rma: Rma) -> None:
        self._uow.insert(
            t.rma,
            {
                "id": rma.id,
                "shop_id": self._uow.shop.id,
                "order_id": rma.order_id,
                "number": rma.number,
                "status": rma.status.value,
                "reason": rma.reason,
                "note": rma.note,
                "requested_by": rma.requested_by,
                "requested_at": micros(rma.requested_at),
                "decided_by": rma.decided_by,
                "decision": rma.decision,
                "decided_at": micros_or_none(rma.decided_at),
                "closed_at": micros_or_none(rma.closed_at),
                "wish": rma.wish.value,
                "why": to_json(rma.why),
                "photos": to_json(rma.photos),
                "send_by_at": micros_or_none(rma.send_by_at),
                "expires_at": micros_or_none(rma.expires_at),
                "external_id": rma.external_id,
                "arrived_location_id": rma.arrived_location_id,
                "arrived_at": micros_or_none(rma.arrived_at),
            },
        )
        for line in rma.lines:
            self._uow.insert(
                t.rma_line,
                {
                    "rma_id": rma.id,
                    "line_id": line.line_id,
                    "shop_id": self._uow.shop.id,
                    "sku": line.sku,
                    "quantity": line.quantity,
                    "kept": line.kept,
                    "declined": line.declined,
                    "reason": line.reason,
                    "terms": to_json(line.terms),
                },
            )

    def save(self, before: Rma, after: Rma) -> Rma:
        changed = self._session.run(
            _UPDATE,
            row_id=after.id,
            seen=before.status.value,
            status=after.status.value,
            wish=after.wish.value,
            decided_by=after.decided_by,
            decision=after.decision,
            decided_at=micros_or_none(after.decided_at),
            received_at=micros_or_none(after.received_at),
            closed_at=micros_or_none(after.closed_at),
            send_by_at=micros_or_none(after.send_by_at),
            expires_at=micros_or_none(after.expires_at),
            reminded_at=micros_or_none(after.reminded_at),
            external_id=after.external_id,
            carrier=after.carrier,
            tracking_number=after.tracking_number,
            sent_at=micros_or_none(after.sent_at),
            arrived_location_id=after.arrived_location_id,
            arrived_at=micros_or_none(after.arrived_at),
        )
        if changed != 1:
            raise Conflict(f"Return {after.number} changed meanwhile.", "Look again and repeat.")
        for old, new in zip(before.lines, after.lines, strict=True):
            if old != new:
                self._session.run(
                    _UPDATE_LINE,
                    row_rma=after.id,
                    row_line=new.line_id,
                    received=new.received,
                    restocked=new.restocked,
                    missing=new.missing,
                    kept=new.kept,
                    declined=new.declined,
                    paid=new.paid,
                    condition=new.condition,
                    terms=to_json(new.terms),
                )
        return after
