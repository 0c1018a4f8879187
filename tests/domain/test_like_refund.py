"""What looks like a refund that was made a moment ago."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from core.domain.like_refund import is_like
from core.domain.refunds import Item, ItemKind


def goods(line: int, quantity: int, amount: int) -> Item:
    return Item(ItemKind.LINE, amount, 0, line, quantity)


def beside(amount: int) -> Item:
    return Item(ItemKind.ADJUSTMENT, amount)


ITEMS = st.lists(
    st.one_of(
        st.builds(goods, st.integers(1, 3), st.integers(1, 3), st.integers(1, 5)),
        st.builds(beside, st.integers(1, 5)),
    ),
    min_size=1,
    max_size=3,
)


def test_the_same_units_are_alike_though_rounding_gives_them_another_cent() -> None:
    assert is_like([goods(1, 1, 333)], [goods(1, 1, 334)])
    assert not is_like([goods(1, 1, 333)], [goods(2, 1, 333)])
    assert not is_like([goods(1, 1, 333)], [goods(1, 2, 667)])


def test_an_amount_is_like_any_refund_of_as_much() -> None:
    assert is_like([beside(500)], [beside(500)])
    assert is_like([beside(1990)], [goods(1, 1, 1990)])
    assert not is_like([beside(500)], [beside(501)])


@given(ITEMS, ITEMS)
def test_it_holds_both_ways_and_for_itself(one: list[Item], other: list[Item]) -> None:
    assert is_like(one, one)
    assert is_like(one, other) == is_like(other, one)
