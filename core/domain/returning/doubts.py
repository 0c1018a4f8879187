"""Goods that cannot be an order's: never bought with it, or come back with it already."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from core.domain.order import Line, Order
from core.domain.returning.flags import Flag, Raised

Wanted = Iterable[tuple[str, int | None]]  # SKU or line id as said, and units (None: all)


def doubts(order: Order, wanted: Wanted, catalog: Mapping[str, str]) -> tuple[Raised, ...]:
    """What looks wrong about goods that somebody brings with an order's number.

    `catalog` has the SKU that a word means, for words that mean one: others are only misspelled.
    """
    named = list(wanted) or [(line.sku, None) for line in order.bought]
    found = [_doubt(order, word, units, catalog) for word, units in named]
    raised = [each for each in found if each is not None]
    return tuple(raised) if list(wanted) or len(raised) == len(named) else ()


def _doubt(order: Order, word: str, units: int | None, catalog: Mapping[str, str]) -> Raised | None:
    clean = word.strip().casefold()
    lines = [x for x in order.bought if clean in (str(x.id), x.sku.casefold())]
    if lines:
        return _came_back(order, lines, units)
    if word not in catalog:
        return None
    words = f"{catalog[word]} was never bought with order {order.number}."
    return Raised(Flag.NEVER_BOUGHT, words)


def _came_back(order: Order, lines: list[Line], units: int | None) -> Raised | None:
    able = sum(max(0, line.returnable) for line in lines)
    gone = sum(line.return_received + line.return_kept for line in lines)
    asked = able + (able == 0) if units is None else units
    if not gone or asked <= able:
        return None
    sent = sum(line.delivered for line in lines)
    words = (
        f"{gone} of {sent} × {lines[0].sku} of order {order.number} came back, or were paid back, "
        f"already; {asked} more are brought with it."
    )
    return Raised(Flag.RECEIPT_REUSED, words)
