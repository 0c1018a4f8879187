"""Returns (RMA): what is asked back, what became of each unit, and how a return moves on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from core.domain.refusals import Invalid, NotPossible
from core.domain.values import dataclass


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


class Wish(StrEnum):
    """What the customer would like for the goods."""

    REFUND = "refund"
    EXCHANGE = "exchange"
    CREDIT = "credit"
    REPLACEMENT = "replacement"


class RmaStatus(StrEnum):
    REQUESTED = "requested"
    APPROVED = "approved"
    REJECTED = "rejected"
    RECEIVED = "received"
    REFUNDED = "refunded"
    CANCELED = "canceled"
    EXPIRED = "expired"


OPEN_STATUSES = (RmaStatus.REQUESTED, RmaStatus.APPROVED)


@dataclass(frozen=True, slots=True)
class RmaLine:
    """Units of one order line. Each is expected, received, missing, kept by the customer or
    declined; `paid` are those whose money was made due; `terms` are kept as they were promised."""

    line_id: int
    sku: str
    quantity: int
    received: int = 0
    restocked: int = 0
    missing: int = 0
    kept: int = 0
    declined: int = 0
    paid: int = 0
    reason: str = ""
    condition: str = ""
    terms: Mapping[str, Any] = field(default_factory=dict)

    @property
    def expected(self) -> int:
        return self.quantity - self.received - self.missing - self.kept - self.declined


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
    wish: Wish = Wish.REFUND
    why: tuple[Mapping[str, Any], ...] = ()  # the verdict's reasons by code
    photos: tuple[str, ...] = ()
    send_by_at: datetime | None = None  # what its customer was told
    expires_at: datetime | None = None  # until when it is expected: core/domain/returning/deadline
    reminded_at: datetime | None = None
    external_id: str | None = None
    carrier: str = ""  # with the label of the shop, if there is one
    tracking_number: str = ""
    sent_at: datetime | None = None  # the carrier's first scan
    arrived_location_id: int | None = None  # where the goods lie, whether they are counted or not
    arrived_at: datetime | None = None

    @property
    def units(self) -> int:
        return sum(line.quantity for line in self.lines)

    @property
    def expected(self) -> int:
        return sum(line.expected for line in self.lines)

    @property
    def waits_for_goods(self) -> bool:
        return (
            self.status in (RmaStatus.APPROVED, RmaStatus.RECEIVED)
            and self.closed_at is None
            and self.expected > 0
        )

    def arrive(self, location_id: int, at: datetime) -> Rma:
        """The goods are there, and somebody will count them."""
        if self.status not in (RmaStatus.APPROVED, RmaStatus.RECEIVED) or not self.expected:
            raise NotPossible(
                f"Return {self.number} is {self.status.value}; no goods of it are expected.",
                f"Look at it: `{self.number}`.",
            )
        return replace(self, arrived_location_id=location_id, arrived_at=at)

    def approve(self, by: str, at: datetime, why: str = "") -> Rma:
        self._require(RmaStatus.REQUESTED)
        return replace(self, status=RmaStatus.APPROVED, decided_by=by, decided_at=at, decision=why)

    def overrule(self, by: str, at: datetime, why: str) -> Rma:
        """What the rules turned down is approved after all, by somebody who says why."""
        self._require(RmaStatus.REJECTED)
        if not why.strip():
            raise NotPossible(
                f"Return {self.number} was rejected: {self.decision}",
                f"To approve it after all, say why: `approve {self.number} goodwill`.",
                code="needs_reason",
            )
        lines = tuple(replace(line, declined=0) for line in self.lines)
        return replace(
            self,
            status=RmaStatus.APPROVED,
            lines=lines,
            decided_by=by,
            decided_at=at,
            decision=why.strip(),
            closed_at=None,
        )

    def reject(self, by: str, at: datetime, why: str) -> Rma:
        self._require(RmaStatus.REQUESTED)
        if not why.strip():
            raise Invalid("A rejection needs a reason that the customer can read.")
        return replace(
            self,
            status=RmaStatus.REJECTED,
            lines=self._without_the_rest(),
            decided_by=by,
            decided_at=at,
            decision=why.strip(),
            closed_at=at,
        )

    def _already(self) -> NotPossible:
        said = f"Return {self.number} is already {self.status.value}."
        return NotPossible(said, f"Look at it: `{self.number}`.")

    def cancel(self, at: datetime) -> Rma:
        if self.status not in OPEN_STATUSES or self.closed_at is not None:
            raise self._already()
        return self._ended(at)

    def _ended(self, at: datetime) -> Rma:
        """Over without any goods; what the customer keeps is paid all the same."""
        is_paid = any(line.kept for line in self.lines)
        return replace(self, status=self.status if is_paid else RmaStatus.CANCELED, closed_at=at)

    def finish(self, at: datetime) -> Rma:
        """The end, once nothing more is expected."""
        if self.expected or self.closed_at is not None:
            return self
        return self.close(at) if self.status is RmaStatus.RECEIVED else self._ended(at)

    def expire(self, at: datetime) -> Rma:
        """Nothing came in time."""
        self._require(RmaStatus.APPROVED)
        if self.has_begun:
            raise NotPossible(f"Return {self.number} has begun to come back.")
        return replace(self, status=RmaStatus.EXPIRED, closed_at=at)

    @property
    def has_begun(self) -> bool:
        return any(line.received or line.missing or line.kept for line in self.lines)

    def keep(self, units: Mapping[int, int], at: datetime) -> Rma:
        """The customer is refunded for these units and keeps them."""
        self._require(RmaStatus.APPROVED)
        lines = tuple(
            replace(line, kept=line.kept + units.get(line.line_id, 0)) for line in self.lines
        )
        after = replace(self, lines=lines)
        return replace(after, closed_at=at) if after.expected == 0 else after

    def receive(self, units: Mapping[int, tuple[int, bool, str]], at: datetime) -> Rma:
        """Goods arrived: {line id: (units, back on the shelf?, condition)}."""
        self._require_expecting()
        if not any(quantity for quantity, _, _ in units.values()):
            raise Invalid("Nothing was counted.", "Say how many units arrived.")
        lines = tuple(self._received(line, units.get(line.line_id)) for line in self.lines)
        return replace(self, status=RmaStatus.RECEIVED, lines=lines, received_at=at)

    def miss(self, units: Mapping[int, int]) -> Rma:
        """Units that were announced did not come; the customer still has them."""
        self._require_expecting()
        for line in self.lines:
            self._require_left(line, units.get(line.line_id, 0))
        lines = tuple(
            replace(line, missing=line.missing + units.get(line.line_id, 0)) for line in self.lines
        )
        return replace(self, lines=lines)

    def pay(self, units: Mapping[int, int]) -> Rma:
        """The money of these units is due from now on."""
        lines = tuple(
            replace(line, paid=line.paid + units.get(line.line_id, 0)) for line in self.lines
        )
        return replace(self, lines=lines)

    def restock(self, line_id: int, units: int) -> Rma:
        """So many more (or, negative, fewer) of a line's units are back on the shelf."""
        lines = tuple(
            replace(line, restocked=line.restocked + units) if line.line_id == line_id else line
            for line in self.lines
        )
        return replace(self, lines=lines)

    def close(self, at: datetime) -> Rma:
        """What is still missing will not come."""
        if self.status is not RmaStatus.RECEIVED or self.closed_at is not None:
            raise self._already()
        return replace(self, closed_at=at)

    def refunded(self, at: datetime) -> Rma:
        """The money for everything that came back is paid out."""
        return replace(self, status=RmaStatus.REFUNDED, closed_at=self.closed_at or at)

    def _received(self, line: RmaLine, counted: tuple[int, bool, str] | None) -> RmaLine:
        if counted is None:
            return line
        quantity, shelf, condition = counted
        self._require_left(line, quantity)
        return replace(
            line,
            received=line.received + quantity,
            restocked=line.restocked + (quantity if shelf else 0),
            condition=condition or line.condition,
        )

    def _require_left(self, line: RmaLine, quantity: int) -> None:
        if quantity < 0 or quantity > line.expected:
            raise NotPossible(
                f"Only {line.expected} × {line.sku} are still expected.",
                "Book what came beside it: `received unknown <location> <sku> <units>`.",
            )

    def _require_expecting(self) -> None:
        if self.closed_at is not None and self.status in (*OPEN_STATUSES, RmaStatus.RECEIVED):
            raise NotPossible(
                f"Return {self.number} is complete; nothing more is expected.",
                "What else came: `received unknown`.",
            )
        if self.status not in (RmaStatus.APPROVED, RmaStatus.RECEIVED):
            raise NotPossible(
                f"Return {self.number} is {self.status.value}; goods can only be received once it "
                "is approved.",
                f"Write `approve {self.number}` first."
                if self.status is RmaStatus.REQUESTED
                else "",
            )

    def _without_the_rest(self) -> tuple[RmaLine, ...]:
        return tuple(replace(x, declined=x.declined + x.expected) for x in self.lines)

    def _require(self, status: RmaStatus) -> None:
        if self.status is not status:
            raise self._already()


def units_of(lines: Iterable[RmaLine]) -> dict[int, int]:
    """Units that are still expected, by order line."""
    return {line.line_id: line.expected for line in lines if line.expected}
