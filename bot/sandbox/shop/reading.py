"""The questions of the Admin API that the stand-in answers."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from bot.sandbox.shop.catalog import Location, Variant
from bot.sandbox.shop.execute import Resolver
from bot.sandbox.shop.goods import (
    Object,
    gid,
    item_object,
    location_object,
    shop_object,
    subscription_object,
    variant_object,
)
from bot.sandbox.shop.language import GraphQLError
from bot.sandbox.shop.model import Order
from bot.sandbox.shop.objects import order_object, work_object
from bot.sandbox.shop.store import Shop

_TERM = re.compile(r"""^(?P<key>\w+):(?P<op><=|>=|<|>)?(?P<value>'[^']*'|"[^"]*"|\S+)$""")
_PIECE = re.compile(r"""\w+:(?:<=|>=|<|>)?(?:'[^']*'|"[^"]*"|\S+)|\S+""")
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    ">=": operator.ge,
    ">": operator.gt,
    "<=": operator.le,
    "<": operator.lt,
    "": operator.eq,
}
_SORTS: dict[str, Callable[[Order], Any]] = {
    "UPDATED_AT": lambda order: order.updated_at,
    "CREATED_AT": lambda order: order.created_at,
    "PROCESSED_AT": lambda order: order.created_at,
    "ORDER_NUMBER": lambda order: order.number,
    "ID": lambda order: order.id,
}


def questions(
    shop: Shop, more: Mapping[str, Callable[[dict[str, Any]], Any]] | None = None
) -> dict[str, Resolver]:
    """Root field of Query → how it is answered."""
    asked: dict[str, Callable[[dict[str, Any]], Any]] = {
        "shop": lambda _: shop_object(shop),
        "order": lambda words: _order(shop, words["id"]),
        "orders": lambda words: _orders(shop, words),
        "fulfillmentOrder": lambda words: _work(shop, words["id"]),
        "job": lambda words: {"id": words["id"], "done": True},
        "location": lambda words: _location(shop, words.get("id")),
        "locations": lambda _: [location_object(one) for one in shop.locations],
        "inventoryItem": lambda words: _item(shop, words["id"]),
        "inventoryItems": lambda words: [
            item_object(shop, one) for one in _variants(shop, words.get("query"))
        ],
        "productVariant": lambda words: _variant(shop, words["id"]),
        "productVariants": lambda words: [
            variant_object(shop, one) for one in _variants(shop, words.get("query"))
        ],
        "webhookSubscriptions": lambda words: _subscriptions(shop, words.get("topics")),
        **(more or {}),
    }
    return {name: _without_directives(answer) for name, answer in asked.items()}


def _without_directives(answer: Callable[[dict[str, Any]], Any]) -> Resolver:
    return lambda words, _directives: answer(words)


def find_order(shop: Shop, wanted: str) -> Order | None:
    return next((one for one in shop.orders.values() if gid("Order", one.id) == wanted), None)


def find_variant(shop: Shop, wanted: str) -> Variant | None:
    ids = ((gid("InventoryItem", one.inventory_item_id), one) for one in shop.variants)
    return next((one for name, one in ids if name == wanted), None)


def find_location(shop: Shop, wanted: str) -> Location | None:
    return next((one for one in shop.locations if gid("Location", one.id) == wanted), None)


def _order(shop: Shop, wanted: str) -> Object | None:
    found = find_order(shop, wanted)
    return order_object(shop, found) if found else None


def _work(shop: Shop, wanted: str) -> Object | None:
    for order in shop.orders.values():
        for work in order.work:
            if gid("FulfillmentOrder", work.id) == wanted:
                return work_object(shop, order, work)
    return None


def _location(shop: Shop, wanted: str | None) -> Object | None:
    found = find_location(shop, wanted) if wanted else shop.locations[0]
    return location_object(found) if found else None


def _item(shop: Shop, wanted: str) -> Object | None:
    found = find_variant(shop, wanted)
    return item_object(shop, found) if found else None


def _variant(shop: Shop, wanted: str) -> Object | None:
    found = (one for one in shop.variants if gid("ProductVariant", one.id) == wanted)
    return next((variant_object(shop, one) for one in found), None)


def _variants(shop: Shop, query: str | None) -> list[Variant]:
    tests = _tests(query, {"sku": lambda one: one.sku})
    return [one for one in shop.variants if all(test(one) for test in tests)]


def _subscriptions(shop: Shop, topics: list[str] | None) -> list[Object]:
    shown = [subscription_object(one) for one in shop.webhooks.subscriptions]
    return [one for one in shown if topics is None or one["topic"] in topics]


def _orders(shop: Shop, words: Mapping[str, Any]) -> list[Object]:
    tests = _tests(
        words.get("query"),
        {
            "updated_at": lambda order: order.updated_at,
            "created_at": lambda order: order.created_at,
            "processed_at": lambda order: order.created_at,
            "id": lambda order: str(order.id),
            "name": lambda order: order.name.removeprefix("#"),
            "status": _status,
            "source_name": lambda order: order.source_name,
            "financial_status": lambda order: order.financial_status,
        },
    )
    place = _SORTS[words["sortKey"]]
    found = [one for one in shop.orders.values() if all(test(one) for test in tests)]
    found.sort(key=lambda one: (place(one), one.id), reverse=words["reverse"])
    return [{**order_object(shop, one), "_sort": (str(place(one)), one.id)} for one in found]


def _status(order: Order) -> str:
    if order.cancelled_at:
        return "cancelled"
    return "closed" if order.closed_at else "open"


def _tests(
    query: str | None, fields: Mapping[str, Callable[[Any], Any]]
) -> list[Callable[[Any], bool]]:
    """Shopify's search words, as far as listed; strict where Shopify would silently ignore."""
    pieces = [piece for piece in _PIECE.findall(query or "") if piece != "AND"]
    return [_test(piece, fields) for piece in pieces if piece != "status:any"]


def _test(piece: str, fields: Mapping[str, Callable[[Any], Any]]) -> Callable[[Any], bool]:
    match = _TERM.match(piece)
    if match is None or match["key"] not in fields:
        raise GraphQLError(f"The stand-in does not know the search term {piece}", "BAD_REQUEST")
    read, compare = fields[match["key"]], _COMPARE[match["op"] or ""]
    wanted: Any = match["value"].strip("'\"").removeprefix("#")
    if match["key"].endswith("_at"):
        wanted = _when(wanted)
    return lambda one: compare(read(one), wanted)


def _when(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise GraphQLError(f"{text} is not a date", "BAD_REQUEST") from error
    return found if found.tzinfo else found.replace(tzinfo=UTC)
