"""Their books against ours: every order and every level of stock, difference by difference."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from core.db import channels
from core.db.connection import Session
from core.db.orders import order_by_external
from core.db.refunds import parts_of
from core.domain.order import Order
from core.domain.values import dataclass
from core.integrations.channels.shopify import payload as p
from core.integrations.channels.shopify.access import Store, place_of
from core.integrations.channels.shopify.nodes import gid, order_of_node
from core.integrations.channels.shopify.pull import pages
from core.integrations.channels.shopify.translate import capture_of, fulfilled_units

LEVELS = """query Levels($item: ID!) { inventoryItem(id: $item) { inventoryLevels(first: 50) {
  nodes { location { id } quantities(names: ["available"]) { quantity } } } } }"""


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing on which the store and we do not agree; `subject` is an order or SKU@location."""

    subject: str
    field: str
    ours: str
    theirs: str

    def __str__(self) -> str:
        return f"{self.subject}: {self.field} is {self.ours} here and {self.theirs} in the shop"


async def reconcile(store: Store) -> list[Difference]:
    """Read both books and name every difference; nothing is changed on either side."""
    found: list[Difference] = []
    seen: set[str] = set()
    async for page in pages(store, None):
        for node in page:
            theirs = order_of_node(node)
            seen.add(str(theirs.id))
            found += await store.read(partial(_order_differences, store, theirs))
    found += await store.read(partial(_only_ours, store, seen))
    return found + await stock_differences(store)


def _order_differences(store: Store, theirs: p.Order, session: Session) -> list[Difference]:
    ours = order_by_external(session, store.connection.id, str(theirs.id))
    if ours is None:
        return [Difference(theirs.name or str(theirs.id), "order", "missing", "there")]
    pairs = _compared(store, _as_money(session, ours), theirs)
    return [Difference(ours.number, field, a, b) for field, a, b in pairs if a != b]


def _as_money(session: Session, ours: Order) -> Order:
    """Without what went back as store credit: of that the store does not know."""
    parts = parts_of(session, ours.id)
    credit = [p.amount for p in parts if p.gateway == "credit" and p.state == "refunded"]
    return replace(ours, refunded=ours.refunded - sum(credit))


def _compared(store: Store, ours: Order, theirs: p.Order) -> Iterator[tuple[str, str, str]]:
    told = capture_of(store.connection, theirs)
    refunded = theirs.financial_status in ("refunded", "partially_refunded")
    yield "number", ours.number.rpartition("-")[2], told.number.lstrip("#").rpartition("-")[2]
    yield "canceled", _yes(ours.is_canceled), _yes(told.canceled_at is not None)
    yield "captured", str(ours.captured), str(told.captured)
    yield "refunded", _yes(ours.refunded > 0), _yes(refunded)
    if ours.is_canceled:
        return
    yield "total", str(ours.total), str(told.total)
    lines = {line.external_id: line for line in ours.lines}
    sent = fulfilled_units(theirs)
    for line in told.lines:
        mine = lines.get(line.external_id)
        yield f"quantity of {line.sku}", str(mine.wanted if mine else 0), str(line.quantity)
        if line.ships and not ours.handed_over:
            shipped = str(mine.shipped if mine else 0)
            yield f"shipped units of {line.sku}", shipped, str(sent[int(line.external_id)])


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def _only_ours(store: Store, seen: set[str], session: Session) -> list[Difference]:
    ids = channels.external_ids(session, store.connection.id)
    return [Difference(one, "order", "there", "missing") for one in ids if one not in seen]


async def stock_differences(store: Store) -> list[Difference]:
    """What each side believes may be sold, SKU by SKU, where the store knows SKU and place."""
    levels = await store.read(
        partial(channels.available, shop=store.shop, connection=store.connection)
    )
    ours: dict[str, dict[str, tuple[str, int]]] = {}
    for sku, location_id, available in levels:
        place = place_of(store.shop.locations[location_id], store.connection)
        if place:
            code = store.shop.locations[location_id].code
            ours.setdefault(sku, {})[gid("Location", place)] = (code, available)
    found: list[Difference] = []
    for sku, places in ours.items():
        found += await _shelf_differences(store, sku, places)
    return found


async def _shelf_differences(
    store: Store, sku: str, places: dict[str, tuple[str, int]]
) -> list[Difference]:
    item = await store.read(partial(_item, store, sku))
    if item is None:
        return []
    answer = (await store.ask_patiently(LEVELS, item=gid("InventoryItem", item)))["inventoryItem"]
    nodes = answer["inventoryLevels"]["nodes"] if answer else []
    theirs = {one["location"]["id"]: one["quantities"][0]["quantity"] for one in nodes}
    return [
        Difference(f"{sku}@{code}", "available", str(available), str(theirs.get(place)))
        for place, (code, available) in places.items()
        if theirs.get(place) != available
    ]


def _item(store: Store, sku: str, session: Session) -> str | None:
    return channels.item_of(session, store.shop.id, sku, store.connection.id)
