"""Money moves once at the gateway, whatever the wire does, and the books say what moved."""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import pytest

from bot.sandbox.shop import acts
from bot.sandbox.shop.wire import Fault
from core.commands.asking_money import RequestPayment
from core.commands.choosing import Units
from core.commands.collecting import CollectPayment, LetGoOfPayment
from core.commands.documents import IssueInvoice
from core.commands.fulfillment import ShipWork
from core.commands.orders import CancelOrder
from core.commands.payment_news import CapturePayment
from core.commands.refunding import RetryRefund
from core.commands.refunds import RecordOrderRefund
from core.commands.scans import ScanForCases
from core.commands.setup import SetPolicy
from core.commands.undo import UndoLast
from core.db import tables as t
from core.domain.access import Role
from core.domain.cases import CaseKind
from core.queries.journal import ReadJournal
from tests.gateways import STRIPE, Bank, make_bank
from tests.shop import CHANNEL, SHOP, SHOPIFY, staff

pytestmark = pytest.mark.anyio
OWNER = staff(Role.OWNER, "Olga")


@pytest.fixture
async def bank(database: str) -> AsyncIterator[Bank]:
    bank = make_bank(database)
    yield bank
    await bank.close()


def order_row(bank: Bank, number: str = "1001") -> dict[str, Any]:
    return bank.shop.rows(t.orders, number=number)[0]


def parts(bank: Bank) -> list[tuple[str, int]]:
    return [(row["state"], row["amount"]) for row in bank.shop.rows(t.refund_part)]


def open_cases(bank: Bank) -> list[str]:
    return [row["kind"] for row in bank.shop.rows(t.cases) if row["state"] != "resolved"]


def switch_off(what: str, uow: Any) -> None:
    table, values = (t.shop, {"mode": "watch"}) if what == "shop" else (t.connection, {"active": 0})
    row_id = SHOP if what == "shop" else STRIPE
    uow.session.connection.execute(table.update().where(table.c.id == row_id).values(values))
    uow.people.touch()


# --- refunds --------------------------------------------------------------------------------------


async def test_a_canceled_unit_goes_back_to_the_card_once(bank: Bank):
    paid = bank.owe()
    await bank.work()
    await bank.bring()
    (refund,) = bank.stripe.refunds.values()
    assert (refund.intent, refund.amount) == (paid, 1990)
    assert refund.metadata["wismo_key"] == bank.shop.rows(t.refund_part)[0]["key"]
    assert parts(bank) == [("refunded", 1990)]
    assert order_row(bank)["refunded"] == 1990
    assert bank.shop.rows(t.payment)[0]["refunded"] == 1990
    assert open_cases(bank) == []


@pytest.mark.parametrize("late", [False, True])
async def test_a_lost_answer_is_looked_up_and_not_repeated(bank: Bank, late: bool):
    """Whether our second look or Stripe's own word comes first, it is counted once."""
    bank.stripe.faults.script(Fault("refunds.create", "accept_then_drop"))
    bank.owe()
    await bank.work()
    assert parts(bank) == [("unknown", 1990)]
    if late:
        await bank.bring()
        assert parts(bank) == [("refunded", 1990)]
    bank.shop.clock.advance(minutes=5)
    await bank.worker().until_idle()
    await bank.bring()
    assert parts(bank) == [("refunded", 1990)]
    assert len(bank.stripe.refunds) == 1
    assert order_row(bank)["refunded"] == 1990


async def test_one_that_was_given_up_is_found_by_looking(bank: Bank):
    bank.stripe.post.travel("dropped")
    bank.stripe.faults.script(Fault("refunds.create", "accept_then_drop"))
    bank.stripe.faults.script(Fault("refunds.list", "drop", times=9))
    bank.owe()
    for _ in range(9):
        await bank.work()
        bank.shop.clock.advance(hours=1)
    assert [row["state"] for row in bank.shop.rows(t.outbox, kind="stripe.refund")] == ["dead"]
    bank.stripe.faults.clear()
    assert "1 answers found" in await bank.reconcile() or parts(bank) == [("refunded", 1990)]
    assert parts(bank) == [("refunded", 1990)]
    assert len(bank.stripe.refunds) == 1


