"""Plans made before their order queues: the writer takes one while its question is still the same.

The question is all that a plan reads beside stock and room. Those two are watched by guards when
the plan is carried out: where too little is left, the order is planned anew. What has only become
better meanwhile, such as goods that arrived a moment ago, counts for the next order, and for this
one as soon as somebody looks for better plans.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field
from datetime import datetime

from core.commands.planning import (
    Plan,
    Within,
    bar_full,
    goods_known,
    offers_of,
    plan_for,
    without_room,
)
from core.db.reading import Reader
from core.db.stock import known_skus
from core.domain.carts import with_own
from core.domain.order import Address, Line, Order
from core.domain.pickup import PICKUP_AT
from core.domain.routing.document import Else
from core.domain.routing.problem import Demand
from core.domain.routing.scope import Goods
from core.domain.stock import Level, StockMove
from core.domain.values import dataclass, replace


@dataclass(frozen=True, slots=True)
class Question:
    """What a plan for a new order depends on.

    A shop's `revision` stands for its locations, rules, lanes, pauses and policies. Cut-offs and
    hours stand on whole minutes: a plan is good until the end of its own.
    """

    revision: int
    minute: datetime
    demands: tuple[Demand, ...]
    ship_to: Address
    point: tuple[float | None, float | None]
    how: tuple[str, str]
    scope: tuple[object, ...]
    prices: tuple[tuple[str, int, int], ...]
    own: tuple[StockMove, ...]
    goods: Mapping[str, Goods] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Planned:
    """What was read outside the transaction, and what was thought about it, if anything was."""

    levels: Sequence[Level]
    plan: Plan | None = None
    question: Question | None = None

    def plan_if(
        self,
        within: Within,
        order: Order,
        demands: Sequence[Demand],
        own: Sequence[StockMove],
    ) -> Plan | None:
        """The plan, if it answers this very question."""
        if self.plan is None or self.question != question_of(within, order, demands, own):
            return None
        return self.plan


def planned(
    reader: Reader, order: Order, levels: Sequence[Level], own: Sequence[StockMove] = ()
) -> Planned:
    """Plan a new order from these levels and from what its cart holds."""
    known = known_skus(reader.session, reader.shop.id, [x.sku for x in order.lines])
    demands = demands_of(waiting_of(order, known))
    if not demands:
        return Planned(levels)
    asked = question_of(reader, order, demands, own)
    plan = _with_room(reader, order, demands, with_own(levels, own) if own else levels)
    if plan.otherwise is not None and plan.otherwise.do is Else.ASK:
        plan = replace(plan, offers=offers_of(reader, plan))
    return Planned(levels, plan, asked)


def _with_room(
    reader: Reader, order: Order, demands: Sequence[Demand], levels: Sequence[Level]
) -> Plan:
    """As the writer would: who has no room for its part of a plan is left out of the next."""
    barred: dict[int, str] = {}
    while True:
        plan = plan_for(reader, order, demands, levels, avoid=barred)
        full = without_room(reader, plan)
        if not full:
            return plan
        bar_full(reader, barred, min(full), demands)


def waiting_of(order: Order, known: Iterable[str]) -> list[Line]:
    """The lines that have no place yet, of SKUs that the catalog has."""
    return [line for line in order.lines if line.unplaced > 0 and line.sku in known]


def demands_of(waiting: Iterable[Line]) -> list[Demand]:
    return [Demand(line.sku, line.unplaced) for line in waiting]


def question_of(
    within: Within, order: Order, demands: Sequence[Demand], own: Sequence[StockMove]
) -> Question:
    shop, rules = within.shop, within.shop.rules
    skus = [line.sku for line in order.lines]
    return Question(
        shop.revision,
        within.now.replace(second=0, microsecond=0),
        tuple(demands),
        order.ship_to,
        (order.ship_to.lat, order.ship_to.lon),  # which do not make an address another one
        (order.method, order.extra.get(PICKUP_AT, "")),
        (order.channel, order.priority, order.tags, order.total, order.promise, order.version),
        tuple((line.sku, line.total, line.ordered) for line in order.lines),
        tuple(sorted(own, key=lambda move: (move.sku, move.location_id))),
        {} if rules is None else goods_known(within, rules, skus),
    )
