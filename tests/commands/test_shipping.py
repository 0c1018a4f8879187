"""Parcels leave once: by our hand, by a carrier's first scan or by the shop's word."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from core.commands.fulfillment import PackWork, PickWork, PutBack, ShipWork
from core.commands.holds import HoldOrder, ReleaseOrder
from core.commands.labels import AddTracking, LabelParcel
from core.commands.orders import CancelOrder, MoveOrder
from core.commands.shipping import FulfilledLine
from core.commands.tracking import DeliverParcel, RecordTracking
from core.db import tables as t
from core.db.inbox import Delivery
from core.db.rows import from_json
from core.domain.cases import CaseKind, Finding
from core.engine import Caller
from core.queries.orders import ShowOrder
from tests.commands.parcels import (
    NUMBER,
    WAREHOUSE,
    facts,
    fulfillment,
    level,
    open_cases,
    parcels,
    scan,
    tell,
)
from tests.shop import BER, CHANNEL, HAM, SHOPIFY, START, Shop, make_shop


@pytest.fixture
def shop(database: str) -> Iterator[Shop]:
    made = make_shop(database)
    made.place(1001, ("mug-red", 2), ("sock-grey", 1))
    yield made
    made.close()


# --- by our hand ---------------------------------------------------------------------------------


def test_handing_over_uses_up_the_stock_that_was_promised(shop):
    assert level(shop, "mug-red") == (10, 2)
    receipt = shop.do(ShipWork("1001", NUMBER, "dhl"), WAREHOUSE)
    assert (level(shop, "mug-red"), level(shop, "sock-grey")) == ((8, 0), (9, 0))
    assert {r["state"] for r in shop.rows(t.reservation)} == {"consumed"}
    (parcel,) = parcels(shop)
    assert parcel["id"] == receipt.facts["parcel_id"]
    assert (parcel["carrier"], parcel["tracking_number"]) == ("DHL", NUMBER)
    assert parcel["tracking_url"].endswith(NUMBER)
    assert facts(shop, "ParcelShipped") == [
        {
            "parcel_id": parcel["id"],
            "carrier": "DHL",
            "tracking_number": NUMBER,
            "evidence": "handed_over",
        }
    ]


def test_the_shop_hears_of_a_hand_over_once_by_its_own_line_ids(shop):
    shop.do(ShipWork("1001", NUMBER, "DHL"), WAREHOUSE)
    assert shop.do(ShipWork("1001"), WAREHOUSE).code == "already"
    (effect,) = shop.rows(t.outbox, kind="shopify.fulfillment")
    told = from_json(effect["payload"])
    assert told["external_id"] == "gid-1001"
    assert told["lines"] == [{"line": "1001-1", "quantity": 2}, {"line": "1001-2", "quantity": 1}]
    assert (told["tracking_number"], told["carrier"]) == (NUMBER, "DHL")
    assert (told["location"], effect["state"]) == (str(7000 + BER), "waiting")


def test_in_watch_mode_the_hand_over_is_kept_to_ourselves(database):
    watching = make_shop(database, mode="watch")
    watching.place(1001, ("mug-red", 1))
    watching.do(ShipWork("1001"), WAREHOUSE)
    (effect,) = watching.rows(t.outbox, kind="shopify.fulfillment")
    assert (effect["state"], effect["reason"][:10]) == ("suppressed", "watch mode")
    watching.close()


def test_number_and_carrier_may_be_written_in_either_order(shop):
    shop.do(ShipWork("1001", "DPD", "01234567890123"), WAREHOUSE)
    assert shop.do(AddTracking("1001", "01234567890123"), WAREHOUSE).code == "already"
    (parcel,) = parcels(shop)
    assert (parcel["carrier"], parcel["tracking_number"]) == ("DPD", "01234567890123")


def test_a_word_without_digits_alone_is_the_carrier(shop):
    shop.do(ShipWork("1001", "dpd"), WAREHOUSE)
    (parcel,) = parcels(shop)
    assert (parcel["carrier"], parcel["tracking_number"]) == ("DPD", None)


def test_hand_over_without_a_number_may_get_it_later(shop):
    shop.do(ShipWork("1001"), WAREHOUSE)
    receipt = shop.do(AddTracking("1001", f"{NUMBER[:8]} {NUMBER[8:]}", "DHL"), WAREHOUSE)
    assert (receipt.happened, receipt.ok) == (("ParcelTracked",), True)
    assert parcels(shop)[0]["tracking_number"] == NUMBER
    (effect,) = shop.rows(t.outbox, kind="shopify.tracking")
    assert from_json(effect["payload"])["tracking_number"] == NUMBER


def test_the_same_row_of_a_list_twice_changes_nothing(shop):
    shop.do(ShipWork("1001"), WAREHOUSE)
    assert shop.do(AddTracking("1001", NUMBER, "DHL"), WAREHOUSE).ok
    version = shop.ask(ShowOrder("1001")).version
    assert shop.do(AddTracking("1001", NUMBER, "DHL"), WAREHOUSE).code == "already"
    assert shop.ask(ShowOrder("1001")).version == version


@pytest.mark.parametrize("number", ["DHL", "12", "übergabe99", "9" * 51])
def test_what_is_no_tracking_number_is_refused(shop, number):
    receipt = shop.do(AddTracking("1001", number), WAREHOUSE)
    assert (receipt.code, parcels(shop)) == ("invalid", [])


def test_a_wrong_number_may_be_corrected_until_the_first_scan(shop):
    shop.do(ShipWork("1001", "99999"), WAREHOUSE)
    assert shop.do(AddTracking("1001", NUMBER), WAREHOUSE).ok
    tell(shop, scan("InTransit_PickedUp"))
    receipt = shop.do(AddTracking("1001", "77777"), WAREHOUSE)
    assert (receipt.outcome, parcels(shop)[0]["tracking_number"]) == ("refused", NUMBER)


def test_a_strangers_running_number_is_refused_but_one_customer_may_share_a_box(shop):
    shop.do(ShipWork("1001", NUMBER, "DHL"), WAREHOUSE)
    shop.place(1002, ("mug-red", 1), email="otto@example.org")
    shop.place(1003, ("mug-red", 1))
    receipt = shop.do(ShipWork("1002", NUMBER, "DHL"), WAREHOUSE)
    assert (receipt.code, len(parcels(shop))) == ("number_taken", 1)
    assert level(shop, "mug-red") == (8, 2)
    assert shop.do(ShipWork("1003", NUMBER, "DHL"), WAREHOUSE).ok
    tell(shop, scan("Delivered", 1))
    assert [p["status"] for p in parcels(shop)] == ["Delivered", "Delivered"]


# --- a label is not a parcel that left -----------------------------------------------------------


def test_a_label_never_counts_as_shipped(shop):
    receipt = shop.do(LabelParcel("1001", "DHL", NUMBER), WAREHOUSE)
    tell(shop, scan("InfoReceived"))
    assert receipt.happened == ("ParcelLabeled",)
    assert facts(shop, "ParcelShipped") == []
    assert level(shop, "mug-red") == (10, 2)
    assert shop.ask(ShowOrder("1001")).fulfillment_status == "none"
    assert shop.rows(t.outbox, kind="shopify.fulfillment") == []


def test_the_first_scan_ships_what_nobody_said_was_shipped(shop):
    shop.do(LabelParcel("1001", "DHL", NUMBER), WAREHOUSE)
    tell(shop, scan("InTransit_PickedUp", 2))
    tell(shop, scan("InTransit_Arrival", 3))
    assert [fact["evidence"] for fact in facts(shop, "ParcelShipped")] == ["scanned"]
    assert level(shop, "mug-red") == (8, 0)
    assert shop.rows(t.fulfillment_order)[0]["stage"] == "shipped"
    assert len(shop.rows(t.outbox, kind="shopify.fulfillment")) == 1
    assert shop.do(ShipWork("1001"), WAREHOUSE).code == "already"


def test_pressing_shipped_uses_the_label_and_the_scan_adds_nothing(shop):
    shop.do(LabelParcel("1001", "DHL", NUMBER), WAREHOUSE)
    shop.do(ShipWork("1001"), WAREHOUSE)
    tell(shop, scan("InTransit_PickedUp", 2))
    assert [fact["evidence"] for fact in facts(shop, "ParcelShipped")] == ["handed_over"]
    assert [p["tracking_number"] for p in parcels(shop)] == [NUMBER]
    assert level(shop, "mug-red") == (8, 0)


def test_a_second_label_for_the_same_work_is_refused(shop):
    shop.do(LabelParcel("1001", "DHL", NUMBER), WAREHOUSE)
    receipt = shop.do(LabelParcel("1001", "DHL", "88888888"), WAREHOUSE)
    assert (receipt.code, len(parcels(shop))) == ("already", 1)
    assert shop.do(AddTracking("1001", "88888888"), WAREHOUSE).ok
    assert [p["tracking_number"] for p in parcels(shop)] == ["88888888"]


@pytest.mark.parametrize("stop", [HoldOrder("1001"), CancelOrder("1001")])
def test_a_held_or_canceled_order_gets_no_label(shop, stop):
    shop.do(stop)
    receipt = shop.do(LabelParcel("1001", "DHL", NUMBER), WAREHOUSE)
    assert (receipt.outcome, parcels(shop)) == ("refused", [])


def test_a_scan_of_a_held_order_is_believed_and_a_person_is_told(shop):
    shop.do(LabelParcel("1001", "DHL", NUMBER), WAREHOUSE)
    shop.do(HoldOrder("1001"))
    tell(shop, scan("InTransit_PickedUp", 2))
    order = shop.ask(ShowOrder("1001"))
    assert (order.fulfillment_status, order.holds) == ("shipped", ())
    assert open_cases(shop) == {
        "held": "Order 1001 left although it was on hold for a manual check."
    }


def test_a_scan_of_a_canceled_order_is_believed_and_a_person_is_told(shop):
    shop.do(LabelParcel("1001", "DHL", NUMBER), WAREHOUSE)
    shop.do(CancelOrder("1001"))
    tell(shop, scan("InTransit_PickedUp", 2))
    assert [line["shipped"] for line in shop.rows(t.order_line)] == [2, 1]
    assert [c["kind"] for c in shop.rows(t.cases)] == ["refund_task", "cancel_after_ship"]


def test_a_labeled_parcel_holds_no_unit_that_left_in_another(shop):
    shop.do(LabelParcel("1001", "DHL", NUMBER), WAREHOUSE)
    elsewhere = fulfillment(lines=(FulfilledLine("1001-1", 2),), tracking_number="77777777")
    shop.do(elsewhere, CHANNEL)
    tell(shop, scan("Delivered", 2))
    assert [line["shipped"] for line in shop.rows(t.order_line)] == [2, 1]
    assert [line["delivered"] for line in shop.rows(t.order_line)] == [0, 1]
    assert list(open_cases(shop)) == ["surplus"]


def test_a_label_follows_its_order_to_another_location(shop):
    shop.do(LabelParcel("1001", "DHL", NUMBER), WAREHOUSE)
    shop.do(MoveOrder("1001", "ham"))
    tell(shop, scan("InTransit_PickedUp", 2))
    assert (level(shop, "mug-red"), level(shop, "mug-red", HAM)) == ((10, 0), (8, 0))


# --- what the shop says --------------------------------------------------------------------------


def test_the_shops_word_ships_our_work(shop):
    receipt = shop.do(fulfillment(tracking_number=NUMBER, carrier="DHL"), CHANNEL)
    assert receipt.happened == ("ParcelShipped",)
    assert level(shop, "mug-red") == (8, 0)
    assert parcels(shop)[0]["external_id"] == "f-1"
    assert shop.rows(t.outbox, kind="shopify.fulfillment") == []


@pytest.mark.parametrize("number", ["", NUMBER])
def test_our_own_echo_changes_nothing_even_when_it_comes_before_the_answer(shop, number):
    shop.do(ShipWork("1001", number, "DHL"), WAREHOUSE)
    version = shop.ask(ShowOrder("1001")).version
    for _ in range(2):
        receipt = shop.do(fulfillment(tracking_number=number, carrier="DHL"), CHANNEL)
        assert (receipt.ok, receipt.happened) == (True, ())
    assert shop.ask(ShowOrder("1001")).version == version
    assert [p["external_id"] for p in parcels(shop)] == ["f-1"]
    assert level(shop, "mug-red") == (8, 0)


def test_the_same_word_of_the_shop_twice_ships_once(shop):
    for _ in range(2):
        shop.do(fulfillment(), CHANNEL)
    assert (len(parcels(shop)), level(shop, "mug-red")) == (1, (8, 0))


def test_part_of_the_work_may_leave_and_the_rest_stays(shop):
    part = fulfillment(lines=(FulfilledLine("1001-1", 1),))
    shop.do(part, CHANNEL)
    assert level(shop, "mug-red") == (9, 1)
    works = {w["number"]: w["stage"] for w in shop.rows(t.fulfillment_order)}
    assert works == {"1001-1": "ready", "1001-2": "shipped"}
    assert shop.ask(ShowOrder("1001")).fulfillment_status == "partial"
    assert shop.do(ShipWork("1001"), WAREHOUSE).ok
    assert (level(shop, "mug-red"), level(shop, "sock-grey")) == ((8, 0), (9, 0))
    assert [line["shipped"] for line in shop.rows(t.order_line)] == [2, 1]


def test_what_no_work_covers_has_left_all_the_same(shop):
    shop.place(1002, ("mystery", 2), ("sock-grey", 1))
    receipt = shop.do(fulfillment(1002, location=str(7000 + BER)), CHANNEL)
    assert receipt.ok
    lines = shop.rows(t.order_line, sku="mystery")
    assert [line["shipped"] for line in lines] == [2]
    assert shop.ask(ShowOrder("1002")).fulfillment_status == "shipped"


def test_a_backordered_unit_that_the_shop_sent_anyway_leaves_the_queue_and_the_book(shop):
    shop.place(1002, ("tee-black-m", 25), ("sock-grey", 1))
    assert [li["backordered"] for li in shop.rows(t.order_line, sku="tee-black-m")] == [5]
    said = fulfillment(1002, lines=(FulfilledLine("1002-1", 25),), location=str(7000 + BER))
    shop.do(said, CHANNEL)
    (line,) = shop.rows(t.order_line, sku="tee-black-m")
    assert (line["shipped"], line["backordered"], line["allocated"]) == (25, 0, 0)
    assert level(shop, "tee-black-m") == (0, 0)
    (case,) = shop.rows(t.cases, kind="till_above_book")
    assert case["title"].startswith("BER shipped 5 × tee-black-m for order 1002")


def test_a_label_bought_in_the_shop_is_not_shipped_before_its_first_scan(shop):
    bought = fulfillment(tracking_number=NUMBER, shipment_status="label_printed")
    shop.do(bought, CHANNEL)
    assert facts(shop, "ParcelShipped") == []
    assert level(shop, "mug-red") == (10, 2)
    later = replace(bought, shipment_status="in_transit", at=START + timedelta(minutes=5))
    shop.do(later, CHANNEL)
    assert len(facts(shop, "ParcelShipped")) == 1
    shop.do(replace(later, shipment_status="delivered", at=START + timedelta(hours=5)), CHANNEL)
    assert shop.ask(ShowOrder("1001")).fulfillment_status == "delivered"


def test_a_fulfillment_before_its_order_or_line_waits_in_the_inbox(shop):
    for n, said in enumerate((fulfillment(4711), fulfillment(lines=(FulfilledLine("new", 1),)))):
        delivery = Delivery(SHOPIFY, "fulfillments/create", f"d-{n}", b"{}")
        receipt = shop.do(said, Caller(CHANNEL.actor, "webhook", delivery=delivery))
        assert receipt.outcome == "deferred"
    assert parcels(shop) == []


def test_a_till_sale_needs_no_parcel(shop):
    shop.place(1002, ("mug-red", 2), ("sock-grey", 1), handed_over=True, sold_at="HAM")
    before = level(shop, "mug-red", HAM)
    assert shop.do(fulfillment(1002), CHANNEL).ok
    assert (parcels(shop), level(shop, "mug-red", HAM)) == ([], before)


def test_a_fulfillment_canceled_in_the_shop_is_for_a_person(shop):
    shop.do(fulfillment(), CHANNEL)
    shop.do(fulfillment(status="cancelled"), CHANNEL)
    assert list(open_cases(shop)) == ["canceled"]
    assert [line["shipped"] for line in shop.rows(t.order_line)] == [2, 1]


def test_a_number_added_in_the_shop_reaches_the_parcel(shop):
    shop.do(fulfillment(), CHANNEL)
    receipt = shop.do(fulfillment(tracking_number=NUMBER, carrier="DHL"), CHANNEL)
    assert receipt.happened == ("ParcelTracked",)
    assert parcels(shop)[0]["tracking_number"] == NUMBER
    assert shop.rows(t.outbox, kind="shopify.tracking") == []


# --- one case closes -----------------------------------------------------------------------------


def test_leaving_closes_the_case_about_being_late(shop):
    (order,) = shop.rows(t.orders)
    late = Finding(CaseKind.STUCK, "work:1", "stuck", order_id=order["id"], location_id=BER)
    other = Finding(CaseKind.STUCK, "work:2", "stuck", order_id=order["id"], location_id=HAM)
    shop.engine.chore(lambda uow: [uow.cases.open(found) for found in (late, other)], 1)
    shop.do(ShipWork("1001"), WAREHOUSE)
    assert {c["subject"]: c["state"] for c in shop.rows(t.cases)} == {
        "work:1": "resolved",
        "work:2": "open",
    }


def test_two_fulfillments_of_the_shop_may_share_one_box(shop):
    for key, line in (("f-1", FulfilledLine("1001-1", 2)), ("f-2", FulfilledLine("1001-2", 1))):
        said = fulfillment(key=key, lines=(line,), tracking_number=NUMBER, carrier="DHL")
        assert shop.do(said, CHANNEL).ok
    tell(shop, scan("Delivered", 3))
    assert [line["delivered"] for line in shop.rows(t.order_line)] == [2, 1]
    assert shop.do(fulfillment(key="f-2", tracking_number=NUMBER), CHANNEL).happened == ()


# --- at once, and at random --------------------------------------------------------------------


def test_many_hands_at_once_ship_one_parcel(shop):
    waiting = [shop.engine.submit(ShipWork("1001"), WAREHOUSE) for _ in range(8)]
    waiting += [shop.engine.submit(fulfillment(tracking_number=NUMBER), CHANNEL) for _ in range(4)]
    ends = [future.result() for future in waiting]
    assert sum("ParcelShipped" in end.happened for end in ends) == 1
    assert {end.outcome for end in ends} <= {"done", "refused"}
    assert (len(parcels(shop)), level(shop, "mug-red")) == (1, (8, 0))


def test_whatever_is_said_stock_work_and_lines_agree(shop, rng: random.Random):
    for number in range(1002, 1008):
        shop.place(number, ("mug-red", rng.randint(1, 6)), ("sock-grey", 1))
    for turn in range(80):
        said = rng.choice(_sayings(rng, str(rng.randint(1001, 1007))))
        delivery = Delivery(SHOPIFY, "any", f"d-{turn}", b"{}")
        receipt = shop.do(said, Caller(CHANNEL.actor, delivery=delivery))
        early = receipt.sentence.startswith("Kept: No parcel travels as")
        assert early or receipt.outcome in ("done", "refused"), (said, receipt)
        shop.clock.advance(minutes=1)
    _assert_books_agree(shop)


def _sayings(rng: random.Random, word: str) -> list:
    part = (FulfilledLine(f"{word}-1", rng.randint(1, 3)),)
    told = scan(rng.choice(["InfoReceived", "InTransit_PickedUp", "Delivered", "Exception_Lost"]))
    return [
        PickWork(word),
        PackWork(word),
        PutBack(word),
        ShipWork(word),
        LabelParcel(word, "DHL", f"JD{word}"),
        CancelOrder(word),
        HoldOrder(word),
        ReleaseOrder(word),
        MoveOrder(word, rng.choice(["ber", "ham"])),
        DeliverParcel(word),
        RecordTracking(f"JD{word}", (told,)),
        fulfillment(int(word), key=f"f-{word}-{rng.randint(1, 2)}", lines=part),
    ]


def _assert_books_agree(shop: Shop) -> None:
    promised = shop.rows(t.reservation, state="promised")
    moves = shop.rows(t.stock_move)
    for row in shop.rows(t.stock_level):
        here = (row["sku"], row["location_id"])
        mine = [m for m in moves if (m["sku"], m["location_id"]) == here]
        kept = [r["quantity"] for r in promised if (r["sku"], r["location_id"]) == here]
        assert row["on_hand"] == sum(m["on_hand"] for m in mine)
        assert row["reserved"] == sum(m["reserved"] for m in mine) == sum(kept)
    left = {p["id"] for p in parcels(shop) if p["handed_over_at"] or p["first_scan_at"]}
    boxed = [row for row in shop.rows(t.parcel_line) if row["parcel_id"] in left]
    for line in shop.rows(t.order_line):
        assert line["allocated"] == sum(
            r["quantity"] for r in promised if r["line_id"] == line["id"]
        )
        assert line["shipped"] == sum(b["quantity"] for b in boxed if b["line_id"] == line["id"])