@pytest.mark.parametrize("off", ["connection", "shop"])
async def test_what_may_have_been_paid_is_not_called_failed_by_switching_it_off(
    bank: Bank, off: str
):
    """Otherwise a person would pay it a second time."""
    bank.stripe.post.travel("dropped")
    bank.stripe.faults.script(Fault("refunds.create", "accept_then_drop"))
    bank.owe()
    await bank.work()
    bank.shop.engine.chore(partial(switch_off, off), SHOP)
    await bank.work()
    assert parts(bank) == [("unknown", 1990)]


async def test_what_the_gateway_refuses_is_for_a_person(bank: Bank):
    paid = bank.owe()
    bank.stripe.refund_in_dashboard(paid.id, 3980)
    bank.stripe.post.events.clear()  # nobody told us
    await bank.work()
    assert parts(bank) == [("failed", 1990)]
    assert "refund_failed" in open_cases(bank)
    assert len(bank.stripe.refunds) == 1


async def test_a_refund_made_in_the_dashboard_is_recorded_once(bank: Bank):
    paid = bank.order()
    bank.stripe.refund_in_dashboard(paid.id, 500)
    event = bank.stripe.post.events[-2]
    assert event.kind == "refund.created"
    assert [await bank.post(event), await bank.post(event)] == [200, 200]
    await bank.reconcile()
    assert order_row(bank)["refunded"] == 500
    assert bank.shop.rows(t.payment)[0]["refunded"] == 500
    assert open_cases(bank) == ["outside_refund"]


@pytest.mark.parametrize("by_hand", [False, True])
async def test_a_refund_that_the_bank_sends_back_is_owed_again(bank: Bank, by_hand: bool):
    bank.owe()
    assert bank.shop.do(IssueInvoice("1001")).ok
    await bank.work()
    await bank.bring()
    (told,) = [one for one in bank.stripe.post.events if one.kind == "refund.created"]
    assert booked(bank) == (1990, 1990, 0)
    bank.stripe.end_refund(next(iter(bank.stripe.refunds)), failed=True)
    bank.shop.clock.advance(days=9)
    await bank.bring()
    assert booked(bank) == (0, 0, 1990)
    assert parts(bank) == [("reversed", 1990), ("failed", 1990)]
    assert bank.shop.rows(t.order_line)[0]["refunded"] == 0
    assert "refund_failed" in open_cases(bank)
    assert await bank.post(told) == 200  # late words change nothing
    assert booked(bank) == (0, 0, 1990)
    if by_hand:
        assert bank.shop.do(RecordOrderRefund("1001", "bank-7")).ok
    else:
        assert bank.shop.do(RetryRefund("1001")).ok
        await bank.work()
        await bank.bring()
    assert booked(bank) == (1990, 1990, 0)
    assert "refund_failed" not in open_cases(bank)
    day = bank.shop.clock().date()
    moved = bank.shop.ask(ReadJournal(day.replace(month=1, day=1), day)).rows
    money = [x.debit - x.credit for x in moved if x.account == "money: stripe"]
    assert sum(money) == 3980 - (0 if by_hand else 1990)
    assert sum(x.debit - x.credit for x in moved) == 0


def booked(bank: Bank) -> tuple[int, int, int]:
    """(gone back of the order, of its payment, still owed)"""
    due = [row["amount"] - row["paid"] for row in bank.shop.rows(t.refund, state="due")]
    return order_row(bank)["refunded"], bank.shop.rows(t.payment)[0]["refunded"], sum(due)


@pytest.mark.parametrize("tells", [0, 1])
async def test_what_a_person_records_meanwhile_is_not_booked_again(bank: Bank, tells: int):
    """The answer is lost, somebody sees the refund at the gateway, and then its own word comes."""
    bank.stripe.faults.script(Fault("refunds.create", "accept_then_drop"))
    bank.owe()
    await bank.work()
    assert bank.shop.do(RecordOrderRefund("1001", "seen in the dashboard")).ok
    await (bank.bring() if tells else bank.reconcile())
    await bank.reconcile()
    assert parts(bank) == [("refunded", 1990)]
    assert booked(bank) == (1990, 1990, 0)
    assert open_cases(bank) == []
    bank.stripe.refund_in_dashboard(bank.shop.rows(t.payment)[0]["external_id"], 1990)
    await bank.bring()  # this one is a second one
    assert booked(bank) == (3980, 3980, 0)
    assert open_cases(bank) == ["outside_refund"]


