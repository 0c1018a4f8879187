"""Orders of the past as they were placed, newest first and page by page, for trying rules out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from core.db import tables as t
from core.db.connection import Session
from core.db.orders import ORDER_COLUMNS, read_order
from core.db.rows import micros
from core.db.searching import page_mark
from core.domain.order import Order
from core.domain.values import dataclass

_o = t.orders.c


_m = t.stock_move.c
_FREED = _m.on_hand - _m.reserved - _m.safety - _m.buffer - _m.frozen


@dataclass(frozen=True, slots=True)
class Moved:
    """A line of the ledger by what it did to the units that routing may take; `at` in micros."""

    at: int
    sku: str
    location_id: int
    freed: int
    kind: str
    line_id: int | None
    reason: str


def moves_since(session: Session, shop_id: int, skus: Sequence[str], since: int) -> list[Moved]:
    """What changed the free units of these SKUs from then on (microseconds), the oldest first."""
    clause = (
        sa.select(_m.at, _m.sku, _m.location_id, _FREED, _m.kind, _m.line_id, _m.reason)
        .where(_m.shop_id == shop_id, _m.sku.in_(skus), _m.at >= since, _FREED != 0)
        .order_by(_m.at, _m.id)
    )
    return [Moved(*row) for row in session.select(clause)]


def orders_since(
    session: Session, shop_id: int, since: datetime, after: str, most: int
) -> tuple[list[Order], str]:
    """Orders with goods to ship, placed since then, and the mark that goes on ("": the end)."""
    clause = sa.select(*ORDER_COLUMNS).where(
        _o.shop_id == shop_id, _o.placed_at >= micros(since), _o.handed_over == 0
    )
    if after:
        clause = clause.where(sa.tuple_(_o.placed_at, _o.id) < sa.tuple_(*page_mark(after)))
    newest = clause.order_by(_o.placed_at.desc(), _o.id.desc()).limit(most + 1)
    rows = list(session.select(newest))
    orders = [read_order(session, tuple(row))[0] for row in rows[:most]]
    more = len(rows) > most and bool(orders)
    mark = f"{micros(orders[-1].placed_at)}.{orders[-1].id}" if more else ""
    return orders, mark
