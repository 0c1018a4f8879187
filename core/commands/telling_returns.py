"""Returns told to the shop that the order came from: each change here is looked at there."""

from __future__ import annotations

from dataclasses import replace

from core.commands.writeback import write_back
from core.db.events import Fact
from core.db.unit_of_work import UnitOfWork
from core.domain.access import Right
from core.domain.values import dataclass
from core.registry import Done, command

TOLD = frozenset(
    {
        "ReturnApproved",
        "ReturnRejected",
        "ReturnReceived",
        "ReturnMissing",
        "ReturnKept",
        "ReturnCanceled",
        "ReturnExpired",
    }
)


def plan_return(uow: UnitOfWork, fact: Fact) -> None:
    """The worker's planner: what happened to a return, its shop is to hear. Only that something
    happened is written down; what is told is how the return stands by then."""
    if fact.kind not in TOLD or fact.order_id is None:
        return
    order = uow.orders.own(fact.order_id)
    connection = uow.shop.connection(order.connection_id) if order.connection_id else None
    if connection is None or not connection.hears_returns:
        return
    rma_id = fact.data["return_id"]
    write_back(uow, order, "return", f"return:{rma_id}:{fact.id}", {"return": rma_id})


@dataclass(frozen=True, slots=True)
class LinkReturn:
    """Write down under which id the shop knows a return, so that its echo is recognized."""

    return_id: int
    external_id: str


@command("link return", LinkReturn, Right.MACHINERY, in_chat=False)
def link_return(ask: LinkReturn, uow: UnitOfWork) -> Done:
    uow.orders.by_id(uow.returns.by_id(ask.return_id).order_id)  # hides what is another shop's
    rma = uow.returns.by_id(ask.return_id)  # as it is now that its order is locked
    if rma.external_id != ask.external_id:
        uow.returns.save(rma, replace(rma, external_id=ask.external_id))
    return Done(f"Return {rma.number} is known to the shop.", {"return": rma.number})
