"""What lay where while past orders came in: the ledger goes on, and each order takes its part."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field
from heapq import heappop, heappush

from core.domain.routing.problem import Pick
from core.domain.values import dataclass


@dataclass(frozen=True, slots=True)
class Change:
    """From `at` (microseconds) on so many more units (or fewer) of a SKU are free at a place."""

    at: int
    place: str
    sku: str
    units: int


@dataclass(slots=True)
class Shelves:
    """Free units by location code and SKU. Time only goes on: `pass_to` before `take`."""

    changes: Sequence[Change]  # in the order of their time
    free: dict[str, dict[str, int]]
    _passed: int = 0
    _back: list[tuple[int, int, tuple[Pick, ...]]] = field(default_factory=list)
    _taken: int = 0

    def pass_to(self, at: int) -> None:
        """What changed until then, and what canceled orders gave back."""
        while self._passed < len(self.changes) and self.changes[self._passed].at <= at:
            each = self.changes[self._passed]
            self.add(each.place, each.sku, each.units)
            self._passed += 1
        while self._back and self._back[0][0] <= at:
            for pick in heappop(self._back)[2]:
                self.add(pick.location, pick.sku, pick.quantity)

    def take(self, picks: tuple[Pick, ...], canceled_at: int | None = None) -> None:
        """These units are gone; those of an order that was canceled come back then."""
        for pick in picks:
            self.add(pick.location, pick.sku, -pick.quantity)
        if canceled_at is not None:
            self._taken += 1  # two of one moment are never compared by their picks
            heappush(self._back, (canceled_at, self._taken, picks))

    def add(self, place: str, sku: str, units: int) -> None:
        there = self.free.setdefault(place, {})
        there[sku] = there.get(sku, 0) + units


def shelves_at(
    began: int,
    now: Mapping[tuple[str, str], int],
    changes: Iterable[Change],
    own: Iterable[Change],
) -> Shelves:
    """The shelves as they lay at `began`: those of now less all that changed since then. `own`
    changes, of the orders that are tried again, never happen; the others do in their time."""
    free: dict[str, dict[str, int]] = {}
    for (place, sku), units in now.items():
        free.setdefault(place, {})[sku] = units
    later = sorted(changes, key=lambda each: each.at)
    shelves = Shelves(later, free)
    for each in (*later, *own):
        shelves.add(each.place, each.sku, -each.units)
    shelves.pass_to(began)
    return shelves
