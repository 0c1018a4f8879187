"""A lane is the row that says most about where a parcel goes; an estimate is a date it can keep."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.estimate import Estimate, Way, estimate, parcel_cost, way_of
from core.domain.lanes import Lane, LaneBook, checked_lane, method_of, require_method
from core.domain.order import Address
from core.domain.pauses import FOREVER, Pause
from core.domain.refusals import Invalid
from core.domain.shop import DEFAULT_POLICY, Location, Mode, Shop

BERLIN = Address(zip="10115", city="Berlin", country="DE")
ISLAND = Address(zip="25849", city="Pellworm", country="DE")
WIEN = Address(zip="1010", city="Wien", country="AT")
WEEK = {str(day): [["08:00", "18:00"]] for day in range(5)}
BER = Location(
    1, "BER", "Berlin", country="DE", time_zone="Europe/Berlin", hours=WEEK, cut_off="14:00"
)
MONDAY = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
LANES = (
    Lane("", "", "", "standard", 9),
    Lane("DE", "DE", "", "standard", 2, 450),
    Lane("BER", "DE", "", "standard", 1, 390),
    Lane("", "DE", "25849", "standard", 4),
    Lane("", "DE", "", "express", 1, 990),
)


def shop(*lanes: Lane, place: Location = BER, **policy: object) -> Shop:
    return Shop(
        1,
        "Nordlicht",
        "EUR",
        "Europe/Berlin",
        "en",
        "sie",
        Mode.LIVE,
        None,
        None,
        "",
        "",
        {**DEFAULT_POLICY, **policy},
        {},
        {place.id: place},
        {},
        lanes=LaneBook(lanes),
    )


def to(address: Address, *lanes: Lane, method: str = "standard", at: datetime = MONDAY) -> Estimate:
    return estimate(shop(*lanes), BER, address, method, at)


def test_the_row_that_says_most_about_the_destination_wins_then_the_nearer_origin() -> None:
    book = LaneBook(LANES)
    assert book.find("BER", "DE", BERLIN, "standard") == LANES[2]
    assert book.find("HAM", "DE", BERLIN, "standard") == LANES[1]
    assert book.find("BER", "DE", ISLAND, "standard") == LANES[3]
    assert book.find("BER", "DE", WIEN, "standard") == LANES[0]
    assert book.find("BER", "DE", WIEN, "express") is None


def test_postal_codes_are_compared_without_spaces() -> None:
    book = LaneBook((Lane("", "GB", "SW1A", "standard", 3),))
    assert book.find("X", "GB", Address(zip="sw1a 1aa", country="gb"), "standard")
    assert not book.find("X", "GB", Address(zip="sw1 2aa", country="GB"), "standard")


@given(st.permutations(LANES), st.sampled_from([BERLIN, ISLAND, WIEN]))
def test_the_order_of_the_table_changes_nothing(lanes: list[Lane], to: Address) -> None:
    found = LaneBook(tuple(lanes)).find("BER", "DE", to, "standard")
    assert found == LaneBook(LANES).find("BER", "DE", to, "standard")


def test_without_lanes_the_shops_own_days_count() -> None:
    found = to(BERLIN)
    assert (found.leaves, found.day) == (date(2026, 11, 24), date(2026, 11, 26))
    assert to(BERLIN, method="express").day == date(2026, 11, 25)
    assert to(BERLIN, method="pickup").day == date(2026, 11, 24)
    assert found.words == "leaves 2026-11-24, 2 days on the way (the shop's usual days)"


def test_a_lane_replaces_the_days_and_names_itself() -> None:
    found = to(BERLIN, *LANES)
    assert found.day == date(2026, 11, 25)
    assert found.words == "leaves 2026-11-24, 1 day on the way (lane BER to DE, standard)"
    assert to(ISLAND, *LANES).day == date(2026, 11, 30)


def test_holidays_are_no_days_of_handling_or_travel() -> None:
    place = replace(BER, holidays="DE", holiday_days=("2026-11-24", "2026-11-26"))
    found = estimate(shop(place=place), place, BERLIN, "standard", MONDAY)
    assert (found.leaves, found.day) == (date(2026, 11, 25), date(2026, 11, 30))


def test_locations_that_work_alike_share_what_was_counted_and_others_do_not() -> None:
    """Whatever a date is counted from makes a location another one."""
    others: dict[str, Any] = {
        "hours": {"2": [["08:00", "12:00"]]},
        "closing_days": ("2026-11-24",),
        "holiday_days": ("2026-11-24",),
        "cut_off": "08:00",
        "lead_days": 3,
        "time_zone": "Pacific/Auckland",
    }
    places = [replace(BER, id=n, **{name: other}) for n, (name, other) in enumerate(others.items())]
    places += [replace(BER, id=90), replace(BER, id=91, code="HAM", name="Hamburg")]
    many = replace(shop(), locations={place.id: place for place in places})
    evening = MONDAY.replace(hour=21)
    for place in places:
        alone = estimate(shop(place=place), place, BERLIN, "standard", evening)
        assert estimate(many, place, BERLIN, "standard", evening) == alone, place
    assert len(many.counted_days) == len(others) + 1


def test_the_cost_of_a_parcel_is_its_lanes_else_its_locations() -> None:
    place = replace(BER, parcel_cost=490)
    assert parcel_cost(shop(*LANES), place, BERLIN, "standard") == 390
    assert parcel_cost(shop(*LANES), place, ISLAND, "standard") == 490
    assert parcel_cost(shop(), place, BERLIN, "standard") == 490


@given(st.integers(0, 20_000), st.integers(0, 5_000), st.sampled_from(["standard", "express"]))
def test_asking_again_and_later_never_makes_it_earlier(start: int, wait: int, method: str) -> None:
    """What is kept from one question is right for the next."""
    at = MONDAY + timedelta(minutes=start, seconds=start % 60)
    one = shop(*LANES)
    first = estimate(one, BER, BERLIN, method, at)
    assert estimate(one, BER, BERLIN, method, at) == first
    assert estimate(one, BER, BERLIN, method, at + timedelta(minutes=wait)).day >= first.day
    assert estimate(shop(*LANES), BER, BERLIN, method, at) == first
    assert first.day >= first.leaves


def test_a_row_is_kept_clean() -> None:
    assert checked_lane(" ber ", "de", "10 11", "", 2, None) == Lane(
        "BER", "DE", "1011", "standard", 2
    )
    assert checked_lane("*", "*", "", "Next Day", 1, 990).method == "next_day"


@pytest.mark.parametrize(
    ("country", "zip_prefix", "method", "days"),
    [("Germany", "", "", 1), ("", "10", "", 1), ("DE", "", "!", 1), ("DE", "", "", 61)],
)
def test_a_row_that_makes_no_sense_is_refused(
    country: str, zip_prefix: str, method: str, days: int
) -> None:
    with pytest.raises(Invalid) as refused:
        checked_lane("", country, zip_prefix, method, days, None)
    assert refused.value.next


@pytest.mark.parametrize(
    ("said", "method"),
    [
        ("", "standard"),
        ("DHL Paket", "standard"),
        ("DHL Express 12:00", "express"),
        ("Overnight", "express"),
        ("Abholung im Laden", "pickup"),
        ("Blitz", "express"),
        ("express-lite", "standard"),
    ],
)
def test_the_words_of_a_channel_name_a_method(said: str, method: str) -> None:
    assert method_of(said, (("blitz", "express"), ("Express-Lite", "standard"))) == method


def test_a_method_is_one_plain_word() -> None:
    assert require_method("Same Day") == "same_day"


def test_what_no_carrier_brings_is_stopped_by_no_carriers_pause() -> None:
    """Collected and delivered by the location itself: no lane, no travel, only its own pause."""
    known = replace(shop(*LANES, usual_carrier="DHL"), pauses=(Pause("DHL", "", "", FOREVER),))
    near = replace(BER, delivery_fee=490)
    for method, cost in (("pickup", 0), ("local", 490)):
        assert way_of(known, near, BERLIN, method, MONDAY) == Way(None, "")
        assert estimate(known, near, BERLIN, method, MONDAY).day == date(2026, 11, 24)
        assert parcel_cost(known, near, BERLIN, method, MONDAY) == cost
    shut = replace(known, pauses=(Pause("", "BER", "", FOREVER),))
    assert way_of(shut, near, BERLIN, "pickup", MONDAY).opens == FOREVER
    assert way_of(known, near, BERLIN, "standard", MONDAY).opens == FOREVER
    lane = replace(known, pauses=(Pause("", "BER", "DE", FOREVER),))
    assert way_of(lane, near, BERLIN, "pickup", MONDAY).opens is None
    assert way_of(lane, near, BERLIN, "local", MONDAY).opens == FOREVER
