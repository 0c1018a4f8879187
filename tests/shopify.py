"""A store and a house that are connected: the strict stand-in on one side, our app on the other."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import httpx2
from fastapi import FastAPI

from bot.api.app import create_app
from bot.api.keys import make_key
from bot.bridge import House
from bot.sandbox.shop import acts
from bot.sandbox.shop.app import shop_app
from bot.sandbox.shop.store import SECRET, TOKEN
from bot.sandbox.shop.store import Shop as Store
from bot.sandbox.shop.webhooks import Delivery, signature
from bot.settings import Settings
from core.db import tables as t
from core.domain.access import Role
from core.domain.effects import Effect, Outcome
from core.domain.stock import Move, StockMove
from core.integrations.channels.shopify import effects
from core.integrations.channels.shopify.access import Access
from core.integrations.channels.shopify.access import Store as Connected
from core.integrations.channels.shopify.translate import translate_delivery
from core.integrations.secrets import seal_secrets
from core.worker import Duties, Worker
from tests.shop import BER, HAM, SHOP, SHOPIFY, SKUS, VIE, Shop, make_shop

HOOK = f"/hooks/shopify/{SHOPIFY}"
PLACES = {BER: "70001", HAM: "70002", VIE: "70004"}


class Wire(httpx2.ASGITransport):
    """A connection that is cut in the middle of an answer, as a real one is."""

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        try:
            return await super().handle_async_request(request)
        except AssertionError as half:
            raise httpx2.ReadError("The store hung up.", request=request) from half


@dataclass
class Town:
    """`store` is theirs, `shop` is ours; `http` speaks to our app, `admin` to their API."""

    store: Store
    shop: Shop
    house: House
    app: FastAPI
    http: httpx2.AsyncClient
    admin: httpx2.AsyncClient
    access: Access
    brought: list[int] = field(default_factory=list)

    async def bring(self) -> list[int]:
        """Deliver every webhook that is due, as the store would; the statuses that came back."""
        statuses = [await self.post(one) for one in self.store.webhooks.due(everything=True)]
        self.brought += statuses
        return statuses

    async def post(self, one: Delivery) -> int:
        answer = await self.http.post(HOOK, content=one.body, headers=one.headers)
        one.state = "delivered"
        return answer.status_code

    async def hook(self, body: bytes, topic: str = "orders/create", **headers: str) -> Any:
        """A message of our own making, signed rightly unless `headers` say otherwise."""
        told = {
            "X-Shopify-Topic": topic,
            "X-Shopify-Hmac-Sha256": signature(SECRET, body),
            "X-Shopify-Shop-Domain": self.store.domain,
            "X-Shopify-Webhook-Id": f"message-{len(self.brought)}-{topic}",
        }
        told |= {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.http.post(HOOK, content=body, headers=told)

    async def connected(self) -> Connected:
        return await self.access.store(SHOP, SHOPIFY)

    def worker(self) -> Worker:
        return Worker(
            self.shop.engine,
            Duties(
                effects.executors(self.access),
                lambda _uow, _fact: None,
                lambda session, delivery: self._translate(delivery),
            ),
        )

    def _translate(self, delivery: Any) -> Any:
        connection = self.shop.engine.read(lambda s: _connection(s, delivery.connection_id))
        return translate_delivery(connection, delivery.topic, delivery.raw)

    async def carry_out(self, kind: str, attempt: int = 1) -> list[Outcome]:
        """Let the executor try every stored effect of a kind, whatever became of it before."""
        act = effects.executors(self.access)[kind]
        rows = self.shop.rows(t.outbox, kind=kind)
        return [await act(_effect(row, attempt)) for row in rows]

    def key(self, role: Role = Role.LEAD, name: str = "robot") -> dict[str, str]:
        """The header of a new API key."""
        made = make_key()
        values = {"name": name, "role": role.value, "hash": made.hash}
        self.shop.engine.chore(
            lambda uow: uow.people.put(t.api_key, {"prefix": made.prefix}, values), SHOP
        )
        return {"Authorization": f"Bearer {made.key}"}

    def switch(self, active: int) -> None:
        """The connection of the store, on or off."""
        told = {"active": active}
        self.shop.engine.chore(
            lambda uow: uow.people.put(t.connection, {"id": SHOPIFY}, told), SHOP
        )

    def buy(self, lines: dict[str, int] | None = None, **more: Any) -> Any:
        return acts.place_order(self.store, lines or {"mug-red": 1}, **more)

    async def close(self) -> None:
        await self.http.aclose()
        await self.admin.aclose()
        self.house.close()


def _connection(session: Any, connection_id: int) -> Any:
    from core.db import setup

    return setup.load_shop(session, SHOP).connection(connection_id)


def _effect(row: dict[str, Any], attempt: int) -> Effect:
    from core.db.rows import from_json

    return Effect(
        row["id"],
        row["shop_id"],
        row["connection_id"],
        row["kind"],
        row["key"],
        attempt,
        from_json(row["payload"]),
    )


def make_town(url: str, *, mode: str = "live", sandbox: bool = True, **settings: Any) -> Town:
    """Both sides with the same goods at the same places, connected in both directions."""
    shop = make_shop(url, mode=mode, stock=0)
    store = Store(shop.clock, seed=7)
    store.connect("http://wismo", str(SHOPIFY))
    told = Settings(_env_file=None, sandbox=sandbox, **settings)  # type: ignore[call-arg]
    shop.engine.chore(lambda uow: _connect(uow, store, told), SHOP)
    house = House(shop.engine, told, shop.clock)
    app = create_app(house)
    admin = httpx2.AsyncClient(transport=Wire(app=shop_app(store, seconds=lambda: 0.0)))
    http = httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app=app, raise_app_exceptions=False),
        base_url="http://wismo",
    )
    access = Access(shop.engine, admin, told.secrets, "http://store")
    return Town(store, shop, house, app, http, admin, access)


def _connect(uow: Any, store: Store, settings: Settings) -> None:
    secrets = {"webhook_secret": SECRET, "access_token": TOKEN}
    values = {
        "config": {"shop_domain": store.domain, "ours": {"shipped": True}},
        "secrets": seal_secrets(secrets, settings.secrets),
    }
    uow.people.put(t.connection, {"id": SHOPIFY}, values)
    for place, theirs in PLACES.items():
        uow.people.put(t.location, {"id": place}, {"external_ids": {str(SHOPIFY): theirs}})
    for sku in SKUS:
        variant = store.variant(sku)
        if variant is None:
            continue
        item = str(variant.inventory_item_id)
        uow.people.put(t.product, {"sku": sku}, {"external_ids": {str(SHOPIFY): item}})
        uow.stock.move(
            StockMove(Move.RECEIVE, sku, place, level.on_hand, reason="as in the store")
            for place, theirs in PLACES.items()
            if (level := store.stock(sku, theirs)).on_hand
        )
