"""All that customers meet in one process: web pages, Telegram, and the messages sent to them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import httpx2
from fastapi import APIRouter
from starlette.routing import BaseRoute

from bot.bridge import House
from bot.chat.host import ChatHost
from bot.telegram.app import TelegramDoor
from bot.web.router import create_router
from core.db import setup
from core.domain.effects import Effect, Outcome
from notifications.deliver import Deliveries
from notifications.senders.email import EmailSender, parse_smtp_url
from notifications.tell import Teller


class Customers:
    """Put together once per process; bot/main mounts the routes and hands on the executors."""

    def __init__(self, house: House, http: httpx2.AsyncClient) -> None:
        self._house = house
        self.host = ChatHost(house)
        self.telegram = TelegramDoor(house, self.host, http)
        teller = Teller(house.settings.secrets, house.settings.base_url)
        self._deliveries = Deliveries(house.engine, teller, self._mailer, self.telegram.sender_for)

    def routers(self) -> list[APIRouter | BaseRoute]:
        return [create_router(self._house), *self.telegram.routes()]

    def executors(self) -> dict[str, Callable[[Effect], Awaitable[Outcome]]]:
        return {
            **self._deliveries.executors(),
            **self.telegram.executors(),
            "chat.hand_back": self.host.take_back,
        }

    @property
    def readers(self) -> Mapping[str, Callable[..., Any]]:
        """How kept deliveries are read again, by kind of connection."""
        return {"telegram": self.telegram.read_again}

    def _mailer(self, effect: Effect) -> EmailSender | None:
        """Mail goes out under the shop's own name, and answers come to the shop."""
        settings = self._house.settings
        if not settings.smtp_url:
            return None
        shop = self._house.engine.read(lambda session: setup.load_shop(session, effect.shop_id))
        server = parse_smtp_url(settings.smtp_url)
        sender = settings.mail_from or shop.email
        return EmailSender(
            server, sender, shop.name, self._house.clock, reply_to=shop.email or None
        )
