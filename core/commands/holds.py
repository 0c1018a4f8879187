"""Holds: placing and releasing them, and the answers of the locations that are asked to stop."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Annotated, Any

from core.commands import floor
from core.commands.gatehouse import asking_holds, close_asks, lift
from core.commands.partner_words import ask_back, keep_told
from core.commands.screened import BY, settle
from core.db.unit_of_work import UnitOfWork
from core.domain import events as e
from core.domain.access import Right
from core.domain.blocking import BoxFacts, Facts, asked, asked_finding
from core.domain.cases import CaseKind, Finding
from core.domain.fulfillment import FulfillmentOrder, Parcel
from core.domain.holds import (
    Answer,
    Hold,
    HoldReason,
    Party,
    Scope,
    answer,
    box_of,
    got_it,
    release_rules,
    require_may_release,
)
from core.domain.meant import require_no_line
from core.domain.order import KIT, Change, Line, Order
from core.domain.refusals import Invalid, NotPossible
from core.domain.values import dataclass
from core.registry import Arg, Done, command

Works = Sequence[FulfillmentOrder]


@dataclass(frozen=True, slots=True)
class HoldOrder:
    """Stop an order, one line or one box at every exit until somebody releases it.

    `order` may be the number of a box (1001-2), `line` a SKU of the order. `owner` decides;
    without one the type says who.
    """

    order: Annotated[str, Arg.ORDER]
    reason: Annotated[HoldReason, Arg.CHOICE] = HoldReason.MANUAL
    until: Annotated[datetime | None, Arg.UNTIL] = None
    note: Annotated[str, Arg.TEXT] = ""
    line: Annotated[str, Arg.LINE] = ""
    owner: Annotated[Party | None, Arg.NONE] = None


@command(
    "hold",
    HoldOrder,
    Right.HOLD,
    aliases=("stop", "pause"),
    many=True,
    examples=(
        "hold 1001 address until fri",
        "hold 1001 1004 fraud",
        "hold 1001 line mug-red stock",
        "hold 1001-2 customer",
    ),
)
def hold(ask: HoldOrder, uow: UnitOfWork) -> Done:
    order, works = floor.named(uow, ask.order)
    if ask.until is not None and ask.until <= uow.now:
        raise Invalid("That moment has passed.", "Hold until a time that is still to come.")
    _require_a_persons(ask.reason)
    if not ask.line:
        require_no_line(order, ask.note, ask.reason)
    scope, ids, words = _meant(order, works, ask.order, ask.line)
    news = [_new(ask, uow, scope, scope_id) for scope_id in ids]
    fresh = [new for new in news if not any(new.is_like(old) for old in order.holds)]
    for new in fresh or news[:1]:
        order = uow.orders.save(order.hold(new, words))
    uow.undo = LiftHolds(order.number, tuple(new.id for new in fresh))
    said = [f"{_called(order, words)} is on hold for {ask.reason.words}."]
    said += _answers(uow, fresh, works)
    ask_locations(uow, order, works)
    return Done(" ".join(said), {"order": order.number})


def _require_a_persons(reason: HoldReason) -> None:
    """How long an order may wait for one parcel is counted, not said; so is a day of sale."""
    if reason is HoldReason.STREET_DATE:
        raise NotPossible(
            "A day of sale is a product's, not an order's.",
            "Write `preorder <sku> until <day> street`, or hold the order for another reason.",
        )
    if reason is HoldReason.CONSOLIDATION:
        raise NotPossible(
            "Orders wait for one parcel by the shop's policy, not by hand.",
            "Hold it for another reason, such as `customer`, or `merge` it with the other order.",
        )


def _new(ask: HoldOrder, uow: UnitOfWork, scope: Scope, scope_id: int) -> Hold:
    who, note = uow.actor.name, ask.note.strip()
    return Hold(uow.new_id(), ask.reason, note, who, uow.now, ask.until, scope, scope_id, ask.owner)


def _meant(order: Order, works: Works, word: str, sku: str) -> tuple[Scope, tuple[int, ...], str]:
    """What a hold is about: the lines of this SKU, the box of this number, or the order."""
    if sku:
        lines = _lines_of(order, sku)
        return Scope.LINE, tuple(line.id for line in lines), sku
    if not _is_box(order, word):
        return Scope.ORDER, (0,), ""
    box = works[0]
    if not box.is_open:
        raise NotPossible(
            f"{box.number} is {box.stage.value}; a hold is too late.",
            f"Look at what can still be done: `{order.number}`.",
            code="too_late",
        )
    return Scope.BOX, (box.id,), box.number


def _lines_of(order: Order, sku: str) -> list[Line]:
    """The lines that ship under this SKU, of a kit its parts; what has left is left out."""
    named = [line for line in order.lines if line.sku.casefold() == sku.casefold()]
    kits = {line.id for line in named if line.kind == KIT}
    sent = [
        line for line in order.lines if line.ships and (line in named or line.kit_line_id in kits)
    ]
    if not sent:
        known = ", ".join(dict.fromkeys(line.sku for line in order.bought if line.ships))
        raise Invalid(
            f"Order {order.number} has no line {sku} that ships.",
            f"Its lines: {known}." if known else "Hold the order instead.",
        )
    return [line for line in sent if line.shipped < line.wanted] or sent


def _is_box(order: Order, word: str) -> bool:
    return order.number != word.strip().lstrip("#")


def _called(order: Order, words: str) -> str:
    return f"{words} of order {order.number}" if words else f"Order {order.number}"


def _answers(uow: UnitOfWork, news: Sequence[Hold], works: Works) -> list[str]:
    """What the hold came to where it could not simply stop."""
    found = []
    for work in works:
        place = uow.shop.locations[work.location_id].code
        said = {answer(new, box_of(work)) for new in news}
        if Answer.ASKED in said:
            found.append(f"{place} is asked to put {work.number} aside.")
        elif Answer.TOO_LATE in said:
            found.append(f"For {work.number} it is too late: it has left {place}.")
    return found


# --- asking the location -------------------------------------------------------------------------


def ask_locations(uow: UnitOfWork, order: Order, works: Works) -> None:
    """A card for every box on paper that somebody has to put aside."""
    boxes = tuple(BoxFacts(box_of(w), w.number, w.location_id, w.ready_at) for w in works)
    facts = Facts(order.number, order.is_canceled, order.placed_at, order.holds, boxes=boxes)
    for hold, box in asked(facts):
        uow.cases.open(asked_finding(order.id, facts, hold, box, uow.shop))
    keep_told(uow, order, works)


@dataclass(frozen=True, slots=True)
class AnswerHold:
    """Say that the goods of a held order are put aside, so that nothing of it leaves."""

    order: Annotated[str, Arg.ORDER]
    location: Annotated[str, Arg.LOCATION] = ""


@command(
    "got it",
    AnswerHold,
    Right.FULFILL,
    aliases=("gotit",),
    many=True,
    examples=("got it 1001", "got it 1001-2 ber"),
)
def answer_hold(ask: AnswerHold, uow: UnitOfWork) -> Done:
    order, works = floor.named(uow, ask.order)
    mine = floor.at_location(uow, order, works, ask.location)
    waiting = [work for work in mine if asking_holds(order.holds, work)]
    if not waiting:
        raise NotPossible(
            f"Nobody is asked to put anything of order {order.number} aside.",
            f"Look at it: `{order.number}`.",
            code="already",
        )
    waiting = floor.one_location(uow, order, waiting, "got it")
    for work in waiting:
        order = _answer(uow, order, work)
    numbers = " and ".join(work.number for work in waiting)
    code = uow.shop.locations[waiting[0].location_id].code
    facts = {"order": order.number, "works": [work.number for work in waiting]}
    return Done(f"{numbers} is stopped at {code}: nothing of it leaves.", facts)


def _answer(uow: UnitOfWork, order: Order, work: FulfillmentOrder) -> Order:
    box = box_of(work)
    holds = tuple(
        got_it(hold, box, uow.actor.name, uow.now) if answer(hold, box) is Answer.ASKED else hold
        for hold in order.holds
    )
    code = uow.shop.locations[work.location_id].code
    uow.cases.close(CaseKind.HOLD_ASKED, f"box:{work.id}", f"{code} got it: {uow.actor.name}")
    after = replace(order, holds=holds)
    return uow.orders.save(Change(after, (e.HoldAnswered(work.number, code),)))


# --- releasing -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ReleaseOrder:
    """Let a held order, line or box go on; without a reason, every hold of it is lifted."""

    order: Annotated[str, Arg.ORDER]
    reason: Annotated[HoldReason | None, Arg.CHOICE] = None
    note: Annotated[str, Arg.TEXT] = ""
    line: Annotated[str, Arg.LINE] = ""


@command(
    "release",
    ReleaseOrder,
    Right.HOLD,
    aliases=("unhold", "resume"),
    many=True,
    examples=("release 1001", "release 1001 fraud", "release 1001 line mug-red"),
)
def release(ask: ReleaseOrder, uow: UnitOfWork) -> Done:
    order, works = floor.named(uow, ask.order)
    ids, words = _released(order, works, ask)
    going = [
        hold
        for hold in order.holds
        if ask.reason in (None, hold.reason) and (not ids or hold.scope_id in ids)
    ]
    if not going:
        what = f" for {ask.reason.words}" if ask.reason else ""
        raise NotPossible(f"{_called(order, words)} is not on hold{what}.")
    for hold in going:
        _require_may_release(uow, order, hold)
    after = uow.orders.save(order.lift(going, ask.note, words))
    close_asks(uow, after, works, "the hold was released")
    if any(hold.by == BY for hold in going):
        settle(uow, after, f"{uow.actor.name} released it")
    if all(hold.reason is not HoldReason.CONSOLIDATION for hold in going):
        uow.undo = PutHoldsBack(order.number, tuple(going))
    left = ", ".join(hold.reason.words for hold in after.holds)
    rest = f" It stays on hold for {left}." if left else ""
    return Done(f"{_called(order, words)} is released.{rest}", {"order": order.number})


def _released(order: Order, works: Works, ask: ReleaseOrder) -> tuple[tuple[int, ...], str]:
    """The lines or the box that are meant; none: the order and everything of it."""
    if ask.line:
        return tuple(line.id for line in _lines_of(order, ask.line)), ask.line
    return ((works[0].id,), works[0].number) if _is_box(order, ask.order) else ((), "")


def _require_may_release(uow: UnitOfWork, order: Order, hold: Hold) -> None:
    """By type and total, as the shop's policy says; whoever slipped may take it back at once."""
    window = timedelta(seconds=int(uow.shop.policy["undo_seconds"]))
    if hold.by == uow.actor.name and uow.now - hold.at <= window:
        return
    rules = release_rules(str(uow.shop.policy["hold_release"]))
    require_may_release(hold, uow.actor.role, order.total, rules)


