"""Socket Mode: a ticket, a greeting, envelopes to one connection each, and their acks."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, MutableMapping
from contextlib import asynccontextmanager
from typing import Any

import pytest
from slack_sdk.errors import SlackApiError

from bot.sandbox.slack.app import slack_app
from bot.sandbox.slack.delivery import socket_deliver
from bot.sandbox.slack.user import SlackUser
from bot.sandbox.slack.workspace import APP_TOKEN
from tests.sandbox.slack_kit import Shop, served_slack


class Socket:
    """The app's end of a WebSocket, spoken in process to the stand-in."""

    def __init__(self) -> None:
        self.to_server: asyncio.Queue[MutableMapping[str, Any]] = asyncio.Queue()
        self.from_server: asyncio.Queue[MutableMapping[str, Any]] = asyncio.Queue()

    async def read(self) -> dict[str, Any]:
        message = await self.from_server.get()
        return dict(json.loads(message["text"]) if "text" in message else message)

    def write(self, value: dict[str, Any]) -> None:
        self.to_server.put_nowait({"type": "websocket.receive", "text": json.dumps(value)})

    def acknowledge(self, envelope: dict[str, Any], **payload: Any) -> None:
        self.write({"envelope_id": envelope["envelope_id"], "payload": payload})

    def hang_up(self) -> None:
        self.to_server.put_nowait({"type": "websocket.disconnect", "code": 1006})


@asynccontextmanager
async def socket(shop: Shop, ticket: str | None = None) -> AsyncIterator[Socket]:
    end, app = Socket(), slack_app(shop.workspace)
    path = f"/socket/{ticket or shop.workspace.sockets.new_ticket()}"
    scope = {
        "type": "websocket",
        "path": path,
        "headers": [],
        "query_string": b"",
        "subprotocols": [],
    }
    end.to_server.put_nowait({"type": "websocket.connect"})
    serving = asyncio.create_task(app(scope, end.to_server.get, end.from_server.put))
    try:
        yield end
    finally:
        end.hang_up()
        await serving


async def greeted(end: Socket) -> dict[str, Any]:
    assert (await end.read())["type"] == "websocket.accept"
    return await end.read()


async def test_the_app_token_opens_a_connection_and_no_other_token_does() -> None:
    shop = Shop()
    async with served_slack(shop.workspace) as slack:
        opened = await slack.apps_connections_open(app_token=APP_TOKEN)
        with pytest.raises(SlackApiError, match="not_allowed_token_type"):
            await slack.apps_connections_open(app_token=str(slack.token))
    assert opened["url"].startswith("ws://127.0.0.1:")
    async with socket(shop, opened["url"].rpartition("/")[2]) as end:
        assert (await greeted(end))["type"] == "hello"


async def test_a_ticket_is_good_for_one_connection() -> None:
    shop = Shop()
    ticket = shop.workspace.sockets.new_ticket()
    async with socket(shop, ticket) as end:
        await greeted(end)
    async with socket(shop, ticket) as again:
        assert (await again.read())["type"] == "websocket.close"


async def test_what_people_do_arrives_in_envelopes_and_the_ack_is_the_answer() -> None:
    shop = Shop()
    ann = SlackUser(shop.workspace, socket_deliver(shop.workspace), shop.ann)
    async with socket(shop) as end:
        await greeted(end)
        asking = asyncio.create_task(ann.slash("/order", "1001", shop.orders))
        envelope = await end.read()
        assert (envelope["type"], envelope["payload"]["text"]) == ("slash_commands", "1001")
        assert envelope["accepts_response_payload"] is True
        end.acknowledge(envelope, text="1001 is held")
        seen = await asking
        telling = asyncio.create_task(ann.say("hello", shop.orders))
        event = await end.read()
        assert (event["type"], event["accepts_response_payload"]) == ("events_api", False)
        end.write({"envelope_id": event["envelope_id"]})
        await telling
    assert seen.said is not None
    assert [m.text for m in ann.ephemerals()] == ["1001 is held"]


async def test_each_envelope_goes_to_one_of_the_connections() -> None:
    shop = Shop()
    ann = SlackUser(shop.workspace, socket_deliver(shop.workspace), shop.ann)
    async with socket(shop) as one, socket(shop) as two:
        await greeted(one)
        assert (await greeted(two))["num_connections"] == 2
        acts = [asyncio.create_task(ann.shortcut(name)) for name in ("a", "b")]
        for end in (one, two):
            end.acknowledge(await end.read())
        await asyncio.gather(*acts)
        assert one.from_server.empty()
        assert two.from_server.empty()


async def test_what_is_in_flight_on_a_dying_socket_is_lost_and_the_person_sees_it() -> None:
    shop = Shop()
    deliver = socket_deliver(shop.workspace)
    ann = SlackUser(shop.workspace, deliver, shop.ann, strict=False)
    async with socket(shop) as end:
        await greeted(end)
        asking = asyncio.create_task(ann.slash("/order", "1001", shop.orders))
        await end.read()
        end.hang_up()
        assert (await asking).trouble == "dispatch_failed"
    assert (await ann.slash("/order", "1001", shop.orders)).trouble == "dispatch_failed"
    assert shop.workspace.sockets.connections == []


async def test_slack_asks_for_a_fresh_connection_now_and_then() -> None:
    shop = Shop()
    async with socket(shop) as end:
        await greeted(end)
        await shop.workspace.sockets.ask_to_reconnect()
        assert (await end.read())["type"] == "disconnect"
