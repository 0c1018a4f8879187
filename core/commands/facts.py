"""What routing knows, put together from what was read: places, the order, limits of the day."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import field
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from core.domain.distance import distance_km
from core.domain.estimate import OWN_WAYS, estimate, parcel_cost
from core.domain.order import Order
from core.domain.priority import priority_named, priority_of
from core.domain.routing import rules
from core.domain.routing.decision import Facts
from core.domain.routing.document import Capacity, RuleSet
from core.domain.routing.problem import Demand
from core.domain.routing.scope import Goods, OrderFacts
from core.domain.shop import Location, Shop
from core.domain.stock import Level
from core.domain.values import dataclass, replace

Stock = Mapping[int, Mapping[str, int]]
Used = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Known:
    """What was read for one decision: stock and reasons by location id, goods by SKU."""

    shop: Shop
    now: datetime
    stock: Stock
    against: Mapping[int, str] = field(default_factory=dict)
    goods: Mapping[str, Goods] = field(default_factory=dict)
    used: Mapping[int, Used] = field(default_factory=dict)
    ages: Mapping[int, int] = field(default_factory=dict)


def stock_of(levels: Sequence[Level], *, by_hand: bool = False) -> Stock:
    """What may be taken where; a location that a person chose may give its buffer too."""
    stock: dict[int, dict[str, int]] = defaultdict(dict)
    for level in levels:
        units = level.available if by_hand else level.routable
        if units > 0:
            stock[level.location_id][level.sku] = units
    return stock


def place_facts(known: Known, site: Location, order: Order, **more: Any) -> rules.LocationFacts:
    """What the planner asks about a place; a shop without rules needs no `more`."""
    to, shop = order.ship_to, known.shop
    return rules.LocationFacts(
        location=site.code,
        available=known.stock.get(site.id, {}),
        rank=site.rank,
        parcel_cost=_parcel_cost(known, site, order)
        if shop.lanes or order.method in OWN_WAYS
        else site.parcel_cost,
        unit_cost=site.unit_cost,
        distance_km=distance_km(site.lat, site.lon, to.lat, to.lon),
        active=site.active,
        paused=site.paused_until is not None and site.paused_until > known.now,
        barred=known.against.get(site.id),
        **more,
    )


def _parcel_cost(known: Known, site: Location, order: Order) -> int:
    return parcel_cost(known.shop, site, order.ship_to, order.method, known.now)


def facts_from(known: Known, order: Order, demands: Sequence[Demand]) -> Facts:
    """All that a rule set may ask about an order and the locations."""
    places = tuple(
        place_facts(
            known,
            site,
            order,
            country=site.country,
            groups=groups_of(site),
            abilities=tuple(each.casefold() for each in site.abilities),
            late_days=_late_days(known, site, order),
            age_days=known.ages.get(site.id, 0),
            used=known.used.get(site.id, (0, 0, 0)),
        )
        for site in known.shop.locations.values()
    )
    return Facts(_order_facts(known, order), tuple(demands), places)


def facts_after(
    facts: Facts,
    shop: Shop,
    levels: Sequence[Level],
    skus: Collection[str],
    against: Mapping[int, str],
) -> Facts:
    """The same facts where the levels of these SKUs are others now, and more is against some
    locations: of a thousand places most stay as they are."""
    stock = stock_of([level for level in levels if level.sku in skus])
    places = []
    for site, place in zip(shop.locations.values(), facts.places, strict=True):
        rest = {sku: units for sku, units in place.available.items() if sku not in skus}
        has, barred = {**rest, **stock.get(site.id, {})}, against.get(site.id, place.barred)
        if has != place.available or barred != place.barred:
            place = replace(place, available=has, barred=barred)
        places.append(place)
    return replace(facts, places=tuple(places))


def groups_of(site: Location) -> tuple[str, ...]:
    """Its own groups, and its kind."""
    return (*(group.casefold() for group in site.groups), site.kind)


def _order_facts(known: Known, order: Order) -> OrderFacts:
    goods = {
        line.sku: replace(known.goods.get(line.sku, Goods()), price=line.total // line.ordered)
        for line in order.lines
        if line.ordered
    }
    return OrderFacts(
        channel=order.channel,
        priority=priority_named(priority_of(order.priority, order.tags)),
        tags=order.tags,
        method=order.method,
        country=order.ship_to.country,
        region=order.ship_to.region,
        zip=order.ship_to.zip,
        value=order.total,
        promise_hours=_hours_left(order.promise, known.shop.time_zone, known.now),
        goods=goods,
    )


def _hours_left(promise: date | None, zone: str, now: datetime) -> int | None:
    """Hours until the promised day is over where the shop is."""
    if promise is None:
        return None
    end = datetime.combine(promise + timedelta(days=1), time(0), ZoneInfo(zone))
    return int((end - now) // timedelta(hours=1))


def _late_days(known: Known, site: Location, order: Order) -> int:
    if order.promise is None:
        return 0
    arrives = estimate(known.shop, site, order.ship_to, order.method, known.now).day
    return max(0, (arrives - order.promise).days)


# --- limits of the day ---------------------------------------------------------------------------


def limited(shop: Shop, ruled: RuleSet) -> dict[int, Capacity]:
    """The limits of each location that has any."""
    found = {}
    for site in shop.locations.values() if ruled.document.capacity else ():
        place = rules.LocationFacts(site.code, {}, groups=groups_of(site))
        limit = rules.limits_of(place, ruled.document.capacity)
        if limit is not None:
            found[site.id] = limit
    return found


def days_of(shop: Shop, now: datetime, limits: Mapping[int, Capacity]) -> dict[int, str]:
    """The local day that new work counts for at each limited location."""
    zones = {i: shop.locations[i].time_zone for i in limits}
    return {i: rules.working_day(now, zones[i], limit.cut_off) for i, limit in limits.items()}
