"""Pauses as staff type, read and press them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from bot import desk as staff_desk
from bot.bridge import House
from bot.presentation.model import Action, Card
from bot.presentation.plain import all_as_text
from core.commands.setup import SetPolicy
from core.domain.access import Role
from tests.shop import Shop, staff
from tests.surfaces.desk_story import ask, desk_house

OLGA = staff(Role.OWNER, "Olga")
Desk = tuple[House, Shop]


@pytest.fixture
def desk(sqlite_database: str) -> Iterator[Desk]:
    with desk_house(sqlite_database) as (house, shop):
        assert shop.do(SetPolicy("usual_carrier", "DHL"), OLGA).ok
        shop.place(2001, ("sock-grey", 1))
        yield house, shop


def said(desk: Desk, text: str) -> str:
    return all_as_text(ask(desk[0], text, OLGA))


def press(house: House, action: Action) -> str:
    work = staff_desk.press(house, action.verb, action.arguments, OLGA)
    return all_as_text(asyncio.run(work))


def test_a_strike_is_previewed_and_confirmed_by_its_button(desk: Desk) -> None:
    (card,) = ask(desk[0], "pause dhl until mon", OLGA)
    assert isinstance(card, Card)
    text = all_as_text([card])
    assert "Pause DHL until Mon 30 Nov 09:00: 4 orders affected" in text
    assert "Nothing has changed yet." in text
    assert "Their customers are told when you confirm." in text
    assert "2001: waits at BER, Thu 26 Nov becomes" in text
    (do,) = card.actions
    assert (do.label, do.verb) == ("Pause DHL", "pause now")
    done = press(desk[0], do)
    assert "DHL is paused." in done
    listed = said(desk, "pauses")
    assert "DHL until Mon 30 Nov 09:00, by Olga" in listed
    assert "Resume DHL" in listed
    assert "DHL is not paused any more." in said(desk, "resume dhl")
    assert "Nothing is paused" in said(desk, "pauses")


def test_a_preview_that_is_old_by_now_is_shown_anew(desk: Desk) -> None:
    (card,) = ask(desk[0], "pause dhl to de until mon", OLGA)
    assert isinstance(card, Card)
    desk[1].place(2002, ("sock-grey", 1))
    text = press(desk[0], card.actions[0])
    assert "nothing was done" in text
    assert "Pause DHL to DE until Mon 30 Nov" in text


def test_typed_with_now_it_is_done_at_once(desk: Desk) -> None:
    assert "BER to GB is paused." in said(desk, "pause now ber to gb until tomorrow")


def test_an_order_is_still_held_and_messages_still_pause(desk: Desk) -> None:
    assert "is on hold" in said(desk, "pause 2001")
    assert "Order 2001" in said(desk, "resume 2001")
    assert "No message leaves" in said(desk, "pause messages")


def test_what_is_not_understood_is_explained(desk: Desk) -> None:
    assert "is no carrier and no location" in said(desk, "pause pigeons until mon")
    assert "Until when is DHL paused?" in said(desk, "pause dhl")
