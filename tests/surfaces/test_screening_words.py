"""The screening and the promise as staff type and read them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from bot.bridge import House
from bot.presentation.plain import all_as_text
from core.domain.access import Role
from core.domain.order import Address
from tests.shop import Shop, staff
from tests.surfaces.desk_story import ANN, ask, desk_house

OLGA = staff(Role.OWNER, "Olga")
HOME = Address("Anna Schmidt", "", "Hauptstr. 1", "", "10827", "Berlin", "", "DE")
Desk = tuple[House, Shop]


@pytest.fixture
def desk(sqlite_database: str) -> Iterator[Desk]:
    with desk_house(sqlite_database) as (house, shop):
        shop.place(2001, ("sock-grey", 1), ship_to=replace(HOME, city="", zip="1082"))
        yield house, shop


def said(desk: Desk, text: str) -> str:
    return all_as_text(ask(desk[0], text, OLGA))


def test_each_concern_of_an_order_is_explained(desk: Desk) -> None:
    text = said(desk, "screening 2001")
    assert "The address lacks a city. It holds the order." in text
    assert "“1082” is no postal code of DE (such as 26133)." in text
    assert "A person is asked from 30 points, it waits from 60." in text
    for button in ("Release Order", "Ask Customer", "Cancel Order"):
        assert button in text
    assert "Nothing was seen in it." in said(desk, "screening 1001")


def test_the_case_has_the_three_answers_as_buttons(desk: Desk) -> None:
    text = said(desk, "case 2")
    assert "Order 2001 waits: The address lacks a city. (and 1 more)" in text
    for button in ("Release Order", "Ask Customer", "Cancel Order"):
        assert button in text


def test_rules_are_shown_with_their_limits_and_set_by_words(desk: Desk) -> None:
    text = said(desk, "screening")
    assert "duplicate 30 minutes: " in text
    assert "high_value €500.00: " in text
    assert "duplicate is hold 60 points 10 now." in said(desk, "screening set duplicate hold 60")
    assert "duplicate 60 minutes: " in said(desk, "screening")
    assert "duplicate is warn 30 points 10 now." in said(desk, "undo")
    assert "“perhaps” is neither yes nor no." in said(desk, "screening set fraud perhaps")


def test_who_may_not_manage_may_look(desk: Desk) -> None:
    assert "cannot" in all_as_text(ask(desk[0], "screening set fraud yes", ANN))
    assert "What is looked for" in all_as_text(ask(desk[0], "screening", ANN))


def test_a_promise_is_one_line_of_chat(desk: Desk) -> None:
    text = said(desk, "promise mug-red 2 to 10115")
    assert text.startswith("Arrives Thu 26 Nov to 10115 DE")
    assert "2 × mug-red from BER: leaves tomorrow, arrives Thu 26 Nov · €5.70" in text
    assert "Arrives Wed 25 Nov" in said(desk, "promise sock-grey to AT 1010 express")


def test_an_express_order_says_so_on_its_card(desk: Desk) -> None:
    desk[1].place(2002, ("sock-grey", 1), shipping_line="DHL Express")
    assert "Method   Express" in said(desk, "2002")
    assert "Method" not in said(desk, "2001")


def test_why_there_is_no_promise_is_said_first(desk: Desk) -> None:
    text = said(desk, "promise mug-red 200 to 10115")
    assert text.startswith("No promise to 10115 DE")
    assert "182 × mug-red is nowhere to be had" in text


def test_lanes_holidays_and_shipping_lines_are_typed(desk: Desk) -> None:
    assert "Lanes: 0" in said(desk, "lanes")
    assert "the next is 2026-12-25" in said(desk, "holidays ber DE-BE")
    assert "BER keeps no public holidays." in said(desk, "holidays ber off")
    assert "“Blitz Paket” means express now." in said(desk, "shipping express Blitz Paket")
    assert "“blitz paket” means express" in said(desk, "lanes")
    assert "There is no lane from anywhere to DE 25849" in said(desk, "lane drop DE 25849")


def test_a_customer_is_asked_from_the_desk(desk: Desk) -> None:
    assert "is asked about the address" in said(desk, "ask 2001 address")
    assert "customer" in said(desk, "2001").casefold()
