"""The Telegram door: webhook or polling in, one inbox, and the answers carried out.

aiogram is imported when the first connection needs it: that costs seconds.
"""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import json
import logging
import secrets
from collections.abc import Awaitable, Callable
from datetime import timedelta
from importlib import import_module
from typing import TYPE_CHECKING, Any, TypeVar

import httpx2
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.bridge import House, number_in
from bot.chat.host import ChatHost, Door, Line, Seen
from bot.telegram.photos import load_photo
from core.commands.chat import LeaveTelegram
from core.db import leases, setup
from core.db.connection import Session
from core.db.conversations import Conversation
from core.db.inbox import Delivery
from core.domain.access import system
from core.domain.effects import Effect, Outcome, dead, done, given_back, later, unknown
from core.domain.masking import mask_cards
from core.domain.refusals import Unavailable
from core.domain.shop import Connection
from core.domain.values import dataclass
from core.engine import Caller, Unreadable
from core.integrations.secrets import open_secrets
from notifications.senders.telegram import TelegramSender

if TYPE_CHECKING:
    from aiogram import Bot, Dispatcher

T = TypeVar("T")
log = logging.getLogger("wismo.telegram")

BODY_MAX = 1_000_000
SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105
POLL_SECONDS = 25
LEASE = timedelta(seconds=90)
IDLE_SECONDS = 30.0
RETRY_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Account:
    """One bot of one shop."""

    shop_id: int
    connection: Connection

    @property
    def polls(self) -> bool:
        return self.connection.config.get("mode") == "polling"


