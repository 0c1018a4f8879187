"""Reading the store's books through the Admin API: variants, places and levels, page by page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Generic, TypeVar

import msgspec
from msgspec import Struct

from core.integrations.channels.shopify.access import Store
from core.integrations.channels.shopify.client import NotUnderstood

T = TypeVar("T")

PAGE = 100
PAGE_WITH_LEVELS = 40

NEXT = "pageInfo { hasNextPage endCursor }"
LEVELS = f"""{{ {NEXT} nodes {{
  location {{ id name }} quantities(names: ["available"]) {{ quantity }} }} }}"""
VARIANTS = f"""query Variants($first: Int!, $after: String) {{
  productVariants(first: $first, after: $after) {{ {NEXT} nodes {{
    id sku title barcode price product {{ title }}
    inventoryItem {{ id tracked measurement {{ weight {{ value unit }} }} }} }} }} }}"""
VARIANTS_WITH_LEVELS = f"""query Stock($first: Int!, $after: String) {{
  productVariants(first: $first, after: $after) {{ {NEXT} nodes {{
    id sku title barcode price product {{ title }}
    inventoryItem {{ id tracked inventoryLevels(first: 30) {LEVELS} }} }} }} }}"""
MORE_LEVELS = f"""query MoreLevels($id: ID!, $first: Int!, $after: String) {{
  inventoryItem(id: $id) {{ inventoryLevels(first: $first, after: $after) {LEVELS} }} }}"""
PLACES = f"""query Places($first: Int!, $after: String) {{
  locations(first: $first, after: $after) {{ {NEXT} nodes {{
    id name fulfillsOnlineOrders address {{ address1 zip city countryCode }} }} }} }}"""
CURRENCY = "query Currency { shop { currencyCode } }"


class Cursor(Struct, rename="camel"):
    has_next_page: bool
    end_cursor: str | None = None


class Page(Struct, Generic[T], rename="camel"):
    nodes: list[T]
    page_info: Cursor


class Weight(Struct):
    value: float
    unit: str


class Measurement(Struct):
    weight: Weight | None = None


class Product(Struct):
    title: str


class Shelf(Struct):
    """A place as a level of stock names it."""

    id: str
    name: str


class Quantity(Struct):
    quantity: int


class Level(Struct):
    location: Shelf
    quantities: list[Quantity]


class Item(Struct, rename="camel"):
    id: str
    tracked: bool
    measurement: Measurement | None = None
    inventory_levels: Page[Level] | None = None

    def available(self) -> Iterator[tuple[Shelf, int]]:
        for level in self.inventory_levels.nodes if self.inventory_levels else ():
            yield level.location, sum(one.quantity for one in level.quantities)


class Variant(Struct, rename="camel"):
    id: str
    title: str
    price: str
    product: Product
    inventory_item: Item
    sku: str | None = None
    barcode: str | None = None


class Address(Struct, rename="camel"):
    address1: str | None = None
    zip: str | None = None
    city: str | None = None
    country_code: str | None = None


class Place(Struct, rename="camel"):
    id: str
    name: str
    fulfills_online_orders: bool = True
    address: Address | None = None


async def read_currency(store: Store) -> str:
    answer = await store.ask_patiently(CURRENCY)
    return read(answer, dict[str, dict[str, str]])["shop"]["currencyCode"]


async def read_places(store: Store) -> list[Place]:
    return await read_all(store, PLACES, "locations", Page[Place])


async def read_variants(store: Store, *, with_levels: bool = False) -> list[Variant]:
    """Every variant, in the store's own order; with what is available where when asked for."""
    if not with_levels:
        return await read_all(store, VARIANTS, "productVariants", Page[Variant])
    variants = await read_all(
        store, VARIANTS_WITH_LEVELS, "productVariants", Page[Variant], PAGE_WITH_LEVELS
    )
    for variant in variants:
        await _complete(store, variant.inventory_item)
    return variants


async def _complete(store: Store, item: Item) -> None:
    """The rest of an item's levels, where it lies at more places than a page holds."""
    levels = item.inventory_levels
    while levels and levels.page_info.has_next_page:
        after = levels.page_info.end_cursor
        answer = await store.ask_patiently(MORE_LEVELS, id=item.id, first=PAGE, after=after)
        more = read((answer.get("inventoryItem") or {}).get("inventoryLevels"), Page[Level])
        levels.nodes += more.nodes
        levels.page_info = _onward(more.page_info, after)


async def read_all(
    store: Store, document: str, field: str, shape: type[Page[T]], size: int = PAGE
) -> list[T]:
    """All pages of a list; where the store asks for patience, it gets it."""
    found: list[T] = []
    after: str | None = None
    while True:
        answer = await store.ask_patiently(document, first=size, after=after)
        page = read(answer.get(field), shape)
        found += page.nodes
        if not page.page_info.has_next_page:
            return found
        after = _onward(page.page_info, after).end_cursor


def _onward(cursor: Cursor, before: str | None) -> Cursor:
    if cursor.has_next_page and cursor.end_cursor in (None, before):
        raise NotUnderstood("the shop's list does not go on where it says")
    return cursor


def read(told: Any, shape: type[T]) -> T:
    try:
        return msgspec.convert(told, shape)
    except msgspec.ValidationError as problem:
        raise NotUnderstood(f"the shop's answer is not as documented: {problem}") from problem
