"""Socket Mode: connections that we open ourselves, for shops that Slack cannot reach by HTTP."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import aiohttp
from slack_bolt.response import BoltResponse
from slack_sdk.errors import SlackApiError

from bot.slack.account import Account, log, rest
from bot.slack.incoming import Malformed, read_socket
from bot.slack.surface import Slack

CONNECTIONS = 2  # Slack gives each payload to one of them; the other stands by
HEARTBEAT_SECONDS = 20.0
SILENCE_SECONDS = 600.0
LAST_ACKS_SECONDS = 3.0
LOOK_SECONDS = 15.0  # how soon a connection that was just set up is opened
_TROUBLE = (aiohttp.ClientError, SlackApiError, TimeoutError, ConnectionError)


def pause_after(failures: int) -> float:
    """Seconds to wait before the next attempt: none after a good end, at most a minute."""
    return min(60.0, 2.0**failures) if failures else 0.0


class Sockets:
    """Keeps the sockets of every connection whose mode is `socket` open until it is stopped."""

    def __init__(
        self,
        slack: Slack,
        *,
        connections: int = CONNECTIONS,
        silence_seconds: float = SILENCE_SECONDS,
        pause: Callable[[int], float] = pause_after,
    ) -> None:
        self._slack = slack
        self._connections = connections
        self._silence = silence_seconds
        self._pause = pause
        self.is_open = asyncio.Event()

    async def run(self, stop: asyncio.Event) -> None:
        """Open what is set up, also what is set up later, until `stop`."""
        kept: dict[int, list[asyncio.Task[None]]] = {}
        while not stop.is_set():
            for connection_id in await self._slack.accounts.in_socket_mode():
                if all(task.done() for task in kept.get(connection_id, [])):
                    kept[connection_id] = [
                        asyncio.create_task(self._keep_open(connection_id, stop))
                        for _ in range(self._connections)
                    ]
            await rest(stop, LOOK_SECONDS)
        await asyncio.gather(*(task for tasks in kept.values() for task in tasks))

    async def _keep_open(self, connection_id: int, stop: asyncio.Event) -> None:
        failures = 0
        while not stop.is_set():
            account = await self._slack.accounts.open(connection_id)
            if account is None or not account.is_socket:
                return
            try:
                await self._session(account, stop)
                failures = 0
            except _TROUBLE as problem:
                failures += 1
                log.warning("Slack's socket of connection %s: %s", connection_id, problem)
            await rest(stop, self._pause(failures))

    async def _session(self, account: Account, stop: asyncio.Event) -> None:
        """One socket from its opening to its end; a silent one is left for a fresh one."""
        opened = await account.client.apps_connections_open(app_token=account.app_token)
        acting: set[asyncio.Task[None]] = set()
        async with (
            aiohttp.ClientSession() as http,
            http.ws_connect(opened["url"], heartbeat=HEARTBEAT_SECONDS) as socket,
        ):
            self.is_open.set()
            try:
                await self._listen(account, socket, stop, acting)
            finally:
                if acting:
                    await asyncio.wait(acting, timeout=LAST_ACKS_SECONDS)

    async def _listen(
        self,
        account: Account,
        socket: aiohttp.ClientWebSocketResponse,
        stop: asyncio.Event,
        acting: set[asyncio.Task[None]],
    ) -> None:
        while not stop.is_set():
            envelope = await _next(socket, stop, self._silence)
            if envelope is None or envelope.get("type") == "disconnect":
                return
            if "envelope_id" in envelope:
                task = self._slack.background.spawn(self._act(account, socket, envelope))
                acting.add(task)
                task.add_done_callback(acting.discard)

    async def _act(
        self, account: Account, socket: aiohttp.ClientWebSocketResponse, envelope: dict[str, Any]
    ) -> None:
        """Without an acknowledgement Slack counts it as lost; what makes no sense is let go."""
        answer = None
        try:
            incoming = read_socket(str(envelope.get("type")), dict(envelope.get("payload") or {}))
            answer = await self._slack.dispatch(account, incoming)
        except Malformed as problem:
            log.warning("an envelope of Slack makes no sense: %s", problem)
        if answer is not None and answer.status != 200:
            return
        ack: dict[str, Any] = {"envelope_id": envelope["envelope_id"]}
        body = as_json(answer) if envelope.get("accepts_response_payload") else None
        if body is not None:
            ack["payload"] = body
        if not socket.closed:
            await socket.send_str(json.dumps(ack))


async def _next(
    socket: aiohttp.ClientWebSocketResponse, stop: asyncio.Event, silence: float
) -> dict[str, Any] | None:
    """The next envelope; None when the socket ended, fell silent, or we are to stop."""
    receiving = asyncio.ensure_future(socket.receive())
    stopping = asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait(
            {receiving, stopping}, timeout=silence, return_when=asyncio.FIRST_COMPLETED
        )
        if not receiving.done():
            return None
        message = receiving.result()
    finally:
        receiving.cancel()
        stopping.cancel()
    return json.loads(message.data) if message.type is aiohttp.WSMsgType.TEXT else None


def as_json(answer: BoltResponse | None) -> Any:
    """The body of an answer as it travels in a socket's acknowledgement."""
    if answer is None or not answer.body:
        return None
    try:
        return json.loads(answer.body)
    except ValueError:
        return {"text": answer.body}
