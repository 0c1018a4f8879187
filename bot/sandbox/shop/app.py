"""The store's HTTP side: Admin GraphQL for apps, `/control/` for whoever drives the stand-in."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import partial, wraps
from typing import Any

from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.sandbox.shop import acts
from bot.sandbox.shop.execute import Plan, plan, run, spent
from bot.sandbox.shop.language import GraphQLError
from bot.sandbox.shop.model import Order
from bot.sandbox.shop.reading import questions
from bot.sandbox.shop.returning import Returns
from bot.sandbox.shop.store import Shop
from bot.sandbox.shop.throttle import MAX_QUERY_COST, Bucket, Seconds
from bot.sandbox.shop.webhooks import API_VERSION
from bot.sandbox.shop.wire import Fault, answer, control_routes
from bot.sandbox.shop.writing import mutations

GRAPHQL = f"/admin/api/{API_VERSION}/graphql.json"


def shop_app(shop: Shop, seconds: Seconds | None = None) -> Starlette:
    """The store as an ASGI app; `seconds` is the clock of the throttle (monotonic by default)."""
    admin = Admin(shop, Bucket(seconds))
    graphql = Route(GRAPHQL, admin.endpoint, methods=["POST"])
    control = control_routes(_control(shop), shop.faults, shop.transcript, partial(_state, shop))
    return Starlette(routes=[graphql, *control])


class Admin:
    """The GraphQL endpoint: token, document, cost, faults, then the shop itself."""

    def __init__(self, shop: Shop, bucket: Bucket) -> None:
        self._shop, self._bucket = shop, bucket
        self._resolvers = {**questions(shop, Returns(shop).questions()), **mutations(shop)}

    async def endpoint(self, request: Request) -> Response:
        if request.headers.get("X-Shopify-Access-Token") != self._shop.token:
            return self._done("*", {}, _unauthorized())
        try:
            asked = json.loads(await request.body())
            made = plan(asked["query"], asked.get("operationName"), asked.get("variables") or {})
        except (ValueError, KeyError, TypeError, AttributeError):
            return self._done("*", {}, _bad_json())
        except GraphQLError as error:
            return self._done("*", asked, _errors([error]))
        if made.errors:
            return self._done("*", asked, _errors(made.errors))
        name = made.roots()[0]
        act = partial(self._act, made)
        refuse = partial(self._refuse, made)
        return self._done(name, asked, await answer(self._shop.faults, name, act, refuse))

    async def _act(self, made: Plan) -> Response:
        if made.cost > MAX_QUERY_COST:
            message = f"Query cost is {made.cost}, which exceeds the limit of {MAX_QUERY_COST}"
            return _errors([GraphQLError(message, "MAX_COST_EXCEEDED")])
        if not self._bucket.spend(made.cost):
            return self._throttled(made)
        try:
            data = run(made, self._resolvers)
        except GraphQLError as error:
            return _errors([error])
        actual = min(made.cost, spent(made, data))
        self._bucket.give_back(made.cost - actual)
        body = {"data": data, "extensions": self._bucket.shown(made.cost, actual)}
        return JSONResponse(body, background=BackgroundTask(self._shop.webhooks.deliver))

    def _refuse(self, made: Plan, fault: Fault) -> Response:
        if fault.kind == "throttle":
            return self._throttled(made)
        if fault.kind == "rate":
            return JSONResponse(
                {"errors": "Exceeded API rate limit"}, 429, {"Retry-After": str(fault.retry_after)}
            )
        return JSONResponse({"errors": fault.text or "Internal Server Error"}, fault.status)

    def _throttled(self, made: Plan) -> Response:
        body = {
            "errors": [{"message": "Throttled", "extensions": {"code": "THROTTLED"}}],
            "extensions": self._bucket.shown(made.cost, None),
        }
        return JSONResponse(body)

    def _done(self, name: str, asked: Any, response: Response) -> Response:
        body = bytes(response.body) if hasattr(response, "body") else b""
        self._shop.transcript.record("in", name, asked, response.status_code, body)
        return response


def _errors(errors: list[GraphQLError]) -> Response:
    return JSONResponse({"errors": [error.shown() for error in errors]})


def _unauthorized() -> Response:
    sentence = "[API] Invalid API key or access token (unrecognized login or wrong password)"
    return JSONResponse({"errors": sentence}, 401)


def _bad_json() -> Response:
    return JSONResponse({"errors": {"query": "Required parameter missing or invalid"}}, 400)


def _control(shop: Shop) -> dict[str, Callable[..., Any]]:
    plain: Mapping[str, Callable[..., Any]] = {
        "place_order": acts.place_order,
        "edit_order": acts.edit_order,
        "pay": acts.pay,
        "capture": acts.capture_in_admin,
        "cancel": acts.cancel,
        "refund": acts.refund,
        "fulfill": acts.fulfill_in_admin,
        "update_tracking": acts.update_tracking,
        "set_stock": acts.set_stock,
        "dispute": acts.dispute,
    }
    return {
        **{name: _told(shop, act) for name, act in plain.items()},
        "connect": shop.connect,
        "deliver": partial(_deliver, shop),
    }


def _told(shop: Shop, act: Callable[..., Any]) -> Callable[..., Any]:
    """The act with its webhooks sent at once; its signature stays, so that words are checked."""

    @wraps(act)
    async def carry_out(*words: Any, **named: Any) -> Any:
        result = act(*words, **named)
        await shop.webhooks.deliver()
        return _order(result) if isinstance(result, Order) else result

    return partial(carry_out, shop)


async def _deliver(shop: Shop, everything: bool = False) -> list[dict[str, Any]]:
    """Send the webhooks that are due now, or (`everything`) all that wait."""
    sent = await shop.webhooks.deliver(everything)
    return [{"topic": one.topic, "state": one.state, "statuses": one.statuses} for one in sent]


def _state(shop: Shop) -> dict[str, Any]:
    return {
        "domain": shop.domain,
        "orders": [_order(order) for order in shop.orders.values()],
        "stock": {
            variant.sku: {
                place.code: shop.level(variant, place.id).available for place in shop.locations
            }
            for variant in shop.variants
        },
        "subscriptions": shop.webhooks.subscriptions,
        "webhooks_waiting": len(shop.webhooks.due(everything=True)),
    }


def _order(order: Order) -> dict[str, Any]:
    return {
        "id": order.id,
        "name": order.name,
        "customer": order.customer,
        "source": order.source_name,
        "total": order.current_total,
        "currency": order.currency,
        "financial_status": order.financial_status,
        "fulfillment_status": order.fulfillment_status,
        "cancelled_at": order.cancelled_at,
        "created_at": order.created_at,
        "updated_at": order.updated_at,
        "lines": {line.sku: line.current for line in order.lines},
        "tracking": [one.tracking_number for one in order.fulfillments],
        "tags": order.tags,
        "note": order.note,
    }
