"""Trying rules out: the orders of the past through the same planner, beside the present rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from datetime import timedelta
from typing import Any

from core.commands.facts import Known, Stock, Used, days_of, facts_from, limited
from core.commands.planning import Within, ages_known, goods_known, rules_in_force
from core.db.history import moves_since, orders_since
from core.db.rows import micros, micros_or_none
from core.db.stock import levels_of
from core.domain.order import Order
from core.domain.routing.decision import Decision, decide
from core.domain.routing.document import RuleSet
from core.domain.routing.problem import Demand
from core.domain.routing.replay import Change, Shelves, shelves_at
from core.domain.routing.simulate import Tally, tally
from core.domain.shop import Shop
from core.domain.stock import Move, free
from core.domain.values import dataclass

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
    """One side: its rules, what it asks about goods, what lies on its shelves, and what its
    locations took on so far."""

    ruled: RuleSet
    goods: Any
    ages: Any
    shelves: Shelves
    used: dict[tuple[int, str], Used] = field(default_factory=dict)
    sums: Tally = field(default_factory=Tally)


def simulate(
    within: Within, draft: RuleSet, days: int, after: str = "", most: int = 500
) -> Simulated:
    """Decide the newest `most` orders of the last days again, by both rule sets. Reads only.

    The shelves begin as they lay when the first of these orders came in. From then on goods
    come and go as they did, and each side takes its own orders' units in the order in which they
    came; what an order did not get it does not get later. Limits of the day are counted from
    order to order, too, both within one call.
    """
    since = within.now - timedelta(days=days)
    orders, mark = orders_since(within.session, within.shop.id, since, after, most)
    skus = sorted({line.sku for order in orders for line in order.shippable})
    began = min((micros(order.captured_at) for order in orders), default=0)
    ledger = _ledger(within, orders, skus, began)
    sides = [_run(within, each, skus, ledger) for each in (rules_in_force(within.shop), draft)]
    changed = 0
    for order in reversed(orders):
        began = max(began, micros(order.captured_at))
        found = [_decided(within, side, order, began) for side in sides]
        changed += len({decision.picks for decision in found if decision}) > 1
    return Simulated(sides[0].sums, sides[1].sums, changed, mark)


def _run(within: Within, ruled: RuleSet, skus: Sequence[str], ledger: _Ledger) -> _Run:
    goods: dict[str, Any] = {}
    for some in _chunks(skus):
        goods |= goods_known(within, ruled, some)
    return _Run(ruled, goods, ages_known(within, ruled, skus), shelves_at(*ledger))


_Ledger = tuple[int, dict[tuple[str, str], int], list[Change], list[Change]]


def _ledger(within: Within, orders: Sequence[Order], skus: Sequence[str], began: int) -> _Ledger:
    """What lies there now, and what changed since then: by others, and by these orders."""
    codes = {place.id: place.code for place in within.shop.locations.values()}
    numbers = {order.number for order in orders}
    lines = {line.id for order in orders for line in order.lines}
    now: dict[tuple[str, str], int] = {}
    others: list[Change] = []
    own: list[Change] = []
    for some in _chunks(skus):
        for level in levels_of(within.session, within.shop.id, some):
            now[codes[level.location_id], level.sku] = int(free(level)) - level.buffer
        for move in moves_since(within.session, within.shop.id, some, began):
            is_own = move.line_id in lines and move.kind in _PROMISES
            is_own = is_own or (move.kind == Move.RESERVE and move.reason in numbers)
            change = Change(move.at, codes[move.location_id], move.sku, move.freed)
            (own if is_own else others).append(change)
    return began, now, others, own


_PROMISES = frozenset({Move.RESERVE, Move.RELEASE, Move.SHIP})


def _chunks(skus: Sequence[str]) -> list[Sequence[str]]:
    return [skus[n : n + SKUS_AT_ONCE] for n in range(0, len(skus), SKUS_AT_ONCE)]


def _decided(within: Within, side: _Run, order: Order, moment: int) -> Decision | None:
    wanted: dict[str, int] = {}
    for line in order.shippable:
        wanted[line.sku] = wanted.get(line.sku, 0) + line.ordered
    demands = [Demand(sku, quantity) for sku, quantity in wanted.items() if quantity]
    if not demands:
        return None
    shop, at = within.shop, order.placed_at
    days = days_of(shop, at, limited(shop, side.ruled))
    used = {place: side.used.get((place, day), (0, 0, 0)) for place, day in days.items()}
    side.shelves.pass_to(moment)
    stock = _on_shelves(shop, side.shelves, wanted)
    known = Known(shop, at, stock, {}, side.goods, used, side.ages)
    facts = facts_from(known, order, demands)
    found = decide(side.ruled.document, facts)
    side.shelves.take(found.picks, micros_or_none(order.canceled_at))
    side.sums += tally(facts, found)
    _count(within, side, days, found)
    return found


def _on_shelves(shop: Shop, shelves: Shelves, wanted: Mapping[str, int]) -> Stock:
    """What may be taken of what is wanted; who always has a SKU has as much of it."""
    stock: dict[int, dict[str, int]] = {}
    for site in shop.locations.values():
        there = shelves.free.get(site.code, {})
        least = wanted if site.id in shop.endless else {}
        has = {sku: max(there[sku], least.get(sku, 0)) for sku in wanted if sku in there}
        stock[site.id] = {sku: units for sku, units in has.items() if units > 0}
    return stock


def _count(within: Within, side: _Run, days: dict[int, str], found: Decision) -> None:
    for location in found.locations:
        place = within.shop.location(location).id
        if place in days:
            parts = [pick.quantity for pick in found.picks if pick.location == location]
            orders, lines, units = side.used.get((place, days[place]), (0, 0, 0))
            counted = (orders + 1, lines + len(parts), units + sum(parts))
            side.used[place, days[place]] = counted
