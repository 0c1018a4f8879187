"""Returns: what may come back, who decides, and what happens to goods and money."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from core.domain.order import Order
from core.domain.refusals import Invalid, NotPossible


class ReturnReason(StrEnum):
    """Shopify's ten reasons."""

    COLOR = "color"
    DEFECTIVE = "defective"
    NOT_AS_DESCRIBED = "not_as_described"
    SIZE_TOO_LARGE = "size_too_large"
    SIZE_TOO_SMALL = "size_too_small"
    STYLE = "style"
    UNWANTED = "unwanted"
    WRONG_ITEM = "wrong_item"
    UNKNOWN = "unknown"
    OTHER = "other"


class RmaStatus(StrEnum):
    REQUESTED = "requested"
    APPROVED = "approved"
    REJECTED = "rejected"
    RECEIVED = "received"
    REFUNDED = "refunded"
    CANCELED = "canceled"


OPEN_STATUSES = (RmaStatus.REQUESTED, RmaStatus.APPROVED)


@dataclass(frozen=True, slots=True)
class RmaLine:
    line_id: int
    sku: str
    quantity: int
    received: int = 0
    restocked: int = 0
    reason: str = ""
    condition: str = ""


@dataclass(frozen=True, slots=True)
class Rma:
    id: int
    order_id: int
    number: str
    status: RmaStatus
    lines: tuple[RmaLine, ...]
    reason: str
    requested_at: datetime
    note: str = ""
    requested_by: str = ""
    decided_by: str = ""
    decision: str = ""
    decided_at: datetime | None = None
    received_at: datetime | None = None
    closed_at: datetime | None = None

    @property
    def units(self) -> int:
        return sum(line.quantity for line in self.lines)

    @property
    def expected(self) -> int:
        return sum(line.quantity - line.received for line in self.lines)

    def approve(self, by: str, at: datetime, why: str = "") -> Rma:
        self._require(RmaStatus.REQUESTED)
        return replace(self, status=RmaStatus.APPROVED, decided_by=by, decided_at=at, decision=why)

    def reject(self, by: str, at: datetime, why: str) -> Rma:
        self._require(RmaStatus.REQUESTED)
        if not why.strip():
            raise Invalid("A rejection needs a reason that the customer can read.")
        return replace(
            self,
            status=RmaStatus.REJECTED,
            decided_by=by,
            decided_at=at,
            decision=why.strip(),
            closed_at=at,
        )

    def cancel(self, at: datetime) -> Rma:
        if self.status not in OPEN_STATUSES or any(line.received for line in self.lines):
            raise NotPossible(f"Return {self.number} is already {self.status.value}.")
        return replace(self, status=RmaStatus.CANCELED, closed_at=at)

    def receive(self, units: Mapping[int, tuple[int, bool, str]], at: datetime) -> Rma:
        """Goods arrived: {line id: (units, back on the shelf?, condition)}."""
        if self.status is RmaStatus.RECEIVED and self.closed_at is not None:
            raise NotPossible(f"Return {self.number} is complete; nothing more is expected.")
        if self.status not in (RmaStatus.APPROVED, RmaStatus.RECEIVED):
            raise NotPossible(
                f"Return {self.number} is {self.status.value}; goods can only be received once it "
                "is approved.",
                f"Write `approve {self.number}` first."
                if self.status is RmaStatus.REQUESTED
                else "",
            )
        if not any(quantity for quantity, _, _ in units.values()):
            raise Invalid("Nothing was counted.", "Say how many units arrived.")
        lines = tuple(self._received(line, units.get(line.line_id)) for line in self.lines)
        return replace(self, status=RmaStatus.RECEIVED, lines=lines, received_at=at)

    def close(self, at: datetime) -> Rma:
        """What is still missing will not come."""
        if self.status is not RmaStatus.RECEIVED or self.closed_at is not None:
            raise NotPossible(f"Return {self.number} is already {self.status.value}.")
        return replace(self, closed_at=at)

    def refunded(self, at: datetime) -> Rma:
        """The money for everything that came back is paid out."""
        return replace(self, status=RmaStatus.REFUNDED, closed_at=self.closed_at or at)

    def _received(self, line: RmaLine, counted: tuple[int, bool, str] | None) -> RmaLine:
        if counted is None:
            return line
        quantity, shelf, condition = counted
        if quantity < 0 or line.received + quantity > line.quantity:
            raise NotPossible(
                f"Only {line.quantity - line.received} × {line.sku} are still expected."
            )
        return replace(
            line,
            received=line.received + quantity,
            restocked=line.restocked + (quantity if shelf else 0),
            condition=condition or line.condition,
        )

    def _require(self, status: RmaStatus) -> None:
        if self.status is not status:
            raise NotPossible(f"Return {self.number} is already {self.status.value}.")


@dataclass(frozen=True, slots=True)
class Assessment:
    """approve, review or reject, with a reason that a customer can read."""

    verdict: str
    reason: str


def assess(
    order: Order,
    lines: Mapping[int, int],
    delivered_at: datetime | None,
    now: datetime,
    policy: Mapping[str, Any],
    value: int,
) -> Assessment:
    """The shop's policy on a requested return; `value` is what would be refunded (minor units)."""
    for line_id, quantity in lines.items():
        line = order.line(line_id)
        if quantity < 1 or quantity > line.returnable:
            raise NotPossible(
                f"{line.title or line.sku}: {line.returnable} can be returned, not {quantity}."
            )
    window = int(policy["return_window_days"])
    if delivered_at is not None and now - delivered_at > timedelta(days=window):
        return Assessment(
            "reject", f"The return window of {window} days after delivery has passed."
        )
    if value > int(policy["return_auto_approve_below"]):
        return Assessment("review", "A colleague looks at returns of this value.")
    return Assessment("approve", "Within the return policy.")
