"""The API for programs: reads as resources, and one way to act, both made from the registry."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field, fields, replace
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.api.keys import actor_of
from bot.api.metrics import Counts
from bot.api.problems import of_receipt
from bot.api.reading import body_of, json_object, read_shape, require_text
from bot.bridge import House
from bot.papers import document_numbered
from bot.photos import BODY_MOST, opened
from core import registry
from core.commands.capture import CaptureOrder
from core.commands.deliveries import OpenApiConnection
from core.commands.photos import KeepPhoto
from core.db import setup
from core.db.photos import content_of
from core.domain.access import Actor, Right, demand
from core.domain.refusals import Invalid, NotAllowed, NotFound
from core.domain.values import dataclass
from core.engine import Caller, Receipt
from core.queries.photos import PhotoList, ShowPhoto
from core.registry import Spec

BASE = "/api/v1"
KEY_LENGTH_MAX = 255
SERVER_FIELDS = ("connection_id", "picture")  # what only the house may decide, or make


@dataclass(frozen=True, slots=True)
class Resource:
    """A question under a readable address; `fixed` are arguments that the address implies."""

    path: str
    question: str
    fixed: Mapping[str, Any] = field(default_factory=dict)


RESOURCES = (
    Resource("/orders/{order}/edit", "show_edit"),
    Resource("/orders/{order}/why", "why_routed"),
    Resource("/orders/{order}/whatif", "what_if"),
    Resource("/orders/{order}/margin", "show_margin"),
    Resource("/orders/{order}/payments", "show_money"),
    Resource("/orders/{order}/photos", "list_photos"),
    Resource("/orders/{order}/proof", "gather_proof"),
    Resource("/orders/{order}", "show_order", {"timeline": True}),
    Resource("/orders", "find_orders"),
    Resource("/stock/{sku:path}", "show_stock"),
    Resource("/ledger/{sku:path}", "show_ledger"),
    Resource("/availability/{sku:path}", "show_availability"),
    Resource("/expected", "list_expected"),
    Resource("/transfers/{number}", "list_transfers"),
    Resource("/transfers", "list_transfers"),
    Resource("/low", "list_low"),
    Resource("/handoffs", "list_handoffs"),
    Resource("/returns/{number}", "show_return"),
    Resource("/returns", "list_returns"),
    Resource("/claims/{claim}", "show_claim"),
    Resource("/claims", "list_claims"),
    Resource("/chargebacks", "list_chargebacks"),
    Resource("/cases/{number}", "show_case"),
    Resource("/cases", "list_cases"),
    Resource("/counts", "list_counts"),
    Resource("/carts/{cart}", "show_cart"),
    Resource("/credit/{who}", "show_credit"),
    Resource("/documents/{number}", "show_document"),
    Resource("/documents", "list_documents"),
    Resource("/journal", "read_journal"),
    Resource("/photos/{name}", "show_photo"),
    Resource("/events", "read_events"),
    Resource("/routing/rules/simulation", "simulate_rules"),
    Resource("/routing/rules", "show_rules"),
    Resource("/return-rules", "show_return_rules"),
)


# Questions that are too long for an address: they are asked with a body, and write nothing.
ASKED = (Resource("/promises", "ask_promise"),)


def resources() -> list[Resource]:
    return [one for one in RESOURCES if one.question in registry.QUESTIONS]


def offered() -> dict[str, Spec]:
    """Commands that a program may give: not the machine room, nothing that names a connection."""
    return {name: spec for name, spec in sorted(registry.COMMANDS.items()) if _is_offered(spec)}


def _is_offered(spec: Spec) -> bool:
    names = {one.name for one in fields(spec.shape)}
    return spec.right is not Right.MACHINERY and not names & set(SERVER_FIELDS)


def rest_routes(house: House, counts: Counts) -> list[Route]:
    rest = Rest(house, counts)
    reads = [Route(BASE + one.path, rest.reader(one), methods=["GET"]) for one in resources()]
    return [
        Route(f"{BASE}/documents/{{number}}.pdf", rest.pdf, methods=["GET"]),
        Route(f"{BASE}/photos/{{name}}.jpg", rest.photo, methods=["GET"]),
        Route(f"{BASE}/orders/{{order}}/photos", rest.keep_photo, methods=["POST"]),
        *reads,
        *(Route(BASE + one.path, rest.asker(one), methods=["POST"]) for one in ASKED),
        Route(f"{BASE}/orders", rest.capture, methods=["POST"]),
        Route(f"{BASE}/commands/{{name}}", rest.act, methods=["POST"]),
    ]


class Rest:
    def __init__(self, house: House, counts: Counts) -> None:
        self._house, self._counts = house, counts

    def reader(self, resource: Resource) -> Callable[[Request], Any]:
        spec = registry.QUESTIONS[resource.question]

        async def read(request: Request) -> Response:
            actor = await actor_of(request, self._house)
            asked = {**_query(request), **request.path_params, **resource.fixed}
            for value in asked.values():
                require_text(str(value))
            question = read_shape(spec.shape, asked, lax=True)
            view = await self._house.query(question, Caller(actor, "api"))
            return answer(view, headers=_etag(view))

        return read

    def asker(self, resource: Resource) -> Callable[[Request], Any]:
        spec = registry.QUESTIONS[resource.question]

        async def ask(request: Request) -> Response:
            actor = await actor_of(request, self._house)
            question = read_shape(spec.shape, json_object(await body_of(request)))
            return answer(await self._house.query(question, Caller(actor, "api")))

        return ask

    async def pdf(self, request: Request) -> Response:
        """An invoice or a credit note as it was issued."""
        actor = await actor_of(request, self._house)
        number = request.path_params["number"]
        require_text(number)
        paper = await document_numbered(self._house, number, Caller(actor, "api"))
        shown = {"Content-Disposition": f'inline; filename="{paper.name}"'}
        return Response(
            paper.pdf,
            media_type="application/pdf",
            headers={"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", **shown},
        )

    async def photo(self, request: Request) -> Response:
        """A photo as it is kept."""
        actor = await actor_of(request, self._house)
        name = request.path_params["name"]
        require_text(name)
        view: PhotoList = await self._house.query(ShowPhoto(name), Caller(actor, "api"))
        found = await self._house.read(lambda session: content_of(session, view.photos[0].id))
        if found is None:
            raise NotFound("This photo was thrown away.", "Ask for a new one.")
        headers = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
        return Response(found[1], media_type="image/jpeg", headers=headers)

    async def keep_photo(self, request: Request) -> Response:
        """A photo for an order; the body is the photo itself, not JSON."""
        actor = await actor_of(request, self._house)
        order = request.path_params["order"]
        require_text(order)
        demand(actor, Right.NOTE)  # opening a picture costs more than saying no
        picture = await opened(self._house, await body_of(request, BODY_MOST))
        receipt = await self._do(KeepPhoto(order, picture), request, actor)
        return self._answer("keep_photo", receipt, created=True)

    async def act(self, request: Request) -> Response:
        """Do any command of the registry by its name."""
        actor = await actor_of(request, self._house)
        name = request.path_params["name"].replace("-", "_")
        spec = offered().get(name)
        if spec is None:
            raise NotFound(f"There is no command {name[:60]}.", f"See {BASE}/openapi.json.")
        command = read_shape(spec.shape, json_object(await body_of(request)))
        return self._answer(spec.name, await self._do(command, request, actor))

    async def capture(self, request: Request) -> Response:
        """Bring in an order from any source that has no connection of its own kind."""
        actor = await actor_of(request, self._house)
        given = json_object(await body_of(request))
        for name in SERVER_FIELDS:
            if name in given:
                raise Invalid(f"There is no field {name}.", "The key decides it.")
        command: CaptureOrder = read_shape(CaptureOrder, given)
        connection_id = await self._connection_of(actor)
        receipt = await self._do(replace(command, connection_id=connection_id), request, actor)
        is_new = "OrderCaptured" in receipt.happened and not receipt.repeated
        return self._answer("capture_order", receipt, created=is_new)

    async def _connection_of(self, actor: Actor) -> int:
        """The source behind a key: external ids are unique within it, not within the shop."""
        name = f"api:{actor.name}"
        for _ in range(2):
            shop = await self._house.read(lambda s: setup.load_shop(s, actor.shop_id))
            found = (c.id for c in shop.connections.values() if (c.kind, c.name) == ("api", name))
            connection_id = next(found, None)
            if connection_id is not None:
                return connection_id
            await self._house.execute(OpenApiConnection(), Caller(actor, "api"))
        raise NotAllowed("This key may not bring orders in.", "Use a key with the role machine.")

    async def _do(self, command: Any, request: Request, actor: Actor) -> Receipt:
        caller = Caller(actor, "api", key=_key(request), version=_version(request))
        return await self._house.execute(command, caller)

    def _answer(self, name: str, receipt: Receipt, *, created: bool = False) -> Response:
        self._counts.command(name, receipt.outcome)
        if not receipt.ok:
            return of_receipt(receipt)
        headers = {"Idempotency-Replayed": "true"} if receipt.repeated else {}
        return answer(receipt, 201 if created else 200, headers)


def answer(view: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return Response(
        msgspec.json.encode(view),
        status,
        {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", **(headers or {})},
        media_type="application/json",
    )


def _query(request: Request) -> dict[str, str]:
    pairs = request.query_params.multi_items()
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Invalid("A parameter is given twice.", "Send each one once.")
    return found


def _etag(view: Any) -> dict[str, str]:
    version = getattr(view, "version", None)
    return {"ETag": f'"{version}"'} if isinstance(version, int) else {}


def _key(request: Request) -> str | None:
    """The caller's own name for this request: the same name gets the same answer."""
    told = request.headers.getlist("idempotency-key")
    if not told:
        return None
    key = told[0].strip()
    if len(told) > 1 or not 1 <= len(key) <= KEY_LENGTH_MAX or not key.isprintable():
        raise Invalid(
            f"An Idempotency-Key is one text of 1 to {KEY_LENGTH_MAX} characters.", code="bad_key"
        )
    return key


def _version(request: Request) -> int | None:
    """The version of the order that the caller saw, as its ETag said."""
    told = request.headers.get("if-match")
    if told is None:
        return None
    text = told.strip().removeprefix("W/").strip('"')
    if not (text.isascii() and text.isdecimal() and len(text) < 16):
        raise Invalid('If-Match holds the version that you saw, such as "3".', code="bad_version")
    return int(text)
