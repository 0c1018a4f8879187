"""One door, many spellings; and two doors that must never be taken for one."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.address import address_key, normalized
from core.domain.order import Address

HOME = Address("Anna Schmidt", "", "Hauptstraße 1", "", "10827", "Berlin", "", "DE")


@pytest.mark.parametrize(
    "street",
    ["Hauptstr. 1", "Haupt-Strasse 1", "HAUPTSTRASSE 1", "Haupt Str. 01", " Hauptstraße  1 "],
)
def test_one_street_in_many_spellings(street: str) -> None:
    assert address_key(replace(HOME, street=street)) == address_key(HOME)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("12 Main Street", "12 main st."),
        ("5 North Oak Avenue, Apartment 3", "5 N Oak Ave Apt 3"),
        ("Königsallee 7 b", "Koenigsallee 7B"),
        ("Marktplatz 2", "Markt-Platz 2"),
        ("12 Rue de l'Église", "12 rue de l’eglise"),
    ],
)
def test_words_that_people_shorten(one: str, other: str) -> None:
    assert normalized(one) == normalized(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Hauptstr. 1", "Hauptstr. 11"),
        ("Hauptstr. 11 1", "Hauptstr. 1 11"),
        ("Hauptstr. 1", "Hauptstr. 1a"),
        ("12 Main Street", "12 Main Road"),
    ],
)
def test_two_doors_stay_two(one: str, other: str) -> None:
    assert normalized(one) != normalized(other)


def test_the_flat_may_stand_on_either_line() -> None:
    split = replace(HOME, street="Hauptstr. 1", street2="Whg. 4")
    joined = replace(HOME, street="Hauptstraße 1, Wohnung 4")
    assert address_key(split) == address_key(joined)


def test_another_town_zip_or_country_is_another_door() -> None:
    others = (replace(HOME, city="Bonn"), replace(HOME, zip="10828"), replace(HOME, country="AT"))
    assert len({address_key(a) for a in (HOME, *others)}) == 4


def test_an_address_without_a_street_has_no_key() -> None:
    assert address_key(replace(HOME, street=" ", street2="-")) == ""


def test_whose_name_is_on_the_bell_does_not_count() -> None:
    assert address_key(replace(HOME, name="Ben", phone="1")) == address_key(HOME)


@given(st.text(max_size=30))
def test_case_and_outer_space_never_matter(text: str) -> None:
    assert normalized(f"  {text.upper()} ") == normalized(text.upper().lower())


@given(st.text(max_size=30))
def test_what_is_normal_stays_as_it_is(text: str) -> None:
    once = normalized(text)
    assert normalized(normalized(once)) == normalized(once)
