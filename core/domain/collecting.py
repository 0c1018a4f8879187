"""How much of a customer's money is taken, and when: at once, as goods leave, or by hand."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import StrEnum

from core.domain import giving_back
from core.domain.cases import CaseKind, Finding
from core.domain.money import amount_text
from core.domain.order import Line, Order
from core.domain.payments import Payment
from core.domain.refunds import paid_for_first
from core.domain.refusals import Invalid, NotPossible
from core.domain.values import dataclass


class When(StrEnum):
    """When a shop takes what was set aside: its channel does, with the first parcel, or people."""

    CHANNEL = "channel"
    SHIPMENT = "shipment"
    HAND = "hand"


class OnceTakes(StrEnum):
    """What the one capture takes where a gateway allows no second: all, or what has left."""

    ALL = "all"
    SHIPPED = "shipped"


class Before(StrEnum):
    """What has to be there before goods are worked on."""

    NOTHING = "nothing"
    AUTHORIZED = "authorized"
    PAID = "paid"


@dataclass(frozen=True, slots=True)
class Take:
    """Of one payment: `amount` is captured now; with `last` what may be left of it is let go."""

    payment: int
    amount: int
    last: bool


def worth(order: Order) -> int:
    """What the order costs without the units that are gone, never more than its total."""
    if order.is_canceled:
        return 0
    if not any(line.canceled for line in order.bought):
        return order.total
    return max(0, min(order.total, giving_back.worth(order)))


def worth_of_shipped(order: Order) -> int:
    """What has left, with all that belongs to no parcel as soon as anything has; once nothing is
    left to send it is all of the order."""
    if not any(line.shipped for line in order.awaited):
        return 0
    return max(0, worth(order) - sum(_rest(line) for line in order.awaited))


def _kept(line: Line) -> int:
    return line.total - paid_for_first(line.total, line.ordered, line.canceled)


def _rest(line: Line) -> int:
    """The money of units that are wanted and have not left."""
    units = line.wanted - line.shipped
    return _kept(line) - paid_for_first(_kept(line), line.wanted, line.shipped) if units > 0 else 0


def takes(amount: int, payments: Sequence[Payment], *, complete: bool) -> tuple[Take, ...]:
    """Share `amount` over what is set aside, in order; `complete` says that no more will be due.

    What a payment that can be captured once does not give now is let go: there is no second call.
    """
    found = []
    for payment in payments:
        part = min(amount, payment.capture_left)
        if part > 0:
            amount -= part
            is_last = complete or payment.captures_once or part == payment.capture_left
            found.append(Take(payment.id, part, is_last))
    return tuple(found)


def to_take(
    order: Order, payments: Sequence[Payment], captured: int, once: OnceTakes
) -> tuple[Take, ...]:
    """What is captured now that goods have left; `captured` counts what is on its way too."""
    full, due = worth(order), worth_of_shipped(order)
    is_single = any(p.captures_once and p.capture_left for p in payments)
    if due and is_single and once is OnceTakes.ALL:
        due = full
    return takes(due - captured, payments, complete=due == full) if due > captured else ()


def to_let_go(order: Order, payments: Sequence[Payment], captured: int) -> tuple[Payment, ...]:
    """Payments of which nothing is needed any more."""
    if worth(order) > captured:
        return ()
    return tuple(p for p in payments if p.capture_left)


def check_amount(amount: int, payments: Iterable[Payment], currency: str) -> None:
    """Refuse to take nothing, or more than is set aside."""
    left = sum(payment.capture_left for payment in payments)
    if amount < 1:
        raise Invalid("A capture is more than nothing.", code="bad_amount")
    if amount > left:
        raise NotPossible(
            f"Only {amount_text(left, currency)} can be captured.",
            "Capture less, or ask the customer for a new payment.",
            code="over_capture",
        )


def is_enough(order: Order, payments: Iterable[Payment], before: Before) -> bool:
    """Whether goods may be worked on under the shop's rule."""
    if before is Before.NOTHING:
        return True
    held = sum(p.capture_left for p in payments) if before is Before.AUTHORIZED else 0
    return order.captured - order.refunded + held >= worth(order)


# --- what a scan looks for ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class MoneyFacts:
    """Money of a payment, or of a refund (`subject` is its id), and its moment: when it lapses, or
    since when an answer is missing."""

    subject: int
    order_id: int
    order: str
    amount: int
    currency: str
    at: datetime


def ending(payments: Iterable[MoneyFacts], now: datetime) -> list[Finding]:
    """Money that was set aside and lapses unless somebody takes it."""
    return [
        Finding(
            CaseKind.AUTHORIZATION_ENDS,
            f"payment:{one.subject}",
            f"{amount_text(one.amount, one.currency)} set aside for order {one.order} "
            f"{'lapses soon' if one.at > now else 'has lapsed'}. Capture it or let it go.",
            order_id=one.order_id,
            facts=_told(one) | {"until": one.at.isoformat()},
            due_at=max(one.at, now),
        )
        for one in payments
    ]


def unanswered(asked: Iterable[MoneyFacts]) -> list[Finding]:
    """Captures of which nobody can say whether they happened."""
    doubt = "moved. Look at the gateway."
    return [
        _unknown(CaseKind.CAPTURE_UNKNOWN, f"payment:{one.subject}", one, doubt) for one in asked
    ]


def refunds_unanswered(asked: Iterable[MoneyFacts]) -> list[Finding]:
    """Refunds of which no gateway has said for too long what became."""
    doubt = "went back. Look at the gateway before it is paid again."
    return [_unknown(CaseKind.REFUND_UNKNOWN, f"refund:{one.subject}", one, doubt) for one in asked]


def _unknown(kind: CaseKind, subject: str, one: MoneyFacts, doubt: str) -> Finding:
    amount = amount_text(one.amount, one.currency)
    told = f"Nobody knows whether {amount} of order {one.order} {doubt}"
    return Finding(kind, subject, told, order_id=one.order_id, facts=_told(one))


def _told(one: MoneyFacts) -> dict[str, object]:
    return {"order": one.order, "amount": one.amount, "currency": one.currency}
