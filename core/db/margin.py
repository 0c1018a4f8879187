"""What an order has cost, as far as the books know it: goods, what came back, parcels."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa

from core.db import tables as t
from core.db.bought_labels import cost_of_labels
from core.db.fulfillment import fulfillments_of, parcels_of
from core.db.reading import Reader


def costs_of(reader: Reader, skus: Iterable[str]) -> dict[str, int]:
    """What one unit costs the shop today, by SKU, in minor units."""
    c = t.product.c
    clause = sa.select(c.sku, c.cost).where(
        c.shop_id == reader.actor.shop_id, c.sku.in_(sorted(skus))
    )
    return {row[0]: row[1] for row in reader.session.select(clause)}


def restocked_of(reader: Reader, order_id: int) -> dict[int, int]:
    """Returned units that went back on the shelf, by line."""
    c = t.rma_line.c
    clause = (
        sa.select(c.line_id, sa.func.sum(c.restocked))
        .join(t.rma, t.rma.c.id == c.rma_id)
        .where(t.rma.c.order_id == order_id)
        .group_by(c.line_id)
    )
    return {row[0]: int(row[1]) for row in reader.session.select(clause)}


def labels_of_order(reader: Reader, order_id: int) -> int:
    """What labels of its returns were bought for, in minor units."""
    return cost_of_labels(reader.session, order_id)


def parcels_of_order(reader: Reader, order_id: int) -> int:
    """What its parcels cost by the rates of the locations that sent them, in minor units."""
    places = {work.id: work.location_id for work in fulfillments_of(reader.session, order_id)}
    total = 0
    for parcel in parcels_of(reader.session, order_id):
        place = reader.shop.locations.get(places.get(parcel.fulfillment_id or 0, 0))
        if parcel.has_left and place is not None:
            units = sum(quantity for _, _, quantity in parcel.items)
            total += place.parcel_cost + units * place.unit_cost
    return total
