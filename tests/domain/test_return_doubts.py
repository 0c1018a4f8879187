"""A receipt shown twice, and goods that were never on it."""

from __future__ import annotations

import pytest

from core.domain.returning.doubts import doubts
from core.domain.returning.flags import Flag
from tests.domain.test_journal import line, order

CATALOG = {"poster": "poster-sun", "sku-1": "sku-1", "1": "sku-1"}
BOUGHT = order(
    line(1, 5970, 0, 3, shipped=3, delivered=3, return_received=1, return_kept=1),
    line(2, 1990, 0, 1, shipped=1, delivered=1, return_received=1),
)


@pytest.mark.parametrize(
    ("wanted", "flags"),
    [
        ([("sku-1", 1)], []),
        ([("SKU-1", 2)], [Flag.RECEIPT_REUSED]),
        ([("1", None)], []),
        ([("sku-2", None)], [Flag.RECEIPT_REUSED]),
        ([("poster", 1)], [Flag.NEVER_BOUGHT]),
        ([("misspelled", 1)], []),
        ([("poster", 1), ("sku-2", 1)], [Flag.NEVER_BOUGHT, Flag.RECEIPT_REUSED]),
        ([], []),  # something of it may still come
    ],
)
def test_what_cannot_be_the_orders_is_named(wanted, flags: list[Flag]) -> None:
    assert [each.flag for each in doubts(BOUGHT, wanted, CATALOG)] == flags


def test_it_is_explained_with_its_figures() -> None:
    (reused,) = doubts(BOUGHT, [("sku-1", 2)], CATALOG)
    assert reused.words == (
        "2 of 3 × sku-1 of order 1001 came back, or were paid back, already; 2 more are brought "
        "with it."
    )
    (strange,) = doubts(BOUGHT, [("poster", 1)], CATALOG)
    assert strange.words == "poster-sun was never bought with order 1001."


def test_more_than_was_sent_is_no_receipt_shown_twice() -> None:
    fresh = order(line(1, 5970, 0, 3, shipped=3, delivered=3))
    assert doubts(fresh, [("sku-1", 9)], CATALOG) == ()
    gone = order(line(1, 1990, 0, 1, shipped=1, delivered=1, return_received=1))
    assert [each.flag for each in doubts(gone, [], CATALOG)] == [Flag.RECEIPT_REUSED]
