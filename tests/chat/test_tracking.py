"""Where is my order: per parcel, from facts, honest about what is not known."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from core.queries.facts import WaitingFacts
from tests.chat.house import ARRIVED, DELIVERED, NOW, SPLIT, UNDERWAY, known


def test_each_parcel_is_told_apart_and_the_whole_is_never_called_delivered() -> None:
    answer = known(SPLIT).says("where is my order?")
    assert "Part of this order is delivered, part of it is still to come." in answer
    assert "Everything in this order was delivered" not in answer
    assert "Oak tray" in answer
    assert "JD014600003" in answer
    assert "Green lamp" in answer
    assert "in Leipzig, 5 hours ago" in answer


def test_a_backordered_line_without_a_date_says_so() -> None:
    answer = known(SPLIT).says("where is my order?")
    assert "Wool rug: not in stock at the moment." in answer
    assert "I have no new date yet." in answer
    assert "We promised it by Tuesday, November 24." in answer


def test_a_backordered_line_with_a_date_names_it() -> None:
    dated = replace(SPLIT, waiting=(WaitingFacts("Wool rug", 1, "backordered", date(2026, 12, 1)),))
    answer = known(dated).says("where is my order?")
    assert "Expected Tuesday, December 1." in answer
    assert "no new date" not in answer


def test_a_broken_promise_is_admitted_without_inventing_a_new_date() -> None:
    late = replace(SPLIT, promise=date(2026, 11, 18), waiting=())
    answer = known(late).says("my delivery is late")
    assert "That day has passed, and I am sorry." in answer
    assert "I have no new date yet." in answer


def test_when_every_parcel_arrived_the_order_is_delivered() -> None:
    answer = known(DELIVERED).says("status of my order")
    assert "Everything in this order was delivered." in answer
    assert "Delivered Wednesday, November 18, 10:30." in answer


def test_a_canceled_order_says_so_and_promises_nothing() -> None:
    answer = known(replace(SPLIT, canceled=True, parcels=())).says("where is my order")
    assert "This order was canceled." in answer
    assert "promised" not in answer


def test_an_order_that_was_canceled_by_the_shop_is_a_question_and_no_wish() -> None:
    anna = known(replace(SPLIT, canceled=True, parcels=()))
    assert "This order was canceled." in anna.says("Why was my order cancelled?")
    assert anna.desk.done("wish") == []


@pytest.mark.parametrize(
    ("status", "reason", "sentence"),
    [
        ("Exception", "Exception_Damage", "Reason: the parcel was damaged."),
        ("DeliveryFailure", "DeliveryFailure_NoBody", "Reason: nobody was there to take it."),
        ("Exception", "something new", "The carrier reports a problem with it."),
        ("Expired", "", "reported nothing for a long time"),
        ("AvailableForPickup", "", "waiting for you at the pickup point"),
        ("InfoReceived", "", "has not scanned it yet"),
        ("NotFound", "", "has not announced anything"),
        ("OutForDelivery", "", "out for delivery"),
    ],
)
def test_each_carrier_status_has_its_honest_sentence(
    status: str, reason: str, sentence: str
) -> None:
    parcel = replace(UNDERWAY, status=status, reason=reason)  # type: ignore[arg-type]
    assert sentence in known(replace(SPLIT, parcels=(parcel,))).says("where is my order")


def test_the_age_of_the_last_scan_is_told_in_days_when_it_is_old() -> None:
    old = replace(UNDERWAY, last_scan_at=NOW - timedelta(days=4), last_scan_place="")
    assert "4 days ago" in known(replace(SPLIT, parcels=(old,))).says("where is my order")


def test_of_several_orders_the_only_open_one_is_meant() -> None:
    answer = known(SPLIT, DELIVERED).says("where is my order")
    assert "Order 1002" in answer
    assert "Order 1001" not in answer


@pytest.mark.parametrize(
    "said", ["the second one", "1001", "the one with the red mug", "#1OO1", "the mugg"]
)
def test_among_several_open_orders_any_natural_hint_chooses(said: str) -> None:
    second = replace(DELIVERED, waiting=(WaitingFacts("Blue tee", 1, "packed"),))
    anna = known(SPLIT, second)
    assert "Which order do you mean?" in anna.says("where is my order")
    assert "Order 1001" in anna.says(said)


def test_an_item_named_in_the_question_chooses_the_order_at_once() -> None:
    assert "Order 1001" in known(SPLIT, DELIVERED).says("where is my order with the red mug")


def test_the_buttons_are_what_is_still_possible() -> None:
    anna = known(SPLIT)
    anna.says("where is my order")
    assert anna.labels == [
        "Wrong address",
        "Cancel the order",
        "Tell me about changes",
        "Talk to a person",
    ]
    assert "I will tell you" in anna.presses("Tell me about changes")
    assert anna.desk.done("watch") == [("watch", "1002")]


def test_in_german_the_same_facts_are_told_in_sie_or_du() -> None:
    answer = known(SPLIT, language="de").says("wo ist meine bestellung")
    assert "Ein Teil dieser Bestellung ist zugestellt, ein Teil kommt noch." in answer
    assert "in Leipzig, vor 5 Stunden" in answer
    assert "129,00" in answer
    assert "Dienstag, 24. November" in answer
    assert "Ihrer" not in known(SPLIT, language="de", formal=False).says("wo ist mein paket")


def test_a_customer_without_orders_hears_so_and_can_reach_a_person() -> None:
    anna = known()
    assert "cannot see any order" in anna.says("where is my order")
    assert anna.labels == ["Talk to a person"]


def test_a_parcel_without_a_tracking_number_is_still_described() -> None:
    parcel = replace(ARRIVED, tracking_number="", tracking_url="", delivered_at=None)
    answer = known(replace(DELIVERED, parcels=(parcel,))).says("where is my order")
    assert "Parcel with DHL: 2 × Red mug, 1 × Blue tee." in answer


@pytest.mark.parametrize("status", ["Exception", "InTransit"])
@pytest.mark.parametrize("promise", [None, date(2026, 11, 18), date(2026, 11, 24)])
def test_a_delay_is_told_once_without_a_new_date_and_a_person_is_offered_first(
    status: str, promise: date | None
) -> None:
    parcel = replace(UNDERWAY, status=status, reason="Exception_Delayed")  # type: ignore[arg-type]
    anna = known(replace(SPLIT, parcels=(parcel,), waiting=(), promise=promise))
    answer = anna.says("when will it arrive???")
    assert answer.count("delay") == 1
    assert answer.count("new date") == 1
    assert "problem" not in answer
    assert ("We promised it by" in answer) == (promise is not None)
    assert anna.labels[0] == "Talk to a person"
    assert anna.labels.count("Talk to a person") == 1


def test_a_late_order_offers_a_person_first_and_a_punctual_one_last() -> None:
    late = known(replace(SPLIT, promise=date(2026, 11, 18), waiting=()))
    late.says("when will it arrive?")
    assert late.labels[0] == "Talk to a person"
    punctual = known(SPLIT)
    punctual.says("when will it arrive?")
    assert punctual.labels[-1] == "Talk to a person"


@pytest.mark.parametrize(("language", "page"), [("en", "/en/home/"), ("de", "/de-de/home/")])
def test_the_carriers_page_is_linked_in_the_customers_language(language: str, page: str) -> None:
    url = "https://www.dhl.com/en/home/tracking.html?tracking-id=JD014600003"
    order = replace(DELIVERED, parcels=(replace(ARRIVED, tracking_url=url),))
    answer = known(order, language=language).says("where is my order 1001")
    assert f"https://www.dhl.com{page}tracking.html?tracking-id=JD014600003" in answer


def test_a_page_that_we_know_in_one_language_only_is_linked_as_it_is() -> None:
    answer = known(DELIVERED, language="de").says("wo ist meine Bestellung 1001")
    assert "https://carrier.example/JD014600003" in answer
