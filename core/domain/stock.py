"""Stock as a ledger: levels are sums of moves, available is derived and never below zero."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from core.domain.refusals import Refusal


class Move(StrEnum):
    RECEIVE = "receive"
    RESERVE = "reserve"
    RELEASE = "release"
    SHIP = "ship"
    SELL = "sell"  # over the till: gone without ever having been reserved
    RESTOCK = "restock"
    ADJUST = "adjust"  # signed, needs a reason
    SAFETY = "safety"  # signed change of the never-sell floor


# kind -> what one unit does to (on hand, reserved, safety)
EFFECTS: dict[Move, tuple[int, int, int]] = {
    Move.RECEIVE: (+1, 0, 0),
    Move.RESERVE: (0, +1, 0),
    Move.RELEASE: (0, -1, 0),
    Move.SHIP: (-1, -1, 0),
    Move.SELL: (-1, 0, 0),
    Move.RESTOCK: (+1, 0, 0),
    Move.ADJUST: (+1, 0, 0),
    Move.SAFETY: (0, 0, +1),
}


@dataclass(frozen=True, slots=True)
class StockMove:
    """One line of the ledger: `quantity` units of `sku` at `location` (a location id)."""

    kind: Move
    sku: str
    location_id: int
    quantity: int
    line_id: int | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Level:
    sku: str
    location_id: int
    on_hand: int
    reserved: int
    safety: int = 0

    @property
    def available(self) -> int:
        return max(0, self.on_hand - self.reserved - self.safety)


@dataclass(frozen=True, slots=True)
class Delta:
    """What a batch of moves does to one level, added up so that equal SKUs count together."""

    sku: str
    location_id: int
    on_hand: int
    reserved: int
    safety: int


class Short(Refusal):
    """A level cannot give what was asked; `levels` names the (sku, location id) pairs."""

    code = "short"

    def __init__(self, levels: tuple[tuple[str, int], ...]) -> None:
        skus = ", ".join(sorted({sku for sku, _ in levels}))
        super().__init__(f"There is not enough stock of {skus}.", "Look at `stock` for the sku.")
        self.levels = levels


def deltas(moves: Iterable[StockMove]) -> list[Delta]:
    """Add moves up per level, sorted by (sku, location): the one order in which rows lock."""
    sums: dict[tuple[str, int], list[int]] = defaultdict(lambda: [0, 0, 0])
    for move in moves:
        cell = sums[move.sku, move.location_id]
        for i, unit in enumerate(EFFECTS[move.kind]):
            cell[i] += unit * move.quantity
    return [Delta(sku, place, *cell) for (sku, place), cell in sorted(sums.items())]
