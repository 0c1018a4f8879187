"""A refund that came back from the customer's bank: what the books counted is owed again."""

from __future__ import annotations

from dataclasses import replace

from core.commands import handout
from core.db.refunds import Refund, RefundPart
from core.db.unit_of_work import UnitOfWork
from core.domain import events as e
from core.domain.cases import CaseKind, Finding
from core.domain.money import amount_text
from core.domain.order import Change, Order
from core.domain.returns import RmaStatus


def take_back(uow: UnitOfWork, order: Order, part: RefundPart, reason: str) -> None:
    """The part is not paid any more: a person pays it another way, or has it tried again."""
    refund = uow.refunds.get(part.refund_id)
    uow.refunds.save_part(
        part, replace(part, state="reversed", reversed_at=uow.now, reason=reason[:500])
    )
    if part.payment_id is not None:
        uow.payments.refund(order.id, part.payment_id, -part.amount)
    _owe_again(uow, refund, part, reason)
    due = uow.refunds.reopen(refund, refund.paid - part.amount)
    again = handout.once_more(uow, due, part, "failed")
    uow.refunds.add_part(replace(again, reason=reason[:500]))
    _reopen_return(uow, due)
    _say(uow, order, due, part.amount, reason)


def _owe_again(uow: UnitOfWork, refund: Refund, part: RefundPart, reason: str) -> None:
    order = uow.orders.own(part.order_id)
    units = dict(refund.lines) if refund.state == "refunded" else {}
    lines = {
        line.id: replace(line, refunded=max(0, line.refunded - units[line.id]))
        for line in order.lines
        if line.id in units
    }
    after = replace(order.with_lines(lines), refunded=order.refunded - part.amount)
    fact = e.RefundReversed(refund.id, part.amount, refund.currency, reason[:200])
    uow.orders.save(Change(after, (fact,)))


def _reopen_return(uow: UnitOfWork, refund: Refund) -> None:
    """A return is not refunded while its money is owed."""
    if refund.rma_id is None:
        return
    rma = uow.returns.by_id(refund.rma_id)
    if rma.status is RmaStatus.REFUNDED:
        came = any(line.received for line in rma.lines)
        status = RmaStatus.RECEIVED if came else RmaStatus.APPROVED
        uow.returns.save(rma, replace(rma, status=status))


def _say(uow: UnitOfWork, order: Order, refund: Refund, amount: int, reason: str) -> None:
    text = amount_text(amount, refund.currency)
    facts = {
        "order": order.number,
        "return": _about(uow, order, refund),
        "amount": amount,
        "currency": refund.currency,
        "problem": reason[:300],
    }
    uow.cases.open(
        Finding(
            CaseKind.REFUND_FAILED,
            f"refund:{refund.id}",
            f"{text} of order {order.number} came back from the customer's bank.",
            order_id=order.id,
            facts=facts,
        )
    )


def _about(uow: UnitOfWork, order: Order, refund: Refund) -> str:
    """What `refunded` calls it by."""
    return order.number if refund.rma_id is None else uow.returns.by_id(refund.rma_id).number
