"""Work given to one location: fulfillment orders from ready to shipped, and their parcels."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from core.domain.refusals import NotPossible
from core.domain.values import dataclass


class Stage(StrEnum):
    READY = "ready"
    PRINTED = "printed"
    PICKED = "picked"
    PACKED = "packed"
    SHIPPED = "shipped"
    CANCELED = "canceled"


OPEN_STAGES = (Stage.READY, Stage.PRINTED, Stage.PICKED, Stage.PACKED)
# The table is the specification: from a stage, forward by one or more steps, or canceled.
_STEPS = [*OPEN_STAGES, Stage.SHIPPED]


@dataclass(frozen=True, slots=True)
class Item:
    """Promised units of one order line at this location: the reservation behind the work."""

    reservation_id: int
    line_id: int
    sku: str
    quantity: int


@dataclass(frozen=True, slots=True)
class FulfillmentOrder:
    id: int
    order_id: int
    location_id: int
    number: str
    stage: Stage
    items: tuple[Item, ...]
    ready_at: datetime
    printed_at: datetime | None = None
    picked_at: datetime | None = None
    packed_at: datetime | None = None
    shipped_at: datetime | None = None
    canceled_at: datetime | None = None

    @property
    def is_open(self) -> bool:
        return self.stage in OPEN_STAGES

    @property
    def is_untouched(self) -> bool:
        """Nobody at the location has it on paper yet: it may be moved or canceled freely."""
        return self.stage is Stage.READY

    def is_before(self, stage: Stage) -> bool:
        """Open, and the step to this stage is still to be made."""
        return self.is_open and _STEPS.index(self.stage) < _STEPS.index(stage)

    @property
    def units(self) -> int:
        return sum(item.quantity for item in self.items)

    def advance(self, stage: Stage, at: datetime) -> FulfillmentOrder:
        """The same work one or more steps further on; never backwards, never twice."""
        if not self.is_open:
            raise NotPossible(f"{self.number} is already {self.stage.value}.")
        if _STEPS.index(stage) <= _STEPS.index(self.stage):
            raise NotPossible(f"{self.number} is already {self.stage.value}.")
        when: dict[str, Any] = {f"{stage.value}_at": at}
        return replace(self, stage=stage, **when)

    def put_on_paper(self, at: datetime) -> FulfillmentOrder:
        """Printed, or printed once more: `printed_at` names the paper that counts."""
        if self.is_before(Stage.PRINTED):
            return self.advance(Stage.PRINTED, at)
        return replace(self, printed_at=at)

    def put_back(self, stage: Stage) -> FulfillmentOrder:
        """The goods went back to the shelf: an earlier open stage, as if later steps never were."""
        earlier = OPEN_STAGES[: _STEPS.index(self.stage)] if self.is_open else ()
        if stage not in earlier:
            raise NotPossible(f"{self.number} is {self.stage.value}; there is nothing to put back.")
        undone = _STEPS[_STEPS.index(stage) + 1 : _STEPS.index(self.stage) + 1]
        times: dict[str, Any] = {f"{step.value}_at": None for step in undone}
        return replace(self, stage=stage, **times)

    def cancel(self, at: datetime) -> FulfillmentOrder:
        if not self.is_open:
            raise NotPossible(f"{self.number} is already {self.stage.value}.")
        return replace(self, stage=Stage.CANCELED, canceled_at=at)


@dataclass(frozen=True, slots=True)
class Parcel:
    """A box on its way. `status` is one of 17TRACK's nine; items are (line id, sku, quantity)."""

    id: int
    order_id: int
    fulfillment_id: int | None
    position: int
    carrier: str
    tracking_number: str | None
    created_at: datetime
    items: tuple[tuple[int, str, int], ...]
    tracking_url: str = ""
    external_id: str | None = None
    status: str = "NotFound"
    reason: str = ""
    handed_over_at: datetime | None = None
    first_scan_at: datetime | None = None
    last_scan_at: datetime | None = None
    last_place: str = ""
    delivered_at: datetime | None = None
    contradiction: str = ""
    expected: str = ""  # the day the carrier last expected to deliver, ISO
    voided_at: datetime | None = None

    @property
    def has_left(self) -> bool:
        return self.handed_over_at is not None or self.first_scan_at is not None
