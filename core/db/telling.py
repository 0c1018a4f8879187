"""How long channels took to hear of stock, and what they have not heard of yet."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import sqlalchemy as sa

from core.db import tables as t
from core.db.connection import Session
from core.db.rows import micros
from core.domain.channel_stock import told_channels
from core.domain.metrics import Lag, lag_of
from core.domain.shop import Mode, Shop

LOOKED_AT = timedelta(hours=1)
SECOND = 1_000_000  # microseconds

_c, _s, _b, _p = t.channel_stock.c, t.stock_level.c, t.outbox.c, t.product.c


def lag(session: Session, now: datetime, shop_id: int | None = None) -> Lag:
    """Of the last hour, of one shop or of all."""
    since = micros(now - LOOKED_AT)
    told = session.select(
        sa.select(_c.told_at - _c.moved_at).where(
            _c.told_at >= since, _c.moved_at.is_not(None), _of(_c.shop_id, shop_id)
        )
    )
    waiting, oldest = _waiting(session, shop_id)
    age = 0 if oldest is None else micros(now) - oldest
    return lag_of([row[0] / SECOND for row in told], waiting, age / SECOND)


def _waiting(session: Session, shop_id: int | None) -> tuple[int, int | None]:
    """Levels that no intent was made for yet, and intents that are not carried out yet."""
    untold = session.select(
        sa.select(sa.func.count(), sa.func.min(_s.moved_at))
        .join(t.product, sa.and_(_p.shop_id == _s.shop_id, _p.sku == _s.sku))
        .where(_s.version != _s.told_version, _of(_s.shop_id, shop_id))
    )[0]
    planned = session.select(
        sa.select(sa.func.count(), sa.func.min(_b.created_at)).where(
            _b.kind == "shopify.stock",
            _b.state.in_(["waiting", "leased"]),
            _of(_b.shop_id, shop_id),
        )
    )[0]
    ages = [int(row[1]) for row in (untold, planned) if row[1] is not None]
    return int(untold[0]) + int(planned[0]), min(ages, default=None)


def _of(column: sa.ColumnElement[int], shop_id: int | None) -> sa.ColumnElement[bool]:
    return sa.true() if shop_id is None else column == shop_id


def lag_of_shop(session: Session, now: datetime, shop: Shop) -> Lag | None:
    """None where no channel is told of anything; before a shop is live, nobody waits for news."""
    if shop.mode is Mode.WATCH or not told_channels(shop):
        return None
    found = lag(session, now, shop.id)
    if shop.live_since is None:
        return found
    return replace(found, oldest=min(found.oldest, (now - shop.live_since).total_seconds()))
