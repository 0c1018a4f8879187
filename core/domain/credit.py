"""Store credit: a balance as the sum of its entries, spent soonest-to-expire first, never owed."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from enum import StrEnum

from core.domain.money import amount_text
from core.domain.order import Order
from core.domain.refusals import Invalid, NotPossible
from core.domain.values import dataclass

NEVER = datetime.max.replace(tzinfo=UTC)


class CreditKind(StrEnum):
    ISSUED = "issued"
    SPENT = "spent"
    EXPIRED = "expired"
    CORRECTED = "corrected"


@dataclass(frozen=True, slots=True)
class Entry:
    """One move of a balance in minor units: above zero it grows, below it shrinks."""

    kind: CreditKind
    amount: int
    at: datetime
    expires_at: datetime | None = None


@dataclass(slots=True)
class _Lot:
    """What is left of one amount that came in."""

    ends: datetime
    left: int


def email_in(word: str) -> str:
    """The e-mail address that was said, as accounts are named; "" for any other word."""
    clean = word.strip().casefold().removeprefix("mailto:")
    return clean if "@" in clean else ""


def holder_of(order: Order) -> str:
    """Whose credit it is: the e-mail address, else the phone, else the order stands for them."""
    return order.email.casefold() or order.phone or f"order:{order.number}"


def balance(entries: Iterable[Entry]) -> int:
    return sum(entry.amount for entry in entries)


def overdue(entries: Iterable[Entry], now: datetime) -> int:
    """What has expired by now and still stands in the balance; entries are in their own order.

    Whatever leaves takes from what would expire soonest, so that nobody loses more than needed.
    """
    lots: list[_Lot] = []
    for entry in entries:
        if entry.amount > 0:
            lots.append(_Lot(entry.expires_at or NEVER, entry.amount))
        else:
            _take(lots, -entry.amount)
    return sum(lot.left for lot in lots if lot.ends <= now)


def _take(lots: list[_Lot], amount: int) -> None:
    for lot in sorted(lots, key=lambda lot: lot.ends):
        part = min(lot.left, amount)
        lot.left -= part
        amount -= part


def bonus(amount: int, percent: int) -> int:
    """What a shop adds when its customer takes credit instead of money, rounded half up."""
    return (2 * amount * percent + 100) // 200


def require_covered(amount: int, left: int, currency: str) -> None:
    """Raises Invalid for nothing, NotPossible (over_credit) for more than there is."""
    if amount < 1:
        raise Invalid("An amount of credit is more than nothing.", code="bad_amount")
    if amount > left:
        raise NotPossible(
            f"Only {amount_text(left, currency)} of credit is left.",
            f"Use {amount_text(left, currency)} or less." if left else "Nothing can be used.",
            code="over_credit",
        )
