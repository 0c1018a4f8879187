"""Money for a unit that stays with its customer takes that unit off what can come back."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from core.domain.refunds import Given, Item, ItemKind, kept_by_customer, kept_of, line_items
from tests.domain.test_journal import line, order


@given(st.data())
def test_no_more_is_kept_than_has_left_and_is_in_no_return(data: st.DataObject) -> None:
    ordered = data.draw(st.integers(1, 9))
    canceled = data.draw(st.integers(0, ordered))
    shipped = data.draw(st.integers(0, ordered - canceled))
    asked = data.draw(st.integers(0, shipped))
    given_back = data.draw(st.integers(0, ordered))
    mug = line(1, 1990, 0, ordered, canceled=canceled, shipped=shipped)
    whole = order(replace(mug, delivered=shipped, return_requested=asked))
    known = Given({1: given_back})
    wanted = {1: data.draw(st.integers(1, ordered))}
    items = line_items(whole, wanted, known)
    by_hand = kept_of(kept_by_customer(whole, items, known)).get(1, 0)
    assert 0 <= by_hand <= shipped - asked
    assert by_hand <= sum(item.quantity for item in items)
    if not canceled and items:
        assert by_hand == min(items[0].quantity, shipped - asked)


def test_an_amount_beside_the_goods_keeps_no_unit() -> None:
    whole = order(line(1, 1990, 0, 2, shipped=2))
    goodwill = (
        Item(ItemKind.ADJUSTMENT, 500),
        Item(ItemKind.SHIPPING, 100),
        Item(ItemKind.FEE, -9),
    )
    assert kept_by_customer(whole, goodwill, Given({})) == goodwill
