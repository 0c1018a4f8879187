"""The public page behind a signed link, and the page where customers choose their messages."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import httpx2
import pytest
from markupsafe import escape

from core.commands.capture import CaptureLine
from core.commands.fulfillment import ShipWork
from core.commands.tracking import RecordTracking
from core.db import tables as t
from core.db.connection import Statement
from core.db.rows import from_json
from core.domain.tracking import event
from core.domain.tracking_codes import read
from notifications import links
from tests.shop import CHANNEL, START, staff
from tests.surfaces.customers import KEY, Street, street

pytestmark = pytest.mark.anyio
ANNA = "anna@example.org"
NUMBER = "00340434161094000000"


@pytest.fixture
async def here(database: str) -> AsyncIterator[Street]:
    async with street(database) as street_:
        street_.shop.place(1001, ("mug-red", 2))
        await street_.work()
        yield street_


def order_id(here: Street, number: str = "1001") -> int:
    return here.shop.rows(t.orders, number=number)[0]["id"]


def without_nonce(page: httpx2.Response) -> str:
    return re.sub(r'nonce="[^"]*"', "", page.text)


# --- the day's work ------------------------------------------------------------------------------


async def test_the_link_of_the_confirmation_shows_what_still_comes(here: Street):
    page = await here.visitor().client.get(here.link_for(ANNA))
    assert page.status_code == 200
    assert "Order 1001 for A." in page.text
    assert "2 × Mug-Red" in page.text
    assert "Ready to be packed" in page.text


async def test_it_speaks_german_to_a_german_browser(here: Street):
    page = await here.visitor("de").client.get(here.link_for(ANNA))
    assert "Bestellung 1001" in page.text
    assert "Bereit zum Packen" in page.text


async def test_each_parcel_has_its_own_history(here: Street):
    assert here.shop.do(ShipWork("1001", NUMBER, "DHL"), staff()).ok
    scans = (("InTransit_PickedUp", 1, "Berlin"), ("OutForDelivery_Other", 20, "Potsdam"))
    events = tuple(
        event(read("17track", code), START + timedelta(hours=h), code, where)
        for code, h, where in scans
    )
    assert here.shop.do(RecordTracking(NUMBER, events), CHANNEL).ok
    page = (await here.visitor().client.get(here.link_for(ANNA))).text
    assert page.index("Out for delivery") < page.index("Potsdam") < page.index("Berlin")
    assert "Handed to the carrier" in page
    assert NUMBER in page


async def test_the_button_takes_the_proof_into_the_chat(here: Street):
    visitor = here.visitor()
    page = await visitor.client.get(here.link_for(ANNA))
    (token,) = re.findall(r'name="start" value="([^"]+)"', page.text)
    entered = await visitor.client.post("/chat/start", data={"start": token})
    assert entered.status_code == 303
    assert "I know you now" in (await visitor.opens(entered.headers["location"])).text
    assert "Order 1001" in await visitor.says("where is my order")


# --- what the page keeps to itself ---------------------------------------------------------------


async def test_it_names_no_address_no_contact_and_no_name(here: Street):
    page = (await here.visitor().client.get(here.link_for(ANNA))).text
    for secret in ("Hauptstr", "10827", "Berlin", "Schmidt", "Anna", ANNA, "39.80"):
        assert secret not in page, secret


async def test_nobody_keeps_finds_frames_or_follows_it(here: Street):
    headers = (await here.visitor().client.get(here.link_for(ANNA))).headers
    assert headers["cache-control"] == "no-store"
    assert "noindex" in headers["x-robots-tag"]
    assert headers["referrer-policy"] == "no-referrer"
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy


async def test_it_loads_nothing_from_elsewhere(here: Street):
    for path in (here.link_for(ANNA), "/chat", here.link_for(ANNA, "preferences")):
        page = (await here.visitor().client.get(path)).text
        assert not re.findall(r'(?:src|srcset|action)="(?:https?:)?//', page)
        assert not re.findall(r'<link[^>]+href="http', page)


async def test_a_link_that_was_passed_on_shows_one_order_in_the_chat(here: Street):
    here.shop.place(1002, ("sock-grey", 1))
    friend = here.visitor()
    token = links.sign("chat", str(order_id(here)), here.shop.clock(), (KEY,))
    await friend.client.post("/chat/start", data={"start": token})
    assert "1002" not in await friend.says("where is my order")
    foreign = await friend.says("where is order 1002")
    assert "I cannot find order 1002" in foreign


@pytest.mark.parametrize("title", ["<img src=x onerror=alert(1)>", "{{ 7 * 7 }}", "'\"><script>"])
async def test_names_from_outside_are_only_words(here: Street, title: str):
    order = here.shop.order(1003, ("mug-red", 1), customer_name=title)
    line = CaptureLine("mug-red", 1, "x-1", title, 100)
    here.shop.do(replace(order, lines=(line,)), CHANNEL)
    token = links.sign("track", str(order_id(here, "1003")), here.shop.clock(), (KEY,))
    page = await here.visitor().client.get(f"/track/{token}")
    assert page.status_code == 200
    assert str(escape(title)) in page.text
    assert "<" not in title or title not in page.text


# --- links that open nothing ---------------------------------------------------------------------


async def test_forged_expired_withdrawn_foreign_and_unknown_links_look_the_same(here: Street):
    good = here.link_for(ANNA).removeprefix("/track/")
    now, subject = here.shop.clock(), str(order_id(here))
    bad = [
        "nonsense",
        good[:-1] + ("A" if good[-1] != "A" else "B"),
        links.sign("preferences", subject, now, (KEY,)),
        links.sign("track", subject, now - timedelta(days=31), (KEY,)),
        links.sign("track", subject, now, (KEY,), version=1),
        links.sign("track", subject, now, ("another-key-that-is-long-enough",)),
        links.sign("track", "12345", now, (KEY,)),
        links.sign("track", "not-a-number", now, (KEY,)),
    ]
    visitor = here.visitor()
    pages = [await visitor.client.get(f"/track/{token}") for token in bad]
    assert {page.status_code for page in pages} == {404}
    assert len({without_nonce(page) for page in pages}) == 1
    assert "Use the link in our newest message" in pages[0].text


async def test_a_withdrawn_link_is_worthless_in_the_chat_too(here: Street):
    token = links.sign("chat", str(order_id(here)), here.shop.clock(), (KEY,))
    withdraw = Statement(t.orders.update().values(links_version=1))
    here.shop.engine.chore(lambda uow: uow.session.run(withdraw))
    visitor = here.visitor()
    await visitor.client.post("/chat/start", data={"start": token})
    assert "can no longer be used" in (await visitor.reads())[-1]


async def test_a_tracking_token_is_no_proof_in_the_chat(here: Street):
    visitor = here.visitor()
    token = here.link_for(ANNA).removeprefix("/track/")
    await visitor.client.post("/chat/start", data={"start": token})
    assert "can no longer be used" in (await visitor.reads())[-1]


# --- preferences ---------------------------------------------------------------------------------


async def test_looking_changes_nothing_and_saving_does(here: Street):
    visitor, path = here.visitor(), here.link_for(ANNA, "preferences")
    shown = await visitor.client.get(path)
    assert shown.text.count(" checked") == 11
    assert from_json(here.shop.rows(t.customer)[0]["preferences"]) == {}
    saved = await visitor.client.post(path, data={"delivered": "on", "email": "on"})
    assert "Saved." in saved.text
    here.ship(1001)
    here.deliver(1001)
    await here.work()
    kinds = [(from_json(r["payload"])["kind"], r["state"]) for r in here.outbox("message.email")]
    assert ("shipped", "suppressed") in kinds
    assert ("delivered", "done") in kinds


async def test_one_click_in_the_mail_program_ends_all_messages(here: Street):
    mail = here.mailbox.to(ANNA)[-1]
    assert here.link_for(ANNA, "preferences") in mail.headers["List-Unsubscribe"]
    path = here.link_for(ANNA, "preferences")
    await here.visitor().client.post(path, data={"List-Unsubscribe": "One-Click"})
    here.ship(1001)
    await here.work()
    assert len(here.mailbox.to(ANNA)) == 1


async def test_a_forged_preferences_link_changes_nothing(here: Street):
    now, customer = here.shop.clock(), here.shop.rows(t.customer)[0]["id"]
    for token in ("nonsense", links.sign("track", str(customer), now, (KEY,))):
        page = await here.visitor().client.post(f"/preferences/{token}", data={})
        assert page.status_code == 404
    assert from_json(here.shop.rows(t.customer)[0]["preferences"]) == {}
