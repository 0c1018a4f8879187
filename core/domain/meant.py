"""A SKU that was written with blanks: what somebody meant, before it is taken for a reason."""

from __future__ import annotations

import re

from core.domain.order import Order
from core.domain.refusals import Invalid

WORDS_MOST = 5


def meant_line(order: Order, text: str) -> str:
    """“mug red 1” as `mug-red 1`, where the order has that line; "" for any other words."""
    words = text.split()
    skus = {_letters(line.sku): line.sku for line in order.bought}
    for count in range(2, min(len(words), WORDS_MOST) + 1):
        sku = skus.get(_letters("".join(words[:count])))
        after = words[count : count + 1]
        if sku is not None and (not after or after[0].isdecimal()):
            return " ".join([sku, *(after or ["1"])])
    return ""


def require_not_meant(order: Order, text: str, verb: str) -> None:
    """Raises Invalid (meant_line) for words that name a line but were read as a reason."""
    meant = meant_line(order, text)
    if meant:
        raise Invalid(
            f"“{text.strip()}” looks like a line of order {order.number}.",
            f"Write `{verb} {order.number} {meant}`.",
            code="meant_line",
        )


def _letters(word: str) -> str:
    return re.sub(r"[\W_]", "", word.casefold())
