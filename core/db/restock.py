"""What a shop has, sells, waits for and wants to be warned of, by SKU and location."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import datetime

import sqlalchemy as sa

from core.db import tables as t
from core.db.connection import Session
from core.db.ids import first_id
from core.db.rows import micros
from core.db.stock import all_levels
from core.db.unit_of_work import UnitOfWork
from core.domain.restock import Supply
from core.domain.stock import Move

EVERYWHERE = 0  # as a rule's location: all of them together

_u, _m, _l = t.stock_rule.c, t.stock_move.c, t.order_line.c


def thresholds(session: Session, shop_id: int) -> dict[tuple[str, int], int]:
    """(SKU, location id or EVERYWHERE) -> units at which it is low."""
    rows = session.select(sa.select(_u.sku, _u.location_id, _u.low_at).where(_u.shop_id == shop_id))
    return {(row.sku, row.location_id): row.low_at for row in rows}


def set_threshold(uow: UnitOfWork, sku: str, location_id: int, low_at: int) -> None:
    """0 takes the threshold away."""
    here = (_u.shop_id == uow.shop.id, _u.sku == sku, _u.location_id == location_id)
    uow.session.connection.execute(t.stock_rule.delete().where(*here))
    if low_at:
        row = {"sku": sku, "location_id": location_id, "low_at": low_at}
        uow.insert_now(t.stock_rule, {"shop_id": uow.shop.id, **row})


def supplies(session: Session, shop_id: int, since: datetime) -> list[Supply]:
    """Every SKU as a whole, and at each location that has a threshold of its own."""
    low_at = thresholds(session, shop_id)
    sold, waited = sold_since(session, shop_id, since), _waited_for(session, shop_id)
    have: dict[str, list[tuple[int, int, int]]] = defaultdict(list)
    for level in all_levels(session, shop_id):
        have[level.sku].append((level.location_id, level.available, level.incoming))
    found = []
    for sku, places in have.items():
        found.append(
            Supply(
                sku=sku,
                location_id=None,
                available=sum(available for _, available, _ in places),
                incoming=sum(incoming for _, _, incoming in places),
                waited_for=waited[sku],
                sold=sold[sku, EVERYWHERE],
                low_at=low_at.get((sku, EVERYWHERE), 0),
            )
        )
        found += [
            Supply(sku, place, available, incoming, 0, sold[sku, place], low_at[sku, place])
            for place, available, incoming in places
            if (sku, place) in low_at
        ]
    return found


def sold_since(session: Session, shop_id: int, since: datetime) -> Counter[tuple[str, int]]:
    """Units that left for customers, by SKU and location and (EVERYWHERE) in all.

    Ids grow with time, so that the newest part of the ledger is read and no more.
    """
    rows = session.select(
        sa.select(_m.sku, _m.location_id, sa.func.sum(_m.quantity))
        .where(
            _m.id >= first_id(since),
            _m.shop_id == shop_id,
            _m.at >= micros(since),
            _m.kind.in_([Move.SHIP.value, Move.SELL.value]),
        )
        .group_by(_m.sku, _m.location_id)
    )
    return _added((sku, place, int(units)) for sku, place, units in rows)


def _added(rows: Iterable[tuple[str, int, int]]) -> Counter[tuple[str, int]]:
    found = Counter[tuple[str, int]]()
    for sku, place, units in rows:
        found[sku, place] += units
        found[sku, EVERYWHERE] += units
    return found


def _waited_for(session: Session, shop_id: int) -> Counter[str]:
    rows = session.select(
        sa.select(_l.sku, sa.func.sum(_l.backordered))
        .where(_l.shop_id == shop_id, _l.backordered > 0)
        .group_by(_l.sku)
    )
    return Counter({sku: int(units) for sku, units in rows})
