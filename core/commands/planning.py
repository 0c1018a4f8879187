"""Where an order would ship from now: by the shop's rules, or by its one objective without any."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from core.db import capacity
from core.db.capacity import Claim
from core.db.reading import Reader
from core.db.routing import goods_of, received_at, rejected_by
from core.db.rows import micros
from core.db.unit_of_work import UnitOfWork
from core.domain.distance import distance_km
from core.domain.estimate import estimate, parcel_cost
from core.domain.order import Order
from core.domain.priority import priority_named, priority_of
from core.domain.routing import planner, rules
from core.domain.routing.decision import Decision, Facts, decide
from core.domain.routing.document import Aim, Capacity, Document, Otherwise, Rule, RuleSet
from core.domain.routing.problem import Candidate, Demand, Pick
from core.domain.routing.scope import Goods, OrderFacts
from core.domain.routing.story import story_of
from core.domain.routing.trace import Trace, plain_facts, trace_of
from core.domain.shop import Location, Shop
from core.domain.stock import Level

DEFAULT_RULE = "default"
CHOSEN_ELSEWHERE = "another_location_was_chosen"
LEFT_OUT = "a_person_left_it_out"
Within = UnitOfWork | Reader


@dataclass(frozen=True, slots=True)
class Plan:
    """What ships from where and why; `otherwise` is what happens with what is short."""

    picks: tuple[Pick, ...]
    short: Mapping[str, int]
    proven: bool
    story: Trace
    otherwise: Otherwise | None = None
    claims: tuple[Claim, ...] = ()
    ruled: tuple[Facts, Decision] | None = None


def plan_for(
    within: Within,
    order: Order,
    demands: Sequence[Demand],
    levels: Sequence[Level],
    only: int | None = None,
    avoid: Collection[int] = (),
) -> Plan:
    """The plan for these units; a location that a person chose (`only`) outranks every rule."""
    ruled = within.shop.rules
    if ruled is not None and only is None:
        return by_rules(within, ruled, facts_for(within, ruled, order, demands, levels, avoid))
    shop = within.shop
    objective = planner.Objective(shop.policy["objective"])
    found = candidates(within, order, demands, levels, only, avoid)
    best = planner.plan(demands, found, objective)
    story = replace(
        trace_of(demands, found, objective, best, DEFAULT_RULE, 1),
        facts=plain_facts(demands, found),
    )
    if only is not None:
        story = replace(story, override=within.actor.name)
    claims = () if ruled is None else _claims(within, ruled, best.picks, bound=False)
    return Plan(best.picks, best.short, best.proven, story, claims=claims)


def chosen_by_hand(within: Within, story: Trace, picks: tuple[Pick, ...]) -> Plan:
    """A plan that a person chose among those that were offered; limits of the day are no bar."""
    ruled = within.shop.rules
    claims = () if ruled is None else _claims(within, ruled, picks, bound=False)
    return Plan(picks, {}, False, replace(story, override=within.actor.name), claims=claims)


def by_rules(within: Within, ruled: RuleSet, facts: Facts) -> Plan:
    """What the rules make of these facts."""
    found = decide(ruled.document, facts)
    bound = not found.rule.only.over_capacity
    return Plan(
        found.picks,
        found.short,
        found.proven,
        story_of(ruled.number, facts, found),
        found.otherwise,
        _claims(within, ruled, found.picks, bound=bound),
        (facts, found),
    )


def rules_in_force(shop: Shop) -> RuleSet:
    """The shop's rules; without any, its objective as the one rule that it is."""
    if shop.rules is not None:
        return shop.rules
    objective = planner.Objective(shop.policy["objective"])
    return RuleSet(0, Document(DEFAULT_RULE, (Rule(DEFAULT_RULE, prefer=_PREFERS[objective]),)))


_PREFERS = {
    planner.Objective.FEWEST_PARCELS: (Aim.FEWEST_PARCELS, Aim.CHEAPEST, Aim.NEAREST),
    planner.Objective.CHEAPEST: (Aim.CHEAPEST, Aim.FEWEST_PARCELS, Aim.NEAREST),
}


# --- what is known -------------------------------------------------------------------------------

# Everybody who may forbid a location for an order: (within, order) -> reasons by location id.
Forbids = Callable[[Within, Order], Mapping[int, str]]


def rejected(within: Within, order: Order) -> Mapping[int, str]:
    """Who gave an order back does not get it again; a new order was never given back."""
    if not order.version:
        return {}
    return dict.fromkeys(rejected_by(within.session, order.id), rules.REJECTED)


FORBIDS: list[Forbids] = [rejected]


def forbidden(
    within: Within, order: Order, only: int | None, avoid: Collection[int] = ()
) -> dict[int, str]:
    """The one reason against each location that somebody forbids for this order."""
    if only is not None:
        return {i: CHOSEN_ELSEWHERE for i in within.shop.locations if i != only}
    found = dict.fromkeys(avoid, LEFT_OUT)
    for forbids in FORBIDS:
        found = {**forbids(within, order), **found}
    return found


def candidates(
    within: Within,
    order: Order,
    demands: Sequence[Demand],
    levels: Sequence[Level],
    only: int | None = None,
    avoid: Collection[int] = (),
) -> tuple[Candidate, ...]:
    """Every location as the planner sees it, with its one reason when it may not take part."""
    stock, against = _stock(levels, only), forbidden(within, order, only, avoid)
    places = (_place(within, site, stock, against, order) for site in _sites(within))
    return rules.candidates(demands, order.ship_to.country, places)


