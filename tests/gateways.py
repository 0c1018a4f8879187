"""A Stripe account, a store and a house that are connected: strict stand-ins on the other side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import httpx2

from bot.sandbox.stripe.app import stripe_app
from bot.sandbox.stripe.model import Account as Stripe
from bot.sandbox.stripe.webhooks import Event, signature
from core.commands.choosing import Units
from core.commands.orders import CancelOrder
from core.commands.payment_news import CapturePayment
from core.db import setup
from core.db import tables as t
from core.integrations.channels.shopify import effects
from core.integrations.payments import carrying, reconcile
from core.integrations.payments.opening import Till
from core.integrations.secrets import seal_secrets
from core.worker import Duties, Worker
from tests.shop import SHOP
from tests.shopify import Town, Wire, make_town

STRIPE = 31
HOOK = f"/hooks/stripe/{STRIPE}"


@dataclass
class Bank:
    """`stripe` is theirs; `town` has the shop, its store and our doors."""

    town: Town
    stripe: Stripe
    api: httpx2.AsyncClient
    till: Till

    @property
    def shop(self) -> Any:
        return self.town.shop

    def order(self, number: str = "1001", amount: int = 1990, **more: Any) -> Any:
        """A REST order that its customer has paid with a card; `pay` words say how."""
        words = {"order": number, "manual": more.pop("manual", False)}
        words["multicapture"] = more.pop("multicapture", False)
        paid = self.stripe.pay(amount, **words)
        told = CapturePayment(
            "stripe",
            paid.id,
            paid.amount,
            paid.received,
            paid.capture_before if paid.capturable else None,
            not paid.multicapture,
        )
        lines = more.pop("lines", (("mug-red", 1),))
        self.shop.place(
            number, *lines, captured=0, connection_id=None, channel="api", payments=(told,), **more
        )
        return paid

    def owe(self, number: str = "1001") -> Any:
        """An order of two mugs, paid by card, of which one is canceled: its money is owed."""
        paid = self.order(number, 3980, lines=(("mug-red", 2),))
        assert self.shop.do(CancelOrder(number, units=(Units("mug-red", 1),))).ok
        return paid

    async def bring(self) -> list[int]:
        """Deliver every event that is due, as Stripe would; the statuses that came back."""
        due = [one for one in self.stripe.post.events if one.state == "due"]
        return [await self.post(one) for one in due]

    async def post(self, event: Event, **headers: str) -> int:
        event.state = "delivered"
        signed = signature(self.stripe.post.secret, event.body, self.shop.clock())
        told = {"Stripe-Signature": signed} | headers
        answer = await self.town.http.post(HOOK, content=event.body, headers=told)
        return answer.status_code

    def worker(self) -> Worker:
        acts = {
            **effects.executors(self.town.access),
            **carrying.executors("stripe", self.till.open),
            **carrying.executors("shopify", self.till.open),
        }
        return Worker(
            self.shop.engine,
            Duties(acts, lambda _uow, _fact: None, lambda session, delivery: None),
        )

    async def work(self) -> None:
        self.shop.clock.advance(minutes=2)  # the undo window is over
        await self.worker().until_idle()

    async def reconcile(self) -> str:
        shop = self.shop.engine.read(lambda session: setup.load_shop(session, SHOP))
        return await reconcile.reconcile(self.till, shop)

    async def close(self) -> None:
        await self.api.aclose()
        await self.town.close()


def make_bank(url: str, **options: Any) -> Bank:
    town = make_town(url, **options)
    stripe = Stripe(town.shop.clock)
    keys = town.access.keys
    secrets = {"secret_key": stripe.key, "webhook_secret": stripe.post.secret}
    row = {
        "id": STRIPE,
        "shop_id": SHOP,
        "kind": "stripe",
        "name": "card",
        "config": "{}",
        "secrets": seal_secrets(secrets, keys),
        "created_at": 0,
    }
    town.shop.engine.chore(lambda uow: _connect(uow, row), SHOP)
    api = httpx2.AsyncClient(transport=Wire(app=stripe_app(stripe)))
    till = Till(town.shop.engine, api, keys, town.access, "http://stripe.test")
    return Bank(town, stripe, api, till)


def _connect(uow: Any, row: dict[str, Any]) -> None:
    uow.insert_now(t.connection, row)
    uow.people.touch()
