"""A strict stand-in for the part of EasyPost's API v2 that sells labels: draft, look, buy, refund.

Written from its public documentation, never tried against the real one. A return is drafted with
the addresses of the way out; a draft that was bought cannot be bought again.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.sandbox.shop.wire import Clock, Fault, Faults, Transcript, answer, control_routes

Json = dict[str, Any]
SHIPMENT = ("to_address", "from_address", "parcel", "is_return", "reference", "options")
ADDRESS = (
    "name", "company", "street1", "street2", "city", "state", "zip", "country", "phone", "email",
)  # fmt: skip
# (carrier, service, cents for a parcel, cents for each further 100 ounces)
OFFERS = (("DHLPaket", "Return", 449, 150), ("UPS", "Ground", 690, 200), ("GLS", "Return", 475, 90))
PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"


class No(Exception):
    """EasyPost says no: its code, a sentence and the HTTP status."""

    def __init__(self, code: str, message: str, status: int = 422) -> None:
        super().__init__(message)
        self.code, self.status = code, status


@dataclass(slots=True)
class Parcel:
    """A shipment; `rate` is the one that was bought."""

    id: str
    told: Json
    rates: list[Json]
    rate: Json | None = None
    tracking_code: str | None = None
    refund_status: str | None = None


@dataclass(slots=True)
class Account:
    """One account; `keeps_money` is the carrier that gives nothing back."""

    clock: Clock
    key: str = "EZTK_sandbox"
    currency: str = "EUR"
    keeps_money: bool = False
    parcels: dict[str, Parcel] = field(default_factory=dict)
    faults: Faults = field(default_factory=Faults)
    transcript: Transcript = field(init=False)
    made: int = 0

    def __post_init__(self) -> None:
        self.transcript = Transcript(self.clock)

    def draft(self, told: Json) -> Parcel:
        _only(told, *SHIPMENT)
        for side in ("to_address", "from_address"):
            _only(told.get(side) or {}, *ADDRESS)
            for name in ("street1", "city", "zip", "country"):
                if not (told.get(side) or {}).get(name):
                    raise No("SHIPMENT.INVALID_PARAMS", f"{side}.{name} is required")
        weight = (told.get("parcel") or {}).get("weight")
        if not isinstance(weight, int | float) or weight <= 0:
            raise No("PARCEL.WEIGHT.INVALID", "The parcel's weight must be greater than 0")
        self.made += 1
        name = f"shp_{self.made:032x}"
        made = Parcel(name, told, [self._rate(n, x, weight) for n, x in enumerate(OFFERS)])
        self.parcels[name] = made
        return made

    def _rate(self, n: int, offer: tuple[str, str, int, int], weight: float) -> Json:
        carrier, service, first, more = offer
        cents = first + more * int(weight // 100)
        return {
            "id": f"rate_{self.made:04d}{n}",
            "object": "Rate",
            "carrier": carrier,
            "service": service,
            "rate": f"{cents // 100}.{cents % 100:02d}",
            "currency": self.currency,
            "delivery_days": 2,
        }

    def find(self, name: str) -> Parcel:
        if name not in self.parcels:
            raise No("SHIPMENT.NOT_FOUND", "The shipment could not be found", 404)
        return self.parcels[name]

    def buy(self, parcel: Parcel, words: Json) -> Parcel:
        _only(words, "rate", "insurance")
        if parcel.rate is not None:
            raise No("SHIPMENT.POSTAGE.EXISTS", "Postage already exists for this shipment")
        wanted = (words.get("rate") or {}).get("id")
        parcel.rate = next((rate for rate in parcel.rates if rate["id"] == wanted), None)
        if parcel.rate is None:
            raise No("SHIPMENT.RATE.INVALID", "The rate is not one of this shipment's")
        self.made += 1
        parcel.tracking_code = f"JJD{self.made:017d}"
        return parcel

    def refund(self, parcel: Parcel) -> Parcel:
        if parcel.rate is None or parcel.refund_status == "submitted":
            raise No("SHIPMENT.REFUND.UNAVAILABLE", "There is nothing that could be refunded")
        parcel.refund_status = "not_applicable" if self.keeps_money else "submitted"
        return parcel

    def shown(self, parcel: Parcel, base: str) -> Json:
        label = {
            "label_url": f"{base}/labels/{parcel.id}.pdf",
            "label_file_type": "application/pdf",
        }
        return {
            "id": parcel.id,
            "object": "Shipment",
            "mode": "test",
            "is_return": bool(parcel.told.get("is_return")),
            "reference": parcel.told.get("reference"),
            "to_address": parcel.told["to_address"],
            "from_address": parcel.told["from_address"],
            "parcel": parcel.told["parcel"],
            "rates": parcel.rates,
            "selected_rate": parcel.rate,
            "postage_label": label if parcel.rate else None,
            "tracking_code": parcel.tracking_code,
            "refund_status": parcel.refund_status,
            "status": "unknown",
        }


def _only(words: Mapping[str, Any], *known: str) -> None:
    for name in words:
        if name not in known:
            raise No("PARAMETER.UNKNOWN", f"{name} is no parameter that the stand-in knows")


def easypost_app(account: Account) -> Starlette:
    """The account as an ASGI app; faults are scripted for draft, look, buy, refund and paper."""
    acts: dict[str, Callable[[Request, Json], Parcel]] = {
        "draft": lambda _, words: account.draft(words.get("shipment") or {}),
        "look": lambda request, _: account.find(request.path_params["id"]),
        "buy": lambda request, words: account.buy(account.find(request.path_params["id"]), words),
        "refund": lambda request, _: account.refund(account.find(request.path_params["id"])),
    }
    ways = (
        ("POST", "/v2/shipments", "draft"),
        ("GET", "/v2/shipments/{id}", "look"),
        ("POST", "/v2/shipments/{id}/buy", "buy"),
        ("POST", "/v2/shipments/{id}/refund", "refund"),
    )
    routes = [
        Route(path, _endpoint(account, name, acts[name]), methods=[method])
        for method, path, name in ways
    ]
    paper = Route("/labels/{name}", _paper(account), methods=["GET"])
    control = control_routes({}, account.faults, account.transcript, lambda: _state(account))
    return Starlette(routes=[*routes, paper, *control])


def _endpoint(
    account: Account, name: str, act: Callable[[Request, Json], Parcel]
) -> Callable[[Request], Awaitable[Response]]:
    async def serve(request: Request) -> Response:
        told = base64.b64decode(request.headers.get("authorization", "").removeprefix("Basic "))
        if told.decode() != f"{account.key}:":
            return _error("APIKEY.INACTIVE", "This api key is no longer active", 401)
        raw = await request.body()
        words: Json = json.loads(raw) if raw else {}

        async def carry_out() -> Response:
            try:
                parcel = act(request, words)
            except No as no:
                return _error(no.code, str(no), no.status)
            base = str(request.base_url).rstrip("/")
            return JSONResponse(account.shown(parcel, base), 201 if name == "draft" else 200)

        made = await answer(account.faults, name, carry_out, _misfortune)
        account.transcript.record("in", name, words, made.status_code)
        return made

    return serve


def _paper(account: Account) -> Callable[[Request], Awaitable[Response]]:
    async def serve(request: Request) -> Response:
        parcel = account.parcels.get(request.path_params["name"].removesuffix(".pdf"))

        async def carry_out() -> Response:
            found = parcel is not None and parcel.rate is not None
            return Response(PDF if found else b"", 200 if found else 404)

        return await answer(account.faults, "paper", carry_out, _misfortune)

    return serve


def _misfortune(fault: Fault) -> Response:
    if fault.kind == "rate":
        shown = {"error": {"code": "RATE_LIMITED", "message": "Too many requests", "errors": []}}
        return JSONResponse(shown, 429, {"Retry-After": str(fault.retry_after)})
    return _error("INTERNAL_ERROR", fault.text or "An internal error occurred", fault.status)


def _error(code: str, message: str, status: int) -> Response:
    return JSONResponse({"error": {"code": code, "message": message, "errors": []}}, status)


def _state(account: Account) -> Json:
    return {"shipments": [account.shown(one, "") for one in account.parcels.values()]}
