"""Stock told to the store by compare-and-set: what it sold itself is no reason to overwrite it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from core.db import channels
from core.db.connection import Session
from core.db.stock import levels_of
from core.domain.channel_stock import offered
from core.domain.effects import Effect, Outcome, dead, done, later
from core.domain.kits import behind
from core.domain.shop import Connection, Shop
from core.domain.values import dataclass
from core.integrations.channels.shopify.access import Store, place_of
from core.integrations.channels.shopify.nodes import Node, gid, words_of

STALE_TRIES_MAX = 5
STALE_WAIT_SECONDS = 5.0

LEVEL = """query Level($item: ID!, $place: ID!) { inventoryItem(id: $item) {
  inventoryLevel(locationId: $place) { quantities(names: ["available"]) { quantity } } } }"""
POLICY = """query Policy($item: ID!) { inventoryItem(id: $item) {
  tracked variant { inventoryPolicy } } }"""
SET_STOCK = """mutation SetStock($input: InventorySetQuantitiesInput!, $key: String!) {
  inventorySetQuantities(input: $input) @idempotent(key: $key) {
    inventoryAdjustmentGroup { id } userErrors { field message code } } }"""


@dataclass(frozen=True, slots=True)
class Shelf:
    """One SKU at one place: what we have, what the shop was told, and its ids there."""

    sku: str
    location_id: int
    ours: int
    told: channels.Told | None
    moved: int
    item: str
    place: str
    moved_at: int | None = None
    endless: bool = False


async def send_stock(store: Store, effect: Effect) -> Outcome:
    """Set what the shop may sell to what we have now, unless somebody else has moved it.

    The shop lowers its own figure when it sells, at a place of its own choice. A difference to
    what we told that its known orders explain is no reason to wait; any other is, since a sale
    may be on its way to us. What stays unexplained is for a person.
    """
    shelf = await store.read(partial(_shelf, store.shop, store.connection, effect))
    if shelf is None:
        return dead("the shop's ids of this SKU or location are not known; import them")
    names = {"item": gid("InventoryItem", shelf.item), "place": gid("Location", shelf.place)}
    if shelf.endless and _sells_on(await store.ask(POLICY, item=names["item"])):
        return done(left_alone="the shop sells it without counting")
    theirs = _available(await store.ask(LEVEL, **names))
    if theirs is None:
        return dead(f"the shop does not stock {shelf.sku} at that place")
    if theirs == shelf.ours:
        return await _settled(store, shelf)
    if not is_explained(shelf, theirs):
        return _stale(effect, shelf, theirs)
    # The figures too: a person's retry counts its attempts anew, and a key means one change only.
    key = f"{effect.key}:{effect.attempt}:{theirs}:{shelf.ours}"
    answer = await store.ask(SET_STOCK, input=_stock_input(shelf, names, theirs), key=key)
    errors = answer["inventorySetQuantities"]["userErrors"]
    if any(error["code"] == "CHANGE_FROM_QUANTITY_STALE" for error in errors):
        return _stale(effect, shelf, theirs)
    if errors:
        return dead(f"the shop refused: {words_of(errors)}")
    return await _settled(store, shelf)


def _shelf(shop: Shop, connection: Connection, effect: Effect, session: Session) -> Shelf | None:
    sku, location_id = effect.payload["sku"], effect.payload["location_id"]
    item = channels.item_of(session, shop.id, sku, connection.id)
    place = place_of(shop.locations[location_id], connection)
    if not item or not place:
        return None
    told_of = offered(shop, connection, levels_of(session, shop.id, behind(shop.kits, sku)))
    told = channels.told(session, connection.id, sku, location_id)
    moved = channels.moved_since(session, connection.id, sku, told.at) if told else 0
    ours = told_of.get((sku, location_id), 0)
    moved_at = effect.payload.get("moved_at")
    endless = location_id in shop.endless
    return Shelf(sku, location_id, ours, told, moved, item, place, moved_at, endless)


def is_explained(shelf: Shelf, theirs: int) -> bool:
    """The first word, nothing moved, or no more than the shop's own orders that we know of."""
    if shelf.told is None:
        return True
    return abs(theirs - shelf.told.quantity) <= shelf.moved


def _sells_on(answer: Node) -> bool:
    """Of what a supplier always has, a store that sells beyond its own count needs no figure."""
    item = answer["inventoryItem"]
    return bool(item) and (not item["tracked"] or item["variant"]["inventoryPolicy"] == "CONTINUE")


def _available(answer: Node) -> int | None:
    item = answer["inventoryItem"]
    if item is None or item["inventoryLevel"] is None:
        return None
    return int(item["inventoryLevel"]["quantities"][0]["quantity"])


def _stock_input(shelf: Shelf, names: Mapping[str, str], theirs: int) -> dict[str, Any]:
    level = {
        "inventoryItemId": names["item"],
        "locationId": names["place"],
        "quantity": shelf.ours,
        "changeFromQuantity": theirs,
    }
    return {"name": "available", "reason": "correction", "quantities": [level]}


async def _settled(store: Store, shelf: Shelf) -> Outcome:
    keep = partial(
        channels.set_told,
        connection_id=store.connection.id,
        sku=shelf.sku,
        location_id=shelf.location_id,
        quantity=shelf.ours,
        moved_at=shelf.moved_at,
    )
    await store.write(keep)
    return done(told=shelf.ours)


def _stale(effect: Effect, shelf: Shelf, theirs: int) -> Outcome:
    told = shelf.told.quantity if shelf.told else "nothing yet"
    words = f"{shelf.sku}: the shop has {theirs}, we have {shelf.ours}, it was last told {told}"
    if effect.attempt >= STALE_TRIES_MAX:
        return dead(f"DRIFT {words}; somebody changed it in the shop")
    return later(words, STALE_WAIT_SECONDS * effect.attempt)
