"""Which order or line a customer means: by button, number, counting word, or words of the item."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import TypeVar

from bot.chat.understanding.entities import fold_number
from bot.chat.understanding.lexicon import goods
from core.queries.facts import ClaimableFacts, OrderFacts, ReturnableFacts

ALIKE = 85
LIKE_A_LABEL = 82
MAIN_PART = 6
Choice = TypeVar("Choice")
Item = TypeVar("Item", ReturnableFacts, ClaimableFacts)


def by_number(orders: Iterable[OrderFacts], number: str) -> OrderFacts | None:
    """Exact after folding; bare digits also find a number with a prefix, when only one fits."""
    wanted = fold_number(number)
    if not wanted:
        return None
    for order in orders:
        if fold_number(order.number) == wanted:
            return order
    return _only([order for order in orders if _digits(order.number) == wanted])


def order_meant(orders: Sequence[OrderFacts], text: str, ordinal: int | None) -> OrderFacts | None:
    """`last` is the newest order, which stands first in the list."""
    if ordinal is not None:
        position = 0 if ordinal == -1 else ordinal - 1
        return orders[position] if position < len(orders) else None
    return _only([order for order in orders if _mentions(text, order.titles)])


def lines_meant(lines: Sequence[Item], text: str, ordinal: int | None = None) -> list[Item]:
    if ordinal is not None:
        return list(lines[ordinal - 1 : ordinal] if ordinal > 0 else lines[-1:])
    fits = {line.line_id: _words_meant(text, f"{line.title} {line.sku}") for line in lines}
    most = max(fits.values(), default=0)
    return [line for line in lines if most and fits[line.line_id] == most]


def _mentions(text: str, titles: Iterable[str]) -> bool:
    return any(_words_meant(text, title) for title in titles)


def label_meant(text: str, labels: dict[str, str]) -> str:
    """The name of the label (in small letters) that the text comes close to; "" for none."""
    from rapidfuzz import fuzz

    scores = {name: fuzz.token_set_ratio(text.lower(), label) for name, label in labels.items()}
    best = max(scores, key=lambda name: scores[name])
    return best if scores[best] >= LIKE_A_LABEL else ""


def _words_meant(text: str, title: str) -> int:
    """How many words of the title the text says."""
    said = _words(text)
    said |= {other for word in said for other in goods().get(word, ())}
    return sum(any(_alike(word, heard) for heard in said) for word in _words(title))


def _alike(word: str, heard: str) -> bool:
    """Nearly the same word, or its main part: a Wollpullover is meant by Pullover."""
    from rapidfuzz import fuzz

    main_part = len(heard) >= MAIN_PART and word.endswith(heard)
    return main_part or fuzz.ratio(word, heard) >= ALIKE


def _words(text: str) -> set[str]:
    return set(re.findall(r"[^\W\d_]{3,}", text.lower()))


def _digits(number: str) -> str:
    return re.sub(r"\D", "", number)


def _only(found: Sequence[Choice]) -> Choice | None:
    return found[0] if len(found) == 1 else None
