"""Money that came in, counted once on its order; and payments that a person tells of."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from core.commands.asking_money import outstanding, paid_in
from core.commands.refunds import owe_what_came_late
from core.db.unit_of_work import UnitOfWork
from core.domain import events as e
from core.domain.access import Right
from core.domain.money import amount_text
from core.domain.order import Change, Order
from core.domain.payments import Payment
from core.domain.refund_wish import read_amount
from core.domain.refusals import Invalid, NotPossible
from core.domain.values import dataclass
from core.registry import Arg, Done, Risk, command


def count_in(uow: UnitOfWork, order: Order, amount: int, reference: str) -> Order:
    """So much more was captured: requests that it pays are closed, and what came too late for
    units that are canceled is owed back."""
    paid = e.OrderPaid(amount, order.currency)
    after = uow.orders.save(Change(replace(order, captured=order.captured + amount), (paid,)))
    paid_in(uow, after, amount, reference)
    if after.is_canceled or any(line.canceled for line in after.lines):
        is_channels = after.is_canceled and after.connection_id is not None
        owe_what_came_late(uow, after, is_channels=is_channels)
    return uow.orders.own(order.id)


# --- said by a person ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RecordPaid:
    """Say that the customer has paid, with the payment's reference: what was asked for, or what
    the order still lacks; another amount stands behind the reference: `paid 1001 bank-7 5.00`."""

    order: Annotated[str, Arg.ORDER]
    reference: Annotated[str, Arg.WORD]
    amount: Annotated[str, Arg.TEXT] = ""


@command(
    "paid",
    RecordPaid,
    Right.EDIT,
    risk=Risk.IRREVERSIBLE,
    examples=("paid 1001 bank-7", "paid 1001 bank-7 5.00"),
)
def paid(ask: RecordPaid, uow: UnitOfWork) -> Done:
    order = uow.orders.get(ask.order)
    reference = ask.reference.strip()
    if not reference or len(reference) > 200:
        raise Invalid("A payment needs its reference, of 200 characters at most.")
    if any(p.external_id == reference for p in uow.payments.of(order.id)):
        raise NotPossible(f"Payment {reference} of order {order.number} is recorded already.")
    amount = _amount(uow, order, ask.amount)
    payment = Payment(
        id=uow.new_id(),
        authorized=amount,
        captured=amount,
        gateway="manual",
        external_id=reference,
    )
    uow.payments.add(order.id, order.currency, payment)
    count_in(uow, order, amount, reference)
    text = amount_text(amount, order.currency)
    return Done(
        f"{text} of order {order.number} is recorded as paid.",
        {"order": order.number, "amount": amount},
    )


def _amount(uow: UnitOfWork, order: Order, words: str) -> int:
    if words.strip():
        amount, rest = read_amount(words, order.currency)
        if amount <= 0 or rest:
            raise Invalid(f"“{words}” is no amount.", f"Write `paid {order.number} bank-7 5.00`.")
        return amount
    asked = sum(q.amount for q in uow.payments.requests(order.id) if q.state == "open")
    amount = asked or outstanding(uow, order)
    if not amount:
        raise NotPossible(
            f"Order {order.number} lacks no payment.",
            f"If more came in all the same, write how much: `paid {order.number} bank-7 5.00`.",
        )
    return amount
