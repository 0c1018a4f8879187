"""What an order's money adds up to, and how far back it may flow."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.payments import (
    Payment,
    RefundPart,
    check_capture,
    payment_status,
    refund_room,
    spread_refund,
)
from core.domain.refusals import Invalid, NotPossible

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
    assert spread_refund(80, [gift, card], "EUR") == (
        RefundPart(CARD, 60),
        RefundPart(GIFT, 20),
    )


@given(payments, st.data())
def test_a_refund_is_shared_exactly_and_within_every_cap(
    held: list[Payment], data: st.DataObject
) -> None:
    room = refund_room(held)
    if not room:
        return
    amount = data.draw(st.integers(1, room))
    parts = spread_refund(amount, held, "EUR")
    left = {payment.id: payment.refund_left for payment in held}
    assert sum(part.amount for part in parts) == amount
    assert all(0 < part.amount <= left[part.payment] for part in parts)


@given(payments)
def test_one_cent_more_than_is_left_is_refused(held: list[Payment]) -> None:
    with pytest.raises(NotPossible) as refused:
        spread_refund(refund_room(held) + 1, held, "EUR")
    assert refused.value.code == "over_refund"


@pytest.mark.parametrize("amount", [0, -1])
def test_moving_no_money_makes_no_sense(amount: int) -> None:
    card = Payment(CARD, authorized=5, captured=5)
    with pytest.raises(Invalid):
        spread_refund(amount, [card], "EUR")
    with pytest.raises(Invalid):
        check_capture(card, amount, "EUR")


def test_a_capture_stays_within_what_was_authorized() -> None:
    card = Payment(CARD, authorized=100, captured=40)
    check_capture(card, 60, "EUR")
    with pytest.raises(NotPossible, match=r"€0\.60"):
        check_capture(card, 61, "EUR")
