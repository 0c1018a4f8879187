"""Socket Mode: the same people, handlers and answers, over connections that we open."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import WSMsgType, web
from starlette.websockets import WebSocketDisconnect

from bot.sandbox.slack.delivery import socket_deliver
from bot.sandbox.slack.user import SlackUser
from bot.sandbox.slack.workspace import Workspace
from bot.slack.socket import Sockets, pause_after
from core.db import tables as t
from core.db.rows import to_json
from tests.shop import SHOP
from tests.slack.house import SLACK, SlackHouse, slack_house, words_of


class Line:
    """The stand-in's end of a socket, on aiohttp's server."""

    def __init__(self, request: web.Request) -> None:
        self._request = request
        self._socket = web.WebSocketResponse()
        self.path_params = {"ticket": request.match_info["ticket"]}

    async def accept(self) -> None:
        await self._socket.prepare(self._request)

    async def send_json(self, value: Any) -> None:
        await self._socket.send_json(value)

    async def receive_json(self) -> Any:
        message = await self._socket.receive()
        if message.type is not WSMsgType.TEXT:
            raise WebSocketDisconnect(1000)
        return message.json()

    async def close(self, _code: int = 1000) -> None:
        await self.accept()
        await self._socket.close()

    @property
    def response(self) -> web.WebSocketResponse:
        return self._socket


@asynccontextmanager
async def sockets_of(workspace: Workspace) -> AsyncIterator[str]:
    async def serve(request: web.Request) -> web.WebSocketResponse:
        line = Line(request)
        await workspace.sockets.serve(line, workspace.app_id)  # type: ignore[arg-type]
        return line.response

    app = web.Application()
    app.router.add_get("/socket/{ticket}", serve)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    assert site._server is not None
    yield f"http://127.0.0.1:{site._server.sockets[0].getsockname()[1]}"  # type: ignore[attr-defined]
    await runner.cleanup()


@asynccontextmanager
async def connected(there: SlackHouse, **more: Any) -> AsyncIterator[Sockets]:
    config = to_json({"mode": "socket", "default_channel": there.cases.id})
    there.shop.engine.chore(
        lambda uow: uow.people.put(t.connection, {"id": SLACK}, {"config": config}), SHOP
    )
    async with sockets_of(there.workspace) as address:
        # Tickets come from the Web API, sockets from here: the workspace names this address.
        web_api, there.workspace.base_url = there.workspace.base_url, address
        stop = asyncio.Event()
        sockets = Sockets(there.slack, connections=1, pause=lambda _: 0, **more)
        running = asyncio.create_task(sockets.run(stop))
        await sockets.is_open.wait()
        yield sockets
        stop.set()
        await running
        there.workspace.base_url = web_api


async def test_a_command_over_a_socket_is_answered_like_one_over_http(
    sqlite_database: str,
) -> None:
    async with slack_house(sqlite_database) as there, connected(there):
        there.shop.place(1001, ("mug-red", 2))
        ann = SlackUser(there.workspace, socket_deliver(there.workspace), there.user("ann").id)
        seen = await ann.slash("/wismo", "hold 1001 address", there.channel)
        assert seen.said is not None
        assert "on hold for address" in words_of(seen.said)
        (row,) = there.shop.rows(t.inbox)
        assert row["topic"] == "slack.slash"


async def test_when_slack_asks_to_reconnect_nothing_is_lost(sqlite_database: str) -> None:
    async with slack_house(sqlite_database) as there, connected(there) as sockets:
        there.shop.place(1001, ("mug-red", 2))
        sockets.is_open.clear()
        await there.workspace.sockets.ask_to_reconnect()
        await sockets.is_open.wait()
        ann = SlackUser(there.workspace, socket_deliver(there.workspace), there.user("ann").id)
        seen = await ann.slash("/wismo", "1001", there.channel)
        assert seen.said is not None
        assert "Order 1001" in words_of(seen.said)


async def test_a_socket_that_fell_silent_is_replaced(sqlite_database: str) -> None:
    async with (
        slack_house(sqlite_database) as there,
        connected(there, silence_seconds=0.05) as sockets,
    ):
        sockets.is_open.clear()
        await sockets.is_open.wait()


@pytest.mark.parametrize(("failures", "seconds"), [(0, 0), (1, 2), (3, 8), (9, 60)])
def test_trouble_is_met_with_longer_and_longer_pauses(failures: int, seconds: float) -> None:
    assert pause_after(failures) == seconds
