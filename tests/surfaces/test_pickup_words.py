"""Pickup as customers read it (mail, page, chat) and as the store types it."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import pytest

from bot.presentation.plain import all_as_text
from core.commands.fulfillment import PickWork
from core.commands.pickups import CollectOrder, NewPickupCode, ReadyForPickup
from core.commands.setup import ChangeLocation
from core.db import tables as t
from core.db.rows import from_json
from core.domain.access import Role
from tests.shop import staff
from tests.surfaces.customers import KEY, Street, street
from tests.surfaces.desk_story import ask, desk_house

pytestmark = pytest.mark.anyio
ANNA = "anna@example.org"
OLGA = staff(Role.OWNER, "Olga")


@pytest.fixture
async def here(database: str) -> AsyncIterator[Street]:
    async with street(database) as street_:
        street_.shop.engine.keys = (KEY,)
        place = ChangeLocation(
            "HAM", street="Lange Reihe 1", zip="20099", hours="mon-sat 10:00-19:00"
        )
        assert street_.shop.do(place, OLGA).ok
        street_.shop.place(1001, ("mug-red", 2), pickup_at="ham")
        await street_.work()
        yield street_


async def test_the_code_is_told_and_never_kept(here: Street) -> None:
    page = (await here.visitor().client.get(here.link_for(ANNA))).text
    assert "Hamburg store" in page
    assert "Code" not in page
    for step in (PickWork("1001"), ReadyForPickup("1001"), NewPickupCode("1001")):
        assert here.shop.do(step, OLGA).ok
    here.shop.clock.advance(minutes=2)
    await here.work()
    mail = here.mailbox.to(ANNA)[-1].text
    (code,) = re.findall(r"code: (\d{6})", mail)
    for word in ("Lange Reihe 1", "20099 Hamburg", "Mon–Sat 10:00–19:00", "November 30"):
        assert word in mail, word
    kept = [row for row in here.shop.rows(t.outbox) if row["kind"] == "message.email"]
    assert not any(code in row["result"] for row in kept)
    assert any(from_json(row["payload"])["kind"] == "ready_for_pickup" for row in kept)

    visitor = here.visitor()
    page = (await visitor.client.get(here.link_for(ANNA))).text
    assert f"Code {code}" in page
    assert "It is ready for you to collect." in page
    (token,) = re.findall(r'name="start" value="([^"]+)"', page)
    await visitor.client.post("/chat/start", data={"start": token})
    heard = await visitor.says("where is my order")
    assert (
        "ready at Hamburg store, Lange Reihe 1, 20099 Hamburg, until Monday, November 30." in heard
    )
    assert f"Your code is {code}." in heard
    assert not any(code in row["words"] for row in here.shop.rows(t.conversation_message))

    assert here.shop.do(CollectOrder("1001", code), OLGA).ok
    await here.work()
    page = (await visitor.client.get(here.link_for(ANNA))).text
    assert "Collected in the store" in page
    assert code not in page
    assert len(here.mailbox.to(ANNA)) == 2  # nobody is told that a parcel arrived


def test_the_store_types_and_reads(sqlite_database: str) -> None:
    with desk_house(sqlite_database) as (house, shop):
        shop.engine.keys = house.settings.secrets

        def said(text: str) -> str:
            return all_as_text(ask(house, text, OLGA))

        shop.place(2001, ("sock-grey", 1), pickup_at="ham")
        assert "for pickup" in said("picks ham")
        assert "Ready 2001" in said("picked 2001") + said("picks ham")
        assert "ready at HAM, until" in said("ready 2001")
        listed = said("pickups ham")
        assert "2001 · Anna Schmidt · until Mon 30 Nov" in listed
        assert "hand nothing over" in said("collected 2001 000000")
        card = said("2001")
        assert "Customer — collect it at HAM" in card
        assert "Pickup at HAM" in card
        assert "[Hand Over…]" in card
        assert "Code: …" in said("collected 2001")
        assert "Reason: …" in said("hand over 2001")
        assert "was handed over at HAM" in said("hand over 2001 showed her passport")
        assert "Handed to the customer at HAM without a code" in said("history 2001")
        assert "No location delivers by itself" in said("deliveries")
