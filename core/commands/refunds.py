"""Refunds: owed when goods came back, recorded once by a person's reference or by the channel."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Annotated

from core.commands import handout
from core.commands.disputing import tell_if_disputed
from core.commands.owing import given, owe, room, text_of
from core.commands.payouts import pay
from core.db.refunds import Refund, RefundPart
from core.db.unit_of_work import UnitOfWork
from core.domain.access import Right
from core.domain.collecting import worth as costs_now
from core.domain.giving_back import all_that_is_left, goodwill_in, worth
from core.domain.money import amount_text
from core.domain.order import Order
from core.domain.refunds import Item, ItemKind, capped, line_items, total_of
from core.domain.refusals import Invalid, NotFound, NotPossible
from core.domain.values import dataclass
from core.registry import Arg, Done, Risk, command

Units = Mapping[int, int]  # line id -> units


def value_of(order: Order, units: Units, refunds: Iterable[Refund]) -> int:
    """What these units cost; units that are refunded, or owed already, are not counted again."""
    return total_of(line_items(order, units, given(order, refunds)))


def owe_for_canceled(uow: UnitOfWork, order: Order, units: Units) -> Refund | None:
    """The exact money for units that are not wanted any more; what was never paid is not owed."""
    known = uow.refunds.of(order.id)
    items = line_items(order, units, given(order, known))
    if order.captured >= order.total:
        return owe(uow, order, items)
    return owe(uow, order, capped(items, _overpaid(order, worth(order, units), known)))


def owe_for_whole(uow: UnitOfWork, order: Order, *, is_channels: bool = False) -> Refund | None:
    """All that was paid for an order that is canceled, with its shipping; nothing of it has left.

    With `is_channels` the channel canceled it, and gives the money back of its own accord.
    """
    items = all_that_is_left(order, given(order, uow.refunds.of(order.id)), room(uow, order))
    return owe(uow, order, items, is_channels=is_channels)


def owe_what_came_late(uow: UnitOfWork, order: Order, *, is_channels: bool = False) -> None:
    """Money was captured after units had been canceled: what they cost is owed now."""
    if order.is_canceled and not any(line.shipped for line in order.lines):
        owe_for_whole(uow, order, is_channels=is_channels)
        return
    known = uow.refunds.of(order.id)
    items = line_items(order, _not_given_back(order, known), given(order, known))
    over = _overpaid(order, worth(order), known)
    owe(uow, order, _with_rest(capped(items, over), over, known), is_channels=is_channels)


def _with_rest(items: tuple[Item, ...], over: int, known: Iterable[Refund]) -> tuple[Item, ...]:
    """Of canceled units that were not wholly paid then, the rest of their money."""
    mine = [r for r in known if _is_for_canceled(r) and not r.note]
    lacked = -total_of(i for r in mine for i in r.items if i.kind is ItemKind.ADJUSTMENT)
    rest = min(over - total_of(items), lacked)
    return (*items, Item(ItemKind.ADJUSTMENT, rest)) if rest > 0 else items


def left_to_pay(uow: UnitOfWork, order: Order) -> int:
    """What an order still costs: nobody pays for units that are canceled."""
    known = uow.refunds.of(order.id)
    return 0 if order.is_canceled else max(0, -_overpaid(order, costs_now(order), known))


def _not_given_back(order: Order, known: Iterable[Refund]) -> dict[int, int]:
    """Canceled units whose money was neither given back nor is owed, by line id."""
    done = given(order, known).units
    left = {line.id: line.canceled - done.get(line.id, 0) for line in order.bought}
    return {line_id: units for line_id, units in left.items() if units > 0}


def _overpaid(order: Order, costs: int, known: Iterable[Refund]) -> int:
    """What was paid beyond the units that stay; goods that came back, or that were claimed, were
    theirs, and what a person gave beside the goods is the customer's to keep."""
    mine = [r for r in known if _is_for_canceled(r)]
    gone = sum(r.amount - r.bonus - (goodwill_in(r.items) if r.note else 0) for r in mine)
    return order.captured - gone - costs


def _is_for_canceled(refund: Refund) -> bool:
    """It is not for goods that were sent; with a note a person gave it by their own word."""
    return refund.rma_id is None and refund.claim_id is None and refund.state != "canceled"


# --- recorded by a person ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RecordRefund:
    """Say that the money for a return, or for canceled units, was paid out, with its reference."""

    number: Annotated[str, Arg.RETURN]
    reference: Annotated[str, Arg.TEXT]


