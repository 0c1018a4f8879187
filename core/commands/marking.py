"""What an order is marked as: how urgent it is, and whether it is a gift."""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum
from typing import Annotated

from core.db.unit_of_work import UnitOfWork
from core.domain import events as e
from core.domain.access import Right
from core.domain.gift import NOTE_MOST, gift_of
from core.domain.order import Change, Order
from core.domain.priority import PRIORITIES, priority_named
from core.domain.refusals import Invalid, NotPossible
from core.domain.values import dataclass
from core.registry import Arg, Done, command


class Priority(StrEnum):
    VIP = "vip"
    B2B = "b2b"
    GIFT = "gift"
    NORMAL = "normal"


@dataclass(frozen=True, slots=True)
class SetPriority:
    """Say how urgent an order is: picking and the queue for missing stock follow it."""

    order: Annotated[str, Arg.ORDER]
    priority: Annotated[Priority, Arg.CHOICE]


@command(
    "priority",
    SetPriority,
    Right.EDIT,
    many=True,
    examples=("priority 1001 vip", "priority 1001 1004 b2b"),
)
def set_priority(ask: SetPriority, uow: UnitOfWork) -> Done:
    order = uow.orders.get(ask.order)
    _require_open(order)
    wanted = PRIORITIES[ask.priority.value]
    before = priority_named(order.priority)
    if order.priority == wanted:
        raise NotPossible(f"Order {order.number} has the priority {before} already.")
    fact = e.PrioritySet(ask.priority.value)
    uow.orders.save(Change(replace(order, priority=wanted), (fact,)))
    uow.undo = SetPriority(order.number, Priority(before))
    return Done(
        f"Order {order.number} has the priority {ask.priority.value}.", {"order": order.number}
    )


def _require_open(order: Order) -> None:
    if order.status.value != "open":
        raise NotPossible(f"Order {order.number} is {order.status.value}; nothing of it waits.")


@dataclass(frozen=True, slots=True)
class GiftOrder:
    """Send an order as a gift: no prices in the parcel, and a note on its slip if you write one."""

    order: Annotated[str, Arg.ORDER]
    note: Annotated[str, Arg.TEXT] = ""

    def audited(self) -> dict[str, str]:
        return {"order": self.order, "note": f"{len(self.note)} characters"}


@command("gift", GiftOrder, Right.EDIT, examples=("gift 1001", "gift 1001 Happy birthday, Oma!"))
def gift(ask: GiftOrder, uow: UnitOfWork) -> Done:
    order, note = uow.orders.get(ask.order), ask.note.strip()
    _require_open(order)
    if len(note) > NOTE_MOST:
        raise Invalid(f"A gift note has {NOTE_MOST} characters at most.")
    found = gift_of(order.extra, order.tags)
    if found is not None and found.note == note:
        raise NotPossible(f"Order {order.number} is such a gift already.", code="already")
    _remark(uow, order, {"gift": "yes", "giftnote": note}, e.OrderGifted(note))
    how = "with a note" if note else "without a note"
    return Done(f"Order {order.number} goes out as a gift, {how}.", {"order": order.number})


@dataclass(frozen=True, slots=True)
class UngiftOrder:
    """Send an order as an ordinary one, whatever the shop says about gifts."""

    order: Annotated[str, Arg.ORDER]


@command("ungift", UngiftOrder, Right.EDIT, examples=("ungift 1001",))
def ungift(ask: UngiftOrder, uow: UnitOfWork) -> Done:
    order = uow.orders.get(ask.order)
    if gift_of(order.extra, order.tags) is None:
        raise NotPossible(f"Order {order.number} is no gift.")
    _remark(uow, order, {"gift": "no", "giftnote": ""}, e.OrderGifted(removed=True))
    return Done(f"Order {order.number} is no gift any more.", {"order": order.number})


@dataclass(frozen=True, slots=True)
class RestoreGift:
    """Put back what an order said about being a gift."""

    order: str
    words: dict[str, str]

    def audited(self) -> dict[str, str]:
        return {"order": self.order}


@command("restore-gift", RestoreGift, Right.MACHINERY, in_chat=False)
def restore_gift(ask: RestoreGift, uow: UnitOfWork) -> Done:
    order = uow.orders.get(ask.order)
    rest = {name: words for name, words in order.extra.items() if name not in _OURS}
    found = gift_of({**rest, **ask.words}, order.tags)
    fact = e.OrderGifted(found.note if found else "", removed=found is None)
    uow.orders.save(Change(replace(order, extra={**rest, **ask.words}), (fact,)))
    return Done(f"Order {order.number} is as it was.", {"order": order.number})


_OURS = ("gift", "giftnote")


def _remark(uow: UnitOfWork, order: Order, words: dict[str, str], fact: e.OrderGifted) -> None:
    before = {name: order.extra[name] for name in _OURS if name in order.extra}
    uow.orders.save(Change(replace(order, extra={**order.extra, **words}), (fact,)))
    uow.undo = RestoreGift(order.number, before)
