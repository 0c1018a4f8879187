"""What happened to money: paid, captured, refunded, disputed, asked for, on paper."""

from __future__ import annotations

from core.domain.events.base import Event
from core.domain.values import dataclass


@dataclass(frozen=True, slots=True)
class OrderPaid(Event):
    amount: int
    currency: str


@dataclass(frozen=True, slots=True)
class CaptureAsked(Event):
    """A gateway is asked to take money that was set aside; `why` says who or what wants it."""

    amount: int
    currency: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class AuthorizationReleased(Event):
    """Money that was set aside, and not taken, is the customer's again."""

    amount: int
    currency: str


@dataclass(frozen=True, slots=True)
class DisputeOpened(Event):
    """The customer's bank asks about a payment, or asks it back."""

    dispute_id: int
    amount: int
    currency: str
    reason: str
    is_inquiry: bool


@dataclass(frozen=True, slots=True)
class DisputeEnded(Event):
    """`outcome` is won, lost or closed."""

    dispute_id: int
    amount: int
    currency: str
    outcome: str


@dataclass(frozen=True, slots=True)
class RefundDue(Event):
    refund_id: int
    amount: int
    currency: str


@dataclass(frozen=True, slots=True)
class RefundRecorded(Event):
    refund_id: int
    amount: int
    currency: str
    reference: str
    return_id: int | None = None
    ours: bool = False  # asked for here: what a channel gives back of its own, it tells itself


@dataclass(frozen=True, slots=True)
class DocumentIssued(Event):
    """An invoice or a credit note; `corrects` is the invoice that the note takes back."""

    document_id: int
    document_kind: str
    number: str
    total: int
    currency: str
    corrects: str = ""


@dataclass(frozen=True, slots=True)
class PaymentRequested(Event):
    """The customer is asked for more; nothing is charged."""

    request_id: int
    amount: int
    currency: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class PaymentRequestWithdrawn(Event):
    request_id: int
    amount: int
    currency: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class RefundApproved(Event):
    """A second person let money go that waited for one."""

    refund_id: int
    amount: int
    currency: str


@dataclass(frozen=True, slots=True)
class RefundWithdrawn(Event):
    """Money that was to go back stays here: nobody had paid it out yet."""

    refund_id: int
    amount: int
    currency: str


@dataclass(frozen=True, slots=True)
class RefundFailed(Event):
    """A gateway will not give this money back; `amount` is the part of the refund it had."""

    refund_id: int
    amount: int
    currency: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class RefundReversed(Event):
    """Money that was paid back came back from the customer's bank: it is owed again."""

    refund_id: int
    amount: int
    currency: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class RefundTriedAgain(Event):
    refund_id: int
    amount: int
    currency: str
