"""Kits: one line for the customer, one line per part behind it for the shelves.

The kit's own line carries the price and what the customer sees; its parts are ordinary lines
without a price, so that everything that reserves, picks, ships and counts treats them as any
other. What has become of the kit follows from its parts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from core.domain.edit_actions import shrunk
from core.domain.order import KIT, PART, Line, Order
from core.domain.refusals import Invalid
from core.domain.stock import Level
from core.domain.values import dataclass

PARTS_MOST, UNITS_MOST = 20, 1000


@dataclass(frozen=True, slots=True)
class Part:
    """`quantity` units of `sku` in one kit."""

    sku: str
    quantity: int
    title: str = ""


Kits = Mapping[str, tuple[Part, ...]]


def read_parts(text: str) -> dict[str, int]:
    """`mug-red:2 card` as units by SKU. Raises Invalid naming the word that makes no sense."""
    found: dict[str, int] = {}
    for word in text.replace(",", " ").split():
        sku, _, number = word.rpartition(":") if ":" in word else (word, "", "1")
        if not sku or not number.isascii() or not number.isdecimal() or len(number) > 4:
            raise Invalid(f"“{word}” is no part of a kit.", "Write parts like `mug-red:2 card:1`.")
        found[sku] = found.get(sku, 0) + int(number)
    if not found or len(found) > PARTS_MOST:
        raise Invalid(f"A kit has 1 to {PARTS_MOST} different parts.", "Write `mug-red:2 card:1`.")
    if any(not 1 <= n <= UNITS_MOST for n in found.values()):
        raise Invalid(f"A kit holds 1 to {UNITS_MOST} of each part.", "Write `mug-red:2 card:1`.")
    return found


def units_of(kits: Kits, wanted: Mapping[str, int]) -> dict[str, int]:
    """What has to stand on shelves for these units: kits as their parts, added up by SKU."""
    found: dict[str, int] = defaultdict(int)
    for sku, units in wanted.items():
        for part in kits.get(sku, (Part(sku, 1),)):
            found[part.sku] += units * part.quantity
    return dict(found)


def available(parts: Sequence[Part], levels: Iterable[Level]) -> dict[int, int]:
    """How many whole kits each location could send, by location id."""
    room: dict[str, dict[int, int]] = defaultdict(dict)
    for level in levels:
        room[level.sku][level.location_id] = level.routable
    return {place: count for place, count in whole_at(parts, room).items() if count}


def whole_at(parts: Sequence[Part], units: Mapping[str, Mapping[int, int]]) -> dict[int, int]:
    """Whole kits at each place that has any of these parts; `units` are by SKU and place."""
    places = sorted({place for part in parts for place in units.get(part.sku, ())})
    return {
        place: min(units.get(part.sku, {}).get(place, 0) // part.quantity for part in parts)
        for place in places
    }


def behind(kits: Kits, sku: str) -> list[str]:
    """The SKUs that stand on shelves for this one: its parts, or itself."""
    return [part.sku for part in kits.get(sku, (Part(sku, 1),))]


# --- lines ---------------------------------------------------------------------------------------


def opened(order: Order, kits: Kits, new_id: Callable[[], int]) -> Order:
    """The parts of every new line that is a kit stand behind it from now on."""
    if not any(_is_new_kit(line, kits) for line in order.lines):
        return order
    lines: list[Line] = []
    for line in order.lines:
        if not _is_new_kit(line, kits):
            lines.append(line)
            continue
        lines.append(replace(line, kind=KIT, ships=False))
        lines += (_part_line(line, part, new_id()) for part in kits[line.sku])
    return replace(order, lines=tuple(lines))


def _is_new_kit(line: Line, kits: Kits) -> bool:
    begun = line.allocated or line.backordered or line.shipped or line.canceled
    return line.sku in kits and not line.kind and line.ships and not begun


def _part_line(kit: Line, part: Part, line_id: int) -> Line:
    return Line(
        id=line_id,
        position=kit.position,
        external_id=None,
        sku=part.sku,
        title=part.title or part.sku,
        ordered=kit.ordered * part.quantity,
        kind=PART,
        kit_line_id=kit.id,
        per_kit=part.quantity,
    )


def settled(order: Order) -> Order:
    """Kits and parts in step: parts are wanted as often as their kit is, as far as that can be
    without touching what is promised; a kit has left or arrived when all of its parts have."""
    parts = _parts(order)
    if not parts:
        return order
    kits = {line.id: line for line in order.lines if line.kind == KIT}
    followed = {
        part.id: _follow(part, kits[kit_id]) for kit_id, some in parts.items() for part in some
    }
    changed = dict(followed)
    for kit_id, some in parts.items():
        changed[kit_id] = _mirror(kits[kit_id], [followed[part.id] for part in some])
    return order.with_lines(changed)


def pulled(order: Order) -> Order:
    """Parts of a kit that an edit wants less of go, promised ones too: their work gives them up."""
    parts = _parts(order)
    changed = {}
    for kit in order.lines:
        for part in parts.get(kit.id, ()):
            less = min(part.wanted - kit.wanted * part.per_kit, part.wanted - part.shipped)
            if less > 0:
                changed[part.id] = shrunk(part, less)
    return order.with_lines(changed) if changed else order


def _parts(order: Order) -> dict[int, list[Line]]:
    found: dict[int, list[Line]] = defaultdict(list)
    for line in order.lines:
        if line.kit_line_id is not None:
            found[line.kit_line_id].append(line)
    return found


def _follow(part: Line, kit: Line) -> Line:
    more = kit.wanted * part.per_kit - part.wanted
    if more >= 0:
        return replace(part, ordered=part.ordered + more) if more else part
    loose = max(0, part.wanted - part.shipped - part.allocated - part.backordered)
    queued = min(part.backordered, max(0, -more - loose))
    less = min(-more, loose + queued)
    return replace(part, canceled=part.canceled + less, backordered=part.backordered - queued)


def _mirror(kit: Line, parts: Sequence[Line]) -> Line:
    shipped = min(kit.ordered, *(part.shipped // part.per_kit for part in parts))
    arrived = min(shipped, *(part.delivered // part.per_kit for part in parts))
    floor = kit.claimed_back
    return replace(
        kit,
        canceled=min(kit.canceled, kit.ordered - shipped),
        shipped=max(shipped, floor),
        delivered=max(arrived, floor),
    )


def in_parts(order: Order, units: Mapping[int, int]) -> dict[int, int]:
    """Units by line id with every kit as its parts: what shelves, work and parcels know of."""
    parts = _parts(order)
    found: dict[int, int] = defaultdict(int)
    for line_id, quantity in units.items():
        for part in parts.get(line_id, ()):
            found[part.id] += quantity * part.per_kit
        if line_id not in parts:
            found[line_id] += quantity
    return dict(found)


def for_customers(
    order: Order, items: Iterable[tuple[int, str, int]]
) -> list[tuple[int, str, int]]:
    """What a parcel holds as its customer ordered it: whole kits as kits, loose parts as parts."""
    left = {line_id: units for line_id, _, units in items}
    skus = {line.id: line.sku for line in order.lines}
    found = []
    for kit_id, parts in _parts(order).items():
        whole = min(left.get(part.id, 0) // part.per_kit for part in parts)
        if whole:
            found.append((kit_id, skus[kit_id], whole))
            for part in parts:
                left[part.id] -= whole * part.per_kit
    return [*found, *((i, skus.get(i, sku), left[i]) for i, sku, _ in items if left[i])]


def newly_shipped(before: Order, after: Order) -> dict[int, int]:
    """Kits of which the last part has left now, by line id."""
    return {
        line.id: line.shipped - before.line(line.id).shipped
        for line in after.lines
        if line.kind == KIT and line.shipped > before.line(line.id).shipped
    }
