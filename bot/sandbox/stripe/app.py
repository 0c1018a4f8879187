"""The stand-in's HTTP side: a strict part of the API, and `/control/` for whoever drives it."""

from __future__ import annotations

import base64
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.sandbox.shop.wire import Fault, answer, control_routes
from bot.sandbox.stripe.model import Account, Json, No, intent_object, refund_object

Words = dict[str, str]
EXPAND, ORDER_ID, PAGE_MAX = "expand[]", re.compile(r"metadata\[(\w{1,40})\]"), 100


def stripe_app(account: Account) -> Starlette:
    """The account as an ASGI app."""
    api = _Api(account)
    control = control_routes(
        _control(account), account.faults, account.transcript, lambda: _state(account)
    )
    routes = [
        Route(path, api.endpoint(name, act), methods=[method])
        for method, path, name, act in (
            ("GET", "/v1/payment_intents/{id}", "payment_intents.retrieve", api.show_intent),
            ("POST", "/v1/payment_intents/{id}/capture", "payment_intents.capture", api.capture),
            ("POST", "/v1/payment_intents/{id}/cancel", "payment_intents.cancel", api.cancel),
            ("POST", "/v1/refunds", "refunds.create", api.create_refund),
            ("GET", "/v1/refunds", "refunds.list", api.list_refunds),
            ("GET", "/v1/refunds/{id}", "refunds.retrieve", api.show_refund),
        )
    ]
    return Starlette(routes=[*routes, *control])


Act = Callable[[Mapping[str, str], Words], Json]


