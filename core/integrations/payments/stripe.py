"""Stripe over plain HTTP: payment intents and refunds, and every way a call can go wrong."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from typing import Any, Literal
from urllib.parse import urlencode

import httpx2
import msgspec

from core.domain.values import dataclass
from core.integrations.payments.port import (
    Busy,
    Held,
    KeyRefused,
    NotReached,
    Owed,
    PaidBack,
    Refused,
    Unsure,
)

API_URL = "https://api.stripe.com"
API_VERSION = "2026-10-28.endive"
KEY = "wismo_key"  # where our key stands in the metadata of what we made
ORDER = "wismo_order"
PAGE = 100
PAGES_MAX = 200
ANSWER_BYTES_MAX = 8_000_000
NOTE_MAX = 450  # of 500 characters that a value of metadata may have
# Stripe writes these with two decimals, although they have none.
_STRETCHED = {"ISK": 100, "UGX": 100}

_Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Stripe:
    """One account; a Gateway. `base` is Stripe's address, or that of a stand-in."""

    http: httpx2.AsyncClient
    key: str
    base: str = API_URL

    async def look(self, payment: str) -> Held:
        words = {"expand[]": "latest_charge"}
        return held_of(await self._ask("GET", f"/v1/payment_intents/{payment}", words))

    async def capture(
        self, payment: str, amount: int, currency: str, key: str, *, last: bool
    ) -> Held:
        words: _Json = {
            "amount_to_capture": to_stripe(amount, currency),
            "expand[]": "latest_charge",
        }
        if not last:
            words["final_capture"] = "false"
        path = f"/v1/payment_intents/{payment}/capture"
        return held_of(await self._ask("POST", path, words, key))

    async def release(self, payment: str, key: str) -> Held:
        words = {"cancellation_reason": "requested_by_customer", "expand[]": "latest_charge"}
        path = f"/v1/payment_intents/{payment}/cancel"
        return held_of(await self._ask("POST", path, words, key))

    async def refund(self, owed: Owed) -> PaidBack:
        words = {
            "payment_intent": owed.payment,
            "amount": to_stripe(owed.amount, owed.currency),
            f"metadata[{KEY}]": owed.key,
            f"metadata[{ORDER}]": owed.order,
            "metadata[note]": owed.note[:NOTE_MAX],
        }
        return paid_back_of(await self._ask("POST", "/v1/refunds", words, owed.key))

    async def refunds_of(self, payment: str) -> list[PaidBack]:
        return [one async for one in self._refunds({"payment_intent": payment})]

    async def refunds_since(self, moment: datetime) -> AsyncIterator[PaidBack]:
        async for one in self._refunds({"created[gte]": int(moment.timestamp())}):
            yield one

    async def _refunds(self, words: Mapping[str, Any]) -> AsyncIterator[PaidBack]:
        after: dict[str, Any] = {}
        for _ in range(PAGES_MAX):
            answer = await self._ask("GET", "/v1/refunds", {"limit": PAGE, **words, **after})
            for one in answer["data"]:
                yield paid_back_of(one)
            if not answer["has_more"]:
                return
            after = {"starting_after": answer["data"][-1]["id"]}

    async def _ask(self, method: str, path: str, words: Mapping[str, Any], key: str = "") -> _Json:
        status, headers, body = await self._send(method, path, urlencode(words), key)
        if status == 200:
            return _decoded(body)
        raise _problem(status, headers, body)

    async def _send(
        self, method: str, path: str, words: str, key: str
    ) -> tuple[int, httpx2.Headers, bytes]:
        url, content = f"{self.base.rstrip('/')}{path}", b""
        headers = {"Authorization": f"Bearer {self.key}", "Stripe-Version": API_VERSION}
        if method == "GET":
            url = f"{url}?{words}" if words else url
        else:
            content = words.encode()
            headers |= {"Content-Type": "application/x-www-form-urlencoded", "Idempotency-Key": key}
        try:
            async with self.http.stream(method, url, content=content, headers=headers) as answer:
                return answer.status_code, answer.headers, await _bounded(answer)
        except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout) as problem:
            raise NotReached(f"Stripe cannot be reached ({type(problem).__name__})") from problem
        except httpx2.HTTPError as problem:
            raise Unsure(f"no whole answer came ({type(problem).__name__})") from problem