# --- webhooks -------------------------------------------------------------------------------------


async def test_an_event_is_believed_only_with_a_fresh_signature(bank: Bank):
    bank.order()
    event = bank.stripe.post.events[0]
    good = bank.shop.clock()
    from bot.sandbox.stripe.webhooks import signature

    secret = bank.stripe.post.secret
    for wrong in (
        "",
        "t=1,v1=2",
        signature("other", event.body, good),
        signature(secret, event.body + b" ", good),
        signature(secret, event.body, good.replace(hour=good.hour - 1)),
        signature(secret, event.body, good.replace(hour=good.hour + 1)),
    ):
        assert await bank.post(event, **{"Stripe-Signature": wrong}) == 401
    assert await bank.post(event) == 200


async def test_events_in_any_order_end_the_same(bank: Bank):
    bank.order(manual=True)
    bank.shop.do(CollectPayment("1001"))
    await bank.work()
    bank.stripe.post.events.reverse()
    for event in [*bank.stripe.post.events, *bank.stripe.post.events]:
        assert await bank.post(event) == 200
    row = bank.shop.rows(t.payment)[0]
    assert (row["authorized"], row["captured"], row["voided"]) == (1990, 1990, 0)
    assert order_row(bank)["captured"] == 1990
    assert order_row(bank)["payment_status"] == "paid"


# --- captures -------------------------------------------------------------------------------------


async def test_money_is_taken_as_parcels_leave(bank: Bank):
    bank.shop.do(SetPolicy("capture_when", "shipment"), OWNER)
    bank.order(
        manual=True, multicapture=True, amount=3980, lines=(("mug-red", 1), ("tee-black-m", 1))
    )
    (order,) = bank.shop.rows(t.orders)
    assert order["captured"] == 0
    assert bank.shop.do(ShipWork("1001", tracking_number="JJD1", carrier="DHL")).ok
    await bank.work()
    await bank.bring()
    assert order_row(bank)["captured"] == 3980
    (row,) = bank.shop.rows(t.payment)
    assert (row["captured"], row["voided"]) == (3980, 0)
    assert [one["state"] for one in bank.shop.rows(t.collection)] == ["done"]


async def test_a_capture_whose_answer_was_lost_is_not_repeated(bank: Bank):
    paid = bank.order(manual=True)
    bank.stripe.faults.script(Fault("payment_intents.capture", "accept_then_drop"))
    assert bank.shop.do(CollectPayment("1001")).ok
    again = bank.shop.do(CollectPayment("1001"))
    assert not again.ok, again  # what is under way is not asked for twice
    await bank.work()
    assert [one["state"] for one in bank.shop.rows(t.collection)] == ["unknown"]
    bank.shop.clock.advance(minutes=20)
    bank.shop.do(ScanForCases(CaseKind.CAPTURE_UNKNOWN), CHANNEL)
    assert "capture_unknown" in open_cases(bank)
    await bank.worker().until_idle()
    bank.shop.do(ScanForCases(CaseKind.CAPTURE_UNKNOWN), CHANNEL)
    assert paid.received == order_row(bank)["captured"] == 1990
    assert open_cases(bank) == []


async def test_canceling_lets_go_of_what_was_set_aside(bank: Bank):
    paid = bank.order(manual=True)
    bank.shop.do(CancelOrder("1001"))
    await bank.work()
    await bank.bring()
    assert paid.status == "canceled"
    assert bank.shop.rows(t.payment)[0]["voided"] == 1990
    assert bank.shop.rows(t.refund) == []


async def test_an_authorization_that_lapses_opens_a_case_before_and_closes_it(bank: Bank):
    bank.order(manual=True)
    bank.shop.clock.advance(days=4)
    bank.shop.do(ScanForCases(CaseKind.AUTHORIZATION_ENDS), CHANNEL)
    assert open_cases(bank) == []
    bank.shop.clock.advance(days=2)
    bank.shop.do(ScanForCases(CaseKind.AUTHORIZATION_ENDS), CHANNEL)
    assert open_cases(bank) == ["authorization_ends"]
    bank.shop.clock.advance(days=2)
    bank.stripe.expire()
    await bank.reconcile()  # its webhook was lost
    bank.shop.do(ScanForCases(CaseKind.AUTHORIZATION_ENDS), CHANNEL)
    assert open_cases(bank) == []
    assert bank.shop.rows(t.payment)[0]["voided"] == 1990


