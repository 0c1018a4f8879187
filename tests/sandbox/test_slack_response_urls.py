"""The address for answers to an interaction works five times in thirty minutes, and not again."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from slack_sdk.webhook.async_client import AsyncWebhookClient

from bot.sandbox.slack.app import slack_app
from bot.sandbox.slack.faults import Fault
from core.integrations.calling import new_http
from tests.sandbox.slack_kit import Shop, actions, button, section, served


class Stage:
    def __init__(self, address: str, shop: Shop) -> None:
        self.shop = shop
        self.workspace = shop.workspace
        self.workspace.base_url = address

    def url(self, origin: Any = None) -> AsyncWebhookClient:
        place = (self.shop.ann.id, self.shop.orders.id)
        return AsyncWebhookClient(self.workspace.new_response_url(*place, origin))

    def words(self) -> list[str]:
        return [message.text for message in self.workspace.ephemerals_of(self.shop.ann.id)]


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    shop = Shop()
    async with served(slack_app(shop.workspace)) as address:
        yield Stage(address, shop)


async def test_an_answer_is_for_the_asker_unless_it_is_meant_for_the_channel(stage: Stage) -> None:
    url = stage.url()
    assert (await url.send(text="only you")).body == "ok"
    await url.send(text="everybody", response_type="in_channel")
    assert stage.words() == ["only you"]
    assert [m.text for m in stage.workspace.messages_in(stage.shop.orders.id)] == ["everybody"]


async def test_the_sixth_answer_is_refused(stage: Stage) -> None:
    url = stage.url()
    for number in range(5):
        await url.send(text=str(number))
    sixth = await url.send(text="5")
    assert (sixth.status_code, "used_url" in sixth.body) == (404, True)
    assert stage.words() == ["0", "1", "2", "3", "4"]


async def test_after_thirty_minutes_it_is_gone(stage: Stage) -> None:
    url = stage.url()
    stage.shop.clock.advance(30 * 60)
    assert (await url.send(text="just in time")).status_code == 200
    stage.shop.clock.advance(1)
    late = await url.send(text="late")
    assert (late.status_code, "expired_url" in late.body) == (404, True)
    assert stage.words() == ["just in time"]


async def test_an_unknown_address_is_not_found(stage: Stage) -> None:
    stranger = AsyncWebhookClient(f"{stage.workspace.base_url}/response/r404")
    assert (await stranger.send(text="x")).status_code == 404


async def test_the_original_can_be_replaced_or_deleted_even_when_it_is_ephemeral(
    stage: Stage,
) -> None:
    where = stage.shop.orders.id
    whisper = stage.workspace.whisper(where, stage.shop.ann.id, "?", blocks=[actions(button())])
    url = stage.url(whisper)
    await url.send(text="released", replace_original=True)
    assert stage.words() == ["released"]
    assert stage.workspace.ephemerals[0].blocks == ()
    await url.send(delete_original=True)
    assert stage.words() == []
    assert (await url.send(text="again", replace_original=True)).status_code == 404


async def test_the_card_itself_can_be_replaced(stage: Stage) -> None:
    bot = stage.workspace.bot_user
    card = stage.workspace.post(stage.shop.orders.id, bot, "held", blocks=[section("held")])
    await stage.url(card).send(text="done", blocks=[section("done")], replace_original=True)
    now = stage.workspace.message(card.channel, card.ts)
    assert (now.text, [old.text for old in now.earlier]) == ("done", ["held"])


async def test_broken_blocks_are_refused_here_too_but_the_sum_of_texts_is_not_counted(
    stage: Stage,
) -> None:
    url = stage.url()
    broken = await url.send(text="x", blocks=[section("")])
    assert (broken.status_code, "invalid_blocks" in broken.body) == (400, True)
    assert (await url.send(text="x", blocks=[section("x" * 2600)] * 4)).status_code == 200
    assert (await url.send(text="")).status_code == 400


async def test_a_body_that_is_no_json_is_refused(stage: Stage) -> None:
    url = stage.url().url
    async with new_http(5) as client:
        answer = await client.post(url, content=b"{", headers={"content-type": "application/json"})
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_json")
    assert stage.words() == []


async def test_a_fault_can_be_ordered_for_answers_too(stage: Stage) -> None:
    stage.workspace.faults.add(Fault("response_url", status=503))
    url = stage.url()
    assert (await url.send(text="x")).status_code == 503
    assert stage.words() == []
    assert (await url.send(text="x")).status_code == 200
