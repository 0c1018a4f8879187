"""What the Shopify room is given: the engine, an HTTP client and the keys to the secrets."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any, TypeVar

import httpx2

from core.db import setup
from core.db.connection import Session
from core.db.inbox import Delivery
from core.db.unit_of_work import UnitOfWork
from core.domain.access import Actor, Role
from core.domain.refusals import NotFound
from core.domain.shop import Connection, Location, Shop
from core.domain.values import dataclass
from core.engine import Caller, Engine, Receipt
from core.integrations.channels.shopify.client import AdminApi, Busy
from core.integrations.secrets import open_secrets

T = TypeVar("T")

WAITS_MAX = 20
WAIT_SECONDS_MAX = 10.0


@dataclass(frozen=True, slots=True)
class Access:
    """`keys` as in settings.secrets; `base_url` replaces the store's own address (a stand-in)."""

    engine: Engine
    http: httpx2.AsyncClient
    keys: Sequence[str]
    base_url: str = ""
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep

    async def store(self, shop_id: int, connection_id: int | None) -> Store:
        shop = await asyncio.to_thread(
            self.engine.read, lambda session: setup.load_shop(session, shop_id)
        )
        connection = shop.connection(connection_id) if connection_id is not None else None
        if connection is None:
            raise NotFound("There is no such connection.", "See `wismo connection list`.")
        return Store(self, shop, connection)


@dataclass(frozen=True, slots=True)
class Store:
    """One connected store: its Admin API on one side, our engine on the other."""

    access: Access
    shop: Shop
    connection: Connection

    async def ask(self, document: str, /, **variables: Any) -> dict[str, Any]:
        """Ask the Admin API; every way to fail is a ShopifyProblem."""
        config = self.connection.config
        token = open_secrets(self.connection, self.access.keys).get("access_token", "")
        own = config.get("api_url") or f"https://{config.get('shop_domain', '')}"
        api = AdminApi(self.access.http, self.access.base_url or str(own), token)
        return await api.ask(document, **variables)

    async def ask_patiently(self, document: str, /, **variables: Any) -> dict[str, Any]:
        """Like ask, for reading whole books: where the shop asks to wait, we wait."""
        for _ in range(WAITS_MAX):
            try:
                return await self.ask(document, **variables)
            except Busy as problem:
                await self.access.sleep(min(problem.seconds, WAIT_SECONDS_MAX))
        return await self.ask(document, **variables)

    async def read(self, look: Callable[[Session], T]) -> T:
        return await asyncio.to_thread(self.access.engine.read, look)

    async def write(self, work: Callable[[UnitOfWork], T]) -> T:
        return await asyncio.to_thread(self.access.engine.chore, work, self.shop.id)

    async def execute(self, command: Any, delivery: Delivery | None = None) -> Receipt:
        caller = caller_for(self.shop, self.connection, delivery)
        return await asyncio.to_thread(self.access.engine.execute, command, caller)

    def now(self) -> datetime:
        return self.access.engine.clock()


def caller_for(shop: Shop, connection: Connection, delivery: Delivery | None = None) -> Caller:
    """The machine behind a connection, which acts for its own shop."""
    actor = Actor(Role.SYSTEM, shop.id, f"connection:{connection.id}", connection.name)
    return Caller(actor, connection.kind, delivery=delivery)


def place_of(location: Location, connection: Connection) -> str | None:
    """Under which id the store knows a location of ours."""
    return location.external_ids.get(str(connection.id))