class TelegramDoor:
    def __init__(self, house: House, host: ChatHost, http: httpx2.AsyncClient) -> None:
        self._house = house
        self._host = host
        self._http = http
        self._bots: dict[tuple[int, str], Bot] = {}
        self._dispatcher: Dispatcher | None = None
        self._is_loaded = False

    def routes(self) -> list[Route]:
        return [Route("/hooks/telegram/{connection}", self.webhook, methods=["POST"])]

    def executors(self) -> dict[str, Callable[[Effect], Awaitable[Outcome]]]:
        return {"message.chat": self.say}

    async def close(self) -> None:
        for bot in self._bots.values():
            await bot.session.close()
        self._bots.clear()

    # --- hearing ----------------------------------------------------------------------------------

    async def webhook(self, request: Request) -> Response:
        """Stored before it is answered; a repeat is answered like the first."""
        account = await self._account(number_in(request.path_params["connection"]))
        if account is None:
            return Response(status_code=404)
        if not self._is_telegram(request, account):
            await asyncio.to_thread(
                self._house.engine.chore,
                lambda uow: uow.people.count("webhooks_refused"),
                account.shop_id,
            )
            return Response(status_code=401)
        raw = await _body(request)
        if raw is None:
            return Response(status_code=413)
        try:
            await self.take(account, raw)
        except Unavailable:
            return Response(status_code=503)
        return Response(status_code=200)

    def _is_telegram(self, request: Request, account: Account) -> bool:
        wanted = self._secrets(account.connection).get("webhook_secret", "")
        given = request.headers.get(SECRET_HEADER, "")
        return bool(wanted) and hmac.compare_digest(given.encode(), wanted.encode())

    async def take(self, account: Account, raw: bytes) -> None:
        """One update. What cannot be understood is logged and let go: it never will be."""
        from pydantic import ValidationError

        from bot.telegram.handlers import Visit

        try:
            told = json.loads(raw)
            update_id = int(told["update_id"])
        except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
            log.warning("a Telegram update made no sense (%d bytes)", len(raw))
            return
        visit = Visit(self._hearing(account, update_id, told), self._leaving(account))
        try:
            await self._dispatch().feed_raw_update(self._bot(account), told, visit=visit)
        except ValidationError as problem:
            log.warning("Telegram update %d has an unknown shape: %s", update_id, problem.title)

    def _hearing(
        self, account: Account, update_id: int, told: dict[str, Any]
    ) -> Callable[[str, str, str, dict[str, str]], Awaitable[None]]:
        async def hear(chat: str, mark: str, language: str, words: dict[str, str]) -> None:
            connection = account.connection.id
            door = Door(account.shop_id, "telegram", chat, connection, language)
            file = words.pop("file", "")
            words = {name: mask_cards(text) for name, text in words.items()}
            name = f"{update_id}.{mark}"
            kept = {"name": name, "chat": chat, "language": language, "words": words, "file": file}
            raw = json.dumps({**kept, "update": _masked(told)}).encode()
            delivery = Delivery(connection, "update", name, raw)
            seen = await self._seen(account, door, file) if file else Seen()
            command = self._host.command(
                door, name, **words, photo=seen.photo, problem=seen.problem
            )
            await self._host.hear(door, command, delivery)

        return hear

    async def _seen(self, account: Account, door: Door, file: str) -> Seen:
        return await self._host.seen(door, lambda: load_photo(self._bot(account), file))

    def _leaving(self, account: Account) -> Callable[[str], Awaitable[None]]:
        async def leave(chat: str) -> None:
            caller = Caller(system(account.shop_id, "telegram"), "telegram")
            await self._house.execute(LeaveTelegram(chat), caller)

        return leave

    def read_again(self, connection: Connection, _topic: str, raw: bytes) -> Any:
        """A kept update as the command it was, for another try from the inbox."""
        try:
            kept = json.loads(raw)
            door = Door(0, "telegram", kept["chat"], connection.id, kept["language"])
            lost = "lost" if kept.get("file") else ""  # it is loaded only when it comes
            return self._host.command(door, kept["name"], **kept["words"], problem=lost)
        except (ValueError, KeyError, TypeError):
            return Unreadable("This Telegram update cannot be read again.")

    # --- polling ----------------------------------------------------------------------------------

    async def run(self, stop: asyncio.Event) -> None:
        """Poll for every account that has no webhook, until `stop`."""
        holder = secrets.token_hex(8)
        accounts = [a for a in await self._accounts() if "token" in self._secrets(a.connection)]
        for account in accounts:
            await self._introduce(account)
        polled = [account for account in accounts if account.polls]
        await asyncio.gather(*(self._poll(account, holder, stop) for account in polled))

    async def _introduce(self, account: Account) -> None:
        """A bot that cannot be reached now keeps what it was told before."""
        from aiogram.exceptions import TelegramAPIError

        try:
            await self.introduce(account)
        except TelegramAPIError as problem:
            name = account.connection.name
            log.warning("Telegram did not take the setup of %s: %s", name, type(problem).__name__)

    async def introduce(self, account: Account) -> None:
        """Tell Telegram where we listen and which commands there are."""
        from aiogram.types import BotCommand

        from bot.telegram.handlers import MENU, UPDATES

        bot = self._bot(account)
        for language, menu in MENU.items():
            commands = [BotCommand(command=name, description=says) for name, says in menu.items()]
            await bot.set_my_commands(commands, language_code=language or None)
        if account.polls:
            await bot.delete_webhook()
            return
        base = self._house.settings.base_url.rstrip("/")
        await bot.set_webhook(
            f"{base}/hooks/telegram/{account.connection.id}",
            secret_token=self._secrets(account.connection).get("webhook_secret"),
            allowed_updates=UPDATES,
        )

    async def _poll(self, account: Account, holder: str, stop: asyncio.Event) -> None:
        offset: int | None = None
        while not stop.is_set():
            if not await asyncio.to_thread(self.holds, account, holder):
                await _rest(stop, IDLE_SECONDS)
                continue
            try:
                offset = await self.poll_once(account, offset)
            except Exception as problem:  # noqa: BLE001 (polling outlives whatever goes wrong)
                await _rest(stop, _pause_after(account, problem))

    def holds(self, account: Account, holder: str) -> bool:
        """One process polls for an account: two would take each other's updates away."""
        name = f"telegram:{account.connection.id}"
        return self._house.engine.chore(
            lambda uow: leases.hold(uow, name, holder, LEASE), account.shop_id
        )

    async def poll_once(
        self, account: Account, offset: int | None, seconds: int = POLL_SECONDS
    ) -> int | None:
        """Take what waits. The new offset confirms only what is committed."""
        from bot.telegram.handlers import UPDATES

        bot = self._bot(account)
        updates = await bot.get_updates(offset, timeout=seconds, allowed_updates=UPDATES)
        for update in updates:
            raw = update.model_dump_json(exclude_none=True, by_alias=True)
            await self.take(account, raw.encode())
            offset = update.update_id + 1
        return offset

    # --- saying -----------------------------------------------------------------------------------

    async def say(self, effect: Effect) -> Outcome:
        """Carry out `message.chat`: one kept line to its chat."""
        account = await self._account(effect.connection_id or 0)
        if account is None:
            return later("The Telegram connection is switched off.", 300)
        found = await self._host.line(
            effect.shop_id, int(effect.payload["conversation"]), int(effect.payload["line"])
        )
        if found is None:
            return dead("The line does not exist.")
        if await self._house.read(lambda s: setup.are_messages_paused(s, effect.shop_id)):
            return given_back()
        return await self._send(account, *found, effect)

    async def _send(
        self, account: Account, talk: Conversation, line: Line, effect: Effect
    ) -> Outcome:
        from aiogram.exceptions import TelegramAPIError
        from aiogram.types import LinkPreviewOptions

        from bot.telegram.render import messages_of

        bot = self._bot(account)
        try:
            for text, markup in messages_of(line, talk.language):
                await bot.send_message(
                    talk.address,
                    text,
                    reply_markup=markup,
                    link_preview_options=LinkPreviewOptions(is_disabled=True),
                )
        except TelegramAPIError as problem:
            return await self._not_sent(account, talk.address, problem)
        return done(sent_again=effect.unknown_before)

    async def _not_sent(self, account: Account, chat: str, problem: Exception) -> Outcome:
        from aiogram import exceptions as of

        match problem:
            case of.TelegramRetryAfter():
                return later("Telegram asks for a pause.", float(problem.retry_after))
            case of.TelegramForbiddenError():
                await self._leaving(account)(chat)
                return dead("The customer has blocked the bot.")
            case of.TelegramUnauthorizedError() | of.TelegramNotFound():
                return later("Telegram does not know this bot token.", 300)
            case of.TelegramBadRequest():
                return dead(f"Telegram refused it: {problem.message[:200]}")
            case _:
                return unknown(f"Telegram did not answer ({type(problem).__name__}).")

    def sender_for(self, effect: Effect) -> TelegramSender | None:
        """The sender of `message.telegram`, with the token of the effect's connection."""
        account = self._house.engine.read(
            lambda session: _account(session, effect.connection_id or 0)
        )
        token = self._secrets(account.connection).get("token") if account else None
        if not token:
            return None
        return TelegramSender(self._http, token, self._house.settings.telegram_api_url)

    # --- what is kept -----------------------------------------------------------------------------

    def _bot(self, account: Account) -> Bot:
        """One per account, made anew when its secrets change."""
        from aiogram import Bot
        from aiogram.client.session.aiohttp import AiohttpSession
        from aiogram.client.telegram import TelegramAPIServer

        key = (account.connection.id, account.connection.secrets)
        if key not in self._bots:
            server = TelegramAPIServer.from_base(self._house.settings.telegram_api_url)
            token = self._secrets(account.connection)["token"]
            self._bots[key] = Bot(token, session=AiohttpSession(api=server))
        return self._bots[key]

    def _dispatch(self) -> Dispatcher:
        from bot.telegram.handlers import make_dispatcher

        if self._dispatcher is None:
            self._dispatcher = make_dispatcher()
        return self._dispatcher

    def _secrets(self, connection: Connection) -> dict[str, str]:
        return open_secrets(connection, self._house.settings.secrets)

    async def _account(self, connection_id: int) -> Account | None:
        found = await self._house.read(lambda session: _account(session, connection_id))
        return await self._loaded(found)

    async def _accounts(self) -> list[Account]:
        return await self._loaded(await self._house.read(_accounts))

    async def _loaded(self, found: T) -> T:
        """Whoever uses Telegram waits for aiogram; everybody else is served meanwhile."""
        if found and not self._is_loaded:
            await self._house.hop(lambda: import_module("bot.telegram.handlers"))
            self._is_loaded = True
        return found


