"""The stand-in Telegram keeps the Bot API's limits; aiogram talks to it as to the real one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest
from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.exceptions import (
    TelegramBadRequest,
    TelegramConflictError,
    TelegramForbiddenError,
    TelegramNetworkError,
    TelegramRetryAfter,
    TelegramUnauthorizedError,
)
from aiogram.types import BotCommand, InlineKeyboardButton, InlineKeyboardMarkup, Update
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.sandbox.shop.wire import ControlError, Fault, served
from bot.sandbox.telegram import Telegram, TelegramUser, telegram_app
from core.integrations.calling import new_http

pytestmark = pytest.mark.anyio
NOW = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def telegram() -> Telegram:
    return Telegram(lambda: NOW)


@pytest.fixture
def anna(telegram: Telegram) -> TelegramUser:
    return TelegramUser(telegram, 77, "Anna <b>", language_code="de", phone="+493023125001")


@pytest.fixture
async def base(telegram: Telegram) -> AsyncIterator[str]:
    async with served(telegram_app(telegram)) as url:
        yield url


@asynccontextmanager
async def bot_at(base: str, token: str = "4200:sandbox") -> AsyncIterator[Bot]:
    """The bot's own way to close waits for a quarter of a second: close its client instead."""
    session = AiohttpSession(api=TelegramAPIServer.from_base(base))
    yield Bot(token, session)
    await (await session.create_session()).close()


@pytest.fixture
async def bot(base: str) -> AsyncIterator[Bot]:
    async with bot_at(base) as made:
        yield made


def keyboard(data: str, text: str = "Where is it?") -> InlineKeyboardMarkup:
    button = InlineKeyboardButton(text=text, callback_data=data)
    return InlineKeyboardMarkup(inline_keyboard=[[button]])


async def test_a_conversation_goes_back_and_forth(bot: Bot, anna: TelegramUser):
    anna.start("token-1")
    (update,) = await bot.get_updates()
    assert update.message is not None
    assert update.message.text == "/start token-1"
    sent = await bot.send_message(77, "Hello", reply_markup=keyboard("track"))
    anna.press("Where is it?")
    _, pressed = await bot.get_updates()
    assert pressed.callback_query is not None
    assert pressed.callback_query.data == "track"
    assert await bot.answer_callback_query(pressed.callback_query.id, "One moment")
    await bot.edit_message_text("On its way", chat_id=77, message_id=sent.message_id)
    assert anna.heard == ["On its way"]


async def test_updates_are_given_again_until_a_higher_offset_confirms_them(
    bot: Bot, anna: TelegramUser
):
    first, second = anna.say("a"), anna.say("b")
    assert [one.update_id for one in await bot.get_updates()] == [
        first["update_id"],
        second["update_id"],
    ]
    rest = await bot.get_updates(offset=second["update_id"])
    assert [one.update_id for one in rest] == [second["update_id"]]
    assert await bot.get_updates(offset=second["update_id"] + 1, timeout=0) == []


async def test_after_a_random_restart_smaller_update_ids_are_still_delivered(
    bot: Bot, telegram: Telegram, anna: TelegramUser
):
    before = anna.say("a")["update_id"]
    await bot.get_updates()
    telegram.restart_update_ids(5)
    anna.say("b")
    fresh = await bot.get_updates(offset=before + 1)
    assert [one.update_id for one in fresh] == [5]


async def test_a_long_poll_ends_as_soon_as_somebody_writes(bot: Bot, anna: TelegramUser):
    async def write() -> None:
        anna.say("hello")

    updates, _ = await asyncio.gather(bot.get_updates(timeout=30), write())
    assert [one.message.text for one in updates if one.message] == ["hello"]


async def test_a_second_poller_ends_the_first_with_a_conflict(bot: Bot, anna: TelegramUser):
    polls = {asyncio.create_task(bot.get_updates(timeout=30)) for _ in range(2)}
    ended, waiting = await asyncio.wait(polls, return_when="FIRST_COMPLETED")
    with pytest.raises(TelegramConflictError, match="terminated by other getUpdates"):
        await ended.pop()
    anna.say("hello")
    assert len(await waiting.pop()) == 1


async def test_nobody_polls_while_a_webhook_is_set(bot: Bot):
    await bot.set_webhook("http://127.0.0.1:9/hooks/telegram", secret_token="s3cret")
    with pytest.raises(TelegramConflictError, match="webhook is active"):
        await bot.get_updates()
    await bot.delete_webhook()
    assert await bot.get_updates() == []


@dataclass
class Receiver:
    status: int = 200
    reply: dict | None = None
    got: list[tuple[str | None, dict]] = field(default_factory=list)

    async def hear(self, request: Request) -> Response:
        secret = request.headers.get("x-telegram-bot-api-secret-token")
        self.got.append((secret, await request.json()))
        return JSONResponse(self.reply, self.status) if self.reply else Response("", self.status)


async def test_the_webhook_gets_the_secret_and_a_refused_update_comes_again(
    bot: Bot, telegram: Telegram, anna: TelegramUser
):
    receiver = Receiver(status=503)
    route = Route("/hooks/telegram", receiver.hear, methods=["POST"])
    async with served(Starlette(routes=[route])) as url:
        await bot.set_webhook(f"{url}/hooks/telegram", secret_token="s3cret")
        anna.say("hello")
        assert await telegram.deliver() == []
        info = await bot.get_webhook_info()
        assert info.pending_update_count == 1
        assert info.last_error_message == "Wrong response from the webhook: 503"
        receiver.status = 200
        receiver.reply = {"method": "sendMessage", "chat_id": 77, "text": "answered"}
        assert len(await telegram.deliver()) == 1
        assert await telegram.deliver() == []
    assert [secret for secret, _ in receiver.got] == ["s3cret", "s3cret"]
    assert receiver.got[0][1] == receiver.got[1][1]
    assert Update.model_validate(receiver.got[0][1]).message is not None
    assert anna.heard == ["answered"]


