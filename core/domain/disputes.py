"""A bank asks back what its customer paid: how a dispute stands, and which money it holds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from enum import StrEnum

from core.domain.values import dataclass


class DisputeState(StrEnum):
    """`open`: the bank waits for an answer. `closed`: it ended without a winner."""

    OPEN = "open"
    REVIEW = "review"
    WON = "won"
    LOST = "lost"
    CLOSED = "closed"


ENDED = (DisputeState.WON, DisputeState.LOST, DisputeState.CLOSED)

# Stripe's and Shopify's words: docs.stripe.com/api/disputes/object and Shopify's dispute resource.
# An inquiry (Stripe's warning_…) is a question before any money is taken.
_WORDS = {
    "needs_response": DisputeState.OPEN,
    "under_review": DisputeState.REVIEW,
    "won": DisputeState.WON,
    "lost": DisputeState.LOST,
    "accepted": DisputeState.LOST,
    "warning_needs_response": DisputeState.OPEN,
    "warning_under_review": DisputeState.REVIEW,
    "warning_closed": DisputeState.CLOSED,
    "charge_refunded": DisputeState.CLOSED,
    "prevented": DisputeState.CLOSED,
}


@dataclass(frozen=True, slots=True)
class Dispute:
    """`amount` in minor units of `currency`; `due_at` is until when the bank takes evidence (UTC).
    Without an order nobody here knows the payment."""

    id: int
    connection_id: int
    external_id: str
    order_id: int | None
    gateway: str
    amount: int
    currency: str
    reason: str
    state: DisputeState
    is_inquiry: bool
    opened_at: datetime
    due_at: datetime | None = None
    ended_at: datetime | None = None

    @property
    def holds_money(self) -> bool:
        """Whether the bank has the money, or has kept it: giving it back would pay it twice. An
        inquiry has taken nothing, and a refund is one way to end it."""
        lives = self.state in (DisputeState.OPEN, DisputeState.REVIEW) and not self.is_inquiry
        return lives or self.state is DisputeState.LOST


def state_of(word: str) -> DisputeState | None:
    """What a gateway's word for it means; None for one that we do not know."""
    return _WORDS.get(word.strip().casefold())


def newer(known: Dispute, told: Dispute) -> Dispute:
    """What holds after news: they come in any order, an end stays, and an inquiry may become a
    chargeback but not the other way round. Its order, once it is known, stays so too."""
    if _rank(told) <= _rank(known):
        return _found(known, told)
    if told.order_id is None:
        told = replace(told, order_id=known.order_id, gateway=known.gateway)
    return replace(told, id=known.id, opened_at=known.opened_at, due_at=told.due_at or known.due_at)


def _found(known: Dispute, told: Dispute) -> Dispute:
    """The dispute with its order, which nobody knew when the bank first spoke of it."""
    if known.order_id is not None or told.order_id is None:
        return known
    money = replace(known, amount=told.amount, currency=told.currency)
    return replace(money, order_id=told.order_id, gateway=told.gateway)


def _rank(dispute: Dispute) -> tuple[bool, bool, bool]:
    ended = dispute.state in ENDED
    return ended, not dispute.is_inquiry, not ended and dispute.state is DisputeState.REVIEW


def held(disputes: Iterable[Dispute]) -> int:
    """What of an order's money banks have taken, in minor units."""
    return sum(each.amount for each in disputes if each.holds_money)
