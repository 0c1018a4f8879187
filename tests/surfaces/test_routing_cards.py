"""Routing as the staff sees it: rules in words, versions, a choice of two plans with buttons."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from bot.bridge import House
from bot.desk import press
from bot.presentation.model import Card, Page
from bot.presentation.plain import all_as_text
from core.domain.access import Role
from tests.shop import Shop, staff
from tests.surfaces.desk_story import ANN, ask, desk_house

OLGA = staff(Role.OWNER, "Olga")


@pytest.fixture
def desk(database) -> Iterator[tuple[House, Shop]]:
    with desk_house(database) as (house, shop):
        yield house, shop


def said(house: House, text: str, caller=OLGA) -> str:
    return all_as_text(ask(house, text, caller))


def test_rules_are_drafted_tried_and_put_in_force_by_words(desk):
    house, _ = desk
    assert "Ready rules to begin with: `rules presets`." in said(house, "rules")
    assert "`rules draft ship-from-store` — A store within 50 km" in said(house, "rules presets")
    assert "Version 1 of the rules is drafted." in said(house, "rules draft store-first nearest")
    told = said(house, "rules show 1")
    assert "1. stores first — Every order: only from store; fewest parcels" in told
    assert "2. nearest — Every order: from any location; nearest, then fewest parcels" in told
    assert "Put in Force 1" in told
    assert "Put in Force" not in said(house, "rules show 1", ANN)
    assert "Version 1 of the rules is in force." in said(house, "rules activate 1 sure")
    assert "version 1: store-first + nearest (active)" in said(house, "rules")
    assert "No routing rules are in force" in said(house, "rules rollback")


def test_a_version_with_oddities_says_so_and_a_wrong_name_helps(desk):
    house, _ = desk
    told = said(house, "rules draft express-national")
    assert "no location is in the group “national”" in told
    assert "Did you mean nearest?" in said(house, "rules draft neerest")
    assert "There is no version 9 of the rules." in said(house, "rules show 9")


@pytest.fixture
def asked(database) -> Iterator[tuple[House, Shop]]:
    """Order 2001 needs two parcels, and the rules ask a person before they split."""
    with desk_house(database) as (house, shop):
        said(house, "rules draft ask-before-split")
        said(house, "rules activate 1 sure")
        shop.place(2001, ("tee-black-m", 12))
        yield house, shop


def the_case(house: House) -> Card:
    page = ask(house, "cases", ANN)[0]
    assert isinstance(page, Page)
    line = next(line for line in page.lines if "asks a person" in line)
    number = line.split("Case ")[1].split(" ")[0]
    card = ask(house, f"case {number}", ANN)[0]
    assert isinstance(card, Card)
    return card


def test_a_case_with_two_plans_has_a_button_for_each_and_one_press_decides(asked):
    house, _ = asked
    card = the_case(house)
    plans = {field.label: field.value for field in card.fields if field.label.startswith("Plan")}
    assert plans["Plan 1"].startswith("BER + HAM: 2 parcels, €")
    buttons = [action for action in card.actions if action.verb == "choose"]
    assert buttons[0].label == "Ship from BER + HAM"
    answers = asyncio.run(press(house, buttons[0].verb, buttons[0].arguments, ANN))
    assert "Order 2001 ships from BER and HAM." in all_as_text(answers)
    assert "Ann chose the location." in said(house, "why 2001", ANN)
    assert "Chosen by hand: it ships from BER and HAM." in said(house, "timeline 2001", ANN)
    assert "asks a person" not in said(house, "cases", ANN)
