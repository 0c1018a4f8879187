"""The Admin API over HTTP: one question at a time, and every way it can go wrong told apart."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx2
import msgspec

from core.domain.values import dataclass
from core.integrations import calling

API_VERSION = "2026-10"
ANSWER_BYTES_MAX = 8_000_000
CONNECT_SECONDS, ANSWER_SECONDS = 5.0, 30.0


class ShopifyProblem(Exception):
    """Base of what can go wrong between us and the shop."""


class Busy(ShopifyProblem):
    """The shop asks for patience; nothing was done."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"the shop asks to wait {seconds:.0f} s")
        self.seconds = seconds


class NotReached(ShopifyProblem):
    """The shop could not be reached; nothing was done."""


class TokenRefused(ShopifyProblem):
    """The access token is not valid (any more): a person has to look at the connection."""


class Unsure(ShopifyProblem):
    """It was sent and no clear answer came: it may have happened."""


class NotUnderstood(ShopifyProblem):
    """The shop rejects the question itself: asking again changes nothing."""


@dataclass(frozen=True, slots=True)
class AdminApi:
    """One store. `base` is its address, or that of a stand-in."""

    http: httpx2.AsyncClient
    base: str
    token: str

    async def ask(self, document: str, /, **variables: Any) -> dict[str, Any]:
        """The `data` of an answer without errors; anything else is a ShopifyProblem."""
        status, headers, body = await self._post({"query": document, "variables": variables})
        if status == 429:
            raise Busy(_seconds(headers.get("Retry-After", "")))
        if status in (401, 403):
            raise TokenRefused("the shop does not accept our access token")
        if status >= 500:
            raise Unsure(f"the shop answered {status}")
        if status != 200:
            raise NotUnderstood(f"the shop answered {status}")
        return _data(_decoded(body))

    async def _post(self, asked: Mapping[str, Any]) -> tuple[int, httpx2.Headers, bytes]:
        url = f"{self.base.rstrip('/')}/admin/api/{API_VERSION}/graphql.json"
        headers = {"X-Shopify-Access-Token": self.token, "Content-Type": "application/json"}
        content = msgspec.json.encode(asked)
        try:
            async with self.http.stream("POST", url, content=content, headers=headers) as answer:
                return answer.status_code, answer.headers, await _bounded(answer)
        except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout) as problem:
            raise NotReached(f"the shop cannot be reached ({type(problem).__name__})") from problem
        except httpx2.HTTPError as problem:
            raise Unsure(f"no whole answer came ({type(problem).__name__})") from problem


def new_http() -> httpx2.AsyncClient:
    return calling.new_http(httpx2.Timeout(ANSWER_SECONDS, connect=CONNECT_SECONDS))


async def _bounded(answer: httpx2.Response) -> bytes:
    body = bytearray()
    async for piece in answer.aiter_bytes():
        body += piece
        if len(body) > ANSWER_BYTES_MAX:
            raise Unsure("the shop's answer does not end")
    return bytes(body)


def _decoded(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as problem:
        raise Unsure("the shop's answer is not JSON") from problem


def _data(answer: Any) -> dict[str, Any]:
    if not isinstance(answer, dict):
        raise Unsure("the shop's answer has no shape we know")
    errors = answer.get("errors")
    if errors:
        raise _problem(answer, errors)
    data = answer.get("data")
    if not isinstance(data, dict):
        raise Unsure("the shop's answer has no data")
    return data


def _problem(answer: Mapping[str, Any], errors: Any) -> ShopifyProblem:
    found = errors if isinstance(errors, list) else [{"message": str(errors)}]
    if any(_code(error) == "THROTTLED" for error in found):
        return Busy(_refill_seconds(answer))
    return NotUnderstood("; ".join(str(error.get("message", error))[:200] for error in found[:3]))


def _code(error: Mapping[str, Any]) -> str:
    return str((error.get("extensions") or {}).get("code", ""))


def _refill_seconds(answer: Mapping[str, Any]) -> float:
    """How long the leaky bucket needs until this question fits."""
    cost = (answer.get("extensions") or {}).get("cost") or {}
    bucket = cost.get("throttleStatus") or {}
    missing = cost.get("requestedQueryCost", 100) - bucket.get("currentlyAvailable", 0)
    return float(max(1.0, missing / max(1.0, bucket.get("restoreRate", 100.0))))


def _seconds(text: str) -> float:
    try:
        return min(600.0, max(1.0, float(text)))
    except ValueError:
        return 2.0
