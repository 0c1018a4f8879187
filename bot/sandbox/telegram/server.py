"""The Bot API's memory and methods: chats, messages, updates on their way to the bot."""

from __future__ import annotations

import asyncio
import itertools
import re
from collections.abc import Awaitable, Callable
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

import httpx2

from bot.sandbox.shop.wire import Clock, Faults, Transcript
from bot.sandbox.telegram.files import Files
from bot.sandbox.telegram.limits import (
    ANSWER_MAX,
    BotError,
    bad_request,
    check_commands,
    check_markup,
    read_text,
    units,
)
from core.integrations.calling import new_http

Words = dict[str, Any]
Method = Callable[[Words], Awaitable[Any]]
CHAT_ACTIONS = ("typing", "upload_photo", "upload_document", "find_location", "choose_sticker")


@dataclass(slots=True)
class Chat:
    """A private chat: it exists once its person wrote first."""

    person: Words
    blocked: bool = False
    messages: list[Words] = field(default_factory=list)
    keyboard: list[Any] = field(default_factory=list)


@dataclass(slots=True)
class Webhook:
    url: str = ""
    secret: str | None = None
    max_connections: int = 40
    last_error: str | None = None


class Telegram:
    """One bot's account. People (users.py) write to it, the bot calls `methods`."""

    def __init__(
        self,
        clock: Clock,
        *,
        token: str = "4200:sandbox",  # noqa: S107 - published on purpose
        username: str = "wismo_demo_bot",
        first_update_id: int = 700_001,
    ) -> None:
        self.clock, self.token = clock, token
        self.me = {
            "id": int(token.partition(":")[0]),
            "is_bot": True,
            "first_name": "Wismo",
            "username": username,
            "can_join_groups": False,
            "can_read_all_group_messages": False,
            "supports_inline_queries": False,
        }
        self.transcript, self.faults = Transcript(clock), Faults()
        self.chats: dict[int, Chat] = {}
        self.updates: list[Words] = []
        self.webhook, self.allowed = Webhook(), list[str]()
        self.answers: dict[str, Words | None] = {}
        self.commands: list[Words] = []
        self.files = Files()
        self._update_ids = itertools.count(first_update_id)
        self._message_ids = itertools.count(1)
        self._shown: set[int] = set()
        self._arrival, self._busy = asyncio.Event(), asyncio.Lock()
        self._poll: asyncio.Future[None] | None = None
        self.methods: dict[str, Method] = {
            "getMe": self._get_me,
            "setWebhook": self._set_webhook,
            "deleteWebhook": self._delete_webhook,
            "getWebhookInfo": self._get_webhook_info,
            "getUpdates": self._get_updates,
            "sendMessage": self._send_message,
            "editMessageText": self._edit_message_text,
            "answerCallbackQuery": self._answer_callback_query,
            "sendChatAction": self._send_chat_action,
            "setMyCommands": self._set_my_commands,
            "getFile": self.files.get_file,
        }

    def restart_update_ids(self, at: int) -> None:
        """After a quiet week the real service goes on with any number, even a smaller one."""
        self._update_ids = itertools.count(at)

    def arrive(self, kind: str, content: Words) -> Words:
        """A new update for the bot, to be fetched or delivered."""
        update = {"update_id": next(self._update_ids), kind: deepcopy(content)}
        if not self.allowed or kind in self.allowed:
            self.updates.append(update)
            self._arrival.set()
        return update

    def new_message(self, chat: Chat, sender: Words, **content: Any) -> Words:
        person = chat.person
        message: Words = {
            "message_id": next(self._message_ids),
            "from": sender,
            "chat": {
                "id": person["id"],
                "type": "private",
                **{k: person[k] for k in ("first_name", "last_name", "username") if k in person},
            },
            "date": int(self.clock().timestamp()),
            **content,
        }
        chat.messages.append(message)
        return message

    async def deliver(self) -> list[int]:
        """Post the waiting updates to the webhook; what is not taken with a 2xx stays."""
        if not self.webhook.url or not self.updates:
            return []
        taken = []
        async with self._busy, new_http(10) as client:
            for update in list(self.updates):
                if await self._post(client, update):
                    self.updates.remove(update)
                    taken.append(update["update_id"])
        return taken

    async def _post(self, client: httpx2.AsyncClient, update: Words) -> bool:
        secret = self.webhook.secret
        headers = {"X-Telegram-Bot-Api-Secret-Token": secret} if secret else {}
        try:
            response = await client.post(self.webhook.url, json=update, headers=headers)
        except httpx2.HTTPError as error:
            self.webhook.last_error = f"Connection failed: {type(error).__name__}"
            self.transcript.record("out", "update", update, None)
            return False
        self.transcript.record("out", "update", update, response.status_code)
        if not response.is_success:
            self.webhook.last_error = f"Wrong response from the webhook: {response.status_code}"
            return False
        await self._reply(response)
        return True

    async def _reply(self, response: httpx2.Response) -> None:
        """A webhook answer may itself name a method; nobody learns how that ends."""
        if not response.content.startswith(b"{"):
            return
        words = response.json()
        method = words.pop("method", None)
        if method in self.methods:
            try:
                await self.methods[method](words)
            except BotError as error:
                self.transcript.record("in", method, words, error.code, error.description)

    def _chat(self, words: Words) -> Chat:
        chat = self.chats.get(_number(words.get("chat_id")))
        if chat is None:
            raise bad_request("chat not found")
        if chat.blocked:
            raise BotError(403, "Forbidden: bot was blocked by the user")
        return chat

    async def _get_me(self, _: Words) -> Words:
        return self.me

    async def _set_webhook(self, words: Words) -> bool:
        url, secret = words.get("url", ""), words.get("secret_token")
        if url and not url.startswith(("https://", "http://127.0.0.1", "http://localhost")):
            raise bad_request("bad webhook: An HTTPS URL must be provided for webhook")
        if secret is not None and not re.fullmatch(r"[A-Za-z0-9_-]{1,256}", secret):
            raise bad_request("secret token contains unallowed characters")
        count = _number(words.get("max_connections", 40))
        if not 1 <= count <= 100:
            raise bad_request("max_connections must be between 1 and 100")
        self.webhook = Webhook(url, secret, count)
        self.allowed = words.get("allowed_updates") or []
        self._drop(words)
        return True

    async def _delete_webhook(self, words: Words) -> bool:
        self.webhook = Webhook()
        self._drop(words)
        return True

    def _drop(self, words: Words) -> None:
        if str(words.get("drop_pending_updates", "")).lower() == "true":
            self.updates.clear()

    async def _get_webhook_info(self, _: Words) -> Words:
        hook = self.webhook
        shown = {
            "url": hook.url,
            "has_custom_certificate": False,
            "pending_update_count": len(self.updates),
            "max_connections": hook.max_connections,
        }
        return {**shown, **({"last_error_message": hook.last_error} if hook.last_error else {})}

    async def _get_updates(self, words: Words) -> list[Words]:
        if self.webhook.url:
            raise _conflict(
                "can't use getUpdates method while webhook is active; "
                "use deleteWebhook to delete the webhook first"
            )
        if self._poll and not self._poll.done():
            self._poll.set_result(None)
        self.allowed = words.get("allowed_updates", self.allowed) or []
        mine = self._poll = asyncio.get_running_loop().create_future()
        self._confirm(_number(words.get("offset", 0)))
        if not self.updates:
            await self._wait(mine, float(words.get("timeout", 0)))
        if mine.done():
            raise _conflict(
                "terminated by other getUpdates request; "
                "make sure that only one bot instance is running"
            )
        mine.set_result(None)
        given = self.updates[: _number(words.get("limit", 100))]
        self._shown.update(update["update_id"] for update in given)
        return given

    def _confirm(self, offset: int) -> None:
        """Forget what was shown below the offset; ids may have restarted, so only those."""
        if offset < 0:
            self.updates = self.updates[offset:]
        done = {number for number in self._shown if number < offset}
        self.updates = [one for one in self.updates if one["update_id"] not in done]
        self._shown -= done

    async def _wait(self, mine: asyncio.Future[None], seconds: float) -> None:
        if seconds <= 0:
            return
        self._arrival.clear()
        arrival = asyncio.create_task(self._arrival.wait())
        both: set[asyncio.Future[Any]] = {arrival, mine}
        await asyncio.wait(both, timeout=seconds, return_when="FIRST_COMPLETED")
        arrival.cancel()

    async def _send_message(self, words: Words) -> Words:
        chat = self._chat(words)
        text, entities = read_text(words)
        markup = words.get("reply_markup")
        check_markup(markup)
        content: Words = {"text": text}
        if entities:
            content["entities"] = entities
        if markup and "inline_keyboard" in markup:
            content["reply_markup"] = markup
        message = self.new_message(chat, self.me, **content)
        if markup and "inline_keyboard" not in markup:
            chat.keyboard = markup.get("keyboard", [])
        return message

    async def _edit_message_text(self, words: Words) -> Words:
        chat = self._chat(words)
        number = _number(words.get("message_id"))
        message = next((one for one in chat.messages if one["message_id"] == number), None)
        if message is None:
            raise bad_request("message to edit not found")
        if message["from"]["id"] != self.me["id"]:
            raise bad_request("message can't be edited")
        text, entities = read_text(words)
        markup = words.get("reply_markup")
        check_markup(markup)
        before = message["text"], message.get("entities", []), message.get("reply_markup")
        if before == (text, entities, markup):
            raise bad_request(
                "message is not modified: specified new message content and reply markup "
                "are exactly the same as a current content and reply markup of the message"
            )
        message.update(text=text, entities=entities, edit_date=int(self.clock().timestamp()))
        message.pop("reply_markup", None)
        if markup:
            message["reply_markup"] = markup
        return message

    async def _answer_callback_query(self, words: Words) -> bool:
        number = str(words.get("callback_query_id"))
        if self.answers.get(number, words) is not None:
            raise bad_request(
                "query is too old and response timeout expired or query ID is invalid"
            )
        if units(str(words.get("text") or "")) > ANSWER_MAX:
            raise bad_request("MESSAGE_TOO_LONG")
        self.answers[number] = words
        return True

    async def _send_chat_action(self, words: Words) -> bool:
        self._chat(words)
        if words.get("action") not in CHAT_ACTIONS:
            raise bad_request("wrong parameter action in request")
        return True

    async def _set_my_commands(self, words: Words) -> bool:
        check_commands(words.get("commands") or [])
        self.commands = words.get("commands") or []
        return True


def _conflict(why: str) -> BotError:
    return BotError(409, f"Conflict: {why}")


def _number(value: Any) -> int:
    try:
        return int(value)
    except (TypeError, ValueError) as error:
        raise bad_request(f"{value!r} is not a number") from error
