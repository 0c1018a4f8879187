"""Money that is owed to a customer: made due with a task for a person, never more than is left."""

from __future__ import annotations

from collections.abc import Iterable

from core.db.returns import Refund
from core.db.unit_of_work import UnitOfWork
from core.domain import events as e
from core.domain.cases import CaseKind, Finding
from core.domain.money import amount_text
from core.domain.order import Order
from core.domain.returns import Rma


def make_due(
    uow: UnitOfWork,
    order: Order,
    rma: Rma | None,
    amount: int,
    parts: Iterable[tuple[int, int, int]],
) -> Refund:
    """The money is owed from now on, and a person has the task to pay it out."""
    refund = Refund(
        id=uow.new_id(),
        order_id=order.id,
        rma_id=rma.id if rma else None,
        gateway="manual",
        external_id=None,
        amount=amount,
        currency=order.currency,
        state="due",
        reference="",
        lines=tuple((line_id, quantity) for line_id, quantity, _ in parts),
        due_at=uow.now,
    )
    uow.returns.add_refund(refund)
    uow.emit(order.id, e.RefundDue(refund.id, amount, order.currency))
    _open_task(uow, order, rma, refund)
    return refund


def require_left(uow: UnitOfWork, order_id: int) -> None:
    """What the shop has paid out by itself is not owed a second time: the newest debts give way
    first, and of one that is covered in part the rest stays due."""
    order = uow.orders.by_id(order_id)
    left = max(0, order.captured - order.refunded)
    for refund in uow.returns.refunds(order_id):
        if refund.state != "due":
            continue
        if refund.amount > left:
            _lower(uow, order, refund, left)
        left -= min(left, refund.amount)


def _lower(uow: UnitOfWork, order: Order, refund: Refund, left: int) -> None:
    uow.returns.cancel_refund(refund)
    for kind in (CaseKind.REFUND_TASK, CaseKind.REFUND_OPEN):
        uow.cases.close(kind, f"refund:{refund.id}", "the shop has paid it out")
    rma = None if refund.rma_id is None else uow.returns.by_id(refund.rma_id)
    if left:
        make_due(uow, order, rma, left, [(line_id, units, 0) for line_id, units in refund.lines])
    elif rma is not None:
        close_if_paid(uow, rma)


def text_of(refund: Refund) -> str:
    return amount_text(refund.amount, refund.currency)


def _open_task(uow: UnitOfWork, order: Order, rma: Rma | None, refund: Refund) -> None:
    text = amount_text(refund.amount, refund.currency)
    why = f"return {rma.number}" if rma else "what was canceled"
    finding = Finding(
        CaseKind.REFUND_TASK,
        f"refund:{refund.id}",
        f"Refund {text} of order {order.number} for {why}.",
        order_id=order.id,
        facts={
            "return": rma.number if rma else order.number,
            "order": order.number,
            "amount": refund.amount,
            "currency": refund.currency,
        },
    )
    uow.cases.open(finding)


def is_paid_out(uow: UnitOfWork, rma: Rma) -> bool:
    """Money was due for this return, and none of it is any more."""
    states = [r.state for r in uow.returns.refunds(rma.order_id) if r.rma_id == rma.id]
    return bool(states) and "due" not in states


def close_if_paid(uow: UnitOfWork, rma: Rma) -> None:
    if rma.closed_at is not None and is_paid_out(uow, rma):
        uow.returns.save(rma, rma.refunded(uow.now))