class _Api:
    """Each call: key, words, fault, a repeated idempotency key, then the account itself."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._answers: dict[str, tuple[str, Words, int, Json]] = {}

    def endpoint(self, name: str, act: Act) -> Callable[[Request], Awaitable[Response]]:
        async def serve(request: Request) -> Response:
            if not self._is_known(request.headers.get("authorization", "")):
                return self._done(name, {}, _refusal(No("Invalid API Key provided", status=401)))
            words = await _words(request)

            async def carry_out() -> Response:
                return self._carry_out(request, act, words)

            made = await answer(self._account.faults, name, carry_out, _misfortune)
            return self._done(name, words, made)

        return serve

    def _is_known(self, header: str) -> bool:
        kind, _, told = header.partition(" ")
        if kind == "Basic":
            told = base64.b64decode(told).decode().rstrip(":")
        return told == self._account.key

    def _carry_out(self, request: Request, act: Act, words: Words) -> Response:
        key, path = request.headers.get("idempotency-key", ""), request.url.path
        if request.method == "GET" or not key:
            return self._first(request, act, words)[1]
        known = self._answers.get(key)
        if known is None:
            status, response, body = self._kept(request, act, words)
            if status == 200:
                self._answers[key] = (path, words, status, body)
            return response
        if known[:2] != (path, words):
            message = "Keys for idempotent requests can only be used with the same parameters"
            error = {"type": "idempotency_error", "message": message}
            return JSONResponse({"error": error}, 400)
        return JSONResponse(known[3], known[2], {"Idempotent-Replayed": "true"})

    def _kept(self, request: Request, act: Act, words: Words) -> tuple[int, Response, Json]:
        body, response = self._first(request, act, words)
        return response.status_code, response, body

    def _first(self, request: Request, act: Act, words: Words) -> tuple[Json, Response]:
        try:
            body = act(request.path_params, words)
        except No as no:
            return {}, _refusal(no)
        return body, JSONResponse(body, background=BackgroundTask(self._account.post.deliver))

    def _done(self, name: str, words: Words, response: Response) -> Response:
        body = bytes(response.body) if hasattr(response, "body") else b""
        self._account.transcript.record("in", name, words, response.status_code, body)
        return response

    # --- the calls --------------------------------------------------------------------------------

    def show_intent(self, path: Mapping[str, str], words: Words) -> Json:
        _require(words)
        return intent_object(self._account.intent(path["id"]), whole=EXPAND in words)

    def capture(self, path: Mapping[str, str], words: Words) -> Json:
        _require(words, "amount_to_capture", "final_capture")
        intent = self._account.intent(path["id"])
        told = words.get("amount_to_capture")
        amount = intent.capturable if told is None else _whole(words, "amount_to_capture")
        self._account.take(intent, amount, last=words.get("final_capture", "true") == "true")
        return intent_object(intent, whole=EXPAND in words)

    def cancel(self, path: Mapping[str, str], words: Words) -> Json:
        _require(words, "cancellation_reason")
        intent = self._account.intent(path["id"])
        self._account.let_go(intent, words.get("cancellation_reason"))
        return intent_object(intent, whole=EXPAND in words)

    def create_refund(self, _: Mapping[str, str], words: Words) -> Json:
        _require(words, "payment_intent", "amount", "reason")
        intent = self._account.intent(words.get("payment_intent", ""))
        amount = _whole(words, "amount") if "amount" in words else intent.received - intent.refunded
        return refund_object(self._account.give_back(intent, amount, _metadata(words)))

    def list_refunds(self, _: Mapping[str, str], words: Words) -> Json:
        _require(words, "payment_intent", "created[gte]", "limit", "starting_after")
        found = list(self._account.refunds.values())[::-1]
        if "payment_intent" in words:
            found = [one for one in found if one.intent.id == words["payment_intent"]]
        if "created[gte]" in words:
            since = _whole(words, "created[gte]")
            found = [one for one in found if one.created.timestamp() >= since]
        if "starting_after" in words:
            names = [one.id for one in found]
            found = found[names.index(words["starting_after"]) + 1 :]
        limit = _whole(words, "limit") if "limit" in words else 10
        if not 1 <= limit <= PAGE_MAX:
            raise No("Invalid integer: limit", param="limit")
        page = [refund_object(one) for one in found[:limit]]
        more = len(found) > limit
        return {"object": "list", "url": "/v1/refunds", "has_more": more, "data": page}

    def show_refund(self, path: Mapping[str, str], words: Words) -> Json:
        _require(words)
        if path["id"] not in self._account.refunds:
            raise No(f"No such refund: '{path['id']}'", "resource_missing", 404)
        return refund_object(self._account.refunds[path["id"]])


async def _words(request: Request) -> Words:
    if request.method == "GET":
        return dict(request.query_params)
    return dict(parse_qsl((await request.body()).decode(), keep_blank_values=True))


def _require(words: Words, *known: str) -> None:
    for name in words:
        if name not in (*known, EXPAND) and not ORDER_ID.fullmatch(name):
            raise No(f"Received unknown parameter: {name}", "parameter_unknown", param=name)


def _metadata(words: Words) -> dict[str, str]:
    found = {match[1]: value for name, value in words.items() if (match := ORDER_ID.match(name))}
    if any(len(value) > 500 for value in found.values()):
        raise No("Metadata values can have up to 500 characters.", param="metadata")
    return found


def _whole(words: Words, name: str) -> int:
    if not words.get(name, "").isdecimal():
        raise No(f"Invalid integer: {words.get(name, '')}", "parameter_invalid_integer", param=name)
    return int(words[name])


def _refusal(no: No) -> Response:
    return JSONResponse(no.shown(), no.status)


def _misfortune(fault: Fault) -> Response:
    if fault.kind == "rate":
        error = {"type": "invalid_request_error", "code": "rate_limit", "message": "Too many"}
        return JSONResponse({"error": error}, 429, {"Retry-After": str(fault.retry_after)})
    error = {"type": "api_error", "message": fault.text or "An unknown error occurred"}
    return JSONResponse({"error": error}, fault.status)


def _control(account: Account) -> dict[str, Callable[..., Any]]:
    acts: dict[str, Callable[..., Any]] = {
        "pay": account.pay,
        "refund_in_dashboard": account.refund_in_dashboard,
        "end_refund": account.end_refund,
        "expire": account.expire,
        "dispute": account.dispute,
        "move_dispute": account.move_dispute,
    }
    return {
        **acts,
        "travel": account.post.travel,
        "connect": account.post.connect,
        "deliver": account.post.deliver,
    }


def _state(account: Account) -> Json:
    return {
        "payments": [intent_object(one) for one in account.intents.values()],
        "refunds": [refund_object(one) for one in account.refunds.values()],
    }
