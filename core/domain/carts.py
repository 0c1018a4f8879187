"""A cart's reservation: what to hold more or less of, where, and what its own order sees."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from core.domain.stock import Level, Move, StockMove
from core.domain.values import dataclass


@dataclass(frozen=True, slots=True)
class Held:
    """Units of a SKU held for a cart at a location; `id` is the reservation's, 0 for a new one."""

    sku: str
    location_id: int
    quantity: int
    id: int = 0


def difference(wanted: Mapping[str, int], held: Iterable[Held]) -> dict[str, int]:
    """How many units more (or, below zero, less) of each SKU: only the difference ever moves."""
    have: Counter[str] = Counter()
    for one in held:
        have[one.sku] += one.quantity
    skus = sorted({*wanted, *have})
    return {sku: wanted.get(sku, 0) - have[sku] for sku in skus if wanted.get(sku, 0) != have[sku]}


def spread(
    need: Mapping[str, int], levels: Sequence[Level], ranks: Mapping[int, int]
) -> tuple[tuple[Held, ...], dict[str, int]]:
    """Where to hold these units, and what there is too little of.

    One location that has everything is preferred, the first by rank; else every SKU is filled by
    rank. Where it will ship from is routing's to say, when the order comes.
    """
    places = sorted({lv.location_id for lv in levels}, key=lambda i: (ranks.get(i, 0), i))
    room = {(lv.sku, lv.location_id): lv.routable for lv in levels}
    whole = (p for p in places if all(room.get((sku, p), 0) >= n for sku, n in need.items()))
    first = next(whole, None)
    ordered = places if first is None else [first]
    found, short = [], {}
    for sku, units in sorted(need.items()):
        for place in ordered:
            taken = min(units, room.get((sku, place), 0))
            if taken > 0:
                found.append(Held(sku, place, taken))
                units -= taken
        if units:
            short[sku] = units
    return tuple(found), short


def give_up(less: Mapping[str, int], held: Sequence[Held]) -> tuple[Held, ...]:
    """What to release of what is held, the smallest holds first: `quantity` units of each."""
    found: list[Held] = []
    for sku, units in sorted(less.items()):
        own = sorted((h for h in held if h.sku == sku), key=lambda h: (h.quantity, h.id))
        found += first_units(own, units)
    return tuple(found)


def first_units(held: Iterable[Held], units: int) -> tuple[Held, ...]:
    """`units` of what is held, in the order given; all of it where there are fewer."""
    found = []
    for one in held:
        taken = min(units, one.quantity)
        if taken > 0:
            found.append(replace(one, quantity=taken))
            units -= taken
    return tuple(found)


def releases(held: Iterable[Held]) -> list[StockMove]:
    return [StockMove(Move.RELEASE, one.sku, one.location_id, one.quantity) for one in held]


def reserves(held: Iterable[Held]) -> list[StockMove]:
    return [StockMove(Move.RESERVE, one.sku, one.location_id, one.quantity) for one in held]


def with_own(levels: Sequence[Level], own: Iterable[StockMove]) -> list[Level]:
    """The levels as the cart's own order sees them: what it holds is there for it."""
    back: dict[tuple[str, int], int] = defaultdict(int)
    for move in own:
        back[move.sku, move.location_id] += move.quantity
    return [
        replace(level, reserved=max(0, level.reserved - back[level.sku, level.location_id]))
        for level in levels
    ]
