"""What an edit takes back from the work that is given out, and whose paper stands in its way."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from core.domain.edits import Preview
from core.domain.fulfillment import FulfillmentOrder, Item, Parcel
from core.domain.kits import pulled
from core.domain.values import dataclass


@dataclass(frozen=True, slots=True)
class Taken:
    """So many units of one promise are not needed any more."""

    work: FulfillmentOrder
    item: Item
    units: int


def promised_less(found: Preview) -> dict[int, int]:
    """Promised units that the edit frees, by line."""
    old = {line.id: line.allocated for line in found.before.lines}
    after = pulled(found.after)
    less = {x.id: old[x.id] - x.allocated for x in after.lines if x.id in old}
    return {line_id: units for line_id, units in less.items() if units > 0}


def give_up(works: Iterable[FulfillmentOrder], less: Mapping[int, int]) -> tuple[Taken, ...]:
    """Who gives the units back: work that is on no paper, the smallest first, so that a parcel
    may be saved. What only printed or picked work could give is left out."""
    left = dict(less)
    taken = []
    free = [work for work in works if work.is_open and work.is_untouched]
    for work in sorted(free, key=lambda work: (work.units, work.id)):
        for item in work.items:
            units = min(left.get(item.line_id, 0), item.quantity)
            if units:
                left[item.line_id] -= units
                taken.append(Taken(work, item, units))
    return tuple(taken)


def in_the_way(
    works: Iterable[FulfillmentOrder], parcels: Sequence[Parcel], found: Preview
) -> tuple[FulfillmentOrder, ...]:
    """Open work on paper or under a label that the edit would change behind people's backs.

    Units that are removed concern the work that alone holds them; another address or method
    concerns all of it; units that are added get work of their own.
    """
    works = [work for work in works if work.is_open]
    labeled = {p.fulfillment_id for p in parcels if not p.has_left and p.fulfillment_id}
    busy = [work for work in works if not work.is_untouched or work.id in labeled]
    if {"address", "method", "location"} & set(found.fields):
        return tuple(busy)
    less = promised_less(found)
    free = [work for work in works if work not in busy]
    for taken in give_up(free, less):
        less[taken.item.line_id] -= taken.units
    return tuple(w for w in busy if any(less.get(item.line_id, 0) > 0 for item in w.items))


def contents_after(
    works: Iterable[FulfillmentOrder], taken: Iterable[Taken]
) -> dict[int, dict[str, int]]:
    """What every location still sends: location id → {sku: units}, and a parcel for each work."""
    gone: dict[int, int] = defaultdict(int)
    for each in taken:
        gone[each.item.reservation_id] += each.units
    found: dict[int, dict[str, int]] = {}
    for work in works:
        for item in work.items if work.is_open else ():
            units = item.quantity - gone[item.reservation_id]
            if units:
                here = found.setdefault(work.location_id, {})
                here[item.sku] = here.get(item.sku, 0) + units
    return found
