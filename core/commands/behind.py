"""What a pause of shipping means for one order: wait, go by another carrier, or from elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime

from core.commands.improving import demands_of, own_moves, untouched
from core.commands.placing import snapshot
from core.commands.planning import Plan, Within, plan_for
from core.db import links
from core.db.fulfillment import fulfillments_of
from core.db.pauses import labels_of, orders_behind
from core.db.reading import Reader
from core.domain.carts import with_own
from core.domain.estimate import estimate, parcel_cost, way_of
from core.domain.fulfillment import FulfillmentOrder
from core.domain.order import Order
from core.domain.pauses import FOREVER, Option, Pause, is_late, location_stopped_until, moves
from core.domain.shop import Shop
from core.domain.values import dataclass


@dataclass(frozen=True, slots=True)
class Outcome:
    """One order behind a pause. `day` is the new date where the promise moves, `cost` what its
    way costs more (minor units); `plan` and `to` stand only where its work goes elsewhere."""

    order_id: int
    number: str
    origin: str
    promise: date | None
    day: date | None
    cost: int
    carrier: str = ""
    to: str = ""
    plan: Plan | None = None


def with_pause(shop: Shop, pause: Pause) -> Shop:
    """The shop as it would be with this pause."""
    return _paused(shop, (*without(shop, pause).pauses, pause))


def without(shop: Shop, pause: Pause) -> Shop:
    return _paused(shop, tuple(p for p in shop.pauses if p.target != pause.target))


def _paused(shop: Shop, pauses: tuple[Pause, ...]) -> Shop:
    places = {
        i: replace(place, paused_until=location_stopped_until(pauses, place.code))
        for i, place in shop.locations.items()
    }
    return replace(shop, pauses=pauses, locations=places, counted_days={})


def outcomes(reader: Reader, pause: Pause) -> Iterator[Outcome]:
    """Every order that would be behind this pause, by the time of its capture."""
    ahead = Reader(reader.session, reader.actor, reader.now)
    ahead.shop = with_pause(reader.shop, pause)
    for order_id in orders_behind(reader.session, reader.shop.id, pause, reader.now):
        found = outcome(ahead, ahead.orders.own(order_id), pause)
        if found is not None:
            yield found


def outcome(within: Within, order: Order, pause: Pause) -> Outcome | None:
    """None when nothing of the order would travel by what is paused; `within` knows the pause."""
    works = [work for work in fulfillments_of(within.session, order.id) if work.is_open]
    labels = labels_of(within.session, order.id)
    before = without(within.shop, pause)
    if not any(_is_behind(before, order, work, labels, pause, within.now) for work in works):
        return None
    normal = _stays(before, order, works, labels, within.now)
    stay = _stays(within.shop, order, works, labels, within.now)
    plan = None
    if stay is None or (is_late(stay, order.promise) and (not normal or stay.day > normal.day)):
        plan = _elsewhere(within, order, works)
    other = _as_option(within, order, plan) if plan is not None else None
    usual = normal.cost if normal else 0
    told = Outcome(order.id, order.number, _codes(within.shop, works), order.promise, None, 0)
    if plan is not None and other is not None and moves(order.promise, stay, other):
        to = " and ".join(sorted({pick.location for pick in plan.picks}))
        return replace(told, cost=other.cost - usual, to=to, plan=plan)
    if stay is None:
        return told
    moved = is_late(stay, order.promise) and (normal is None or stay.day > normal.day)
    carrier = _other_carrier(within, order, works, pause)
    return replace(told, day=stay.day if moved else None, cost=stay.cost - usual, carrier=carrier)


def _is_behind(
    shop: Shop,
    order: Order,
    work: FulfillmentOrder,
    labels: dict[int, str],
    pause: Pause,
    now: datetime,
) -> bool:
    site = shop.locations[work.location_id]
    carrier = labels.get(work.id) or way_of(shop, site, order.ship_to, order.method, now).carrier
    return pause.covers(carrier, site.code, order.ship_to.country.upper())


def _stays(
    shop: Shop,
    order: Order,
    works: Sequence[FulfillmentOrder],
    labels: dict[int, str],
    now: datetime,
) -> Option | None:
    """The order from where its work is; None when a way stays closed for nobody knows how long."""
    days, cost = [], 0
    for work in works:
        site, to = shop.locations[work.location_id], order.ship_to
        at = _leaves(shop, order, work, labels, now)
        if at is None:
            return None
        days.append(estimate(shop, site, to, order.method, at).day)
        cost += parcel_cost(shop, site, to, order.method, now) + site.unit_cost * work.units
    return Option(max(days), cost)


def _leaves(
    shop: Shop, order: Order, work: FulfillmentOrder, labels: dict[int, str], now: datetime
) -> datetime | None:
    """From when on the box can leave: what has a label waits for that carrier."""
    site, country = shop.locations[work.location_id], order.ship_to.country.upper()
    carrier = labels.get(work.id)
    way = way_of(shop, site, order.ship_to, order.method, now)
    opens = way.opens
    if carrier:
        ends = [p.until for p in shop.pauses if p.covers(carrier, site.code, country)]
        opens = max(ends, default=None)
    if opens is not None and opens >= FOREVER:
        return None
    return now if opens is None else max(now, opens)


def _elsewhere(within: Within, order: Order, works: Sequence[FulfillmentOrder]) -> Plan | None:
    """A plan for all of it from where nothing is in the way; None when it must stay."""
    free = untouched(within, order)
    if not free or order.holds or links.together_with(within.session, order.id):
        return None
    own = own_moves(free)
    levels = with_own(snapshot(within, {move.sku for move in own}), own)
    plan = plan_for(within, order, demands_of(own), levels)
    is_same = {pick.location for pick in plan.picks} == set(
        _codes(within.shop, works).split(" and ")
    )
    return None if plan.short or is_same else plan


def _as_option(within: Within, order: Order, plan: Plan) -> Option | None:
    shop, now, cost, days = within.shop, within.now, 0, []
    for code in sorted({pick.location for pick in plan.picks}):
        site = shop.locations[shop.id_of(code)]
        way = way_of(shop, site, order.ship_to, order.method, now)
        if way.opens is not None and way.opens >= FOREVER:
            return None
        days.append(estimate(shop, site, order.ship_to, order.method, now).day)
        cost += parcel_cost(shop, site, order.ship_to, order.method, now)
        cost += site.unit_cost * sum(p.quantity for p in plan.picks if p.location == code)
    return Option(max(days), cost)


def _other_carrier(
    within: Within, order: Order, works: Sequence[FulfillmentOrder], pause: Pause
) -> str:
    """The carrier that takes it instead, from the same place."""
    shop = within.shop
    for work in works:
        site = shop.locations[work.location_id]
        way = way_of(shop, site, order.ship_to, order.method, within.now)
        if way.opens is None and way.carrier and way.carrier != pause.carrier:
            return way.carrier
    return ""


def _codes(shop: Shop, works: Sequence[FulfillmentOrder]) -> str:
    return " and ".join(sorted({shop.locations[work.location_id].code for work in works}))
