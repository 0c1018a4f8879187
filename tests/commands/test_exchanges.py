"""Exchanges through the engine: both sides in one step, paid with what really arrived."""

from __future__ import annotations

import pytest

from core.commands.choosing import Units
from core.commands.exchanging import (
    CancelExchange,
    ExchangeOrder,
    ExchangeReturn,
    Goes,
    SettleExchanges,
)
from core.commands.fulfillment import ShipWork
from core.commands.orders import CancelOrder
from core.commands.paying import RecordPaid
from core.commands.receiving import ReceiveReturn
from core.commands.return_decisions import ApproveReturn, CancelReturn, ChangeWish
from core.commands.returns import RequestReturn
from core.commands.setup import SetPolicy
from core.commands.tracking import DeliverParcel
from core.commands.undo import UndoLast
from core.db import tables as t
from core.domain.access import Role, system
from core.domain.returns import Wish
from core.engine import Caller
from core.queries.orders import ShowOrder
from tests.shop import SHOP, Shop, make_shop, staff

CLOCK = Caller(system(SHOP, "clock"), "clock")


@pytest.fixture
def shop(database):
    """Order 1001 (two red mugs at 19.90) has been delivered."""
    shop = make_shop(database)
    shop.place(1001, ("mug-red", 2))
    assert shop.do(ShipWork("1001", "T1001", "DHL")).ok
    assert shop.do(DeliverParcel("1001")).ok
    yield shop
    shop.close()


def priced(shop: Shop, sku: str, price: int) -> None:
    clause = t.product.update().where(t.product.c.sku == sku).values(price=price)
    shop.engine.chore(lambda uow: uow.session.connection.execute(clause), SHOP)


def swap(shop: Shop, new: str = "for mug-blue", units: int = 1, **more):
    return shop.do(ExchangeOrder("1001", new, (Units("mug-red", units),), **more))


def money(shop: Shop, number: str) -> tuple[int, int, int, str]:
    view = shop.ask(ShowOrder(number))
    return view.total, view.captured, view.refunded, view.payment_status


def state(shop: Shop) -> str:
    return shop.rows(t.exchange)[0]["state"]


def held(shop: Shop, number: str = "1001-X1") -> list[str]:
    return [hold.reason for hold in shop.ask(ShowOrder(number)).holds]


def go_on(shop: Shop) -> int:
    return shop.do(SettleExchanges(), CLOCK).facts["moved"]


def due(shop: Shop) -> list[tuple[int, str]]:
    return [(r["amount"], r["state"]) for r in shop.rows(t.refund) if r["target"] != "credit"]


def test_an_even_exchange_moves_no_money_and_leaves_when_the_goods_are_here(shop):
    made = swap(shop)
    assert made.sentence == "1 × mug-blue goes out as 1001-X1 when return R1001-1 has arrived."
    assert shop.rows(t.stock_level, sku="mug-blue", location_id=11)[0]["reserved"] == 1
    assert held(shop) == ["exchange"]
    assert shop.do(ShipWork("1001-X1", "T1002", "DHL")).code == "held"
    assert swap(shop, units=2).code == "not_possible"
    assert shop.do(ReceiveReturn("R1001-1")).sentence == (
        "Return R1001-1 is received at BER. 1001-X1 is paid by it and may leave."
    )
    assert held(shop) == []
    assert money(shop, "1001-X1") == (1990, 1990, 0, "paid")
    assert money(shop, "1001") == (3980, 3980, 1990, "part_refunded")
    assert due(shop) == []
    assert [(r["kind"], r["amount"]) for r in shop.rows(t.credit_entry)] == [
        ("issued", 1990),
        ("spent", -1990),
    ]
    assert shop.do(ShipWork("1001-X1", "T1002", "DHL")).ok
    go_on(shop)
    assert (state(shop), go_on(shop)) == ("done", 0)
    assert {link.how for link in shop.ask(ShowOrder("1001-X1")).linked} == {"exchanges"}


def test_the_difference_goes_back_or_is_asked_for_by_what_arrived(shop):
    priced(shop, "sock-grey", 990)
    priced(shop, "tee-black-m", 2490)
    assert shop.do(ExchangeOrder("1001", "mug-red for sock")).code == "not_found"
    swap(shop, "for sock-grey 1")
    shop.do(ReceiveReturn("R1001-1"))
    assert money(shop, "1001-X1") == (990, 990, 0, "paid")
    assert due(shop) == [(1000, "due")]
    swap(shop, "for tee-black-m 1")
    shop.do(ReceiveReturn("R1001-2"))
    assert money(shop, "1001-X2")[:2] == (2490, 1990)
    assert held(shop, "1001-X2") == ["exchange"]
    assert [(r["amount"], r["state"]) for r in shop.rows(t.payment_request)] == [(500, "open")]
    assert [c["title"] for c in shop.rows(t.cases, kind="exchange_overdue")] == [
        "Exchange 1001-X2 is not paid: €5.00 are missing. Ask the customer."
    ]
    assert go_on(shop) == 0
    assert shop.do(RecordPaid("1001-X2", "bank-7")).ok
    assert go_on(shop) == 1
    assert (held(shop, "1001-X2"), money(shop, "1001-X2")[3]) == ([], "paid")
    assert shop.rows(t.cases, kind="exchange_overdue")[0]["state"] == "resolved"


