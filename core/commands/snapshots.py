"""How an order was placed before a step, and the way back to exactly that: what undo stands on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from typing import Any

from core.commands.asking_money import Asked, ask_again
from core.commands.owing import withdraw
from core.commands.placing import open_short_case, open_unknown_case
from core.commands.planning import claims_of
from core.db.capacity import give_back, keep, take
from core.db.unit_of_work import UnitOfWork
from core.domain import events as e
from core.domain.access import Right
from core.domain.fulfillment import FulfillmentOrder, Stage
from core.domain.holds import Hold
from core.domain.order import Change, Order
from core.domain.refusals import Conflict, NotPossible
from core.domain.routing.problem import Pick
from core.domain.stock import Move, Short, StockMove
from core.domain.values import dataclass
from core.registry import Done, command

Picks = tuple[tuple[int, int], ...]  # (line id, units)


@dataclass(frozen=True, slots=True)
class PlacedWork:
    """Untouched work at a location (its id) and the units that were promised to it."""

    location: int
    picks: Picks


@dataclass(frozen=True, slots=True)
class LineBefore:
    line: int
    canceled: int
    backordered: int


@dataclass(frozen=True, slots=True)
class RestorePlacing:
    """Put lines, promises and untouched work of an order back as they were.

    `put_in_stock` are (sku, location id, units) that the step had written off, `claims` the
    refunds that it had made due, `asked` the payment requests that it had lowered.
    """

    order: str
    lines: tuple[LineBefore, ...]
    works: tuple[PlacedWork, ...]
    holds: tuple[Hold, ...] = ()
    promise: date | None = None
    put_in_stock: tuple[tuple[str, int, int], ...] = ()
    claims: tuple[int, ...] = ()
    asked: Asked = ()

    def audited(self) -> dict[str, Any]:
        return {"order": self.order}


def snapshot(uow: UnitOfWork, order: Order) -> RestorePlacing:
    """The order as it is before a step; the step may add what else has to go back."""
    return RestorePlacing(
        order.number,
        tuple(LineBefore(x.id, x.canceled, x.backordered) for x in order.lines),
        tuple(
            PlacedWork(w.location_id, tuple((i.line_id, i.quantity) for i in w.items))
            for w in uow.work.of(order.id)
            if w.is_untouched
        ),
        order.holds,
        order.promise,
    )


@command("restore", RestorePlacing, Right.MACHINERY, in_chat=False)
def restore(ask: RestorePlacing, uow: UnitOfWork) -> Done:
    order = uow.orders.get(ask.order)
    works = [work for work in uow.work.of(order.id) if work.is_untouched]
    bare, released = take_apart(uow, order, works)
    back, reserved = _put_together(uow, _as_before(bare, ask), ask.works)
    written_off = [
        StockMove(Move.ADJUST, sku, place, units, reason="taken back")
        for sku, place, units in ask.put_in_stock
    ]
    try:
        uow.stock.move([*released, *written_off, *reserved])
    except Short as short:
        raise NotPossible(
            f"The stock of order {order.number} was given to another order meanwhile.",
            "Look at the order and decide anew.",
        ) from short
    _require_room(back)
    after = uow.orders.save(Change(back, (e.OrderPutBack(),)))
    open_short_case(uow, after)
    open_unknown_case(uow, after)
    for refund_id in ask.claims:
        _drop_claim(uow, refund_id)
    ask_again(uow, ask.asked)
    return Done(f"Order {order.number} is as it was.", {"order": order.number})


def _require_room(order: Order) -> None:
    """Units that went on meanwhile cannot be put back a second time."""
    for line in order.lines:
        if line.canceled + line.backordered + line.allocated + line.shipped > line.ordered:
            raise Conflict(
                f"Order {order.number} has changed since.", "Look at it and decide anew."
            )


def _as_before(order: Order, ask: RestorePlacing) -> Order:
    lines = {
        was.line: replace(order.line(was.line), canceled=was.canceled, backordered=was.backordered)
        for was in ask.lines
    }
    kept = {hold.id for hold in order.holds}
    again = (hold for hold in ask.holds if hold.id not in kept)
    return replace(
        order.with_lines(lines),
        holds=(*order.holds, *again),
        promise=ask.promise,
        canceled_at=None,
        cancel_reason="",
    )


def _put_together(
    uow: UnitOfWork, order: Order, works: Iterable[PlacedWork]
) -> tuple[Order, list[StockMove]]:
    moves: list[StockMove] = []
    for work in works:
        picks = [(line, order.line(line).sku, units) for line, units in work.picks]
        order = with_work(uow, order, work.location, picks)
        moves += [
            StockMove(Move.RESERVE, sku, work.location, units, line) for line, sku, units in picks
        ]
    return order, moves


def _drop_claim(uow: UnitOfWork, refund_id: int) -> None:
    withdraw(uow, uow.refunds.get(refund_id), "it was taken back")


# --- taking work apart and putting it together ---------------------------------------------------


def take_apart(
    uow: UnitOfWork, order: Order, works: Iterable[FulfillmentOrder]
) -> tuple[Order, list[StockMove]]:
    """End this work and take its units off the lines; the moves that free them are for the caller
    to make, together with what takes their place."""
    changed = {line.id: line for line in order.lines}
    moves = []
    for work in works:
        uow.work.save(work, work.cancel(uow.now))
        if uow.shop.rules is not None:
            give_back(uow, work.id)
        for item in work.items:
            moves.append(
                StockMove(Move.RELEASE, item.sku, work.location_id, item.quantity, item.line_id)
            )
            uow.stock.settle(item.reservation_id, "released")
            line = changed[item.line_id]
            changed[line.id] = replace(line, allocated=line.allocated - item.quantity)
    return order.with_lines(changed), moves


def with_work(
    uow: UnitOfWork, order: Order, location_id: int, picks: Iterable[tuple[int, str, int]]
) -> Order:
    """New work for these units (line id, sku, units); their stock is reserved by the caller."""
    picks = list(picks)
    work = FulfillmentOrder(
        id=uow.new_id(),
        order_id=order.id,
        location_id=location_id,
        number=f"{order.number}-{len(uow.work.of(order.id)) + 1}",
        stage=Stage.READY,
        items=(),
        ready_at=uow.now,
    )
    uow.work.add(work)
    _count_in(uow, work, picks)
    uow.stock.promise(order.id, work.id, location_id, picks)
    lines = {line.id: line for line in order.lines}
    for line_id, _, units in picks:
        lines[line_id] = replace(lines[line_id], allocated=lines[line_id].allocated + units)
    return order.with_lines(lines)


def _count_in(
    uow: UnitOfWork, work: FulfillmentOrder, picks: Iterable[tuple[int, str, int]]
) -> None:
    """A person's decision may exceed a location's day, and counts in it all the same."""
    if uow.shop.rules is None:
        return
    code = uow.shop.locations[work.location_id].code
    taken = [Pick(code, sku, units) for _, sku, units in picks]
    for claim in claims_of(uow, uow.shop.rules, taken, bound=False):
        take(uow, [claim])
        keep(uow, work.id, claim)
