"""The remote control shows the workspace as one person sees it, and acts as that person."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest

from bot.sandbox.slack.app import slack_app
from core.integrations.calling import new_http
from tests.sandbox.slack_kit import (
    EchoApp,
    Shop,
    actions,
    button,
    modal,
    section,
    served,
    silent,
)


class Remote:
    """The demo page's end, with the app under test behind real HTTP."""

    def __init__(self, shop: Shop, app: EchoApp, client: httpx2.AsyncClient) -> None:
        self.shop, self.app, self._client = shop, app, client

    async def act(self, act: str, **arguments: Any) -> dict[str, Any]:
        policy = arguments.pop("policy", "once")
        order = {"user": self.shop.ann.id, "act": act, "with": arguments, "policy": policy}
        return await self.post("act", order)

    async def post(self, what: str, body: dict[str, Any]) -> dict[str, Any]:
        answer = await self._client.post(f"/control/{what}", json=body)
        return {"status": answer.status_code, **answer.json()}

    async def get(self, what: str, **params: Any) -> Any:
        return (await self._client.get(f"/control/{what}", params=params)).json()


@pytest.fixture
async def remote() -> AsyncIterator[Remote]:
    shop = Shop()
    echo = EchoApp(shop.clock, silent)
    async with served(echo.app) as there:
        stand_in = slack_app(shop.workspace, f"{there}/hooks/slack/1")
        async with served(stand_in) as here, new_http(5, base_url=here) as client:
            yield Remote(shop, echo, client)


async def test_a_visitor_types_and_sees_the_answer_that_nobody_else_sees(remote: Remote) -> None:
    remote.app.answer = lambda got: f"about {got['text']}"
    channel = remote.shop.orders.id
    seen = await remote.act("slash", command="/order", text="1001", channel=channel)
    assert (seen["status"], seen["said"]["text"], seen["acks"]) == (200, "about 1001", [200])
    ann = await remote.get("state", user=remote.shop.ann.id)
    bob = await remote.get("state", user=remote.shop.bob.id)
    assert [m["text"] for m in ann["ephemerals"]] == ["about 1001"]
    assert bob["ephemerals"] == []


async def test_a_visitor_presses_a_button_in_a_message(remote: Remote) -> None:
    bot = remote.shop.workspace.bot_user
    blocks = [section("held"), actions(button())]
    card = remote.shop.workspace.post(remote.shop.orders.id, bot, "1001", blocks=blocks)
    place = {"channel": card.channel, "ts": card.ts}
    await remote.act("click", where=place, button="v1:release")
    assert remote.app.received[0]["container"]["message_ts"] == card.ts
    state = await remote.get("state")
    (channel,) = [each for each in state["channels"] if each["id"] == card.channel]
    assert channel["messages"][0]["blocks"][1]["elements"][0]["action_id"] == "v1:release"


async def test_a_visitor_fills_in_a_modal(remote: Remote) -> None:
    view = remote.shop.workspace.views.open(remote.shop.ann.id, modal())
    before = await remote.get("state", user=remote.shop.ann.id)
    assert [each["id"] for each in before["views"]] == [view.id]
    errors = {"response_action": "errors", "errors": {"note": "too short"}}
    remote.app.answer = lambda _got: errors
    seen = await remote.act("submit", view=view.id, values={"note": "x"})
    assert (seen["errors"], seen["view"]["id"]) == ({"note": "too short"}, view.id)
    remote.app.answer = silent
    assert (await remote.act("submit", view=view.id))["view"] is None


async def test_an_act_can_be_delivered_twice(remote: Remote) -> None:
    channel = remote.shop.orders.id
    await remote.act("say", text="hello", channel=channel, policy="duplicate")
    await remote.act("say", text="again", channel=channel)
    assert [got["event"]["text"] for got in remote.app.received] == ["hello", "hello", "again"]


async def test_held_events_are_released_the_latest_first(remote: Remote) -> None:
    for text in ("one", "two"):
        await remote.act("say", text=text, channel=remote.shop.orders.id, policy="reordered")
    assert remote.app.received == []
    released = await remote.post("release", {"user": remote.shop.ann.id})
    assert [each["acks"] for each in released["seen"]] == [[200], [200]]
    assert [got["event"]["text"] for got in remote.app.received] == ["two", "one"]


async def test_an_app_that_is_down_is_told_to_the_visitor_not_hidden(remote: Remote) -> None:
    remote.app.status = 500
    seen = await remote.act("shortcut", callback_id="v1:find")
    assert (seen["status"], seen["trouble"]) == (200, "dispatch_failed")
    remote.shop.workspace.request_url = "http://127.0.0.1:1/hooks/slack/1"
    seen = await remote.act("shortcut", callback_id="v1:find")
    assert (seen["trouble"], seen["acks"]) == ("dispatch_failed", [])
    assert len((await remote.get("state"))["mistakes"]) == 2


@pytest.mark.parametrize(
    "order",
    [
        {"act": "explode"},
        {"act": "postman"},
        {"act": "slash", "with": {"command": "/order"}},
        {"act": "slash", "with": {"command": "/order", "text": "", "channel": "C404"}},
        {"act": "click", "with": {"where": {"channel": "C1", "ts": "1.1"}, "button": "x"}},
        {"act": "click", "with": {"where": "V404", "button": "x"}},
        {"act": "say", "user": "U404"},
        {"act": "say", "policy": "by pigeon"},
    ],
)
async def test_what_cannot_be_done_is_answered_with_a_reason(
    remote: Remote, order: dict[str, Any]
) -> None:
    answer = await remote.post("act", {"user": remote.shop.ann.id} | order)
    assert answer["status"] == 422
    assert answer["error"]
    assert remote.app.received == []


async def test_faults_are_ordered_listed_and_forgotten_at_a_reset(remote: Remote) -> None:
    fault = {"method": "chat.postMessage", "status": 503, "times": 2}
    added = await remote.post("faults", fault)
    assert [each["status"] for each in added["waiting"]] == [503, 503]
    assert (await remote.post("faults", {"method": "x", "nonsense": 1}))["status"] == 422
    remote.shop.workspace.post(remote.shop.orders.id, remote.shop.ann.id, "hello")
    await remote.post("reset", {})
    assert (await remote.get("faults"))["waiting"] == []
    state = await remote.get("state")
    assert [channel["messages"] for channel in state["channels"]] == [[], [], []]
    assert len(state["users"]) == 3


async def test_the_transcript_can_be_read_on_from_where_one_was(remote: Remote) -> None:
    for text in ("one", "two"):
        await remote.act("say", text=text, channel=remote.shop.orders.id)
    calls = (await remote.get("transcript", after=1))["calls"]
    assert [call["request"]["event"]["text"] for call in calls] == ["two"]
