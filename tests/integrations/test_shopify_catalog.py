"""A store's variants, places and levels as rows: what comes in, and what a person has to settle."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from bot.sandbox.shop.catalog import LOCATIONS, VARIANTS
from bot.sandbox.shop.store import Level as Shelved
from bot.sandbox.shop.wire import Fault
from core.domain.shop import Connection, Location
from core.integrations.channels.shopify.books import (
    Address,
    Cursor,
    Item,
    Level,
    Measurement,
    Page,
    Place,
    Product,
    Quantity,
    Shelf,
    Variant,
    Weight,
)
from core.integrations.channels.shopify.catalog import (
    Found,
    about,
    find_locations,
    find_products,
    find_stock,
    match_places,
    stock_rows,
    with_own_sku,
)
from tests.shop import SHOP, SHOPIFY
from tests.shopify import Town, make_town

STORE = Connection(21, "shopify", "nordlicht", {}, "")


def variant(sku: str | None, title: str = "Red", levels: dict[str, int] | None = None, **more: Any):
    nodes = [
        Level(Shelf(f"gid://shopify/Location/{place}", f"Place {place}"), [Quantity(quantity)])
        for place, quantity in (levels or {}).items()
    ]
    item = Item(
        "gid://shopify/InventoryItem/51",
        more.pop("tracked", True),
        more.pop("measurement", None),
        Page(nodes, Cursor(False)),
    )
    return Variant("gid://shopify/ProductVariant/41", title, "16.90", Product("Mug"), item, sku)


def place(number: int, name: str, city: str | None = None, *, ships: bool = True) -> Place:
    return Place(f"gid://shopify/Location/{number}", name, ships, Address(city=city))


def ours(code: str, name: str, theirs: str = "") -> Location:
    return Location(
        int.from_bytes(code.encode()), code, name, external_ids={"21": theirs} if theirs else {}
    )


def matched(places: list[Place], *known: Location) -> Found:
    return match_places(places, known, STORE)


def codes(found: Found) -> list[str]:
    return [row.key for row in found.rows]


# --- products ------------------------------------------------------------------------------------


def test_variants_without_a_sku_or_with_a_shared_one_are_named_and_none_is_chosen():
    good, left_out = with_own_sku(
        [
            variant("a"),
            variant(None),
            variant("  "),
            variant("B"),
            variant("b "),
            variant("c" * 101),
        ]
    )
    assert [(line, sku) for line, sku, _ in good] == [(1, "a")]
    assert [(one.line, one.says.split(";")[0]) for one in left_out] == [
        (2, "has no SKU"),
        (3, "has no SKU"),
        (4, "shares the SKU B with 1 more"),
        (5, "shares the SKU b with 1 more"),
        (6, "has a SKU of more than 100 characters"),
    ]
    assert left_out[0].name == "Mug, Red"


def test_the_only_variant_of_a_product_is_called_like_the_product():
    assert about(variant("a", "Default Title"), "EUR") == {"title": "Mug", "price": 1690}


def test_without_a_currency_in_common_there_is_no_price():
    assert "price" not in about(variant("a"), "")


@pytest.mark.parametrize(
    ("weight", "grams"),
    [
        (Weight(380, "GRAMS"), 380),
        (Weight(1.15, "KILOGRAMS"), 1150),
        (Weight(1, "POUNDS"), 454),
        (Weight(2, "OUNCES"), 57),
        (Weight(0, "GRAMS"), None),
        (Weight(3, "STONES"), None),
        (None, None),
    ],
)
def test_weights_are_grams_and_what_is_not_told_is_not_guessed(weight, grams):
    told = about(variant("a", measurement=Measurement(weight)), "EUR")
    assert told.get("weight") == grams


# --- locations -----------------------------------------------------------------------------------


def test_new_places_get_codes_from_their_city_the_same_in_any_order():
    places = [
        place(3, "Berlin Mitte", "Berlin"),
        place(1, "Lager", "Berlin"),
        place(2, "Laden", "München"),
        place(4, "東京"),
        place(5, "Haus 5"),
    ]
    expected = ["BER", "MUN", "BER2", "LOC", "HAU"]
    assert codes(matched(places)) == expected
    assert codes(matched(places[::-1])) == expected


def test_a_known_place_is_found_by_its_id_else_by_its_name_and_keeps_what_is_ours():
    found = matched(
        [place(7, "Renamed", "Berlin", ships=False), place(8, "Hamburg STORE")],
        ours("BER", "Berlin", "7"),
        ours("HAM", "Hamburg store"),
    )
    assert codes(found) == ["BER", "HAM"]
    assert found.rows[0].values == {"name": "Renamed", "city": "Berlin"}
    assert found.rows[1].external == {"nordlicht": "8"}
    assert found.left_out == ()


def test_two_places_that_may_be_one_are_for_a_person_to_settle():
    found = matched([place(7, "Berlin warehouse", "Berlin")], ours("BER", "Berlin"))
    assert found.rows == ()
    assert "may be BER here" in found.left_out[0].says
    assert "--name 'Berlin warehouse'" in found.left_out[0].says


def test_a_name_that_belongs_to_another_place_of_the_store_is_not_taken_over():
    found = matched([place(9, "Berlin")], ours("BER", "Berlin", "7"))
    assert found.rows == ()
    assert "the store's place 7" in found.left_out[0].says


def test_one_name_is_given_to_one_place_only():
    found = matched([place(8, "Berlin"), place(9, "Berlin")], ours("BRL", "Berlin"))
    assert [(row.key, row.external["nordlicht"]) for row in found.rows] == [
        ("BRL", "8"),
        ("BER", "9"),
    ]


def test_the_code_of_a_matched_place_is_taken():
    found = matched([place(9, "Second", "Berlin")], ours("BER", "First", "7"))
    assert codes(found) == ["BER2"]


def test_a_till_that_ships_nothing_begins_paused():
    till = matched([place(9, "Till", ships=False)]).rows[0]
    assert (till.values["kind"], till.values["starts_paused"]) == ("store", True)
    assert "starts_paused" not in matched([place(9, "Warehouse")]).rows[0].values


# --- stock ---------------------------------------------------------------------------------------


def test_levels_come_in_where_we_know_the_place_and_the_rest_is_named():
    found = stock_rows(
        [
            variant("a", levels={"7": 5, "8": 0, "99": 3}),
            variant("b", levels={"7": -2}),
            variant("c", levels={"7": 9}, tracked=False),
            variant(None, levels={"7": 1}),
        ],
        [ours("BER", "Berlin", "7"), ours("HAM", "Hamburg", "8"), ours("VIE", "Wien")],
        STORE,
    )
    assert [(row.key, *row.values.values()) for row in found.rows] == [
        ("a", "BER", 5),
        ("a", "HAM", 0),
    ]
    assert {one.name: one.says.split(";")[0].split(" (")[0] for one in found.left_out} == {
        "Mug, Red": "has no SKU",
        "b": "is sold beyond stock in the store at BER",
        "c": "is not counted in the store",
        "Place 99": "is no location here",
    }


# --- page by page --------------------------------------------------------------------------------


@pytest.fixture
async def town(sqlite_database: str) -> AsyncIterator[Town]:
    town = make_town(sqlite_database, mode="watch")
    yield town
    await town.close()


def grow(town: Town, goods: int, places: int) -> None:
    """A store with more of everything than a page holds."""
    store = town.store
    store.variants = tuple(
        replace(VARIANTS[0], id=n, inventory_item_id=n, sku=f"sku-{n}") for n in range(1, goods + 1)
    )
    store.locations = tuple(
        replace(LOCATIONS[0], id=n, name=f"Place {n}") for n in range(1, places + 1)
    )
    store.levels = {
        (item, place): Shelved(item + place)
        for item in range(1, goods + 1)
        for place in range(1, places + 1)
    }


@pytest.mark.anyio
async def test_books_of_many_pages_are_read_whole(town: Town):
    grow(town, goods=130, places=130)
    connected = await town.connected()
    assert len((await find_products(connected)).rows) == 130
    assert len((await find_locations(connected)).rows) == 130


@pytest.mark.anyio
async def test_an_item_at_more_places_than_a_page_holds_has_all_its_levels(town: Town):
    grow(town, goods=42, places=65)
    connected = with_places_known(await town.connected(), 65)
    rows = (await find_stock(connected)).rows
    assert len(rows) == 42 * 65
    assert {row.values["available"] - row.line for row in rows} == set(range(1, 66))


def with_places_known(connected: Any, places: int) -> Any:
    """The connected store, with all its places known to us."""
    known = {n: ours(f"P{n}", f"Place {n}", str(n)) for n in range(1, places + 1)}
    return replace(connected, shop=replace(connected.shop, locations=known))


@pytest.mark.anyio
async def test_a_store_that_asks_for_patience_gets_it(town: Town):
    waited: list[float] = []

    async def wait(seconds: float) -> None:
        waited.append(seconds)

    town.store.faults.script(Fault("productVariants", "throttle", times=3))
    access = replace(town.access, sleep=wait)
    found = await find_products(await access.store(SHOP, SHOPIFY))
    assert (len(found.rows), len(waited)) == (len(VARIANTS), 3)
