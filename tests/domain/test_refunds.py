"""Partial refunds add up to the cent in every sequence, and never beyond."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from core.domain.refunds import paid_for_first


def next_units(paid: int, quantity: int, before: int, units: int) -> int:
    return paid_for_first(paid, quantity, before + units) - paid_for_first(paid, quantity, before)


@given(st.integers(0, 10**9), st.integers(1, 60), st.data())
def test_any_sequence_of_refunds_sums_to_what_was_paid(
    paid: int, quantity: int, data: st.DataObject
) -> None:
    before, returned = 0, 0
    while before < quantity:
        units = data.draw(st.integers(1, quantity - before))
        amount = next_units(paid, quantity, before, units)
        assert amount >= 0
        before, returned = before + units, returned + amount
    assert returned == paid


@given(st.integers(0, 10**9), st.integers(1, 60), st.data())
def test_a_refund_is_within_one_unit_of_the_fair_share(
    paid: int, quantity: int, data: st.DataObject
) -> None:
    before = data.draw(st.integers(0, quantity - 1))
    units = data.draw(st.integers(1, quantity - before))
    amount = next_units(paid, quantity, before, units)
    assert abs(amount * quantity - paid * units) <= quantity


def test_three_units_of_ten_euro_come_back_as_333_334_333() -> None:
    assert [next_units(1000, 3, before, 1) for before in range(3)] == [333, 334, 333]


def test_halves_round_up() -> None:
    assert paid_for_first(5, 2, 1) == 3
