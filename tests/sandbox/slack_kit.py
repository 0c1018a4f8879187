"""What the tests of the local Slack share: a workspace, a moving clock, a server, an echo app."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import uvicorn
from slack_sdk.signature import Clock, SignatureVerifier
from slack_sdk.web.async_client import AsyncWebClient
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.sandbox.slack.app import slack_app
from bot.sandbox.slack.delivery import Deliver, http_deliver
from bot.sandbox.slack.workspace import BOT_TOKEN, SIGNING_SECRET, Workspace


class MovingClock:
    """Time that passes only when a test says so."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


class Shop:
    """A workspace with two people and three channels."""

    def __init__(self, **more: Any) -> None:
        self.clock = MovingClock()
        self.workspace = Workspace(self.clock, **more)
        self.ann = self.workspace.add_user("ann", "Ann Lead", email="ann@shop.test")
        self.bob = self.workspace.add_user("bob", "Bob Picker", tz="America/New_York")
        everybody = (self.ann.id, self.bob.id)
        self.orders = self.workspace.add_channel("orders", *everybody)
        self.secret = self.workspace.add_channel("board", self.ann.id, bot=False, is_private=True)
        self.old = self.workspace.add_channel("old", *everybody, is_archived=True)


@asynccontextmanager
async def served(app: Any) -> AsyncIterator[str]:
    """The app behind a real loopback socket, on a port the system chose; its address."""
    config = uvicorn.Config(app, host="127.0.0.1", port=0, log_level="critical", ws="none")
    config.load()
    server = uvicorn.Server(config)
    server.lifespan = config.lifespan_class(config)
    await server.startup()
    try:
        host, port = server.servers[0].sockets[0].getsockname()
        yield f"http://{host}:{port}"
    finally:
        await server.shutdown()


@asynccontextmanager
async def served_slack(workspace: Workspace, **more: Any) -> AsyncIterator[AsyncWebClient]:
    """Slack's own client against the stand-in over real HTTP, without any retries."""
    async with served(slack_app(workspace, **more)) as address:
        workspace.base_url = address
        yield web_client(address)


def web_client(address: str, token: str | None = BOT_TOKEN, **more: Any) -> AsyncWebClient:
    more = {"retry_handlers": []} | more
    return AsyncWebClient(token=token, base_url=f"{address}/api/", **more)


class EchoApp:
    """The smallest app: checks the signature, keeps what it got, answers as it was told.

    `answer` gets what Slack sent (the form or the payload) and gives the body of the ack.
    """

    def __init__(self, clock: MovingClock, answer: Callable[[dict[str, Any]], Any] = str) -> None:
        self.received: list[dict[str, Any]] = []
        self.retries: list[str | None] = []
        self.answer = answer
        self.status = 200
        self._verifier = SignatureVerifier(SIGNING_SECRET, _SlackClock(clock))
        self.app = Starlette(routes=[Route("/hooks/slack/1", self._hook, methods=["POST"])])

    def deliver(self) -> Deliver:
        transport = httpx2.ASGITransport(app=self.app)
        return http_deliver(httpx2.AsyncClient(transport=transport))

    async def _hook(self, request: Request) -> Response:
        body = await request.body()
        if not self._verifier.is_valid_request(body, dict(request.headers)):
            return Response("bad signature", 401)
        payload = await _payload(request)
        self.received.append(payload)
        self.retries.append(request.headers.get("x-slack-retry-num"))
        answer = self.answer(payload)
        if isinstance(answer, dict):
            return Response(json.dumps(answer), self.status, media_type="application/json")
        return Response(answer or b"", self.status, media_type="text/plain")


class _SlackClock(Clock):
    def __init__(self, clock: MovingClock) -> None:
        self._clock = clock

    def now(self) -> float:
        return self._clock().timestamp()


async def _payload(request: Request) -> dict[str, Any]:
    if request.headers["content-type"] == "application/json":
        return dict(await request.json())
    form = {name: str(value) for name, value in (await request.form()).items()}
    return dict(json.loads(form["payload"])) if "payload" in form else form


def silent(_payload: dict[str, Any]) -> None:
    """The ack without a word."""


def plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text}


def section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


def button(
    text: str = "Release Order", action_id: str = "v1:release", **more: Any
) -> dict[str, Any]:
    return {"type": "button", "text": plain(text), "action_id": action_id, **more}


def actions(*elements: dict[str, Any]) -> dict[str, Any]:
    return {"type": "actions", "block_id": "acts", "elements": list(elements)}


def option(value: str) -> dict[str, Any]:
    return {"text": plain(value.title()), "value": value}


def field(block_id: str, element: dict[str, Any], **more: Any) -> dict[str, Any]:
    label = plain(block_id.title())
    return {"type": "input", "block_id": block_id, "label": label, "element": element, **more}


def note_field(**more: Any) -> dict[str, Any]:
    return field("note", {"type": "plain_text_input", "action_id": "note_text"}, **more)


def modal(*blocks: dict[str, Any], title: str = "Hold 1001", **more: Any) -> dict[str, Any]:
    return {
        "type": "modal",
        "title": plain(title),
        "submit": plain("Hold Order"),
        "blocks": list(blocks) or [note_field()],
        **more,
    }
