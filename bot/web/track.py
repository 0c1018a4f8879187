"""The tracking page: one order behind a signed link, readable by whoever was given it."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.bridge import House
from bot.web.pages import answer_page, first_shop, page_facts, preferred_language
from bot.web.sessions import session_address
from core.db.connection import Session
from core.db.contacts import link_target
from core.db.conversations import Conversation, conversation_at
from core.db.documents import documents_of
from core.db.reading import Reader
from core.domain.access import system
from core.domain.pickup import code_of
from core.domain.refusals import Refusal
from core.domain.returning.boris import as_scanned, return_code
from core.engine import Caller
from core.queries.facts import OrderFacts, ParcelFacts, ReturnFacts
from core.queries.tracking import PublicOrder, Scan, TrackByLink
from notifications import links
from notifications.links import Link
from notifications.papers import are_linked, papers


class TrackingPage:
    def __init__(
        self, house: House, token: Callable[[], str] = lambda: secrets.token_urlsafe(16)
    ) -> None:
        self._house = house
        self._token = token

    def routes(self) -> list[Route]:
        return [Route("/track/{token}", self.page, methods=["GET"])]

    async def page(self, request: Request) -> Response:
        found = await self._found(request.path_params["token"])
        if found is None:
            return await gone(self._house, request, self._token())
        link, order = found
        language = preferred_language(request, order.language or order.shop.language)
        keys = self._house.settings.secrets
        facts = {**page_facts(order.shop), **_facts(order), "pickup": _pickup(order, keys)}
        facts["returns"] = [_return(order, each, keys) for each in order.facts.returns]
        facts |= self._doors(link, order)
        facts["papers"] = await self._papers(request, order)
        return answer_page("track", language, facts, self._token())

    async def _found(self, token: str) -> tuple[Link, PublicOrder] | None:
        """Forged, expired, withdrawn and unknown are one and the same answer."""
        secrets_, now = self._house.settings.secrets, self._house.clock()
        try:
            link = links.read("track", token, now, secrets_)
            order_id = int(link.subject)
            target = await self._house.read(lambda session: link_target(session, order_id))
            if target is None:
                return None
            caller = Caller(system(target.shop_id, "tracking"), "web")
            order = await self._house.query(TrackByLink(order_id, link.version), caller)
        except (Refusal, ValueError):
            return None
        return link, order

    async def _papers(self, request: Request, order: PublicOrder) -> list[dict[str, str]]:
        """Invoices hold an address and amounts: only for who has proved here who they are."""
        if not are_linked(order.shop):
            return []
        address = session_address(request, self._house)
        settings, now = self._house.settings, self._house.clock()

        def look(session: Session) -> list[dict[str, str]]:
            talk = conversation_at(session, order.shop.id, "web", address)
            target = link_target(session, order.id)
            if talk is None or target is None or not has_proved(talk, target.customer_id, now):
                return []
            reader = Reader(session, system(order.shop.id, "tracking"), now)
            valid = documents_of(session, order.id)
            base_url = settings.base_url.rstrip("/")
            return papers(settings.secrets, base_url, reader, order.id, valid)

        return await self._house.read(look) if address else []

    def _doors(self, link: Link, order: PublicOrder) -> dict[str, Any]:
        """Into the chat with this link's proof; it lives no longer than the link itself."""
        if not order.has_customer:
            return {"chat_token": None, "telegram_url": None, "shop_id": order.shop.id}
        keys = self._house.settings.secrets
        token = links.sign("chat", str(order.id), link.issued_at, keys, link.version)
        telegram = order.shop.first_connection("telegram")
        name = str(telegram.config.get("username", "")) if telegram else ""
        url = f"https://t.me/{name}?start={links.telegram_start(token)}" if name else None
        return {"chat_token": token, "telegram_url": url, "shop_id": order.shop.id}


def has_proved(talk: Conversation, customer_id: int | None, now: datetime) -> bool:
    """Whether this visitor is the order's customer by a code of today; a link proves nothing."""
    fresh = talk.verified_until is not None and now < talk.verified_until
    by_code = talk.proof.get("by") == "code"
    return fresh and by_code and customer_id is not None and talk.customer_id == customer_id


async def gone(house: House, request: Request, nonce: str) -> Response:
    """The one page for every link that opens nothing."""
    shop = await first_shop(house)
    language = preferred_language(request, shop.language if shop else "en")
    return answer_page("track_gone", language, page_facts(shop), nonce, 404)


def _facts(order: PublicOrder) -> dict[str, Any]:
    facts = order.facts
    return {
        "initial": f"{order.initial}." if order.initial else "",
        "number": facts.number,
        "placed_on": facts.placed_on.isoformat(),
        "promise": facts.promise.isoformat() if facts.promise and facts.is_open else None,
        "stage": _stage(facts),
        "parcels": [
            _parcel(parcel, scans)
            for parcel, scans in zip(facts.parcels, order.timelines, strict=True)
        ],
        "waiting": [
            {
                "quantity": item.quantity,
                "title": item.title,
                "stage": item.stage,
                "expected": item.expected.isoformat() if item.expected else None,
            }
            for item in facts.waiting
        ],
    }


def _pickup(order: PublicOrder, keys: Sequence[str]) -> dict[str, Any] | None:
    """Where it is collected; with the code once it lies ready, for whoever was given the link."""
    found = order.facts.pickup
    if found is None:
        return None
    ready = found.until is not None
    code = code_of(keys, order.shop.id, order.id, found.issue) if ready else None
    until = found.until.isoformat() if found.until else None
    return {"name": found.name, "address": found.address, "until": until, "code": code}


def _return(order: PublicOrder, entry: ReturnFacts, keys: Sequence[str]) -> dict[str, Any]:
    until = entry.until.isoformat() if entry.until else None
    told: dict[str, Any] = {"number": entry.number, "status": entry.status, "code": None}
    told |= {"post": entry.send_to, "until": until}
    if not entry.stores:
        return told
    import segno  # only whoever has something to show at a counter needs it

    code = return_code(keys, order.shop.id, entry.id)
    drawn = segno.make(as_scanned(entry.number, code)).svg_data_uri(border=2)
    return {**told, "code": code, "qr": drawn, "stores": list(entry.stores)}


def _stage(facts: OrderFacts) -> str:
    """The order in one word, never better than its slowest part."""
    if facts.canceled:
        return "canceled"
    if facts.pickup is not None and facts.pickup.until is not None:
        return "collect"
    arrived = [parcel.status == "Delivered" for parcel in facts.parcels]
    if not arrived:
        return "preparing"
    if all(arrived) and not facts.waiting:
        return "delivered"
    return "part" if any(arrived) or facts.waiting else "under_way"


def _parcel(parcel: ParcelFacts, scans: tuple[Scan, ...]) -> dict[str, Any]:
    return {
        "carrier": parcel.carrier,
        "tracking_number": parcel.tracking_number,
        "tracking_url": parcel.tracking_url or None,
        "status": parcel.status,
        "how": parcel.how,
        "handed_over": parcel.handed_over_at.isoformat() if parcel.handed_over_at else None,
        "lines": [{"quantity": units, "title": title} for title, units in parcel.lines],
        "scans": [
            {"at": scan.at.isoformat(), "status": scan.status, "place": scan.place}
            for scan in scans
        ],
    }
