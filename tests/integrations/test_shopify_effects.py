"""What we tell the store arrives once, whatever the wire does, and its echo changes nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from bot.sandbox.shop import acts
from bot.sandbox.shop.wire import Fault
from core.commands.fulfillment import ShipWork
from core.commands.labels import AddTracking
from core.commands.orders import CancelOrder
from core.commands.setup import SetMode
from core.commands.stock import AdjustStock, plan_stock_pushes
from core.commands.writeback import WATCHING
from core.db import tables as t
from core.domain.access import Role
from core.domain.shop import Mode
from core.integrations.channels.shopify.effects import cancel_reason
from tests.shop import BER, SHOP, staff
from tests.shopify import Town, make_town

pytestmark = pytest.mark.anyio


@pytest.fixture
async def town(database: str) -> AsyncIterator[Town]:
    town = make_town(database)
    yield town
    await town.close()


async def shipped(town: Town, lines: dict[str, int] | None = None, number: str = "JJD1") -> Any:
    """An order of the store that our people have handed over."""
    theirs = town.buy(lines or {"mug-red": 2})
    await town.bring()
    town.shop.clock.advance(hours=1)
    receipt = town.shop.do(ShipWork(str(theirs.number), tracking_number=number, carrier="DHL"))
    assert receipt.ok, receipt
    return theirs


def calls(town: Town, name: str) -> int:
    return len(town.store.transcript.of(name))


# --- fulfillments --------------------------------------------------------------------------------


async def test_a_parcel_is_told_to_the_store_and_its_echo_is_recognized(town: Town):
    theirs = await shipped(town)
    await town.worker().until_idle()
    assert [x.tracking_number for x in theirs.fulfillments] == ["JJD1"]
    assert theirs.fulfillment_status == "fulfilled"
    parcel = town.shop.rows(t.parcel)[0]
    assert parcel["external_id"] == str(theirs.fulfillments[0].id)
    before = town.shop.rows(t.stock_level), len(town.shop.rows(t.event))
    await town.bring()
    assert (town.shop.rows(t.stock_level), len(town.shop.rows(t.event))) == before
    assert len(town.shop.rows(t.parcel)) == 1
    assert not [x for x in town.shop.rows(t.outbox) if x["state"] == "waiting"]


async def test_an_echo_that_arrives_before_our_answer_is_recognized_too(town: Town):
    theirs = await shipped(town, number="")
    await town.carry_out("shopify.fulfillment")
    parcel = town.shop.rows(t.parcel)[0]
    town.shop.engine.chore(
        lambda uow: uow.people.put(t.parcel, {"id": parcel["id"]}, {"external_id": None}), SHOP
    )
    await town.bring()
    assert [x["external_id"] for x in town.shop.rows(t.parcel)] == [str(theirs.fulfillments[0].id)]
    await town.carry_out("shopify.fulfillment", attempt=2)
    assert len(theirs.fulfillments) == len(town.shop.rows(t.parcel)) == 1


async def test_an_answer_that_never_came_is_looked_up_and_not_repeated(town: Town):
    theirs = await shipped(town)
    town.store.faults.script(Fault("fulfillmentCreate", "status", status=502))
    first = await town.carry_out("shopify.fulfillment")
    assert first[0].state == "unknown"
    acts.fulfill_in_admin(town.store, theirs.number, tracking="JJD1")
    again = await town.carry_out("shopify.fulfillment", attempt=2)
    assert again[0].state == "done"
    assert len(theirs.fulfillments) == 1
    assert town.shop.rows(t.parcel)[0]["external_id"] == str(theirs.fulfillments[0].id)


async def test_a_tracking_number_that_comes_later_is_passed_on(town: Town):
    theirs = await shipped(town, number="")
    await town.worker().until_idle()
    assert theirs.fulfillments[0].tracking_number is None
    assert town.shop.do(AddTracking(str(theirs.number), "JJD9", "DHL")).ok
    await town.worker().until_idle()
    assert theirs.fulfillments[0].tracking_number == "JJD9"


async def test_more_than_the_store_has_left_is_a_dead_effect_with_a_reason(town: Town):
    theirs = await shipped(town)
    acts.cancel(town.store, theirs.number)
    outcome = (await town.carry_out("shopify.fulfillment"))[0]
    assert (outcome.state, "canceled" in outcome.reason) == ("dead", True)
    assert theirs.fulfillments == []


async def test_in_watch_mode_nothing_is_told(database: str):
    town = make_town(database, mode="watch")
    theirs = await shipped(town)
    town.shop.do(CancelOrder(str(town.buy().number)))
    await town.worker().until_idle()
    assert theirs.fulfillments == []
    assert town.store.transcript.of("fulfillmentCreate") == []
    await town.close()


# --- the wire ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "state", "wait"),
    [
        (Fault("order", "throttle"), "later", True),
        (Fault("order", "rate", retry_after=7), "later", True),
        (Fault("order", "status", status=503), "unknown", False),
        (Fault("order", "status", status=401), "later", True),
        (Fault("order", "status", status=404), "dead", False),
    ],
)
async def test_every_way_the_store_says_no_has_its_outcome(
    town: Town, fault: Fault, state: str, wait: bool
):
    theirs = await shipped(town)
    town.store.faults.script(fault)
    outcome = (await town.carry_out("shopify.fulfillment"))[0]
    assert (outcome.state, outcome.retry_after is not None) == (state, wait)
    assert theirs.fulfillments == []


async def test_a_refused_token_waits_for_a_person_and_says_so(town: Town):
    await shipped(town)
    town.store.token = "rotated"
    outcome = (await town.carry_out("shopify.fulfillment"))[0]
    assert outcome.state == "later"
    assert "token" in outcome.reason


# --- cancels -------------------------------------------------------------------------------------


async def test_a_cancel_reaches_the_store_once(town: Town):
    theirs = town.buy({"mug-red": 1})
    await town.bring()
    assert town.shop.do(CancelOrder(str(theirs.number), "changed mind")).ok
    await town.worker().until_idle()
    assert calls(town, "orderCancel") == 0  # it may still be taken back
    town.shop.clock.advance(seconds=60)
    await town.worker().until_idle()
    assert (theirs.cancel_reason, theirs.refunded) == ("customer", 0)
    assert (await town.carry_out("shopify.cancel", attempt=2))[0].result == {"already": True}
    assert calls(town, "orderCancel") == 1
    await town.bring()
    assert town.shop.rows(t.orders)[0]["status"] == "canceled"


async def test_a_store_that_has_sent_it_refuses_the_cancel(town: Town):
    theirs = town.buy({"mug-red": 1})
    await town.bring()
    acts.fulfill_in_admin(town.store, theirs.number)
    town.shop.do(CancelOrder(str(theirs.number)))
    assert (await town.carry_out("shopify.cancel"))[0].state == "dead"


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ("changed mind", "CUSTOMER"),
        ("looks like fraud", "FRAUD"),
        ("out of stock", "INVENTORY"),
        ("canceled by staff", "OTHER"),
    ],
)
def test_a_persons_words_become_the_stores_reason(words: str, reason: str):
    assert cancel_reason(words) == reason


# --- stock ---------------------------------------------------------------------------------------


def plan(town: Town) -> None:
    town.shop.engine.chore(plan_stock_pushes, SHOP)


def theirs_at(town: Town, place: str = "BER") -> int:
    return town.store.stock("mug-red", place).available


def ours_at(town: Town, place: int = BER) -> int:
    row = next(x for x in town.shop.rows(t.stock_level, sku="mug-red", location_id=place))
    return int(row["on_hand"] - row["reserved"] - row["safety"])


async def test_a_counted_shelf_reaches_the_store(town: Town):
    plan(town)
    await town.worker().until_idle()
    town.shop.do(AdjustStock("mug-red", "BER", -3, "counted"))
    plan(town)
    await town.worker().until_idle()
    assert theirs_at(town) == ours_at(town)
    told = town.shop.rows(t.channel_stock, sku="mug-red", location_id=BER)
    assert [row["told"] for row in told] == [ours_at(town)]


async def test_what_is_equal_already_is_not_written(town: Town):
    plan(town)
    await town.worker().until_idle()
    assert calls(town, "inventorySetQuantities") == 0
    assert {row["state"] for row in town.shop.rows(t.outbox)} == {"done"}


async def test_a_sale_that_went_elsewhere_here_is_explained_by_its_order(town: Town):
    """The store took its unit in Berlin; ours are kept where we routed it."""
    plan(town)
    await town.worker().until_idle()
    for _ in range(3):
        town.buy({"mug-red": 2})
        town.shop.clock.advance(minutes=2)
    await town.bring()
    plan(town)
    await town.worker().until_idle()
    for place, code in ((11, "BER"), (12, "HAM"), (13, "VIE")):
        assert theirs_at(town, code) == ours_at(town, place)


async def test_a_sale_under_way_is_waited_for_and_never_sold_twice(town: Town):
    plan(town)
    await town.worker().until_idle()
    town.shop.clock.advance(minutes=1)
    town.buy({"mug-red": 2})
    town.shop.do(AdjustStock("mug-red", "BER", 5, "found"))
    plan(town)
    await town.worker().until_idle()
    waiting = [x for x in town.shop.rows(t.outbox) if x["state"] == "waiting"]
    assert ["last told" in x["reason"] for x in waiting] == [True]
    await town.bring()
    town.shop.clock.advance(minutes=1)
    plan(town)
    await town.worker().until_idle()
    assert theirs_at(town) == ours_at(town)


async def test_a_figure_typed_into_the_store_is_never_overwritten_in_silence(town: Town):
    plan(town)
    await town.worker().until_idle()
    acts.set_stock(town.store, "mug-red", "BER", 999)
    town.shop.do(AdjustStock("mug-red", "BER", 1, "found"))
    plan(town)
    for _ in range(6):
        await town.worker().until_idle()
        town.shop.clock.advance(minutes=2)
    dead = town.shop.rows(t.outbox, state="dead")
    assert [(x["kind"], x["reason"][:5]) for x in dead] == [("shopify.stock", "DRIFT")]
    assert theirs_at(town) == 999


async def test_a_throttled_push_waits_and_then_arrives(town: Town):
    town.shop.do(AdjustStock("mug-red", "BER", -3, "counted"))
    town.store.faults.script(Fault("inventorySetQuantities", "throttle"))
    plan(town)
    await town.worker().until_idle()
    town.shop.clock.advance(minutes=1)
    await town.worker().until_idle()
    assert theirs_at(town) == ours_at(town)


# --- watch mode ----------------------------------------------------------------------------------


async def test_watch_mode_stops_what_was_planned_and_only_stock_is_told_later(town: Town):
    plan(town)
    await town.worker().until_idle()
    theirs = await shipped(town)
    town.shop.do(AdjustStock("mug-red", "BER", -3, "counted"))
    plan(town)
    town.shop.do(SetMode(Mode.WATCH), staff(Role.OWNER))
    before = len(town.store.transcript.calls), theirs_at(town)
    await town.worker().until_idle()
    assert (len(town.store.transcript.calls), theirs_at(town)) == before
    assert states(town) == {"suppressed"}

    town.shop.clock.advance(hours=1)
    town.shop.do(SetMode(Mode.STAFF), staff(Role.OWNER))
    plan(town)
    await town.worker().until_idle()
    assert theirs_at(town) == ours_at(town)
    assert theirs.fulfillments == []
    (held,) = town.shop.rows(t.outbox, kind="shopify.fulfillment")
    assert (held["state"], held["reason"]) == ("suppressed", WATCHING)


def states(town: Town) -> set[str]:
    """Of everything that was planned after the first word about stock."""
    rows = town.shop.rows(t.outbox)
    return {row["state"] for row in rows if row["state"] != "done"}


# --- nobody knows whether it happened ------------------------------------------------------------


async def carried_twice(town: Town, endpoint: str) -> None:
    """The store does it and hangs up; the worker comes back when it is due."""
    town.store.faults.script(Fault(endpoint, "accept_then_drop"))
    await town.worker().until_idle()
    assert 1 in {row["unknown"] for row in town.shop.rows(t.outbox)}
    town.shop.clock.advance(minutes=5)
    await town.worker().until_idle()
    assert {row["state"] for row in town.shop.rows(t.outbox)} == {"done"}


@pytest.mark.parametrize("number", ["JJD1", ""])
async def test_a_parcel_that_was_told_without_an_answer_is_told_once(town: Town, number: str):
    theirs = await shipped(town, number=number)
    await carried_twice(town, "fulfillmentCreate")
    assert len(theirs.fulfillments) == calls(town, "fulfillmentCreate") == 1
    assert town.shop.rows(t.parcel)[0]["external_id"] == str(theirs.fulfillments[0].id)


async def test_a_persons_retry_looks_too_though_its_tries_count_from_one(town: Town):
    theirs = await shipped(town, number="")
    town.store.faults.script(Fault("fulfillmentCreate", "accept_then_drop"))
    await town.worker().until_idle()
    (effect,) = town.shop.rows(t.outbox)
    town.shop.engine.chore(lambda uow: uow.outbox.again(effect["id"]), SHOP)
    await town.worker().until_idle()
    assert len(theirs.fulfillments) == 1
    assert town.shop.rows(t.outbox)[0]["state"] == "done"


async def test_a_parcel_of_two_of_the_stores_places_is_told_whole_after_a_break(town: Town):
    theirs = town.buy({"mug-red": 1, "mug-blue": 1})
    (work,) = theirs.work
    elsewhere = next(x.id for x in town.store.locations if x.id != work.location_id)
    theirs.work.append(replace(work, id=9, location_id=elsewhere, lines=[work.lines.pop()]))
    await town.bring()
    assert town.shop.do(ShipWork(str(theirs.number), tracking_number="JJD1")).ok
    town.store.faults.script(Fault("fulfillmentCreate", "accept_then_drop"))
    await town.worker().until_idle()
    assert len(theirs.fulfillments) == 1
    town.shop.clock.advance(minutes=5)
    await town.worker().until_idle()
    assert [one.tracking_number for one in theirs.fulfillments] == ["JJD1", "JJD1"]
    assert theirs.fulfillment_status == "fulfilled"


async def test_a_tracking_number_is_not_told_twice(town: Town):
    theirs = await shipped(town, number="")
    await town.worker().until_idle()
    assert town.shop.do(AddTracking(str(theirs.number), "JJD9", "DHL")).ok
    await carried_twice(town, "fulfillmentTrackingInfoUpdate")
    assert theirs.fulfillments[0].tracking_number == "JJD9"
    assert calls(town, "fulfillmentTrackingInfoUpdate") == 1


async def test_a_cancel_is_not_told_twice(town: Town):
    theirs = town.buy({"mug-red": 1})
    await town.bring()
    town.shop.do(CancelOrder(str(theirs.number)))
    town.shop.clock.advance(minutes=2)  # it can no longer be taken back
    await carried_twice(town, "orderCancel")
    assert theirs.cancelled_at is not None
    assert calls(town, "orderCancel") == 1


async def test_a_figure_that_was_set_without_an_answer_is_only_looked_at(town: Town):
    plan(town)
    await town.worker().until_idle()
    town.shop.do(AdjustStock("mug-red", "BER", -3, "counted"))
    plan(town)
    await carried_twice(town, "inventorySetQuantities")
    assert theirs_at(town) == ours_at(town)
    assert calls(town, "inventorySetQuantities") == 1


async def test_a_persons_retry_may_set_another_figure(town: Town):
    plan(town)
    await town.worker().until_idle()
    town.shop.do(AdjustStock("mug-red", "BER", -3, "counted"))
    plan(town)
    await town.worker().until_idle()
    last = town.shop.rows(t.outbox)[-1]
    town.shop.do(AdjustStock("mug-red", "BER", -1, "broken"))
    _again(town, last["id"])
    await town.worker().until_idle()
    assert theirs_at(town) == ours_at(town)


def _again(town: Town, effect_id: int) -> None:
    """As a person's retry leaves it: waiting, its tries counted from the beginning."""
    row = {"state": "waiting", "attempts": 0, "ended_at": None}
    town.shop.engine.chore(lambda uow: uow.people.put(t.outbox, {"id": effect_id}, row), SHOP)
