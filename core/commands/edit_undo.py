"""An edit taken back: the order, its stock and its money as they were before."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any

import msgspec

from core.commands.asking_money import Asked, ask_again, withdraw_for
from core.commands.editing import settle_units
from core.commands.handout import may_call_off
from core.commands.owing import withdraw
from core.commands.writeback import tell_shop
from core.db.changes import Changes, OrderChange
from core.db.unit_of_work import UnitOfWork
from core.domain import events as e
from core.domain.access import Right
from core.domain.edit_actions import shrunk
from core.domain.edit_stock import in_the_way
from core.domain.edits import Preview
from core.domain.merge import Said
from core.domain.order import Line, Order
from core.domain.refusals import Conflict, NotFound, NotPossible
from core.domain.values import dataclass
from core.registry import Arg, Done, command

MONEY = ("ordered", "canceled", "unit_price", "discount", "tax", "total")
HEAD = (
    "subtotal",
    "discount",
    "shipping",
    "shipping_tax",
    "tax",
    "total",
    "note",
    "method",
    "extra",
)


@dataclass(frozen=True, slots=True)
class RevertEdit:
    """Make an order what it was before its last edit, as long as nothing has happened since."""

    order: Annotated[str, Arg.ORDER]
    change: Annotated[int, Arg.NONE]
    asked: Annotated[Asked, Arg.NONE] = ()  # payment requests that it lowered, as they were


@command("revert-edit", RevertEdit, Right.MACHINERY, in_chat=False)
def revert(ask: RevertEdit, uow: UnitOfWork) -> Done:
    order = uow.orders.get(ask.order)
    change = Changes(uow).get(ask.change)
    if change is None or change.order_id != order.id or change.status != "confirmed":
        raise NotFound(f"Order {order.number} has no such edit.")
    if order.version != change.base_version + 1:
        raise Conflict(
            f"Order {order.number} has changed since that edit.", "Edit it once more instead."
        )
    _withdraw(uow, order, change)
    ask_again(uow, ask.asked)
    target = restored(order, change.before)
    found = Preview(order, target, (), (), 0, 0, {})
    works = in_the_way(uow.work.of(order.id), uow.work.parcels(order.id), found)
    if works:
        code = uow.shop.locations[works[0].location_id].code
        raise NotPossible(
            f"{code} already works on order {order.number}.", "Edit it once more instead."
        )
    units = {line.sku: line.wanted for line in target.lines}
    for line in order.lines:
        units[line.sku] = units.get(line.sku, 0) - line.wanted
    fact = e.OrderEdited(
        change_id=change.id,
        units={sku: n for sku, n in units.items() if n},
        fields=found.fields,
        difference=found.difference,
        refund=0,
        due=0,
        currency=order.currency,
        undone=True,
    )
    settle_units(uow, found, fact)
    Changes(uow).adjust_back(change)
    tell_shop(uow, order, uow.orders.own(order.id), found.fields, f"unedit:{change.id}")
    _forget_told(uow, order)
    return Done(f"Order {order.number} is as it was.", {"order": order.number})


def _forget_told(uow: UnitOfWork, order: Order) -> None:
    """The channel was never told: if it says the same one day, that is no echo of ours."""
    kept = Changes(uow).said(order.id)
    if kept is not None:
        said = replace(msgspec.convert(kept, Said), told={}, told_addresses=())
        Changes(uow).say(order.id, said)


def _withdraw(uow: UnitOfWork, order: Order, change: OrderChange) -> None:
    """What the edit owed, or asked for, is not any more; money that has moved stays moved."""
    asked = [q for q in uow.payments.requests(order.id) if q.change_id == change.id]
    if any(q.state == "paid" for q in asked):
        raise NotPossible(
            f"The customer has paid for that edit of order {order.number}.",
            "Edit it once more: the difference goes back.",
        )
    withdraw_for(uow, asked, "the edit was taken back")
    if not change.refund:
        return
    owed = [r for r in uow.refunds.of(order.id) if r.change_id == change.id and r.state == "due"]
    if not owed or not all(may_call_off(uow, refund) for refund in owed):
        raise NotPossible(
            f"The money for that edit of order {order.number} has gone back already.",
            "Edit it once more: the difference is asked for.",
        )
    for refund in owed:
        withdraw(uow, refund, "the edit was taken back")


def snapshot(order: Order) -> dict[str, Any]:
    """What an edit may change of an order, as it is before."""
    lines = [{"id": x.id, **{name: getattr(x, name) for name in MONEY}} for x in order.lines]
    head = {name: getattr(order, name) for name in HEAD}
    return {**head, "extra": dict(order.extra), "ship_to": order.ship_to, "lines": lines}


def restored(order: Order, before: dict[str, Any]) -> Order:
    """The order with its lines, money and words as they were; units that were added go again."""
    known = {line["id"]: line for line in before["lines"]}
    lines = tuple(_line_before(line, known.get(line.id)) for line in order.lines)
    head = {name: before[name] for name in HEAD}
    ship_to = msgspec.convert(before["ship_to"], type(order.ship_to))
    return replace(order, lines=lines, ship_to=ship_to, **head)


def _line_before(line: Line, was: dict[str, Any] | None) -> Line:
    wanted = was["ordered"] - was["canceled"] if was else 0
    less = max(0, line.wanted - wanted)
    smaller = shrunk(line, less) if less else line
    return smaller if was is None else replace(smaller, **{name: was[name] for name in MONEY})
