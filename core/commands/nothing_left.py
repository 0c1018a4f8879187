"""Why nothing of an order can be returned or claimed, and what can be done instead."""

from __future__ import annotations

from core.db.claims import claims_of
from core.db.reading import Reader
from core.db.returns import rmas_of
from core.db.unit_of_work import UnitOfWork
from core.domain.claims import ClaimStatus
from core.domain.order import Order
from core.domain.returns import RmaStatus


def why_nothing(within: UnitOfWork | Reader, order: Order) -> str:
    """The next step for somebody who wants goods of this order back."""
    taken = why_taken(within, order)
    if taken:
        return taken
    if any(line.shipped for line in order.lines):
        return f"Nothing has arrived yet. If it has: `delivered {order.number}`."
    return f"Nothing was sent yet. To stop it: `cancel {order.number}`."


def why_taken(within: UnitOfWork | Reader, order: Order) -> str:
    """Where the goods that have arrived are by now; empty while the customer has some of them."""
    for rma in rmas_of(within.session, order.id):
        if rma.status is RmaStatus.REQUESTED:
            return f"Return {rma.number} waits for a decision: `approve {rma.number}`."
        if rma.expected and rma.status in (RmaStatus.APPROVED, RmaStatus.RECEIVED):
            return f"Return {rma.number} has it. When its goods are here: `received {rma.number}`."
    for claim in claims_of(within.session, order.id):
        if claim.status is not ClaimStatus.REJECTED:
            return f"Claim {claim.number} is about it already: `timeline {order.number}`."
    if any(line.return_received for line in order.lines):
        return f"It has come back already: `timeline {order.number}`."
    if any(line.return_kept for line in order.lines):
        return f"Its money has gone back, and the goods are the customer's: `money {order.number}`."
    return ""