def test_who_may_not_decide_returns_sends_nothing_first_even_if_the_rules_approve(shop):
    support = staff(Role.SUPPORT, "Sue")
    first = ExchangeOrder("1001", "for mug-blue", (Units("mug-red", 1),), goes=Goes.FIRST)
    assert shop.do(first, support).code == "not_allowed"
    assert shop.rows(t.rma) == []
    assert shop.do(RequestReturn("1001", "mug-red", 1)).ok
    again = ExchangeReturn("R1001-1", "for mug-blue", Goes.FIRST)
    assert shop.do(again, support).code == "not_allowed"
    assert [row["number"] for row in shop.rows(t.orders)] == ["1001"]


def test_sent_first_it_is_paid_when_the_goods_come_or_asked_for_after_its_time(shop):
    assert swap(shop, goes=Goes.FIRST).sentence.startswith("1 × mug-blue goes out as 1001-X1 now")
    twice = shop.do(ChangeWish("R1001-1", Wish.REFUND))
    assert (twice.code, "pays for 1001-X1" in twice.sentence) == ("exchanged", True)
    assert shop.do(ShipWork("1001-X1", "T1002", "DHL")).ok
    shop.clock.advance(days=13)
    assert go_on(shop) == 0
    shop.clock.advance(days=1)
    assert go_on(shop) == 1
    assert [r["amount"] for r in shop.rows(t.payment_request)] == [1990]
    shop.do(ReceiveReturn("R1001-1"))
    assert [r["state"] for r in shop.rows(t.payment_request)] == ["paid"]
    assert money(shop, "1001-X1")[:2] == (1990, 1990)
    assert state(shop) == "done"
    assert [c["state"] for c in shop.rows(t.cases, kind="exchange_overdue")] == ["resolved"]


def test_either_side_may_end(shop):
    swap(shop)
    assert shop.do(UndoLast()).ok
    assert (state(shop), shop.rows(t.rma)[0]["status"]) == ("canceled", "canceled")
    assert shop.ask(ShowOrder("1001-X1")).canceled_at is not None
    swap(shop)
    assert shop.do(CancelReturn("R1001-2")).ok
    assert go_on(shop) == 1
    assert shop.ask(ShowOrder("1001-X2")).canceled_at is not None
    swap(shop)
    assert shop.do(CancelOrder("1001-X3", "no blue ones")).ok
    shop.do(ReceiveReturn("R1001-3"))
    assert due(shop) == [(1990, "due")]
    assert shop.do(CancelExchange("1001-X3")).code == "not_possible"
    assert {row["state"] for row in shop.rows(t.exchange)} == {"canceled"}
    assert shop.rows(t.credit_entry) == []


def test_a_return_that_is_here_is_exchanged_afterwards(shop):
    """The customer wished for an exchange in chat; staff choose the goods later."""
    shop.do(RequestReturn("1001", "mug-red", 1, wish=Wish.EXCHANGE))
    assert shop.do(ApproveReturn("R1001-1")).ok
    shop.do(ReceiveReturn("R1001-1"))
    assert len([c for c in shop.rows(t.cases, kind="return_swap") if c["state"] != "resolved"]) == 1
    assert shop.do(ExchangeReturn("R1001-1", "for mug-purple")).code == "not_found"
    assert shop.do(ExchangeReturn("R1001-1", "for mug-blue")).ok
    assert shop.do(ExchangeReturn("R1001-1", "for mug-blue")).code == "not_possible"
    go_on(shop)
    assert (held(shop), money(shop, "1001-X1")[1]) == ([], 1990)
    assert [c["state"] for c in shop.rows(t.cases, kind="return_swap")] == ["resolved"]


def test_another_list_price_is_the_price_of_the_new_goods(shop):
    priced(shop, "mug-blue", 2190)
    swap(shop)
    assert money(shop, "1001-X1")[0] == 2190
    priced(shop, "mug-blue", 1990)
    shop.do(SetPolicy("exchange_price", "catalog"), staff(Role.OWNER))
    swap(shop)
    assert money(shop, "1001-X2")[0] == 1990
