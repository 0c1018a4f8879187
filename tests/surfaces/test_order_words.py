"""What the card of an order says of its money and of parcels that were asked back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from bot.grammar import Desk
from bot.presentation.plain import as_text
from bot.presentation.views import card_for
from core.commands.choosing import Units
from core.commands.edits import ConfirmEdit, EditOrder
from core.commands.fulfillment import ShipWork
from core.commands.holds import RecallParcel
from core.commands.orders import CancelOrder
from core.db import tables as t
from core.queries.orders import ShowOrder
from tests.shop import SHOP, Shop, make_shop, staff


@pytest.fixture
def shop(sqlite_database: str) -> Iterator[Shop]:
    made = make_shop(sqlite_database)
    yield made
    made.close()


def card(shop: Shop, number: str) -> str:
    known = shop.engine.chore(lambda uow: uow.shop, SHOP)
    asked = ShowOrder(number)
    desk = Desk.at(known, staff().actor, shop.clock())
    return as_text(card_for(shop.ask(asked), asked, desk))


def test_an_edit_and_a_cancel_of_the_same_units_say_the_same_of_the_money(shop: Shop) -> None:
    steps: dict[str, tuple[Any, ...]] = {
        "1001": (EditOrder("1001", "mug-red 1"), ConfirmEdit("1001")),
        "1002": (CancelOrder("1002", "", (Units("mug-red", 1),)),),
    }
    for number, commands in steps.items():
        shop.place(number, ("mug-red", 2))
        assert "too much" not in card(shop, number)
        for command in commands:
            assert shop.do(command).ok
        assert "paid, €19.90 too much" in card(shop, number)
        assert "overpaid" not in card(shop, number)


def test_a_parcel_that_was_asked_back_is_not_asked_back_twice(shop: Shop) -> None:
    shop.place(1001, ("mug-red", 1))
    assert shop.do(ShipWork("1001", "DHL", "00340434161094000009")).ok
    assert "[Recall Parcel…]" in card(shop, "1001")
    assert shop.do(RecallParcel("1001", "wrong address")).ok
    told = card(shop, "1001")
    assert "asked back, waiting for the carrier" in told
    assert "[Recall Parcel…]" not in told
    again = shop.do(RecallParcel("1001"))
    assert (again.code, again.next) == ("already", "When it has answered: `resolve 1`.")
    assert len(shop.rows(t.event, kind="RecallAsked")) == 1
