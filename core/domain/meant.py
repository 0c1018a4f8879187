"""A SKU where a reason should stand: what somebody meant, before it is taken for a reason."""

from __future__ import annotations

import re

from core.domain.holds import HoldReason
from core.domain.order import Order
from core.domain.refusals import Invalid

WORDS_MOST = 5
PART_LEAST = 3  # letters of a part that names a line by itself


def meant_line(order: Order, text: str) -> str:
    """“mug red 1”, “2 mug-red” as `mug-red 1` and `mug-red 2`, where the order has that line; ""
    for any other words."""
    units, words = _units_in_front(text.split())
    skus = {_letters(line.sku): line.sku for line in order.bought}
    for count in range(1, min(len(words), WORDS_MOST) + 1):
        sku = skus.get(_letters("".join(words[:count])))
        after = words[count : count + 1]
        behind = after[0] if after and after[0].isdecimal() else ""
        is_plain = count == 1 and words[0].isalpha()  # “card declined” may be a reason
        ends = not after or (count == 1 and not is_plain)
        if sku is not None and (units or behind or ends):
            return f"{sku} {units or behind or 1}"
    part = _part_of(order, words[0]) if units and words else ""
    return f"{part} {units}" if part else ""


def _part_of(order: Order, word: str) -> str:
    """The SKU of which a word is a part, or of its title: “1 lamp”, “2 mugs”."""
    said = _letters(word)
    for line in order.bought:
        parts = map(_letters, re.split(r"[\W_]+", f"{line.sku} {line.title}"))
        if any(len(p) >= PART_LEAST and said in (p, f"{p}s", f"{p}es") for p in parts):
            return line.sku
    return ""


def require_no_line(order: Order, note: str, reason: HoldReason) -> None:
    """“hold 1001 mug-red” means that line, and not the whole order with a note.

    Raises Invalid (meant_line).
    """
    said = note.strip()
    if said.casefold() not in {line.sku.casefold() for line in order.bought}:
        return
    why = HoldReason.STOCK if reason is HoldReason.MANUAL else reason
    raise Invalid(
        f"{said} is a line of order {order.number}.",
        f"To hold that line: `hold {order.number} line {said} {why.value}`. To hold the order, "
        "leave it out.",
        code="meant_line",
    )


def _units_in_front(words: list[str]) -> tuple[str, list[str]]:
    """“2 mug-red”, “2x mug-red” and “2 x mug-red”: the number, and the words behind it."""
    found = re.fullmatch(r"[x×]?(\d{1,4})[x×]?", words[0].casefold()) if words else None
    if found is None:
        return "", words
    return found[1], words[2:] if words[1:2] in (["x"], ["×"]) else words[1:]


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
