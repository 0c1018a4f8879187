"""The web chat: a page that works without script, a way to write, and a stream of what is new."""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from bot.bridge import House, number_in
from bot.chat.host import ChatHost, Door, Line
from bot.web.pages import (
    HEADERS,
    answer_page,
    client_of,
    first_shop,
    is_same_origin,
    page_facts,
    preferred_language,
)
from bot.web.sessions import address_of, cookie_name, is_https, session_of
from bot.web.uploads import is_form, photo_in
from bot.web.windows import Window
from core.commands.chat import HearCustomer
from core.domain.refusals import Unavailable
from core.domain.shop import Shop

BODY_MAX = 16_384
TEXT_MAX = 4_000
COOKIE_SECONDS = 30 * 24 * 3600
STREAM_ROUNDS = 150
STREAMS_MAX = 200
LOOK_SECONDS = 2.0
STATIC = Path(__file__).parent / "static"
_URL = re.compile(r"https?://[^\s<>\"']+")


class Wrote(msgspec.Struct, forbid_unknown_fields=True):
    """What the page posts; `id` is made by the page, so that a repeated post is heard once."""

    id: str = ""
    text: str = ""
    pressed: str = ""
    start: str = ""


class WebChat:
    """The endpoints; `token` makes session names and nonces, so that tests can name them."""

    def __init__(
        self, house: House, token: Callable[[], str] = lambda: secrets.token_urlsafe(32)
    ) -> None:
        self._house = house
        self._host = ChatHost(house)
        self._token = token
        self._is_https = is_https(house)
        self.cookie = cookie_name(house)
        minute = timedelta(minutes=1)
        self._by_session = Window(40, minute, house.clock)
        self._by_client = Window(120, minute, house.clock)
        self._streams = Window(30, minute, house.clock)
        self._client_streams = Window(60, minute, house.clock)
        self._open = 0

    def routes(self) -> list[Route]:
        return [
            Route("/chat", self.page),
            Route("/chat/chat.css", _static("chat.css", "text/css")),
            Route("/chat/chat.js", _static("chat.js", "text/javascript")),
            Route("/chat/messages", self.lines),
            Route("/chat/messages", self.hear, methods=["POST"]),
            Route("/chat/events", self.events),
            Route("/chat/photos", self.picture, methods=["POST"]),
            Route("/chat/start", self.start, methods=["POST"]),
        ]

    # --- reading ----------------------------------------------------------------------------------

    async def page(self, request: Request) -> Response:
        shop = await self._shop(request)
        if shop is None:
            return answer_page("track_gone", "en", page_facts(None), self._token(), 404)
        session = self._session(request)
        door = self._door(shop, session or "")
        known = await self._host.lines(door)
        language = await self._host.language(door) or preferred_language(request, shop.language)
        facts = {
            **page_facts(shop),
            "shop_id": shop.id,
            "lines": [_shown(line) for line in known],
            "buttons": _buttons(known) or [],
            "last": known[-1].id if known else 0,
            "message_id": self._token(),
            "other_language": "de" if language == "en" else "en",
        }
        response = answer_page("chat", language, facts, self._token())
        return self._with_session(response, session or self._token())

    async def lines(self, request: Request) -> Response:
        """What was said after a line, for pages that cannot hold a stream."""
        shop, session = await self._shop(request), self._session(request)
        if shop is None or session is None:
            return _json({"lines": [], "buttons": []})
        return _json(_told(await self._host.lines(self._door(shop, session), _after(request))))

    async def events(self, request: Request) -> Response:
        """The same as a stream of server-sent events; it ends by itself and is opened again."""
        shop, session = await self._shop(request), self._session(request)
        if shop is None or session is None:
            return _json({"problem": "There is no conversation yet."}, 404)
        if request.method == "HEAD":
            return Response(headers=HEADERS, media_type="text/event-stream")
        if not self._streams.allows(session) or not self._client_streams.allows(client_of(request)):
            return _json({"problem": "Too many streams."}, 429)
        if self._open >= STREAMS_MAX:
            return _json({"problem": "Too many streams."}, 503)
        stream = self._counted(self.stream(self._door(shop, session), _after(request)))
        return StreamingResponse(stream, headers=HEADERS, media_type="text/event-stream")

    async def _counted(self, stream: AsyncIterator[bytes]) -> AsyncGenerator[bytes]:
        """Open streams are few enough to leave room for everything else; pages ask again."""
        self._open += 1
        try:
            async for part in stream:
                yield part
        finally:
            self._open -= 1

    async def stream(
        self, door: Door, after: int, rounds: int = STREAM_ROUNDS
    ) -> AsyncIterator[bytes]:
        for place in range(rounds):
            if place:
                await asyncio.sleep(LOOK_SECONDS)
            fresh = await self._host.lines(door, after)
            if fresh:
                after = fresh[-1].id
                yield b"id: %d\ndata: %s\n\n" % (after, msgspec.json.encode(_told(fresh)))
            else:
                yield b": still here\n\n"

    # --- writing ----------------------------------------------------------------------------------

    async def hear(self, request: Request) -> Response:
        return await self._hear(request, await _wrote(request))

    async def start(self, request: Request) -> Response:
        """From a tracking page: its link is the proof; a visitor without a session gets one."""
        return await self._hear(request, await _wrote(request), begins=True)

    async def _hear(self, request: Request, wrote: Wrote | str, begins: bool = False) -> Response:
        shop, session = await self._shop(request), self._session(request)
        problem = self._refused(request, wrote, session, begins)
        if problem is not None or isinstance(wrote, str) or shop is None:
            return problem or _json({"problem": str(wrote)}, 400)
        session = session or self._token()
        language = preferred_language(request, shop.language)
        door = self._door(shop, session, language)
        command = self._host.command(
            door,
            wrote.id or self._token(),
            text=wrote.text,
            pressed=wrote.pressed,
            start=wrote.start,
        )
        return await self._answer(door, session, command, scripted=_is_json(request))

    async def picture(self, request: Request) -> Response:
        """A photo: its bytes from the script, or the page's form without one."""
        shop, session = await self._shop(request), self._session(request)
        problem = self._refused(request, Wrote(), session, begins=False)
        if problem is not None or shop is None or session is None:
            return problem or _json({"problem": "There is no shop."}, 404)
        door = self._door(shop, session, preferred_language(request, shop.language))
        scripted = not is_form(request)
        seen = await self._host.seen(door, lambda: photo_in(request))
        message_id = request.query_params.get("id", "")[:100] or self._token()
        command = self._host.command(door, message_id, photo=seen.photo, problem=seen.problem)
        return await self._answer(door, session, command, scripted=scripted)

    async def _answer(
        self, door: Door, session: str, command: HearCustomer, *, scripted: bool
    ) -> Response:
        try:
            receipt = await self._host.hear(door, command)
        except Unavailable as problem_now:
            return _json({"problem": str(problem_now)}, 503)
        if not receipt.ok:
            return _json({"problem": str(receipt)}, 500 if receipt.outcome == "failed" else 409)
        if not scripted:
            back = RedirectResponse(f"/chat?shop={door.shop_id}#end", 303)
            return self._with_session(back, session)
        told = _told(await self._host.lines(door, receipt.facts["line"] - 1))
        return self._with_session(_json(told), session)

    def _refused(
        self, request: Request, wrote: Wrote | str, session: str | None, begins: bool
    ) -> Response | None:
        if not is_same_origin(request, self._house.settings.base_url):
            return _json({"problem": "This came from another site."}, 403)
        if wrote == TOO_BIG:
            return _json({"problem": TOO_BIG}, 413)
        if session is None and not begins:
            return _json({"problem": "Open the chat page first: /chat"}, 403)
        client = self._by_client.allows(client_of(request))
        if not client or (session is not None and not self._by_session.allows(session)):
            return _json({"problem": "That was too fast. Wait a minute, then try again."}, 429)
        return None

    # --- the session ------------------------------------------------------------------------------

    def _session(self, request: Request) -> str | None:
        return session_of(request, self._house)

    def _with_session(self, response: Response, session: str) -> Response:
        response.set_cookie(
            self.cookie,
            session,
            max_age=COOKIE_SECONDS,
            secure=self._is_https,
            httponly=True,
            samesite="lax",
        )
        return response

    def _door(self, shop: Shop, session: str, language: str = "") -> Door:
        return Door(shop.id, "web", address_of(session), language=language)

    async def _shop(self, request: Request) -> Shop | None:
        asked = request.query_params.get("shop", "")
        return await first_shop(self._house, number_in(asked) if asked else None)


