"""What if: where an order could ship from instead, its cost and date beside the present plan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Annotated

from core.commands.planning import facts_for, rules_in_force
from core.db.fulfillment import fulfillments_of
from core.db.reading import Reader
from core.db.stock import levels_of
from core.domain.access import Right
from core.domain.carts import with_own
from core.domain.estimate import estimate
from core.domain.fulfillment import FulfillmentOrder
from core.domain.order import Order
from core.domain.refusals import NotPossible
from core.domain.routing.decision import Decision, Facts, decide
from core.domain.routing.document import Document, Rule
from core.domain.routing.problem import Demand, Pick
from core.domain.routing.story import LEFT_OUT, cost_of_picks
from core.domain.routing.trace import CostParts
from core.domain.stock import Move, StockMove
from core.domain.values import dataclass
from core.registry import Arg, question

BY_HAND = "by hand"


@dataclass(frozen=True, slots=True)
class Side:
    """One of two plans. Money in minor units; `km` is the way of all parcels together."""

    locations: tuple[str, ...]
    parcels: int
    cost: int
    parts: Mapping[str, int]
    arrives: date | None
    km: int | None
    short: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class WhatIfView:
    """Both plans and their difference; `why_not` says what stands in the way of doing it."""

    order: str
    to: str
    currency: str
    now: Side
    then: Side
    cost_difference: int
    days_difference: int | None
    rule: str
    why_not: tuple[str, ...]

    @property
    def is_same(self) -> bool:
        return self.now.locations == self.then.locations and self.now.short == self.then.short


@dataclass(frozen=True, slots=True)
class WhatIf:
    """Show what an order would cost from elsewhere, and when it would arrive; nothing changes.

    Without a location it is planned once more by the rules, as if it came in now.
    """

    order: Annotated[str, Arg.ORDER]
    to: Annotated[str, Arg.LOCATION] = ""


@question(
    "whatif",
    WhatIf,
    Right.VIEW,
    aliases=("what if",),
    examples=("whatif 1001 to ham", "whatif 1001"),
)
def what_if(ask: WhatIf, reader: Reader) -> WhatIfView:
    order = reader.orders.get(ask.order)
    works = [w for w in fulfillments_of(reader.session, order.id) if w.is_open]
    demands = _demands(order, works)
    if not demands:
        raise NotPossible(
            f"Everything of order {order.number} has left or is canceled.",
            "What is still to ship can be moved.",
        )
    target = reader.shop.location(ask.to).code if ask.to else ""
    facts = _facts(reader, order, works, demands)
    found = _decided(reader, facts, target)
    now = _side(reader, order, facts, _present(reader, works), _unplaced(order), found)
    then = _side(reader, order, facts, found.picks, found.short, found)
    return WhatIfView(
        order=order.number,
        to=target,
        currency=reader.shop.currency,
        now=now,
        then=then,
        cost_difference=then.cost - now.cost,
        days_difference=_days(now.arrives, then.arrives),
        rule=found.rule.name,
        why_not=tuple(_why_not(reader, order, works, facts, found, target)),
    )


def _demands(order: Order, works: Sequence[FulfillmentOrder]) -> list[Demand]:
    """What has not left yet: open work, and what waits for stock."""
    wanted: dict[str, int] = dict(_unplaced(order))
    for work in works:
        for item in work.items:
            wanted[item.sku] = wanted.get(item.sku, 0) + item.quantity
    return [Demand(sku, quantity) for sku, quantity in sorted(wanted.items())]


def _unplaced(order: Order) -> dict[str, int]:
    waits: dict[str, int] = {}
    for line in order.lines:
        units = line.backordered + max(0, line.unplaced)
        if units and not order.is_canceled:
            waits[line.sku] = waits.get(line.sku, 0) + units
    return waits


def _facts(
    reader: Reader, order: Order, works: Sequence[FulfillmentOrder], demands: Sequence[Demand]
) -> Facts:
    """The order's own promises are there for it."""
    levels = levels_of(reader.session, reader.shop.id, [demand.sku for demand in demands])
    own = [
        StockMove(Move.RELEASE, item.sku, work.location_id, item.quantity)
        for work in works
        for item in work.items
    ]
    ruled = rules_in_force(reader.shop)
    return facts_for(reader, ruled, order, demands, with_own(levels, own))


def _decided(reader: Reader, facts: Facts, target: str) -> Decision:
    """By the rules; a location that a person names outranks them, as `move` does."""
    if not target:
        return decide(rules_in_force(reader.shop).document, facts)
    places = tuple(
        replace(place, barred=None if place.location == target else LEFT_OUT)
        for place in facts.places
    )
    return decide(Document(BY_HAND, (Rule(BY_HAND),)), replace(facts, places=places))


def _present(reader: Reader, works: Sequence[FulfillmentOrder]) -> tuple[Pick, ...]:
    codes = {place.id: place.code for place in reader.shop.locations.values()}
    return tuple(
        Pick(codes[work.location_id], item.sku, item.quantity)
        for work in works
        for item in work.items
    )


def _side(
    reader: Reader,
    order: Order,
    facts: Facts,
    picks: Sequence[Pick],
    short: Mapping[str, int],
    found: Decision,
) -> Side:
    parts = cost_of_picks(facts, picks, short, found.rule.prefer)
    named = {"parcels": parts.parcel_cost, "handling": parts.unit_cost, **parts.more}
    places = {place.location: place for place in facts.places}
    away = [places[location].distance_km for location in parts.locations]
    known = [km for km in away if km is not None]
    return Side(
        locations=parts.locations,
        parcels=parts.parcels,
        cost=parts.cost,
        parts={name: amount for name, amount in named.items() if amount},
        arrives=_arrives(reader, order, parts),
        km=round(sum(known)) if known and len(known) == len(away) else None,
        short=dict(short),
    )


def _arrives(reader: Reader, order: Order, parts: CostParts) -> date | None:
    """The day of the last parcel, were all of them begun now."""
    shop = reader.shop
    days = [
        estimate(
            shop, shop.locations[shop.id_of(code)], order.ship_to, order.method, reader.now
        ).day
        for code in parts.locations
    ]
    return max(days, default=None)


def _days(now: date | None, then: date | None) -> int | None:
    return None if now is None or then is None else (then - now).days


def _why_not(
    reader: Reader,
    order: Order,
    works: Sequence[FulfillmentOrder],
    facts: Facts,
    found: Decision,
    target: str,
) -> list[str]:
    """What keeps a person from doing it, in sentences; nothing: `move` would work."""
    told = []
    for work in works:
        code = reader.shop.locations[work.location_id].code
        if not work.is_untouched and code != target:
            told.append(f"{code} has {work.number} {work.stage.value} already.")
    if target:
        place = next(each for each in facts.places if each.location == target)
        told += [f"{target} is closed."] if not place.active else []
        told += [f"{target} is paused."] if place.paused else []
        told += [f"{target} gave this order back."] if place.barred else []
    missing = {sku: q for sku, q in found.short.items() if q > _unplaced(order).get(sku, 0)}
    if missing:
        words = ", ".join(f"{quantity} × {sku}" for sku, quantity in missing.items())
        told.append(f"{target or 'The plan'} lacks {words}.")
    return told
