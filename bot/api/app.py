"""The web application: hooks, API, health and whatever rooms bring their own routers."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Iterable
from contextlib import AbstractAsyncContextManager
from importlib.metadata import version
from typing import Any, cast

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from bot.api.framework import APIRouter, FastAPI, RequestValidationError
from bot.api.hooks import Hooks
from bot.api.keys import actor_of
from bot.api.metrics import CONTENT_TYPE, Counts
from bot.api.openapi import Document, describe, page
from bot.api.problems import (
    Unknown,
    of_refusal,
    on_bug,
    on_hang_up,
    on_http,
    on_refusal,
    problem,
)
from bot.api.rest import BASE, rest_routes
from bot.bridge import House
from core.domain.refusals import Refusal

Lifespan = Callable[[Any], AbstractAsyncContextManager[None]]
LOOPBACK = ("127.0.0.1", "::1")
OF_A_PROXY = (
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
    "x-real-ip",
    "forwarded",
    "via",
)
CSP = "default-src 'none'; style-src 'unsafe-inline'"


def create_app(
    house: House,
    routers: Iterable[APIRouter | BaseRoute] = (),
    *,
    lifespan: Lifespan | None = None,
) -> FastAPI:
    """Everything that listens. `routers` are those of Slack, Telegram and the web room."""
    counts = Counts(house.engine)
    hooks = Hooks(house, counts)
    app = _App(hooks, lifespan)
    app.router.routes.extend(hooks.routes())
    app.router.routes.extend(rest_routes(house, counts))
    app.router.routes.extend(_house_routes(house, counts))
    for router in routers:
        if isinstance(router, APIRouter):
            app.include_router(router)
        else:
            app.router.routes.append(router)
    app.add_exception_handler(Refusal, on_refusal)
    app.add_exception_handler(HTTPException, on_http)
    app.add_exception_handler(RequestValidationError, _on_validation)
    app.add_exception_handler(ClientDisconnect, on_hang_up)
    app.add_exception_handler(Exception, on_bug)
    return app


class _App(FastAPI):
    """Machines send far more than people: their messages go past what only people's need."""

    def __init__(self, hooks: Hooks, lifespan: Lifespan | None) -> None:
        super().__init__(
            title="wismo", openapi_url=None, docs_url=None, redoc_url=None, lifespan=lifespan
        )
        self._hooks = hooks

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        hook = self._hooks.hook_for(scope)
        if hook is None:
            await super().__call__(scope, receive, send)
            return
        request = Request(scope, receive)
        try:
            response = await hook.receive(request)
        except Refusal as refused:
            response = of_refusal(refused)
        except ClientDisconnect as gone:
            response = await on_hang_up(request, gone)
        except Exception as bug:  # noqa: BLE001 (the log has it, the caller a reference)
            response = await on_bug(request, bug)
        await response(scope, receive, send)


async def _on_validation(_request: Request, raised: Exception) -> Response:
    first = cast("RequestValidationError", raised).errors()[0]
    where = ".".join(str(part) for part in first["loc"])
    return problem(422, f"{where}: {first['msg']}.", code="invalid")


def _house_routes(house: House, counts: Counts) -> list[Route]:
    front = Front(house, counts)
    return [
        Route("/healthz", front.health),
        Route("/readyz", front.ready),
        Route("/metrics", front.metrics),
        Route(f"{BASE}/openapi.json", front.description),
        Route("/docs", front.docs),
    ]


class Front:
    """What runs the house asks of it: alive, ready, figures, description."""

    def __init__(self, house: House, counts: Counts) -> None:
        self._house, self._counts = house, counts
        self._described: Document = {}

    async def health(self, _request: Request) -> Response:
        return JSONResponse({"ok": True})

    async def ready(self, _request: Request) -> Response:
        """Ready is who can commit; Unavailable answers 503 by itself."""
        await self._house.hop(
            lambda: self._house.engine.chore(lambda uow: uow.people.count("readiness_checks"))
        )
        return JSONResponse({"ok": True})

    async def metrics(self, request: Request) -> Response:
        if not self._may_watch(request):
            raise Unknown("Figures need the metrics token, or a call from this machine.")
        return Response(await self._house.hop(self._counts.text), media_type=CONTENT_TYPE)

    def _may_watch(self, request: Request) -> bool:
        """By token; without a token set, from this machine and not through a proxy."""
        token = self._house.settings.metrics_token.get_secret_value()
        if token:
            told = request.headers.get("authorization", "")
            return hmac.compare_digest(told.encode(), f"Bearer {token}".encode())
        host = request.client.host if request.client else ""
        return host in LOOPBACK and not any(name in request.headers for name in OF_A_PROXY)

    async def description(self, request: Request) -> Response:
        if not self._house.settings.sandbox:
            await actor_of(request, self._house)
        return JSONResponse(self._document())

    async def docs(self, _request: Request) -> Response:
        if not self._house.settings.sandbox:
            return PlainTextResponse("Not found", 404)
        return HTMLResponse(page(self._document()), headers={"Content-Security-Policy": CSP})

    def _document(self) -> Document:
        if not self._described:
            self._described = describe(version("wismo"))
        return self._described
