"""Carrying what people do to the app: signed bytes, over HTTP or a socket, once or oftener."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import Enum
from typing import Literal
from urllib.parse import urlencode

import httpx2

from bot.sandbox.slack.model import Json
from bot.sandbox.slack.sockets import SocketLost
from bot.sandbox.slack.workspace import Workspace

ACK_SECONDS_MAX = 3.0
Kind = Literal["slash_commands", "interactive", "events_api"]


@dataclass(frozen=True, slots=True)
class Delivery:
    """One request from Slack: the payload, and the signed bytes that say the same."""

    kind: Kind
    payload: Json
    url: str
    headers: dict[str, str]
    body: bytes
    retry: tuple[int, str] | None = None


@dataclass(frozen=True, slots=True)
class Ack:
    status: int
    content_type: str
    body: bytes


class NoAck(Exception):
    """The app did not answer in time or not at all; the reason is what the person reads."""


Deliver = Callable[[Delivery], Awaitable[Ack]]


def http_deliver(client: httpx2.AsyncClient) -> Deliver:
    """Deliver by HTTP: to a real address, or in process with an ASGI transport."""

    async def deliver(delivery: Delivery) -> Ack:
        try:
            answer = await client.post(
                delivery.url,
                content=delivery.body,
                headers=delivery.headers,
                timeout=ACK_SECONDS_MAX,
            )
        except httpx2.TimeoutException as late:
            raise NoAck("operation_timeout") from late
        except httpx2.TransportError as broken:
            raise NoAck("dispatch_failed") from broken
        return Ack(answer.status_code, answer.headers.get("content-type", ""), answer.content)

    return deliver


def socket_deliver(workspace: Workspace) -> Deliver:
    """Deliver over Socket Mode; the ack's payload stands for the HTTP body."""

    async def deliver(delivery: Delivery) -> Ack:
        ask = workspace.sockets.ask(delivery.kind, delivery.payload, delivery.retry)
        try:
            payload = await asyncio.wait_for(ask, ACK_SECONDS_MAX)
        except TimeoutError as late:
            raise NoAck("operation_timeout") from late
        except SocketLost as lost:
            raise NoAck("dispatch_failed") from lost
        body = b"" if payload is None else json.dumps(payload).encode()
        return Ack(200, "application/json", body)

    return deliver


def signed(
    workspace: Workspace,
    kind: Kind,
    payload: Json,
    retry: tuple[int, str] | None = None,
) -> Delivery:
    """The request exactly as Slack would write it now, with its v0 signature."""
    body, content_type = _encoded(kind, payload)
    stamp = str(int(workspace.clock().timestamp()))
    digest = hmac.new(
        workspace.signing_secret.encode(), f"v0:{stamp}:".encode() + body, hashlib.sha256
    )
    headers = {
        "content-type": content_type,
        "x-slack-request-timestamp": stamp,
        "x-slack-signature": f"v0={digest.hexdigest()}",
    }
    if retry:
        headers |= {"x-slack-retry-num": str(retry[0]), "x-slack-retry-reason": retry[1]}
    return Delivery(kind, payload, workspace.request_url, headers, body, retry)


def _encoded(kind: Kind, payload: Json) -> tuple[bytes, str]:
    if kind == "events_api":
        return json.dumps(payload).encode(), "application/json"
    form = payload if kind == "slash_commands" else {"payload": json.dumps(payload)}
    return urlencode(form).encode(), "application/x-www-form-urlencoded"


class Policy(Enum):
    """How faithfully a delivery arrives."""

    ONCE = "once"
    DUPLICATE = "duplicate"
    TRIPLICATE = "triplicate"
    CONCURRENT = "concurrent"
    REORDERED = "reordered"


@dataclass(frozen=True, slots=True)
class Answer:
    """All acks to one act (several when it was delivered oftener), and how it went."""

    acks: tuple[Ack, ...] = ()
    seconds: float = 0
    trouble: str | None = None


class Postman:
    """Delivers for one person under a policy, and keeps the transcript."""

    def __init__(
        self,
        workspace: Workspace,
        deliver: Deliver,
        policy: Policy = Policy.ONCE,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.workspace = workspace
        self.policy = policy
        self._deliver = deliver
        self._monotonic = monotonic
        self._held: list[tuple[Kind, Json]] = []

    async def send(self, kind: Kind, payload: Json) -> Answer:
        if self.policy is Policy.REORDERED:
            self._held.append((kind, payload))
            return Answer(trouble="held")
        began = self._monotonic()
        try:
            acks = await self._send_all(kind, payload)
        except NoAck as refused:
            self._record(kind, payload, 0, str(refused))
            return Answer(seconds=self._monotonic() - began, trouble=str(refused))
        seconds = self._monotonic() - began
        return Answer(tuple(acks), seconds, _trouble(acks[0], seconds / len(acks)))

    async def release(self) -> list[Answer]:
        """Deliver what REORDERED has held back, the latest first."""
        held, self._held = self._held[::-1], []
        self.policy = Policy.ONCE
        return [await self.send(kind, payload) for kind, payload in held]

    async def _send_all(self, kind: Kind, payload: Json) -> list[Ack]:
        first = signed(self.workspace, kind, payload)
        if self.policy is Policy.CONCURRENT:
            return list(await asyncio.gather(self._send_one(first), self._send_one(first)))
        copies = [first]
        if self.policy is Policy.DUPLICATE:
            copies.append(first)
        if self.policy is Policy.TRIPLICATE:
            copies += [signed(self.workspace, kind, payload, (n, "http_timeout")) for n in (1, 2)]
        return [await self._send_one(copy) for copy in copies]

    async def _send_one(self, delivery: Delivery) -> Ack:
        ack = await self._deliver(delivery)
        self._record(delivery.kind, delivery.payload, ack.status, ack.body.decode(errors="replace"))
        return ack

    def _record(self, kind: Kind, payload: Json, status: int, response: str) -> None:
        self.workspace.record("out", kind, payload, status, response)


def _trouble(ack: Ack, seconds: float) -> str | None:
    if seconds > ACK_SECONDS_MAX:
        return "operation_timeout"
    return None if 200 <= ack.status < 300 else "dispatch_failed"
