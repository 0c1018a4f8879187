"""What an order still costs, by hand: canceled units, tips, totals that fell; what was a gift."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from core.domain.giving_back import goodwill_in, worth
from core.domain.refunds import Item, ItemKind, paid_for_first
from tests.domain.test_journal import line, order


@pytest.mark.parametrize(
    ("paid", "units", "canceled", "shipping", "beside", "currency", "costs"),
    [
        (1000, 3, 0, 0, 0, "EUR", 1000),
        # R(1) = 333.33 -> 333 are gone
        (1000, 3, 1, 490, 0, "EUR", 667 + 490),
        (1000, 3, 1, 490, 200, "EUR", 667 + 490 + 200),  # a tip of 2.00 stays with the rest
        (1000, 3, 3, 490, 200, "EUR", 0),  # nothing is left: neither is the way, nor the tip
        (1000, 3, 2, 0, -667, "EUR", 333),  # the channel's total fell with the units
        # R(2) of 7 = 285.71 -> 286
        (1000, 7, 2, 0, 50, "JPY", 714 + 50),
        # R(3) of 7 = 5290.71 -> 5291
        (12345, 7, 3, 1500, 250, "KWD", 7054 + 1500 + 250),
        (1, 4, 2, 0, 0, "EUR", 0),  # R(2) = 0.5 -> 1
    ],
)
def test_what_an_order_costs_without_what_was_canceled(
    paid: int, units: int, canceled: int, shipping: int, beside: int, currency: str, costs: int
) -> None:
    whole = order(line(1, paid, 0, units, canceled=canceled), shipping=shipping, currency=currency)
    assert worth(replace(whole, total=whole.total + beside)) == costs


@pytest.mark.parametrize("tax", [0, 160])
def test_units_that_are_asked_about_are_taken_off_as_if_they_were_canceled(tax: int) -> None:
    """Whether the tax is in the price or comes on top: what was paid is what counts."""
    told: dict[str, Any] = {"unit_price": 333 if not tax else 280}
    before, after = (order(replace(line(1, 1000, tax, 3, canceled=n), **told)) for n in (0, 1))
    assert worth(before, {1: 1}) == worth(after) == 1000 - paid_for_first(1000, 3, 1)


def test_goodwill_is_what_goes_beside_goods_and_is_above_nothing() -> None:
    items = (
        Item(ItemKind.LINE, 1990, line=1, quantity=1),
        Item(ItemKind.SHIPPING, 490),
        Item(ItemKind.ADJUSTMENT, 500),
        Item(ItemKind.ADJUSTMENT, -100),
        Item(ItemKind.FEE, -200),
        Item(ItemKind.BONUS, 50),
    )
    assert goodwill_in(items) == 500
