"""Canceling part of an order: which units go, what becomes of the goods, what is owed for them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from enum import StrEnum

from core.commands import refunds
from core.commands.asking_money import Asked, lower
from core.commands.choosing import Units, by_sku, choose, in_words
from core.commands.collecting import let_go_unneeded
from core.commands.owing import text_of
from core.commands.placing import open_short_case, open_unknown_case, serve_queue
from core.commands.snapshots import RestorePlacing, snapshot, take_apart, with_work
from core.commands.writeback import tell_shop
from core.db.unit_of_work import UnitOfWork
from core.domain import events as e
from core.domain.fulfillment import FulfillmentOrder
from core.domain.giving_back import worth
from core.domain.kits import in_parts
from core.domain.order import PART, Change, Line, Order
from core.domain.refusals import NotPossible
from core.domain.stock import Move, Short, StockMove
from core.registry import Done


class Goods(StrEnum):
    """What becomes of canceled units that had their stock already."""

    RESTOCK = "restock"
    SCRAP = "scrap"


# What follows elsewhere once units of an order (by line id) were canceled; entered by its rooms.
UNITS_CANCELED: list[Callable[[UnitOfWork, Order, Mapping[int, int]], None]] = []


def open_units(order: Order, wanted: Iterable[Units]) -> dict[int, int]:
    """The units to cancel by line id; empty when it is all that the order still expects."""
    able = {x.id: x.wanted - x.shipped for x in order.lines if x.kind != PART}
    units = choose(order, wanted, lambda line: able.get(line.id, 0), "can be canceled")
    is_whole = units == {i: n for i, n in able.items() if n}
    return {} if is_whole and not any(line.shipped for line in order.lines) else units


def cancel_units(
    uow: UnitOfWork, order: Order, units: Mapping[int, int], goods: Goods, reason: str
) -> Done:
    """Take these units out: backordered ones first, then promised ones that nobody has touched."""
    before = snapshot(uow, order)
    behind = in_parts(order, units)
    promised = _promised(order, behind)
    works = _works(uow, order, promised)
    skus = sorted({order.line(i).sku for i in promised})
    uow.stock.lock_queue(skus)
    after, scrapped = _take_out(uow, order, works, promised, goods)
    after = after.with_lines({i: _less(after.line(i), n) for i, n in {**units, **behind}.items()})
    skus_gone = by_sku(order, dict(units))
    claim = refunds.owe_for_canceled(uow, order, units)
    fact = e.UnitsCanceled(
        skus_gone,
        reason or "canceled by staff",
        goods.value,
        {str(line_id): quantity for line_id, quantity in units.items()},
        claim.amount if claim else 0,
    )
    after = uow.orders.save(Change(after, (fact,)))
    asked = _ask_for_less(uow, order, after, claim.amount if claim else 0)
    tell_shop(uow, order, after, (), f"cancel-units:{uow.command_id}")
    let_go_unneeded(uow, after)
    open_short_case(uow, after)
    open_unknown_case(uow, after)
    serve_queue(uow, skus)
    uow.undo = _way_back(replace(before, asked=asked), scrapped, claim.id if claim else None)
    for follow in UNITS_CANCELED:
        follow(uow, after, {**units, **behind})
    owed = f" {text_of(claim)} goes back to the customer." if claim else ""
    facts = {"order": order.number, "refund": claim.amount if claim else 0}
    return Done(f"{in_words(skus_gone)} of order {order.number} canceled.{owed}", facts)


def _ask_for_less(uow: UnitOfWork, before: Order, after: Order, back: int) -> Asked:
    """Units that were canceled before they were paid are not asked for any more (minor units)."""
    unpaid = worth(before) - worth(after) - back
    asked = sum(q.amount for q in uow.payments.requests(after.id) if q.state == "open")
    left = max(refunds.left_to_pay(uow, after), asked - unpaid)
    return lower(uow, after, left, "units were canceled") if asked > left else ()


def _way_back(
    before: RestorePlacing, scrapped: list[StockMove], claim_id: int | None
) -> RestorePlacing:
    return replace(
        before,
        put_in_stock=tuple((m.sku, m.location_id, -m.quantity) for m in scrapped),
        claims=() if claim_id is None else (claim_id,),
    )


def _promised(order: Order, units: Mapping[int, int]) -> dict[int, int]:
    """By line id, what has to come out of work: the rest waits for stock, has no place yet, or is
    nothing that is sent."""
    units = {i: n for i, n in units.items() if order.line(i).ships}
    loose = {i: order.line(i).backordered + order.line(i).unplaced for i in units}
    return {i: n - loose[i] for i, n in units.items() if n > loose[i]}


def _less(line: Line, units: int) -> Line:
    """Fewer wanted: from what has no place first, then from the queue."""
    free = line.ordered - line.canceled - line.shipped - line.allocated - line.backordered
    queued = max(0, units - free)
    return replace(
        line, canceled=line.canceled + units, backordered=max(0, line.backordered - queued)
    )


def ask_back(order: Order, code: str) -> str:
    """How what people have in their hands can still be canceled."""
    back = f"when {code} has put it back (`putback {order.number}`), cancel it"
    if order.is_held:
        return f"{code} is asked to stop already; {back}."
    return f"Hold it first: `hold {order.number}`; {back}."


def _works(uow: UnitOfWork, order: Order, promised: Mapping[int, int]) -> list[FulfillmentOrder]:
    """The untouched work that holds these units. Raises NotPossible when others are in hand."""
    works = [w for w in uow.work.of(order.id) if w.is_open]
    holding = [w for w in works if any(item.line_id in promised for item in w.items)]
    free = [w for w in holding if w.is_untouched]
    for line_id, units in promised.items():
        if sum(i.quantity for w in free for i in w.items if i.line_id == line_id) < units:
            busy = next(w for w in holding if not w.is_untouched)
            code = uow.shop.locations[busy.location_id].code
            raise NotPossible(
                f"{code} already works on {order.line(line_id).sku} of order {order.number}.",
                ask_back(order, code),
            )
    return free


def _take_out(
    uow: UnitOfWork,
    order: Order,
    works: Iterable[FulfillmentOrder],
    promised: Mapping[int, int],
    goods: Goods,
) -> tuple[Order, list[StockMove]]:
    """Work that holds such units is made anew without them; what is scrapped leaves the book."""
    left = dict(promised)
    moves: list[StockMove] = []
    scrapped: list[StockMove] = []
    for work in works:
        order, released = take_apart(uow, order, [work])
        kept = []
        for item in work.items:
            out = min(left.get(item.line_id, 0), item.quantity)
            left[item.line_id] = left.get(item.line_id, 0) - out
            if out < item.quantity:
                kept.append((item.line_id, item.sku, item.quantity - out))
            if out and goods is Goods.SCRAP:
                scrapped.append(_scrap(item.sku, work.location_id, out, item.line_id))
        if kept:
            order = with_work(uow, order, work.location_id, kept)
        moves += released
        moves += [StockMove(Move.RESERVE, s, work.location_id, n, i) for i, s, n in kept]
    _move(uow, [*moves, *scrapped])
    return order, scrapped


def _scrap(sku: str, location_id: int, units: int, line_id: int) -> StockMove:
    return StockMove(Move.ADJUST, sku, location_id, -units, line_id, reason="scrapped")


def _move(uow: UnitOfWork, moves: list[StockMove]) -> None:
    try:
        uow.stock.move(moves)
    except Short as short:
        raise NotPossible("The book has fewer units than that.", "Count the shelf.") from short
