"""Who acts next on an order, until when in their own working hours, and who after them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from core.domain.cases import RULES, CaseKind, Finding
from core.domain.detect import calendar_of
from core.domain.fulfillment import OPEN_STAGES, Stage
from core.domain.holds import (
    Answer,
    Box,
    Exit,
    Hold,
    HoldReason,
    Party,
    Scope,
    answer,
    gate,
    hours_for,
)
from core.domain.hours import as_spans, parse_hours
from core.domain.promise import Calendar, add_working_time
from core.domain.shop import Location, Shop
from core.domain.values import dataclass

PARTNERS = ("3pl", "partner", "dropship", "vendor")
# Held by a rule or by the machine room: its name would be nobody to ask.
NOBODY = ("wismo", "channel", "clock", "screening", "cli")
# Cases that stand between an order and its customer; other kinds are about money or machines.
IN_THE_WAY = (
    CaseKind.EDIT_AFTER_PRINT,
    CaseKind.CANCEL_AFTER_SHIP,
    CaseKind.PARCEL_TROUBLE,
    CaseKind.CUSTOMER_WISH,
    CaseKind.RECALL,
)
_DOING = {
    Stage.READY: "pick",
    Stage.PRINTED: "pick",
    Stage.PICKED: "pack",
    Stage.PACKED: "hand over",
}
_AFTER = {
    Party.US: ("lead", "owner"),
    Party.FINANCE: ("lead", "owner"),
}
_AFTER_OTHERS = ("support", "lead", "owner")


@dataclass(frozen=True, slots=True)
class BoxFacts:
    box: Box
    number: str
    location_id: int
    ready_at: datetime
    collected_until: str = ""  # it lies ready for its customer until this local day (ISO)


@dataclass(frozen=True, slots=True)
class ParcelFacts:
    """`sign_at` is the last sign of it: a scan, or else the hand-over (None: still with us)."""

    carrier: str
    status: str
    sign_at: datetime | None


@dataclass(frozen=True, slots=True)
class CaseFacts:
    kind: CaseKind
    title: str
    party: str
    location_id: int | None
    assignee: str
    opened_at: datetime
    due_at: datetime | None


@dataclass(frozen=True, slots=True)
class Facts:
    """As much of an order as it takes to say who acts next; `parcels` without delivered ones."""

    number: str
    is_canceled: bool
    placed_at: datetime
    holds: tuple[Hold, ...] = ()
    is_unknown: bool = False
    is_short: bool = False
    awaits: str = ""  # the last day (ISO) for which goods of it are announced
    boxes: tuple[BoxFacts, ...] = ()
    parcels: tuple[ParcelFacts, ...] = ()
    cases: tuple[CaseFacts, ...] = ()


@dataclass(frozen=True, slots=True)
class Next:
    """`party` is the owner's name for people, `until` their clock (UTC).

    `why` is asked, held, unknown_sku, short, case, work or parcel. `blocked`: it does not go on
    by itself. `escalated` is the role that has the next step since the time is over.
    """

    party: str
    what: str
    until: datetime | None = None
    owner: Party = Party.US
    why: str = ""
    blocked: bool = False
    escalated: str = ""
    escalated_until: datetime | None = None


def next_step(facts: Facts, shop: Shop, now: datetime) -> Next | None:
    """The nearest obstacle counts; None when nothing is left to do."""
    found = None if facts.is_canceled else _nearest(facts, shop)
    return None if found is None else _escalated(found, shop, now)


def _nearest(facts: Facts, shop: Shop) -> Next | None:
    return (
        _asked(facts, shop)
        or _held(facts, shop)
        or _without_stock(facts, shop)
        or _in_the_way(facts, shop)
        or _at_work(facts, shop)
        or _on_the_way(facts, shop)
        or _not_sold_yet(facts, shop)
        or _announced(facts, shop)
    )


# --- one kind of obstacle each -------------------------------------------------------------------


def asked(facts: Facts) -> list[tuple[Hold, BoxFacts]]:
    """Every box on paper that its location has to put aside, with the first hold that asks."""
    return [
        (asking[0], each)
        for each in facts.boxes
        if (asking := [h for h in facts.holds if answer(h, each.box) is Answer.ASKED])
    ]


def _asked(facts: Facts, shop: Shop) -> Next | None:
    waiting = asked(facts)
    if not waiting:
        return None
    hold, first = min(waiting, key=lambda pair: (pair[0].at, pair[1].box.id))
    place = shop.locations[first.location_id]
    until = ask_due(shop, place, hold.at)
    what = f"put {first.number} aside and press Got it"
    return Next(place.code, what, until, party_of(place), "asked", blocked=True)


def ask_due(shop: Shop, place: Location, since: datetime) -> datetime:
    hours = float(shop.policy["ask_minutes"]) / 60
    return due(shop, party_of(place), place, since, hours)


def _held(facts: Facts, shop: Shop) -> Next | None:
    """The hold whose clock runs out first; one with an end of its own waits for that."""
    holds = [hold for hold in facts.holds if hold.reason is not HoldReason.STREET_DATE]
    if not holds:
        return None
    clocks = [(hold_due(shop, hold), hold.id, place) for place, hold in enumerate(holds)]
    until, _, place = min(clocks)
    hold = holds[place]
    word = "" if hold.reason is HoldReason.MANUAL else f"{hold.reason.value.replace('_', ' ')} "
    what = f"decide the {word}hold"
    if hold.reason is HoldReason.CONSOLIDATION:
        what = "wait for one parcel"
    elif hold.reason is HoldReason.EXCHANGE:
        what = "send back what it is exchanged for"
    elif hold.party is Party.CUSTOMER:
        what = "answer us; it is on hold until then"
    return Next(_decider(hold), what, until, hold.party, "held", blocked=True)


def hold_due(shop: Shop, hold: Hold) -> datetime:
    """When a hold should be decided: its own end, or the working hours of its owner."""
    hours = hours_for(hold, str(shop.policy["hold_hours"]))
    return hold.until or due(shop, hold.party, None, hold.at, hours)


def _decider(hold: Hold) -> str:
    """Our own people have names: whoever placed a hold is the one to ask."""
    return hold.by if hold.party is Party.US and hold.by not in NOBODY else hold.party.value


def _without_stock(facts: Facts, shop: Shop) -> Next | None:
    if facts.is_unknown:
        kind, what = CaseKind.UNKNOWN_SKU, "make the SKU known, then `retry`"
    elif facts.is_short:
        kind, what = CaseKind.SHORT, "find stock for what is short"
    else:
        return None
    case = next((c for c in facts.cases if c.kind is kind), None)
    until = (case and case.due_at) or due(shop, Party.US, None, facts.placed_at, RULES[kind].hours)
    who = (case.assignee if case else "") or "us"
    return Next(who, what, until, Party.US, kind.value, blocked=True)


def _announced(facts: Facts, shop: Shop) -> Next | None:
    """Nothing else is left to do: the supplier's goods come first."""
    if not facts.awaits:
        return None
    until = datetime.combine(date.fromisoformat(facts.awaits), time(), ZoneInfo(shop.time_zone))
    what = f"deliver what is announced for {facts.awaits}"
    return Next("supplier", what, until.astimezone(UTC), Party.PARTNER, "awaited")


