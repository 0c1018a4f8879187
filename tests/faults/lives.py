"""A server that is killed again and again, and clients that do not let go of it."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import hmac
import json
import os
import random
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2

KEY = "a-key-for-faults-only-0123456789abcdefgh"
HOOK_SECRET = "hook-secret-of-the-fault-tests"
CONNECTION = 21
ROOT = Path(__file__).parents[2]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass
class Server:
    """`wismo serve` with all its roles, reborn on the same port after every death."""

    url: str
    smtp_port: int
    port: int = field(default_factory=free_port)
    deaths: int = 0
    pid: int = 0
    more: dict[str, str] = field(default_factory=dict)

    @asynccontextmanager
    async def living(self) -> AsyncIterator[Server]:
        parent = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.faults.nursery",
            cwd=ROOT, env=self._environment(),
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        self._parent = parent
        try:
            await self.start()
            yield self
        finally:
            if self.pid:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(self.pid, signal.SIGTERM)
            _streams(parent)[0].close()
            await parent.wait()

    def _environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "WISMO_DATABASE_URL": self.url,
            "WISMO_SECRET_KEY": KEY,
            "WISMO_PORT": str(self.port),
            "WISMO_SMTP_URL": f"smtp://127.0.0.1:{self.smtp_port}",
            "WISMO_MAIL_FROM": "shop@nordlicht.example",
            "WISMO_LOG_LEVEL": "ERROR",
            **self.more,
        }

    async def start(self) -> None:
        asked, told = _streams(self._parent)
        asked.write(b"live\n")
        await asked.drain()
        self.pid = int(await told.readline())

    async def kill(self) -> None:
        """Power is cut; the parent notices and waits for the next order."""
        os.kill(self.pid, signal.SIGKILL)
        self.deaths += 1
        await self.start()


def _streams(
    parent: asyncio.subprocess.Process,
) -> tuple[asyncio.StreamWriter, asyncio.StreamReader]:
    if parent.stdin is None or parent.stdout is None:
        raise AssertionError("the nursery was started without pipes")
    return parent.stdin, parent.stdout


@dataclass
class Client:
    """Sends until it is answered, and sometimes once more although it was."""

    base: str
    api_key: str
    rng: random.Random
    http: httpx2.AsyncClient
    accepted: set[str] = field(default_factory=set)
    noted: set[str] = field(default_factory=set)
    tries: int = 0

    async def order(self, number: str) -> None:
        body = json.dumps(order_payload(number)).encode()
        for _ in range(1 + (self.rng.random() < 0.2)):
            await self._until_ok(f"/hooks/shopify/{CONNECTION}", body, _signed(number, body))
            self.accepted.add(number)

    async def note(self, number: str) -> None:
        """A command over REST under a key: however often it is sent, it happens once."""
        body = json.dumps({"order": number, "text": f"note of {number}"}).encode()
        headers = {
            "authorization": f"Bearer {self.api_key}",
            "idempotency-key": f"note-{number}",
            "content-type": "application/json",
        }
        for _ in range(1 + (self.rng.random() < 0.2)):
            await self._until_ok("/api/v1/commands/note_order", body, headers)
            self.noted.add(number)

    async def _until_ok(self, path: str, body: bytes, headers: dict[str, str]) -> None:
        while True:
            self.tries += 1
            try:
                answer = await self.http.post(f"{self.base}{path}", content=body, headers=headers)
            except httpx2.TransportError:
                await asyncio.sleep(0.02)
                continue
            if answer.status_code == 200:
                return
            if answer.status_code not in (503, 409):
                raise AssertionError(f"{path} answered {answer.status_code}: {answer.text}")
            await asyncio.sleep(0.02)


def _signed(number: str, body: bytes) -> dict[str, str]:
    digest = hmac.new(HOOK_SECRET.encode(), body, hashlib.sha256).digest()
    return {
        "content-type": "application/json",
        "x-shopify-topic": "orders/create",
        "x-shopify-hmac-sha256": base64.b64encode(digest).decode(),
        "x-shopify-shop-domain": "nordlicht.example",
        "x-shopify-webhook-id": f"hook-{number}",
        "x-shopify-event-id": f"event-{number}",
    }


def order_payload(number: str) -> dict[str, Any]:
    address = {"name": "Anna Schmidt", "address1": "Hauptstr. 1", "zip": "10827",
               "city": "Berlin", "country_code": "DE"}  # fmt: skip
    return {
        "id": int(number),
        "name": f"#{number}",
        "email": f"c{number}@example.org",
        "created_at": "2026-11-23T09:00:00Z",
        "updated_at": "2026-11-23T09:00:00Z",
        "currency": "EUR",
        "financial_status": "paid",
        "source_name": "web",
        "total_price": "39.80",
        "total_outstanding": "0.00",
        "subtotal_price": "39.80",
        "shipping_address": address,
        "line_items": [
            {"id": int(number) * 10 + n, "sku": sku, "title": sku, "quantity": 1,
             "current_quantity": 1, "price": "19.90", "requires_shipping": True}
            for n, sku in enumerate(("mug-red", "sock-grey"))
        ],
    }  # fmt: skip