def _account(session: Session, connection_id: int) -> Account | None:
    shop_id = setup.shop_of_connection(session, connection_id)
    if shop_id is None:
        return None
    found = setup.load_shop(session, shop_id).connection(connection_id)
    if found is None or found.kind != "telegram" or not found.active:
        return None
    return Account(shop_id, found)


def _accounts(session: Session) -> list[Account]:
    return [
        Account(shop_id, connection)
        for shop_id in setup.shop_ids(session)
        for connection in setup.load_shop(session, shop_id).connections.values()
        if connection.kind == "telegram" and connection.active
    ]


def _masked(told: dict[str, Any]) -> dict[str, Any]:
    """The update as it came, but for card numbers: nobody needs them, so nobody keeps them."""
    message = told.get("message")
    if not isinstance(message, dict):
        return told
    texts = {n: mask_cards(message[n]) for n in ("text", "caption") if n in message}
    return {**told, "message": {**message, **texts}}


def _pause_after(account: Account, problem: Exception) -> float:
    from aiogram.exceptions import TelegramConflictError

    name = account.connection.name
    if isinstance(problem, TelegramConflictError):
        log.warning("another program polls for %s, or it has a webhook: waiting", name)
        return IDLE_SECONDS
    log.warning("polling for %s failed (%s): trying again", name, type(problem).__name__)
    return RETRY_SECONDS


async def _rest(stop: asyncio.Event, seconds: float) -> None:
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)


async def _body(request: Request) -> bytes | None:
    raw = bytearray()
    async for part in request.stream():
        raw += part
        if len(raw) > BODY_MAX:
            return None
    return bytes(raw)
