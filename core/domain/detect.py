"""Detectors: from what is open right now to findings, each a pure function of facts and a clock."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, time, timedelta

from core.domain.cases import CaseKind, Finding
from core.domain.hours import as_spans
from core.domain.money import amount_text
from core.domain.promise import Calendar, is_stuck, next_cutoff, working_time_between
from core.domain.returns import Rma
from core.domain.shop import Location
from core.domain.values import dataclass

Span = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class WorkFacts:
    """Open work of an order that is not held now; `holds` are the spans in which it was."""

    work_id: int
    order_id: int
    order: str
    location_id: int
    stage: str
    ready_at: datetime
    holds: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class ParcelFacts:
    """A parcel on its way, with the last sign of it: a scan, or else the hand-over."""

    parcel_id: int
    order_id: int
    order: str
    carrier: str
    tracking_number: str
    last_sign_at: datetime


@dataclass(frozen=True, slots=True)
class RefundFacts:
    refund_id: int
    order_id: int
    order: str
    amount: int
    currency: str
    due_at: datetime


@dataclass(frozen=True, slots=True)
class DeadFacts:
    """Something given up: an effect or message of the outbox, or a delivery of the inbox."""

    subject: str
    what: str
    reason: str
    order_id: int | None = None
    order: str = ""


@dataclass(frozen=True, slots=True)
class BrokenFacts:
    """An invariant with the first of its breakers."""

    id: str
    sentence: str
    count: int
    sample: tuple[str, ...]


def calendar_of(place: Location) -> Calendar:
    """When a location works; without hours it is always open."""
    return Calendar(
        zone=place.time_zone,
        hours=None if place.hours is None else as_spans(place.hours),
        closed=frozenset(map(date.fromisoformat, (*place.closing_days, *place.holiday_days))),
        cut_off=time.fromisoformat(place.cut_off) if place.cut_off else None,
    )


def stuck(
    works: Iterable[WorkFacts], places: Mapping[int, Location], limit: timedelta, now: datetime
) -> list[Finding]:
    """Work that a location has not begun for more open hours than the limit, holds not counted."""
    calendars = {i: calendar_of(place) for i, place in places.items()}
    hours = f"{limit / timedelta(hours=1):g}"
    return [
        _work_finding(
            CaseKind.STUCK,
            work,
            f"Order {work.order} has waited at {places[work.location_id].code} for more than "
            f"{hours} open hours.",
        )
        for work in works
        if work.stage in ("ready", "printed")
        and is_stuck(
            work.ready_at + timedelta(days=places[work.location_id].lead_days),
            now,
            calendars[work.location_id],
            limit + _time_held(work, calendars[work.location_id]),
        )
    ]


def _time_held(work: WorkFacts, calendar: Calendar) -> timedelta:
    """Open time under a hold since the work was ready; holds that overlap count once."""
    total = timedelta()
    reached = work.ready_at
    for start, end in sorted(work.holds):
        total += working_time_between(calendar, max(start, reached), end)
        reached = max(reached, end)
    return total


def past_cutoff(
    works: Iterable[WorkFacts], places: Mapping[int, Location], now: datetime
) -> list[Finding]:
    """Work still open after the cut-off that it was in time for; only places that have one."""
    calendars = {i: calendar_of(place) for i, place in places.items() if place.cut_off}
    return [
        _work_finding(
            CaseKind.PAST_CUTOFF,
            work,
            f"Order {work.order} missed the cut-off at {places[work.location_id].code}.",
        )
        for work in works
        if work.location_id in calendars
        and next_cutoff(
            calendars[work.location_id],
            _free_since(work) + timedelta(days=places[work.location_id].lead_days),
        )
        < now
    ]


def _free_since(work: WorkFacts) -> datetime:
    return max([work.ready_at, *(end for _, end in work.holds)])


def _work_finding(kind: CaseKind, work: WorkFacts, title: str) -> Finding:
    return Finding(
        kind,
        f"work:{work.work_id}",
        title,
        order_id=work.order_id,
        location_id=work.location_id,
        facts={"order": work.order},
    )


def tracking_stale(
    parcels: Iterable[ParcelFacts], limit: timedelta, now: datetime
) -> list[Finding]:
    hours = f"{limit / timedelta(hours=1):g}"
    return [
        Finding(
            CaseKind.TRACKING_STALE,
            f"parcel:{parcel.parcel_id}",
            f"Parcel {parcel.tracking_number} of order {parcel.order} has shown no sign for more "
            f"than {hours} hours. Ask {parcel.carrier or 'the carrier'}.",
            order_id=parcel.order_id,
            facts={"order": parcel.order, "tracking_number": parcel.tracking_number},
        )
        for parcel in parcels
        if now - parcel.last_sign_at > limit
    ]


def refund_open(refunds: Iterable[RefundFacts], limit: timedelta, now: datetime) -> list[Finding]:
    hours = f"{limit / timedelta(hours=1):g}"
    return [
        Finding(
            CaseKind.REFUND_OPEN,
            f"refund:{refund.refund_id}",
            f"{amount_text(refund.amount, refund.currency)} for order "
            f"{refund.order} has been due for more than {hours} hours.",
            order_id=refund.order_id,
            facts={"order": refund.order, "amount": refund.amount, "currency": refund.currency},
        )
        for refund in refunds
        if now - refund.due_at > limit
    ]


def return_uncounted(
    lying: Iterable[Rma], places: Mapping[int, Location], now: datetime
) -> list[Finding]:
    """Goods that lie at a location and that nobody counts: their customers wait for money."""
    return [
        Finding(
            CaseKind.RETURN_UNCOUNTED,
            f"return:{rma.id}",
            f"Return {rma.number} has lain at {places[rma.arrived_location_id].code} for "
            f"{(now - rma.arrived_at).days} days, and nobody has counted it.",
            order_id=rma.order_id,
            location_id=rma.arrived_location_id,
            facts={"return": rma.number},
        )
        for rma in lying
        if rma.arrived_location_id is not None and rma.arrived_at is not None
    ]


def given_up(kind: CaseKind, dead: Iterable[DeadFacts]) -> list[Finding]:
    """Dead effects and messages (DELIVERY_DEAD) or dead deliveries (DEAD_LETTER)."""
    return [
        Finding(
            kind,
            one.subject,
            _dead_title(kind, one),
            order_id=one.order_id,
            facts={"what": one.what, "problem": one.reason, "order": one.order},
        )
        for one in dead
    ]


def _dead_title(kind: CaseKind, one: DeadFacts) -> str:
    if kind is CaseKind.DEAD_LETTER:
        return f"A {one.what} message could not be understood."
    about = f" for order {one.order}" if one.order else ""
    return f"{one.what}{about} was given up."


def broken(invariants: Iterable[BrokenFacts]) -> list[Finding]:
    return [
        Finding(
            CaseKind.INVARIANT,
            f"invariant:{one.id}",
            f"{one.id} is broken {one.count} times: {one.sentence}.",
            facts={"count": one.count, "sample": list(one.sample)},
        )
        for one in invariants
    ]
