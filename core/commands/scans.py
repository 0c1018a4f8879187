"""Scans: what is wrong right now becomes cases; cases whose cause is gone close by themselves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Annotated

from core.commands import asking_money
from core.commands.holds import release_ended
from core.commands.payment_watch import (
    authorizations_ending,
    captures_without_answer,
    refunds_without_answer,
)
from core.commands.restock import low_cases
from core.db import blocking as blocking_facts
from core.db import invariants, pickups, scanning
from core.db.reading import Reader
from core.db.returns import uncounted
from core.db.setup import shop_ids
from core.db.unit_of_work import UnitOfWork
from core.domain import blocking, detect
from core.domain.access import Right
from core.domain.cases import Case, CaseKind, Finding, Verdict, reconcile
from core.domain.pickup import pickup_late
from core.domain.refusals import Invalid
from core.domain.values import dataclass
from core.registry import Arg, Done, command

_GONE = "the cause is gone"
CHUNK = 25  # cases opened or closed in one transaction: about 50 ms of the writer

Detector = Callable[[Reader], list[Finding]]


def _hours(reader: Reader, name: str) -> timedelta:
    return timedelta(hours=float(reader.shop.policy[name]))


def _stuck(reader: Reader) -> list[Finding]:
    limit = _hours(reader, "stuck_hours")
    works = scanning.open_work(reader.session, reader.shop.id, reader.now - limit)
    return detect.stuck(works, reader.shop.locations, limit, reader.now)


def _past_cutoff(reader: Reader) -> list[Finding]:
    works = scanning.open_work(reader.session, reader.shop.id, reader.now)
    return detect.past_cutoff(works, reader.shop.locations, reader.now)


def _tracking_stale(reader: Reader) -> list[Finding]:
    limit = _hours(reader, "tracking_stale_hours")
    parcels = scanning.parcels_without_sign(reader.session, reader.shop.id, reader.now - limit)
    return detect.tracking_stale(parcels, limit, reader.now)


def _refund_open(reader: Reader) -> list[Finding]:
    limit = _hours(reader, "refund_open_hours")
    refunds = scanning.refunds_due(reader.session, reader.shop.id, reader.now - limit)
    return detect.refund_open(refunds, limit, reader.now)


def _delivery_dead(reader: Reader) -> list[Finding]:
    dead = scanning.dead_effects(reader.session, reader.shop.id)
    return detect.given_up(CaseKind.DELIVERY_DEAD, dead)


def _dead_letter(reader: Reader) -> list[Finding]:
    dead = scanning.dead_letters(reader.session, reader.shop.id)
    return detect.given_up(CaseKind.DEAD_LETTER, dead)


def _invariant(reader: Reader) -> list[Finding]:
    """The house as a whole, so only its first shop is told."""
    if reader.shop.id != shop_ids(reader.session)[0]:
        return []
    broken = [
        detect.BrokenFacts(found.id, found.sentence, found.count, found.sample)
        for found in invariants.run(reader.session)
        if not found.ok and found.severity == invariants.VIOLATION
    ]
    return detect.broken(broken)


def _hold_asked(reader: Reader) -> list[Finding]:
    """Every box on paper under a hold, whoever placed that: its location has to be asked."""
    held = blocking_facts.blocked_ids(reader.session, reader.shop.id, ())
    facts = blocking_facts.facts_of(reader.session, held)
    return [
        blocking.asked_finding(order_id, each, hold, box, reader.shop)
        for order_id, each in facts.items()
        for hold, box in blocking.asked(each)
    ]


def _overdue(reader: Reader) -> list[Finding]:
    session, shop = reader.session, reader.shop
    ids = blocking_facts.blocked_ids(session, shop.id, blocking.IN_THE_WAY)
    facts = blocking_facts.facts_of(session, ids)
    return blocking.overdue(facts, shop, reader.now)


def _pickup_late(reader: Reader) -> list[Finding]:
    waiting = pickups.waiting_in(reader.session, reader.shop.id)
    return pickup_late(waiting, reader.shop.locations, reader.now)


def _return_uncounted(reader: Reader) -> list[Finding]:
    days = int(reader.shop.policy["return_count_days"])
    lying = uncounted(reader.session, reader.shop.id, reader.now - timedelta(days=days))
    return detect.return_uncounted(lying, reader.shop.locations, reader.now)


SCANS: dict[CaseKind, Detector] = {
    CaseKind.STUCK: _stuck,
    CaseKind.PAST_CUTOFF: _past_cutoff,
    CaseKind.TRACKING_STALE: _tracking_stale,
    CaseKind.REFUND_OPEN: _refund_open,
    CaseKind.PAYMENT_DUE: asking_money.late,
    CaseKind.DELIVERY_DEAD: _delivery_dead,
    CaseKind.DEAD_LETTER: _dead_letter,
    CaseKind.INVARIANT: _invariant,
    CaseKind.LOW_STOCK: low_cases,
    CaseKind.HOLD_ASKED: _hold_asked,
    CaseKind.OVERDUE: _overdue,
    CaseKind.PICKUP_LATE: _pickup_late,
    CaseKind.RETURN_UNCOUNTED: _return_uncounted,
    CaseKind.AUTHORIZATION_ENDS: authorizations_ending,
    CaseKind.CAPTURE_UNKNOWN: captures_without_answer,
    CaseKind.REFUND_UNKNOWN: refunds_without_answer,
}


@dataclass(frozen=True, slots=True)
class ScanForCases:
    """Look for one kind of trouble; opens and closes `most` cases at a time, then says `more`.

    `run` names the scan (the clock's slot): chunks of one run share their storm.
    """

    kind: Annotated[CaseKind, Arg.CHOICE]
    run: Annotated[str, Arg.NONE] = ""
    most: Annotated[int, Arg.NONE] = CHUNK


def look(ask: ScanForCases, reader: Reader) -> list[Finding]:
    """The slow part, outside the transaction."""
    if ask.kind not in SCANS:
        known = ", ".join(kind.value for kind in SCANS)
        raise Invalid(f"There is no scan for {ask.kind.value}.", f"Scans: {known}.")
    return SCANS[ask.kind](reader)


@command("scan", ScanForCases, Right.MACHINERY, prepare=look, looks_first=True, in_chat=False)
def scan(ask: ScanForCases, uow: UnitOfWork, findings: list[Finding] | None) -> Done:
    if findings is None:
        raise AssertionError("a scan without its look would close every case")
    known = [case for case in uow.cases.open_of_kind(ask.kind) if _is_seen(case)]
    covered = _covered(uow, ask.kind)
    news = [finding for finding in findings if finding.subject not in covered]
    verdict = reconcile(news, known, int(uow.shop.policy["storm_size"]))
    opened = _open(uow, ask, verdict)
    _hand_on(uow, news, known)
    closed = _close(uow, verdict.close[: ask.most - len(opened)], covered)
    more = len(verdict.open) + len(verdict.close) > len(opened) + closed
    facts = {"kind": ask.kind.value, "opened": len(opened), "closed": closed, "more": more}
    return Done(f"{len(opened)} cases opened, {closed} closed.", facts)


def _hand_on(uow: UnitOfWork, findings: list[Finding], known: list[Case]) -> None:
    """An overdue order that went to the next role: the same card says so, with a new clock."""
    seen = {finding.subject: finding for finding in findings if "acts next" in finding.facts}
    for case in known:
        now = seen.get(case.subject)
        if now is not None and now.facts != case.facts:
            after = replace(case.wake(), title=now.title, facts=now.facts, due_at=now.due_at)
            uow.cases.save(case, after, f"{now.facts['acts next']} acts next")


def _covered(uow: UnitOfWork, kind: CaseKind) -> set[str]:
    """Work that is stuck has a case already: that it missed its cut-off too is not a second one."""
    stuck = uow.cases.open_of_kind(CaseKind.STUCK) if kind is CaseKind.PAST_CUTOFF else []
    return {case.subject for case in stuck}


def _is_seen(case: Case) -> bool:
    """A fact without messages leaves nothing for a scan to see: a person closes that case."""
    return not case.subject.startswith("event:")


def _open(uow: UnitOfWork, ask: ScanForCases, verdict: Verdict) -> list[Case]:
    fresh = verdict.open[: ask.most]
    subject = f"{ask.kind.value}:{ask.run or uow.now.isoformat()}"
    storm = uow.cases.open_one(CaseKind.STORM, subject)
    if storm is None and verdict.storm:
        storm = uow.cases.open(_storm(ask.kind, subject, verdict.open))
    group_id = storm.id if storm is not None else None
    return [uow.cases.open(finding, group_id) for finding in fresh]


_MANY = {
    CaseKind.STUCK: "orders are stuck",
    CaseKind.PAST_CUTOFF: "orders missed the cut-off",
    CaseKind.TRACKING_STALE: "parcels have shown no sign of life",
    CaseKind.REFUND_OPEN: "refunds have been due for too long",
    CaseKind.PAYMENT_DUE: "customers have not paid what they were asked for",
    CaseKind.DELIVERY_DEAD: "calls and messages were given up",
    CaseKind.DEAD_LETTER: "received messages could not be understood",
    CaseKind.HOLD_ASKED: "held boxes are on paper and have to be put aside",
    CaseKind.OVERDUE: "blocked orders have waited too long",
    CaseKind.INVARIANT: "things that must always be true are not",
    CaseKind.LOW_STOCK: "SKUs are low",
    CaseKind.PICKUP_LATE: "orders were not collected",
    CaseKind.RETURN_UNCOUNTED: "returns lie uncounted",
    CaseKind.AUTHORIZATION_ENDS: "authorizations lapse soon",
    CaseKind.CAPTURE_UNKNOWN: "captures have no answer",
    CaseKind.REFUND_UNKNOWN: "refunds have no answer",
}


def _storm(kind: CaseKind, subject: str, findings: tuple[Finding, ...]) -> Finding:
    """One card with a list. Everything at one location makes it that location's."""
    places = {finding.location_id for finding in findings}
    things = _things(kind, findings)
    return Finding(
        CaseKind.STORM,
        subject,
        f"{len(things)} {_MANY[kind]}." if len(things) > 1 else things[0].title,
        location_id=places.pop() if len(places) == 1 else None,
        facts={"kind": kind.value, "members": [thing.title for thing in things[:50]]},
    )


def _things(kind: CaseKind, findings: tuple[Finding, ...]) -> list[Finding]:
    """What the card counts: an order with work at two locations is still one order."""
    if kind not in (CaseKind.STUCK, CaseKind.PAST_CUTOFF):
        return list(findings)
    return list({finding.order_id: finding for finding in reversed(findings)}.values())[::-1]


def _close(uow: UnitOfWork, gone: tuple[Case, ...], covered: set[str]) -> int:
    for case in gone:
        why = "it is stuck, which has its own case" if case.subject in covered else _GONE
        uow.cases.save(case, case.resolve(uow.now, why), why)
    return len(gone)


# --- what time alone changes ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class WakeCases:
    """Bring back the snoozed cases whose time has come."""


@command("wake", WakeCases, Right.MACHINERY, in_chat=False)
def wake(_: WakeCases, uow: UnitOfWork) -> Done:
    due = uow.cases.snoozed_due()
    for case in due[:CHUNK]:
        uow.cases.save(case, case.wake(), "its time has come")
    facts = {"woken": len(due[:CHUNK]), "more": len(due) > CHUNK}
    return Done(f"{len(due[:CHUNK])} cases are awake again.", facts)


@dataclass(frozen=True, slots=True)
class ReleaseExpiredHolds:
    """Let orders go whose hold had an end that has passed."""


@command("release-expired", ReleaseExpiredHolds, Right.MACHINERY, in_chat=False)
def release_expired(_: ReleaseExpiredHolds, uow: UnitOfWork) -> Done:
    over = scanning.holds_over(uow.session, uow.shop.id, uow.now, CHUNK + 1)
    for order_id in over[:CHUNK]:
        release_ended(uow, uow.orders.by_id(order_id))
    facts = {"released": len(over[:CHUNK]), "more": len(over) > CHUNK}
    return Done(f"{len(over[:CHUNK])} holds have ended.", facts)
