"""Pretending to be somebody's customer: codes, links, sessions, and wearing the shop out."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from starlette.requests import Request

from bot.chat.host import Door
from bot.web.chat import STREAMS_MAX, WebChat
from core.db import tables as t
from core.db.rows import from_json
from notifications import links
from tests.surfaces.customers import BASE, KEY, TELEGRAM, Street, person, street

pytestmark = pytest.mark.anyio
ANNA, BEN = "anna@example.org", "ben@example.org"


@pytest.fixture
async def here(database: str) -> AsyncIterator[Street]:
    async with street(database) as made:
        made.shop.place(1001, ("mug-red", 1))
        made.shop.place(2001, ("sock-grey", 1), email=BEN, customer_name="Ben Kurz")
        await made.work()
        yield made


async def test_five_hundred_invented_contacts_leave_anna_her_code(here: Street):
    for number in range(500):
        if number % 50 == 0:
            here.shop.clock.advance(seconds=61)
        if number % 5 == 0:  # more than five an hour no conversation gets
            visitor = here.visitor()
            await visitor.opens()
        await visitor.post({"id": f"x{number}", "text": f"nobody{number}@example.org"})
    assert len(here.outbox("message.email")) > 500
    here.shop.clock.advance(seconds=61)
    assert "Order 1001" in await here.visitor().identifies()
    assert here.mailbox.to("nobody1@example.org") == []


async def test_changing_the_contact_to_and_fro_gives_no_more_tries(here: Street):
    visitor = here.visitor()
    await visitor.opens()
    await visitor.says("where is my order")
    await visitor.says(ANNA)
    for _ in range(5):
        await visitor.says("000000")
    await visitor.says(BEN)
    await visitor.says(ANNA)
    code = here.codes_for(ANNA)
    assert len(code) == 1
    assert "Order 1001" not in await visitor.says(code[0])


async def test_a_link_with_any_bit_flipped_opens_nothing(here: Street):
    path = here.link_for(ANNA)
    head, token = path.rsplit("/", 1)
    visitor = here.visitor()
    assert (await visitor.opens(path)).status_code == 200
    gone = (await visitor.opens("/track/none")).text
    letters = "ABab01_-"
    for place in range(len(token)):
        for letter in letters:
            if token[place] != letter:
                wrong = token[:place] + letter + token[place + 1 :]
                answer = await visitor.opens(f"{head}/{wrong}")
                assert answer.status_code == 404
    assert len(gone) == len((await visitor.opens(f"{head}/{token[::-1]}")).text)


async def test_a_link_opens_its_own_door_only(here: Street):
    tokens = {
        kind: here.link_for(ANNA, kind).rsplit("/", 1)[1] for kind in ("track", "preferences")
    }
    visitor = here.visitor()
    assert (await visitor.opens(f"/preferences/{tokens['track']}")).status_code == 404
    assert (await visitor.opens(f"/track/{tokens['preferences']}")).status_code == 404
    await visitor.opens()
    for token in tokens.values():
        assert "1001" not in await visitor.posts({"start": token})


async def test_a_withdrawn_or_late_link_opens_neither_page_nor_chat(here: Street):
    path = here.link_for(ANNA)
    (order,) = here.shop.rows(t.orders, number="1001")
    old = links.sign(
        "chat", str(order["id"]), here.shop.clock(), (KEY,), order["links_version"] + 1
    )
    visitor = here.visitor()
    await visitor.opens()
    assert "1001" not in await visitor.posts({"start": old})
    here.shop.clock.advance(days=31)
    assert (await visitor.opens(path)).status_code == 404


async def test_a_forwarded_link_shows_one_order_not_the_customer(here: Street):
    here.shop.place(1002, ("mug-blue", 1))
    (order,) = here.shop.rows(t.orders, number="1001")
    token = links.sign("chat", str(order["id"]), here.shop.clock(), (KEY,), order["links_version"])
    visitor = here.visitor()
    await visitor.opens()
    await visitor.posts({"start": token})
    assert "I cannot find order 1002" in await visitor.says("where is order 1002")


async def test_preferences_are_not_changed_by_looking_or_with_a_forged_link(here: Street):
    path = here.link_for(ANNA, "preferences")
    visitor = here.visitor()
    await visitor.opens(path)
    await visitor.client.post(f"{path[:-1]}{'A' if path[-1] != 'A' else 'B'}", data={})
    assert {row["preferences"] for row in here.shop.rows(t.customer)} == {"{}"}
    assert (await visitor.client.post(path, data={})).status_code == 200
    changed = [r for r in here.shop.rows(t.customer) if from_json(r["preferences"])]
    assert [row["email"] for row in changed] == [ANNA]


async def test_a_stream_shows_a_stranger_nothing(here: Street):
    visitor, stranger = here.visitor(), here.visitor()
    await visitor.identifies()
    name = next(iter(visitor.client.cookies))
    for cookie in ("a" * 43, "", "x", "../" + "a" * 40):
        stranger.client.cookies.set(name, cookie)
        assert await stranger.reads() == []


def _asks(number: int, client: str) -> Request:
    cookie = f"wismo-chat={number:043d}".encode()
    scope = {"type": "http", "method": "GET", "query_string": b"", "headers": [(b"cookie", cookie)]}
    return Request(scope | {"client": (client, 1), "path": "/chat/events"})


async def test_streams_have_an_end_for_one_client_and_for_all(here: Street):
    chat = WebChat(here.house)
    one = [await chat.events(_asks(number, "10.0.0.1")) for number in range(61)]
    assert [answer.status_code for answer in one] == [200] * 60 + [429]
    streams = [chat._counted(chat.stream(Door(1, "web", "nobody"), 0)) for _ in range(STREAMS_MAX)]
    for stream in streams:
        assert await anext(stream) == b": still here\n\n"
    assert (await chat.events(_asks(99, "10.0.0.2"))).status_code == 503
    for stream in streams:
        await stream.aclose()
    assert (await chat.events(_asks(99, "10.0.0.2"))).status_code == 200


async def test_somebody_elses_contact_in_telegram_proves_nothing(here: Street):
    eve = person(here, 99)
    raw = {
        "update_id": 900,
        "message": {
            "message_id": 1,
            "date": int(here.shop.clock().timestamp()),
            "chat": {"id": 99, "type": "private"},
            "from": {"id": 99, "is_bot": False, "first_name": "Eve"},
            "contact": {"phone_number": "+493023125001", "first_name": "Anna", "user_id": 77},
        },
    }
    secret = {"X-Telegram-Bot-Api-Secret-Token": "telegram-says-hello"}
    client = here.visitor().client
    answer = await client.post(f"/hooks/telegram/{TELEGRAM}", json=raw, headers=secret)
    assert (answer.status_code, eve.id) == (200, 99)
    await here.work()
    assert {row["customer_id"] for row in here.shop.rows(t.conversation)} == {None}
    assert here.codes_for(ANNA) == []


def test_every_link_ends():
    assert max(links.MAX_AGE.values()) <= timedelta(days=30)
    assert BASE.startswith("http://127.0.0.1")
