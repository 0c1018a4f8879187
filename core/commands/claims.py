"""Claims: something went wrong with what was sent; goods go out again or money goes back, once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any

from core.commands.choosing import Units, by_sku, choose, in_words
from core.commands.claim_terms import lacks_photo, require_quiet
from core.commands.disputing import asked_back
from core.commands.flagging import clean_photos, flags_of
from core.commands.nothing_left import why_taken
from core.commands.owing import items_for, owe, text_of
from core.commands.replacing import ResendOrder, Sure, Why, made_good, resend
from core.db.claims import (
    add_claim,
    claim_numbered,
    claims_of,
    note_photos,
    save_decision,
)
from core.db.unit_of_work import UnitOfWork
from core.domain import events as e
from core.domain.access import Right, Role
from core.domain.cases import CaseKind, Finding
from core.domain.claims import UNSEEN, Claim, ClaimLine, ClaimReason, ClaimStatus, Remedy
from core.domain.kits import in_parts
from core.domain.meant import require_not_meant
from core.domain.order import Change, Order
from core.domain.refunds import Given, line_items, total_of
from core.domain.refusals import Invalid, NotPossible
from core.domain.returning.flags import Outcome
from core.domain.values import dataclass
from core.registry import Arg, Done, Risk, command

DENIED = "Denied by the shop's policy on flags."


@dataclass(frozen=True, slots=True)
class ClaimOrder:
    """Say what went wrong with goods that were sent; nothing has to come back. Without units it
    is about everything that was shipped."""

    order: Annotated[str, Arg.ORDER]
    reason: Annotated[ClaimReason, Arg.CHOICE]
    units: Annotated[tuple[Units, ...], Arg.UNITS] = ()
    wish: Annotated[Remedy, Arg.CHOICE] = Remedy.REPLACEMENT
    note: Annotated[str, Arg.TEXT] = ""
    photos: Annotated[tuple[str, ...], Arg.NONE] = ()

    def audited(self) -> dict[str, Any]:
        return _audited(self)


@command(
    "claim",
    ClaimOrder,
    Right.RETURN_REQUEST,
    examples=("claim 1001 lost", "claim 1001 mug-red 1 damaged", "claim 1001 lost refund"),
)
def claim(ask: ClaimOrder, uow: UnitOfWork) -> Done:
    if not ask.units:
        require_not_meant(uow.orders.get(ask.order), ask.note, "claim")
    return _claim(uow, ask)


@dataclass(frozen=True, slots=True)
class ClaimOwnOrder:
    """Say what went wrong with one's own order: what a customer does in chat or on a page."""

    order: Annotated[str, Arg.ORDER]
    reason: Annotated[ClaimReason, Arg.CHOICE]
    units: Annotated[tuple[Units, ...], Arg.NONE] = ()
    wish: Annotated[Remedy, Arg.CHOICE] = Remedy.REPLACEMENT
    note: Annotated[str, Arg.TEXT] = ""
    photos: Annotated[tuple[str, ...], Arg.NONE] = ()

    def audited(self) -> dict[str, Any]:
        return _audited(self)


@command("claim-own", ClaimOwnOrder, Right.OWN, in_chat=False)
def claim_own(ask: ClaimOwnOrder, uow: UnitOfWork) -> Done:
    return _claim(uow, ask, alone=True)


def _audited(ask: ClaimOrder | ClaimOwnOrder) -> dict[str, Any]:
    """Without the note: customers write what they like into it."""
    units = [[wish.line, wish.quantity] for wish in ask.units]
    return {"order": ask.order, "units": units, "reason": ask.reason.value, "wish": ask.wish.value}