async def test_a_stranger_cannot_be_written_to_and_a_blocker_no_longer(
    bot: Bot, anna: TelegramUser
):
    with pytest.raises(TelegramBadRequest, match="chat not found"):
        await bot.send_message(77, "Hello")
    anna.start()
    anna.block()
    with pytest.raises(TelegramForbiddenError, match="blocked by the user"):
        await bot.send_message(77, "Hello")
    anna.say("I am back")
    assert (await bot.send_message(77, "Hello")).text == "Hello"
    assert anna.heard == ["Hello"]


async def test_a_wrong_token_is_nobody(base: str):
    async with bot_at(base, "4200:other") as stranger:
        with pytest.raises(TelegramUnauthorizedError):
            await stranger.get_me()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("x" * 4097, "message is too long"),
        ("🙂" * 2049, "message is too long"),
        ("  ", "message text is empty"),
        ("Dear <Anna>", "can't parse entities"),
        ("<b>bold", "can't parse entities"),
        ("<b><i>x</b></i>", "can't parse entities"),
    ],
)
async def test_a_text_beyond_the_limits_is_refused_and_nobody_sees_it(
    bot: Bot, anna: TelegramUser, text: str, words: str
):
    anna.start()
    with pytest.raises(TelegramBadRequest, match=words):
        await bot.send_message(77, text, parse_mode="HTML")
    assert anna.heard == []


async def test_the_length_counts_after_the_entities_are_parsed(bot: Bot, anna: TelegramUser):
    anna.start()
    sent = await bot.send_message(77, f"<b>{'x' * 4095}</b>&lt;", parse_mode="HTML")
    assert sent.text == "x" * 4095 + "<"
    assert sent.entities is not None
    assert (sent.entities[0].type, sent.entities[0].length) == ("bold", 4095)


async def test_buttons_answers_and_commands_have_their_limits(bot: Bot, anna: TelegramUser):
    anna.start()
    await bot.send_message(77, "ok", reply_markup=keyboard("x" * 64))
    with pytest.raises(TelegramBadRequest, match="BUTTON_DATA_INVALID"):
        await bot.send_message(77, "no", reply_markup=keyboard("ü" * 33))
    anna.press("Where is it?")
    query = (await bot.get_updates())[-1].callback_query
    assert query is not None
    with pytest.raises(TelegramBadRequest, match="MESSAGE_TOO_LONG"):
        await bot.answer_callback_query(query.id, "x" * 201)
    assert await bot.answer_callback_query(query.id, "x" * 200)
    with pytest.raises(TelegramBadRequest, match="query is too old"):
        await bot.answer_callback_query(query.id)
    with pytest.raises(TelegramBadRequest, match="BOT_COMMAND_INVALID"):
        await bot.set_my_commands([BotCommand(command="Track", description="x")])
    assert await bot.set_my_commands([BotCommand(command="track", description="Track")])


async def test_an_edit_needs_a_message_of_its_own_and_a_change(bot: Bot, anna: TelegramUser):
    anna.start()
    sent = await bot.send_message(77, "one")
    with pytest.raises(TelegramBadRequest, match="not modified"):
        await bot.edit_message_text("one", chat_id=77, message_id=sent.message_id)
    with pytest.raises(TelegramBadRequest, match="message to edit not found"):
        await bot.edit_message_text("two", chat_id=77, message_id=999)
    with pytest.raises(TelegramBadRequest, match="can't be edited"):
        await bot.edit_message_text("two", chat_id=77, message_id=sent.message_id - 1)


async def test_a_forwarded_contact_names_its_real_owner(
    bot: Bot, telegram: Telegram, anna: TelegramUser
):
    other = TelegramUser(telegram, 78, "Ben", phone="+493023125002")
    anna.share_contact()
    anna.share_contact(of=other)
    contacts = [one.message.contact for one in await bot.get_updates() if one.message]
    assert [one.user_id for one in contacts if one] == [77, 78]


async def test_scripted_faults_come_as_telegram_sends_them(
    bot: Bot, telegram: Telegram, anna: TelegramUser
):
    anna.start()
    telegram.faults.script(Fault("sendMessage", "rate", retry_after=13))
    with pytest.raises(TelegramRetryAfter) as busy:
        await bot.send_message(77, "a")
    assert busy.value.retry_after == 13
    telegram.faults.script(Fault("sendMessage", "drop"))
    with pytest.raises(TelegramNetworkError):
        await bot.send_message(77, "b")
    telegram.faults.script(Fault("sendMessage", "accept_then_drop"))
    with pytest.raises(TelegramNetworkError):
        await bot.send_message(77, "c")
    assert anna.heard == ["c"]


def test_a_deep_link_payload_has_at_most_64_letters(anna: TelegramUser):
    with pytest.raises(ControlError, match="64"):
        anna.start("x" * 65)
    assert anna.messages == []


async def test_the_control_api_drives_people(base: str, telegram: Telegram):
    async with new_http(5, base_url=base) as client:
        await client.post("/control/join", json={"user": 5, "first_name": "Chloé"})
        await client.post("/control/say", json={"user": 5, "text": "hello"})
        lost = await client.post("/control/press", json={"user": 5, "button": "Yes"})
        odd = await client.post("/control/say", json={"user": 5})
        state = (await client.get("/control/state")).json()
    assert [lost.status_code, odd.status_code] == [400, 400]
    assert state["chats"]["5"]["messages"][0]["text"] == "hello"
    assert state["chats"]["5"]["person"]["first_name"] == "Chloé"
    assert len(telegram.updates) == 1
