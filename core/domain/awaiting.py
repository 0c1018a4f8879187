"""Goods that are sold before they are here: announced ones (preorder) and those of a supplier who
sends them himself (dropship). They are awaited, not short, and never hold up what can ship."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date

from core.domain.order import Line, Order
from core.domain.routing.problem import Demand, Pick
from core.domain.shop import Shop
from core.domain.stock import Level, Move, StockMove
from core.domain.values import dataclass


@dataclass(frozen=True, slots=True)
class Preorder:
    """From `available_from` on the goods are expected; `limit` units may be sold before.

    With `street` it is their day of sale: goods that come earlier do not leave before it.
    """

    available_from: date
    limit: int | None = None
    street: bool = False


def street_days(
    lines: Iterable[Line], preorders: Mapping[str, Preorder], today: date
) -> dict[int, date]:
    """The lines (by id) whose goods are not sold yet, and their day of sale."""
    return {
        line.id: known.available_from
        for line in lines
        if (known := preorders.get(line.sku)) and known.street and known.available_from > today
    }


def short_of(order: Order, today: date) -> dict[str, int]:
    """Units by SKU that wait without a date to come, or beyond it: only these are a shortage."""
    found: dict[str, int] = {}
    for line in order.lines:
        if line.backordered and not is_awaited(line, today):
            found[line.sku] = found.get(line.sku, 0) + line.backordered
    return found


def is_awaited(line: Line, today: date) -> bool:
    """The goods are announced for a day that is still to come."""
    return line.backordered > 0 and line.awaits > today.isoformat()


def marked(
    lines: Mapping[int, Line],
    preorders: Mapping[str, Preorder],
    sold: Mapping[str, int],
    today: date,
) -> dict[int, Line]:
    """Lines that wait for announced goods say from when on to expect them.

    `sold` are the units that others await already; what goes beyond the limit is simply short.
    """
    room = {sku: p.limit - sold.get(sku, 0) for sku, p in preorders.items() if p.limit is not None}
    found = {}
    for line_id, line in lines.items():
        known, units, day = preorders.get(line.sku), line.backordered, ""
        if known and known.available_from > today and 0 < units <= room.get(line.sku, units):
            day = known.available_from.isoformat()
            room[line.sku] = room.get(line.sku, units) - units
        found[line_id] = line if line.awaits == day else replace(line, awaits=day)
    return found


# --- suppliers who always have it -----------------------------------------------------------------


def with_endless(shop: Shop, levels: Sequence[Level], demands: Iterable[Demand]) -> Sequence[Level]:
    """The levels as routing sees them: who always has a SKU has as much of it as is wanted."""
    if not shop.endless:
        return levels
    need: dict[str, int] = {}
    for demand in demands:
        need[demand.sku] = need.get(demand.sku, 0) + demand.quantity
    return [
        replace(level, on_hand=level.on_hand + max(0, need.get(level.sku, 0) - _free(level)))
        if level.location_id in shop.endless
        else level
        for level in levels
    ]


def supplied(shop: Shop, levels: Sequence[Level], picks: Iterable[Pick]) -> list[StockMove]:
    """What such a supplier has to add to its book so that these picks can be promised there: its
    word is the goods."""
    if not shop.endless:
        return []
    there = {(level.sku, level.location_id): _free(level) for level in levels}
    moves = []
    for pick in picks:
        place = shop.id_of(pick.location)
        more = pick.quantity - max(0, there.get((pick.sku, place), 0))
        if place in shop.endless and more > 0:
            moves.append(
                StockMove(Move.RECEIVE, pick.sku, place, more, reason="the supplier's word")
            )
    return moves


def _free(level: Level) -> int:
    return level.routable
