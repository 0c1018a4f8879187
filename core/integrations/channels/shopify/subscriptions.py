"""Which of the store's news come to us: its webhook subscriptions, seen and made."""

from __future__ import annotations

from collections.abc import Collection

from msgspec import Struct

from core.integrations.channels.shopify.access import Store
from core.integrations.channels.shopify.books import NEXT, Page, read_all
from core.integrations.channels.shopify.nodes import words_of

TOPICS = (
    "orders/create",
    "orders/updated",
    "orders/paid",
    "orders/cancelled",
    "refunds/create",
    "fulfillments/create",
    "fulfillments/update",
    "returns/request",
    "returns/approve",
    "returns/decline",
    "returns/cancel",
    "disputes/create",
    "disputes/update",
)
_TOPIC_OF = {topic.replace("/", "_").upper(): topic for topic in TOPICS}

SUBSCRIPTIONS = f"""query Subscriptions($first: Int!, $after: String) {{
  webhookSubscriptions(first: $first, after: $after) {{ {NEXT} nodes {{ topic uri }} }} }}"""
SUBSCRIBE = """mutation Subscribe($topic: WebhookSubscriptionTopic!, $uri: String!) {
  webhookSubscriptionCreate(topic: $topic, webhookSubscription: {uri: $uri, format: JSON}) {
    webhookSubscription { id } userErrors { field message } } }"""


class Subscription(Struct):
    """`topic` as the API writes it: ORDERS_CREATE."""

    topic: str
    uri: str


async def subscriptions(store: Store) -> list[Subscription]:
    """What this app's token may see; those made by hand in the admin are not among them."""
    return await read_all(store, SUBSCRIPTIONS, "webhookSubscriptions", Page[Subscription])


def addresses(found: Collection[Subscription]) -> dict[str, list[str]]:
    """By each topic that we want, where its news go."""
    return {
        topic: [one.uri for one in found if _TOPIC_OF.get(one.topic) == topic] for topic in TOPICS
    }


async def subscribe(store: Store, topic: str, uri: str) -> str:
    """Make one subscription; empty, or what the store has against it.

    This writes to the store: only a person asks for it.
    """
    name = topic.replace("/", "_").upper()
    answer = await store.ask_patiently(SUBSCRIBE, topic=name, uri=uri)
    made = answer.get("webhookSubscriptionCreate") or {}
    if made.get("webhookSubscription"):
        return ""
    return words_of(made.get("userErrors") or [])
