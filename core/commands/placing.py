"""Placing units: plan where they ship from, reserve them under guards, hand out the work."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from core.commands import waiting_room
from core.commands.planned import Planned, demands_of, waiting_of
from core.commands.planning import LEFT_OUT, Plan, bar_full, plan_again, plan_for
from core.commands.street_dates import wait_for_their_day
from core.commands.waits import begin_wait, may_wait
from core.commands.ways import brought_from, why_it_waits
from core.db import pickups
from core.db import tables as t
from core.db.awaiting import sold_ahead
from core.db.capacity import give, keep, take
from core.db.carts import free_overdue
from core.db.rows import micros, to_json
from core.db.stock import levels_of
from core.db.unit_of_work import UnitOfWork
from core.domain import events as e
from core.domain.awaiting import marked, short_of, street_days, supplied
from core.domain.carts import with_own
from core.domain.cases import CaseKind, Finding
from core.domain.estimate import estimate
from core.domain.fulfillment import FulfillmentOrder, Stage
from core.domain.order import Change, Line, Order
from core.domain.pickup import is_pickup, pickup_place
from core.domain.refusals import Conflict, Unavailable
from core.domain.routing.problem import Demand, Pick
from core.domain.shop import Shop
from core.domain.stock import Level, Move, Short, StockMove
from core.domain.values import replace

REPLANS = 5


def snapshot(within: Any, skus: Iterable[str]) -> list[Level]:
    """The levels that a plan needs, read without a lock."""
    return levels_of(within.session, within.actor.shop_id, sorted(set(skus)))


def place(
    uow: UnitOfWork,
    order: Order,
    ahead: Planned | None = None,
    only: int | None = None,
    queue_short: bool = True,
    avoid: Collection[int] = (),
    own: Sequence[StockMove] = (),
) -> Order:
    """Find stock for every unplaced unit, reserve it and hand out work; the rest is backordered.

    `ahead` is what was thought before; guards decide in the end, and a plan that missed is made
    again from what is there now. `own` gives up what the order's cart held, in the same move.
    """
    known = uow.stock.known([line.sku for line in order.lines if line.unplaced > 0])
    waiting = waiting_of(order, known)
    if not waiting:
        uow.stock.move(own)
        return order
    demands, barred = demands_of(waiting), dict.fromkeys(avoid, LEFT_OUT)
    levels = ahead.levels if ahead else uow.stock.levels([line.sku for line in waiting])
    seen = with_own(levels, own) if own else levels
    plan = ahead.plan_if(uow, order, demands, own) if ahead and not (only or barred) else None
    for _ in range(REPLANS + len(uow.shop.locations)):
        plan = plan or plan_for(uow, order, demands, seen, only, barred)
        missed = _missed(uow, order, demands, plan, seen, own, barred)
        if missed is None:
            return _hand_out(uow, order, waiting, plan, queue_short)
        levels = _renewed(uow, levels, missed)
        seen = with_own(levels, own) if own else levels
        plan = plan_again(uow, plan, seen, missed, barred)
    raise Unavailable("Stock is moving too fast just now.", "Try again in a moment.")


def _missed(
    uow: UnitOfWork,
    order: Order,
    demands: Sequence[Demand],
    plan: Plan,
    levels: Sequence[Level],
    own: Sequence[StockMove],
    barred: dict[int, str],
) -> Collection[str] | None:
    """Reserve what the plan picks; else the SKUs of which the levels are others now, and who has no
    room is barred from then on."""
    if plan.short and uow.shop.uses_carts and free_overdue(uow, plan.short):
        return plan.short
    full = take(uow, plan.claims)
    if full is not None:
        bar_full(uow, barred, full, demands)
        return ()
    try:
        more = supplied(uow.shop, levels, plan.picks)
        uow.stock.move([*own, *more, *_reserves(uow.shop, order.number, plan.picks)])
    except Short as short:
        give(uow, plan.claims)
        return {sku for sku, _ in short.levels}
    return None


def _renewed(uow: UnitOfWork, levels: Sequence[Level], skus: Collection[str]) -> Sequence[Level]:
    """Of many locations only what moved is read again: the writer waits for it."""
    if not skus:
        return levels
    return [*(x for x in levels if x.sku not in skus), *uow.stock.levels(sorted(skus))]


def place_as(uow: UnitOfWork, order: Order, plan: Plan) -> Order:
    """Place an order as a person chose. Raises Conflict when the stock has moved since."""
    known = uow.stock.known([line.sku for line in order.lines if line.unplaced > 0])
    waiting = [line for line in order.lines if line.unplaced > 0 and line.sku in known]
    take(uow, plan.claims)
    levels = uow.stock.levels([line.sku for line in waiting]) if uow.shop.endless else ()
    more = supplied(uow.shop, levels, plan.picks)
    try:
        uow.stock.move([*more, *_reserves(uow.shop, order.number, plan.picks)])
    except Short as short:
        raise Conflict(
            "The stock for that plan is gone meanwhile.", f"Write `retry {order.number}`."
        ) from short
    return _hand_out(uow, order, waiting, plan, queue_short=True)


def _reserves(shop: Shop, number: str, picks: Iterable[Pick]) -> list[StockMove]:
    return [
        StockMove(
            Move.RESERVE,
            pick.sku,
            shop.id_of(pick.location),
            pick.quantity,
            reason=number,
        )
        for pick in picks
    ]


def _hand_out(
    uow: UnitOfWork,
    order: Order,
    waiting: Sequence[Line],
    plan: Plan,
    queue_short: bool,
) -> Order:
    shares, changed = _share(uow.shop, waiting, plan, queue_short)
    if uow.shop.preorders:
        changed = _awaiting(uow, order, changed)
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
        for claim in plan.claims:
            if claim.location_id == location_id:
                keep(uow, work.id, claim)
    if uow.shop.preorders:
        after = wait_for_their_day(uow, after, [x.id for part in shares.values() for x, _ in part])
    is_new = uow.shop.waits_for_company and not order.version
    wait = may_wait(uow, after, shares, plan) if is_new else None
    _tell(uow, order, wait.noted(plan) if wait else plan)
    if wait and wait.until:
        after = begin_wait(uow, after, shares, wait.until)
    if uow.shop.rules is not None and queue_short:
        waiting_room.settle(uow, order, plan)
    return uow.orders.save(Change(after)) if order.version else after


def _promised(uow: UnitOfWork, order: Order, places: Iterable[int]) -> Order:
    """The first date that can be kept, once everything has its stock; a date that was shown to
    the customer (by the channel, or by us before) stays."""
    if order.promise is not None or any(
        (line.backordered and not line.awaits) or line.unplaced for line in order.lines
    ):
        return order
    sites = uow.shop.locations
    found = {i: estimate(uow.shop, sites[i], order.ship_to, order.method, uow.now) for i in places}
    told = [(each.day, f"{sites[i].code} {each.words}") for i, each in found.items()]
    told += _when_announced(uow, order)
    if not told:
        return order
    day, basis = max(told, key=lambda each: each[0])
    return replace(order, promise=day, promise_basis=basis)


def _when_announced(uow: UnitOfWork, order: Order) -> list[tuple[date, str]]:
    """When the last of the announced goods would arrive, sent from the first location."""
    days = [line.awaits for line in order.lines if line.backordered and line.awaits]
    street = street_days(order.lines, uow.shop.preorders, _today(uow)) if uow.shop.preorders else {}
    days += [day.isoformat() for day in street.values()]
    site = next((place for place in uow.shop.locations.values() if place.active), None)
    if not days or site is None:
        return []
    last = date.fromisoformat(max(days))
    at = datetime.combine(last, time(), ZoneInfo(uow.shop.time_zone)).astimezone(UTC)
    found = estimate(uow.shop, site, order.ship_to, order.method, at)
    return [(found.day, f"announced for {last.isoformat()}, {site.code} {found.words}")]


def _awaiting(uow: UnitOfWork, order: Order, changed: Mapping[int, Line]) -> dict[int, Line]:
    """What is announced and sold ahead is awaited, not short."""
    skus = {line.sku for line in changed.values() if line.backordered}
    known = {sku: p for sku, p in uow.shop.preorders.items() if sku in skus}
    sold = sold_ahead(uow, known, order.id)
    return marked(changed, known, sold, _today(uow))


def _today(uow: UnitOfWork) -> date:
    return uow.now.astimezone(ZoneInfo(uow.shop.time_zone)).date()


def _share(
    shop: Shop, waiting: Sequence[Line], plan: Plan, queue_short: bool
) -> tuple[dict[int, list[tuple[Line, int]]], dict[int, Line]]:
    """Give the picked units to the lines in order; what is left of a line joins the queue."""
    supply = {(shop.id_of(pick.location), pick.sku): pick.quantity for pick in plan.picks}
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


def _tell(uow: UnitOfWork, order: Order, plan: Plan) -> None:
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
            "trace": to_json(plan.story),
            "at": micros(uow.now),
        },
    )


def open_short_case(uow: UnitOfWork, order: Order) -> None:
    """A shortage is recorded with a case; it closes when everything has found its stock."""
    short = short_of(order, _today(uow))
    subject = f"order:{order.id}"
    if not short:
        uow.cases.close(CaseKind.SHORT, subject, "everything has found its stock")
        return
    words = ", ".join(f"{quantity} × {sku}" for sku, quantity in short.items())
    finding = Finding(
        CaseKind.SHORT,
        subject,
        why_it_waits(uow.shop, order)
        or _ruled_out(uow, order, short)
        or f"Order {order.number} is short of {words}.{_brought(uow, order, short)}",
        order_id=order.id,
        facts={"short": short},
    )
    uow.cases.open(finding)


def _ruled_out(uow: UnitOfWork, order: Order, short: Mapping[str, int]) -> str:
    """What there is, and the rules let nobody send now, is not short; empty where it is."""
    if uow.shop.rules is None or is_pickup(order):
        return ""
    free = Counter[str]()
    for level in uow.stock.levels(sorted(short)):
        if uow.shop.locations[level.location_id].active:
            free[level.sku] += level.routable
    if any(free[sku] < quantity for sku, quantity in short.items()):
        return ""
    words = ", ".join(f"{quantity} × {sku}" for sku, quantity in short.items())
    return (
        f"Order {order.number} waits for {words}: there is stock, but the rules let nobody send it "
        f"now. `why {order.number}` names each location's reason."
    )


def _brought(uow: UnitOfWork, order: Order, short: Mapping[str, int]) -> str:
    """Where a customer collects, goods are brought: nobody sends them from elsewhere."""
    place = pickup_place(uow.shop, order) if is_pickup(order) else None
    if place is None:
        return ""
    return brought_from(uow.shop, place, short, uow.stock.levels(sorted(short)))


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
    works = list(works)
    if is_pickup(order):
        pickups.withdraw(uow, [work.id for work in works])
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


def _may_serve(shop: Shop, level: Level) -> bool:
    return level.routable > 0 or level.location_id in shop.endless


def serve_queue(uow: UnitOfWork, skus: Iterable[str]) -> list[str]:
    """Stock arrived: serve the backorder queue by priority and age. Returns order numbers."""
    served: list[str] = []
    wanted = sorted(set(skus))
    for order_id in uow.stock.queue(wanted) if wanted else ():
        if not any(_may_serve(uow.shop, level) for level in uow.stock.levels(wanted)):
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
