"""The pull: what the store's webhooks did not bring, found by looking at what changed since."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from core.db import channels
from core.db.inbox import Delivery
from core.domain.values import dataclass
from core.integrations.channels.shopify.access import Store
from core.integrations.channels.shopify.nodes import (
    LINES,
    WHOLE,
    Node,
    fulfillments_of_node,
    refunds_of_node,
)
from core.integrations.channels.shopify.translate import PULLED_ORDER, translate_delivery

OVERLAP = timedelta(minutes=10)
PAGE = 10
IDS_PAGE = 250

ORDERS = f"""query Orders($first: Int!, $after: String, $query: String) {{
  orders(first: $first, after: $after, query: $query, sortKey: UPDATED_AT) {{
    pageInfo {{ hasNextPage endCursor }} nodes {{ ...Whole }} }} }}
{WHOLE}"""
MORE_LINES = f"""query MoreLines($id: ID!, $after: String) {{
  order(id: $id) {{ lineItems(first: 100, after: $after) {LINES} }} }}"""
IDS = """query Ids($first: Int!, $after: String, $query: String) {
  orders(first: $first, after: $after, query: $query, sortKey: CREATED_AT) {
    pageInfo { hasNextPage endCursor } nodes { id } } }"""


@dataclass(frozen=True, slots=True)
class Pulled:
    """How a pull went: orders looked at, how many of them were new to us, and the new mark."""

    seen: int
    new: int
    mark: datetime


async def pull_missed(store: Store) -> Pulled:
    """Everything that changed since the last pull, once more with ten minutes of overlap.

    The mark moves after each page, so that a pull that breaks off goes on where it stopped.
    """
    state, since = await store.read(partial(channels.state_of, connection_id=store.connection.id))
    mark = datetime.fromisoformat(state["pulled_to"]) if "pulled_to" in state else since
    seen = new = 0
    async for page in pages(store, f"updated_at:>='{_stamp(mark - OVERLAP)}'"):
        for node in page:
            new += await take_in(store, node)
        seen += len(page)
        mark = max(mark, *(datetime.fromisoformat(node["updatedAt"]) for node in page))
        await store.write(partial(_remember, store, pulled_to=mark.isoformat()))
    await record_their_count(store)
    return Pulled(seen, new, mark)


async def pages(store: Store, query: str | None) -> AsyncIterator[list[Node]]:
    """Whole orders, oldest change first, a page at a time."""
    after = None
    while True:
        asked = await store.ask_patiently(ORDERS, first=PAGE, after=after, query=query)
        found = asked["orders"]["nodes"]
        if found:
            yield [await _with_all_lines(store, node) for node in found]
        if not asked["orders"]["pageInfo"]["hasNextPage"]:
            return
        after = asked["orders"]["pageInfo"]["endCursor"]


async def _with_all_lines(store: Store, node: dict[str, Any]) -> Node:
    page = node["lineItems"]["pageInfo"]
    while page["hasNextPage"]:
        more = await store.ask_patiently(MORE_LINES, id=node["id"], after=page["endCursor"])
        page = more["order"]["lineItems"]["pageInfo"]
        node["lineItems"]["nodes"] += more["order"]["lineItems"]["nodes"]
    return node


async def take_in(store: Store, node: Node) -> bool:
    """One order with its fulfillments and refunds, each as a delivery of its own; was it new?"""
    number, at = node["legacyResourceId"], node["updatedAt"]
    receipt = await _deliver(store, PULLED_ORDER, f"pull:{number}:{at}", node)
    for sent in fulfillments_of_node(node):
        mark = f"pull:fulfillment:{sent.id}:{_stamp(sent.updated_at or sent.created_at)}"
        await _deliver(store, "pull/fulfillment", mark, sent)
    for refund in refunds_of_node(node):
        await _deliver(store, "pull/refund", f"pull:refund:{refund.id}", refund)
    return receipt is not None and "OrderCaptured" in receipt


async def _deliver(store: Store, topic: str, mark: str, told: Any) -> tuple[str, ...] | None:
    """What it changed; None when this very state came before."""
    raw = msgspec.json.encode(told)
    command = translate_delivery(store.connection, topic, raw)
    delivery = Delivery(store.connection.id, topic, mark, raw)
    receipt = await store.execute(command, delivery)
    return None if receipt.repeated else receipt.happened


async def record_their_count(store: Store) -> int:
    """How many orders the store itself has of today until now: their count against ours."""
    now = store.now().replace(microsecond=0)
    midnight = now.astimezone(ZoneInfo(store.shop.time_zone)).replace(hour=0, minute=0, second=0)
    count = await _placed_between(store, midnight, now)
    told = {"day": midnight.date().isoformat(), "placed": count, "at": now.isoformat()}
    await store.write(partial(_remember, store, their_count=told))
    return count


async def _placed_between(store: Store, start: datetime, end: datetime) -> int:
    """The end does not belong to it: what is bought in that second is counted the next time."""
    query = f"created_at:>='{_stamp(start)}' created_at:<'{_stamp(end)}'"
    count, after = 0, None
    while True:
        found = (await store.ask_patiently(IDS, first=IDS_PAGE, after=after, query=query))["orders"]
        count += len(found["nodes"])
        if not found["pageInfo"]["hasNextPage"]:
            return count
        after = found["pageInfo"]["endCursor"]


def _remember(store: Store, uow: Any, **facts: Any) -> None:
    channels.remember(uow, store.connection.id, **facts)


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
