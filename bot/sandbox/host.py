"""The loopback process beside the app: the stand-ins, the demo page and what it asks for."""

from __future__ import annotations

import contextlib
import inspect
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx2
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from bot.sandbox.buttons import BUTTONS, Panel
from bot.sandbox.shop.wire import ControlError, plain, problem
from bot.sandbox.slack.control import workspace_json
from bot.sandbox.story import complaining, deciding, paying_back
from bot.sandbox.story.stage import Stage
from bot.sandbox.story.teller import play
from bot.sandbox.town import STAFF, STRANGER

PAGE = Path(__file__).with_name("page")
TELEGRAM_CUSTOMER = 5001
PLAYED = (*deciding.CHAPTER, *paying_back.CHAPTER, *complaining.CHAPTER)
SCENES = {scene.__name__: scene for scene in PLAYED}
# A mail is shown as it is, but nothing in it may run, load or send.
MAIL_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox allow-popups"


def host_app(panel: Panel, http: httpx2.AsyncClient) -> Starlette:
    """The whole sandbox as one ASGI application."""
    host = _Host(panel)
    return Starlette(
        routes=[
            Route("/", host.page),
            Route("/town/screen", host.screen),
            Route("/town/mail/{number:int}", host.mail),
            Route("/town/press/{button}", host.press, methods=["POST"]),
            Route("/town/play/{scene}", host.play, methods=["POST"]),
            Route("/town/web", host.web, methods=["POST"]),
            *panel.town.mounts(http),
            Mount("/page", StaticFiles(directory=PAGE)),
        ]
    )


Endpoint = Callable[[Request], Awaitable[Response]]


class _Host:
    def __init__(self, panel: Panel) -> None:
        self._panel, self._town = panel, panel.town
        self._chat: dict[str, Any] = {"lines": [], "buttons": []}
        self._telegram_user = TELEGRAM_CUSTOMER

    async def page(self, _: Request) -> Response:
        return HTMLResponse((PAGE / "index.html").read_text("utf-8"))

    async def web(self, request: Request) -> Response:
        """The customer writes, presses, or starts anew in another language, on a new telephone."""
        told = await request.json()
        if "language" in told:
            await self._panel.new_visitor(str(told["language"]))
            self._telegram_user += 1
            return JSONResponse({"ok": True})
        try:
            answer = await self._write(str(told.get("text", "")), str(told.get("pressed", "")))
        except httpx2.HTTPError:
            return problem("The chat does not answer; the server may be starting again.", 503)
        if answer.is_success:
            return JSONResponse({"ok": True})
        return problem(str(answer.json().get("problem", "The chat refused.")))

    async def _write(self, text: str, pressed: str) -> httpx2.Response:
        visitor = self._panel.visitor
        if not visitor.is_open:
            await visitor.open()
        return await (visitor.press(pressed) if pressed else visitor.say(text))

    async def screen(self, request: Request) -> Response:
        """Everything to draw, in the eyes of one colleague; unchanged parts are left out."""
        user = self._town.person(request.query_params.get("who", "ann"))
        parts = {
            "town": self._town_json(),
            "slack": workspace_json(self._town.workspace, user.id),
            "web": await self._web_json(),
            "telegram": self._telegram_json(),
            "mails": self._mails_json(),
            "news": plain(self._town.news[-30:]),
        }
        known = request.query_params.get("known", "").split(",")
        prints = {name: _print(value) for name, value in parts.items()}
        fresh = {name: value for name, value in parts.items() if prints[name] not in known}
        return JSONResponse({"prints": list(prints.values()), "now": self._now(), **fresh})

    async def mail(self, request: Request) -> Response:
        number = request.path_params["number"]
        if not 0 < number <= len(self._town.mailbox.mails):
            return problem(f"There is no mail {number}.", 404)
        mail = self._town.mailbox.mails[number - 1]
        body = mail.html or f"<pre>{_escaped(mail.text)}</pre>"
        shown = body.replace("<head>", '<head><base target="_blank">', 1)
        return HTMLResponse(shown, headers={"Content-Security-Policy": MAIL_POLICY})

    async def press(self, request: Request) -> Response:
        """A button: its name in the path, its arguments as JSON."""
        name = request.path_params["button"]
        try:
            words = await request.json() if await request.body() else {}
            inspect.signature(BUTTONS.get(name, Panel.press)).bind(self._panel, **words)
            news = await self._panel.press(name, words)
        except (ControlError, TypeError, ValueError) as impossible:
            self._town.tell(str(impossible), good=False)
            return problem(str(impossible))
        return JSONResponse({"ok": True, "result": plain(news)})

    async def play(self, request: Request) -> Response:
        """A scene of the story, played by the staff before the visitor's eyes."""
        step = SCENES.get(request.path_params["scene"])
        if step is None or self._panel.place is None:
            return problem(f"There is no such scene; there are {', '.join(SCENES)}.", 404)
        async with Stage.set(self._panel.place) as stage:
            told = await play(stage, 1, step)
        self._town.tell(told.name.capitalize(), told.words, good=told.ok)
        return JSONResponse({"ok": told.ok, "words": told.words})

    def _now(self) -> str:
        return self._town.clock().isoformat()

    def _town_json(self) -> dict[str, Any]:
        app = self._panel.app
        return {
            "app": {"state": app.state, "base": app.base, "restarts": app.restarts, "pid": app.pid},
            "channel": self._town.channel.id,
            "people": [
                {"key": one.first_name.lower(), "name": one.name, "words": one.words}
                | {"id": self._town.person(one.first_name).id}
                for one in (*STAFF, STRANGER)
            ],
            "strike": self._town.carrier.on_strike,
            "newest": self._newest(),
        }

    def _newest(self) -> int | None:
        return next(reversed([one.number for one in self._town.shop.orders.values()]), None)

    async def _web_json(self) -> dict[str, Any]:
        """What the visitor sees; the last look stands while the server is away."""
        if not self._panel.visitor.is_open:
            return {"lines": [], "buttons": []}
        with contextlib.suppress(httpx2.HTTPError):
            self._chat = await self._panel.visitor.seen()
        return self._chat

    def _telegram_json(self) -> dict[str, Any]:
        chat = self._town.telegram.chats.get(self._telegram_user)
        messages = chat.messages[-60:] if chat else []
        keyboard = chat.keyboard if chat else []
        return {"user": self._telegram_user, "messages": messages, "keyboard": keyboard}

    def _mails_json(self) -> list[dict[str, Any]]:
        mails = self._town.mailbox.mails[-100:][::-1]
        return [
            {"number": one.number, "at": one.at.isoformat(), "to": ", ".join(one.recipients)}
            | {"subject": one.subject}
            for one in mails
        ]


def _print(value: Any) -> str:
    return format(hash(json.dumps(value, sort_keys=True, default=str)) & (2**48 - 1), "x")


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")
