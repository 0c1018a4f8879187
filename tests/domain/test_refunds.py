"""Partial refunds add up to the cent in every sequence, and never beyond."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.refunds import RefundLine, left_to_refund, paid_for_first, refundable
from core.domain.refusals import Invalid, NotPossible


@given(st.integers(0, 10**9), st.integers(1, 60), st.data())
def test_any_sequence_of_refunds_sums_to_what_was_paid(
    paid: int, quantity: int, data: st.DataObject
) -> None:
    line, returned = RefundLine(paid, quantity), 0
    while line.left:
        units = data.draw(st.integers(1, line.left))
        amount = refundable(line, units)
        assert amount >= 0
        assert returned + left_to_refund(line) == paid
        returned += amount
        line = replace(line, refunded=line.refunded + units)
    assert returned == paid
    assert left_to_refund(line) == 0


@given(st.integers(0, 10**9), st.integers(1, 60), st.data())
def test_a_refund_is_within_one_unit_of_the_fair_share(
    paid: int, quantity: int, data: st.DataObject
) -> None:
    before = data.draw(st.integers(0, quantity - 1))
    units = data.draw(st.integers(1, quantity - before))
    amount = refundable(RefundLine(paid, quantity, before), units)
    assert abs(amount * quantity - paid * units) <= quantity


def test_three_units_of_ten_euro_come_back_as_333_334_333() -> None:
    assert [refundable(RefundLine(1000, 3, k), 1) for k in range(3)] == [333, 334, 333]


def test_halves_round_up() -> None:
    assert paid_for_first(5, 2, 1) == 3


def test_more_units_than_are_left_are_refused_with_the_number_that_is() -> None:
    with pytest.raises(NotPossible) as refused:
        refundable(RefundLine(1000, 3, 2), 2)
    assert refused.value.code == "over_refund"
    assert "Only 1 of 3" in refused.value.sentence


def test_nothing_left_says_so() -> None:
    with pytest.raises(NotPossible, match="Nothing is left"):
        refundable(RefundLine(1000, 3, 3), 1)


@pytest.mark.parametrize("units", [0, -1])
def test_a_refund_of_no_units_makes_no_sense(units: int) -> None:
    with pytest.raises(Invalid):
        refundable(RefundLine(1000, 3), units)


@pytest.mark.parametrize(("paid", "quantity", "refunded"), [(1, 0, 0), (-1, 1, 0), (1, 1, 2)])
def test_an_impossible_line_is_refused(paid: int, quantity: int, refunded: int) -> None:
    with pytest.raises(Invalid):
        RefundLine(paid, quantity, refunded)
