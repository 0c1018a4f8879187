"""The same money twice: debts of edits and cancellations beside refunds that the shop makes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from core.commands.choosing import Units
from core.commands.edits import ConfirmEdit, EditOrder
from core.commands.orders import CancelOrder
from core.commands.outside import RecordChannelRefund
from core.commands.refunds import RecordRefund
from core.commands.setup import SetPolicy
from core.commands.undo import UndoLast
from core.db import tables as t
from core.domain.access import Role
from core.engine import Receipt
from tests.shop import CHANNEL, SHOPIFY, Shop, make_shop, staff

PAID = 3 * 1990


@pytest.fixture
def shop(database: str) -> Iterator[Shop]:
    shop = make_shop(database)
    shop.place(1001, ("mug-red", 2), ("tee-black-m", 1))
    yield shop
    shop.close()


def edited(shop: Shop) -> None:
    assert shop.do(EditOrder("1001", "mug-red 1")).ok
    assert shop.do(ConfirmEdit("1001")).ok


def canceled(shop: Shop) -> None:
    assert shop.do(CancelOrder("1001", "too many", (Units("mug-red", 1),))).ok


def refunded_in_the_shop(shop: Shop, amount: int, name: str = "r1") -> Receipt:
    told = RecordChannelRefund(SHOPIFY, "gid-1001", name, amount, "EUR", shop.clock())
    return shop.do(told, CHANNEL)


def money(shop: Shop) -> tuple[int, int]:
    """What has gone back, and what is still owed."""
    due = sum(row["amount"] for row in shop.rows(t.refund, state="due"))
    return shop.rows(t.orders, number="1001")[0]["refunded"], due


def tasks(shop: Shop) -> list[dict[str, Any]]:
    return [row for row in shop.rows(t.cases, kind="refund_task") if row["state"] != "resolved"]


@pytest.mark.parametrize("owing", [edited, canceled])
def test_what_the_shop_paid_out_in_full_is_not_owed_again(
    shop: Shop, owing: Callable[[Shop], None]
) -> None:
    owing(shop)
    assert refunded_in_the_shop(shop, PAID).ok
    assert money(shop) == (PAID, 0)
    assert not tasks(shop)
    assert shop.do(RecordRefund("1001", "re_1")).outcome == "refused"


def test_of_a_debt_that_the_shop_has_covered_in_part_the_rest_stays_due(shop: Shop) -> None:
    canceled(shop)
    assert refunded_in_the_shop(shop, PAID - 1470).ok
    assert money(shop) == (PAID - 1470, 1470)
    assert len(tasks(shop)) == 1
    assert shop.do(RecordRefund("1001", "re_1")).ok
    assert money(shop) == (PAID, 0)


def test_one_refund_of_the_shop_pays_an_edit_and_a_cancellation(shop: Shop) -> None:
    edited(shop)
    canceled(shop)
    assert refunded_in_the_shop(shop, 2 * 1990).ok
    assert money(shop) == (2 * 1990, 0)
    assert shop.do(RecordRefund("1001", "re_1")).outcome == "refused"
    assert refunded_in_the_shop(shop, 2 * 1990).ok  # told twice
    assert money(shop) == (2 * 1990, 0)


def test_an_order_that_the_shop_cancels_and_refunds_after_our_edit(shop: Shop) -> None:
    edited(shop)
    word = shop.order(1001, ("mug-red", 2), ("tee-black-m", 1))
    assert shop.do(replace(word, canceled_at=shop.clock(), updated_at=shop.clock()), CHANNEL).ok
    assert refunded_in_the_shop(shop, PAID).ok
    assert money(shop) == (PAID, 0)


def test_an_edit_whose_money_has_gone_back_is_not_undone(shop: Shop) -> None:
    edited(shop)
    assert refunded_in_the_shop(shop, 1990).ok
    assert shop.do(UndoLast()).outcome == "refused"
    assert money(shop) == (1990, 0)


def test_what_an_edit_owes_above_the_limit_waits_whoever_has_edited(shop: Shop) -> None:
    assert shop.do(SetPolicy("refund_approve_above", "1500"), staff(Role.OWNER)).ok
    assert shop.do(EditOrder("1001", "mug-red 1"), CHANNEL).ok
    assert shop.do(ConfirmEdit("1001"), CHANNEL).ok
    (case,) = shop.rows(t.cases, kind="refund_approval")
    assert "for its edit wait for approval" in case["title"]
    assert not tasks(shop)
