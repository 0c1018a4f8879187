"""Where connected machines knock: raw bytes, proof, then the engine, which keeps what came."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.api.metrics import Counts
from bot.api.problems import Unknown
from bot.api.reading import body_of
from bot.bridge import House, number_in
from core.commands.deliveries import DoubtDelivery
from core.db import channels, setup
from core.db.inbox import Delivery
from core.domain.shop import Connection, Shop
from core.engine import Receipt
from core.integrations.carriers import seventeen
from core.integrations.channels.shopify import verify
from core.integrations.channels.shopify.access import caller_for
from core.integrations.channels.shopify.translate import translate_delivery
from core.integrations.partners import answers, signing
from core.integrations.payments import stripe_hooks
from core.integrations.secrets import open_secrets

ID_LENGTH_MAX = 200
REFUSED = "webhooks_refused"


@dataclass(frozen=True, slots=True)
class Door:
    """How one kind of machine proves itself, names its message, and is understood."""

    kind: str
    is_proven: Callable[[Connection, Mapping[str, str], Headers, bytes, datetime], bool]
    topic: Callable[[Headers, bytes], str]
    ids: Callable[[Headers, bytes], tuple[str, str | None]]
    translate: Callable[[Connection, str, bytes], Any]


def _is_our_store(
    connection: Connection,
    secrets: Mapping[str, str],
    headers: Headers,
    raw: bytes,
    _now: datetime,
) -> bool:
    signatures = headers.getlist("x-shopify-hmac-sha256")
    domains = headers.getlist("x-shopify-shop-domain")
    signed = verify.is_signed(raw, signatures, secrets.get("webhook_secret", ""))
    return signed and verify.is_from(domains, str(connection.config.get("shop_domain", "")))


def _shopify_ids(headers: Headers, raw: bytes) -> tuple[str, str | None]:
    return headers.get("x-shopify-webhook-id") or digest(raw), headers.get("x-shopify-event-id")


def digest(raw: bytes) -> str:
    """A message without a number is recognized by its content."""
    return f"sha256:{hashlib.sha256(raw).hexdigest()}"


SHOPIFY = Door(
    "shopify",
    _is_our_store,
    lambda headers, _: headers.get("x-shopify-topic", "").strip().lower(),
    _shopify_ids,
    translate_delivery,
)


def _is_our_carrier(
    _connection: Connection,
    secrets: Mapping[str, str],
    headers: Headers,
    raw: bytes,
    _now: datetime,
) -> bool:
    signs = headers.getlist("sign")
    secret = secrets.get("webhook_secret", "")
    return len(signs) == 1 and seventeen.is_genuine(raw, signs[0], secret)


CARRIER = Door(
    "carrier",
    _is_our_carrier,
    lambda _headers, _raw: seventeen.TOPIC,
    lambda _headers, raw: (seventeen.delivery_id(raw), None),
    lambda connection, _topic, raw: seventeen.translate(connection.id, raw),
)


def _is_our_account(
    _connection: Connection,
    secrets: Mapping[str, str],
    headers: Headers,
    raw: bytes,
    now: datetime,
) -> bool:
    signed = headers.getlist("stripe-signature")
    return stripe_hooks.is_signed(raw, signed, secrets.get("webhook_secret", ""), now)


STRIPE = Door(
    "stripe",
    _is_our_account,
    lambda _headers, raw: stripe_hooks.topic_of(raw),
    lambda _headers, raw: (stripe_hooks.event_id(raw) or digest(raw), None),
    lambda connection, topic, raw: stripe_hooks.translate(connection.id, topic, raw),
)


def _is_our_partner(
    _connection: Connection,
    secrets: Mapping[str, str],
    headers: Headers,
    raw: bytes,
    now: datetime,
) -> bool:
    told = {name: headers.getlist(name) for name in (signing.ID, signing.TIME, signing.SIGNATURE)}
    return signing.is_signed(raw, told, secrets.get("webhook_secret", ""), now)


PARTNER = Door(
    "partner",
    _is_our_partner,
    lambda _headers, raw: answers.topic_of(raw),
    lambda headers, raw: (headers.get(signing.ID) or digest(raw), None),
    lambda connection, topic, raw: answers.translate(connection.id, topic, raw),
)
DOORS = {"shopify": SHOPIFY, "carriers": CARRIER, "stripe": STRIPE, "partners": PARTNER}


def hook_routes(house: House, counts: Counts) -> list[Route]:
    return [
        Route(
            f"/hooks/{name}/{{connection}}",
            Hook(house, door, counts).receive,
            methods=["POST"],
        )
        for name, door in DOORS.items()
    ]


class Hook:
    """One door of the house."""

    def __init__(self, house: House, door: Door, counts: Counts) -> None:
        self._house, self._door, self._counts = house, door, counts

    async def receive(self, request: Request) -> Response:
        raw = await body_of(request)
        number = number_in(request.path_params["connection"])
        loop = asyncio.get_running_loop()
        begun = await loop.run_in_executor(self._house.pool, self._begin, number, request, raw)
        if begun is None:
            self._counts.webhook(self._door.kind, "unproven")
            raise Unknown("This message is not signed as it should be.")
        future, shop, connection, delivery = begun
        receipt = await asyncio.shield(asyncio.wrap_future(future))  # a caller may hang up
        if receipt.repeated:
            await loop.run_in_executor(self._house.pool, self._compare, shop, connection, delivery)
        self._counts.webhook(self._door.kind, receipt.outcome)
        return JSONResponse({"ok": True, "outcome": receipt.outcome})

    def _begin(
        self, number: int, request: Request, raw: bytes
    ) -> tuple[Future[Receipt], Shop, Connection, Delivery] | None:
        """In a worker thread: proof, translation and the way into the writer's queue."""
        found = self._connection(number)
        if found is None:
            return None
        shop, connection = found
        secrets = open_secrets(connection, self._house.settings.secrets)
        now = self._house.clock()
        if not self._door.is_proven(connection, secrets, request.headers, raw, now):
            self._house.engine.chore(lambda uow: uow.people.count(REFUSED), shop.id)
            return None
        topic = self._door.topic(request.headers, raw)[:ID_LENGTH_MAX]
        delivery = self._delivery(connection, topic, request.headers, raw)
        command = self._door.translate(connection, topic, raw)
        caller = caller_for(shop, connection, delivery)
        return self._house.engine.submit(command, caller), shop, connection, delivery

    def _connection(self, number: int) -> tuple[Shop, Connection] | None:
        def look(session: Any) -> tuple[Shop, Connection] | None:
            shop_id = setup.shop_of_connection(session, number)
            if shop_id is None:
                return None
            shop = setup.load_shop(session, shop_id)
            connection = shop.connection(number)
            fits = connection and connection.active and connection.kind == self._door.kind
            return (shop, connection) if connection and fits else None

        return self._house.engine.read(look)

    def _delivery(
        self, connection: Connection, topic: str, headers: Headers, raw: bytes
    ) -> Delivery:
        message, event = self._door.ids(headers, raw)
        return Delivery(connection.id, topic, _short(message), raw, _short(event) or None)

    def _compare(self, shop: Shop, connection: Connection, delivery: Delivery) -> None:
        """The same number with other content is a conflict; the first word counts."""
        engine = self._house.engine
        kept = engine.read(lambda s: channels.raw_of(s, connection.id, delivery.delivery_id))
        if kept is not None and kept != delivery.raw:
            doubt = DoubtDelivery(connection.id, delivery.topic, delivery.delivery_id)
            engine.execute(doubt, caller_for(shop, connection))


def _short(name: str | None) -> str:
    """Ids of strangers as they are, unless they are absurd."""
    clean = (name or "").strip().replace("\x00", "")
    return clean if len(clean) <= ID_LENGTH_MAX else digest(clean.encode())
