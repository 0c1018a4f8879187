"""The journal's totals are the ledgers': money, store credit, and nothing open with customers."""

from __future__ import annotations

from collections import Counter
from datetime import date

import pytest

from bot.exporting import journal_file, read_all
from core.commands.choosing import Units
from core.commands.crediting import AddCredit
from core.commands.documents import IssueInvoice
from core.commands.exchanging import ExchangeOrder
from core.commands.fulfillment import ShipWork
from core.commands.orders import CancelOrder
from core.commands.receiving import ReceiveReturn
from core.commands.refunds import RecordOrderRefund, RecordRefund
from core.commands.returns import RequestReturn
from core.commands.tracking import DeliverParcel
from core.db import tables as t
from core.domain.access import Role
from core.domain.refusals import Invalid, NotAllowed
from core.queries.journal import ReadJournal
from core.queries.margin import ShowMargin
from tests.shop import make_shop, staff

DAY = date(2026, 11, 23)


@pytest.fixture
def shop(database):
    """1001: returned in part; 1002: a unit canceled; 1003: exchanged for something cheaper."""
    shop = make_shop(database)
    for order in (1001, 1002, 1003):
        shop.place(order, ("mug-red", 2), ("sock-grey", 1))
    shop.do(CancelOrder("1002", "changed mind", (Units("mug-red", 1),)))
    shop.do(RecordOrderRefund("1002", "bank 1"))
    for number in ("1001", "1003"):
        assert shop.do(ShipWork(number, f"T{number}0", "DHL")).ok
        assert shop.do(DeliverParcel(number)).ok
    shop.do(IssueInvoice("1001"))
    shop.do(RequestReturn("1001", "mug-red", 1))
    shop.do(ReceiveReturn("R1001-1"))
    shop.do(RecordRefund("R1001-1", "bank 2"))
    shop.do(ExchangeOrder("1003", "for mug-blue", (Units("mug-red", 1),)))
    shop.do(ReceiveReturn("R1003-1"))
    shop.do(AddCredit("anna@example.org", "5.00", '=cmd|"sorry"'))
    yield shop
    shop.close()


def test_its_totals_are_those_of_the_ledgers(shop):
    rows = read_all(shop.ask, DAY, DAY)
    by_voucher: Counter[str] = Counter()
    accounts: Counter[str] = Counter()
    for row in rows:
        by_voucher[row.voucher] += row.debit - row.credit
        accounts[row.account] += row.debit - row.credit
    assert set(by_voucher.values()) == {0}
    orders = shop.rows(t.orders)
    credit = sum(row["captured"] for row in shop.rows(t.payment))
    parts = [p for p in shop.rows(t.refund_part) if p["state"] == "refunded"]
    in_money = sum(p["amount"] for p in parts if p["gateway"] != "credit")
    assert accounts["money: channel"] == sum(o["captured"] for o in orders) - credit
    assert accounts["money: manual"] == -in_money
    assert -accounts["store credit"] == shop.rows(t.credit_account)[0]["balance"] == 500
    assert accounts["customers"] == 0
    assert accounts["sales"] == -(3 * 5970 - 1990 + 1990)
    assert {row.document for row in rows} == {"", "INV-00001", "CN-00001"}


def test_it_is_written_for_spreadsheets_and_read_by_those_who_may(shop):
    rows = read_all(shop.ask, DAY, DAY)
    made = journal_file("journal.csv", rows).decode("utf-8-sig")
    assert made.startswith(
        "date,voucher,kind,order,document,text,account,debit,credit,currency\r\n"
    )
    assert ",customers,59.70,0.00,EUR\r\n" in made
    assert journal_file("j.XLSX", rows)[:2] == b"PK"
    assert read_all(shop.ask, date(2026, 11, 24), date(2026, 11, 25)) == []
    for wrong in (
        lambda: journal_file("j.txt", rows),
        lambda: read_all(shop.ask, DAY, date(2025, 1, 1)),
    ):
        with pytest.raises(Invalid):
            wrong()
    with pytest.raises(NotAllowed):
        shop.ask(ReadJournal(DAY, DAY), staff(Role.SUPPORT))


def test_the_margin_of_an_order_after_its_return(shop):
    costs = t.product.update().values(cost=500)
    shop.engine.chore(lambda uow: uow.session.connection.execute(costs))
    found = shop.ask(ShowMargin("1001"))
    assert (found.revenue, found.goods, found.parcels) == (3980, 1000, 490 + 3 * 40)
    assert (found.earned, found.percent, found.unknown) == (2370, 60, ())
