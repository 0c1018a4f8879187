"""Stock as a ledger: levels are sums of moves, available is derived and never below zero."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from enum import StrEnum
from typing import Any, NamedTuple

from core.domain.refusals import Refusal
from core.domain.values import dataclass


class Move(StrEnum):
    RECEIVE = "receive"
    RESERVE = "reserve"
    RELEASE = "release"
    SHIP = "ship"
    SELL = "sell"  # over the till: gone without ever having been reserved
    RESTOCK = "restock"
    ADJUST = "adjust"  # signed, needs a reason
    SAFETY = "safety"  # signed change of the never-sell floor
    BUFFER = "buffer"  # signed change of what routing leaves for a person to promise
    FREEZE = "freeze"
    UNFREEZE = "unfreeze"
    DAMAGE = "damage"
    REPAIR = "repair"
    WRITE_OFF = "write_off"  # damaged units leave for good
    QUARANTINE = "quarantine"
    RELEASE_QUALITY = "release_quality"
    CONDEMN = "condemn"  # quality control found it damaged
    EXPECT = "expect"
    UNEXPECT = "unexpect"
    ARRIVE = "arrive"  # what was expected is here
    DISPATCH = "dispatch"  # leaves for another location, having been reserved for it


class Effect(NamedTuple):
    """What one unit of a move does to each quantity of a level; these are the ledger's columns.

    `on_hand` is what a picker may take. Damaged units and those in quality control are in the
    house but not on hand; `safety` and `frozen` are floors under what may be promised, `buffer`
    one under what routing takes by itself; `incoming` is expected or on its way.
    """

    on_hand: int = 0
    reserved: int = 0
    safety: int = 0
    buffer: int = 0
    frozen: int = 0
    damaged: int = 0
    quality: int = 0
    incoming: int = 0


COLUMNS = Effect._fields
EFFECTS: dict[Move, Effect] = {
    Move.RECEIVE: Effect(on_hand=+1),
    Move.RESERVE: Effect(reserved=+1),
    Move.RELEASE: Effect(reserved=-1),
    Move.SHIP: Effect(on_hand=-1, reserved=-1),
    Move.SELL: Effect(on_hand=-1),
    Move.RESTOCK: Effect(on_hand=+1),
    Move.ADJUST: Effect(on_hand=+1),
    Move.SAFETY: Effect(safety=+1),
    Move.BUFFER: Effect(buffer=+1),
    Move.FREEZE: Effect(frozen=+1),
    Move.UNFREEZE: Effect(frozen=-1),
    Move.DAMAGE: Effect(on_hand=-1, damaged=+1),
    Move.REPAIR: Effect(on_hand=+1, damaged=-1),
    Move.WRITE_OFF: Effect(damaged=-1),
    Move.QUARANTINE: Effect(on_hand=-1, quality=+1),
    Move.RELEASE_QUALITY: Effect(on_hand=+1, quality=-1),
    Move.CONDEMN: Effect(quality=-1, damaged=+1),
    Move.EXPECT: Effect(incoming=+1),
    Move.UNEXPECT: Effect(incoming=-1),
    Move.ARRIVE: Effect(on_hand=+1, incoming=-1),
    Move.DISPATCH: Effect(on_hand=-1, reserved=-1),
}
NEED_A_REASON = frozenset({Move.ADJUST, Move.WRITE_OFF, Move.UNEXPECT})
# Moves that may make units free: those who wait for them are served next.
FREEING = frozenset(
    {
        Move.RECEIVE,
        Move.RESTOCK,
        Move.ADJUST,
        Move.SAFETY,
        Move.BUFFER,
        Move.UNFREEZE,
        Move.REPAIR,
        Move.RELEASE_QUALITY,
        Move.ARRIVE,
    }
)


def free(level: Any) -> Any:
    """The one rule of what may be promised, as numbers of a level or as columns of its table.

    Below zero it only says how far the floors reach beyond what is there: nobody is told that.
    """
    return level.on_hand - level.reserved - level.safety - level.frozen


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
    """The quantities of a SKU at a location, in the order of the ledger's columns."""

    sku: str
    location_id: int
    on_hand: int
    reserved: int
    safety: int = 0
    buffer: int = 0
    frozen: int = 0
    damaged: int = 0
    quality: int = 0
    incoming: int = 0

    @property
    def available(self) -> int:
        """What a person may promise."""
        return max(0, int(free(self)))

    @property
    def routable(self) -> int:
        """What routing takes by itself and channels are told of: the buffer stays."""
        return max(0, int(free(self)) - self.buffer)


@dataclass(frozen=True, slots=True)
class Delta:
    """What a batch of moves does to one level, added up so that equal SKUs count together."""

    sku: str
    location_id: int
    change: Effect

    @property
    def only_promises(self) -> bool:
        """Nothing but new promises, which may never reach into a floor."""
        on_hand, reserved, *others = self.change
        return reserved > 0 and not on_hand and not any(others)


class Short(Refusal):
    """A level cannot give what was asked; `levels` names the (sku, location id) pairs."""

    code = "short"

    def __init__(self, levels: tuple[tuple[str, int], ...]) -> None:
        skus = ", ".join(sorted({sku for sku, _ in levels}))
        super().__init__(f"There is not enough stock of {skus}.", "Look at `stock` for the sku.")
        self.levels = levels


_NOTHING = [0] * len(COLUMNS)
# kind -> (column, units) of what it touches, so that adding up skips the quantities it leaves.
TOUCHES = {
    kind: tuple((i, unit) for i, unit in enumerate(effect) if unit)
    for kind, effect in EFFECTS.items()
}


def deltas(moves: Iterable[StockMove]) -> list[Delta]:
    """Add moves up per level, sorted by (sku, location): the one order in which rows lock."""
    sums: dict[tuple[str, int], list[int]] = defaultdict(_NOTHING.copy)
    for move in moves:
        cell = sums[move.sku, move.location_id]
        for i, unit in TOUCHES[move.kind]:
            cell[i] += unit * move.quantity
    return [Delta(sku, place, Effect._make(cell)) for (sku, place), cell in sorted(sums.items())]
