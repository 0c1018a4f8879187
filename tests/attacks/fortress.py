"""The whole application under attack: two shops in one database, every door open to strangers."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import urlencode

import httpx2
import sqlalchemy as sa
from pydantic import SecretStr

from bot.api.keys import make_key
from bot.bridge import House
from bot.doors import application
from bot.settings import Settings
from core.db import tables as t
from core.db.rows import micros, to_json
from core.db.unit_of_work import UnitOfWork
from core.domain.access import Role, system
from core.engine import Caller
from core.integrations.secrets import seal_secrets
from tests.shop import SHOP, SHOPIFY, Shop, make_shop

BASE = "https://shop.example"
KEY = "a-signing-key-that-nobody-outside-this-test-knows"
CANARY = "KanarienvogelCanary"
OTHER_SHOP, OTHER_SLACK, OTHER_SHOPIFY = 2, 82, 81
SLACK, TELEGRAM, CARRIER = 31, 32, 33
SECRETS = {
    SHOPIFY: ("shopify", {"webhook_secret": "shopify-says-so", "access_token": CANARY}),
    SLACK: ("slack", {"signing_secret": "slack-signs", "bot_token": CANARY}),
    TELEGRAM: ("telegram", {"token": f"42:{CANARY}", "webhook_secret": "telegram-says-so"}),
    CARRIER: ("carrier", {"webhook_secret": "carrier-says-so"}),
    OTHER_SHOPIFY: ("shopify", {"webhook_secret": "other-shopify"}),
    OTHER_SLACK: ("slack", {"signing_secret": "other-slack", "bot_token": CANARY}),
}
# Written by a refused attack too: who tried what, how often.
COUNTERS = {"audit", "counter", "meta"}


@dataclass
class Fortress:
    shop: Shop
    house: House
    http: httpx2.AsyncClient

    def key(self, role: Role, shop_id: int = SHOP, name: str = "robot") -> dict[str, str]:
        made = make_key()
        values = {"name": name, "role": role.value, "hash": made.hash}
        self.shop.engine.chore(
            lambda uow: uow.people.put(t.api_key, {"prefix": made.prefix}, values), shop_id
        )
        return {"Authorization": f"Bearer {made.key}"}

    def rows(self) -> dict[str, int]:
        """How many rows each table has, but for those that count attempts."""
        names = [x for x in t.metadata.sorted_tables if x.name not in COUNTERS]
        count = sa.func.count()
        return self.shop.engine.read(
            lambda s: {x.name: s.select(sa.select(count).select_from(x))[0][0] for x in names}
        )

    def dump(self) -> str:
        """Every value of every table as text."""
        tables = t.metadata.sorted_tables
        return self.shop.engine.read(
            lambda s: "\n".join(str(tuple(row)) for x in tables for row in s.select(x.select()))
        )

    async def slack(self, text: str, connection: int = SLACK, **more: Any) -> httpx2.Response:
        form = {
            "command": "/wismo",
            "text": text,
            "user_id": "U1",
            "team_id": "T1",
            "channel_id": "C1",
            "trigger_id": f"t{len(text)}",
        } | more
        return await self.slack_raw(urlencode(form).encode(), connection)

    async def slack_raw(
        self,
        raw: bytes,
        connection: int = SLACK,
        *,
        secret: str | None = None,
        ago: int = 0,
        kind: str = "application/x-www-form-urlencoded",
    ) -> httpx2.Response:
        stamp = str(int(self.shop.clock().timestamp()) - ago)
        secret = SECRETS[connection][1]["signing_secret"] if secret is None else secret
        mark = hmac.new(secret.encode(), f"v0:{stamp}:".encode() + raw, hashlib.sha256).hexdigest()
        headers = {
            "Content-Type": kind,
            "X-Slack-Request-Timestamp": stamp,
            "X-Slack-Signature": f"v0={mark}",
        }
        return await self.http.post(f"/hooks/slack/{connection}", content=raw, headers=headers)

    async def telegram(self, update: Any, secret: str = "telegram-says-so") -> httpx2.Response:
        raw = update if isinstance(update, bytes) else json.dumps(update).encode()
        headers = {"X-Telegram-Bot-Api-Secret-Token": secret}
        return await self.http.post(f"/hooks/telegram/{TELEGRAM}", content=raw, headers=headers)


@asynccontextmanager
async def fortress(url: str, **more: Any) -> AsyncIterator[Fortress]:
    shop = make_shop(url)
    shop.engine.chore(_second_shop, SHOP)
    for shop_id, ids in ((SHOP, (SHOPIFY, SLACK, TELEGRAM, CARRIER)), (OTHER_SHOP, OTHERS)):
        shop.engine.chore(partial(_connect, ids=ids), shop_id)
    told: dict[str, Any] = {"secret_key": SecretStr(KEY), "base_url": BASE, "roles": ("app",)}
    settings = Settings(_env_file=None, database_url=url, **(told | more))  # type: ignore[call-arg]
    house = House(shop.engine, settings, shop.clock)
    app = application(house)
    transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
    client = httpx2.AsyncClient(transport=transport, base_url=BASE)
    async with app.router.lifespan_context(app), client as http:
        yield Fortress(shop, house, http)
    house.close()


OTHERS = (OTHER_SHOPIFY, OTHER_SLACK)


def _second_shop(uow: UnitOfWork) -> None:
    at = micros(uow.now)
    row = {"id": OTHER_SHOP, "name": f"{CANARY} Other", "mode": "live", "live_since": 1}
    uow.insert_now(t.shop, {**row, "currency": "EUR", "created_at": at})
    uow.insert_now(
        t.location,
        {"id": 91, "shop_id": OTHER_SHOP, "code": "ZRH", "name": "Other", "kind": "warehouse"},
    )


def _connect(uow: UnitOfWork, ids: tuple[int, ...]) -> None:
    for number in ids:
        kind, secrets = SECRETS[number]
        config = {"shop_domain": f"shop{number}.example"} if kind == "shopify" else {}
        values = {
            "kind": kind,
            "name": f"{kind}-{number}",
            "config": to_json(config),
            "secrets": seal_secrets(secrets, (KEY,)),
        }
        if number == SHOPIFY:
            uow.people.put(t.connection, {"id": number}, {**values, "config": config})
        else:
            at = micros(uow.now)
            uow.insert_now(
                t.connection,
                {"id": number, "shop_id": uow.actor.shop_id, "created_at": at, **values},
            )
    uow.people.touch()


OTHER = Caller(system(OTHER_SHOP, "channel"), "webhook")
