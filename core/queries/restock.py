"""What is running low, how long it lasts, and how many to buy."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Annotated

from core.db.reading import Reader
from core.db.restock import supplies
from core.domain.access import Right
from core.domain.restock import COVER_DAYS_SHOWN, Outlook, low, pace_of
from core.domain.values import dataclass
from core.registry import Arg, question

PAGE = 50


@dataclass(frozen=True, slots=True)
class LowView:
    """`location` is empty for all of them together; `lasts_days` is None where nothing sells."""

    sku: str
    location: str
    available: int
    incoming: int
    waited_for: int
    per_day: float
    lasts_days: float | None
    low_at: int
    suggest: int


@dataclass(frozen=True, slots=True)
class LowPage:
    """The most urgent first; sales are those of the last `days`."""

    days: int
    cover: int
    low: tuple[LowView, ...]
    total: int


@dataclass(frozen=True, slots=True)
class ListLow:
    """Show what is running low, how long it lasts and how many to buy."""

    location: Annotated[str, Arg.LOCATION] = ""


@question("low", ListLow, Right.VIEW_STOCK, aliases=("restock",), examples=("low", "low ham"))
def list_low(ask: ListLow, reader: Reader) -> LowPage:
    pace = pace_of(reader.shop.policy)
    pace = replace(pace, cover=pace.cover or COVER_DAYS_SHOWN)
    place = reader.shop.location(ask.location) if ask.location else None
    since = reader.now - timedelta(days=pace.sales)
    found = low(supplies(reader.session, reader.shop.id, since), pace)
    found = [each for each in found if place is None or each.supply.location_id == place.id]
    views = tuple(_view(reader, each) for each in found[:PAGE])
    return LowPage(pace.sales, pace.cover, views, len(found))


def _view(reader: Reader, each: Outlook) -> LowView:
    supply = each.supply
    place_id = supply.location_id
    return LowView(
        sku=supply.sku,
        location=reader.shop.locations[place_id].code if place_id is not None else "",
        available=supply.available,
        incoming=supply.incoming,
        waited_for=supply.waited_for,
        per_day=round(each.per_day, 2),
        lasts_days=None if each.lasts_days is None else round(each.lasts_days, 1),
        low_at=supply.low_at,
        suggest=each.suggest,
    )
