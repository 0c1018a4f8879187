"""EasyPost over plain HTTP: shipments, their rates and labels, and every way a call can go wrong.

Read from its public documentation (docs.easypost.com, API v2). A return is told with the addresses
of the way out: EasyPost turns them round by `is_return`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

import httpx2
import msgspec

from core.domain.labels import Rate
from core.domain.money import parse_minor
from core.domain.refusals import Refusal
from core.domain.values import dataclass
from core.integrations.carriers.labels import (
    Busy,
    Door,
    KeyRefused,
    NotReached,
    Refused,
    Shipment,
    Unsure,
    Wanted,
)

API_URL = "https://api.easypost.com"
ANSWER_MOST = 4_000_000
GRAMS_OF_OUNCE = 28.349523125
# Where EasyPost keeps labels: its own hosts, and its bucket.
_PAPER_HOSTS = (".easypost.com", ".amazonaws.com")
_BUCKET = "easypost-files."
# Its names for accounts, as people call who comes with the parcel.
_NAMES = {"DHLPaket": "DHL", "DhlEcs": "DHL", "UPSDAP": "UPS", "FedExDefault": "FedEx"}
_GIVEN_BACK = ("submitted", "refunded")

_Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class EasyPost:
    """One account; a LabelMaker. `base` is EasyPost's address, or that of a stand-in."""

    http: httpx2.AsyncClient
    key: str
    base: str = API_URL

    async def draft(self, wanted: Wanted) -> Shipment:
        told = {
            "to_address": _address(wanted.customer),
            "from_address": _address(wanted.home),
            "parcel": {"weight": ounces(wanted.grams)},
            "is_return": True,
            "reference": wanted.reference,
            "options": {"label_format": "PDF"},
        }
        return shipment_of(await self._ask("POST", "/v2/shipments", {"shipment": told}))

    async def look(self, shipment: str) -> Shipment:
        return shipment_of(await self._ask("GET", f"/v2/shipments/{shipment}"))

    async def buy(self, shipment: str, rate: str) -> Shipment:
        words = {"rate": {"id": rate}}
        return shipment_of(await self._ask("POST", f"/v2/shipments/{shipment}/buy", words))

    async def give_back(self, shipment: str) -> bool:
        answer = await self._ask("POST", f"/v2/shipments/{shipment}/refund", {})
        return shipment_of(answer).is_given_back

    async def paper(self, page: str, most: int) -> bytes:
        """Only from where EasyPost keeps labels, and without our key."""
        if not self._is_theirs(page):
            raise Refused("the label lies where EasyPost keeps none")
        try:
            async with self.http.stream("GET", page, follow_redirects=False) as answer:
                body = await _bounded(answer, most)
                status = answer.status_code
        except httpx2.HTTPError as problem:
            raise NotReached(f"the label did not come ({type(problem).__name__})") from problem
        if status != 200:
            raise NotReached(f"the label did not come ({status})")
        if not body.startswith(b"%PDF-"):
            raise Refused("the label is no PDF")
        return body

    def _is_theirs(self, page: str) -> bool:
        found, own = urlsplit(page), urlsplit(self.base)
        if (found.scheme, found.netloc) == (own.scheme, own.netloc):
            return True
        host = found.hostname or ""
        bucket = host.endswith(".amazonaws.com") and host.startswith(_BUCKET)
        return found.scheme == "https" and (bucket or host.endswith(_PAPER_HOSTS[0]))

    async def _ask(self, method: str, path: str, words: _Json | None = None) -> _Json:
        url = f"{self.base.rstrip('/')}{path}"
        content = msgspec.json.encode(words) if words is not None else b""
        try:
            async with self.http.stream(
                method,
                url,
                content=content,
                headers={"Content-Type": "application/json", "Accept": "application/json"},
                auth=(self.key, ""),
            ) as answer:
                status, headers = answer.status_code, answer.headers
                body = await _bounded(answer, ANSWER_MOST)
        except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout) as problem:
            raise NotReached(f"EasyPost cannot be reached ({type(problem).__name__})") from problem
        except httpx2.HTTPError as problem:
            raise Unsure(f"no whole answer came ({type(problem).__name__})") from problem
        if 200 <= status < 300:
            return _decoded(body)
        raise _problem(status, headers, body)


# --- what EasyPost tells, as the port has it ------------------------------------------------------


def shipment_of(told: Mapping[str, Any]) -> Shipment:
    """A shipment of which something is missing that we rely on: Unsure."""
    try:
        chosen, label = told.get("selected_rate"), told.get("postage_label")
        rate = _rate(chosen) if chosen else None
        return Shipment(
            id=str(told["id"]),
            rates=tuple(_rates(told)),
            is_bought=label is not None,
            carrier=rate.carrier if rate else "",
            service=rate.service if rate else "",
            tracking_number=str(told.get("tracking_code") or ""),
            cost=rate.cost if rate else 0,
            currency=rate.currency if rate else "",
            is_given_back=told.get("refund_status") in _GIVEN_BACK,
            page=str((label or {}).get("label_pdf_url") or (label or {}).get("label_url") or ""),
        )
    except (KeyError, TypeError, ValueError, AttributeError, Refusal) as problem:
        raise Unsure(f"EasyPost's answer makes no sense: {problem!r:.100}") from problem


def _rates(told: Mapping[str, Any]) -> Iterator[Rate]:
    for one in told.get("rates") or ():
        yield _rate(one)


def _rate(one: Mapping[str, Any]) -> Rate:
    currency = str(one["currency"]).upper()
    cost = parse_minor(str(one["rate"]), currency)
    carrier = _NAMES.get(str(one["carrier"]), str(one["carrier"]))
    return Rate(str(one["id"]), carrier, str(one["service"]), cost, currency)


def ounces(grams: int) -> float:
    """EasyPost weighs in ounces, to a tenth, and knows no parcel of nothing."""
    return max(0.1, round(grams / GRAMS_OF_OUNCE + 0.05, 1))


def _address(door: Door) -> _Json:
    told = {
        "name": door.name,
        "company": door.company,
        "street1": door.street,
        "street2": door.street2,
        "city": door.city,
        "state": door.region,
        "zip": door.zip,
        "country": door.country,
        "phone": door.phone,
        "email": door.email,
    }
    return {name: value for name, value in told.items() if value}


# --- how a call fails -----------------------------------------------------------------------------


async def _bounded(answer: httpx2.Response, most: int) -> bytes:
    body = b""
    async for chunk in answer.aiter_bytes():
        body += chunk
        if len(body) > most:
            raise Refused(f"the answer has more than {most} bytes")
    return body


def _decoded(body: bytes) -> _Json:
    try:
        found = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as problem:
        raise Unsure("EasyPost's answer is no JSON") from problem
    if not isinstance(found, dict):
        raise Unsure("EasyPost's answer is no object")
    return found


def _problem(status: int, headers: httpx2.Headers, body: bytes) -> Exception:
    if status == 429:
        told = headers.get("retry-after", "")
        return Busy(float(told) if told.isdecimal() and len(told) < 5 else 10.0)
    if status in (401, 403):
        return KeyRefused(f"EasyPost does not take our key ({status})")
    if status >= 500 or status == 408:
        return Unsure(f"EasyPost answered {status}")
    return Refused(f"EasyPost refused: {_words(body) or status}")


def _words(body: bytes) -> str:
    try:
        error = msgspec.json.decode(body)["error"]
        return str(error["message"] if isinstance(error, dict) else error)[:300]
    except (msgspec.DecodeError, UnicodeDecodeError, KeyError, TypeError):
        return ""