def facts_for(
    within: Within,
    ruled: RuleSet,
    order: Order,
    demands: Sequence[Demand],
    levels: Sequence[Level],
    avoid: Collection[int] = (),
) -> Facts:
    """All that a rule set may ask about an order and the locations, read once."""
    shop = within.shop
    stock, against = _stock(levels), forbidden(within, order, None, avoid)
    used, ages = _used(within, ruled), _ages(within, ruled, demands)
    places = tuple(
        replace(
            _place(within, site, stock, against, order),
            country=site.country,
            groups=(*(group.casefold() for group in site.groups), site.kind),
            abilities=tuple(each.casefold() for each in site.abilities),
            late_days=_late_days(shop, site, order, within.now),
            age_days=ages.get(site.id, 0),
            used=used.get(site.id, (0, 0, 0)),
        )
        for site in _sites(within)
    )
    return Facts(_order_facts(within, ruled, order), tuple(demands), places)


def _sites(within: Within) -> Iterable[Location]:
    return within.shop.locations.values()


def _stock(levels: Sequence[Level], only: int | None = None) -> dict[int, dict[str, int]]:
    """What may be taken where; a location that a person chose may give its buffer too."""
    stock: dict[int, dict[str, int]] = defaultdict(dict)
    for level in levels:
        units = level.routable if only is None else level.available
        if units > 0:
            stock[level.location_id][level.sku] = units
    return stock


def _place(
    within: Within,
    site: Location,
    stock: Mapping[int, Mapping[str, int]],
    against: Mapping[int, str],
    order: Order,
) -> rules.LocationFacts:
    to, shop = order.ship_to, within.shop
    return rules.LocationFacts(
        location=site.code,
        available=stock.get(site.id, {}),
        rank=site.rank,
        parcel_cost=parcel_cost(shop, site, to, order.method) if shop.lanes else site.parcel_cost,
        unit_cost=site.unit_cost,
        distance_km=distance_km(site.lat, site.lon, to.lat, to.lon),
        active=site.active,
        paused=site.paused_until is not None and site.paused_until > within.now,
        barred=against.get(site.id),
    )


def _order_facts(within: Within, ruled: RuleSet, order: Order) -> OrderFacts:
    known: Mapping[str, Goods] = {}
    if ruled.reads_products:
        known = goods_of(within.session, within.shop.id, [line.sku for line in order.lines])
    goods = {
        line.sku: replace(known.get(line.sku, Goods()), price=line.total // line.ordered)
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
        promise_hours=_hours_left(order.promise, within.shop.time_zone, within.now),
        goods=goods,
    )


def _hours_left(promise: date | None, zone: str, now: datetime) -> int | None:
    """Hours until the promised day is over where the shop is."""
    if promise is None:
        return None
    end = datetime.combine(promise + timedelta(days=1), time(0), ZoneInfo(zone))
    return int((end - now) // timedelta(hours=1))


def _late_days(shop: Shop, site: Location, order: Order, now: datetime) -> int:
    if order.promise is None:
        return 0
    arrives = estimate(shop, site, order.ship_to, order.method, now).day
    return max(0, (arrives - order.promise).days)


def _ages(within: Within, ruled: RuleSet, demands: Sequence[Demand]) -> dict[int, int]:
    if not ruled.reads_ages:
        return {}
    skus = [demand.sku for demand in demands]
    now = micros(within.now)
    received = received_at(within.session, within.shop.id, skus)
    return {place: (now - at) // 86_400_000_000 for place, at in received.items()}


# --- capacity ------------------------------------------------------------------------------------


def _limited(shop: Shop, ruled: RuleSet) -> dict[int, Capacity]:
    """The limits of each location that has any."""
    if not ruled.document.capacity:
        return {}
    found = {}
    for site in shop.locations.values():
        groups = (*(group.casefold() for group in site.groups), site.kind)
        place = rules.LocationFacts(site.code, {}, groups=groups)
        limit = rules.limits_of(place, ruled.document.capacity)
        if limit is not None:
            found[site.id] = limit
    return found


def _days_of(within: Within, limited: Mapping[int, Capacity]) -> dict[int, str]:
    zones = {i: within.shop.locations[i].time_zone for i in limited}
    return {
        i: rules.working_day(within.now, zones[i], limit.cut_off) for i, limit in limited.items()
    }


def _used(within: Within, ruled: RuleSet) -> dict[int, tuple[Any, ...]]:
    days = _days_of(within, _limited(within.shop, ruled))
    return capacity.used_on(within.session, within.shop.id, days) if days else {}


def _claims(
    within: Within, ruled: RuleSet, picks: Sequence[Pick], *, bound: bool
) -> tuple[Claim, ...]:
    """What a plan takes of each limited day; work that may exceed it is counted all the same."""
    limited = _limited(within.shop, ruled)
    if not limited:
        return ()
    days = _days_of(within, limited)
    parts: dict[int, list[int]] = defaultdict(list)
    for pick in picks:
        parts[within.shop.location(pick.location).id].append(pick.quantity)
    return tuple(
        Claim(i, days[i], len(units), sum(units), *(_most(limited[i]) if bound else ()))
        for i, units in parts.items()
        if i in limited
    )


def _most(limit: Capacity) -> tuple[int | None, int | None, int | None]:
    return limit.orders, limit.lines, limit.units
