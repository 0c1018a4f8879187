"""Socket Mode: envelopes over a WebSocket, each to one connection, each to be acknowledged."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect

from bot.sandbox.slack.model import Json

CONNECTIONS_MAX = 10


class SocketLost(ConnectionError):
    """The connection ended before the app acknowledged what was sent over it."""


class Connection:
    """One open WebSocket and the envelopes on it that still wait for their ack."""

    def __init__(self, socket: WebSocket) -> None:
        self.socket = socket
        self._waiting: dict[str, asyncio.Future[Json]] = {}

    async def ask(self, envelope: Json) -> Json:
        """Send an envelope; the answer is the app's ack."""
        ack: asyncio.Future[Json] = asyncio.get_running_loop().create_future()
        self._waiting[envelope["envelope_id"]] = ack
        await self.socket.send_json(envelope)
        return await ack

    def acknowledge(self, ack: Json) -> None:
        waiting = self._waiting.pop(str(ack.get("envelope_id")), None)
        if waiting is not None and not waiting.done():
            waiting.set_result(ack)

    def lose(self) -> None:
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(SocketLost("the socket closed before the ack"))


class Sockets:
    def __init__(self, new_id: Callable[[str], str]) -> None:
        self._new_id = new_id
        self._tickets: set[str] = set()
        self._turn = 0
        self.connections: list[Connection] = []

    def new_ticket(self) -> str:
        """The single-use part of the address that apps.connections.open hands out."""
        ticket = self._new_id("ticket.")
        self._tickets.add(ticket)
        return ticket

    async def serve(self, socket: WebSocket, app_id: str) -> None:
        """One connection from its greeting to its end."""
        ticket = socket.path_params["ticket"]
        if ticket not in self._tickets or len(self.connections) >= CONNECTIONS_MAX:
            await socket.close(1008)
            return
        self._tickets.remove(ticket)
        await socket.accept()
        connection = Connection(socket)
        self.connections.append(connection)
        await socket.send_json(self._hello(app_id))
        try:
            while True:
                connection.acknowledge(await socket.receive_json())
        except WebSocketDisconnect:
            connection.lose()
        finally:
            self.connections.remove(connection)

    def _hello(self, app_id: str) -> Json:
        return {
            "type": "hello",
            "num_connections": len(self.connections),
            "connection_info": {"app_id": app_id},
            "debug_info": {"host": "sandbox", "approximate_connection_time": 18060},
        }

    async def ask(self, kind: str, payload: Json, retry: tuple[int, str] | None = None) -> Any:
        """Give one payload to the next connection in turn; the answer is the ack's payload."""
        if not self.connections:
            raise SocketLost("the app has no socket open")
        self._turn += 1
        connection = self.connections[self._turn % len(self.connections)]
        attempt, reason = retry or (0, "")
        envelope = {
            "envelope_id": self._new_id("envelope."),
            "type": kind,
            "payload": payload,
            "accepts_response_payload": kind != "events_api",
            "retry_attempt": attempt,
            "retry_reason": reason,
        }
        return (await connection.ask(envelope)).get("payload")

    async def ask_to_reconnect(self, reason: str = "refresh_requested") -> None:
        """What Slack does every few hours: it asks the app to open a fresh connection."""
        for connection in list(self.connections):
            await connection.socket.send_json({"type": "disconnect", "reason": reason})
