"""Where returned goods go: near the customer, able to take them, and for one reason."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from core.domain.order import Address
from core.domain.returning.boris import is_return_code, return_code
from core.domain.returning.places import by_post, counters, taking
from core.domain.shop import Location

BERLIN = Address(city="Berlin", country="DE", lat=52.5, lon=13.4)
BER = Location(1, "BER", "Warehouse", city="Berlin", country="DE", lat=52.4, lon=13.5)
HAM = Location(2, "HAM", "Store", "store", city="Hamburg", country="DE", lat=53.5, lon=10.0)
MUC = Location(3, "MUC", "Store", "store", city="Munich", country="DE", lat=48.1, lon=11.6)
VIE = Location(4, "VIE", "Store", "store", city="Vienna", country="AT", lat=48.2, lon=16.4)
PARTNER = Location(5, "3PL", "Partner", "3pl", country="DE", lat=51.0, lon=13.0)


def able(place: Location, *abilities: str) -> Location:
    return replace(place, abilities=abilities)


def test_counters_are_the_stores_of_the_customers_country_nearest_first():
    found = counters([BER, MUC, HAM, VIE], BERLIN)
    assert [each.place.code for each in found] == ["HAM", "MUC"]
    assert found[0].km is not None
    assert 240 < found[0].km < 270


def test_who_says_that_it_takes_returns_is_the_only_one_that_does():
    assert [place.code for place in taking([BER, HAM, PARTNER])] == ["BER", "HAM"]
    only = [BER, HAM, able(PARTNER, "returns")]
    assert [place.code for place in taking(only)] == ["3PL"]
    assert counters(only, BERLIN) == []


def test_a_parcel_goes_to_the_nearest_at_home_and_broken_goods_to_who_mends():
    places = [BER, HAM, VIE, able(MUC, "refurbish")]
    usual = by_post(places, BERLIN, ["unwanted"])
    assert usual is not None
    assert usual.place.code == "BER"
    assert usual.why == "the nearest that takes returns in the customer's country: 13 km"
    broken = by_post(places, BERLIN, ["unwanted", "defective"])
    assert broken is not None
    assert broken.place.code == "MUC"
    assert broken.why == "the only one that can refurbish what is broken"


def test_abroad_and_unknown_places_still_find_somebody():
    found = by_post([BER], Address(country="JP"), [])
    assert found is not None
    assert found.why == "the only one that takes returns"
    assert by_post([], BERLIN, []) is None
    unknown = by_post([BER, HAM], Address(country="DE"), [])
    assert unknown is not None
    assert unknown.km is None


@given(st.permutations([BER, HAM, MUC, VIE]))
def test_the_answer_does_not_depend_on_the_order_of_the_places(places: list[Location]):
    found = by_post(places, BERLIN, [])
    assert found is not None
    assert found.place == BER
    assert [each.place.code for each in counters(places, BERLIN)] == ["HAM", "MUC"]


def test_a_code_is_about_one_return_of_one_shop():
    keys = ("old key", "new key")
    code = return_code(keys, 1, 7)
    assert is_return_code(f"{code[:3]} {code[3:]}", keys, 1, 7)
    assert is_return_code(return_code(keys[:1], 1, 7), keys, 1, 7)
    assert not is_return_code(code, keys, 1, 8)
    assert not is_return_code(code, keys, 2, 7)
    assert not is_return_code("", keys, 1, 7)
