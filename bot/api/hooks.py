"""Where connected machines knock: raw bytes, proof, then the engine, which keeps what came."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from datetime import datetime
from functools import cache
from typing import Any

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Scope

from bot.api.metrics import Counts
from bot.api.problems import Unknown
from bot.api.reading import body_of
from bot.bridge import House, number_in
from core.commands.deliveries import DoubtDelivery
from core.db import channels, setup
from core.db.inbox import Delivery
from core.domain.shop import Connection, Shop
from core.domain.values import dataclass
from core.engine import Caller, Receipt
from core.integrations.carriers import seventeen
from core.integrations.channels.shopify import verify
from core.integrations.channels.shopify.access import caller_for
from core.integrations.channels.shopify.translate import translate_delivery
from core.integrations.partners import answers, signing
from core.integrations.payments import stripe_hooks
from core.integrations.secrets import open_secrets

ID_LENGTH_MAX = 200
REFUSED = "webhooks_refused"
READ_AT_ONCE_BYTES = 65_536  # takes a millisecond; whatever is longer is read beside the loop


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
PATH = "/hooks/"
DOORS = {"shopify": SHOPIFY, "carriers": CARRIER, "stripe": STRIPE, "partners": PARTNER}


@dataclass(frozen=True, slots=True)
class Begun:
    """A message on its way through the engine, and whose it is."""

    future: Future[Receipt]
    shop: Shop
    delivery: Delivery


class Hooks:
    """All the doors, as routes of an application and as the short way past it."""

    def __init__(self, house: House, counts: Counts) -> None:
        self._doors = {name: Hook(house, door, counts) for name, door in DOORS.items()}

    def routes(self) -> list[Route]:
        return [
            Route(f"{PATH}{name}/{{connection}}", hook.receive, methods=["POST"])
            for name, hook in self._doors.items()
        ]

    def hook_for(self, scope: Scope) -> Hook | None:
        """The door that a request knocks at, its `path_params` filled in as a route does."""
        if scope["type"] != "http" or scope["method"] != "POST":
            return None
        path: str = scope["path"]
        name, _, connection = path.removeprefix(PATH).partition("/")
        if not path.startswith(PATH) or "/" in connection:
            return None
        scope["path_params"] = {"connection": connection}
        return self._doors.get(name)


class Hook:
    """One door of the house."""

    def __init__(self, house: House, door: Door, counts: Counts) -> None:
        self._house, self._door, self._counts = house, door, counts

    async def receive(self, request: Request) -> Response:
        raw = await body_of(request)
        number = number_in(request.path_params["connection"])
        begun = self._begin_at_once(number, request.headers, raw) or await self._house.hop(
            lambda: self._begin(number, request.headers, raw)
        )
        if begun is None:
            self._counts.webhook(self._door.kind, "unproven")
            raise Unknown("This message is not signed as it should be.")
        receipt = await self._house.landed(begun.future)
        if receipt.repeated:
            await self._house.hop(lambda: self._compare(begun))
        self._counts.webhook(self._door.kind, receipt.outcome)
        return _answer(receipt.outcome)

    def _begin_at_once(self, number: int, headers: Headers, raw: bytes) -> Begun | None:
        """Without leaving the loop, by what this process remembers of the shop. None where that
        is not enough: nothing is known or proven by it, or there is much to read."""
        shop = setup.connected(self._house.engine.database, number)
        connection = self._fitting(shop, number) if shop else None
        if shop is None or connection is None or len(raw) > READ_AT_ONCE_BYTES:
            return None
        if not self._is_proven(connection, headers, raw):
            return None
        heard = self._understood(shop, connection, headers, raw)
        return (
            None if self._house.engine.thinks_ahead(*heard[:2]) else self._submitted(shop, *heard)
        )

    def _begin(self, number: int, headers: Headers, raw: bytes) -> Begun | None:
        """In a worker thread: proof, translation and the way into the writer's queue."""
        found = self._connection(number)
        if found is None:
            return None
        shop, connection = found
        if not self._is_proven(connection, headers, raw):
            self._house.engine.chore(lambda uow: uow.people.count(REFUSED), shop.id)
            return None
        return self._submitted(shop, *self._understood(shop, connection, headers, raw))

    def _is_proven(self, connection: Connection, headers: Headers, raw: bytes) -> bool:
        secrets = open_secrets(connection, self._house.settings.secrets)
        return self._door.is_proven(connection, secrets, headers, raw, self._house.clock())

    def _understood(
        self, shop: Shop, connection: Connection, headers: Headers, raw: bytes
    ) -> tuple[Any, Caller, Delivery]:
        topic = self._door.topic(headers, raw)[:ID_LENGTH_MAX]
        delivery = self._delivery(connection, topic, headers, raw)
        command = self._door.translate(connection, topic, raw)
        return command, caller_for(shop, connection, delivery), delivery

    def _submitted(self, shop: Shop, command: Any, caller: Caller, delivery: Delivery) -> Begun:
        return Begun(self._house.engine.submit(command, caller), shop, delivery)

    def _connection(self, number: int) -> tuple[Shop, Connection] | None:
        def look(session: Any) -> tuple[Shop, Connection] | None:
            shop_id = setup.shop_of_connection(session, number)
            if shop_id is None:
                return None
            shop = setup.load_shop(session, shop_id)
            connection = self._fitting(shop, number)
            return (shop, connection) if connection else None

        return self._house.engine.read(look)

    def _fitting(self, shop: Shop, number: int) -> Connection | None:
        found = shop.connection(number)
        fits = found and found.active and found.kind == self._door.kind
        return found if fits else None

    def _delivery(
        self, connection: Connection, topic: str, headers: Headers, raw: bytes
    ) -> Delivery:
        message, event = self._door.ids(headers, raw)
        return Delivery(connection.id, topic, _short(message), raw, _short(event) or None)

    def _compare(self, begun: Begun) -> None:
        """The same number with other content is a conflict; the first word counts."""
        engine, new = self._house.engine, begun.delivery
        kept = engine.read(lambda s: channels.raw_of(s, new.connection_id, new.delivery_id))
        connection = begun.shop.connection(new.connection_id)
        if connection is not None and kept is not None and kept != new.raw:
            doubt = DoubtDelivery(new.connection_id, new.topic, new.delivery_id)
            engine.execute(doubt, caller_for(begun.shop, connection))


@cache
def _answer(outcome: str) -> Response:
    return JSONResponse({"ok": True, "outcome": outcome})


def _short(name: str | None) -> str:
    """Ids of strangers as they are, unless they are absurd."""
    clean = (name or "").strip().replace("\x00", "")
    return clean if len(clean) <= ID_LENGTH_MAX else digest(clean.encode())
