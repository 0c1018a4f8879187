"""What carriers say adds up, in any order: for the parcel, its lines, its promise, and people."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest

from core.commands.fulfillment import ShipWork
from core.commands.labels import LabelParcel
from core.commands.tracking import DeliverParcel, RecordTracking
from core.db import tables as t
from core.db.inbox import Delivery
from core.db.rows import micros
from core.engine import Caller
from core.queries.orders import ShowOrder
from tests.commands.parcels import (
    NUMBER,
    STORE,
    WAREHOUSE,
    facts,
    open_cases,
    parcels,
    scan,
    tell,
)
from tests.shop import BER, CHANNEL, SHOPIFY, Shop, make_shop


@pytest.fixture
def shop(database: str) -> Iterator[Shop]:
    made = make_shop(database)
    made.place(1001, ("mug-red", 2), ("sock-grey", 1))
    yield made
    made.close()


# --- what carriers say ---------------------------------------------------------------------------


def test_tracking_of_an_unknown_number_waits_in_the_inbox(shop):
    delivery = Delivery(SHOPIFY, "tracking", "d-1", b"{}")
    said = RecordTracking(NUMBER, (scan("InTransit"),))
    receipt = shop.do(said, Caller(CHANNEL.actor, "webhook", delivery=delivery))
    assert receipt.outcome == "deferred"
    assert [row["state"] for row in shop.rows(t.inbox)] == ["retry"]


def test_events_in_any_order_and_repeated_end_in_the_same_state(database, rng: random.Random):
    story = [
        scan("InfoReceived", 0),
        scan("InTransit_PickedUp", 2),
        scan("InTransit_Arrival", 5, "Leipzig"),
        scan("OutForDelivery", 9),
        scan("Delivered", 11, "Hamburg"),
    ]
    shop = make_shop(database)
    shop.clock.advance(hours=12)
    ends = []
    for n in range(4):
        shop.place(2000 + n, ("mug-red", 1))
        shop.do(ShipWork(str(2000 + n), f"P{n}0000", "DHL"), WAREHOUSE)
        told = story * 2
        rng.shuffle(told)
        for found in told:
            tell(shop, found, number=f"P{n}0000")
        (parcel,) = shop.rows(t.parcel, tracking_number=f"P{n}0000")
        ends.append(
            {k: parcel[k] for k in ("status", "last_scan_at", "delivered_at", "last_place")}
        )
        assert len(shop.rows(t.tracking_event, parcel_id=parcel["id"])) == len(story)
    assert ends == [ends[0]] * 4
    assert (ends[0]["status"], ends[0]["last_place"]) == ("Delivered", "Hamburg")
    assert len(facts(shop, "ParcelDelivered")) == 4
    assert len(facts(shop, "ParcelMoved")) == 4 * len(story)
    assert open_cases(shop) == {}
    shop.close()


def test_a_repeated_push_changes_no_order(shop):
    shop.do(ShipWork("1001", NUMBER, "DHL"), WAREHOUSE)
    tell(shop, scan("InTransit_PickedUp", 1), expected=date(2026, 11, 25))
    before = shop.ask(ShowOrder("1001")).version
    receipt = tell(shop, scan("InTransit_PickedUp", 1), expected=date(2026, 11, 25))
    assert (receipt.ok, receipt.happened, receipt.subjects) == (True, (), ())
    assert shop.ask(ShowOrder("1001")).version == before


def test_a_carriers_name_fills_in_what_nobody_wrote(shop):
    shop.do(ShipWork("1001", NUMBER), WAREHOUSE)
    tell(shop, scan("InTransit"), carrier="DHL Paket")
    assert parcels(shop)[0]["carrier"] == "DHL"


def test_delivery_reaches_the_lines(shop):
    shop.do(ShipWork("1001", NUMBER, "DHL"), WAREHOUSE)
    tell(shop, scan("Delivered", 5))
    assert [line["delivered"] for line in shop.rows(t.order_line)] == [2, 1]
    assert shop.ask(ShowOrder("1001")).fulfillment_status == "delivered"


@pytest.mark.parametrize(
    ("code", "trouble"),
    [
        ("Exception_Returning", "returning"),
        ("Exception_Lost", "lost"),
        ("Exception_Damage", "damaged"),
        ("DeliveryFailure_Rejected", "refused"),
        ("InTransit_CustomsRequiringInformation", "customs"),
        ("DeliveryFailure_InvalidAddress", "address"),
        ("Exception_Delayed", "delayed"),
        ("DeliveryFailure_NoBody", "absent"),
        ("Exception_Other", "other"),
    ],
)
def test_each_trouble_opens_one_case_that_names_it(shop, code, trouble):
    shop.do(ShipWork("1001", NUMBER, "DHL"), WAREHOUSE)
    tell(shop, scan("InTransit_PickedUp", 1), scan(code, 2))
    tell(shop, scan(code, 3))
    assert list(open_cases(shop)) == [trouble]
    (case,) = shop.rows(t.cases)
    assert case["title"].startswith(f"Parcel DHL {NUMBER} of order 1001 ")
    assert case["location_id"] == BER


def test_a_trouble_that_passes_closes_its_case(shop):
    shop.do(ShipWork("1001", NUMBER, "DHL"), WAREHOUSE)
    tell(shop, scan("Exception_Delayed", 2))
    tell(shop, scan("InTransit_Arrival", 3))
    assert [(c["state"], c["resolution"]) for c in shop.rows(t.cases)] == [
        ("resolved", "it moves again")
    ]


def test_another_trouble_is_another_case(shop):
    shop.do(ShipWork("1001", NUMBER, "DHL"), WAREHOUSE)
    tell(shop, scan("Exception_Delayed", 2))
    tell(shop, scan("Exception_Lost", 3))
    first, second = shop.rows(t.cases)
    assert (first["state"], second["state"]) == ("resolved", "open")
    assert first["resolution"] == "now it was lost or destroyed"


def test_a_delay_is_told_once_as_a_changed_promise(shop):
    shop.do(ShipWork("1001", NUMBER, "DHL"), WAREHOUSE)
    late = date(2026, 11, 30)
    tell(shop, scan("Exception_Delayed", 2), expected=late)
    tell(shop, scan("Exception_Delayed", 4), expected=late)
    assert [fact["expected"] for fact in facts(shop, "PromiseChanged")] == ["2026-11-30"]


def test_an_estimate_behind_the_promise_is_a_delay_and_one_before_it_is_none(shop):
    shop.place(1002, ("mug-red", 1), promise=date(2026, 11, 26))
    shop.do(ShipWork("1002", "77777777", "DHL"), WAREHOUSE)
    for day in (25, 26, 28, 28):
        tell(shop, scan("InTransit", day - 24), number="77777777", expected=date(2026, 11, day))
    assert [(f["promised"], f["expected"]) for f in facts(shop, "PromiseChanged")] == [
        ("2026-11-26", "2026-11-28")
    ]


def test_a_scan_after_delivery_is_a_contradiction_for_a_person(shop):
    shop.do(ShipWork("1001", NUMBER, "DHL"), WAREHOUSE)
    tell(shop, scan("Delivered", 5))
    tell(shop, scan("InTransit_Arrival", 6))
    tell(shop, scan("InTransit_Arrival", 6))
    assert list(open_cases(shop)) == ["contradiction"]
    assert parcels(shop)[0]["status"] == "Delivered"


def test_a_delivery_that_the_carrier_takes_back_is_taken_off_the_lines(shop):
    shop.do(ShipWork("1001", NUMBER, "DHL"), WAREHOUSE)
    tell(shop, scan("Delivered", 5))
    tell(shop, scan("Exception_Returned", 20))
    assert [line["delivered"] for line in shop.rows(t.order_line)] == [0, 0]
    assert parcels(shop)[0]["delivered_at"] is None
    assert list(open_cases(shop)) == ["returning"]


def test_a_scan_from_the_future_is_kept_and_flagged_but_not_believed(shop):
    shop.do(ShipWork("1001", NUMBER, "DHL"), WAREHOUSE)
    tell(shop, scan("InTransit", 1), scan("Delivered", 24 * 40))
    assert len(shop.rows(t.tracking_event)) == 2
    assert parcels(shop)[0]["status"] == "InTransit"
    assert list(open_cases(shop)) == ["future"]
    tell(shop, scan("OutForDelivery", 3))
    assert parcels(shop)[0]["status"] == "OutForDelivery"


def test_an_unknown_code_is_kept_but_is_no_scan(shop):
    shop.do(LabelParcel("1001", "DHL", NUMBER), WAREHOUSE)
    tell(shop, scan("Brandneu_Code", 1))
    assert facts(shop, "ParcelShipped") == []
    (row,) = shop.rows(t.tracking_event)
    assert (row["raw_code"], row["known"]) == ("Brandneu_Code", 0)


# --- delivered by hand ---------------------------------------------------------------------------


def test_delivered_by_hand_counts_once_also_when_the_carrier_follows(shop):
    shop.do(ShipWork("1001", NUMBER, "DHL"), WAREHOUSE)
    assert shop.do(DeliverParcel("1001"), WAREHOUSE).ok
    tell(shop, scan("Delivered", 1))
    assert [line["delivered"] for line in shop.rows(t.order_line)] == [2, 1]
    assert len(facts(shop, "ParcelDelivered")) == 1
    assert shop.do(DeliverParcel("1001"), WAREHOUSE).code == "already"


def test_what_has_not_left_cannot_be_delivered(shop):
    receipt = shop.do(DeliverParcel("1001"), WAREHOUSE)
    assert (receipt.outcome, receipt.next) == ("refused", "Write `shipped 1001` first.")
    assert facts(shop, "ParcelDelivered") == []


def test_a_stores_people_deliver_only_what_left_from_them(shop):
    shop.do(ShipWork("1001"), WAREHOUSE)
    assert shop.do(DeliverParcel("1001"), STORE).code == "not_found"
    assert shop.do(DeliverParcel("1001", "ber"), STORE).code == "not_found"


def test_times_are_kept_in_utc(shop):
    shop.do(ShipWork("1001", NUMBER, "DHL"), WAREHOUSE)
    tell(shop, scan("InTransit", 1))
    at = datetime(2026, 11, 23, 10, tzinfo=UTC)
    assert parcels(shop)[0]["last_scan_at"] == micros(at)
