"""What a carrier has to know about the parcel of a return."""

from __future__ import annotations

from collections.abc import Mapping

import sqlalchemy as sa

from core.db import tables as t
from core.db.connection import Session
from core.db.orders import order_in
from core.db.returns import return_with_lines
from core.domain.order import Address
from core.domain.values import dataclass


@dataclass(frozen=True, slots=True)
class ReturnParcel:
    """`units` by SKU, `weights` in grams of one unit."""

    number: str
    customer: Address
    phone: str
    email: str
    reasons: tuple[str, ...]
    units: Mapping[str, int]
    weights: Mapping[str, int]


def parcel_of(session: Session, rma_id: int) -> ReturnParcel:
    """Raises NotFound for a return that is not there."""
    rma, _ = return_with_lines(session, rma_id)
    order = order_in(session, rma.order_id)
    units: dict[str, int] = {}
    for line in rma.lines:
        if line.expected:
            units[line.sku] = units.get(line.sku, 0) + line.expected
    c = t.product.c
    clause = sa.select(c.sku, c.weight).where(c.shop_id == order.shop_id, c.sku.in_(sorted(units)))
    return ReturnParcel(
        rma.number,
        order.ship_to,
        order.phone,
        order.email,
        tuple(line.reason for line in rma.lines),
        units,
        {row[0]: row[1] for row in session.select(clause)},
    )
