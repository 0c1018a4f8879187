"""Which gateway stands behind a connection: a Stripe account, or the shop that took the order."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import httpx2

from core.db import setup
from core.domain.effects import Effect
from core.domain.refusals import NotFound
from core.domain.shop import Connection, Shop
from core.domain.values import dataclass
from core.engine import Engine
from core.integrations.channels.shopify.access import Access, Store, caller_for
from core.integrations.channels.shopify.refunds import StoreMoney
from core.integrations.payments.carrying import Account
from core.integrations.payments.port import Gateway
from core.integrations.payments.stripe import API_URL, Stripe
from core.integrations.secrets import open_secrets


@dataclass(frozen=True, slots=True)
class Till:
    """What gateways are reached with. `keys` as in settings.secrets; `stripe_url` replaces
    Stripe's own address (a stand-in); `stores` opens the shops."""

    engine: Engine
    http: httpx2.AsyncClient
    keys: Sequence[str]
    stores: Access
    stripe_url: str = ""

    async def open(self, effect: Effect) -> Account:
        shop = await asyncio.to_thread(
            self.engine.read, lambda session: setup.load_shop(session, effect.shop_id)
        )
        found = shop.connection(effect.connection_id) if effect.connection_id else None
        if found is None:
            raise NotFound("There is no such connection.", "See `wismo connection list`.")
        return self.account(shop, found)

    def account(self, shop: Shop, connection: Connection) -> Account:
        gateway = self._gateway(shop, connection)
        caller = caller_for(shop, connection)
        return Account(gateway, self.engine, shop, connection, caller)

    def _gateway(self, shop: Shop, connection: Connection) -> Gateway:
        if connection.kind == "shopify":
            return StoreMoney(Store(self.stores, shop, connection))
        return self.stripe(connection)

    def stripe(self, connection: Connection) -> Stripe:
        key = open_secrets(connection, self.keys).get("secret_key", "")
        base = self.stripe_url or str(connection.config.get("api_url") or API_URL)
        return Stripe(self.http, key, base)