def _static(name: str, kind: str) -> Callable[[Request], Awaitable[Response]]:
    content = (STATIC / name).read_bytes()

    async def serve(_: Request) -> Response:
        headers = {"Cache-Control": "public, max-age=300", "X-Content-Type-Options": "nosniff"}
        return Response(content, headers=headers, media_type=kind)

    return serve


TOO_BIG = "A message has 4,000 characters at most."


async def _wrote(request: Request) -> Wrote | str:
    """The posted message, from the script as JSON or from the plain form; or what is wrong."""
    raw = bytearray()
    async for part in request.stream():
        raw += part
        if len(raw) > BODY_MAX:
            return TOO_BIG
    if _is_json(request):
        try:
            wrote = msgspec.json.decode(bytes(raw), type=Wrote)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return "This message cannot be read."
    else:
        wrote = _from_form(bytes(raw))
    if len(wrote.text) > TEXT_MAX:
        return TOO_BIG
    fields = (wrote.id, wrote.pressed, wrote.start)
    return "This message cannot be read." if any(len(f) > 100 for f in fields) else wrote


def _from_form(raw: bytes) -> Wrote:
    fields = dict(parse_qsl(raw.decode("utf-8", "replace")))
    return Wrote(**{name: fields.get(name, "") for name in ("id", "text", "pressed", "start")})


