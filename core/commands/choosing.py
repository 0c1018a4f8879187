"""Some units of an order, named by line and number: what may be chosen, and from which lines."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from core.commands.returns import named_lines
from core.domain.order import Line, Order
from core.domain.refusals import NotPossible
from core.domain.values import dataclass


@dataclass(frozen=True, slots=True)
class Units:
    """Units of a line, which is named by its SKU or id."""

    line: str
    quantity: int


def choose(
    order: Order, wanted: Iterable[Units], able: Callable[[Line], int], what: str
) -> dict[int, int]:
    """The wish as units by line id; a SKU on several lines is taken from them in order.

    `able` says how many units of a line there are to choose from, `what` names them in the
    refusal: “can be canceled”. Raises NotPossible for more than that, Invalid for unknown lines.
    """
    free = {line.id: max(0, able(line)) for line in order.lines}
    units: dict[int, int] = {}
    for wish in wanted:
        for line_id, part in _take(order, wish, free, what).items():
            free[line_id] -= part
            units[line_id] = units.get(line_id, 0) + part
    return units


def _take(order: Order, wish: Units, free: dict[int, int], what: str) -> dict[int, int]:
    lines = named_lines(order, wish.line)
    most, left = sum(free[line.id] for line in lines), wish.quantity
    if not 1 <= left <= most:
        raise NotPossible(
            f"{lines[0].title or lines[0].sku}: {most} {what}, not {left}.",
            f"Choose {most if most == 1 else f'1 to {most}'}." if most else "Choose another line.",
        )
    taken = {}
    for line in lines:
        part = min(left, free[line.id])
        if part:
            taken[line.id], left = part, left - part
    return taken


def by_sku(order: Order, units: dict[int, int]) -> dict[str, int]:
    """The same by SKU, for facts and sentences."""
    found: dict[str, int] = {}
    for line_id, quantity in units.items():
        sku = order.line(line_id).sku
        found[sku] = found.get(sku, 0) + quantity
    return found


def in_words(units: dict[str, int]) -> str:
    return ", ".join(f"{quantity} × {sku}" for sku, quantity in units.items())
