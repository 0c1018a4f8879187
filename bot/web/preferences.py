"""The page behind "choose which messages you get": it shows on GET and changes on POST only."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.bridge import House
from bot.web.pages import answer_page, page_facts, preferred_language
from bot.web.track import gone
from core.commands.chat import SetPreferences
from core.db import setup
from core.db.connection import Session
from core.db.contacts import Customer, customer_anywhere
from core.domain.access import Actor, Role
from core.domain.refusals import Refusal
from core.domain.shop import Shop
from core.engine import Caller
from notifications import links
from notifications.render import KINDS, NOT_OPTIONAL

CHOICES = tuple(kind for kind in KINDS if kind not in NOT_OPTIONAL)
BODY_MAX = 4096


class PreferencesPage:
    def __init__(
        self, house: House, token: Callable[[], str] = lambda: secrets.token_urlsafe(16)
    ) -> None:
        self._house = house
        self._token = token

    def routes(self) -> list[Route]:
        path = "/preferences/{token}"
        return [Route(path, self.show), Route(path, self.change, methods=["POST"])]

    async def show(self, request: Request) -> Response:
        found = await self._found(request.path_params["token"])
        if found is None:
            return await gone(self._house, request, self._token())
        shop, customer = found
        return self._page(request, shop, customer, customer.preferences, saved=False)

    async def change(self, request: Request) -> Response:
        found = await self._found(request.path_params["token"])
        raw = await _body(request)
        if found is None or raw is None:
            return await gone(self._house, request, self._token())
        shop, customer = found
        fields = dict(parse_qsl(raw.decode("utf-8", "replace"), keep_blank_values=True))
        wanted = _wanted(fields)
        actor = Actor(
            Role.CUSTOMER, shop.id, f"customer:{customer.id}", "customer", customer_id=customer.id
        )
        await self._house.execute(SetPreferences(wanted), Caller(actor, "web"))
        return self._page(request, shop, customer, wanted, saved=True)

    async def _found(self, token: str) -> tuple[Shop, Customer] | None:
        try:
            link = links.read(
                "preferences", token, self._house.clock(), self._house.settings.secrets
            )
        except Refusal:
            return None
        if not link.subject.isdecimal():
            return None
        return await self._house.read(lambda session: _look(session, int(link.subject)))

    def _page(
        self, request: Request, shop: Shop, customer: Customer, kept: dict[str, bool], saved: bool
    ) -> Response:
        language = preferred_language(request, customer.language or shop.language)
        facts: dict[str, Any] = {
            **page_facts(shop),
            "choices": [{"kind": kind, "on": kept.get(kind, True)} for kind in CHOICES],
            "routes": [{"kind": "email", "on": kept.get("email", True)}],
            "saved": saved,
        }
        return answer_page("preferences", language, facts, self._token())


def _look(session: Session, customer_id: int) -> tuple[Shop, Customer] | None:
    found = customer_anywhere(session, customer_id)
    if found is None:
        return None
    shop_id, customer = found
    return setup.load_shop(session, shop_id), customer


def _wanted(fields: dict[str, str]) -> dict[str, bool]:
    """A box that is not ticked is not sent; one click in a mail program turns everything off."""
    return {kind: fields.get(kind) == "on" for kind in (*CHOICES, "email")}


async def _body(request: Request) -> bytes | None:
    raw = bytearray()
    async for part in request.stream():
        raw += part
        if len(raw) > BODY_MAX:
            return None
    return bytes(raw)