def to_stripe(amount: int, currency: str) -> int:
    return amount * _STRETCHED.get(currency.upper(), 1)


def from_stripe(amount: int, currency: str) -> int:
    return amount // _STRETCHED.get(currency.upper(), 1)


# --- what Stripe tells, as the port has it --------------------------------------------------------


def held_of(intent: Mapping[str, Any]) -> Held:
    """A payment intent; one that asks for a customer, or failed, has nothing set aside."""
    currency, status = str(intent["currency"]).upper(), intent["status"]
    captured = from_stripe(intent["amount_received"], currency)
    is_secured = status in ("requires_capture", "succeeded")
    return Held(
        payment=intent["id"],
        currency=currency,
        authorized=from_stripe(intent["amount"], currency) if is_secured else captured,
        captured=captured,
        is_open=status == "requires_capture",
        expires_at=_expiry(intent),
        order=str((intent.get("metadata") or {}).get(ORDER, "")),
    )


def _expiry(intent: Mapping[str, Any]) -> datetime | None:
    """Until when Stripe would capture, where it told the charge with the intent."""
    charge = intent.get("latest_charge")
    if not isinstance(charge, Mapping):
        return None
    details = charge.get("payment_method_details") or {}
    ends = (details.get("card") or {}).get("capture_before")
    return datetime.fromtimestamp(ends, UTC) if ends else None


_STATES: dict[str, Literal["succeeded", "failed"]] = {
    "succeeded": "succeeded",
    "failed": "failed",
    "canceled": "failed",
}


def paid_back_of(refund: Mapping[str, Any]) -> PaidBack:
    currency = str(refund["currency"]).upper()
    return PaidBack(
        id=refund["id"],
        payment=refund.get("payment_intent") or refund.get("charge") or "",
        amount=from_stripe(refund["amount"], currency),
        currency=currency,
        state=_STATES.get(refund.get("status") or "", "pending"),
        key=str((refund.get("metadata") or {}).get(KEY, "")),
        reason=str(refund.get("failure_reason") or refund.get("reason") or ""),
        at=datetime.fromtimestamp(refund["created"], UTC),
    )


# --- how it fails ---------------------------------------------------------------------------------


def _problem(status: int, headers: httpx2.Headers, body: bytes) -> Exception:
    """Only an answer that says so means that nothing was done."""
    if status == 429 or status == 409:  # 409: another call with this key is under way
        return Busy(_seconds(headers.get("Retry-After", "")))
    if status in (401, 403):
        return KeyRefused("Stripe does not accept our key")
    if status >= 500:
        return Unsure(f"Stripe answered {status}")
    error = _error(body)
    return Refused(str(error.get("message") or f"Stripe answered {status}"), _code(error))


def _code(error: Mapping[str, Any]) -> str:
    return str(error.get("code") or error.get("type") or "")


def _error(body: bytes) -> Mapping[str, Any]:
    try:
        found = msgspec.json.decode(body).get("error")
    except (msgspec.DecodeError, UnicodeDecodeError, AttributeError):
        return {}
    return found if isinstance(found, dict) else {}


def _decoded(body: bytes) -> _Json:
    try:
        answer = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as problem:
        raise Unsure("Stripe's answer is not JSON") from problem
    if not isinstance(answer, dict):
        raise Unsure("Stripe's answer has no shape we know")
    return answer


async def _bounded(answer: httpx2.Response) -> bytes:
    body = bytearray()
    async for piece in answer.aiter_bytes():
        body += piece
        if len(body) > ANSWER_BYTES_MAX:
            raise Unsure("Stripe's answer does not end")
    return bytes(body)


def _seconds(text: str) -> float:
    try:
        return min(600.0, max(1.0, float(text)))
    except ValueError:
        return 2.0