@dataclass(frozen=True, slots=True)
class LiftHolds:
    """Let an order go as far as these holds are concerned: they were placed by mistake."""

    order: str
    holds: tuple[int, ...]


@command("lift", LiftHolds, Right.MACHINERY, in_chat=False)
def lift_holds(ask: LiftHolds, uow: UnitOfWork) -> Done:
    order = uow.orders.get(ask.order)
    going = [hold for hold in order.holds if hold.id in ask.holds]
    left = lift(uow, order, going, "taken back", "the hold was taken back").holds
    rest = f" It stays on hold for {', '.join(h.reason.words for h in left)}." if left else ""
    return Done(f"Order {order.number} is released.{rest}", {"order": order.number})


@dataclass(frozen=True, slots=True)
class PutHoldsBack:
    """Hold again, by the very holds that a release had lifted."""

    order: str
    holds: tuple[Hold, ...]

    def audited(self) -> dict[str, Any]:
        return {"order": self.order, "holds": len(self.holds)}


@command("put-holds-back", PutHoldsBack, Right.MACHINERY, in_chat=False)
def put_holds_back(ask: PutHoldsBack, uow: UnitOfWork) -> Done:
    order = uow.orders.get(ask.order)
    works = uow.work.of(order.id)
    for hold in ask.holds:
        order = uow.orders.save(order.hold(hold, _words_for(order, works, hold)))
    ask_locations(uow, order, works)
    return Done(f"Order {order.number} is on hold as before.", {"order": order.number})


