"""What people decide about a routing: give work back, choose a plan; and waits that are over."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any

from core.commands import floor
from core.commands.orders import CancelOrder, cancel
from core.commands.placing import free, open_short_case, place, place_as, serve_queue
from core.commands.planning import Within, chosen_by_hand, plan_for
from core.commands.waiting_room import ANSWERED
from core.db import routing
from core.db.reading import Reader
from core.db.stock import levels_of
from core.db.unit_of_work import UnitOfWork
from core.domain import events as e
from core.domain.access import Right
from core.domain.cases import CaseKind
from core.domain.fulfillment import Stage
from core.domain.order import Change, Order
from core.domain.refusals import Invalid, NotPossible, Refusal
from core.domain.routing.problem import Demand, Pick
from core.domain.routing.trace import Trace
from core.domain.values import dataclass
from core.registry import Arg, Done, command

WAITS_AT_ONCE = 20
QUEUE_LOOKED_AT = 200


@dataclass(frozen=True, slots=True)
class DeclineWork:
    """Give work back that a location cannot do; the order is routed anew, to other locations."""

    order: Annotated[str, Arg.ORDER]
    location: Annotated[str, Arg.LOCATION] = ""
    reason: Annotated[str, Arg.TEXT] = ""


@command(
    "decline",
    DeclineWork,
    Right.FULFILL,
    aliases=("reject", "give back"),
    examples=("decline 1001 broken", "decline 1001 ham no staff today", "reject 1001 broken"),
)
def decline(ask: DeclineWork, uow: UnitOfWork) -> Done:
    order, works = floor.named(uow, ask.order)
    open_works = [w for w in floor.at_location(uow, order, works, ask.location) if w.is_open]
    if not open_works:
        raise NotPossible(f"Nothing of order {order.number} waits there.", "Look at the order.")
    works = floor.one_location(uow, order, open_works, "decline")
    if any(work.stage is Stage.PACKED for work in works):
        raise NotPossible(
            f"{works[0].number} is packed already.", f"Write `putback {order.number}` first."
        )
    site = uow.shop.locations[works[0].location_id]
    skus = [item.sku for work in works for item in work.items]
    uow.stock.lock_queue(skus)
    routing.note_rejection(uow, order.id, site.id, ask.reason.strip())
    facts = [e.WorkDeclined(work.number, site.code, ask.reason.strip()) for work in works]
    freed = uow.orders.save(Change(free(uow, order, works), tuple(facts)))
    after = place(uow, freed)
    open_short_case(uow, after)
    serve_queue(uow, skus)
    told = f"{site.code} gave order {order.number} back. {_where(uow, after, site.code)}"
    return Done(told, _of(order))


def _where(uow: UnitOfWork, order: Order, gave_back: str) -> str:
    """Where an order ships from now, in a sentence."""
    works = [work for work in uow.work.of(order.id) if work.is_open]
    codes = sorted({uow.shop.locations[work.location_id].code for work in works})
    if not codes:
        again = f"move {order.number} to {gave_back.lower()}"
        return f"Nobody else can ship it now; `{again}` gives it back."
    rest = " in part" if any(line.backordered for line in order.lines) else ""
    return f"It ships from {' and '.join(codes)}{rest} now."


def _of(order: Order) -> dict[str, Any]:
    return {"order": order.number}


@dataclass(frozen=True, slots=True)
class ChoosePlan:
    """Choose one of the plans that a routing rule offers a person."""

    order: Annotated[str, Arg.ORDER]
    plan: Annotated[int, Arg.QUANTITY] = 1


@command("choose", ChoosePlan, Right.MOVE, examples=("choose 1001 2",))
def choose(ask: ChoosePlan, uow: UnitOfWork) -> Done:
    order = uow.orders.get(ask.order)
    subject = f"order:{order.id}"
    asked = uow.cases.open_one(CaseKind.ROUTING_CHOICE, subject)
    if asked is None:
        raise NotPossible(
            f"Nobody is asked where order {order.number} ships from.",
            f"Write `move {order.number} to` and a location.",
        )
    plans = asked.facts.get("plans", [])
    if not 1 <= ask.plan <= len(plans):
        raise Invalid(f"There is no plan {ask.plan}.", f"Choose 1 to {len(plans)}.")
    picks = tuple(Pick(*pick) for pick in plans[ask.plan - 1]["picks"])
    waiting = {line.id: replace(line, backordered=0) for line in order.lines if line.backordered}
    locations = " and ".join(plans[ask.plan - 1]["locations"])
    change = Change(order.with_lines(waiting), (e.PlanChosen(locations),))
    story = Trace.from_json(routing.last_trace(uow, order.id))
    story = replace(story, picks=picks, short={}, waits="")
    after = place_as(uow, uow.orders.save(change), chosen_by_hand(uow, story, picks))
    uow.cases.close(CaseKind.ROUTING_CHOICE, subject, ANSWERED)
    open_short_case(uow, after)
    return Done(f"Order {order.number} ships from {locations}.", _of(order))


@dataclass(frozen=True, slots=True)
class EndWaits:
    """Cancel the orders that have waited as long as their rule lets them, some at a time."""


@command("end waits", EndWaits, Right.MACHINERY, in_chat=False)
def end_waits(_ask: EndWaits, uow: UnitOfWork) -> Done:
    due = routing.waits_over(uow.session, uow.shop.id, uow.now, WAITS_AT_ONCE)
    canceled = [number for order_id in due if (number := _end(uow, order_id))]
    facts = {"canceled": canceled, "more": len(due) == WAITS_AT_ONCE}
    return Done(f"{len(canceled)} orders canceled that had waited long enough.", facts)


def _end(uow: UnitOfWork, order_id: int) -> str:
    """Cancel what still waits; an order of which a part has gone on is left to a person."""
    order = uow.orders.own(order_id)
    rule = routing.rule_of_wait(uow.session, order_id)
    routing.end_wait(uow, order_id)
    waits = any(line.backordered for line in order.lines)
    goes_on = any(line.allocated or line.shipped for line in order.lines)
    if order.is_canceled or not waits or goes_on:
        return ""
    try:
        cancel(CancelOrder(order.number, f"out of stock (rule “{rule}”)"), uow)
    except Refusal:
        return ""
    return order.number


@dataclass(frozen=True, slots=True)
class RouteQueue:
    """Route orders that wait, the most urgent first: a new day has room again, or new rules."""


def look_at_queue(_ask: RouteQueue, reader: Reader) -> list[int]:
    """The orders for which there is a place now; looked for outside the transaction. Without
    rules only arriving stock changes anything, and that serves the queue by itself."""
    if reader.shop.rules is None:
        return []
    waiting = routing.waiting_orders(reader.session, reader.shop.id, QUEUE_LOOKED_AT)
    return [order_id for order_id in waiting if _has_place(reader, reader.orders.own(order_id))]


def _has_place(within: Within, order: Order) -> bool:
    freed = _freed(order)
    demands = [Demand(line.sku, line.unplaced) for line in freed.lines if line.unplaced > 0]
    skus = sorted({demand.sku for demand in demands})
    levels = levels_of(within.session, within.shop.id, skus)
    if not any(level.routable for level in levels):
        return False
    return bool(plan_for(within, freed, demands, levels).picks)


def _freed(order: Order) -> Order:
    """The order as if nothing of it had been queued yet."""
    waiting = {line.id: replace(line, backordered=0) for line in order.lines if line.backordered}
    return order.with_lines(waiting)


@command(
    "route queue",
    RouteQueue,
    Right.MACHINERY,
    prepare=look_at_queue,
    looks_first=True,
    in_chat=False,
)
def route_queue(_ask: RouteQueue, uow: UnitOfWork, found: list[int] | None) -> Done:
    placed = []
    for order_id in (found or [])[:WAITS_AT_ONCE]:
        order = uow.orders.own(order_id)
        if _has_place(uow, order):
            open_short_case(uow, place(uow, uow.orders.save(Change(_freed(order)))))
            placed.append(order.number)
    facts = {"placed": placed, "more": bool(placed) and len(found or ()) > WAITS_AT_ONCE}
    return Done(f"{len(placed)} waiting orders were routed.", facts)
