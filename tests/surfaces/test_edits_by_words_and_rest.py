"""An edit typed at the desk, and the same edit by a program."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bot.presentation.model import Card, Form
from core.db import tables as t
from tests.shopify import Town, make_town
from tests.surfaces.desk_story import ANN, ask, desk_house

pytestmark = pytest.mark.anyio
API = "/api/v1"


@pytest.fixture
async def town(database: str) -> AsyncIterator[Town]:
    town = make_town(database)
    yield town
    await town.close()


def test_typed_at_the_desk(database: str) -> None:
    with desk_house(database) as (house, shop):
        preview, card = ask(house, "edit 1001 mug-red 3; discount 5.00 late", ANN)
        assert "nothing has changed yet" in preview.title
        assert isinstance(card, Card)
        assert card.title == "Edit of order 1001: €14.90 more"
        assert [action.label for action in card.actions] == [
            "Confirm Edit",
            "Change More",
            "Discard Edit",
        ]
        (refused, *_) = ask(house, "edit 1001 add unicorn 1", ANN)
        assert refused.title == "The catalog has no unicorn."
        (done, order) = ask(house, "confirm 1001", ANN)
        assert done.title == "Order 1001 is changed. The customer is asked for €14.90."
        assert order.title.startswith("Order 1001")
        assert shop.rows(t.order_change)[0]["status"] == "confirmed"


def test_a_bare_edit_opens_the_form_with_what_there_is(database: str) -> None:
    with desk_house(database) as (house, _):
        (form,) = ask(house, "edit 1001", ANN)
        assert isinstance(form, Form)
        assert form.title == "Edit order 1001"
        shown = {each.label: each.value for each in form.inputs}
        assert shown["Mug-Red: how many?"] == "2"


async def test_a_program_edits_looks_and_confirms_what_it_saw(town: Town) -> None:
    theirs = town.buy({"mug-red": 2})
    await town.bring()
    number, key = str(theirs.number), town.key()
    actions = [{"do": "set", "sku": "mug-red", "quantity": 3}]
    body = {"order": number, "actions": actions}
    begun = await town.http.post(f"{API}/commands/change_order", json=body, headers=key)
    assert begun.status_code == 200
    seen = (await town.http.get(f"{API}/orders/{number}/edit", headers=key)).json()
    assert (seen["difference"], seen["due"]) == (1690, 1690)
    wrong = {"order": number, "change": seen["change"], "version": seen["version"]}
    told = await town.http.post(
        f"{API}/commands/confirm_edit", json=wrong | {"difference": 0}, headers=key
    )
    assert (told.status_code, told.json()["code"]) == (409, "preview_changed")
    right = wrong | {"difference": seen["difference"]}
    done = await town.http.post(f"{API}/commands/confirm_edit", json=right, headers=key)
    assert (done.status_code, done.json()["happened"][0]) == (200, "OrderEdited")
    assert (await town.http.get(f"{API}/orders/{number}/edit", headers=key)).status_code == 404
