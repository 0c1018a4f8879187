"""Claims: something went wrong with what was sent, and nothing has to come back for it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum

from core.domain.fulfillment import Parcel
from core.domain.kits import for_customers
from core.domain.order import Order
from core.domain.refusals import Invalid, NotPossible
from core.domain.values import dataclass


class ClaimReason(StrEnum):
    DAMAGED = "damaged"
    WRONG_ITEM = "wrong_item"
    MISSING = "missing"
    LOST = "lost"
    NOT_RECEIVED = "not_received"


class Remedy(StrEnum):
    REPLACEMENT = "replacement"
    REFUND = "refund"


class ClaimStatus(StrEnum):
    REQUESTED = "requested"
    SETTLED = "settled"
    REJECTED = "rejected"


# What only has to have left; everything else is about goods that the customer holds.
UNSEEN = (ClaimReason.LOST, ClaimReason.NOT_RECEIVED)

# The reason that a return would have for the same fault: what its rules ask for is asked here too.
AS_RETURNED = {ClaimReason.DAMAGED: "defective", ClaimReason.WRONG_ITEM: "wrong_item"}


def never_came(
    order: Order, parcels: Iterable[Parcel], now: datetime, quiet_days: int
) -> dict[int, int]:
    """By line, the units of which their customer may say that they never came: those said to be
    delivered, and those of parcels that nobody has seen for so many days."""
    since = now - timedelta(days=quiet_days)
    found = {line.id: line.delivered for line in order.bought}
    for parcel in parcels:
        seen = parcel.last_scan_at or parcel.handed_over_at
        if parcel.delivered_at is None and parcel.has_left and (seen is None or seen <= since):
            for line_id, _, units in for_customers(order, parcel.items):
                if line_id in found:
                    found[line_id] += units
    return {line.id: min(found[line.id], line.claimable) for line in order.bought}


@dataclass(frozen=True, slots=True)
class ClaimLine:
    line_id: int
    sku: str
    quantity: int


@dataclass(frozen=True, slots=True)
class Claim:
    """`result` is the number of the replacement, or empty; a refund names its claim itself."""

    id: int
    order_id: int
    number: str
    reason: ClaimReason
    wish: Remedy
    status: ClaimStatus
    lines: tuple[ClaimLine, ...]
    requested_at: datetime
    requested_by: str
    note: str = ""
    photos: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    decided_by: str = ""
    decided_at: datetime | None = None
    decision: str = ""
    remedy: Remedy | None = None
    result: str = ""

    @property
    def units(self) -> dict[int, int]:
        return {line.line_id: line.quantity for line in self.lines}

    def settle(self, remedy: Remedy, by: str, at: datetime, why: str = "") -> Claim:
        self._require_open()
        return replace(
            self,
            status=ClaimStatus.SETTLED,
            remedy=remedy,
            decided_by=by,
            decided_at=at,
            decision=why,
        )

    def reject(self, by: str, at: datetime, why: str) -> Claim:
        self._require_open()
        if not why.strip():
            raise Invalid("A rejection needs a reason that the customer can read.")
        return replace(
            self,
            status=ClaimStatus.REJECTED,
            decided_by=by,
            decided_at=at,
            decision=why.strip(),
        )

    def reopen(self) -> Claim:
        """As before it was settled: what was to make it good does not come."""
        return replace(
            self,
            status=ClaimStatus.REQUESTED,
            remedy=None,
            result="",
            decided_by="",
            decided_at=None,
            decision="",
        )

    def part(self, units: Mapping[int, int], new_id: int, number: str) -> tuple[Claim, Claim]:
        """What is left of it, and an open claim of these units (by line id): what was to make
        them good does not come."""
        left = (replace(x, quantity=x.quantity - units.get(x.line_id, 0)) for x in self.lines)
        gone = (replace(x, quantity=units.get(x.line_id, 0)) for x in self.lines)
        rest = replace(self, lines=tuple(line for line in left if line.quantity))
        apart = tuple(line for line in gone if line.quantity)
        return rest, replace(self.reopen(), id=new_id, number=number, lines=apart)

    def _require_open(self) -> None:
        if self.status is not ClaimStatus.REQUESTED:
            raise NotPossible(f"Claim {self.number} is already {self.status.value}.")
