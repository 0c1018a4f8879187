"""Pickup: which store, whose code, until when; and whose neighbor an address is."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from math import cos, radians
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.nearby import checked_km, checked_window, checked_zips, why_nobody, why_not
from core.domain.order import Address
from core.domain.pickup import (
    Pickup,
    code_of,
    is_about,
    is_code,
    is_open_on,
    is_over,
    last_day,
    named_place,
    opening_hours,
    pickup_late,
    pickup_names,
    pickup_place,
    word_behind_pickup,
)
from core.domain.refusals import Invalid
from core.domain.routing import rules
from core.domain.routing.decision import as_collected
from core.domain.routing.document import Constraints, Rule
from core.domain.routing.scope import OrderFacts
from core.domain.shop import Location

KEYS = ("old-key-" * 5, "new-key-" * 5)
WEEK = {str(day): [["10:00", "19:00"]] for day in range(5)} | {"5": [["10:00", "14:00"]]}
HAM = Location(
    1, "HAM", "Hamburg store", "store", "Lange Reihe 1", "20099", "Hamburg", "DE", hours=WEEK,
    time_zone="Europe/Berlin", external_ids={"21": "7012"},
)  # fmt: skip
MUC = Location(2, "MUC", "Munich store", "store", "Tal 2", "80331", "München", "DE")
BER = Location(3, "BER", "Berlin", "warehouse", "Hof 3", "10115", "Berlin", "DE", 52.5, 13.4)


def a_shop(*places: Location) -> Any:
    return SimpleNamespace(locations={p.id: p for p in places}, pickups=pickup_names(places))


def wants(word: str = "") -> Any:
    return SimpleNamespace(extra={"pickup_at": word} if word else {}, method="pickup")


# --- where ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("word", "code"),
    [
        ("ham", "HAM"),
        ("Hamburg Store", "HAM"),
        ("Lange Reihe 1", "HAM"),
        ("Lange Reihe 1, 20099 Hamburg", "HAM"),
        ("7012", "HAM"),
        ("München", "MUC"),
        ("BER", None),  # a warehouse hands nothing out
        ("Rome", None),
        ("", None),
    ],
)
def test_a_store_is_named_in_many_ways(word: str, code: str | None) -> None:
    found = named_place(a_shop(HAM, MUC, BER), word)
    assert (found.code if found else None) == code


def test_the_only_store_needs_no_name_and_a_wrong_name_is_no_store() -> None:
    assert pickup_place(a_shop(HAM, BER), wants()) is HAM
    assert pickup_place(a_shop(HAM, MUC), wants()) is None
    assert pickup_place(a_shop(HAM), wants("Rome")) is None
    assert pickup_place(a_shop(replace(BER, abilities=("pickup",))), wants()) is not None
    assert pickup_place(a_shop(replace(HAM, active=False)), wants()) is None


@pytest.mark.parametrize(
    ("title", "word"),
    [
        ("pickup at HAM", "HAM"),
        ("Abholung in Hamburg", "Hamburg"),
        ("Click & Collect", ""),
        ("Local pickup", ""),
        ("pick up Lange Reihe 1", "Lange Reihe 1"),
    ],
)
def test_the_place_stands_behind_the_method(title: str, word: str) -> None:
    assert word_behind_pickup(title) == word


def test_no_rule_limits_where_a_customer_collects() -> None:
    only = Constraints(groups=("warehouse",), max_distance_km=5, complete=True)
    rule = Rule("near", only=only)
    assert as_collected(rule, OrderFacts(method="standard")) is rule
    assert as_collected(rule, OrderFacts(method="pickup")).only == Constraints(
        complete=True, over_capacity=True
    )


# --- the code -------------------------------------------------------------------------------------

ids = st.integers(1, 2**62)


@given(ids, ids, ids)
def test_a_code_is_six_digits_and_its_own_only(shop_id: int, order_id: int, issue: int) -> None:
    code = code_of(KEYS, shop_id, order_id, issue)
    assert len(code) == 6
    assert code.isdecimal()
    assert is_code(f" {code[:3]}-{code[3:]} ", KEYS, shop_id, order_id, issue)
    assert is_code(code_of(KEYS[:1], shop_id, order_id, issue), KEYS, shop_id, order_id, issue)
    other = f"{(int(code) + 1) % 10**6:06d}"
    assert not is_code(other, KEYS[1:], shop_id, order_id, issue)


def test_another_order_shop_issue_or_key_has_another_code() -> None:
    known = code_of(KEYS, 1, 5, 1)
    others = [code_of(KEYS, 2, 5, 1), code_of(KEYS, 1, 6, 1), code_of(KEYS, 1, 5, 2)]
    assert known not in [*others, code_of(KEYS[:1], 1, 5, 1)]
    for typed in ("", known[:5], "abcdef", known + "0", "\ud800"[:0]):
        assert not is_code(typed, KEYS, 1, 5, 1)


def test_wrong_codes_count_for_an_order_however_it_was_spelled() -> None:
    assert all(is_about(word, "A-1001") for word in ("a-1001", " #A-1001 ", "A-1001-2"))
    assert not any(is_about(word, "1001") for word in ("10010", "1002", "", "1001x"))


# --- until when -----------------------------------------------------------------------------------

SATURDAY = datetime(2026, 11, 28, 11, 0, tzinfo=UTC)


@given(st.integers(0, 500_000), st.integers(1, 30))
def test_the_last_day_is_open_and_no_earlier_than_promised(minutes: int, days: int) -> None:
    at = SATURDAY + timedelta(minutes=minutes)
    last = last_day(at, days, HAM)
    assert is_open_on(HAM, last)
    assert last - timedelta(days) >= at.date()
    assert last - timedelta(days) <= at.date() + timedelta(days=3)


def test_closing_days_move_the_end_and_a_store_that_never_opens_does_not() -> None:
    closed = replace(HAM, closing_days=("2026-11-30",))
    assert last_day(SATURDAY, 1, HAM) == date(2026, 11, 30)
    assert last_day(SATURDAY, 1, closed) == date(2026, 12, 1)
    assert last_day(SATURDAY, 1, replace(HAM, hours={"6": []})) == date(2026, 11, 29)


def test_its_end_is_midnight_in_the_store() -> None:
    waiting = Pickup(1, 2, 3, HAM.id, SATURDAY, date(2026, 11, 30), 1, SATURDAY)
    before, after = (datetime(2026, 11, 30, hour, 30, tzinfo=UTC) for hour in (22, 23))
    assert not is_over(waiting, HAM, before)
    assert is_over(waiting, HAM, after)
    (found,) = pickup_late([(waiting, "1001", "Anna")], {HAM.id: HAM}, after)
    assert (found.subject, found.location_id) == ("order:3", HAM.id)
    assert pickup_late([(waiting, "1001", "Anna")], {HAM.id: HAM}, before) == []


def test_equal_days_are_told_together() -> None:
    assert opening_hours(HAM) == [
        {"first": 0, "last": 4, "times": "10:00–19:00"},
        {"first": 5, "last": 5, "times": "10:00–14:00"},
    ]
    assert opening_hours(MUC) == []


# --- local delivery -------------------------------------------------------------------------------

NEAR = replace(BER, delivers_km=10, delivers_to=("10", "12"))


@pytest.mark.parametrize(
    ("to", "place", "reason"),
    [
        (Address(zip="10827", city="Berlin", country="DE"), NEAR, None),
        (Address(zip="1 0827", city="Berlin", country="de"), NEAR, None),
        (Address(zip="10827", country="AT"), NEAR, rules.OUTSIDE_ITS_AREA),
        (Address(zip="20095", country="DE"), NEAR, rules.OUTSIDE_ITS_AREA),
        (Address(zip="20095", country="DE", lat=52.51, lon=13.41), NEAR, None),
        (Address(zip="10827"), BER, rules.DOES_NOT_DELIVER),
        (Address(zip="10827"), replace(NEAR, active=False), rules.DOES_NOT_DELIVER),
        (Address(zip=""), replace(NEAR, delivers_to=()), rules.AREA_UNKNOWN),
        (Address(zip="10827"), replace(NEAR, delivers_km=None), None),
        (Address(zip=""), replace(NEAR, delivers_km=None), rules.OUTSIDE_ITS_AREA),
    ],
)
def test_a_place_delivers_to_its_neighbors(to: Address, place: Location, reason: str) -> None:
    assert why_not(place, to) == reason
    assert bool(why_nobody(a_shop(place, HAM), to)) == (reason is not None)


@given(st.floats(0, 50), st.integers(1, 40))
def test_the_radius_is_its_border(km: float, radius: int) -> None:
    east = BER.lon + km / (111.195 * cos(radians(BER.lat or 0)))  # type: ignore[operator]
    place = replace(BER, delivers_km=radius)
    found = why_not(place, Address(lat=BER.lat, lon=east))
    if abs(km - radius) > 0.1:
        assert (found is None) == (km < radius)


def test_the_sentence_says_what_is_missing() -> None:
    nowhere = Address(zip="10827", city="Berlin")
    assert why_nobody(a_shop(HAM), nowhere) == "No location delivers by itself."
    assert "coordinates" in why_nobody(a_shop(replace(NEAR, delivers_to=())), nowhere)
    assert "20095 Hamburg" in why_nobody(a_shop(NEAR), Address(zip="20095", city="Hamburg"))


def test_an_area_is_read_strictly() -> None:
    assert checked_km(0) is None
    assert checked_zips(("10 ", "12", "10")) == ("10", "12")
    assert checked_window("16:00 – 20:00") == "16:00-20:00"
    with pytest.raises(Invalid):
        checked_km(501)
    with pytest.raises(Invalid):
        checked_zips(("1/2",))
    with pytest.raises(Invalid):
        checked_window("late")
