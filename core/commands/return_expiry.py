"""Approved returns that nobody sends: called to mind once, then over."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from core.commands.return_decisions import give_back
from core.db.returns import unsent_returns
from core.db.unit_of_work import UnitOfWork
from core.domain import events as e
from core.domain.access import Right
from core.domain.returns import Rma, RmaStatus
from core.domain.values import dataclass
from core.registry import Done, command

MOST = 50


@dataclass(frozen=True, slots=True)
class ExpireReturns:
    """Remind customers of approved returns that nobody sent, and end those whose time is over."""


@command("expire-returns", ExpireReturns, Right.MACHINERY, in_chat=False)
def expire(_: ExpireReturns, uow: UnitOfWork) -> Done:
    days = timedelta(days=int(uow.shop.policy["return_reminder_days"]))
    due = unsent_returns(uow, uow.now, uow.now + days if days else None, MOST)
    ended = sum(_look_at(uow, rma_id, order_id) for rma_id, order_id in due)
    facts = {"ended": ended, "reminded": len(due) - ended, "more": len(due) == MOST}
    return Done(f"{ended} returns ended, {len(due) - ended} called to mind.", facts)


def _look_at(uow: UnitOfWork, rma_id: int, order_id: int) -> bool:
    """Whether it has ended; what is told is what holds now that its order is locked."""
    uow.orders.own(order_id)
    rma = uow.returns.by_id(rma_id)
    if rma.expires_at is None or rma.status is not RmaStatus.APPROVED or rma.closed_at is not None:
        return False
    if uow.now < rma.expires_at:
        uow.returns.save(rma, replace(rma, reminded_at=uow.now))
        uow.emit(rma.order_id, e.ReturnReminded(rma.id, rma.number))
        return False
    _end(uow, rma)
    return True


def _end(uow: UnitOfWork, rma: Rma) -> None:
    """What the customer keeps stays paid; only what they did not send is over."""
    after = rma.cancel(uow.now) if rma.has_begun else rma.expire(uow.now)
    uow.returns.save(rma, after)
    give_back(uow, rma)
    uow.emit(rma.order_id, e.ReturnExpired(rma.id, rma.number))