def _words_for(order: Order, works: Works, hold: Hold) -> str:
    """What a hold is about, in words; nothing for the order. Raises NotPossible when it left."""
    if hold.scope is Scope.LINE:
        return order.line(hold.scope_id).sku
    if hold.scope is not Scope.BOX:
        return ""
    box = next((work for work in works if work.id == hold.scope_id and work.is_open), None)
    if box is None:
        raise NotPossible(f"The box that was held of order {order.number} is not open any more.")
    return box.number


def release_ended(uow: UnitOfWork, order: Order) -> Order:
    """Lift the holds whose `until` has passed; what time alone changes needs nobody's leave."""
    over = [hold for hold in order.holds if hold.until and hold.until <= uow.now]
    return lift(uow, order, over, "its time has passed", "the hold has ended")


# --- too late ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RecallParcel:
    """Ask the carrier to stop what has left; a case waits until somebody knows the outcome."""

    order: Annotated[str, Arg.ORDER]
    note: Annotated[str, Arg.TEXT] = ""


@command(
    "recall",
    RecallParcel,
    Right.HOLD,
    aliases=("intercept",),
    examples=("recall 1001 wrong address",),
)
def recall(ask: RecallParcel, uow: UnitOfWork) -> Done:
    order = uow.orders.get(ask.order)
    going = _not_recalled(uow, order)
    note = ask.note.strip()
    partners: set[str] = set()
    for parcel in going:
        name = " ".join(filter(None, (parcel.carrier or "The carrier", parcel.tracking_number)))
        finding = Finding(
            CaseKind.RECALL,
            f"parcel:{parcel.id}:recall",
            f"Ask the carrier to stop {name} of order {order.number} and to bring it back.",
            order_id=order.id,
            facts={"note": note, "parcel_id": parcel.id},
        )
        uow.cases.open(finding)
        number = parcel.tracking_number or ""
        uow.emit(order.id, e.RecallAsked(parcel.id, parcel.carrier, number, note))
        partners.add(ask_back(uow, order, parcel))
    count = f"{len(going)} parcel{'s' if len(going) > 1 else ''}"
    asked = " and ".join(sorted(filter(None, partners)))
    next_ = f"{asked} is asked; ask the carrier, too." if asked else "ask the carrier now."
    said = f"The recall of {count} of order {order.number} is noted; {next_}"
    return Done(said, {"order": order.number})


def _not_recalled(uow: UnitOfWork, order: Order) -> list[Parcel]:
    """What is on its way and was not asked back yet. Raises NotPossible when there is nothing."""
    gone = [p for p in uow.work.parcels(order.id) if p.has_left and p.delivered_at is None]
    if not gone:
        raise NotPossible(
            f"No parcel of order {order.number} is on its way.",
            f"Hold it (`hold {order.number}`) or start a return (`return {order.number}`).",
        )
    cases = [c for c in uow.cases.open_of_order(order.id) if c.kind is CaseKind.RECALL]
    asked = {case.facts["parcel_id"] for case in cases}
    left = [parcel for parcel in gone if parcel.id not in asked]
    if not left:
        raise NotPossible(
            f"The carrier of order {order.number} was asked already.",
            f"When it has answered: `resolve {cases[0].number}`.",
            code="already",
        )
    return left