def _in_the_way(facts: Facts, shop: Shop) -> Next | None:
    found = [c for c in facts.cases if c.kind in IN_THE_WAY]
    if not found:
        return None
    case = min(found, key=lambda c: (c.due_at or c.opened_at, c.opened_at, c.title))
    place = shop.locations.get(case.location_id or 0)
    owner = _party_named(case.party, place)
    name = place.code if place and case.party == "location" else owner.value
    until = case.due_at or due(shop, owner, place, case.opened_at, RULES[case.kind].hours)
    return Next(case.assignee or name, case.title, until, owner, "case", blocked=True)


def _at_work(facts: Facts, shop: Shop) -> Next | None:
    """The same open hours that the scan for stuck work counts."""
    early = _not_sold(facts)
    opened = [
        each
        for each in facts.boxes
        if each.box.stage in OPEN_STAGES and not gate(early, Exit.PICK, each.box).stopped_by
    ]
    waiting = [each for each in opened if not each.collected_until]
    if not waiting:
        return _to_be_collected(opened, shop)
    first = min(waiting, key=lambda each: (each.ready_at, each.box.id))
    place = shop.locations[first.location_id]
    hours = float(shop.policy["stuck_hours"])
    until = add_working_time(calendar_of(place), first.ready_at, timedelta(hours=hours))
    return Next(place.code, _DOING[first.box.stage], until, party_of(place), "work")


def _not_sold(facts: Facts) -> list[Hold]:
    return [hold for hold in facts.holds if hold.reason is HoldReason.STREET_DATE]


def _not_sold_yet(facts: Facts, shop: Shop) -> Next | None:
    """All that is left waits here for its day of sale."""
    early = _not_sold(facts)
    if not early:
        return None
    until = min(hold_due(shop, hold) for hold in early)
    return Next("calendar", "wait for its day of sale", until, Party.WAREHOUSE, "street_date")


