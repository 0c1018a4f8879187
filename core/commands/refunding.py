"""Giving money back by a person's word: any part of an order, approved above a limit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum
from typing import Annotated

from core.commands import handout, owing
from core.commands.approving import needs_approval
from core.commands.choosing import Units, choose
from core.commands.disputing import require_undisputed
from core.commands.doubting import doubt_about_money
from core.commands.refunds import owe_what_came_late, refunds_named, require_another
from core.commands.replacing import Sure
from core.db.reading import Reader
from core.db.refunds import Refund, refunds_of
from core.db.unit_of_work import UnitOfWork
from core.domain import events as e
from core.domain.access import Right
from core.domain.cases import CaseKind
from core.domain.like_refund import A_MOMENT, is_like
from core.domain.meant import require_not_meant
from core.domain.money import amount_text
from core.domain.order import Order
from core.domain.refund_wish import What, Wish, items_of, read_amount
from core.domain.refunds import Item, total_of
from core.domain.refusals import Conflict, Invalid, NotPossible
from core.domain.values import dataclass
from core.registry import Arg, Done, Risk, command


class To(StrEnum):
    ORIGINAL = "original"
    CREDIT = "credit"


@dataclass(frozen=True, slots=True)
class RefundOrder:
    """Give money of an order back: lines, shipping, all that is left, or an amount with its reason.

    `fee` (minor units) is kept of it. `expects` is the amount that was previewed: another one is
    refused. What is like a refund of the last quarter of an hour needs `again`.
    """

    order: Annotated[str, Arg.ORDER]
    units: Annotated[tuple[Units, ...], Arg.UNITS] = ()
    what: Annotated[What | None, Arg.CHOICE] = None
    to: Annotated[To, Arg.CHOICE] = To.ORIGINAL
    sure: Annotated[Sure | None, Arg.CHOICE] = None
    reason: Annotated[str, Arg.TEXT] = ""
    fee: Annotated[int, Arg.NONE] = 0
    expects: Annotated[int | None, Arg.NONE] = None


@dataclass(frozen=True, slots=True)
class Found:
    """What a wish comes to: the items, their sum in minor units, whether others approve, and the
    refund like it that was made a moment ago."""

    order: Order
    items: tuple[Item, ...]
    room: int
    note: str
    needs_approval: bool
    like: Refund | None = None

    @property
    def amount(self) -> int:
        return total_of(self.items)


def look(within: UnitOfWork | Reader, ask: RefundOrder) -> Found:
    """The refund as it would come out now. Raises a refusal for what is not possible."""
    order = within.orders.get(ask.order)
    if not ask.units:
        require_not_meant(order, ask.reason, "refund")
    known = refunds_of(within.session, order.id)
    given = owing.given(order, known)
    amount, reason = read_amount(ask.reason, order.currency)
    if len(reason) > 500:
        raise Invalid("A reason has 500 characters at most.")

    def left(line_id: int, ordered: int) -> int:
        return ordered - given.units.get(line_id, 0)

    units = choose(order, ask.units, lambda x: left(x.id, x.ordered), "can be refunded")
    owed = sum(refund.owed for refund in known)
    room = max(0, order.captured - order.refunded - owed)
    rule = str(within.shop.policy["refund_shipping"])
    items = items_of(order, Wish(units, ask.what, amount, ask.fee, reason), given, room, rule)
    note = reason or ("shipping" if ask.what is What.SHIPPING else "goodwill")
    require_undisputed(within, order, total_of(items), room)
    waits = needs_approval(within, order, known, total_of(items), by_word=True)
    like = None if ask.what is What.ALL else _like(within, items, known)  # all is all but once
    return Found(order, items, room, note, waits, like)


def _like(
    within: UnitOfWork | Reader, items: Sequence[Item], known: Sequence[Refund]
) -> Refund | None:
    """The last one that stands; people type twice, and two of them do the same at once."""
    since = within.now - A_MOMENT
    fresh = (r for r in reversed(known) if r.due_at > since and r.state != "canceled")
    return next((r for r in fresh if is_like(r.items, items)), None)


@command(
    "refund now",
    RefundOrder,
    Right.REFUND_ASK,
    examples=("refund now 1001 mug-red 1", "refund now 1001 shipping"),
)
def refund(ask: RefundOrder, uow: UnitOfWork) -> Done:
    try:
        found = look(uow, ask)
    except NotPossible as refused:
        doubted = doubt_about_money(uow, uow.orders.get(ask.order), refused)
        if doubted is None:
            raise
        return doubted
    order, text = found.order, amount_text(found.amount, found.order.currency)
    if ask.expects is not None and ask.expects != found.amount:
        raise Conflict(
            f"It would be {text} by now.",
            f"Look once more: `refund {order.number}`.",
            code="preview_changed",
        )
    if found.like is not None and ask.sure is None:
        raise _once_more(uow, ask, found, found.like)
    made = owing.owe(
        uow, order, found.items, to=ask.to.value, note=found.note, approval=found.needs_approval
    )
    if made is None:
        raise NotPossible(f"Nothing of order {order.number} is left to refund.")
    if uow.refunds.get(made.id).state == "due":
        uow.undo = WithdrawRefund(order.number, made.id)
    how = " once a second person approves it" if found.needs_approval else ""
    facts = {"order": order.number, "refund": made.id, "amount": made.amount}
    return Done(f"{text} of order {order.number} goes back{how}.", facts)


def _once_more(uow: UnitOfWork, ask: RefundOrder, found: Found, like: Refund) -> NotPossible:
    order = found.order
    minutes = int((uow.now - like.due_at).total_seconds() // 60)
    ago = f"{minutes} minutes ago" if minutes > 1 else "just now"
    units = " ".join(f"{wish.line} {wish.quantity}" for wish in ask.units)
    to = ask.to.value if ask.to is not To.ORIGINAL else ""
    what = ask.what.value if ask.what else ""
    said = filter(None, ("refund now", order.number, units, what, to, "again", ask.reason))
    return NotPossible(
        f"{amount_text(like.amount, order.currency)} of order {order.number} was given back {ago}.",
        f"If {amount_text(found.amount, order.currency)} has to go back once more, write "
        f"`{' '.join(said)}`.",
        code="confirm",
    )


def _require_undisputed(uow: UnitOfWork, going: Sequence[Refund]) -> None:
    """Other refunds of the order that are due take their share of what no bank has first."""
    order = uow.orders.own(going[0].order_id)
    others = sum(r.owed for r in uow.refunds.of(order.id) if r.id not in {g.id for g in going})
    left = order.captured - order.refunded - others
    require_undisputed(uow, order, sum(refund.owed for refund in going), left)


# --- a second person, and second thoughts --------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ApproveRefund:
    """Let money go that waits for a second person: of a return, or of an order."""

    number: Annotated[str, Arg.RETURN]


@command(
    "approve refund",
    ApproveRefund,
    Right.REFUND,
    risk=Risk.IRREVERSIBLE,
    examples=("approve refund R1001-1",),
)
def approve(ask: ApproveRefund, uow: UnitOfWork) -> Done:
    what, mine = refunds_named(uow, ask.number)
    waiting = [r for r in mine if r.state == "due" and _waits(uow, r)]
    if not waiting:
        raise NotPossible(
            f"No refund of {what} waits for approval.",
            "`money` and the number of the order shows its refunds.",
        )
    for each in waiting:
        require_another(uow, each)
    _require_undisputed(uow, waiting)
    for each in waiting:
        approved = uow.refunds.save(each, replace(each, approved_by=uow.actor.name))
        uow.cases.close(
            CaseKind.REFUND_APPROVAL, f"refund:{each.id}", f"approved by {uow.actor.name}"
        )
        uow.emit(each.order_id, e.RefundApproved(each.id, each.amount, each.currency))
        handout.hand_out(uow, uow.orders.own(each.order_id), approved)
    total = amount_text(sum(r.amount for r in waiting), waiting[0].currency)
    return Done(f"{total} of {what} may go back.", {"amount": sum(r.amount for r in waiting)})


@dataclass(frozen=True, slots=True)
class ApproveOrderRefund:
    """Let money of an order go that waits for a second person."""

    order: Annotated[str, Arg.ORDER]


@command(
    "approve order refund",
    ApproveOrderRefund,
    Right.REFUND,
    risk=Risk.IRREVERSIBLE,
    aliases=("approve refund",),
    examples=("approve refund 1001",),
)
def approve_of_order(ask: ApproveOrderRefund, uow: UnitOfWork) -> Done:
    return approve(ApproveRefund(ask.order), uow)


def _waits(uow: UnitOfWork, refund: Refund) -> bool:
    return any(part.state == "planned" for part in uow.refunds.parts_of(refund))


@dataclass(frozen=True, slots=True)
class WithdrawRefund:
    """Take a refund back that has not gone out yet."""

    order: Annotated[str, Arg.ORDER]
    refund: Annotated[int, Arg.NONE]


@command("withdraw-refund", WithdrawRefund, Right.REFUND_ASK, in_chat=False)
def withdraw(ask: WithdrawRefund, uow: UnitOfWork) -> Done:
    order = uow.orders.get(ask.order)
    refund = uow.refunds.get(ask.refund)
    if refund.order_id != order.id or refund.state != "due":
        raise NotPossible(f"That refund of order {order.number} is not due any more.")
    if not refund.note:
        raise NotPossible(
            f"That money of order {order.number} is owed for goods, by nobody's word.",
            f"What it is for is told by `money {order.number}`; undo that step instead.",
        )
    if refund.asked_by != uow.actor.id and not uow.actor.may(Right.REFUND):
        raise NotPossible("Somebody else asked for that refund.", "Ask a lead or an owner.")
    if order.is_canceled:
        raise NotPossible(
            f"Order {order.number} is canceled: what was paid for it goes back in any case.",
            f"`money {order.number}` shows it.",
        )
    owing.withdraw(uow, refund, "it was taken back")
    if any(line.canceled for line in order.lines):
        owe_what_came_late(uow, uow.orders.own(order.id))  # it may have covered what they cost
    uow.emit(order.id, e.RefundWithdrawn(refund.id, refund.amount, refund.currency))
    text = amount_text(refund.amount, refund.currency)
    return Done(f"{text} of order {order.number} stays here.", {"order": order.number})


@dataclass(frozen=True, slots=True)
class RetryRefund:
    """Ask the gateway once more for money that it would not give back."""

    order: Annotated[str, Arg.ORDER]


@command(
    "retry refund",
    RetryRefund,
    Right.REFUND,
    risk=Risk.IRREVERSIBLE,
    examples=("retry refund 1001",),
)
def retry(ask: RetryRefund, uow: UnitOfWork) -> Done:
    order = uow.orders.get(ask.order)
    failed = [part for part in uow.refunds.parts(order.id) if part.state == "failed"]
    if not failed:
        raise NotPossible(
            f"No refund of order {order.number} has failed.",
            f"Write `money {order.number}` to see how far its refunds are.",
        )
    _require_undisputed(uow, [uow.refunds.get(part.refund_id) for part in failed[:1]])
    for part in failed:
        handout.try_again(uow, order, uow.refunds.get(part.refund_id), part)
        uow.emit(order.id, e.RefundTriedAgain(part.refund_id, part.amount, order.currency))
    total = amount_text(sum(part.amount for part in failed), order.currency)
    return Done(f"{total} of order {order.number} is asked for again.", {"order": order.number})
