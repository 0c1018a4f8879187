"""A shop whose staff sit in the local Slack: people who type and press, and what they see."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
from fastapi import FastAPI

from bot.bridge import House
from bot.sandbox.slack.app import slack_app
from bot.sandbox.slack.delivery import http_deliver
from bot.sandbox.slack.model import Message
from bot.sandbox.slack.user import SlackUser
from bot.sandbox.slack.workspace import APP_TOKEN, BOT_TOKEN, SIGNING_SECRET, Workspace
from bot.settings import Settings
from bot.slack.account import Account
from bot.slack.ingress import create_slack_router
from bot.slack.routes import is_routed
from bot.slack.surface import ANSWER_SECONDS, Slack
from bot.slack.validate import assert_sendable
from core.db import tables as t
from core.db.events import Fact
from core.db.rows import micros, to_json
from core.db.unit_of_work import UnitOfWork
from core.engine import Unreadable
from core.integrations.secrets import seal_secrets
from core.worker import Duties, Worker
from notifications.plan import MESSAGES, plan
from tests.sandbox.slack_kit import served
from tests.shop import SHOP, Shop, make_shop

SLACK = 31
PEOPLE: tuple[tuple[int, str, str, str, list[str]], ...] = (
    (51, "ann", "Ann", "lead", []),
    (52, "bob", "Bob", "warehouse", []),
    (53, "sue", "Sue", "support", []),
    (54, "tom", "Tom", "store", ["HAM"]),
    (55, "eve", "Eve", "owner", []),
)


class SlackHouse:
    """Everything a test needs: the shop, the workspace, the people by name, the worker."""

    def __init__(self, shop: Shop, workspace: Workspace, house: House, slack: Slack) -> None:
        self.shop = shop
        self.workspace = workspace
        self.house = house
        self.slack = slack
        self.app = FastAPI()
        self.app.include_router(create_slack_router(house, slack=slack))
        self.client = httpx2.AsyncClient(transport=httpx2.ASGITransport(app=self.app))
        self.worker = Worker(shop.engine, Duties(slack.executors(), _plan_cards, _read_again))
        everybody = [user.id for user in workspace.users.values() if not user.is_bot]
        self.channel = workspace.add_channel("orders", *everybody)
        self.cases = workspace.add_channel("cases", *everybody)

    def user(self, name: str, **more: Any) -> SlackUser:
        found = next(each for each in self.workspace.users.values() if each.name == name)
        return SlackUser(self.workspace, http_deliver(self.client), found, **more)

    async def says(self, name: str, text: str) -> str:
        """Type a slash command; the words of the answer that only this person sees."""
        seen = await self.user(name).slash("/wismo", text, self.channel)
        await self.slack.drain()
        assert seen.said is not None, f"no answer to {text}"
        return words_of(seen.said)

    async def card(self, name: str, text: str) -> Message:
        seen = await self.user(name).slash("/wismo", text, self.channel)
        assert seen.said is not None
        return seen.said

    def whispers(self, name: str) -> list[str]:
        """What this person alone has been shown, oldest first, as it stands now."""
        return [words_of(each) for each in self.user(name).ephemerals()]

    def posts(self, channel: str | None = None) -> list[Message]:
        return self.workspace.messages_in(channel or self.cases.id)

    async def account(self) -> Account:
        found = await self.slack.accounts.open(SLACK)
        assert found is not None
        return found

    async def work(self) -> int:
        return await self.worker.until_idle()

    def holds(self, number: str) -> list[str]:
        (order,) = self.shop.rows(t.orders, number=number)
        return [row["reason"] for row in self.shop.rows(t.hold, order_id=order["id"])]

    def assert_everything_was_sendable(self) -> None:
        """Slack took it all, our own stricter rules too, and no button leads nowhere."""
        assert self.workspace.mistakes == []
        for call in self.workspace.transcript:
            assert call.problems == (), (call.name, call.problems)
        for message in (*self.workspace.messages.values(), *self.workspace.ephemerals):
            if message.user == self.workspace.bot_user:
                assert_sendable(message.as_json() | {"type": "message"}, is_routed)


def _plan_cards(uow: UnitOfWork, fact: Fact) -> None:
    """Production's planner, without words to customers: nobody here would carry them."""
    if fact.kind not in MESSAGES:
        plan(uow, fact)


def _read_again(_session: Any, _delivery: Any) -> Unreadable:
    """As in production: an act of a person is never repeated by a machine with other rights."""
    return Unreadable("A message from here is not read a second time.")


def words_of(message: Any) -> str:
    """All words of a message or view, as a person reads them."""
    found: list[str] = []

    def collect(node: Any) -> None:
        if isinstance(node, dict):
            if node.get("type") in ("plain_text", "mrkdwn"):
                found.append(str(node.get("text", "")))
                return
            for value in node.values():
                collect(value)
        elif isinstance(node, list | tuple):
            for value in node:
                collect(value)

    collect(list(message.blocks))
    return "\n".join(found) or getattr(message, "text", "")


def buttons_of(message: Any) -> list[str]:
    blocks = json.loads(json.dumps(list(message.blocks)))
    elements = [e for block in blocks if block["type"] == "actions" for e in block["elements"]]
    shown = [e["text"]["text"] for e in elements if e["type"] == "button"]
    menus = [o["text"]["text"] for e in elements if e["type"] == "overflow" for o in e["options"]]
    return shown + menus


@asynccontextmanager
async def slack_house(
    url: str, *, answer_seconds: float = ANSWER_SECONDS, **options: Any
) -> AsyncIterator[SlackHouse]:
    shop = make_shop(url, **options)
    workspace = Workspace(shop.clock, request_url=f"http://wismo/hooks/slack/{SLACK}")
    for _, name, real, _, _ in PEOPLE:
        workspace.add_user(name, real, email=f"{name}@nordlicht.example")
    workspace.add_user("mallory", "Mallory", email="mallory@elsewhere.example")
    async with served(slack_app(workspace)) as address:
        workspace.base_url = address
        settings = Settings(sandbox=True, slack_api_url=f"{address}/api/")
        house = House(shop.engine, settings, shop.clock)
        slack = Slack(house, answer_seconds=answer_seconds)
        built = SlackHouse(shop, workspace, house, slack)
        shop.engine.chore(lambda uow: _furnish(uow, built, settings), SHOP)
        try:
            yield built
            built.assert_everything_was_sendable()
        finally:
            await slack.drain()
            await asyncio.to_thread(house.close)


def _furnish(uow: UnitOfWork, built: SlackHouse, settings: Settings) -> None:
    secrets = {
        "signing_secret": SIGNING_SECRET,
        "bot_token": BOT_TOKEN,
        "app_token": APP_TOKEN,
    }
    uow.insert_now(
        t.connection,
        {
            "id": SLACK,
            "shop_id": SHOP,
            "kind": "slack",
            "name": "slack",
            "config": to_json({"default_channel": built.cases.id, "team_id": "T00000001"}),
            "secrets": seal_secrets(secrets, settings.secrets),
            "created_at": micros(uow.now),
        },
    )
    users = {user.name: user.id for user in built.workspace.users.values()}
    for staff_id, name, real, role, places in PEOPLE:
        uow.insert_now(
            t.staff,
            {
                "id": staff_id,
                "shop_id": SHOP,
                "name": real,
                "email": f"{name}@nordlicht.example",
                "role": role,
                "locations": to_json(places),
                "slack_user": users[name],
                "created_at": micros(uow.now),
            },
        )
    uow.people.touch()
