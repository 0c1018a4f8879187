"""Payments as quantities of money: the derived payment status, and how far a refund may go."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import StrEnum

from core.domain.values import dataclass


class PaymentStatus(StrEnum):
    UNPAID = "unpaid"
    AUTHORIZED = "authorized"
    PART_PAID = "part_paid"
    PAID = "paid"
    PART_REFUNDED = "part_refunded"
    REFUNDED = "refunded"
    OVER = "over"


CHANNEL = 0  # stands for what the order's own channel took: that payment has no row


@dataclass(frozen=True, slots=True)
class Payment:
    """One payment of an order in minor units; money goes back to the `original` one first.

    `voided` was set aside and let go again; a gateway that captures once lets go of the rest.
    """

    id: int
    authorized: int = 0
    captured: int = 0
    refunded: int = 0
    original: bool = False
    voided: int = 0
    gateway: str = "channel"
    connection_id: int | None = None
    external_id: str = ""
    captures_once: bool = False
    expires_at: datetime | None = None

    @property
    def refund_left(self) -> int:
        return max(0, self.captured - self.refunded)

    @property
    def capture_left(self) -> int:
        return max(0, self.authorized - self.captured - self.voided)


@dataclass(frozen=True, slots=True)
class RefundPart:
    """The share of a refund that goes back to one payment."""

    payment: int
    amount: int


def payment_status(total: int, captured: int, refunded: int, authorized: int) -> PaymentStatus:
    """One word for the money of an order; `over` means somebody holds more than is theirs."""
    if refunded > captured or captured - refunded > total:
        return PaymentStatus.OVER
    if refunded:
        return PaymentStatus.REFUNDED if refunded == captured else PaymentStatus.PART_REFUNDED
    if captured == total:
        return PaymentStatus.PAID
    if captured:
        return PaymentStatus.PART_PAID
    return PaymentStatus.AUTHORIZED if authorized >= total else PaymentStatus.UNPAID


def with_channel(
    rows: Sequence[Payment], captured: int, refunded_there: int
) -> tuple[Payment, ...]:
    """All payments of an order: what its channel took is what no row did, and the original one."""
    rest = max(0, captured - sum(payment.captured for payment in rows))
    channel = Payment(CHANNEL, rest, rest, refunded_there, original=True)
    return (channel, *rows) if rest or refunded_there or not rows else tuple(rows)


def shares(amount: int, payments: Sequence[Payment]) -> tuple[RefundPart, ...]:
    """Share money that is owed over payments, the original first, each up to what it still holds;
    what none of them holds goes back by the first."""
    ranked = sorted(payments, key=lambda p: not p.original)
    parts = {part.payment: part.amount for part in _parts(amount, ranked)}
    over = amount - sum(parts.values())
    if over:
        first = ranked[0].id if ranked else CHANNEL
        parts[first] = parts.get(first, 0) + over
    return tuple(RefundPart(payment, part) for payment, part in parts.items())


def _parts(amount: int, payments: Iterable[Payment]) -> Iterable[RefundPart]:
    for payment in payments:
        part = min(amount, payment.refund_left)
        if part:
            yield RefundPart(payment.id, part)
        amount -= part
