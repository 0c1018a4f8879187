"""Lines of an order with their units, as people write them: “mug-red 1 card 2x”, “2 mug-red”."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from bot.grammar.numbers import QUANTITY
from bot.grammar.tokens import Token

_TIMES = ("x", "×")
_LIKE_A_SKU = re.compile(r"(?=.*[^\W_])\w+[-_./]\S+")


def read_units(
    tokens: Sequence[Token], ends: Sequence[str], *, is_free: bool
) -> tuple[list[dict[str, Any]], int]:
    """The units at the front, as plain JSON, and how many tokens they take.

    A number may stand in front of its SKU. Where a free text may follow (`is_free`), only a word
    that looks like a SKU is taken for one then: “2 weeks late” is a reason.
    """
    found: list[dict[str, Any]] = []
    used = 0
    while pair := _behind(tokens[used:], ends) or _in_front(tokens[used:], is_free):
        line, quantity, size = pair
        found.append({"line": line.text.strip(",;"), "quantity": quantity})
        used += size
    return found, used


def early_quantity(tokens: Sequence[Token], is_place: Callable[[str], bool]) -> int | None:
    """How many, where the number stands one word too early: “receive 24 mug-red ber”, “adjust
    mug-red -2 ber”. A SKU may be a number, too: what follows has to look like one, or be a place.
    """
    found = QUANTITY.fullmatch(tokens[0].word) if len(tokens) > 1 else None
    if found is None or is_place(tokens[0].word):
        return None
    after = tokens[1].word
    return int(found[1]) if _LIKE_A_SKU.fullmatch(after) or is_place(after) else None


def _behind(tokens: Sequence[Token], ends: Sequence[str]) -> tuple[Token, int, int] | None:
    if len(tokens) < 2 or QUANTITY.fullmatch(tokens[0].word) or tokens[0].word in ends:
        return None
    units = QUANTITY.fullmatch(tokens[1].word)
    return (tokens[0], int(units[1]), 2) if units else None


def _in_front(tokens: Sequence[Token], is_free: bool) -> tuple[Token, int, int] | None:
    units = QUANTITY.fullmatch(tokens[0].word) if len(tokens) > 1 else None
    if units is None:
        return None
    skipped = 1 if len(tokens) > 2 and tokens[1].word in _TIMES else 0
    line = tokens[1 + skipped]
    is_meant = not is_free or skipped or _LIKE_A_SKU.fullmatch(line.word)
    is_line = is_meant and not QUANTITY.fullmatch(line.word)
    return (line, int(units[1]), 2 + skipped) if is_line else None
