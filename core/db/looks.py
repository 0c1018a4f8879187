"""Which orders might ship better: untouched work, never looked at or restocked since."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import sqlalchemy as sa

from core.db import tables as t
from core.db.connection import Session, Statement
from core.db.holds import may_go
from core.db.ids import EPOCH_MS
from core.db.rows import from_json

if TYPE_CHECKING:
    from core.db.unit_of_work import UnitOfWork

ARRIVED_WITHIN = timedelta(hours=1)
_f, _o, _l, _m = t.fulfillment_order.c, t.orders.c, t.routing_look.c, t.stock_move.c
_promised = t.reservation.alias("promised")
_other = t.fulfillment_order.alias("other")
_UNTOUCHED = (
    _f.shop_id == sa.bindparam("shop"),
    _f.stage == sa.literal_column("'ready'"),
    may_go(),
    ~sa.exists().where(
        _other.c.order_id == _f.order_id,
        _other.c.stage.in_([sa.literal_column(f"'{s}'") for s in ("printed", "picked", "packed")]),
    ),
)
_NEW = Statement(
    sa.select(_f.order_id)
    .join(t.orders, _o.id == _f.order_id)
    .outerjoin(t.routing_look, _l.order_id == _f.order_id)
    .where(*_UNTOUCHED, _l.order_id.is_(None))
    .group_by(_f.order_id)
    .order_by(sa.func.min(_f.ready_at), _f.order_id)
    .limit(sa.bindparam("most"))
)
# Ids grow with time: those of the last hour are the end of the table.
_ARRIVED = Statement(
    sa.select(_m.sku, sa.func.max(_m.at))
    .where(
        _m.id >= sa.bindparam("first"),
        _m.shop_id == sa.bindparam("shop"),
        _m.on_hand > 0,
    )
    .group_by(_m.sku)
)
_ROUTED = Statement(
    sa.select(t.routing_trace.c.trace, t.routing_trace.c.at)
    .where(t.routing_trace.c.order_id == sa.bindparam("order"))
    .order_by(t.routing_trace.c.id.desc())
    .limit(1)
)
_FORGET = Statement(t.routing_look.delete().where(_l.order_id == sa.bindparam("order")))


def never_looked_at(session: Session, shop_id: int, most: int) -> list[int]:
    """Orders whose open work nobody has touched, the oldest first."""
    return [row[0] for row in session.rows(_NEW, shop=shop_id, most=most)]


def restocked(session: Session, shop_id: int, now: datetime, most: int) -> list[int]:
    """Of those that were looked at: the ones of which an item has arrived since."""
    first = (int((now - ARRIVED_WITHIN).timestamp() * 1000) - EPOCH_MS) << 12
    arrived = session.rows(_ARRIVED, shop=shop_id, first=max(0, first))
    found: list[int] = []
    for sku, at in arrived:
        if len(found) >= most:
            break
        found += [row[0] for row in session.select(_waiting_for(shop_id, sku, at, most))]
    return sorted(set(found))[:most]


def _waiting_for(shop_id: int, sku: str, at: int, most: int) -> sa.Select[tuple[int]]:
    return (
        sa.select(_f.order_id)
        .join(t.orders, _o.id == _f.order_id)
        .join(t.routing_look, _l.order_id == _f.order_id)
        .join(_promised, _promised.c.fulfillment_id == _f.id)
        .where(*_UNTOUCHED, _l.at < at, _promised.c.sku == sku, _promised.c.state == "promised")
        .params(shop=shop_id)
        .distinct()
        .limit(most)
    )


def proven_at(session: Session, order_id: int) -> int | None:
    """When the order was routed, in microseconds, if no plan could be better at that time."""
    row = session.row(_ROUTED, order=order_id)
    return row[1] if row is not None and from_json(row[0]).get("proven") else None


def note_looks(uow: UnitOfWork, looked: Mapping[int, int]) -> None:
    """Since when (microseconds) each order needs no other look."""
    for order_id, at in looked.items():
        uow.session.run(_FORGET, order=order_id)
        uow.insert(t.routing_look, {"order_id": order_id, "shop_id": uow.shop.id, "at": at})
