"""A line of an order as the return rules see it."""

from __future__ import annotations

from core.domain.order import Order
from core.domain.priority import priority_named, priority_of
from core.domain.returning.rules import LineFacts
from core.domain.returns import Wish


def line_facts(
    order: Order,
    sku: str,
    category: str,
    reason: str = "unknown",
    wish: Wish = Wish.REFUND,
    value: int = 0,
    photos: bool = False,
    kept: int = 0,
) -> LineFacts:
    """`value` is the money of the units in question, `kept` that of what was kept of the line."""
    return LineFacts(
        sku=sku,
        category=category,
        channel=order.channel,
        country=order.ship_to.country,
        tier=priority_named(priority_of(order.priority, order.tags)),
        tags=order.tags,
        reason=reason,
        wish=wish,
        value=value,
        kept=kept,
        photos=photos,
    )
