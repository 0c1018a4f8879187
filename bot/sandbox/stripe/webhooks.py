"""The stand-in's outgoing events: signed with a time, unordered, and repeated when told to."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import httpx2

from bot.sandbox.shop.wire import Clock, ControlError, Transcript
from core.integrations.calling import new_http

API_VERSION = "2026-10-28.endive"
WAIT_SECONDS = 10.0
TRIES = 8
POLICIES = ("once", "twice", "reordered", "dropped", "tampered")


@dataclass(slots=True)
class Event:
    id: str
    kind: str
    body: bytes
    state: Literal["due", "delivered", "failed", "dropped"] = "due"
    attempts: int = 0
    status: int | None = None


def signature(secret: str, body: bytes, at: datetime) -> str:
    """t=seconds,v1=hex: the HMAC is over the seconds, a dot and the body."""
    seconds = int(at.timestamp())
    digest = hmac.new(secret.encode(), f"{seconds}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={seconds},v1={digest}"


class Post:
    """Who listens, what is under way; `policy` is how the next events travel."""

    def __init__(self, secret: str, clock: Clock, transcript: Transcript) -> None:
        self.secret, self.policy = secret, "once"
        self.uri = ""
        self.events: list[Event] = []
        self._clock, self._transcript = clock, transcript
        self._busy = asyncio.Lock()

    def connect(self, base: str, connection: str) -> str:
        """Send to `{base}/hooks/stripe/{connection}` from now on."""
        self.uri = f"{base.rstrip('/')}/hooks/stripe/{connection}"
        return self.uri

    def travel(self, policy: str) -> str:
        if policy not in POLICIES:
            raise ControlError(f"No delivery is called {policy!r}; choose one of {POLICIES}.")
        self.policy = policy
        return policy

    def emit(self, name: str, kind: str, thing: dict[str, Any]) -> None:
        event = {
            "id": name,
            "object": "event",
            "api_version": API_VERSION,
            "created": int(self._clock().timestamp()),
            "data": {"object": thing},
            "livemode": False,
            "type": kind,
        }
        made = Event(name, kind, json.dumps(event).encode())
        if self.policy == "dropped":
            made.state = "dropped"
        self.events.append(made)

    async def deliver(self) -> list[Event]:
        """Send what is due; what was not taken stays due until it was tried often enough."""
        if not self.uri:
            return []
        async with self._busy:
            due = [one for one in self.events if one.state == "due"]
            if self.policy == "reordered":
                due.reverse()
            for one in due:
                for _ in range(2 if self.policy == "twice" else 1):
                    await self._attempt(one)
        return due

    async def _attempt(self, event: Event) -> None:
        body = event.body
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "Stripe-Signature": signature(self.secret, body, self._clock()),
        }
        if self.policy == "tampered":
            body = body.replace(b'"amount":', b'"amount": 1', 1)
        event.attempts += 1
        event.status = await self._post(body, headers)
        self._transcript.record("out", event.kind, {"uri": self.uri, **headers}, event.status)
        if event.status is not None and 200 <= event.status < 300:
            event.state = "delivered"
        elif event.attempts >= TRIES:
            event.state = "failed"

    async def _post(self, body: bytes, headers: dict[str, str]) -> int | None:
        async with new_http(WAIT_SECONDS) as client:
            try:
                return (await client.post(self.uri, content=body, headers=headers)).status_code
            except httpx2.HTTPError:
                return None
