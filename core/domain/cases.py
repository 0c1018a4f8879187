"""Cases: one exception with an owner and a clock, opened once, closed when its cause is gone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from core.domain.refusals import NotPossible
from core.domain.undo import CaseBefore
from core.domain.values import dataclass


class CaseKind(StrEnum):
    STUCK = "stuck"
    PAST_CUTOFF = "past_cutoff"
    TRACKING_STALE = "tracking_stale"
    REFUND_OPEN = "refund_open"
    UNKNOWN_SKU = "unknown_sku"
    SHORT = "short"
    ROUTING_CHOICE = "routing_choice"
    EDIT_AFTER_PRINT = "edit_after_print"
    CANCEL_AFTER_SHIP = "cancel_after_ship"
    TILL_ABOVE_BOOK = "till_above_book"
    COUNT_OFF = "count_off"
    OUTSIDE_REFUND = "outside_refund"
    DEAD_LETTER = "dead_letter"
    DELIVERY_DEAD = "delivery_dead"
    PARCEL_TROUBLE = "parcel_trouble"
    RETURN_DECISION = "return_decision"
    RETURN_MISSING = "return_missing"
    RETURN_SWAP = "return_swap"
    FOUND_BOX = "found_box"
    RETURN_UNCOUNTED = "return_uncounted"
    CLAIM_DECISION = "claim_decision"
    CLAIM_ARRIVED = "claim_arrived"
    FLAGGED_REQUEST = "flagged_request"
    REFUND_TASK = "refund_task"
    REFUND_APPROVAL = "refund_approval"
    CREDIT_APPROVAL = "credit_approval"
    REFUND_FAILED = "refund_failed"
    REFUND_UNKNOWN = "refund_unknown"
    CHARGEBACK = "chargeback"
    PAYMENT_DUE = "payment_due"
    CAPTURE_FAILED = "capture_failed"
    CAPTURE_UNKNOWN = "capture_unknown"
    AUTHORIZATION_ENDS = "authorization_ends"
    CUSTOMER_WISH = "customer_wish"
    CUSTOMER_CHAT = "customer_chat"
    INVARIANT = "invariant"
    DRIFT = "drift"
    LOW_STOCK = "low_stock"
    STORM = "storm"
    SCREENING = "screening"
    HOLD_ASKED = "hold_asked"
    OVERDUE = "overdue"
    RECALL = "recall"
    PICKUP_LATE = "pickup_not_collected"
    EXCHANGE_OVERDUE = "exchange_overdue"


@dataclass(frozen=True, slots=True)
class Rule:
    """Who acts next on a case of this kind, within how long, and whether scans close it."""

    party: str
    hours: float
    closes_itself: bool = False


RULES: dict[CaseKind, Rule] = {
    CaseKind.STUCK: Rule("location", 2, closes_itself=True),
    CaseKind.PAST_CUTOFF: Rule("location", 4, closes_itself=True),
    CaseKind.TRACKING_STALE: Rule("carrier", 24, closes_itself=True),
    CaseKind.REFUND_OPEN: Rule("us", 24, closes_itself=True),
    CaseKind.UNKNOWN_SKU: Rule("us", 4, closes_itself=True),
    CaseKind.SHORT: Rule("us", 8, closes_itself=True),
    CaseKind.ROUTING_CHOICE: Rule("us", 4, closes_itself=True),
    CaseKind.EDIT_AFTER_PRINT: Rule("location", 1),
    CaseKind.CANCEL_AFTER_SHIP: Rule("us", 8),
    CaseKind.TILL_ABOVE_BOOK: Rule("location", 24),
    CaseKind.COUNT_OFF: Rule("location", 72, closes_itself=True),
    CaseKind.OUTSIDE_REFUND: Rule("us", 24),
    CaseKind.DEAD_LETTER: Rule("us", 4, closes_itself=True),
    CaseKind.DELIVERY_DEAD: Rule("us", 4, closes_itself=True),
    CaseKind.PARCEL_TROUBLE: Rule("carrier", 24),
    CaseKind.RETURN_DECISION: Rule("us", 24),
    CaseKind.RETURN_MISSING: Rule("customer", 72),
    CaseKind.RETURN_SWAP: Rule("us", 8),
    CaseKind.FOUND_BOX: Rule("us", 24),
    CaseKind.RETURN_UNCOUNTED: Rule("location", 24, closes_itself=True),
    CaseKind.CLAIM_DECISION: Rule("us", 24),
    CaseKind.CLAIM_ARRIVED: Rule("us", 24),
    CaseKind.FLAGGED_REQUEST: Rule("us", 24),
    CaseKind.REFUND_TASK: Rule("us", 24),
    CaseKind.REFUND_APPROVAL: Rule("us", 24),
    CaseKind.CREDIT_APPROVAL: Rule("us", 24),
    CaseKind.REFUND_FAILED: Rule("us", 24),
    CaseKind.REFUND_UNKNOWN: Rule("us", 4, closes_itself=True),
    CaseKind.CHARGEBACK: Rule("us", 120),
    CaseKind.PAYMENT_DUE: Rule("us", 48, closes_itself=True),
    CaseKind.CAPTURE_FAILED: Rule("us", 24),
    CaseKind.CAPTURE_UNKNOWN: Rule("us", 4, closes_itself=True),
    CaseKind.AUTHORIZATION_ENDS: Rule("us", 24, closes_itself=True),
    CaseKind.CUSTOMER_WISH: Rule("us", 4),
    CaseKind.CUSTOMER_CHAT: Rule("us", 1),
    CaseKind.INVARIANT: Rule("us", 1, closes_itself=True),
    CaseKind.DRIFT: Rule("us", 24, closes_itself=True),
    CaseKind.LOW_STOCK: Rule("us", 48, closes_itself=True),
    CaseKind.STORM: Rule("us", 4, closes_itself=True),
    CaseKind.SCREENING: Rule("us", 4, closes_itself=True),
    CaseKind.HOLD_ASKED: Rule("location", 0.5, closes_itself=True),
    CaseKind.OVERDUE: Rule("us", 4, closes_itself=True),
    CaseKind.RECALL: Rule("carrier", 24),
    CaseKind.PICKUP_LATE: Rule("location", 24, closes_itself=True),
    CaseKind.EXCHANGE_OVERDUE: Rule("customer", 48),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """What a detector saw: `subject` names the one thing that it is about.

    `due_at` is a clock that runs already; without it the rule's hours begin when it opens.
    """

    kind: CaseKind
    subject: str
    title: str
    order_id: int | None = None
    location_id: int | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    due_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Case:
    id: int
    number: int
    kind: CaseKind
    subject: str
    title: str
    state: str
    opened_at: datetime
    party: str = "us"
    order_id: int | None = None
    location_id: int | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    assignee: str = ""
    due_at: datetime | None = None
    snoozed_until: datetime | None = None
    resolved_at: datetime | None = None
    resolution: str = ""
    group_id: int | None = None
    version: int = 1

    @property
    def is_open(self) -> bool:
        return self.state != "resolved"

    def take(self, who: str) -> Case:
        self._require_open()
        if self.state == "taken" and self.assignee == who:
            raise NotPossible(f"Case {self.number} is already yours.")
        return replace(self, state="taken", assignee=who, snoozed_until=None)

    def snooze(self, until: datetime, now: datetime) -> Case:
        self._require_open()
        if until <= now:
            raise NotPossible("A case can only be snoozed into the future.")
        if until - now > timedelta(days=60):
            raise NotPossible("A case can be snoozed for 60 days at most.")
        return replace(self, state="snoozed", snoozed_until=until)

    def wake(self) -> Case:
        return replace(self, state="taken" if self.assignee else "open", snoozed_until=None)

    def put_back(self, was: CaseBefore) -> Case:
        """As it was before the step that is taken back."""
        return replace(
            self,
            state=was.state,
            assignee=was.assignee,
            snoozed_until=was.snoozed_until,
            resolved_at=None,
            resolution="",
        )

    def resolve(self, at: datetime, resolution: str) -> Case:
        self._require_open()
        return replace(
            self, state="resolved", resolved_at=at, resolution=resolution, snoozed_until=None
        )

    def _require_open(self) -> None:
        if not self.is_open:
            raise NotPossible(f"Case {self.number} is already resolved.")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one scan of one kind changes."""

    open: tuple[Finding, ...]
    close: tuple[Case, ...]
    storm: bool


def reconcile(findings: Iterable[Finding], known: Iterable[Case], storm_size: int) -> Verdict:
    """Findings without an open case open one; open cases without a finding close.

    `known` are the open cases of the kinds that this scan covers. More than `storm_size` new
    findings are a storm: one card with a list instead of many.
    """
    seen = {(f.kind, f.subject): f for f in findings}
    opened = {(c.kind, c.subject) for c in known}
    fresh = tuple(f for key, f in seen.items() if key not in opened)
    gone = tuple(c for c in known if (c.kind, c.subject) not in seen)
    return Verdict(fresh, gone, len(fresh) > storm_size)
