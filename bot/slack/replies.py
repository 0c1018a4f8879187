"""Where an answer goes: beside the typed words, in place of the pressed card, into a modal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.webhook.async_client import AsyncWebhookClient

from bot.bridge import House
from bot.presentation.model import Answer
from bot.slack.account import CALL_SECONDS, Account, log
from bot.slack.incoming import Incoming
from bot.slack.render import CARD_BLOCK, Json, Rendered, message
from core.domain.values import dataclass

UNREACHABLE = (aiohttp.ClientError, TimeoutError)


@dataclass(frozen=True, slots=True)
class Place:
    """Where somebody acted, and which ways lead back there."""

    user: str
    channel: str = ""
    thread: str = ""
    message: str = ""
    response_url: str = ""
    trigger: str = ""
    view: str = ""
    is_ephemeral: bool = False
    is_home: bool = False
    is_one_card: bool = False

    @classmethod
    def of(cls, incoming: Incoming) -> Place:
        payload = incoming.payload
        if incoming.kind == "slash":
            return cls(
                user=incoming.user,
                channel=str(payload.get("channel_id", "")),
                response_url=str(payload.get("response_url", "")),
                trigger=str(payload.get("trigger_id", "")),
            )
        if incoming.kind == "event":
            return cls._of_event(incoming.user, payload["event"])
        return cls._of_press(incoming.user, payload)

    @classmethod
    def _of_event(cls, user: str, event: Json) -> Place:
        return cls(user, str(event.get("channel", "")), str(event.get("thread_ts") or ""))

    @classmethod
    def _of_press(cls, user: str, payload: Json) -> Place:
        container: Json = payload.get("container") or {}
        action: Json = (payload.get("actions") or [{}])[0]
        view: Json = payload.get("view") or {}
        return cls(
            user=user,
            channel=str(container.get("channel_id", "")),
            thread=str(container.get("thread_ts") or ""),
            message=str(container.get("message_ts", "")),
            response_url=str(payload.get("response_url", "")),
            trigger=str(payload.get("trigger_id", "")),
            view=str(view.get("id", "")),
            is_ephemeral=bool(container.get("is_ephemeral")),
            is_home=view.get("type") == "home",
            is_one_card=str(action.get("block_id", "")).startswith(CARD_BLOCK),
        )


class Replies:
    """Carries answers back to the one who asked; nobody else sees them."""

    def __init__(self, house: House, account: Account) -> None:
        self._house = house
        self._account = account

    def rendered(self, answers: Sequence[Answer]) -> Rendered:
        now = self._house.clock()
        tokens = self._account.tokens
        return message(answers, lambda press: tokens.press(press, now))

    async def send(self, place: Place, shown: Rendered, *, replace: bool = False) -> None:
        """By the answer address of the act while there is one, else as a whisper, else in a DM."""
        if place.view:
            await self._into_view(place, shown)
        elif place.response_url and await self._respond(place, shown, replace):
            return
        else:
            await self.whisper(place, shown)

    async def _respond(self, place: Place, shown: Rendered, replace: bool) -> bool:
        client = AsyncWebhookClient(place.response_url, timeout=CALL_SECONDS, retry_handlers=[])
        body: Json = {**shown.as_json(), "response_type": "ephemeral"}
        body["replace_original"] = replace and place.is_ephemeral
        try:
            answer = await client.send_dict(body)
        except UNREACHABLE as problem:
            log.warning("the answer address does not answer: %s", problem)
            return False
        if answer.status_code != 200:
            log.warning("the answer address said %s %s", answer.status_code, answer.body)
        return answer.status_code == 200

    async def whisper(self, place: Place, shown: Rendered) -> None:
        """Only this person sees it. Where we are not a member, it goes into their own messages."""
        client, thread = self._account.client, place.thread or None
        if place.channel and not place.channel.startswith("D"):
            try:
                await client.chat_postEphemeral(
                    channel=place.channel, user=place.user, thread_ts=thread, **shown.as_json()
                )
                return
            except SlackApiError as refused:
                log.info("no whisper in %s: %s", place.channel, refused.response.get("error"))
        opened = await client.conversations_open(users=[place.user])
        await client.chat_postMessage(channel=opened["channel"]["id"], **shown.as_json())

    async def _into_view(self, place: Place, shown: Rendered) -> None:
        """In a modal the answer takes its place; over the Home tab a modal opens."""
        view = card_view(shown)
        if place.is_home:
            await self.open(place, view)
        else:
            await self._account.client.views_update(view_id=place.view, view=view)

    async def open(self, place: Place, view: Json) -> str:
        """Open a modal; returns its id. Slack refuses when the three seconds are over."""
        opened = await self._account.client.views_open(trigger_id=place.trigger, view=view)
        return str(opened["view"]["id"])

    async def update(self, view_id: str, view: Json) -> None:
        await self._account.client.views_update(view_id=view_id, view=view)


def card_view(shown: Rendered) -> dict[str, Any]:
    """A message's blocks as a modal that is only looked at and pressed in."""
    return {
        "type": "modal",
        "title": {"type": "plain_text", "text": "wismo"},
        "close": {"type": "plain_text", "text": "Close"},
        "blocks": shown.blocks,
    }
