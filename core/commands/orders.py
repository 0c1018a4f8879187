"""What staff do with an order: cancel, move, note, tag."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Annotated

from core.commands.asking_money import lower
from core.commands.canceling import Goods, ask_back, cancel_units, open_units
from core.commands.choosing import Units, by_sku, in_words
from core.commands.collecting import let_go_unneeded
from core.commands.owing import text_of
from core.commands.placing import (
    free,
    open_short_case,
    open_unknown_case,
    place,
    serve_queue,
)
from core.commands.refunds import owe_for_whole
from core.commands.snapshots import snapshot
from core.commands.ways import require_fit
from core.commands.writeback import write_back
from core.db.routing import end_wait
from core.db.unit_of_work import UnitOfWork
from core.domain import events as e
from core.domain.access import Right
from core.domain.cases import CaseKind
from core.domain.meant import require_not_meant
from core.domain.order import Change, Order
from core.domain.refusals import Invalid, NotPossible
from core.domain.shop import Location
from core.domain.values import dataclass
from core.registry import Arg, Done, Risk, command

# What follows elsewhere once an order is canceled; entered by the rooms that it concerns.
CANCELED: list[Callable[[UnitOfWork, Order], None]] = []


@dataclass(frozen=True, slots=True)
class CancelOrder:
    """Cancel an order that has not shipped, or some units of it, and give the stock back.

    `goods` says what becomes of units that are canceled: back to the shelf, or scrapped.
    """

    order: Annotated[str, Arg.ORDER]
    reason: Annotated[str, Arg.TEXT] = ""
    units: Annotated[tuple[Units, ...], Arg.UNITS] = ()
    goods: Annotated[Goods, Arg.CHOICE] = Goods.RESTOCK


@command(
    "cancel",
    CancelOrder,
    Right.CANCEL,
    risk=Risk.GRAVE,
    examples=("cancel 1001 changed mind", "cancel 1001 mug-red 1 scrap broken in stock"),
)
def cancel(ask: CancelOrder, uow: UnitOfWork) -> Done:
    order = uow.orders.get(ask.order)
    if not ask.units:
        require_not_meant(order, ask.reason, "cancel")
    chosen = open_units(order, ask.units)
    if chosen:
        return cancel_units(uow, order, chosen, ask.goods, ask.reason.strip())
    if ask.goods is Goods.SCRAP:
        raise Invalid("Scrap which units?", f"Write `cancel {order.number} <sku> <units> scrap`.")
    before = snapshot(uow, order)
    works = [w for w in uow.work.of(order.id) if w.is_open]
    busy = [w for w in works if not w.is_untouched]
    if busy:
        place_ = uow.shop.locations[busy[0].location_id].code
        raise NotPossible(
            f"{place_} already works on order {order.number}.",
            ask_back(order, place_),
        )
    order.cancel("", uow.now)  # refuses before anything is touched
    skus = [item.sku for work in works for item in work.items]
    uow.stock.lock_queue(skus)
    freed = free(uow, order, works)
    change = freed.cancel(ask.reason.strip() or "canceled by staff", uow.now)
    after = uow.orders.save(change)
    for kind in (CaseKind.SHORT, CaseKind.UNKNOWN_SKU, CaseKind.SCREENING):
        uow.cases.close(kind, f"order:{order.id}", "the order was canceled")
    write_back(uow, after, "cancel", f"cancel:{order.id}", {"reason": after.cancel_reason})
    let_go_unneeded(uow, after)
    serve_queue(uow, skus)
    asked = lower(uow, after, 0, "the order was canceled")
    claim = owe_for_whole(uow, after)
    uow.undo = replace(before, claims=(claim.id,) if claim else (), asked=asked)
    for follow in CANCELED:
        follow(uow, after)
    owed = f" {text_of(claim)} goes back to the customer." if claim else ""
    facts = {"order": order.number, "refund": claim.amount if claim else 0}
    return Done(f"Order {order.number} is canceled.{owed}", facts)


@dataclass(frozen=True, slots=True)
class MoveOrder:
    """Give the open work of an order to another location; what only waits, to any that has it."""

    order: Annotated[str, Arg.ORDER]
    to: Annotated[str, Arg.LOCATION]


@command("move", MoveOrder, Right.MOVE, aliases=("route",), examples=("move 1001 to ham",))
def move(ask: MoveOrder, uow: UnitOfWork) -> Done:
    order = uow.orders.get(ask.order)
    target = uow.shop.location(ask.to)
    require_fit(uow.shop, order, target, uow.now)
    works = [w for w in uow.work.of(order.id) if w.is_open and w.location_id != target.id]
    if not works:
        return _give_waiting(uow, order, target)
    busy = [w for w in works if not w.is_untouched]
    if busy:
        place_ = uow.shop.locations[busy[0].location_id].code
        raise NotPossible(
            f"{place_} already works on order {order.number}.",
            f"Ask {place_} to put it back, then move it.",
        )
    origin = ", ".join(sorted({uow.shop.locations[w.location_id].code for w in works}))
    before_it = snapshot(uow, order)
    freed = uow.orders.save(Change(free(uow, order, works)))
    after = place(uow, freed, only=target.id, queue_short=False)
    before = {line.id: line.unplaced for line in order.lines}
    missing = {x.sku: x.unplaced for x in after.lines if x.unplaced > before[x.id]}
    if missing:
        words = ", ".join(f"{n} × {sku}" for sku, n in missing.items())
        raise NotPossible(
            f"{target.code} lacks {words} for order {order.number}; nothing was moved.",
            "Look at `stock` for the sku, or choose another location.",
        )
    uow.orders.save(Change(after, (e.OrderMoved(origin, target.code),)))
    uow.undo = before_it
    return Done(
        f"Order {order.number} moved from {origin} to {target.code}.", {"order": order.number}
    )


def _give_waiting(uow: UnitOfWork, order: Order, target: Location) -> Done:
    """What waits goes to the location that a person names, also if it gave the order back."""
    waiting = {x.id: replace(x, backordered=0) for x in order.lines if x.backordered}
    if not waiting:
        raise _nothing_to_move(uow, order, target)
    before = snapshot(uow, order)
    if uow.shop.rules is not None:
        end_wait(uow, order.id)
    after = place(uow, uow.orders.save(Change(order.with_lines(waiting))), only=target.id)
    placed = by_sku(
        after,
        {x.id: n for x in after.lines if (n := x.allocated - order.line(x.id).allocated)},
    )
    if not placed:
        raise NotPossible(
            f"{target.code} has nothing of what order {order.number} waits for.",
            "Look at `stock` for the sku, or choose another location.",
        )
    after = uow.orders.save(Change(after, (e.OrderMoved("the queue", target.code),)))
    open_short_case(uow, after)
    uow.undo = before if uow.shop.rules is None else None
    return Done(
        f"{in_words(placed)} of order {order.number} {_go(placed)} to {target.code}.",
        {"order": order.number},
    )


def _go(units: Mapping[str, int]) -> str:
    return "goes" if sum(units.values()) == 1 else "go"


def _nothing_to_move(uow: UnitOfWork, order: Order, target: Location) -> NotPossible:
    number = order.number
    if any(work.is_open for work in uow.work.of(order.id)):
        return NotPossible(f"All open work of order {number} is at {target.code} already.")
    if any(line.shipped for line in order.lines):
        return NotPossible(
            f"Order {number} has left already; nothing of it can be moved.",
            f"To stop it on its way, write `recall {number}`.",
        )
    return NotPossible(
        f"Order {number} has no work anywhere.", f"`why {number}` says what it waits for."
    )


@dataclass(frozen=True, slots=True)
class NoteOrder:
    """Write a note that everybody on the staff can read."""

    order: Annotated[str, Arg.ORDER]
    text: Annotated[str, Arg.TEXT]

    def audited(self) -> dict[str, str]:
        return {"order": self.order, "text": f"{len(self.text)} characters"}


@command("note", NoteOrder, Right.NOTE, examples=("note 1001 ring twice",))
def note(ask: NoteOrder, uow: UnitOfWork) -> Done:
    order = uow.orders.get(ask.order)
    uow.orders.save(order.write_note(ask.text))
    return Done(f"Noted on order {order.number}.", {"order": order.number})


@dataclass(frozen=True, slots=True)
class TagOrder:
    """Put a tag on an order."""

    order: Annotated[str, Arg.ORDER]
    tag: Annotated[str, Arg.TAG]


@command("tag", TagOrder, Right.NOTE, many=True, examples=("tag 1001 vip",))
def tag(ask: TagOrder, uow: UnitOfWork) -> Done:
    order = uow.orders.get(ask.order)
    change = order.tag(ask.tag)
    uow.orders.save(change)
    uow.undo = UntagOrder(order.number, change.after.tags[-1])
    return Done(f"Order {order.number} is tagged {change.after.tags[-1]}.", {"order": order.number})


@dataclass(frozen=True, slots=True)
class UntagOrder:
    """Take a tag off an order."""

    order: Annotated[str, Arg.ORDER]
    tag: Annotated[str, Arg.TAG]


@command("untag", UntagOrder, Right.NOTE, many=True, examples=("untag 1001 vip",))
def untag(ask: UntagOrder, uow: UnitOfWork) -> Done:
    order = uow.orders.get(ask.order)
    uow.orders.save(order.untag(ask.tag.strip().lower()))
    uow.undo = TagOrder(order.number, ask.tag)
    return Done(f"Order {order.number} lost the tag {ask.tag}.", {"order": order.number})


@dataclass(frozen=True, slots=True)
class RouteAgain:
    """Look again for stock for what is not placed yet: after a SKU became known, say."""

    order: Annotated[str, Arg.ORDER]


@command("retry", RouteAgain, Right.EDIT, many=True, examples=("retry 1001",))
def route_again(ask: RouteAgain, uow: UnitOfWork) -> Done:
    order = uow.orders.get(ask.order)
    waiting = {line.id: replace(line, backordered=0) for line in order.lines if line.backordered}
    if not waiting and not any(line.unplaced > 0 for line in order.lines):
        raise NotPossible(f"Everything of order {order.number} has its place already.")
    if uow.shop.rules is not None:
        end_wait(uow, order.id)  # a person asks: what a rule kept back for one place is free again
    after = place(uow, uow.orders.save(Change(order.with_lines(waiting))))
    open_short_case(uow, after)
    open_unknown_case(uow, after)
    return Done(f"Order {order.number} was routed again.", {"order": order.number})