def _to_be_collected(ready: Sequence[BoxFacts], shop: Shop) -> Next | None:
    """It lies in the store: the customer's turn, until its last day is over there."""
    if not ready:
        return None
    first = min(ready, key=lambda each: (each.collected_until, each.box.id))
    place = shop.locations[first.location_id]
    after = date.fromisoformat(first.collected_until) + timedelta(days=1)
    until = datetime.combine(after, time(), ZoneInfo(place.time_zone)).astimezone(UTC)
    return Next("customer", f"collect it at {place.code}", until, Party.CUSTOMER, "pickup")


def _on_the_way(facts: Facts, shop: Shop) -> Next | None:
    gone = [(p.sign_at, p.carrier, p.status) for p in facts.parcels if p.sign_at is not None]
    if not gone:
        return None
    sign_at, carrier, status = min(gone)
    if status == "AvailableForPickup":
        owner, name, what = Party.CUSTOMER, "customer", "fetch the parcel"
    else:
        owner, name, what = Party.CARRIER, carrier or "carrier", "deliver"
    hours = float(shop.policy["tracking_stale_hours"])
    return Next(name, what, sign_at + timedelta(hours=hours), owner, "parcel")


# --- clocks --------------------------------------------------------------------------------------


def due(
    shop: Shop, owner: Party, place: Location | None, since: datetime, hours: float
) -> datetime:
    """`hours` of the owner's working time later: a location's calendar, the desk's, else any."""
    calendar = Calendar()
    if place is not None and owner in (Party.STORE, Party.WAREHOUSE, Party.PARTNER):
        calendar = calendar_of(place)
    elif owner not in (Party.CARRIER, Party.CUSTOMER):
        calendar = _desk(str(shop.policy["desk_hours"]), shop.time_zone)
    return add_working_time(calendar, since, timedelta(hours=hours))


@lru_cache(maxsize=256)
def _desk(hours: str, zone: str) -> Calendar:
    told = parse_hours(hours)
    return Calendar(zone=zone, hours=None if told is None else as_spans(told))


def party_of(place: Location) -> Party:
    if place.kind in PARTNERS:
        return Party.PARTNER
    return Party.STORE if place.kind == "store" else Party.WAREHOUSE


def _party_named(word: str, place: Location | None) -> Party:
    """A case's party: `location` is whoever that location is."""
    if word == "location":
        return party_of(place) if place else Party.WAREHOUSE
    return Party(word) if word in {party.value for party in Party} else Party.US


def case_due(
    shop: Shop, word: str, place: Location | None, since: datetime, hours: float
) -> datetime:
    return due(shop, _party_named(word, place), place, since, hours)


def _escalated(step: Next, shop: Shop, now: datetime) -> Next:
    """When the time is over the next role has it; each has the same time of the desk."""
    if step.until is None or step.until >= now:
        return step
    hours = float(shop.policy["escalate_hours"])
    chain = _AFTER.get(step.owner, _AFTER_OTHERS)
    reached = due(shop, Party.US, None, step.until, hours)
    role = chain[0]
    for later in chain[1:]:
        if reached >= now:
            break
        role, reached = later, due(shop, Party.US, None, reached, hours)
    return replace(step, blocked=True, escalated=role, escalated_until=reached)


# --- findings ------------------------------------------------------------------------------------


def asked_finding(order_id: int, facts: Facts, hold: Hold, box: BoxFacts, shop: Shop) -> Finding:
    """The card of one box that its location has to put aside."""
    word = hold.reason.words
    place = shop.locations[box.location_id]
    return Finding(
        CaseKind.HOLD_ASKED,
        f"box:{box.box.id}",
        f"Order {facts.number} is on hold for {word}: put {box.number} aside.",
        order_id=order_id,
        location_id=box.location_id,
        facts={"box": box.number, "what": _what_is_meant(hold), "note": hold.note},
        due_at=ask_due(shop, place, hold.at),
    )


def _what_is_meant(hold: Hold) -> str:
    return "one line of it" if hold.scope is Scope.LINE else ""


def overdue(facts: Mapping[int, Facts], shop: Shop, now: datetime) -> list[Finding]:
    """Blocked orders (by id) whose clock has run out: one card each, for the next role.

    Late work and silent parcels have scans of their own.
    """
    steps = ((order_id, each, next_step(each, shop, now)) for order_id, each in facts.items())
    return [
        _overdue(order_id, each, step)
        for order_id, each, step in steps
        if step is not None and step.escalated and step.why not in ("work", "parcel")
    ]


def _overdue(order_id: int, facts: Facts, step: Next) -> Finding:
    who = "us" if step.party == "us" else step.party
    return Finding(
        CaseKind.OVERDUE,
        f"order:{order_id}",
        f"Order {facts.number} has waited too long for {who}: {step.what}.",
        order_id=order_id,
        facts={"acts next": step.escalated, "waited for": who},
        due_at=step.escalated_until,
    )
