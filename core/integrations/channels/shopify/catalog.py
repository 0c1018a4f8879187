"""The store's catalog, its places and its stock, turned into rows that our imports take."""

from __future__ import annotations

import re
import shlex
import unicodedata
from collections.abc import Collection, Sequence
from itertools import count
from typing import Any

from core.commands.imports import ImportedRow
from core.domain.money import parse_minor
from core.domain.shop import Connection, Location
from core.domain.values import dataclass
from core.integrations.channels.shopify.access import Store, place_of
from core.integrations.channels.shopify.books import (
    Place,
    Variant,
    read_currency,
    read_places,
    read_variants,
)
from core.integrations.channels.shopify.nodes import number_of

UNTITLED = ("", "Default Title")  # what the store calls the only variant of a product
SKU_MAX = 100
GRAMS = {"GRAMS": 1.0, "KILOGRAMS": 1000.0, "OUNCES": 28.349523125, "POUNDS": 453.59237}
CODE_LETTERS = 3


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What stands in the store and cannot come in as it is, and why; `line` counts from 1."""

    line: int
    name: str
    says: str


@dataclass(frozen=True, slots=True)
class Found:
    """The store's things as rows, and those that a person has to look at first."""

    rows: tuple[ImportedRow, ...]
    left_out: tuple[LeftOut, ...]


# --- products ----------------------------------------------------------------------------------


async def find_products(store: Store) -> Found:
    """Every variant with a SKU of its own as a product."""
    currency = await read_currency(store)
    good, left_out = with_own_sku(await read_variants(store))
    if currency != store.shop.currency:
        words = f"are in {currency}, the shop counts in {store.shop.currency}: they are left out"
        left_out.append(LeftOut(0, "prices", words))
    rows = (
        ImportedRow(
            line,
            sku,
            about(variant, currency if currency == store.shop.currency else ""),
            {store.connection.name: number_of(variant.inventory_item.id)},
        )
        for line, sku, variant in good
    )
    return Found(tuple(rows), tuple(left_out))


def with_own_sku(
    variants: Sequence[Variant],
) -> tuple[list[tuple[int, str, Variant]], list[LeftOut]]:
    """Variants that a SKU names, numbered; where two share one, nobody knows which is meant."""
    named = [(line, (one.sku or "").strip(), one) for line, one in enumerate(variants, 1)]
    sharing: dict[str, list[int]] = {}
    for line, sku, _ in named:
        sharing.setdefault(sku.casefold(), []).append(line)
    good, left_out = [], []
    for line, sku, variant in named:
        why = _why_not(sku, len(sharing[sku.casefold()]))
        if why:
            left_out.append(LeftOut(line, _full_title(variant), why))
        else:
            good.append((line, sku, variant))
    return good, left_out


def _why_not(sku: str, sharing: int) -> str:
    if not sku:
        return "has no SKU; give it one in the store"
    if len(sku) > SKU_MAX:
        return f"has a SKU of more than {SKU_MAX} characters; shorten it in the store"
    if sharing > 1:
        return f"shares the SKU {sku} with {sharing - 1} more; give each its own in the store"
    return ""


def _full_title(variant: Variant) -> str:
    own = "" if variant.title in UNTITLED else f", {variant.title}"
    return f"{variant.product.title}{own}"


def about(variant: Variant, currency: str) -> dict[str, Any]:
    """What the store says of a product; where it says nothing, ours stays."""
    told: dict[str, Any] = {"title": _full_title(variant), "barcode": variant.barcode or ""}
    told["weight"] = _grams(variant)
    told = {name: value for name, value in told.items() if value}
    return told | ({"price": parse_minor(variant.price, currency)} if currency else {})


def _grams(variant: Variant) -> int:
    measured = variant.inventory_item.measurement
    weight = measured.weight if measured else None
    return round(weight.value * GRAMS.get(weight.unit, 0.0)) if weight else 0


# --- locations ---------------------------------------------------------------------------------


async def find_locations(store: Store) -> Found:
    """Every active place of the store, matched with ours by its id there, else by its name."""
    places = await read_places(store)
    return match_places(places, store.shop.locations.values(), store.connection)