async def test_what_is_set_aside_can_be_let_go_by_hand(bank: Bank):
    paid = bank.order(manual=True)
    assert bank.shop.do(LetGoOfPayment("1001")).ok
    assert not bank.shop.do(LetGoOfPayment("1001")).ok
    await bank.work()
    assert paid.status == "canceled"
    refused = bank.shop.do(CollectPayment("1001"))
    assert (refused.ok, refused.code) == (False, "over_capture")


async def test_goods_wait_for_their_money(bank: Bank):
    bank.shop.do(SetPolicy("goods_need", "paid"), OWNER)
    bank.order(manual=True)
    refused = bank.shop.do(ShipWork("1001", tracking_number="JJD1", carrier="DHL"))
    assert (refused.ok, refused.code) == (False, "unpaid")
    bank.shop.do(CollectPayment("1001"))
    await bank.work()
    assert bank.shop.do(ShipWork("1001", tracking_number="JJD1", carrier="DHL")).ok


async def test_a_cancel_that_is_taken_back_keeps_what_is_set_aside(bank: Bank):
    paid = bank.order(manual=True)
    assert bank.shop.do(CancelOrder("1001")).ok
    assert bank.shop.do(UndoLast()).ok
    await bank.work()
    assert paid.status == "requires_capture"
    assert bank.shop.do(CollectPayment("1001")).ok
    await bank.work()
    assert paid.received == order_row(bank)["captured"] == 1990
    assert [one["state"] for one in bank.shop.rows(t.collection)] == ["failed", "done"]


async def test_one_payment_pays_one_order(bank: Bank):
    paid = bank.order()
    again = CapturePayment("stripe", paid.id, 1990, 1990)
    told = {"captured": 0, "connection_id": None, "payments": (again,)}
    receipt = bank.shop.place("1002", ("mug-red", 1), **told)
    assert (receipt.ok, receipt.code) == (False, "payment_taken")
    assert [row["number"] for row in bank.shop.rows(t.orders)] == ["1001"]


async def test_an_order_over_rest_brings_its_payment_along(bank: Bank):
    """Its payment intent tells the rest; people and machines read the same figures."""
    paid = bank.stripe.pay(1990, order="R1", multicapture=True)
    line = {"sku": "mug-red", "quantity": 1, "external_id": "1", "total": 1990}
    body: dict[str, Any] = {"external_id": "r1", "number": "R1", "currency": "EUR"}
    body |= {"placed_at": bank.shop.clock().isoformat(), "lines": [line]}
    payment: dict[str, Any] = {"gateway": "stripe", "external_id": paid.id, "authorized": 1990}
    payment["captures_once"] = False
    machine, lead = bank.town.key(Role.MACHINE, "checkout"), bank.town.key()
    http = bank.town.http
    for wrong in ({"gateway": "cash"}, {"authorized": 0}, {"captured": 1991}, {"external_id": ""}):
        sent = body | {"payments": [payment | wrong]}
        assert (await http.post("/api/v1/orders", json=sent, headers=machine)).status_code == 422
    sent = body | {"payments": [payment]}
    made = await http.post("/api/v1/orders", json=sent, headers=machine)
    assert made.status_code == 201, made.text
    await bank.bring()
    asked = {"order": "R1", "amount": "5.00"}
    done = await http.post("/api/v1/commands/collect_payment", json=asked, headers=lead)
    assert done.status_code == 200, done.text
    await bank.work()
    await bank.bring()
    seen = (await http.get("/api/v1/orders/R1/payments", headers=lead)).json()
    assert (seen["captured"], seen["can_collect"]) == (500, 1490)
    assert [(x["what"], x["state"]) for x in seen["moves"]] == [("capture", "done")]
    assert paid.received == 500


