"""Refunds that go to store credit: paid out at once, in the transaction that owes them."""

from __future__ import annotations

from core.commands import handout
from core.commands.crediting import issue
from core.commands.payouts import pay
from core.db.refunds import Refund, RefundPart
from core.db.unit_of_work import UnitOfWork
from core.domain.order import Order


def give(uow: UnitOfWork, order: Order, refund: Refund, part: RefundPart) -> None:
    why = refund.note or f"refund of order {order.number}"
    entry = issue(uow, order, part.amount, why, refund.id)
    pay(uow, uow.refunds.get(refund.id), part, "store credit", f"credit:{entry}")


handout.AT_ONCE[handout.CREDIT] = give
