"""What other commands have to know of the screening: whose hold it is, and when its case ends."""

from __future__ import annotations

from core.db.unit_of_work import UnitOfWork
from core.domain.cases import CaseKind
from core.domain.order import Order

BY = "screening"  # who placed a hold that the rules asked for


def is_ours(order: Order) -> bool:
    return any(hold.by == BY for hold in order.holds)


def settle(uow: UnitOfWork, order: Order, why: str) -> None:
    """Close the case of an order that the screening holds no longer."""
    if not is_ours(order):
        uow.cases.close(CaseKind.SCREENING, f"order:{order.id}", why)
