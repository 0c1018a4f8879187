"""What reaches the bot, handed to the host of conversations; Telegram's own types end here."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

from aiogram import Dispatcher, F, Router
from aiogram.enums import ChatMemberStatus, ChatType
from aiogram.exceptions import TelegramAPIError
from aiogram.types import CallbackQuery, ChatMemberUpdated, Contact, Message

from bot.telegram.photos import file_of
from core.domain.values import dataclass

log = logging.getLogger("wismo.telegram")

UPDATES = ["message", "callback_query", "my_chat_member"]
# What the bot's commands mean as words of the customer.
COMMANDS = {"start": "hello", "help": "help", "stop": "stop", "human": "talk to a person"}

# What Telegram shows beside the text field, by language; the empty one is everybody else's.
MENU = {
    "": {"start": "Begin", "help": "What I can do", "human": "Talk to a person"},
    "de": {"start": "Beginnen", "help": "Was ich kann", "human": "Mit einem Menschen sprechen"},
}


@dataclass(frozen=True, slots=True)
class Visit:
    """One update on its way: where the words go, and what happens when the bot is blocked."""

    hear: Callable[[str, str, str, dict[str, str]], Awaitable[None]]
    leave: Callable[[str], Awaitable[None]]


def make_dispatcher() -> Dispatcher:
    router = Router()
    router.message.register(on_message, F.chat.type == ChatType.PRIVATE)
    router.callback_query.register(on_pressed)
    router.my_chat_member.register(on_member, F.chat.type == ChatType.PRIVATE)
    dispatcher = Dispatcher()
    dispatcher.include_router(router)
    return dispatcher


async def on_message(message: Message, visit: Visit) -> None:
    sender = message.from_user
    language = sender.language_code or "" if sender else ""
    # After a quiet week update ids start anywhere: the message's own marks tell two apart.
    mark = f"{message.message_id}.{int(message.date.timestamp())}"
    await visit.hear(str(message.chat.id), mark, language, _words(message))


def _words(message: Message) -> dict[str, str]:
    sender = message.from_user
    if message.contact is not None:
        return _contact(message.contact, sender.id if sender else None)
    text = message.text or message.caption or ""
    if file := file_of(message):
        return {"text": text, "file": file}
    if not text.startswith("/"):
        return {"text": text}
    name, _, rest = text[1:].partition(" ")
    if name == "start" and rest.strip():
        return {"start": rest.strip()}
    return {"text": COMMANDS.get(name.partition("@")[0], text[1:])}


def _contact(contact: Contact, sender: int | None) -> dict[str, str]:
    """Anybody can pass on somebody else's contact: only one's own counts."""
    if sender is None or contact.user_id != sender:
        return {"text": ""}
    phone = contact.phone_number
    return {"contact": phone if phone.startswith("+") else f"+{phone}"}


async def on_pressed(query: CallbackQuery, visit: Visit) -> None:
    chat = str(query.message.chat.id if query.message else query.from_user.id)
    language = query.from_user.language_code or ""
    await visit.hear(chat, query.id, language, {"pressed": query.data or ""})
    try:
        await query.answer()
    except TelegramAPIError as problem:
        log.info("the pressed key could not be confirmed: %s", type(problem).__name__)


async def on_member(change: ChatMemberUpdated, visit: Visit) -> None:
    if change.new_chat_member.status == ChatMemberStatus.KICKED:
        await visit.leave(str(change.chat.id))