def _is_json(request: Request) -> bool:
    return request.headers.get("content-type", "").startswith("application/json")


def _after(request: Request) -> int:
    found = request.headers.get("last-event-id") or request.query_params.get("after", "0")
    return int(found) if found.isdecimal() and len(found) < 17 else 0


def _json(body: Any, status: int = 200) -> Response:
    return JSONResponse(body, status, HEADERS)


def _told(lines: list[Line]) -> dict[str, Any]:
    return {"lines": [_shown(line) for line in lines], "buttons": _buttons(lines)}


def _buttons(lines: list[Line]) -> list[dict[str, str]] | None:
    """Those of the bot's newest answer; None where it has said nothing: the old ones stay."""
    newest = next((line for line in reversed(lines) if line.author == "bot"), None)
    if newest is None:
        return None
    return [{"key": key, "label": label} for key, label in newest.buttons]


def _shown(line: Line) -> dict[str, Any]:
    """One bubble: paragraphs of words and links, nothing that could be markup."""
    side = line.author if line.author in ("customer", "bot") else "colleague"
    return {
        "id": line.id,
        "side": side,
        "name": line.author if side == "colleague" else "",
        "at": line.at.isoformat(),
        "rows": [_row(row) for row in line.text.split("\n") if row.strip()],
    }


def _row(text: str) -> list[dict[str, str]]:
    pieces: list[dict[str, str]] = []
    place = 0
    for found in _URL.finditer(text):
        pieces += _words(text[place : found.start()])
        pieces.append({"words": found[0], "url": found[0]})
        place = found.end()
    return pieces + _words(text[place:])


def _words(text: str) -> list[dict[str, str]]:
    return [{"words": text.strip(), "url": ""}] if text.strip() else []