def _claim(uow: UnitOfWork, ask: ClaimOrder | ClaimOwnOrder, *, alone: bool = False) -> Done:
    """`alone`: the customer asks, and nobody of the shop has looked at it."""
    if len(ask.note) > 2000:
        raise Invalid("A note has 2,000 characters at most.")
    order = uow.orders.get(ask.order)
    units = _units(uow, order, ask, require_quiet(uow, order, ask.reason) if alone else None)
    photos = clean_photos(ask.photos, len(units))
    made = _new(uow, order, ask, units, photos)
    found, outcome = flags_of(uow, order, photos)
    again = (*_twice(uow, order, made), *filter(None, (asked_back(uow, order),)))
    made = replace(made, flags=(*(each.words for each in found), *again))
    uow.orders.save(Change(_claimed(order, made, 1)))
    add_claim(uow, made)
    note_photos(uow, order.id, photos)
    uow.emit(
        order.id, e.ClaimRequested(made.id, made.number, ask.reason.value, sum(made.units.values()))
    )
    if outcome is Outcome.DENY:
        return _turn_down(uow, made, "policy", DENIED)
    unseen = alone and not photos and lacks_photo(uow, order, units, ask.reason)
    if again or unseen or outcome is Outcome.REVIEW or _is_dear(uow, order, made):
        return ask_somebody(uow, order, made)
    return _settle(uow, made, made.wish, "policy")


def _units(
    uow: UnitOfWork,
    order: Order,
    ask: ClaimOrder | ClaimOwnOrder,
    quiet: Mapping[int, int] | None,
) -> dict[int, int]:
    able = {line.id: line.claimable for line in order.lines}
    if quiet is not None:
        able = {i: min(n, quiet.get(i, 0)) for i, n in able.items()}
    if ask.reason not in UNSEEN:
        able = {line.id: min(able[line.id], line.delivered) for line in order.lines}
    units = {line_id: left for line_id, left in able.items() if left > 0}
    if not units:
        raise NotPossible(
            f"Nothing of order {order.number} can be claimed.",
            why_taken(uow, order) or _not_yet(order),
        )
    if ask.units:
        return choose(order, ask.units, lambda line: able[line.id], "can be claimed")
    return units


def _not_yet(order: Order) -> str:
    n = order.number
    if any(line.shipped for line in order.lines):
        return (
            f"It has not arrived yet. If it is gone: `claim {n} lost` or `claim {n} not_received`."
        )
    return f"Nothing of it was sent yet. To stop it: `cancel {n}`; to change it: `edit {n}`."


def _new(
    uow: UnitOfWork,
    order: Order,
    ask: ClaimOrder | ClaimOwnOrder,
    units: dict[int, int],
    photos: tuple[str, ...],
) -> Claim:
    return Claim(
        id=uow.new_id(),
        order_id=order.id,
        number=next_number(uow, order),
        reason=ask.reason,
        wish=ask.wish,
        status=ClaimStatus.REQUESTED,
        lines=tuple(ClaimLine(i, order.line(i).sku, n) for i, n in units.items()),
        requested_at=uow.now,
        requested_by="customer" if uow.actor.role is Role.CUSTOMER else uow.actor.name,
        note=ask.note.strip(),
        photos=photos,
    )


def next_number(uow: UnitOfWork, order: Order) -> str:
    return f"CL{order.number}-{len(claims_of(uow.session, order.id)) + 1}".upper()


def _claimed(order: Order, made: Claim, sign: int) -> Order:
    units = made.units
    lines = {
        line.id: replace(line, claimed=line.claimed + sign * units[line.id])
        for line in order.lines
        if line.id in units
    }
    return order.with_lines(lines)


def _is_dear(uow: UnitOfWork, order: Order, made: Claim) -> bool:
    """Above the policy's amount, with all that was claimed of the order before: many small claims
    are no small one."""
    most = int(uow.shop.policy["claim_auto_below"])
    units = {i: order.line(i).claimed + n for i, n in made.units.items()}
    before = {line.id: line.claimed for line in order.bought}
    return total_of(line_items(order, before | units, Given({}))) >= most


def _twice(uow: UnitOfWork, order: Order, made: Claim) -> tuple[str, ...]:
    """A flag for units that were sent again, or paid back, before they were claimed."""
    before, units = made_good(uow, order), in_parts(order, made.units)
    if all(before[i] + n <= order.line(i).shipped for i, n in units.items()):
        return ()
    words = in_words(by_sku(order, made.units))
    return (f"Of {words}, some were sent again or paid back before.",)


