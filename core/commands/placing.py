"""Placing units: plan where they ship from, reserve them under guards, hand out the work."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from core.db import tables as t
from core.db.rows import micros, to_json
from core.db.stock import levels_of
from core.db.unit_of_work import UnitOfWork
from core.domain import events as e
from core.domain.cases import CaseKind, Finding
from core.domain.distance import distance_km
from core.domain.estimate import estimate
from core.domain.fulfillment import FulfillmentOrder, Stage
from core.domain.order import Address, Change, Line, Order
from core.domain.refusals import Unavailable
from core.domain.routing import planner, rules
from core.domain.routing.problem import Candidate, Demand
from core.domain.routing.trace import Trace, trace_of
from core.domain.shop import Shop
from core.domain.stock import Level, Move, Short, StockMove

REPLANS = 5
DEFAULT_RULE = "default"


def snapshot(within: Any, skus: Iterable[str]) -> list[Level]:
    """The levels that a plan needs, read without a lock."""
    return levels_of(within.session, within.actor.shop_id, sorted(set(skus)))


def candidates(
    shop: Shop,
    demands: Sequence[Demand],
    levels: Sequence[Level],
    ship_to: Address,
    now: datetime,
    only: int | None = None,
) -> tuple[Candidate, ...]:
    """Every location as the planner sees it, with its one reason when it may not take part."""
    stock: dict[int, dict[str, int]] = defaultdict(dict)
    for level in levels:
        # A location that a person chose may give its buffer too.
        units = level.routable if only is None else level.available
        if units > 0:
            stock[level.location_id][level.sku] = units
    facts = (
        rules.LocationFacts(
            location=site.code,
            available=stock.get(site.id, {}),
            rank=site.rank,
            parcel_cost=site.parcel_cost,
            unit_cost=site.unit_cost,
            distance_km=distance_km(site.lat, site.lon, ship_to.lat, ship_to.lon),
            active=site.active,
            paused=site.paused_until is not None and site.paused_until > now,
            barred=None if only in (None, site.id) else "another_location_was_chosen",
        )
        for site in shop.locations.values()
    )
    return rules.candidates(demands, ship_to.country, facts)


def place(
    uow: UnitOfWork,
    order: Order,
    levels: Sequence[Level] | None = None,
    only: int | None = None,
    queue_short: bool = True,
) -> Order:
    """Find stock for every unplaced unit, reserve it and hand out work; the rest is backordered.

    `levels` is what a plan was prepared with; guards decide in the end, and a plan that missed
    is made again from fresh levels.
    """
    known = uow.stock.known([line.sku for line in order.lines if line.unplaced > 0])
    waiting = [line for line in order.lines if line.unplaced > 0 and line.sku in known]
    if not waiting:
        return order
    for _ in range(REPLANS):
        fresh = levels if levels is not None else uow.stock.levels([w.sku for w in waiting])
        levels = None
        demands = [Demand(line.sku, line.unplaced) for line in waiting]
        found = candidates(uow.shop, demands, fresh, order.ship_to, uow.now, only)
        plan = planner.plan(demands, found, _objective(uow.shop))
        try:
            uow.stock.move(_reserves(uow.shop, plan.picks))
        except Short:
            continue
        story = trace_of(demands, found, _objective(uow.shop), plan, DEFAULT_RULE, 1)
        return _hand_out(uow, order, waiting, plan, story, queue_short)
    raise Unavailable("Stock is moving too fast just now.", "Try again in a moment.")


def _objective(shop: Shop) -> planner.Objective:
    return planner.Objective(shop.policy["objective"])


def _reserves(shop: Shop, picks: Iterable[planner.Pick]) -> list[StockMove]:
    return [
        StockMove(Move.RESERVE, pick.sku, shop.location(pick.location).id, pick.quantity)
        for pick in picks
    ]


def _hand_out(
    uow: UnitOfWork,
    order: Order,
    waiting: Sequence[Line],
    plan: planner.Plan,
    story: Trace,
    queue_short: bool,
) -> Order:
    shares, changed = _share(uow.shop, waiting, plan, queue_short)
    after = _promised(uow, order.with_lines(changed), shares)
    serial = len(uow.work.of(order.id)) if order.version else 0
    for location_id, items in shares.items():
        serial += 1
        work = FulfillmentOrder(
            id=uow.new_id(),
            order_id=order.id,
            location_id=location_id,
            number=f"{order.number}-{serial}",
            stage=Stage.READY,
            items=(),
            ready_at=uow.now,
        )
        uow.work.add(work)
        picks = [(line.id, line.sku, quantity) for line, quantity in items]
        uow.stock.promise(order.id, work.id, location_id, picks)
    _tell(uow, order, plan, story)
    return uow.orders.save(Change(after)) if order.version else after


def _promised(uow: UnitOfWork, order: Order, places: Iterable[int]) -> Order:
    """The first date that can be kept, once everything has its stock; a date that was shown to
    the customer (by the channel, or by us before) stays."""
    if order.promise is not None or any(line.backordered or line.unplaced for line in order.lines):
        return order
    sites = uow.shop.locations
    found = {i: estimate(uow.shop, sites[i], order.ship_to, order.method, uow.now) for i in places}
    last = max(found, key=lambda i: found[i].day, default=None)
    if last is None:
        return order
    basis = f"{sites[last].code} {found[last].words}"
    return replace(order, promise=found[last].day, promise_basis=basis)


def _share(
    shop: Shop, waiting: Sequence[Line], plan: planner.Plan, queue_short: bool
) -> tuple[dict[int, list[tuple[Line, int]]], dict[int, Line]]:
    """Give the picked units to the lines in order; what is left of a line joins the queue."""
    supply = {(shop.location(pick.location).id, pick.sku): pick.quantity for pick in plan.picks}
    shares: dict[int, list[tuple[Line, int]]] = defaultdict(list)
    changed: dict[int, Line] = {}
    for line in waiting:
        left = line.unplaced
        for (location_id, sku), quantity in supply.items():
            taken = min(left, quantity) if sku == line.sku else 0
            if taken:
                supply[location_id, sku] -= taken
                left -= taken
                shares[location_id].append((line, taken))
        got = line.unplaced - left
        queued = left if queue_short else 0
        changed[line.id] = replace(
            line, allocated=line.allocated + got, backordered=line.backordered + queued
        )
    return shares, changed


def _tell(uow: UnitOfWork, order: Order, plan: planner.Plan, story: Trace) -> None:
    parts: dict[str, dict[str, int]] = defaultdict(dict)
    for pick in plan.picks:
        parts[pick.location][pick.sku] = pick.quantity
    if parts:
        uow.emit(order.id, e.OrderRouted(dict(parts), plan.proven))
    if plan.short:
        uow.emit(order.id, e.OrderShort(dict(plan.short)))
    uow.log(
        t.routing_trace,
        {
            "id": uow.new_id(),
            "shop_id": uow.shop.id,
            "order_id": order.id,
            "trace": to_json(story),
            "at": micros(uow.now),
        },
    )


def open_short_case(uow: UnitOfWork, order: Order) -> None:
    """A shortage is recorded with a case; it closes when everything has found its stock."""
    short = {line.sku: line.backordered for line in order.lines if line.backordered}
    subject = f"order:{order.id}"
    if not short:
        uow.cases.close(CaseKind.SHORT, subject, "everything has found its stock")
        return
    words = ", ".join(f"{quantity} × {sku}" for sku, quantity in short.items())
    finding = Finding(
        CaseKind.SHORT,
        subject,
        f"Order {order.number} is short of {words}.",
        order_id=order.id,
        facts={"short": short},
    )
    uow.cases.open(finding)


def open_unknown_case(uow: UnitOfWork, order: Order) -> None:
    """An order with an unknown SKU is kept but not routed for it."""
    unknown = sorted({line.sku for line in order.lines if line.unplaced > 0})
    subject = f"order:{order.id}"
    if not unknown:
        uow.cases.close(CaseKind.UNKNOWN_SKU, subject, "the SKU is known now")
        return
    finding = Finding(
        CaseKind.UNKNOWN_SKU,
        subject,
        f"Order {order.number} has an unknown SKU: {', '.join(unknown)}.",
        order_id=order.id,
        facts={"skus": unknown},
    )
    uow.cases.open(finding)


# --- giving back ---------------------------------------------------------------------------------


def free(uow: UnitOfWork, order: Order, works: Iterable[FulfillmentOrder]) -> Order:
    """Cancel work and give its units back to stock; the lines lose their allocation."""
    changed = {line.id: line for line in order.lines}
    moves = []
    for work in works:
        uow.work.save(work, work.cancel(uow.now))
        for item in work.items:
            moves.append(
                StockMove(Move.RELEASE, item.sku, work.location_id, item.quantity, item.line_id)
            )
            uow.stock.settle(item.reservation_id, "released")
            line = changed[item.line_id]
            changed[item.line_id] = replace(
                line,
                allocated=line.allocated - item.quantity,
                packed=min(line.packed, line.allocated - item.quantity),
            )
    uow.stock.move(moves)
    return order.with_lines(changed)


def serve_queue(uow: UnitOfWork, skus: Iterable[str]) -> list[str]:
    """Stock arrived: serve the backorder queue by priority and age. Returns order numbers."""
    served: list[str] = []
    wanted = sorted(set(skus))
    for order_id in uow.stock.queue(wanted) if wanted else ():
        if not any(level.routable for level in uow.stock.levels(wanted)):
            break
        order = uow.orders.own(order_id)
        back = {line.id: replace(line, backordered=0) for line in order.lines if line.backordered}
        if not back:
            continue  # somebody was faster
        before = sum(line.backordered for line in order.lines)
        after = place(uow, uow.orders.save(Change(order.with_lines(back))))
        if sum(line.backordered for line in after.lines) < before:
            served.append(order.number)
        open_short_case(uow, after)
    return served
