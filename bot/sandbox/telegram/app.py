"""The Bot API over HTTP, `/bot{token}/{method}`, and the control API of the stand-in."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import Any

from starlette.applications import Starlette
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.sandbox.shop.wire import Fault, answer, control_routes
from bot.sandbox.telegram.limits import BotError
from bot.sandbox.telegram.server import Telegram, Words
from bot.sandbox.telegram.users import TelegramUser

JSON_WORDS = ("reply_markup", "entities", "allowed_updates", "commands", "scope")


def telegram_app(telegram: Telegram) -> Starlette:
    api = Route("/bot{token}/{method}", partial(_endpoint, telegram), methods=["GET", "POST"])
    state = partial(_state, telegram)
    file = Route("/file/bot{token}/{path:path}", partial(_file, telegram), methods=["GET"])
    control = control_routes(_acts(telegram), telegram.faults, telegram.transcript, state)
    return Starlette(routes=[file, api, *control])


async def _endpoint(telegram: Telegram, request: Request) -> Response:
    method = request.path_params["method"]
    if request.path_params["token"] != telegram.token:
        return _refused(BotError(401, "Unauthorized"))
    words: Words = {}

    async def serve() -> Response:
        try:
            words.update(await _words(request))
            if method not in telegram.methods:
                raise BotError(404, "Not Found: method not found")
            return JSONResponse({"ok": True, "result": await telegram.methods[method](words)})
        except BotError as error:
            return _refused(error)

    response = await answer(telegram.faults, method, serve, _misfortune)
    telegram.transcript.record("in", method, words, response.status_code, bytes(response.body))
    return response


async def _file(telegram: Telegram, request: Request) -> Response:
    raw = telegram.files.at(request.path_params["path"])
    if request.path_params["token"] != telegram.token or raw is None:
        return _refused(BotError(404, "Not Found"))
    return Response(raw, media_type="application/octet-stream")


async def _words(request: Request) -> Words:
    """Arguments come as a query string, a form, multipart or JSON."""
    if request.headers.get("content-type", "").startswith("application/json"):
        body = json.loads(await request.body() or b"{}")
    else:
        form = await request.form()
        body = {k: v for k, v in form.items() if not isinstance(v, UploadFile)}
    words = {**request.query_params, **body}
    try:
        for name in JSON_WORDS:
            if isinstance(words.get(name), str):
                words[name] = json.loads(words[name])
    except ValueError as error:
        raise BotError(400, f"Bad Request: can't parse {name} JSON object") from error
    return words


def _misfortune(fault: Fault) -> Response:
    if fault.kind == "rate":
        text = f"Too Many Requests: retry after {fault.retry_after}"
        return _refused(BotError(429, text, fault.retry_after))
    return _refused(BotError(fault.status, fault.text or "Internal Server Error"))


def _refused(error: BotError) -> Response:
    body: Words = {"ok": False, "error_code": error.code, "description": error.description}
    if error.retry_after is not None:
        body["parameters"] = {"retry_after": error.retry_after}
    return JSONResponse(body, error.code)


class People:
    """The control API's users; an unknown number is somebody called Anna."""

    def __init__(self, telegram: Telegram) -> None:
        self._telegram = telegram
        self._known: dict[int, TelegramUser] = {}

    def join(
        self,
        user: int,
        first_name: str = "Anna",
        last_name: str = "",
        language_code: str = "",
        phone: str = "+493023125000",
    ) -> None:
        who = TelegramUser(self._telegram, user, first_name, last_name, "", language_code, phone)
        self._known[user] = who

    async def say(self, user: int, text: str) -> Words:
        return await self._told(self._who(user).say(text))

    async def start(self, user: int, payload: str = "") -> Words:
        return await self._told(self._who(user).start(payload))

    async def press(self, user: int, button: str, message_id: int | None = None) -> Words:
        return await self._told(self._who(user).press(button, message_id))

    async def share_contact(self, user: int, of: int | None = None) -> Words:
        return await self._told(self._who(user).share_contact(self._who(of) if of else None))

    async def block(self, user: int) -> Words:
        return await self._told(self._who(user).block())

    async def unblock(self, user: int) -> Words:
        return await self._told(self._who(user).unblock())

    def _who(self, user: int) -> TelegramUser:
        return self._known.setdefault(user, TelegramUser(self._telegram, user))

    async def _told(self, update: Words) -> Words:
        await self._telegram.deliver()
        return update


def _acts(telegram: Telegram) -> dict[str, Callable[..., Any]]:
    people = People(telegram)
    acts = (people.join, people.say, people.start, people.press, people.share_contact)
    more = (people.block, people.unblock, telegram.deliver, telegram.restart_update_ids)
    return {act.__name__: act for act in (*acts, *more)}


def _state(telegram: Telegram) -> dict[str, Any]:
    return {
        "chats": telegram.chats,
        "updates_waiting": telegram.updates,
        "webhook": telegram.webhook.url,
        "answers": telegram.answers,
        "commands": telegram.commands,
    }
