"""Which location a word means: its code first, and never one of two by chance."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.domain.refusals import Invalid
from core.domain.shop import Location, Shop
from tests.domain.test_lanes import shop

PLACES = (
    Location(1, "N1", "BER", "store", city="Berlin"),  # somebody called it like another's code
    Location(2, "BER", "Old warehouse", "warehouse", city="Berlin"),
    Location(3, "HAM", "Harbor", "store", city="Hamburg", active=False),
    Location(4, "HH2", "Elbe", "store", city="Hamburg"),
    Location(5, "3PL", "Packwerk", "3pl"),  # nobody said in which city
)


def a_shop() -> Shop:
    return replace(shop(), locations={place.id: place for place in PLACES})


@pytest.mark.parametrize(
    ("word", "code"),
    [
        (" ber ", "BER"),
        ("n1", "N1"),
        ("elbe", "HH2"),
        ("Hamburg", "HH2"),  # the other one is closed
        ("harbor", "HAM"),
        ("packwerk", "3PL"),
    ],
)
def test_a_code_comes_first_then_the_only_one_of_a_name(word: str, code: str) -> None:
    assert a_shop().location(word).code == code


@pytest.mark.parametrize(
    ("word", "refusal"),
    [("Berlin", "ambiguous"), ("", "invalid"), ("  ", "invalid"), ("Rome", "invalid")],
)
def test_two_of_one_city_are_asked_about_and_no_word_is_no_place(word: str, refusal: str) -> None:
    with pytest.raises(Invalid) as problem:
        a_shop().location(word)
    assert problem.value.code == refusal
