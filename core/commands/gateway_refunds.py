"""Refunds that a payment gateway tells of: ours, those of a person there, and those that failed."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from core.commands.owing import require_left
from core.commands.payouts import SettleRefundPart, join_recorded, pay, settle
from core.commands.payouts import record as record_money
from core.commands.reversals import take_back
from core.db.refunds import RefundPart
from core.db.unit_of_work import UnitOfWork
from core.domain.access import Right
from core.domain.cases import CaseKind, Finding
from core.domain.money import amount_text
from core.domain.order import Order
from core.domain.payments import Payment
from core.domain.refusals import Invalid
from core.domain.same_refund import Told
from core.domain.values import dataclass
from core.registry import Done, command


@dataclass(frozen=True, slots=True)
class RecordGatewayRefund:
    """A refund as its gateway has it; `key` is ours where we asked for it. What is pending there
    counts as paid: it is out of our hands, and if it fails the gateway says so."""

    connection_id: int
    payment: str
    refund: str
    amount: int
    currency: str
    state: Literal["succeeded", "pending", "failed"]
    at: datetime
    key: str = ""
    reason: str = ""


@command("gateway-refund", RecordGatewayRefund, Right.CAPTURE, in_chat=False)
def record(ask: RecordGatewayRefund, uow: UnitOfWork) -> Done:
    found = uow.payments.by_external(ask.connection_id, ask.payment)
    if found is None:
        return Done("That refund is of no payment of ours.", {"refund": ask.refund})
    order, payment = uow.orders.own(found[0]), found[1]
    _require_sense(order, ask)
    parts = uow.refunds.parts(order.id)
    own = _own(parts, ask)
    facts = {"order": order.number, "refund": ask.refund}
    if ask.state == "failed":
        return _failed(uow, order, own, ask)
    if own is not None:
        return settle(SettleRefundPart(own.id, "refunded", ask.refund), uow)
    told = Told(ask.refund, ask.amount, payment.id, ask.key)
    if join_recorded(uow, parts, told, named=True) is not None:
        return _known(order, facts)
    task = _task(parts, payment, ask)
    if task is None and join_recorded(uow, parts, told) is not None:
        return _known(order, facts)
    if task is not None:
        pay(uow, uow.refunds.get(task.refund_id), task, ask.refund, ask.refund)
        return Done(f"A refund of order {order.number} is paid out.", facts)
    _from_outside(uow, order, payment, ask)
    return Done(f"A refund of order {order.number} made elsewhere is recorded.", facts)


def _known(order: Order, facts: dict[str, Any]) -> Done:
    return Done(f"The refund of order {order.number} was recorded before.", facts)


def _require_sense(order: Order, ask: RecordGatewayRefund) -> None:
    if ask.amount < 1:
        raise Invalid("A refund is more than nothing.")
    if ask.currency.upper() != order.currency:
        raise Invalid(f"Order {order.number} is in {order.currency}, not {ask.currency}.")


def _own(parts: list[RefundPart], ask: RecordGatewayRefund) -> RefundPart | None:
    named = [p for p in parts if p.external_id == ask.refund]
    keyed = [p for p in parts if ask.key and p.key == ask.key]
    return next(iter((*named, *keyed)), None)


def _task(parts: list[RefundPart], payment: Payment, ask: RecordGatewayRefund) -> RefundPart | None:
    """What a person had to pay out of this payment by hand, and now has."""
    able = (p for p in parts if p.is_open and p.payment_id == payment.id and p.gateway == "manual")
    return next((p for p in able if p.amount == ask.amount and p.connection_id is None), None)


def _failed(
    uow: UnitOfWork, order: Order, own: RefundPart | None, ask: RecordGatewayRefund
) -> Done:
    """Refused at once, or weeks later by the customer's bank: then a person pays another way."""
    facts = {"order": order.number, "refund": ask.refund}
    reason = ask.reason or "the customer's bank sent it back"
    if own is not None and own.is_open:
        return settle(SettleRefundPart(own.id, "failed", ask.refund, reason), uow)
    if own is not None and own.state == "refunded" and own.external_id == ask.refund:
        take_back(uow, order, own, reason)
    elif own is not None and own.state != "reversed":
        text = amount_text(ask.amount, order.currency)
        uow.cases.open(
            Finding(
                CaseKind.REFUND_FAILED,
                f"refund:{own.refund_id}",
                f"{text} of order {order.number} came back from the customer's bank.",
                order_id=order.id,
                facts={
                    "order": order.number,
                    "return": order.number,
                    "amount": ask.amount,
                    "currency": order.currency,
                    "problem": reason[:300],
                },
            )
        )
    return Done(f"A refund of order {order.number} has failed.", facts)


def _from_outside(
    uow: UnitOfWork, order: Order, payment: Payment, ask: RecordGatewayRefund
) -> None:
    """Money that moved without us is recorded whatever we think of it, and a person looks."""
    part = RefundPart(
        id=uow.new_id(),
        refund_id=0,
        order_id=order.id,
        payment_id=payment.id,
        gateway=payment.gateway,
        connection_id=payment.connection_id,
        amount=ask.amount,
        state="sent",
        key="",
        at=ask.at,
    )
    record_money(uow, part, order.currency, ask.refund)
    require_left(uow, order.id)
    text = amount_text(ask.amount, order.currency)
    uow.cases.open(
        Finding(
            CaseKind.OUTSIDE_REFUND,
            f"refund:{order.id}:{ask.refund}",
            f"{text} of order {order.number} went back at {payment.gateway}, without a return "
            "here.",
            order_id=order.id,
            facts={"order": order.number, "amount": ask.amount, "currency": order.currency},
        )
    )
