"""Better plans found later: work that nobody has touched moves where that saves enough money."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import field, replace
from typing import Annotated

from core.commands.placing import free, place_as, serve_queue, snapshot
from core.commands.planning import Plan, Within, candidates, plan_for
from core.db import looks
from core.db.fulfillment import fulfillments_of
from core.db.reading import Reader
from core.db.rows import micros
from core.db.unit_of_work import UnitOfWork
from core.domain import events as e
from core.domain.access import Right
from core.domain.carts import with_own
from core.domain.estimate import estimate
from core.domain.fulfillment import FulfillmentOrder
from core.domain.order import Change, Order
from core.domain.refusals import NotPossible
from core.domain.routing.better import Way, saving
from core.domain.routing.planner import Limits, Solver
from core.domain.routing.problem import Demand, Pick
from core.domain.stock import Level, Move, StockMove
from core.domain.values import dataclass
from core.registry import Arg, Done, command

LOOKED_AT_ONCE = 25
PATIENT = Limits(node_limit=6_000)
_patient = PATIENT


def helped_by(solver: Solver | None) -> None:
    """Whom to ask where our own search does not end: bot/main knows what is installed."""
    global _patient  # noqa: PLW0603
    _patient = replace(PATIENT, solver=solver)


@dataclass(frozen=True, slots=True)
class Better:
    """A better plan for an order as it was at this version, and the minor units that it saves."""

    order_id: int
    version: int
    plan: Plan
    saved: int


@dataclass(frozen=True, slots=True)
class Look:
    """Since when each order needs no other look (microseconds), and the first of them that can
    ship better."""

    orders: Mapping[int, int] = field(default_factory=dict)
    better: Better | None = None
    more: bool = False


# --- by hand -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ImproveOrder:
    """Look again, with patience, for a cheaper way to ship an order that nobody works on yet."""

    order: Annotated[str, Arg.ORDER]


def look_at_one(ask: ImproveOrder, reader: Reader) -> Look:
    order = reader.orders.get(ask.order)
    return Look(better=better_for(reader, order))


@command(
    "improve",
    ImproveOrder,
    Right.MOVE,
    prepare=look_at_one,
    looks_first=True,
    examples=("improve 1001",),
)
def improve(ask: ImproveOrder, uow: UnitOfWork, look: Look | None) -> Done:
    order = uow.orders.get(ask.order)
    better = look.better if look is not None else better_for(uow, order)
    if better is None or not (said := _move(uow, better)):
        raise NotPossible(
            f"There is no way to ship order {order.number} that saves enough.",
            f"Write `move {order.number} to` and a location to move it all the same.",
        )
    return Done(said, {"order": order.number, "saved": better.saved})


# --- by the clock --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ImprovePlans:
    """Look for better plans for orders whose plan was not proven or whose goods have arrived."""


def look_at_some(_: ImprovePlans, reader: Reader) -> Look:
    """A plan that was proven is good until something arrives for its order."""
    if not worth_looking(reader):
        return Look()
    session, shop_id, now = reader.session, reader.shop.id, reader.now
    fresh = looks.never_looked_at(session, shop_id, LOOKED_AT_ONCE)
    again = looks.restocked(session, shop_id, now, LOOKED_AT_ONCE)
    proven = {order_id: looks.proven_at(session, order_id) for order_id in fresh}
    seen = {order_id: at for order_id, at in proven.items() if at is not None}
    for order_id in [*(i for i in fresh if i not in seen), *again]:
        seen[order_id] = micros(now)
        better = better_for(reader, reader.orders.own(order_id))
        if better is not None:
            return Look(seen, better, more=True)
    return Look(seen, more=bool(fresh) or len(again) == LOOKED_AT_ONCE)


@command(
    "improve plans",
    ImprovePlans,
    Right.MACHINERY,
    prepare=look_at_some,
    looks_first=True,
    in_chat=False,
)
def improve_plans(_: ImprovePlans, uow: UnitOfWork, look: Look | None) -> Done:
    look = look or Look()
    looks.note_looks(uow, look.orders)
    said = _move(uow, look.better) if look.better is not None else ""
    facts = {"looked_at": len(look.orders), "moved": int(bool(said)), "more": look.more}
    return Done(said or f"{len(look.orders)} orders looked at for a better plan.", facts)


def worth_looking(within: Within) -> bool:
    """A shop whose locations cost nothing, or all the same, has no money to save by moving."""
    sites = within.shop.locations.values()
    costs = {(site.parcel_cost, site.unit_cost) for site in sites}
    priced = len(sites) > 1 and (bool(within.shop.lanes) or costs != {(0, 0)})
    return priced and bool(within.shop.policy["better_plan_saves"])


# --- one order -----------------------------------------------------------------------------------


def better_for(within: Within, order: Order) -> Better | None:
    """A plan that is worth moving untouched work for, as if that work gave its goods back."""
    works = untouched(within, order)
    if not works:
        return None
    own = own_moves(works)
    levels = with_own(snapshot(within, {move.sku for move in own}), own)
    demands = demands_of(own)
    plan = plan_for(within, order, demands, levels, limits=_patient)
    sites = candidates(within, order, demands, levels)
    codes = within.shop.locations
    now = tuple(Pick(codes[move.location_id].code, move.sku, move.quantity) for move in own)
    if plan.short or _sorted(now) == _sorted(plan.picks):
        return None
    saved = saving(
        _way(within, order, now),
        _way(within, order, plan.picks),
        sites,
        int(within.shop.policy["better_plan_saves"]),
        order.promise,
    )
    return Better(order.id, order.version, plan, saved) if saved else None


def untouched(within: Within, order: Order) -> list[FulfillmentOrder]:
    """The open work, when nobody has begun with any of it."""
    works = [work for work in fulfillments_of(within.session, order.id) if work.is_open]
    return works if all(work.is_untouched for work in works) else []


def own_moves(works: Sequence[FulfillmentOrder]) -> list[StockMove]:
    """What the work would give back."""
    units: dict[tuple[str, int], int] = defaultdict(int)
    for work in works:
        for item in work.items:
            units[item.sku, work.location_id] += item.quantity
    return [StockMove(Move.RELEASE, *place, quantity) for place, quantity in units.items()]


def demands_of(own: Sequence[StockMove]) -> list[Demand]:
    units: dict[str, int] = defaultdict(int)
    for move in own:
        units[move.sku] += move.quantity
    return [Demand(sku, quantity) for sku, quantity in units.items()]


def _sorted(picks: Sequence[Pick]) -> list[tuple[str, str, int]]:
    return sorted((pick.location, pick.sku, pick.quantity) for pick in picks)


def _way(within: Within, order: Order, picks: tuple[Pick, ...]) -> Way:
    shop = within.shop
    sites = [shop.locations[shop.id_of(code)] for code in sorted({pick.location for pick in picks})]
    days = [estimate(shop, site, order.ship_to, order.method, within.now).day for site in sites]
    return Way(picks, max(days))


def _move(uow: UnitOfWork, better: Better) -> str:
    """Move the work, unless somebody was faster: then the next look finds what there is."""
    order = uow.orders.own(better.order_id)
    works = untouched(uow, order)
    if order.version != better.version or not works:
        return ""
    own = own_moves(works)
    uow.stock.lock_queue([move.sku for move in own])
    if not has(with_own(uow.stock.levels([m.sku for m in own]), own), uow, better.plan.picks):
        return ""
    origin = _codes(uow, works)
    freed = uow.orders.save(Change(free(uow, order, works)))
    after = place_as(uow, freed, better.plan)
    target = _codes(uow, [work for work in uow.work.of(order.id) if work.is_open])
    improved = e.PlanImproved(origin, target, better.saved, order.currency)
    uow.orders.save(Change(after, (improved,)))
    serve_queue(uow, [move.sku for move in own])
    return f"Order {order.number} moved from {origin} to {target}: the better plan saves money."


def has(levels: Sequence[Level], uow: UnitOfWork, picks: Sequence[Pick]) -> bool:
    """Is what the plan takes still there?"""
    there = {(level.sku, level.location_id): level.routable for level in levels}
    wanted = ((pick.sku, uow.shop.id_of(pick.location), pick.quantity) for pick in picks)
    return all(there.get((sku, place), 0) >= quantity for sku, place, quantity in wanted)


def _codes(uow: UnitOfWork, works: Sequence[FulfillmentOrder]) -> str:
    codes = uow.shop.locations
    return " and ".join(sorted({codes[work.location_id].code for work in works}))
