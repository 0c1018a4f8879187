"""A street for customer tests: the shop, its doors, and people who write, read mail and press."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import httpx2
from pydantic import SecretStr
from starlette.types import ASGIApp

from bot.api.app import create_app
from bot.bridge import House
from bot.duties import Hands, duties, make_hands
from bot.sandbox.mailbox import Mailbox
from bot.sandbox.shop.wire import served
from bot.sandbox.telegram import Telegram, TelegramUser, telegram_app
from bot.settings import Settings
from bot.web.router import create_routes
from core.commands.fulfillment import ShipWork
from core.commands.tracking import DeliverParcel
from core.db import tables as t
from core.db.rows import micros, to_json
from core.domain.effects import Effect, Outcome, done
from core.integrations.secrets import seal_secrets
from core.worker import Worker
from tests.shop import SHOP, Shop, make_shop, staff

BASE = LOCAL = "http://127.0.0.1:8000"
KEY = "a-test-key-that-is-long-enough-for-signing"
SECRET = "telegram-says-hello"
TELEGRAM = 31
SLACK = 32
CODE = re.compile(r"^(\d{6})\r?$", re.MULTILINE)


@dataclass
class Street:
    shop: Shop
    house: House
    hands: Hands
    app: ASGIApp
    mailbox: Mailbox
    telegram: Telegram
    worker: Worker
    clients: list[httpx2.AsyncClient] = field(default_factory=list)

    def visitor(self, language: str = "en", **headers: str) -> Visitor:
        client = httpx2.AsyncClient(
            transport=httpx2.ASGITransport(app=self.app),
            base_url=BASE,
            headers={"Accept-Language": language, **headers},
        )
        self.clients.append(client)
        return Visitor(self, client)

    async def work(self) -> None:
        await self.worker.until_idle()

    def codes_for(self, address: str) -> list[str]:
        found = [CODE.search(mail.text) for mail in self.mailbox.to(address)]
        return [match[1] for match in found if match]

    def code_for(self, address: str) -> str:
        """The newest code in somebody's mailbox."""
        return self.codes_for(address)[-1]

    def link_for(self, address: str, kind: str = "track") -> str:
        """The newest link of a kind in somebody's mailbox, without the host."""
        links = [x for mail in self.mailbox.to(address) for x in mail.links if f"/{kind}/" in x]
        return links[-1].removeprefix(BASE)

    def ship(self, number: int) -> None:
        assert self.shop.do(ShipWork(str(number), carrier="DHL")).ok

    def deliver(self, number: int) -> None:
        assert self.shop.do(DeliverParcel(str(number))).ok

    def outbox(self, kind: str = "") -> list[dict[str, Any]]:
        return [row for row in self.shop.rows(t.outbox) if row["kind"].startswith(kind)]


@dataclass
class Visitor:
    """Somebody with a browser at the web chat."""

    street: Street
    client: httpx2.AsyncClient
    told: list[dict[str, Any]] = field(default_factory=list)
    labels: dict[str, str] = field(default_factory=dict)
    sent: int = 0

    async def opens(self, path: str = "/chat") -> httpx2.Response:
        return await self.client.get(path)

    async def says(self, text: str) -> str:
        return await self.posts({"text": text})

    async def presses(self, label: str) -> str:
        return await self.posts({"pressed": self.labels[label]})

    async def posts(self, words: dict[str, str]) -> str:
        self.sent += 1
        answer = await self.post({"id": f"m{self.sent}", **words})
        assert answer.status_code == 200, answer.text
        body = answer.json()
        if body["buttons"] is not None:
            self.labels = {one["label"]: one["key"] for one in body["buttons"]}
        await self.street.work()
        return "\n".join(words_of(line) for line in body["lines"] if line["side"] == "bot")

    async def post(self, body: Any, **headers: str) -> httpx2.Response:
        return await self.client.post("/chat/messages", json=body, headers=headers)

    async def reads(self) -> list[str]:
        """Everything in the conversation, as `who: words`."""
        lines = (await self.client.get("/chat/messages")).json()["lines"]
        return [f"{line['name'] or line['side']}: {words_of(line)}" for line in lines]

    async def identifies(self, address: str = "anna@example.org") -> str:
        """From the first page to being known, by e-mail and code."""
        await self.opens()
        await self.says("where is my order")
        await self.says(address)
        return await self.says(self.street.code_for(address))


def words_of(line: dict[str, Any]) -> str:
    return "\n".join(" ".join(x["url"] or x["words"] for x in row) for row in line["rows"])


@asynccontextmanager
async def street(url: str, *, mode: str = "live", slack: bool = True) -> AsyncIterator[Street]:
    shop = make_shop(url, mode=mode)
    mailbox, telegram = Mailbox(shop.clock), Telegram(shop.clock)
    async with AsyncExitStack() as stack:
        smtp = await stack.enter_async_context(mailbox.smtp())
        api = await stack.enter_async_context(served(telegram_app(telegram)))
        shop.engine.chore(lambda uow: _connect(uow, slack), SHOP)
        house = House(shop.engine, _settings(api, "smtp://{}:{}".format(*smtp)), shop.clock)
        hands = make_hands(house)
        routes = [*create_routes(house), *hands.telegram.routes()]
        app = create_app(house, routes)
        here = Street(shop, house, hands, app, mailbox, telegram, _worker(shop, hands))
        webhook = await stack.enter_async_context(served(app))
        telegram.webhook.url = f"{webhook}/hooks/telegram/{TELEGRAM}"
        telegram.webhook.secret = SECRET
        yield here
        for client in here.clients:
            await client.aclose()
        await hands.http.aclose()
        await hands.telegram.close()
        house.close()


def _settings(telegram_url: str, smtp_url: str) -> Settings:
    return Settings(
        sandbox=True,
        secret_key=SecretStr(KEY),
        base_url=BASE,
        smtp_url=smtp_url,
        mail_from="hello@nordlicht.example",
        telegram_api_url=telegram_url,
    )


def _worker(shop: Shop, hands: Hands) -> Worker:
    """The worker of production; only Slack's hands are tied."""
    real = duties(hands)

    async def kept(_: Effect) -> Outcome:
        return done()

    executors = {**real.executors, "slack.thread": kept, "slack.card": kept}
    return Worker(shop.engine, replace(real, executors=executors, chores=()))


def _connect(uow: Any, slack: bool) -> None:
    sealed = seal_secrets({"token": "4200:sandbox", "webhook_secret": SECRET}, (KEY,))
    rows = [(TELEGRAM, "telegram", {"username": "wismo_demo_bot"}, sealed)]
    rows += [(SLACK, "slack", {}, "")] if slack else []
    for row_id, kind, config, secrets in rows:
        uow.insert_now(
            t.connection,
            {
                "id": row_id,
                "shop_id": SHOP,
                "kind": kind,
                "name": kind,
                "config": to_json(config),
                "secrets": secrets,
                "created_at": micros(uow.now),
            },
        )
    uow.people.touch()


def person(here: Street, number: int = 77, language: str = "en") -> TelegramUser:
    return TelegramUser(
        here.telegram, number, "Anna", language_code=language, phone="+493023125001"
    )


__all__ = ["Street", "Visitor", "person", "staff", "street", "words_of"]
