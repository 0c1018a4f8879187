"""Outgoing webhooks: signed like Shopify's, with its patience, its retries and its misfortunes."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal, get_args

import httpx2

from bot.sandbox.shop.wire import Clock, ControlError, Transcript
from core.integrations.calling import new_http

API_VERSION = "2026-10"
TOPICS = (
    "orders/create",
    "orders/updated",
    "orders/paid",
    "orders/cancelled",
    "refunds/create",
    "fulfillments/create",
    "fulfillments/update",
    "returns/request",
    "returns/approve",
    "returns/decline",
    "returns/cancel",
    "disputes/create",
    "disputes/update",
)
# Eight more tries over about four hours.
RETRY_MINUTES = (1, 2, 4, 8, 15, 30, 60, 120)

Policy = Literal["once", "twice", "reordered", "late", "dropped", "tampered", "malformed"]
POLICIES = get_args(Policy)


@dataclass(frozen=True, slots=True)
class Patience:
    """How long the shop waits for an answer, in seconds."""

    connect: float = 1.0
    total: float = 5.0


@dataclass(frozen=True, slots=True)
class Subscription:
    id: int
    topic: str
    uri: str
    created_at: datetime


@dataclass(slots=True)
class Delivery:
    """One webhook on its way. `state`: due, delivered, failed (for good) or dropped."""

    topic: str
    uri: str
    body: bytes
    headers: dict[str, str]
    due_at: datetime
    may_retry: bool = True
    state: Literal["due", "delivered", "failed", "dropped"] = "due"
    attempts: int = 0
    statuses: list[int | None] = field(default_factory=list)


def signature(secret: str, body: bytes) -> str:
    digest = hmac.new(secret.encode(), body, hashlib.sha256).digest()
    return base64.b64encode(digest).decode()


class Webhooks:
    """The shop's post office: who listens to what, what is under way, what came back."""

    def __init__(
        self, domain: str, secret: str, clock: Clock, transcript: Transcript, patience: Patience
    ) -> None:
        self.domain, self.secret, self.patience = domain, secret, patience
        self._clock, self._transcript = clock, transcript
        self.subscriptions: list[Subscription] = []
        self.deliveries: list[Delivery] = []
        self._made, self._busy = 0, asyncio.Lock()

    def subscribe(self, topic: str, uri: str) -> Subscription:
        if topic not in TOPICS:
            raise ControlError(f"No webhook topic is called {topic!r}; choose one of {TOPICS}.")
        self._made += 1
        made = Subscription(91_000_000 + self._made, topic, uri, self._clock())
        self.subscriptions.append(made)
        return made

    def emit(
        self,
        news: Iterable[tuple[str, dict[str, Any]]],
        policy: Policy = "once",
        late_hours: float = 6,
    ) -> list[Delivery]:
        """Queue one delivery per topic and subscriber; the body is that of this moment.

        Each has its own webhook id; all news of one act share the event id.
        """
        if policy not in POLICIES:
            raise ControlError(f"No delivery is called {policy!r}; choose one of {POLICIES}.")
        self._made += 1
        event = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{self.domain}/event/{self._made}"))
        made = [
            self._delivery(topic, one.uri, payload, policy, late_hours, event)
            for topic, payload in news
            for one in self.subscriptions
            if one.topic == topic
        ]
        if policy == "reordered":
            made.reverse()
        if policy == "twice":
            made = [copy for one in made for copy in (one, _again(one))]
        self.deliveries.extend(made)
        return made

    def _delivery(
        self, topic: str, uri: str, payload: dict[str, Any], policy: Policy, late: float, event: str
    ) -> Delivery:
        now = self._clock()
        body = json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode()
        if policy == "malformed":
            body = body[: len(body) // 2]
        headers = self._headers(topic, body, now, event)
        if policy == "tampered":
            body = body.replace(b'"id":', b'"id": ', 1)
        return Delivery(
            topic,
            uri,
            body,
            headers,
            due_at=now + timedelta(hours=late) if policy == "late" else now,
            may_retry=policy != "tampered",
            state="dropped" if policy == "dropped" else "due",
        )

    def _headers(self, topic: str, body: bytes, now: datetime, event: str) -> dict[str, str]:
        self._made += 1
        name = f"{self.domain}/webhook/{self._made}"
        return {
            "Content-Type": "application/json",
            "User-Agent": "Shopify-Captain-Hook",
            "X-Shopify-Topic": topic,
            "X-Shopify-Hmac-Sha256": signature(self.secret, body),
            "X-Shopify-Shop-Domain": self.domain,
            "X-Shopify-API-Version": API_VERSION,
            "X-Shopify-Webhook-Id": str(uuid.uuid5(uuid.NAMESPACE_URL, name)),
            "X-Shopify-Event-Id": event,
            "X-Shopify-Triggered-At": now.isoformat().replace("+00:00", "Z"),
        }

    def due(self, everything: bool = False) -> list[Delivery]:
        now = self._clock()
        return [x for x in self.deliveries if x.state == "due" and (everything or x.due_at <= now)]

    async def deliver(self, everything: bool = False) -> list[Delivery]:
        """Send what is due by the clock (or all that waits), one after the other."""
        async with self._busy:
            sent = self.due(everything)
            if sent:
                await self._send(sent)
        return sent

    async def _send(self, sent: list[Delivery]) -> None:
        timeout = httpx2.Timeout(self.patience.total, connect=self.patience.connect)
        async with new_http(timeout) as client:
            for one in sent:
                await self._attempt(client, one)

    async def _attempt(self, client: httpx2.AsyncClient, one: Delivery) -> None:
        one.attempts += 1
        status = await self._post(client, one)
        one.statuses.append(status)
        self._transcript.record("out", one.topic, {"uri": one.uri, **one.headers}, status)
        if status is not None and 200 <= status < 300:
            one.state = "delivered"
        elif one.may_retry and one.attempts <= len(RETRY_MINUTES):
            one.due_at = self._clock() + timedelta(minutes=RETRY_MINUTES[one.attempts - 1])
        else:
            one.state = "failed"
            if one.may_retry:
                self._unsubscribe(one)

    async def _post(self, client: httpx2.AsyncClient, one: Delivery) -> int | None:
        try:
            async with asyncio.timeout(self.patience.total):
                response = await client.post(one.uri, content=one.body, headers=one.headers)
        except (httpx2.HTTPError, TimeoutError):
            return None
        return response.status_code

    def _unsubscribe(self, one: Delivery) -> None:
        """After eight failed retries Shopify removes the subscription; only a look tells."""
        self.subscriptions = [
            x for x in self.subscriptions if (x.topic, x.uri) != (one.topic, one.uri)
        ]


def _again(one: Delivery) -> Delivery:
    return Delivery(one.topic, one.uri, one.body, dict(one.headers), one.due_at)