def match_places(
    places: Sequence[Place], ours: Collection[Location], connection: Connection
) -> Found:
    by_id = {place_of(one, connection): one for one in ours}
    by_name = {one.name.casefold(): one for one in ours}
    unmatched = {one.code for one in ours if place_of(one, connection) is None}
    taken = {one.code for one in ours}
    rows, left_out = [], []
    for line, place in enumerate(sorted(places, key=lambda one: int(number_of(one.id))), 1):
        number = number_of(place.id)
        known = by_id.get(number) or by_name.get(place.name.casefold())
        code = known.code if known else _free_code(place, taken - unmatched)
        why = _why_unclear(place, number, known, code, unmatched, connection)
        if why:
            left_out.append(LeftOut(line, place.name, why))
            continue
        unmatched.discard(code)
        taken.add(code)
        if number not in by_id:
            by_name.pop(place.name.casefold(), None)
        values = _whereabouts(place) if known else _whereabouts(place) | _newly(place)
        rows.append(ImportedRow(line, code, values, {connection.name: number}))
    return Found(tuple(rows), tuple(left_out))


def _why_unclear(
    place: Place,
    number: str,
    known: Location | None,
    code: str,
    unmatched: Collection[str],
    connection: Connection,
) -> str:
    """Two places may be one: that is for a person to say."""
    if known is None and code in unmatched:
        called = f"--name {shlex.quote(place.name)}"
        return (
            f"may be {code} here: if so, say `wismo location set {code} {called}`, "
            f"else `wismo location add CODE {called}`, and import again"
        )
    theirs = place_of(known, connection) if known else None
    if theirs not in (None, number):
        return f"is called like {code} here, which is the store's place {theirs}; rename one"
    return ""


def _free_code(place: Place, taken: Collection[str]) -> str:
    """BER for Berlin, BER2 for the next place there."""
    told = (place.address.city if place.address else None) or place.name
    letters = unicodedata.normalize("NFKD", told).encode("ascii", "ignore").decode().upper()
    base = re.sub(r"[^A-Z0-9]", "", letters)[:CODE_LETTERS] or "LOC"
    numbered = (f"{base}{n}" if n > 1 else base for n in count(1))
    return next(code for code in numbered if code not in taken)


def _whereabouts(place: Place) -> dict[str, Any]:
    told = {"name": place.name}
    if place.address:
        told |= {
            "street": place.address.address1 or "",
            "zip": place.address.zip or "",
            "city": place.address.city or "",
            "country": place.address.country_code or "",
        }
    return {name: value for name, value in told.items() if value}


def _newly(place: Place) -> dict[str, Any]:
    """A place that ships no online orders is a store with a till: nothing is routed there."""
    return {} if place.fulfills_online_orders else {"kind": "store", "starts_paused": True}


# --- stock ---------------------------------------------------------------------------------------


async def find_stock(store: Store) -> Found:
    """What the store has available of each SKU at the places that we know."""
    variants = await read_variants(store, with_levels=True)
    return stock_rows(variants, store.shop.locations.values(), store.connection)


def stock_rows(
    variants: Sequence[Variant], ours: Collection[Location], connection: Connection
) -> Found:
    codes = {place_of(one, connection): one.code for one in ours}
    good, left_out = with_own_sku(variants)
    rows: list[ImportedRow] = []
    strange: set[str] = set()
    for line, sku, variant in good:
        if not variant.inventory_item.tracked:
            left_out.append(LeftOut(line, sku, "is not counted in the store; bring its stock in"))
            continue
        for place, available in variant.inventory_item.available():
            code = codes.get(number_of(place.id))
            if code is None:
                strange.add(place.name)
            elif available < 0:
                words = f"is sold beyond stock in the store at {code} ({available}); count it"
                left_out.append(LeftOut(line, sku, words))
            else:
                values = {"location": code, "available": available}
                rows.append(ImportedRow(line, sku, values))
    left_out += [LeftOut(0, name, "is no location here; import them first") for name in strange]
    return Found(tuple(rows), tuple(left_out))
