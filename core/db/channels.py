"""What we remember of a channel: how far it was pulled, and what stock it was last told."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from core.db import tables as t
from core.db.connection import Session, Statement
from core.db.rows import from_json, micros, moment, moment_or_none, to_json
from core.db.stock import all_levels
from core.domain.channel_stock import offered
from core.domain.shop import Connection, Shop
from core.domain.values import dataclass

if TYPE_CHECKING:
    from core.db.unit_of_work import UnitOfWork

_n, _s, _i = t.connection.c, t.channel_stock.c, t.inbox.c
_STATE = Statement(sa.select(_n.state, _n.created_at).where(_n.id == sa.bindparam("connection")))
_SET_STATE = Statement(
    t.connection.update().where(_n.id == sa.bindparam("row_id")), sets=("state",)
)
_HERE = (
    _s.connection_id == sa.bindparam("p_connection"),
    _s.sku == sa.bindparam("p_sku"),
    _s.location_id == sa.bindparam("p_location"),
)
_TOLD = Statement(sa.select(_s.told, _s.told_at, _s.moved_at).where(*_HERE))
_SET_TOLD = Statement(t.channel_stock.update().where(*_HERE), sets=("told", "moved_at", "told_at"))
_RAW = Statement(
    sa.select(_i.raw).where(
        _i.connection_id == sa.bindparam("connection"), _i.delivery_id == sa.bindparam("delivery")
    )
)
_MOVED = Statement(
    sa.select(sa.func.coalesce(sa.func.sum(t.order_line.c.ordered), 0))
    .join(t.orders, t.orders.c.id == t.order_line.c.order_id)
    .where(
        t.orders.c.connection_id == sa.bindparam("connection"),
        t.order_line.c.sku == sa.bindparam("sku"),
        sa.or_(
            t.orders.c.captured_at >= sa.bindparam("since"),
            t.orders.c.source_updated_at >= sa.bindparam("since2"),
        ),
    )
)
_EXTERNAL_IDS = Statement(
    sa.select(t.orders.c.external_id)
    .where(t.orders.c.connection_id == sa.bindparam("connection"))
    .order_by(t.orders.c.id)
)
_ITEM = Statement(
    sa.select(t.product.c.external_ids).where(
        t.product.c.shop_id == sa.bindparam("shop"), t.product.c.sku == sa.bindparam("sku")
    )
)
_ORDER_OF = Statement(sa.select(t.parcel.c.order_id).where(t.parcel.c.id == sa.bindparam("parcel")))

LONG_AGO = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Told:
    """The quantity that a channel was last told to have available, when, and since when it had
    to hear of it."""

    quantity: int
    at: datetime
    moved_at: datetime | None = None


def state_of(session: Session, connection_id: int) -> tuple[dict[str, Any], datetime]:
    """What was written down about a connection, and since when it exists."""
    row = session.rows(_STATE, connection=connection_id)[0]
    return from_json(row[0]), moment(row[1])


def remember(uow: UnitOfWork, connection_id: int, **facts: Any) -> None:
    """Change some facts of a connection's state; nothing that a decision reads, so no revision."""
    known, _ = state_of(uow.session, connection_id)
    uow.session.run(_SET_STATE, row_id=connection_id, state=to_json({**known, **facts}))


def told(session: Session, connection_id: int, sku: str, location_id: int) -> Told | None:
    row = session.row(_TOLD, p_connection=connection_id, p_sku=sku, p_location=location_id)
    return None if row is None else Told(row[0], moment(row[1]), moment_or_none(row[2]))


def told_levels(session: Session, connection_id: int, skus: Sequence[str]) -> set[tuple[str, int]]:
    """The (SKU, location id) of these SKUs of which a channel was ever told."""
    clause = sa.select(_s.sku, _s.location_id).where(
        _s.connection_id == connection_id, _s.sku.in_(skus)
    )
    return {(row[0], row[1]) for row in session.select(clause)}


def set_told(
    uow: UnitOfWork,
    connection_id: int,
    sku: str,
    location_id: int,
    quantity: int,
    moved_at: int | None = None,
) -> None:
    """`moved_at` (UTC microseconds): since when the channel had to hear of it. A first word of a
    move of long ago tells when the channel was connected, and not how long words take."""
    values = {"told": quantity, "moved_at": moved_at, "told_at": micros(uow.now)}
    here = {"p_connection": connection_id, "p_sku": sku, "p_location": location_id}
    if uow.session.run(_SET_TOLD, **here, **values) == 0:
        key = {"connection_id": connection_id, "sku": sku, "location_id": location_id}
        if moved_at is not None and moved_at < micros(uow.now - LONG_AGO):
            values["moved_at"] = None
        uow.insert_now(t.channel_stock, {**key, **values, "shop_id": uow.actor.shop_id})


def moved_since(session: Session, connection_id: int, sku: str, since: datetime) -> int:
    """Units of a SKU in the channel's orders that came or changed since: it may have moved them."""
    at = micros(since)
    row = session.row(_MOVED, connection=connection_id, sku=sku, since=at, since2=at)
    return int(row[0]) if row else 0


def item_of(session: Session, shop_id: int, sku: str, connection_id: int) -> str | None:
    """Under which id a channel knows a SKU."""
    row = session.row(_ITEM, shop=shop_id, sku=sku)
    return from_json(row[0]).get(str(connection_id)) if row else None


def order_of_parcel(session: Session, parcel_id: int) -> int | None:
    row = session.row(_ORDER_OF, parcel=parcel_id)
    return None if row is None else int(row[0])


def raw_of(session: Session, connection_id: int, delivery_id: str) -> bytes | None:
    """The body of a delivery as it first came."""
    row = session.row(_RAW, connection=connection_id, delivery=delivery_id)
    return None if row is None else bytes(row[0])


def external_ids(session: Session, connection_id: int) -> list[str]:
    """Every order of a channel by the channel's own id."""
    return [row[0] for row in session.rows(_EXTERNAL_IDS, connection=connection_id) if row[0]]


def available(session: Session, shop: Shop, connection: Connection) -> list[tuple[str, int, int]]:
    """(sku, location id, units) of everything that a channel is to be told of, by the book."""
    told = offered(shop, connection, all_levels(session, shop.id))
    return [(sku, place, units) for (sku, place), units in sorted(told.items())]
