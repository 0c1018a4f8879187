"""Every door of one process in one application, and the server that listens for them."""

from __future__ import annotations

import contextlib
import math
import socket
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from bot.api.app import create_app
from bot.api.reading import body_of, json_object
from bot.bridge import House
from bot.patience import PatientProtocol
from bot.running import Running
from bot.slack.ingress import create_slack_router
from bot.web.router import create_routes as create_web_routes
from core.domain.refusals import Invalid

CONNECTIONS_MAX = 800  # what a usual limit of open files has room for
ADVANCE_SECONDS_MAX = 10 * 366 * 24 * 3600


def application(house: House) -> Starlette:
    """The application of a process; its worker and clock live as long as it is served."""
    running = Running(house)

    @contextlib.asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        async with running.working():
            yield

    hands = running.hands
    routers: list[Any] = [
        create_slack_router(house, slack=hands.slack),
        *create_web_routes(house),
        *hands.telegram.routes(),
        *_sandbox_routes(running),
    ]
    return create_app(house, routers, lifespan=lifespan)


def _sandbox_routes(running: Running) -> list[BaseRoute]:
    """What only a sandbox can: let time pass."""
    if not running.house.settings.sandbox:
        return []

    async def advance(request: Request) -> Response:
        seconds = json_object(await body_of(request)).get("advance_seconds")
        if not isinstance(seconds, int | float) or not math.isfinite(seconds):
            raise Invalid("Say how far: advance_seconds.")
        if not 0 <= seconds <= ADVANCE_SECONDS_MAX:
            raise Invalid("Time goes forward, and by ten years at most.")
        ran = await running.advance(timedelta(seconds=seconds))
        return JSONResponse({"now": running.house.clock().isoformat(), "ran": ran})

    return [Route("/sandbox/clock", advance, methods=["POST"])]


class Server(uvicorn.Server):
    """Says where it listens once it does: with port 0 the system chooses."""

    def __init__(self, house: House, announce: Callable[[str], None]) -> None:
        settings = house.settings
        config = uvicorn.Config(
            application(house),
            http=PatientProtocol,
            limit_concurrency=CONNECTIONS_MAX,
            ws="none",
            lifespan="on",
            access_log=False,
            log_config=None,
            server_header=False,
            timeout_graceful_shutdown=20,
        )
        super().__init__(config)
        self._announce = announce
        self._roles = ", ".join(settings.roles)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        for listener in self.servers:
            for line in listener.sockets:
                host, port = line.getsockname()[:2]
                self._announce(f"wismo listens on http://{host}:{port} ({self._roles})")