@command(
    "refunded",
    RecordRefund,
    Right.REFUND,
    risk=Risk.IRREVERSIBLE,
    examples=("refunded R1001-1 stripe re_7",),
)
def record(ask: RecordRefund, uow: UnitOfWork) -> Done:
    reference = ask.reference.strip()
    if not reference or len(reference) > 200:
        raise Invalid(
            "A refund needs the reference of the payment, of 200 characters at most.",
            f"Write `refunded {ask.number} <reference>`.",
        )
    what, mine = refunds_named(uow, ask.number)
    due = [r for r in mine if r.state == "due"]
    if not due:
        raise NotPossible(f"Nothing is due for {what}.", _instead(uow, ask, mine))
    amount = sum(_pay_by_hand(uow, refund, reference) for refund in due)
    if not amount:
        raise _nothing_by_hand(uow, what, due)
    tell_if_disputed(uow, uow.orders.own(due[0].order_id), amount, reference)
    total = amount_text(amount, due[0].currency)
    name = "return" if due[0].rma_id is not None else "order"
    facts = {name: what.split()[-1], "amount": amount}
    return Done(f"{total} for {what} is recorded as refunded.", facts)


def _nothing_by_hand(uow: UnitOfWork, what: str, due: Iterable[Refund]) -> NotPossible:
    if any(part.state == "planned" for refund in due for part in uow.refunds.parts_of(refund)):
        return NotPossible(
            f"The store credit for {what} waits for approval.",
            f"Write `approve refund {what.rsplit(maxsplit=1)[-1]}`: then the customer has it.",
            code="needs_approval",
        )
    return NotPossible(
        f"The money for {what} is with its gateway.",
        "Wait for its answer; look at the order.",
        code="in_flight",
    )


def _pay_by_hand(uow: UnitOfWork, refund: Refund, reference: str) -> int:
    """Every part that no gateway is paying just now; returns how much that was. Store credit is
    given by the books alone."""
    paid = 0
    for part in uow.refunds.parts_of(refund):
        if not part.is_open or part.gateway == handout.CREDIT or _is_with_gateway(uow, part):
            continue
        if part.state == "planned":
            require_another(uow, refund)
        if part.connection_id is not None:
            uow.outbox.suppress(part.key, "a person has paid it out")
        refund = pay(uow, refund, _by_person(part), reference, None)
        paid += part.amount
    return paid


def _by_person(part: RefundPart) -> RefundPart:
    """What a gateway may have paid is its own; what it has not, a person paid by other means."""
    return part if part.state == "unknown" else replace(part, gateway=handout.BY_HAND)


def _is_with_gateway(uow: UnitOfWork, part: RefundPart) -> bool:
    """Of an unknown outcome a person may have found out; while it is asked, nobody can."""
    if part.state == "unknown":
        return uow.outbox.state_of(part.key) == "leased"
    return handout.in_flight(uow, part)


def require_another(uow: UnitOfWork, refund: Refund) -> None:
    """Money that waits for approval is let go by somebody else than who asked for it."""
    if refund.asked_by == uow.actor.id:
        raise NotPossible(
            f"{text_of(refund)} needs the approval of a second person.",
            "Ask a lead or an owner.",
            code="own_refund",
        )


@dataclass(frozen=True, slots=True)
class RecordOrderRefund:
    """Say that the money for an order's canceled units was paid out, with its reference."""

    order: Annotated[str, Arg.ORDER]
    reference: Annotated[str, Arg.TEXT]


@command(
    "refunded order",
    RecordOrderRefund,
    Right.REFUND,
    risk=Risk.IRREVERSIBLE,
    aliases=("refunded",),
    examples=("refunded 1001 stripe re_7",),
)
def record_for_order(ask: RecordOrderRefund, uow: UnitOfWork) -> Done:
    return record(RecordRefund(ask.order, ask.reference), uow)


def _instead(uow: UnitOfWork, ask: RecordRefund, mine: Iterable[Refund]) -> str:
    """Where the money is that somebody wanted to record: a return of the order may have it."""
    paid = [f"{amount_text(r.amount, r.currency)} ({r.reference})" for r in mine if r.reference]
    if paid:
        return f"Recorded already: {', '.join(paid)}."
    try:
        rma = uow.returns.get(ask.number)
    except NotFound:
        order = uow.orders.get(ask.number)
        due = {r.rma_id for r in uow.refunds.of(order.id) if r.state == "due"}
        named = [rma.number for rma in uow.returns.of(order.id) if rma.id in due]
        words = " and ".join(f"`refunded {number} {ask.reference.strip()}`" for number in named)
        return f"It is due for a return: {words}." if words else f"See `money {order.number}`."
    return f"First the goods: `received {rma.number}`." if rma.expected else "See the return."


def refunds_named(uow: UnitOfWork, number: str) -> tuple[str, list[Refund]]:
    """The refunds of a return; under an order's own number those without a return."""
    try:
        rma = uow.returns.get(number)
    except NotFound:
        order = uow.orders.get(number)
        refunds = uow.refunds.of(order.id)
        return f"order {order.number}", [r for r in refunds if r.rma_id is None]
    refunds = uow.refunds.of(rma.order_id)
    return f"return {rma.number}", [r for r in refunds if r.rma_id == rma.id]
