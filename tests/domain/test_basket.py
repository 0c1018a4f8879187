"""A basket is read as people type it, and what is no basket is refused with an example."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.basket import BasketLine, read_basket, require_basket
from core.domain.order import Address
from core.domain.refusals import Invalid


@pytest.mark.parametrize(
    ("text", "lines", "to", "method"),
    [
        ("mug-red", {"mug-red": 1}, Address(country="DE"), "standard"),
        ("mug-red 2 to 10115", {"mug-red": 2}, Address(zip="10115", country="DE"), "standard"),
        (
            "2 x mug-red and card to AT 1010 Wien",
            {"mug-red": 2, "card": 1},
            Address(zip="1010", city="Wien", country="AT"),
            "standard",
        ),
        (
            "mug-red 1, mug-red 2 nach AT-1010 express",
            {"mug-red": 3},
            Address(zip="1010", country="AT"),
            "express",
        ),
        (
            "mug-red to gb SW1A 1AA by drone",
            {"mug-red": 1},
            Address(zip="SW1A 1AA", country="GB"),
            "drone",
        ),
        ("mug-red to Bad Tölz", {"mug-red": 1}, Address(city="Bad Tölz", country="DE"), "standard"),
        ("mug-red to WIEN", {"mug-red": 1}, Address(city="WIEN", country="AT"), "standard"),
        ("mug-red to GB London", {"mug-red": 1}, Address(city="London", country="GB"), "standard"),
    ],
)
def test_baskets_are_read(text: str, lines: dict[str, int], to: Address, method: str) -> None:
    found, where, how = read_basket(text, "DE", ("drone",), {"bad tölz": "DE", "wien": "AT"})
    assert {line.sku: line.quantity for line in found} == lines
    assert (where, how) == (to, method)


def test_a_city_alone_is_asked_for_its_country_and_not_guessed() -> None:
    with pytest.raises(Invalid, match=r"^In which country is London\?") as refused:
        read_basket("mug-red 2 to London", "DE", (), {"berlin": "DE"})
    assert "GB London" in refused.value.next


@pytest.mark.parametrize("text", ["", "to 10115", "mug red to 10115", "mug-red 2 3", "mug-red 0"])
def test_what_is_no_basket_is_refused(text: str) -> None:
    with pytest.raises(Invalid) as refused:
        read_basket(text, "DE")
    assert refused.value.next


def test_a_basket_has_a_size() -> None:
    with pytest.raises(Invalid):
        require_basket(tuple(BasketLine(f"sku-{n}") for n in range(51)))


@given(st.text(max_size=60))
def test_no_text_breaks_the_reading(text: str) -> None:
    try:
        lines, to, method = read_basket(text, "DE")
    except Invalid:
        return
    assert lines
    assert all(line.quantity > 0 and line.sku for line in lines)
    assert to.country
    assert method in ("standard", "express", "pickup")
