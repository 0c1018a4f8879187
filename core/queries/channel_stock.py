"""What each channel may sell of a SKU: the pool, what is kept back, what was told and when."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated

from core.db import channels
from core.db.reading import Reader
from core.db.stock import levels_of
from core.domain.access import Right
from core.domain.channel_stock import KeepBack, offered, rules_of, told_channels
from core.domain.kits import available as whole_kits
from core.domain.kits import behind
from core.domain.shop import Connection
from core.domain.stock import Level
from core.domain.values import dataclass
from core.queries.stock import product_named
from core.registry import Arg, question


@dataclass(frozen=True, slots=True)
class ToldView:
    """One channel at one place: what it may sell by the book, and what it was last told.

    `lag_seconds` is how long that telling took from the first move that it told of.
    """

    location: str
    offered: int
    told: int | None
    told_at: datetime | None
    lag_seconds: float | None


@dataclass(frozen=True, slots=True)
class ChannelView:
    channel: str
    kind: str
    kept_back: str
    offered: int
    knows_it: bool
    places: tuple[ToldView, ...]


@dataclass(frozen=True, slots=True)
class AvailabilityView:
    """`available` is what people may promise, `pool` what routing and channels draw from."""

    sku: str
    title: str
    available: int
    pool: int
    incoming: int
    channels: tuple[ChannelView, ...]


@dataclass(frozen=True, slots=True)
class ShowAvailability:
    """Show what each channel is told of a SKU, and when it was told."""

    sku: Annotated[str, Arg.SKU]


@question("availability", ShowAvailability, Right.VIEW_STOCK, examples=("availability mug-red",))
def show_availability(ask: ShowAvailability, reader: Reader) -> AvailabilityView:
    product = product_named(reader, ask.sku)
    kits = reader.shop.kits
    levels = levels_of(reader.session, reader.shop.id, behind(kits, product.sku))
    parts = kits.get(product.sku)
    whole = whole_kits(parts, levels).values() if parts else None
    told = told_channels(reader.shop)
    return AvailabilityView(
        sku=product.sku,
        title=product.title,
        available=sum(level.available for level in levels) if whole is None else sum(whole),
        pool=sum(level.routable for level in levels) if whole is None else sum(whole),
        incoming=sum(level.incoming for level in levels) if whole is None else 0,
        channels=tuple(_channel(reader, each, product.sku, levels) for each in told),
    )


def _channel(reader: Reader, connection: Connection, sku: str, levels: list[Level]) -> ChannelView:
    parts = offered(reader.shop, connection, levels)
    knows = channels.item_of(reader.session, reader.shop.id, sku, connection.id) is not None
    return ChannelView(
        channel=connection.name,
        kind=connection.kind,
        kept_back=str(_kept_back(reader, connection, sku)),
        offered=sum(parts.values()),
        knows_it=knows,
        places=tuple(
            _told(reader, connection, sku, place_id, parts[sku, place_id])
            for place_id in reader.shop.locations
            if (sku, place_id) in parts
        ),
    )


def _kept_back(reader: Reader, connection: Connection, sku: str) -> KeepBack:
    rules = rules_of(connection)
    return rules.for_kit(sku) if sku in reader.shop.kits else rules.for_sku(sku)


def _told(reader: Reader, connection: Connection, sku: str, place_id: int, units: int) -> ToldView:
    told = channels.told(reader.session, connection.id, sku, place_id)
    lag = told.at - told.moved_at if told and told.moved_at else None
    return ToldView(
        location=reader.shop.locations[place_id].code,
        offered=units,
        told=told.quantity if told else None,
        told_at=told.at if told else None,
        lag_seconds=None if lag is None else max(lag, timedelta()).total_seconds(),
    )
