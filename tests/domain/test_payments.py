"""What an order's money adds up to, and how far back it may flow."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.payments import (
    CHANNEL,
    Payment,
    RefundPart,
    payment_status,
    shares,
)

CARD, GIFT = 1, 2
sums = st.integers(0, 10**6)
payments = st.lists(
    st.builds(Payment, st.integers(1, 10**9), sums, sums, sums, st.booleans()),
    max_size=5,
    unique_by=lambda payment: payment.id,
)


@pytest.mark.parametrize(
    ("total", "captured", "refunded", "authorized", "word"),
    [
        (100, 0, 0, 0, "unpaid"),
        (100, 0, 0, 99, "unpaid"),
        (100, 0, 0, 100, "authorized"),
        (100, 40, 0, 100, "part_paid"),
        (100, 100, 0, 100, "paid"),
        (0, 0, 0, 0, "paid"),
        (100, 100, 1, 100, "part_refunded"),
        (100, 40, 10, 0, "part_refunded"),
        (100, 100, 100, 100, "refunded"),
        (100, 101, 0, 100, "over"),
        (80, 100, 0, 100, "over"),
        (80, 100, 20, 100, "part_refunded"),
        (100, 100, 101, 100, "over"),
    ],
)
def test_the_status_follows_from_the_sums(
    total: int, captured: int, refunded: int, authorized: int, word: str
) -> None:
    assert payment_status(total, captured, refunded, authorized) == word


def test_the_original_payment_is_refunded_first() -> None:
    card = Payment(CARD, captured=70, refunded=10, original=True)
    gift = Payment(GIFT, captured=30)
    assert shares(80, [gift, card]) == (RefundPart(CARD, 60), RefundPart(GIFT, 20))


@given(payments, st.data())
def test_a_refund_is_shared_exactly_and_within_every_cap(
    held: list[Payment], data: st.DataObject
) -> None:
    left = {payment.id: payment.refund_left for payment in held}
    amount = data.draw(st.integers(0, sum(left.values())))
    parts = shares(amount, held)
    assert sum(part.amount for part in parts) == amount
    assert all(0 < part.amount <= left[part.payment] for part in parts)


@given(payments, st.integers(1, 10**6))
def test_what_no_payment_holds_goes_back_by_the_first(held: list[Payment], over: int) -> None:
    left = {payment.id: payment.refund_left for payment in held}
    parts = shares(sum(left.values()) + over, held)
    first = next((p.id for p in sorted(held, key=lambda p: not p.original)), CHANNEL)
    above = {part.payment: part.amount - left.get(part.payment, 0) for part in parts}
    assert {payment: much for payment, much in above.items() if much} == {first: over}
