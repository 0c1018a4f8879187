"""What a customer may be asked about an order, and whether there is a way to ask."""

from __future__ import annotations

from enum import StrEnum

from core.domain.order import Order, OrderStatus
from core.domain.refusals import Invalid, NotPossible

TEXT_MAX = 500


class About(StrEnum):
    """`twice` asks whether an order that looks like another is meant; `order` needs own words."""

    ADDRESS = "address"
    CONTACT = "contact"
    TWICE = "twice"
    ORDER = "order"


def require_question(order: Order, about: About, text: str) -> str:
    """The words to add, trimmed. Raises NotPossible when nothing can be asked any more."""
    if order.status is not OrderStatus.OPEN:
        raise NotPossible(
            f"Order {order.number} is {order.status.value}; there is nothing left to ask.",
            f"Write a note instead: `note {order.number}`.",
        )
    if order.customer_id is None or not order.sends_messages:
        raise NotPossible(
            f"There is no way to write to the customer of order {order.number}.",
            "Look for a phone number in the shop.",
        )
    words = text.strip()
    if about is About.ORDER and not words:
        raise Invalid("What should be asked?", f"Write `ask {order.number} order is it a gift?`.")
    if len(words) > TEXT_MAX:
        raise Invalid(f"A question has {TEXT_MAX} characters at most.")
    return words
