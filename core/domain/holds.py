"""Holds: what may not go on, who owns the decision, and the one gate in front of every exit."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import field, replace
from datetime import datetime
from enum import StrEnum
from functools import lru_cache

from core.domain.access import Role
from core.domain.fulfillment import OPEN_STAGES, FulfillmentOrder, Stage
from core.domain.refusals import Invalid, NotAllowed, NotPossible
from core.domain.values import dataclass


class HoldReason(StrEnum):
    ADDRESS = "address"
    FRAUD = "fraud"
    PAYMENT = "payment"
    STOCK = "stock"
    CUSTOMER = "customer"
    MANUAL = "manual"
    UNKNOWN_SKU = "unknown_sku"
    CREDIT_LIMIT = "credit_limit"
    SCREENING = "screening"
    EDIT = "edit"
    EXCHANGE = "exchange"  # the goods that it is for have not come back
    CONSOLIDATION = "consolidation"  # it waits for one parcel; always with an end
    STREET_DATE = "street_date"  # goods that are here before they are sold; always with an end

    @property
    def words(self) -> str:
        """As sentences name it: “is on hold for fraud”."""
        return _REASON_WORDS.get(self.value, self.value.replace("_", " "))


_REASON_WORDS = {
    "manual": "a manual check",
    "customer": "the customer",
    "unknown_sku": "an unknown SKU",
    "street_date": "its day of sale",
}


class Party(StrEnum):
    """Who owes the next step. `us` is the desk, `finance` whoever decides about money."""

    US = "us"
    FINANCE = "finance"
    WAREHOUSE = "warehouse"
    STORE = "store"
    PARTNER = "partner"
    CARRIER = "carrier"
    CUSTOMER = "customer"


class Scope(StrEnum):
    """What a hold stops: the order, the units of one line, or one box (a fulfillment order)."""

    ORDER = "order"
    LINE = "line"
    BOX = "box"


class Exit(StrEnum):
    """A way out of the house; each of them asks the gate first.

    `capture` takes money instead of moving goods, and only some types of hold stop it.
    """

    PRINT = "print"
    PICK = "pick"
    PACK = "pack"
    LABEL = "label"
    PARTNER = "partner"
    HANDOVER = "hand-over"
    WRITEBACK = "write-back"
    CAPTURE = "capture"

    @property
    def words(self) -> str:
        """What an order “cannot” at a closed exit."""
        return _CANNOT[self]


_CANNOT = {
    Exit.PRINT: "be printed",
    Exit.PICK: "be picked",
    Exit.PACK: "be packed",
    Exit.LABEL: "be labeled",
    Exit.PARTNER: "be sent to the partner",
    Exit.HANDOVER: "be handed over",
    Exit.WRITEBACK: "be told to the shop",
    Exit.CAPTURE: "have its money taken",
}


class Answer(StrEnum):
    """What a hold came to for one box: nothing leaves, somebody was asked, or it has left."""

    STOPPED = "stopped"
    ASKED = "asked"
    TOO_LATE = "too_late"


@dataclass(frozen=True, slots=True)
class Rule:
    """Who decides about holds of a type, within how many of their working hours."""

    owner: Party
    hours: float
    stops_capture: bool = False


RULES: Mapping[HoldReason, Rule] = {
    HoldReason.ADDRESS: Rule(Party.US, 4),
    HoldReason.FRAUD: Rule(Party.FINANCE, 4, stops_capture=True),
    HoldReason.PAYMENT: Rule(Party.FINANCE, 24),  # capturing is its cure, so it stays possible
    HoldReason.STOCK: Rule(Party.WAREHOUSE, 8),
    HoldReason.CUSTOMER: Rule(Party.CUSTOMER, 48),
    HoldReason.MANUAL: Rule(Party.US, 8),
    HoldReason.UNKNOWN_SKU: Rule(Party.US, 4),
    HoldReason.CREDIT_LIMIT: Rule(Party.FINANCE, 24),
    HoldReason.SCREENING: Rule(Party.US, 4, stops_capture=True),
    HoldReason.EDIT: Rule(Party.US, 1),
    HoldReason.EXCHANGE: Rule(Party.CUSTOMER, 14 * 24),
    HoldReason.CONSOLIDATION: Rule(Party.WAREHOUSE, 24),
    HoldReason.STREET_DATE: Rule(Party.WAREHOUSE, 24),
}
# Waits that the house begins and ends by itself: no trouble, and nobody's decision.
WAITS = frozenset({HoldReason.CONSOLIDATION, HoldReason.STREET_DATE})


@dataclass(frozen=True, slots=True)
class GotIt:
    """Somebody at the location has put the goods of a box aside."""

    box_id: int
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Hold:
    """`scope_id` is the line or box that is meant (0: the order). Without an `owner` it is the
    owner of its type. `until` ends it by itself."""

    id: int
    reason: HoldReason
    note: str
    by: str
    at: datetime
    until: datetime | None = None
    scope: Scope = Scope.ORDER
    scope_id: int = 0
    owner: Party | None = None
    answers: tuple[GotIt, ...] = ()

    @property
    def party(self) -> Party:
        return self.owner or RULES[self.reason].owner

    def is_like(self, other: Hold) -> bool:
        """Two holds of one type on one thing would be one decision made twice."""
        return self.reason is other.reason and self.scope_id == other.scope_id

    def answered_for(self, box_id: int) -> bool:
        return any(answer.box_id == box_id for answer in self.answers)


@dataclass(frozen=True, slots=True)
class Box:
    """As much of a fulfillment order as the gate looks at."""

    id: int
    stage: Stage
    lines: frozenset[int]

    @property
    def is_on_paper(self) -> bool:
        """People at the location know of it: they have to be asked."""
        return self.stage in OPEN_STAGES and self.stage is not Stage.READY


def box_of(work: FulfillmentOrder) -> Box:
    return Box(work.id, work.stage, frozenset(item.line_id for item in work.items))


# --- the gate ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Verdict:
    """`stopped_by` holds the whole box; else it may go without the lines in `stay`."""

    stopped_by: tuple[Hold, ...] = ()
    stay: frozenset[int] = field(default=frozenset())


def gate(holds: Iterable[Hold], exit: Exit, box: Box | None = None) -> Verdict:
    """The one decision in front of every exit.

    A held line lets the rest of its box go: a box that nobody knows of yet leaves the line
    behind; one that is on paper waits until the location has said that the line is put aside.
    """
    if exit is Exit.CAPTURE:
        return Verdict(tuple(h for h in holds if RULES[h.reason].stops_capture))
    found = tuple(holds)
    whole = tuple(h for h in found if _is_whole(h, box))
    if box is None or whole:
        return Verdict(whole)
    partly = tuple(h for h in found if h.scope is Scope.LINE and h.scope_id in box.lines)
    stay = frozenset(h.scope_id for h in partly)
    asked = box.is_on_paper and any(not h.answered_for(box.id) for h in partly)
    if partly and (asked or stay == box.lines):
        return Verdict(partly)
    return Verdict(stay=stay)


def _is_whole(hold: Hold, box: Box | None) -> bool:
    on_box = hold.scope is Scope.BOX and box is not None and hold.scope_id == box.id
    return hold.scope is Scope.ORDER or on_box


def refusal(number: str, hold: Hold, exit: Exit) -> NotPossible:
    """Why an exit is closed, and what opens it."""
    word = hold.reason.words
    what = {Scope.ORDER: "", Scope.LINE: " (one line)", Scope.BOX: " (one box)"}[hold.scope]
    return NotPossible(
        f"Order {number} is on hold for {word} by {hold.by}{what}: it cannot {exit.words}.",
        f"Write `release {number}` first, or leave it on the shelf.",
        code="held",
    )


# --- the answer to a hold ------------------------------------------------------------------------


def concerns(hold: Hold, box: Box) -> bool:
    return _is_whole(hold, box) or (hold.scope is Scope.LINE and hold.scope_id in box.lines)


def is_stopped(holds: Iterable[Hold], box_id: int, line_id: int) -> bool:
    """Whether units of this line in this box wait for a release."""
    meant = {Scope.ORDER: 0, Scope.LINE: line_id, Scope.BOX: box_id}
    return any(hold.scope_id == meant[hold.scope] for hold in holds)


def answer(hold: Hold, box: Box) -> Answer | None:
    """What the hold came to for this box; None: it is not about it, or the box is no more."""
    if box.stage is Stage.CANCELED or not concerns(hold, box):
        return None
    if box.stage is Stage.SHIPPED:
        return Answer.TOO_LATE
    asked = box.is_on_paper and not hold.answered_for(box.id)
    return Answer.ASKED if asked else Answer.STOPPED


_PASSED: tuple[tuple[Exit, Stage], ...] = (
    (Exit.PRINT, Stage.PRINTED),
    (Exit.PICK, Stage.PICKED),
    (Exit.PACK, Stage.PACKED),
    (Exit.HANDOVER, Stage.SHIPPED),
)
_ORDER = [*OPEN_STAGES, Stage.SHIPPED]


def passed(box: Box, labeled: bool = False) -> tuple[Exit, ...]:
    """The exits that this box is through already."""
    if box.stage is Stage.CANCELED:
        return ()
    reached = _ORDER.index(box.stage)
    found = [exit for exit, stage in _PASSED if _ORDER.index(stage) <= reached]
    return (*found, Exit.LABEL) if labeled else tuple(found)


def ahead(box: Box, labeled: bool = False) -> tuple[Exit, ...]:
    """The exits that a hold still closes for this box."""
    ways = (Exit.PRINT, Exit.PICK, Exit.PACK, Exit.LABEL, Exit.HANDOVER, Exit.WRITEBACK)
    gone = passed(box, labeled)
    return () if box.stage is Stage.SHIPPED else tuple(way for way in ways if way not in gone)


def got_it(hold: Hold, box: Box, by: str, at: datetime) -> Hold:
    """The location has put it aside. Raises NotPossible when nobody was asked."""
    if answer(hold, box) is not Answer.ASKED:
        raise NotPossible("Nobody is asked to stop this box.", code="already")
    return replace(hold, answers=(*hold.answers, GotIt(box.id, by, at)))


def widened(holds: Iterable[Hold], gone: Collection[int]) -> tuple[Hold, ...]:
    """Holds when boxes are planned anew: a hold of a box that is no more is one of the order."""
    kept: list[Hold] = []
    for hold in holds:
        is_gone = hold.scope is Scope.BOX and hold.scope_id in gone
        now = replace(hold, scope=Scope.ORDER, scope_id=0, answers=()) if is_gone else hold
        if not any(now.is_like(other) for other in kept):
            kept.append(now)
    return tuple(kept)


# --- who may release -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ReleaseRule:
    """Above this total (minor units) only these roles release holds of this type."""

    reason: HoldReason
    above: int
    roles: tuple[Role, ...]


_ROLES = (Role.SUPPORT, Role.WAREHOUSE, Role.STORE, Role.LEAD, Role.OWNER)
_EXAMPLE = "Write it like `fraud > 50000: owner; credit limit: lead owner`."


@lru_cache(maxsize=64)
def release_rules(text: str) -> tuple[ReleaseRule, ...]:
    """Rules as a shop writes them: `fraud > 50000: owner; payment: lead owner`. Raises Invalid."""
    return tuple(_release_rule(part) for part in text.split(";") if part.strip())


def _release_rule(part: str) -> ReleaseRule:
    head, colon, tail = part.partition(":")
    reason, _, above = head.partition(">")
    limit = above.strip() or "0"
    roles = [word.strip(",") for word in tail.casefold().split()]
    if not colon or not roles or not limit.isascii() or not limit.isdecimal():
        raise Invalid(f"“{part.strip()}” is not a rule for releasing.", _EXAMPLE)
    known = {role.value: role for role in _ROLES}
    unknown = next((word for word in roles if word not in known), None)
    if unknown:
        raise Invalid(f"There is no role {unknown}.", f"Roles: {', '.join(known)}.")
    least = int(limit) if above.strip() else -1
    return ReleaseRule(_reason(reason), least, tuple(known[word] for word in roles))


def _reason(word: str) -> HoldReason:
    try:
        return HoldReason(word.strip().casefold().replace(" ", "_"))
    except ValueError:
        known = ", ".join(HoldReason)
        raise Invalid(f"There is no hold type “{word.strip()}”.", f"Types: {known}.") from None


def require_may_release(hold: Hold, role: Role, total: int, rules: Iterable[ReleaseRule]) -> None:
    """Raises NotAllowed naming who may; the house itself (a clock, an undo) always may."""
    if role is Role.SYSTEM:
        return
    for rule in rules:
        fits = rule.reason is hold.reason and total > rule.above
        if fits and role not in rule.roles:
            able = " or ".join(allowed.value for allowed in rule.roles)
            raise NotAllowed(
                f"A {hold.reason.value.replace('_', ' ')} hold of this amount is released by "
                f"{able}, not by {role.value}.",
                f"Ask somebody who is {able}.",
            )


@lru_cache(maxsize=64)
def hold_hours(text: str) -> Mapping[HoldReason, float]:
    """Working hours to decide, by type, where a shop differs: `fraud 2; address 8`."""
    found: dict[HoldReason, float] = {}
    for part in filter(str.strip, text.split(";")):
        reason, _, hours = part.strip().rpartition(" ")
        if not (hours.isascii() and hours.isdecimal() and 1 <= int(hours) <= 720):
            raise Invalid(f"“{part.strip()}” is not a time to decide.", "Write it like `fraud 2`.")
        found[_reason(reason)] = float(hours)
    return found


def hours_for(hold: Hold, told: str) -> float:
    return hold_hours(told).get(hold.reason, RULES[hold.reason].hours)
