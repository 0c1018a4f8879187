"""What the money that an edit gives back is for: goods with their tax, the rest as an adjustment,
and never more than was paid."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from core.domain.edit_actions import Do, EditAction
from core.domain.edit_refund import refund_items
from core.domain.refunds import Item, ItemKind, tax_of, total_of
from tests.domain.test_edits import TAXED, edit, line, order, put

SHOP = order(
    line(1, "mug", 3, TAXED, tax=57), line(2, "tee", 2, 2 * TAXED, tax=76), shipping=TAXED, tax=152
)
COLLECTED = EditAction(Do.METHOD, text="Pickup", price=0)


def test_each_line_that_wants_less_is_an_item_with_its_own_tax() -> None:
    found = edit(SHOP, put("mug", 1), put("tee", 1))
    assert refund_items(found) == (
        Item(ItemKind.LINE, 2 * TAXED, 38, 1, 2),
        Item(ItemKind.LINE, 2 * TAXED, 38, 2, 1),
    )


def test_what_fell_beside_the_goods_is_an_adjustment_with_the_rest_of_the_tax() -> None:
    assert refund_items(edit(SHOP, put("mug", 2), COLLECTED)) == (
        Item(ItemKind.LINE, TAXED, 19, 1, 1),
        Item(ItemKind.ADJUSTMENT, TAXED, 19),
    )
    cheaper = EditAction(Do.DISCOUNT, "tee", amount=TAXED)
    assert refund_items(edit(SHOP, cheaper)) == (Item(ItemKind.ADJUSTMENT, TAXED, 19),)


def test_goods_that_were_given_away_are_an_item_of_nothing() -> None:
    free = order(line(1, "gift", 2, 0), line(2, "mug", 1, TAXED, tax=19))
    assert refund_items(edit(free, put("gift", 1))) == (Item(ItemKind.LINE, 0, 0, 1, 1),)


def test_what_was_never_paid_is_taken_off_again() -> None:
    part = replace(SHOP, captured=SHOP.total - 100)
    found = edit(part, put("mug", 2))
    assert found.refund == TAXED - 100
    assert refund_items(found) == (
        Item(ItemKind.LINE, TAXED, 19, 1, 1),
        Item(ItemKind.ADJUSTMENT, -100, -16),
    )


@given(st.integers(0, 3), st.integers(0, 2), st.integers(0, SHOP.total))
def test_the_items_add_up_to_the_refund_and_their_tax_to_what_fell(
    mugs: int, tees: int, paid: int
) -> None:
    found = edit(replace(SHOP, captured=paid), put("mug", mugs), put("tee", tees))
    items = refund_items(found)
    assert total_of(items) == found.refund
    assert 0 <= tax_of(items) <= found.before.tax - found.after.tax
    if found.refund == -found.difference:
        assert tax_of(items) == found.before.tax - found.after.tax