async def test_a_payment_that_was_asked_for_closes_the_request(bank: Bank):
    bank.order(amount=1990, lines=(("mug-red", 1),), total=2490)
    assert bank.shop.do(RequestPayment("1001", "5.00", "express")).ok
    bank.stripe.pay(500, order="1001", manual=False)
    await bank.bring()
    assert [row["state"] for row in bank.shop.rows(t.payment_request)] == ["paid"]
    assert order_row(bank)["captured"] == 2490
    assert len(bank.shop.rows(t.payment)) == 2


# --- the order's own shop -------------------------------------------------------------------------


@pytest.fixture
async def store(bank: Bank) -> Bank:
    """The shop's store may be asked to pay refunds."""
    config = {"shop_domain": bank.town.store.domain, "refunds": "yes"}
    bank.shop.engine.chore(
        lambda uow: uow.people.put(t.connection, {"id": SHOPIFY}, {"config": config}), SHOP
    )
    return bank


async def _bought(bank: Bank, **more: Any) -> Any:
    theirs = bank.town.buy({"mug-red": 2}, **more)
    await bank.town.bring()
    return theirs


async def test_the_store_refunds_once_whichever_word_comes_first(store: Bank):
    theirs = await _bought(store)
    store.town.store.faults.script(Fault("refundCreate", "accept_then_drop"))
    units = (Units("mug-red", 1),)
    assert store.shop.do(CancelOrder(str(theirs.number), units=units)).ok
    await store.work()
    assert [state for state, _ in parts(store)] == ["unknown"]
    await store.town.bring()
    store.shop.clock.advance(minutes=5)
    await store.worker().until_idle()
    await store.town.bring()
    (made,) = theirs.refunds
    assert parts(store) == [("refunded", made.amount)]
    assert order_row(store, str(theirs.number))["refunded"] == made.amount
    assert [line.restock_type for line in made.lines] == ["no_restock"]


async def test_a_whole_order_canceled_here_is_paid_back_by_the_store_once(store: Bank):
    theirs = await _bought(store)
    assert store.shop.do(CancelOrder(str(theirs.number))).ok
    await store.work()
    await store.town.bring()
    await store.reconcile()
    assert theirs.cancelled_at is not None
    assert sum(one.amount for one in theirs.refunds) == theirs.paid
    assert [state for state, _ in parts(store)] == ["refunded"]
    assert order_row(store, str(theirs.number))["refunded"] == theirs.paid
    assert open_cases(store) == []


async def test_what_the_store_has_refunded_is_found_by_looking(store: Bank):
    theirs = await _bought(store)
    faults = store.town.store.faults
    faults.script(Fault("refundCreate", "accept_then_drop"))
    store.shop.do(CancelOrder(str(theirs.number), units=(Units("mug-red", 1),)))
    await store.work()
    assert [state for state, _ in parts(store)] == ["unknown"]
    assert "1 answers found" in await store.reconcile()
    assert [state for state, _ in parts(store)] == ["refunded"]


async def test_money_that_the_store_holds_is_taken_when_goods_leave(store: Bank):
    store.shop.do(SetPolicy("capture_when", "shipment"), OWNER)
    theirs = await _bought(store, held=True)
    assert order_row(store, str(theirs.number))["captured"] == 0
    ask = ShipWork(str(theirs.number), tracking_number="JJD1", carrier="DHL")
    assert store.shop.do(ask).ok
    await store.work()
    await store.town.bring()
    row = order_row(store, str(theirs.number))
    assert row["captured"] == theirs.paid == theirs.total
    (payment,) = store.shop.rows(t.payment)
    assert (payment["captured"], payment["voided"]) == (theirs.total, 0)


async def test_what_was_captured_in_the_shops_admin_meanwhile_is_no_trouble_for_long(store: Bank):
    theirs = await _bought(store, held=True)
    store.shop.do(CollectPayment(str(theirs.number)))
    acts.capture_in_admin(store.town.store, theirs.number)
    await store.work()
    assert open_cases(store) == ["capture_failed"]
    await store.town.bring()
    assert open_cases(store) == []
    assert order_row(store, str(theirs.number))["captured"] == theirs.paid == theirs.total


async def test_what_the_store_holds_is_given_up_with_the_order(store: Bank):
    theirs = await _bought(store, held=True)
    store.shop.do(CancelOrder(str(theirs.number)))
    await store.work()
    assert not theirs.is_held
    assert theirs.financial_status == "voided"
