"""The stand-in as one ASGI application: Web API, answer addresses, uploads, sockets, control."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache

import httpx2
from starlette.applications import Starlette
from starlette.requests import Request as HttpRequest
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket

from bot.sandbox.slack.control import Control, explained
from bot.sandbox.slack.delivery import Deliver, http_deliver
from bot.sandbox.slack.response_urls import ResponseUrls
from bot.sandbox.slack.web_api import RAW_SEND, Sleep, WebApi
from bot.sandbox.slack.workspace import Workspace

# To load the world's certificates takes longer than a whole test: once per process is enough.
_certificates = cache(httpx2.create_ssl_context)


def slack_app(
    workspace: Workspace,
    request_url: str | None = None,
    *,
    deliver: Deliver | None = None,
    sleep: Sleep = asyncio.sleep,
) -> Starlette:
    """The stand-in for one workspace.

    `request_url` is where the app under test takes interactions. Without `deliver`, acts of
    the control API travel there by real HTTP. `sleep` is what a delay fault waits with.
    """
    if request_url is not None:
        workspace.request_url = request_url
    client = httpx2.AsyncClient(verify=_certificates())

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        async with client:
            yield

    control = Control(workspace, deliver or http_deliver(client))
    routes = [*_slack_routes(workspace, sleep), Mount("/control", routes=_control_routes(control))]
    return StandIn(routes=routes, lifespan=lifespan)


class StandIn(Starlette):
    """Keeps the server's own `send` in the scope, for connections dropped on purpose."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope[RAW_SEND] = send
        await super().__call__(scope, receive, send)


def _slack_routes(workspace: Workspace, sleep: Sleep) -> list[BaseRoute]:
    async def upload(request: HttpRequest) -> Response:
        file = workspace.files.get(request.path_params["id"])
        if file is None:
            return PlainTextResponse("not found", 404)
        content = await _uploaded(request)
        if len(content) != file["size"]:
            return PlainTextResponse("another length was announced", 400)
        file["content"] = content
        return PlainTextResponse(f"OK - {len(content)}")

    async def download(request: HttpRequest) -> Response:
        """Without a token that may read files Slack shows its sign-in page instead."""
        given = request.headers.get("authorization", "").removeprefix("Bearer ")
        token = workspace.tokens.get(given)
        if token is None or "files:read" not in token.scopes:
            return RedirectResponse("https://slack.com/signin", 302)
        file = workspace.files.get(request.path_params["id"], {})
        if "content" not in file:
            return PlainTextResponse("not found", 404)
        return Response(file["content"], media_type=file["mimetype"])

    async def socket(websocket: WebSocket) -> None:
        await workspace.sockets.serve(websocket, workspace.app_id)

    return [
        Route("/api/{method}", WebApi(workspace, sleep).handle, methods=["GET", "POST"]),
        Route("/response/{id}", ResponseUrls(workspace, sleep).handle, methods=["POST"]),
        Route("/upload/{id}", upload, methods=["POST"]),
        Route("/files-pri/{id}/download", download, methods=["GET"]),
        WebSocketRoute("/socket/{ticket}", socket),
    ]


async def _uploaded(request: HttpRequest) -> bytes:
    """The bytes of a file, sent bare or as the one part of a form."""
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        return await request.body()
    async with request.form() as form:
        for value in form.values():
            return value.encode() if isinstance(value, str) else await value.read()
    return b""


def _control_routes(control: Control) -> list[BaseRoute]:
    return [
        Route("/state", explained(control.state)),
        Route("/transcript", explained(control.transcript)),
        Route("/act", explained(control.act), methods=["POST"]),
        Route("/release", explained(control.release), methods=["POST"]),
        Route("/faults", explained(control.faults)),
        Route("/faults", explained(control.fault), methods=["POST"]),
        Route("/reset", explained(control.reset), methods=["POST"]),
    ]
