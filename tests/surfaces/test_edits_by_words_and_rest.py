"""An edit typed at the desk, and the same edit by a program."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bot.presentation.model import Card, Form
from core.commands.setup import SetPolicy
from core.db import tables as t
from core.db.rows import from_json
from core.domain.access import Role
from tests.shop import staff
from tests.shopify import Town, make_town
from tests.surfaces.desk_story import ANN, ask, desk_house

pytestmark = pytest.mark.anyio
API = "/api/v1"
SUE = staff(Role.SUPPORT, "Sue")


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


def said_on(card: object) -> list[str]:
    assert isinstance(card, Card)
    return [line for section in card.sections for line in section.lines]


def test_pickup_by_an_edit_and_what_is_short_say_what_they_mean(database: str) -> None:
    with desk_house(database) as (house, shop):
        ask(house, "edit 1001 method 4.90 Parcel", ANN)
        ask(house, "confirm 1001", ANN)
        (_, card) = ask(house, "edit 1001 method pickup at ham", ANN)
        said = said_on(card)
        assert said[0].startswith("Pickup at HAM instead of shipping, for €4.90 as before; `edit")
        assert said[1].startswith("HAM: 2 × mug-red")
        (order,) = ask(house, "1001", ANN)
        lines = said_on(order)
        assert any("began an edit just now; nothing has changed yet" in line for line in lines)
        ask(house, "edit 1001 method 0.00 pickup ham", ANN)
        (done, order) = ask(house, "confirm 1001", ANN)
        assert done.title.startswith("Order 1001 is changed.")
        assert isinstance(order, Card)
        assert ("Method", "Pickup at HAM") in [(f.label, f.value) for f in order.fields]
        (row,) = shop.rows(t.orders, number="1001")
        assert from_json(row["extra"])["pickup_at"] == "HAM"
        (_, card) = ask(house, "edit 1001 mug-red 99", ANN)
        said = said_on(card)
        assert any(line.endswith("what waits for stock has no date yet") for line in said)


def test_a_discount_has_a_limit_by_role_also_in_parts(database: str) -> None:
    with desk_house(database) as (house, shop):
        shop.do(SetPolicy("discount_limit", "support 10; lead 50"), staff(Role.OWNER))
        (refused,) = ask(house, "edit 1001 discount 11% late", SUE)
        assert refused.title.startswith("That takes more than 10 % off the goods")
        ask(house, "edit 1001 discount 6% late", SUE)
        assert ask(house, "confirm 1001", SUE)[0].title.startswith("Order 1001 is changed.")
        (refused,) = ask(house, "edit 1001 discount 6% late again", SUE)
        assert refused.title.startswith("That takes more than 10 % off the goods")
        (refused,) = ask(house, "edit 1001 add tee-black-m 1 at 0.01", SUE)
        assert refused.title.startswith("That takes more than 10 % off the goods")
        ask(house, "undo", SUE)
        (preview, _) = ask(house, "edit 1001 discount 9% late", SUE)
        assert "nothing has changed yet" in preview.title


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
