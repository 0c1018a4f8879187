"""Whose promise is broken when goods are missing: the least urgent one, goods in hand last."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from core.domain.fulfillment import Stage
from core.domain.values import dataclass

IN_HAND = (Stage.PICKED, Stage.PACKED)


@dataclass(frozen=True, slots=True)
class Promised:
    """Units of one SKU at one location that open work of an order counts on."""

    reservation_id: int
    order_id: int
    order: str  # its number
    line_id: int
    work_id: int
    stage: Stage
    quantity: int
    priority: int
    placed_at: datetime

    @property
    def is_in_hand(self) -> bool:
        """Somebody has taken these units off the shelf: they are surely there."""
        return self.stage in IN_HAND


@dataclass(frozen=True, slots=True)
class Loss:
    """`units` of a promise that cannot be kept where it was given."""

    promise: Promised
    units: int


def by_sacrifice(promises: Iterable[Promised]) -> list[Promised]:
    """Who loses first: goods on the shelf before goods in hand, then the lowest priority, then
    the youngest order (the mirror image of the backorder queue)."""
    return sorted(
        promises,
        key=lambda p: (
            p.is_in_hand,
            p.priority,
            -p.placed_at.timestamp(),
            -p.order_id,
            -p.reservation_id,
        ),
    )


def losses(promises: Iterable[Promised], units: int) -> tuple[Loss, ...]:
    """Take `units` away from promises, as few orders as their order of sacrifice allows.

    Where the promises hold less than that, all of them are lost.
    """
    found = []
    for promise in by_sacrifice(promises):
        taken = min(units, promise.quantity)
        if taken <= 0:
            break
        found.append(Loss(promise, taken))
        units -= taken
    return tuple(found)
