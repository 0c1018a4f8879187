"""Money that the customer's bank has: no task, exchange or reference pays it a second time."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from core.commands.choosing import Units
from core.commands.crediting import AddCredit, UseCredit
from core.commands.disputing import RecordDispute
from core.commands.exchanging import ExchangeOrder
from core.commands.fulfillment import ShipWork
from core.commands.orders import CancelOrder
from core.commands.receiving import ReceiveReturn
from core.commands.refunding import ApproveRefund, RefundOrder, WithdrawRefund
from core.commands.refunds import RecordRefund
from core.commands.returns import RequestReturn
from core.commands.tracking import DeliverParcel
from core.db import tables as t
from core.domain.access import Role
from core.domain.disputes import DisputeState
from core.domain.refund_wish import What
from tests.shop import CHANNEL, SHOPIFY, Shop, make_shop, staff

ONE = (Units("mug-red", 1),)
BEN = staff(Role.LEAD, "Ben")


@pytest.fixture
def shop(database: str) -> Iterator[Shop]:
    """Order 1001 (two red mugs at 19.90) has been delivered."""
    made = make_shop(database)
    made.place(1001, ("mug-red", 2))
    assert made.do(ShipWork("1001", "T1001", "DHL")).ok
    assert made.do(DeliverParcel("1001")).ok
    yield made
    made.close()


def bank(shop: Shop, state: DisputeState = DisputeState.OPEN, amount: int = 3980) -> None:
    told = RecordDispute(
        SHOPIFY, "dp_1", amount, "EUR", state, shop.clock(), order="gid-1001", reason="fraudulent"
    )
    assert shop.do(told, CHANNEL).ok


def cases(shop: Shop) -> list[str]:
    return [row["kind"] for row in shop.rows(t.cases) if row["state"] != "resolved"]


def test_an_exchange_is_not_paid_with_money_that_a_bank_holds(shop: Shop) -> None:
    """The goods are counted in; the customer's own credit stays theirs."""
    assert shop.do(AddCredit("anna@example.org", "50.00", "sorry"), staff(Role.OWNER)).ok
    assert shop.do(ExchangeOrder("1001", "for mug-blue", ONE)).ok
    bank(shop)
    assert "lacks €19.90" in shop.do(ReceiveReturn("R1001-1", "BER")).sentence
    assert [row["balance"] for row in shop.rows(t.credit_account)] == [5000]
    assert shop.do(ApproveRefund("R1001-1"), BEN).code == "disputed"
    bank(shop, DisputeState.WON)
    assert shop.do(ApproveRefund("R1001-1"), BEN).ok
    assert shop.do(UseCredit("1001-X1")).facts["amount"] == 1990
    assert [row["balance"] for row in shop.rows(t.credit_account)] == [5000]


def test_what_a_person_was_to_pay_waits_when_the_bank_has_asked_for_it(shop: Shop) -> None:
    assert shop.do(RequestReturn("1001", "mug-red", 1)).ok
    assert shop.do(ReceiveReturn("R1001-1", "BER")).ok
    assert cases(shop) == ["refund_task"]
    bank(shop)
    assert sorted(cases(shop)) == ["chargeback", "refund_approval"]
    assert shop.do(ApproveRefund("R1001-1"), BEN).code == "disputed"
    bank(shop, DisputeState.WON)
    assert shop.do(ApproveRefund("R1001-1"), BEN).ok
    assert cases(shop) == ["refund_task"]


def test_money_enough_for_both_goes_on(shop: Shop) -> None:
    assert shop.do(RequestReturn("1001", "mug-red", 1)).ok
    assert shop.do(ReceiveReturn("R1001-1", "BER")).ok
    bank(shop, amount=1990)
    assert sorted(cases(shop)) == ["chargeback", "refund_task"]


def test_a_refund_that_was_paid_beside_the_bank_is_recorded_and_looked_at(shop: Shop) -> None:
    assert shop.do(RequestReturn("1001", "mug-red", 1)).ok
    assert shop.do(ReceiveReturn("R1001-1", "BER")).ok
    bank(shop, DisputeState.LOST)
    assert shop.do(RecordRefund("R1001-1", "bank-1"), BEN).ok
    assert "outside_refund" in cases(shop)


def test_nobody_withdraws_what_is_owed_for_goods(shop: Shop) -> None:
    """Only money that somebody gave by their own word can be taken back by it."""
    shop.place(1002, ("mug-red", 2))
    assert shop.do(CancelOrder("1002", "less", ONE)).ok
    assert shop.do(RequestReturn("1001", "mug-red", 1)).ok
    assert shop.do(ReceiveReturn("R1001-1", "BER")).ok
    numbers = {row["id"]: row["number"] for row in shop.rows(t.orders)}
    for row in shop.rows(t.refund):
        ask = WithdrawRefund(numbers[row["order_id"]], row["id"])
        assert shop.do(ask).outcome == "refused"
    assert [row["state"] for row in shop.rows(t.refund)] == ["due", "due"]


def test_what_a_cancellation_found_owed_already_is_not_taken_back(shop: Shop) -> None:
    shop.place(1002, ("mug-red", 2))
    made = shop.do(RefundOrder("1002", what=What.ALL)).facts["refund"]
    assert shop.do(CancelOrder("1002", "less", ONE)).ok
    assert shop.do(WithdrawRefund("1002", made)).ok
    assert [(r["amount"], r["state"]) for r in shop.rows(t.refund)] == [
        (3980, "canceled"),
        (1990, "due"),
    ]
    again = shop.do(RefundOrder("1002", what=What.ALL)).facts["refund"]
    assert shop.do(CancelOrder("1002"), BEN).ok
    assert shop.do(WithdrawRefund("1002", again)).outcome == "refused"
    assert sum(r["amount"] for r in shop.rows(t.refund, state="due")) == 3980
