"""Where returned goods go: each disposition, its stock moves, and how it can later move on."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from core.domain.refusals import Invalid, NotPossible
from core.domain.stock import Move


class Disposition(StrEnum):
    """What becomes of units that came back. `missing` units were announced and did not come."""

    RESTOCK = "restock"
    QUARANTINE = "quarantine"
    REFURBISH = "refurbish"
    WRITE_OFF = "write_off"
    SEND_BACK = "send_back"
    MISSING = "missing"


D = Disposition
_LIES = {
    D.RESTOCK: "on the shelf",
    D.QUARANTINE: "in quarantine",
    D.REFURBISH: "set aside for repair",
    D.WRITE_OFF: "written off",
    D.SEND_BACK: "on their way back to the customer",
    D.MISSING: "missing",
}


def lies(disposition: str) -> str:
    """Where units are, in words."""
    return _LIES[Disposition(disposition)]


PLACED = (D.RESTOCK, D.QUARANTINE, D.REFURBISH, D.WRITE_OFF, D.SEND_BACK)
# Units whose money is not due: they go back to the customer, or nobody has looked at them yet.
NOT_PAID = (D.SEND_BACK, D.MISSING)
# From the shelf to where they go, and from there back to the shelf. What is on its way to the
# customer, or off the books, is on no shelf at all.
_TO: Mapping[Disposition, tuple[tuple[Move, int], ...]] = {
    D.RESTOCK: (),
    D.QUARANTINE: ((Move.QUARANTINE, 1),),
    D.REFURBISH: ((Move.DAMAGE, 1),),
    D.WRITE_OFF: ((Move.DAMAGE, 1), (Move.WRITE_OFF, 1)),
    D.SEND_BACK: ((Move.ADJUST, -1),),
}
_FROM: Mapping[Disposition, tuple[tuple[Move, int], ...]] = {
    D.RESTOCK: (),
    D.QUARANTINE: ((Move.RELEASE_QUALITY, 1),),
    D.REFURBISH: ((Move.REPAIR, 1),),
    D.WRITE_OFF: ((Move.RESTOCK, 1),),
    D.SEND_BACK: ((Move.RESTOCK, 1),),
}


def arrival(to: Disposition) -> tuple[tuple[Move, int], ...]:
    """The moves, with their sign, of one unit that arrives and goes there at once."""
    if to is D.MISSING:
        raise Invalid("Units that did not come go nowhere.")
    return () if to is D.SEND_BACK else (*_FROM[D.SEND_BACK], *_TO[to])


def moving(before: Disposition, after: Disposition) -> tuple[tuple[Move, int], ...]:
    """The moves, with their sign, of one unit that moves on; there and back is nothing at all.

    Raises NotPossible for the same place twice and for units that never came.
    """
    if before is after:
        others = ", ".join(f"`{each}`" for each in PLACED if each is not after)
        raise NotPossible(f"They are {lies(after)} already.", f"They could go to {others}.")
    if D.MISSING in (before, after):
        raise NotPossible(
            "Units that did not come cannot move on.", "If they came after all, write `received`."
        )
    return (*_FROM[before], *_TO[after])
