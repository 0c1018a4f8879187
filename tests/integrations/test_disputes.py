"""A chargeback from its first word to its end: case, blocked refunds, and the books."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from bot.sandbox.shop import acts
from core.commands.choosing import Units
from core.commands.disputing import RecordDispute
from core.commands.orders import CancelOrder
from core.commands.payment_news import CapturePayment
from core.commands.refunding import ApproveOrderRefund, RefundOrder
from core.db import tables as t
from core.domain.access import Role
from core.domain.disputes import DisputeState
from core.queries.journal import ReadJournal
from core.queries.margin import ShowMargin
from tests.gateways import STRIPE, Bank, make_bank
from tests.shop import CHANNEL, staff

pytestmark = pytest.mark.anyio
OWNER = staff(Role.OWNER, "Olga")


@pytest.fixture
async def bank(database: str) -> AsyncIterator[Bank]:
    bank = make_bank(database)
    yield bank
    await bank.close()


def cases(bank: Bank) -> list[dict[str, Any]]:
    return bank.shop.rows(t.cases, kind="chargeback")


async def test_a_lost_chargeback_is_never_paid_twice_and_stands_in_the_books(bank: Bank):
    paid = bank.order("1001", 1990)
    du = bank.stripe.dispute(paid.id)
    assert await bank.bring() == [200] * len(bank.stripe.post.events)
    (case,) = cases(bank)
    assert case["title"] == "The customer's bank asks back €19.90 of order 1001: fraudulent."
    assert case["due_at"] == int(du.due_by.timestamp()) * 1_000_000

    no = bank.shop.do(RefundOrder("1001", (Units("mug-red", 1),)))
    assert (no.code, bank.shop.rows(t.refund)) == ("disputed", [])
    assert "`proof 1001`" in no.next

    assert bank.shop.do(CancelOrder("1001", "changed my mind")).ok
    await bank.work()
    (due,) = bank.shop.rows(t.refund)
    assert (due["state"], len(bank.stripe.refunds)) == ("due", 0), "it is owed, and waits"
    assert bank.shop.do(ApproveOrderRefund("1001"), OWNER).code == "disputed"

    bank.stripe.move_dispute(du.id, "under_review")
    bank.stripe.move_dispute(du.id, "lost")
    bank.stripe.post.policy = "twice"
    await bank.bring()
    (case,) = cases(bank)
    assert (case["state"], case["resolution"]) == ("resolved", "lost: the bank keeps the money")
    assert bank.shop.do(ApproveOrderRefund("1001"), OWNER).code == "disputed"
    today = bank.shop.clock.now.date()
    rows = bank.shop.ask(ReadJournal(today, today), OWNER).rows
    assert [(r.account, r.debit, r.credit) for r in rows if r.kind == "chargeback"] == [
        ("chargebacks", 1990, 0),
        ("money: stripe", 0, 1990),
    ]
    assert bank.shop.ask(ShowMargin("1001"), OWNER).chargebacks == 1990


async def test_a_won_one_gives_the_money_free_and_an_inquiry_holds_nothing(bank: Bank):
    paid = bank.order("1001", 1990)
    asked = bank.stripe.dispute(paid.id, inquiry=True)
    await bank.bring()
    assert "asks about €19.90" in cases(bank)[0]["title"]
    assert bank.shop.do(RefundOrder("1001", reason="5.00 sorry")).ok

    bank.stripe.move_dispute(asked.id, "needs_response")  # now it is a chargeback
    await bank.bring()
    first, second = cases(bank)
    assert (first["state"], second["state"]) == ("resolved", "open")
    assert bank.shop.do(RefundOrder("1001", reason="1.00 more")).code == "disputed"
    bank.stripe.move_dispute(asked.id, "won")
    bank.stripe.move_dispute(asked.id, "under_review")  # comes late
    await bank.bring()
    assert {row["state"] for row in cases(bank)} == {"resolved"}
    assert bank.shop.do(RefundOrder("1001", reason="1.00 more")).ok
    assert [row["state"] for row in bank.shop.rows(t.dispute)] == ["won"]


async def test_of_a_payment_that_nobody_knows_and_of_an_order_of_the_store(bank: Bank):
    bank.stripe.dispute(bank.stripe.pay(500, manual=False).id)
    await bank.bring()
    (case,) = cases(bank)
    assert (case["order_id"], "no order here knows" in case["title"]) == (None, True)

    theirs = bank.town.buy({"mug-red": 1})
    await bank.town.bring()
    acts.dispute(bank.town.store, theirs.number)
    await bank.town.bring()
    assert bank.shop.do(RefundOrder(str(theirs.number), (Units("mug-red", 1),))).code == "disputed"
    acts.dispute(bank.town.store, theirs.number, status="won")
    await bank.town.bring()
    assert bank.shop.do(RefundOrder(str(theirs.number), (Units("mug-red", 1),))).ok


async def test_a_dispute_that_is_faster_than_its_order_holds_its_money_once_it_is_there(bank: Bank):
    said = CapturePayment("stripe", "pi_late", 1990, 1990)
    told = RecordDispute(
        STRIPE, "du_fast", 1990, "EUR", DisputeState.OPEN, bank.shop.clock(), payment="pi_late"
    )
    assert bank.shop.do(told, CHANNEL).ok
    bank.shop.place("1001", ("mug-red", 1), captured=0, connection_id=None, payments=(said,))
    assert bank.shop.do(told, CHANNEL).ok
    assert bank.shop.do(RefundOrder("1001", (Units("mug-red", 1),))).code == "disputed"
    (case,) = cases(bank)
    assert case["state"] == "open"
