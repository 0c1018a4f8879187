"""The town around the shop: Slack, Telegram, a mailbox, a carrier and the store on one clock."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime

import httpx2
from starlette.routing import Mount

from bot.sandbox.carrier import Carrier, carrier_app
from bot.sandbox.clock import TownClock
from bot.sandbox.easypost import Account as EasyPost
from bot.sandbox.easypost import easypost_app
from bot.sandbox.mailbox import Mailbox, mailbox_app
from bot.sandbox.shop.app import shop_app
from bot.sandbox.shop.store import Shop
from bot.sandbox.slack.app import slack_app
from bot.sandbox.slack.delivery import http_deliver
from bot.sandbox.slack.model import Channel, User
from bot.sandbox.slack.workspace import Workspace
from bot.sandbox.stripe.app import stripe_app
from bot.sandbox.stripe.model import Account as Stripe
from bot.sandbox.telegram.app import telegram_app
from bot.sandbox.telegram.server import Telegram

NEWS_MAX = 200


@dataclass(frozen=True, slots=True)
class Colleague:
    """Somebody who works here, as Slack and the house know them; strangers have no role."""

    name: str
    role: str
    locations: tuple[str, ...] = ()
    words: str = ""

    @property
    def first_name(self) -> str:
        return self.name.split()[0]

    @property
    def email(self) -> str:
        return f"{self.first_name.lower()}@nordlicht.example"


STAFF = (
    Colleague("Mia Brandt", "support", words="support"),
    Colleague("Jonas Keller", "warehouse", words="warehouse, Berlin"),
    Colleague("Lea Petersen", "store", ("HAM",), words="store, Hamburg only"),
    Colleague("Ann Winter", "lead", words="lead"),
    Colleague("Olga Sommer", "owner", words="owner"),
)
STRANGER = Colleague("Max Fremd", "", words="works elsewhere")


@dataclass(frozen=True, slots=True)
class News:
    """One thing that was done to the sandbox, and the evidence of what came of it."""

    number: int
    at: datetime
    title: str
    evidence: tuple[str, ...]
    good: bool = True


@dataclass
class Town:
    """Everything outside the house. Its parts are strict: what they refuse, the real ones would."""

    clock: TownClock
    shop: Shop
    workspace: Workspace
    channel: Channel
    people: dict[str, User]
    telegram: Telegram
    carrier: Carrier
    mailbox: Mailbox
    stripe: Stripe
    easypost: EasyPost
    news: list[News] = field(default_factory=list)

    def person(self, first_name: str) -> User:
        return self.people[first_name.lower()]

    def tell(self, title: str, *evidence: str, good: bool = True) -> News:
        number = self.news[-1].number + 1 if self.news else 1
        made = News(number, self.clock(), title, evidence, good)
        self.news = [*self.news[1 - NEWS_MAX :], made]
        return made

    def mounts(self, http: httpx2.AsyncClient) -> list[Mount]:
        """The stand-ins below one address; Slack carries what people do over `http`."""
        return [
            Mount("/slack", slack_app(self.workspace, deliver=http_deliver(http))),
            Mount("/shop", shop_app(self.shop, _generous_seconds)),
            Mount("/telegram", telegram_app(self.telegram)),
            Mount("/carrier", carrier_app(self.carrier)),
            Mount("/stripe", stripe_app(self.stripe)),
            Mount("/easypost", easypost_app(self.easypost)),
            Mount("/mailbox", mailbox_app(self.mailbox)),
        ]


def _generous_seconds() -> float:
    """The shop is on the biggest plan: what others may ask in ten seconds it may ask in one."""
    return time.monotonic() * 10


def build_town(clock: TownClock) -> Town:
    """The same people, goods and numbers every time."""
    workspace = Workspace(clock)
    people = {
        one.first_name.lower(): workspace.add_user(
            one.first_name.lower(), one.name, email=one.email if one.role else "max@else.example"
        )
        for one in (*STAFF, STRANGER)
    }
    channel = workspace.add_channel("orders", *(user.id for user in people.values()))
    return Town(
        clock,
        Shop(clock),
        workspace,
        channel,
        people,
        Telegram(clock),
        Carrier(clock),
        Mailbox(clock),
        Stripe(clock),
        EasyPost(clock),
    )


@asynccontextmanager
async def mail_port(town: Town) -> AsyncIterator[str]:
    """The mailbox listening on loopback; gives the address of its SMTP server."""
    async with town.mailbox.smtp() as (host, port):
        yield f"smtp://{host}:{port}"
