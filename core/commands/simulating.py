"""Trying rules out: the orders of the past through the same planner, beside the present rules."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from core.commands.facts import Known, Stock, Used, days_of, facts_from, limited
from core.commands.planning import Within, ages_known, goods_known, rules_in_force
from core.db.history import orders_since
from core.db.stock import levels_of
from core.domain.order import Order
from core.domain.routing.decision import Decision, decide
from core.domain.routing.document import RuleSet
from core.domain.routing.problem import Demand
from core.domain.routing.simulate import Tally, tally
from core.domain.stock import Level

SKUS_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class Simulated:
    """Both sides over the same orders; `changed` ship from elsewhere, `after` goes on."""

    now: Tally
    then: Tally
    changed: int
    after: str


@dataclass(slots=True)
class _Run:
    """One side: its rules, what it asks about goods, and what its locations took on so far."""

    ruled: RuleSet
    goods: Any
    ages: Any
    used: dict[tuple[int, str], Used] = field(default_factory=dict)
    sums: Tally = field(default_factory=Tally)


def simulate(
    within: Within, draft: RuleSet, days: int, after: str = "", most: int = 500
) -> Simulated:
    """Decide the newest `most` orders of the last days again, by both rule sets. Reads only.

    Every order meets the stock that lies there now, its own and other orders' promises included,
    as if it came alone; limits of the day are counted from order to order within one call.
    """
    since = within.now - timedelta(days=days)
    orders, mark = orders_since(within.session, within.shop.id, since, after, most)
    skus = sorted({line.sku for order in orders for line in order.shippable})
    stock = _lying(within, skus)
    sides = [_run(within, each, skus) for each in (rules_in_force(within.shop), draft)]
    changed = 0
    for order in reversed(orders):
        found = [_decided(within, side, order, stock) for side in sides]
        changed += len({decision.picks for decision in found if decision}) > 1
    return Simulated(sides[0].sums, sides[1].sums, changed, mark)


def _run(within: Within, ruled: RuleSet, skus: Sequence[str]) -> _Run:
    goods: dict[str, Any] = {}
    for some in _chunks(skus):
        goods |= goods_known(within, ruled, some)
    return _Run(ruled, goods, ages_known(within, ruled, skus))


def _lying(within: Within, skus: Sequence[str]) -> Stock:
    """What lies at each location now, less what is never sold or taken by routing."""
    stock: dict[int, dict[str, int]] = {}
    for some in _chunks(skus):
        for level in levels_of(within.session, within.shop.id, some):
            units = _free_of_promises(level)
            if units > 0:
                stock.setdefault(level.location_id, {})[level.sku] = units
    return stock


def _free_of_promises(level: Level) -> int:
    return level.on_hand - level.safety - level.buffer - level.frozen


def _chunks(skus: Sequence[str]) -> list[Sequence[str]]:
    return [skus[n : n + SKUS_AT_ONCE] for n in range(0, len(skus), SKUS_AT_ONCE)]


def _decided(within: Within, side: _Run, order: Order, stock: Stock) -> Decision | None:
    wanted: dict[str, int] = {}
    for line in order.shippable:
        wanted[line.sku] = wanted.get(line.sku, 0) + line.ordered
    demands = [Demand(sku, quantity) for sku, quantity in wanted.items() if quantity]
    if not demands:
        return None
    shop, at = within.shop, order.placed_at
    days = days_of(shop, at, limited(shop, side.ruled))
    used = {place: side.used.get((place, day), (0, 0, 0)) for place, day in days.items()}
    known = Known(shop, at, stock, {}, side.goods, used, side.ages)
    facts = facts_from(known, order, demands)
    found = decide(side.ruled.document, facts)
    side.sums += tally(facts, found)
    _count(within, side, days, found)
    return found


def _count(within: Within, side: _Run, days: dict[int, str], found: Decision) -> None:
    for location in found.locations:
        place = within.shop.location(location).id
        if place in days:
            parts = [pick.quantity for pick in found.picks if pick.location == location]
            orders, lines, units = side.used.get((place, days[place]), (0, 0, 0))
            counted = (orders + 1, lines + len(parts), units + sum(parts))
            side.used[place, days[place]] = counted