def ask_somebody(uow: UnitOfWork, order: Order, made: Claim) -> Done:
    uow.emit(order.id, e.ClaimAsked(made.id, made.number))
    words = in_words(by_sku(order, made.units))
    uow.cases.open(
        Finding(
            CaseKind.CLAIM_DECISION,
            f"claim:{made.id}",
            f"Claim {made.number}: {words} {made.reason.value.replace('_', ' ')}.",
            order_id=order.id,
            facts={
                "claim": made.number,
                "order": order.number,
                "wish": made.wish.value,
                "flags": " ".join(made.flags),
                **({"photos": len(made.photos)} if made.photos else {}),
            },
        )
    )
    return _done(made, f"Claim {made.number} waits for a decision.", order)


# --- deciding ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AcceptClaim:
    """Make good what went wrong: by what was wished, or by the other."""

    claim: Annotated[str, Arg.RETURN]
    remedy: Annotated[Remedy | None, Arg.CHOICE] = None


@command(
    "accept claim",
    AcceptClaim,
    Right.RETURN_DECIDE,
    risk=Risk.IRREVERSIBLE,
    examples=("accept claim CL1001-1", "accept claim CL1001-1 refund"),
)
def accept(ask: AcceptClaim, uow: UnitOfWork) -> Done:
    made = _open(uow, ask.claim)
    return _settle(uow, made, ask.remedy or made.wish, uow.actor.name)


@dataclass(frozen=True, slots=True)
class RejectClaim:
    """Turn a claim down, with a reason that the customer can read."""

    claim: Annotated[str, Arg.RETURN]
    reason: Annotated[str, Arg.TEXT]


@command(
    "reject claim",
    RejectClaim,
    Right.RETURN_DECIDE,
    risk=Risk.IRREVERSIBLE,
    examples=("reject claim CL1001-1 the photo shows another mug",),
)
def reject(ask: RejectClaim, uow: UnitOfWork) -> Done:
    if len(ask.reason) > 1000:
        raise Invalid("A reason has 1,000 characters at most.")
    return _turn_down(uow, _open(uow, ask.claim), uow.actor.name, ask.reason)


def _open(uow: UnitOfWork, number: str) -> Claim:
    found = claim_numbered(uow.session, uow.shop.id, number)
    uow.orders.by_id(found.order_id)  # hides claims of orders one may not see
    return claim_numbered(uow.session, uow.shop.id, number)  # as it is now that it is locked


def _settle(uow: UnitOfWork, made: Claim, remedy: Remedy, by: str) -> Done:
    order = uow.orders.own(made.order_id)
    after = made.settle(remedy, by, uow.now)
    if remedy is Remedy.REFUND:
        refund = owe(uow, order, items_for(uow, order, made.units), claim_id=made.id)
        words = f"{text_of(refund)} goes back." if refund else "Nothing is left to pay back."
    else:
        sent = resend(_again(order, made), uow)
        after = replace(after, result=str(sent.facts["order"]))
        words = sent.sentence
    uow.undo = None
    save_decision(uow, after)
    uow.emit(order.id, e.ClaimSettled(after.id, after.number, remedy.value, after.result))
    _close(uow, after, f"it was settled by {remedy.value}")
    return _done(after, f"Claim {after.number} is settled. {words}", order)


def _again(order: Order, made: Claim) -> ResendOrder:
    """A claim is counted by itself, so that sending again is sure."""
    units = tuple(Units(str(line.line_id), line.quantity) for line in made.lines)
    reason = Why.LOST if made.reason in UNSEEN else Why(made.reason.value)
    return ResendOrder(order.number, reason, units, Sure.AGAIN)


def _turn_down(uow: UnitOfWork, made: Claim, by: str, why: str) -> Done:
    after = save_decision(uow, made.reject(by, uow.now, why))
    order = uow.orders.own(made.order_id)
    order = uow.orders.save(Change(_claimed(order, made, -1)))
    uow.emit(order.id, e.ClaimRejected(after.id, after.number, after.decision))
    _close(uow, after, "it was rejected")
    return _done(after, f"Claim {after.number} is rejected.", order)


def _close(uow: UnitOfWork, made: Claim, how: str) -> None:
    uow.cases.close(CaseKind.CLAIM_DECISION, f"claim:{made.id}", how)


def _done(made: Claim, sentence: str, order: Order) -> Done:
    facts = {"claim": made.number, "status": made.status.value, "order": order.number}
    return Done(sentence, facts | ({"replacement": made.result} if made.result else {}))
