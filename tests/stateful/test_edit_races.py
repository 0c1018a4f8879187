"""Many hands on one edit, and many edits on one shelf: each happens once, none promises air."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from core.commands.edits import ConfirmEdit, EditOrder
from core.commands.fulfillment import PrintPicks
from core.db import tables as t
from tests.stateful.crowd import MANY, Crowd, Tally, done


@pytest.fixture
def crowd(database: str) -> Iterator[Crowd]:
    tally = Tally()
    made = Crowd(database, tally)
    yield made
    made.close()
    assert (tally.oversold, tally.undersold, tally.drift, tally.deadlocks) == (0, 0, 0, 0)


def test_sixteen_confirm_one_edit_and_it_happens_once(crowd: Crowd) -> None:
    crowd.shop.place(1001, ("mug-red", 2))
    crowd.shop.do(EditOrder("1001", "mug-red 5"))
    receipts = crowd.rush([ConfirmEdit("1001")] * MANY)
    assert done(receipts) == 1
    assert {each.code for each in receipts if not each.ok} <= {"not_found", "preview_changed"}
    (row,) = crowd.shop.rows(t.order_line)
    assert (row["ordered"], row["allocated"]) == (5, 5)


def test_sixteen_edit_one_order_and_share_one_change(crowd: Crowd) -> None:
    crowd.shop.place(1001, ("mug-red", 2))
    receipts = crowd.rush([EditOrder("1001", "add sock-grey 1")] * MANY)
    assert done(receipts) == MANY
    (change,) = crowd.shop.rows(t.order_change)
    actions = crowd.shop.rows(t.order_change_action, change_id=change["id"])
    assert sorted(row["position"] for row in actions) == list(range(1, MANY + 1))


def test_edits_grow_and_shrink_on_one_shelf_while_it_is_printed(crowd: Crowd) -> None:
    """Twenty units: eight orders of two; four become four, four become one, the rest waits."""
    numbers = [str(number) for number in range(1001, 1009)]
    for n, number in enumerate(numbers):
        crowd.shop.place(number, ("mug-red", 2))
        crowd.shop.do(EditOrder(number, f"mug-red {4 if n % 2 else 1}"))
    steps: list[Any] = [ConfirmEdit(number) for number in numbers]
    receipts = crowd.rush([*steps, PrintPicks("BER"), PrintPicks("HAM")])
    assert {each.code for each in receipts[:8] if not each.ok} <= {"preview_changed"}
    reserved = sum(row["reserved"] for row in crowd.shop.rows(t.stock_level, sku="mug-red"))
    assert reserved <= 20
