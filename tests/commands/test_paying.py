"""Payments as rows, and what customers are asked to pay more: counted once, never taken."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from core.commands.asking_money import RemindOfPayments, RequestPayment, WithdrawRequest
from core.commands.edits import ConfirmEdit, EditOrder
from core.commands.orders import CancelOrder
from core.commands.outside import RecordChannelRefund
from core.commands.paying import RecordPaid
from core.commands.refunding import RefundOrder
from core.commands.refunds import RecordOrderRefund
from core.commands.scans import ScanForCases
from core.commands.undo import UndoLast
from core.db import tables as t
from core.domain.cases import CaseKind
from core.domain.refund_wish import What
from core.queries.money import MoneyView, ShowMoney
from tests.shop import CHANNEL, SHOPIFY, Shop, make_shop


@pytest.fixture
def shop(database: str) -> Iterator[Shop]:
    shop = make_shop(database)
    shop.place(1001, ("mug-red", 2))
    yield shop
    shop.close()


def grown(shop: Shop) -> None:
    """One mug more than was paid for: 19.90 are asked for."""
    assert shop.do(EditOrder("1001", "mug-red 3")).ok
    assert shop.do(ConfirmEdit("1001")).ok


def money(shop: Shop, number: str = "1001") -> MoneyView:
    return shop.ask(ShowMoney(number))


def asked(shop: Shop) -> list[tuple[int, str]]:
    return [(q.amount, q.state) for q in money(shop).requests]


def open_kinds(shop: Shop) -> list[str]:
    return [c["kind"] for c in shop.rows(t.cases) if c["state"] != "resolved"]


def test_what_an_edit_costs_more_is_asked_for_and_closed_by_its_payment(shop: Shop) -> None:
    grown(shop)
    assert asked(shop) == [(1990, "open")]
    assert money(shop).captured == 3980
    assert shop.do(RecordPaid("1001", "bank-7")).ok
    assert asked(shop) == [(1990, "paid")]
    assert shop.do(RecordPaid("1001", "bank-7")).outcome == "refused"
    assert shop.do(RecordPaid("1001", "bank-8")).outcome == "refused"
    assert money(shop).captured == 5970
    # The channel does not know of it, and takes nothing of it away.
    assert shop.do(shop.order(1001, ("mug-red", 3)), CHANNEL).ok
    assert shop.do(UndoLast()).outcome == "refused"


def test_the_channel_may_take_it_and_parts_of_it(shop: Shop) -> None:
    grown(shop)
    assert shop.do(shop.order(1001, ("mug-red", 3), captured=4980), CHANNEL).ok
    assert asked(shop) == [(990, "open")]
    assert shop.do(shop.order(1001, ("mug-red", 3), captured=5970), CHANNEL).ok
    assert asked(shop) == [(990, "paid")]
    assert money(shop).captured == 5970


def test_a_smaller_order_or_none_asks_for_less(shop: Shop) -> None:
    grown(shop)
    assert shop.do(EditOrder("1001", "mug-red 2")).ok
    assert shop.do(ConfirmEdit("1001")).ok
    assert asked(shop) == [(1990, "withdrawn")]
    assert money(shop).owed == 0
    assert shop.do(RequestPayment("1001", "5.00", "express")).ok
    assert shop.do(UndoLast()).ok
    assert shop.do(RequestPayment("1001", "5.00", "express")).ok
    assert shop.do(CancelOrder("1001", "changed mind")).ok
    assert [state for _, state in asked(shop)] == ["withdrawn"] * 3
    assert shop.do(WithdrawRequest("1001")).outcome == "refused"


@pytest.mark.parametrize("amount", ["0", "-5.00", "five", "5.001"])
def test_no_sum_is_asked_for_that_is_none(shop: Shop, amount: str) -> None:
    assert shop.do(RequestPayment("1001", amount, "express")).outcome == "refused"
    assert shop.do(RecordPaid("1001", "bank-7", amount)).outcome == "refused"
    assert asked(shop) == []


def test_who_does_not_pay_is_reminded_once_and_a_person_looks(shop: Shop) -> None:
    grown(shop)
    shop.clock.advance(days=7, hours=1)
    assert shop.do(RemindOfPayments(), CHANNEL).facts["reminded"] == 1
    assert shop.do(RemindOfPayments(), CHANNEL).facts["reminded"] == 0
    assert shop.do(ScanForCases(CaseKind.PAYMENT_DUE), CHANNEL).ok
    assert "payment_due" in open_kinds(shop)
    assert shop.do(RecordPaid("1001", "bank-7")).ok
    assert "payment_due" not in open_kinds(shop)


def test_a_refund_goes_back_over_two_payments_the_first_one_first(shop: Shop) -> None:
    """The store took 39.80; an edit's 19.90 came by bank."""
    grown(shop)
    assert shop.do(RecordPaid("1001", "bank-7")).ok
    for reason in ("15.00 scratched", "30.00 also scratched"):
        assert shop.do(RefundOrder("1001", reason=reason)).ok
    over = shop.do(RefundOrder("1001", reason="14.71 too much"))
    assert over.code == "over_refund"
    assert shop.do(RefundOrder("1001", what=What.ALL)).ok
    shares = [(row["payment_id"] is not None, row["amount"]) for row in shop.rows(t.refund_part)]
    assert shares == [(False, 1500), (False, 2480), (True, 520), (True, 1470)]
    # The store tells of its share of the second refund only: by that sum it is recognized.
    word = RecordChannelRefund(SHOPIFY, "gid-1001", "r1", 2480, "EUR", shop.clock())
    assert shop.do(word, CHANNEL).ok
    assert money(shop).refunded == 2480
    assert shop.do(RecordOrderRefund("1001", "bank-9")).ok
    view = money(shop)
    assert (view.refunded, view.owed, view.left) == (5970, 0, 0)
    assert [(p.captured, p.refunded) for p in view.payments] == [(3980, 3980), (1990, 1990)]
