"""Promises at one stock level as rows, and taking a part of one away."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from core.db import tables as t
from core.db.connection import Row, Session, Statement
from core.db.rows import moment
from core.domain.fulfillment import Stage
from core.domain.refusals import Conflict
from core.domain.shorting import Loss, Promised

if TYPE_CHECKING:
    from core.db.unit_of_work import UnitOfWork

_r, _f, _o = t.reservation.c, t.fulfillment_order.c, t.orders.c
_FIGURES = (_r.quantity, _o.priority, _o.placed_at)
_AT_LEVEL = Statement(
    sa.select(_r.id, _r.order_id, _o.number, _r.line_id, _f.id, _f.stage, *_FIGURES)
    .join(t.fulfillment_order, _f.id == _r.fulfillment_id)
    .join(t.orders, _o.id == _r.order_id)
    .where(
        _r.shop_id == sa.bindparam("shop"),
        _r.sku == sa.bindparam("sku"),
        _r.location_id == sa.bindparam("location"),
        _r.state == "promised",
    )
)
_LESSEN = Statement(
    t.reservation.update()
    .where(
        _r.id == sa.bindparam("row_id"),
        _r.state == "promised",
        _r.quantity > sa.bindparam("least"),
    )
    .values(quantity=_r.quantity - sa.bindparam("less"))
)


def promises_at(session: Session, shop_id: int, sku: str, location_id: int) -> list[Promised]:
    """Every live promise of a SKU at a location, without a lock, in no order."""
    found = session.rows(_AT_LEVEL, shop=shop_id, sku=sku, location=location_id)
    return [_promised(row) for row in found]


def _promised(row: Row) -> Promised:
    reservation, order, number, line, work, stage, quantity, priority, placed = row
    return Promised(
        reservation, order, number, line, work, Stage(stage), quantity, priority, moment(placed)
    )


def take_off(uow: UnitOfWork, loss: Loss) -> None:
    """The reservation holds so many units less; all of them end it. Raises Conflict."""
    promise, units = loss.promise, loss.units
    if units == promise.quantity:
        uow.stock.settle(promise.reservation_id, "released")
        return
    changed = uow.session.run(_LESSEN, row_id=promise.reservation_id, least=units, less=units)
    if changed != 1:
        raise Conflict("That stock was released meanwhile.", "Look again and repeat.")
