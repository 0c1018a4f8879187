"""What people decide about a return: approve, reject, end it, or give something else for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any

from core.commands.owing import is_paid_out
from core.commands.returned_money import pay_for
from core.commands.returns import begin, keep_small, requested, with_time
from core.db.exchanges import exchange_of
from core.db.unit_of_work import UnitOfWork
from core.domain import events as e
from core.domain.access import Right
from core.domain.cases import CaseKind
from core.domain.exchanges import ExchangeState
from core.domain.order import Change, Order
from core.domain.refusals import Invalid, NotPossible
from core.domain.returning.rules import plain_terms, read_terms
from core.domain.returns import Rma, RmaStatus, Wish, units_of
from core.domain.values import dataclass
from core.registry import Arg, Done, Risk, command


@dataclass(frozen=True, slots=True)
class ApproveReturn:
    """Let the customer send it back; with a reason also what the rules have turned down."""

    number: Annotated[str, Arg.RETURN]
    note: Annotated[str, Arg.TEXT] = ""


@command(
    "approve",
    ApproveReturn,
    Right.RETURN_DECIDE,
    risk=Risk.IRREVERSIBLE,
    many=True,
    examples=("approve R1001-1", "approve R1001-1 goodwill, a regular"),
)
def approve(ask: ApproveReturn, uow: UnitOfWork) -> Done:
    rma = uow.returns.get(ask.number)
    if rma.status is RmaStatus.REJECTED:
        return _overrule(uow, rma, ask.note)
    after = with_time(uow, rma.approve(uow.actor.name, uow.now, ask.note.strip()))
    after = uow.returns.save(rma, after)
    uow.emit(rma.order_id, e.ReturnApproved(rma.id, rma.number))
    _close_decision(uow, rma, "approved")
    after = keep_small(uow, uow.orders.by_id(rma.order_id), after)
    return _done(after, f"Return {rma.number} is approved.")


def _overrule(uow: UnitOfWork, rma: Rma, why: str) -> Done:
    after = with_time(uow, rma.overrule(uow.actor.name, uow.now, why))
    order = uow.orders.by_id(rma.order_id)
    _require_returnable(order, units_of(after.lines))
    after = begin(uow, uow.returns.save(rma, after))
    uow.emit(rma.order_id, e.ReturnApproved(rma.id, rma.number, overruled=True))
    return _done(after, f"Return {rma.number} is approved after all.", overruled=True)


def _require_returnable(order: Order, units: Mapping[int, int]) -> None:
    for line_id, quantity in units.items():
        line = order.line(line_id)
        if quantity > line.returnable:
            raise NotPossible(
                f"{line.title or line.sku}: {line.returnable} can be returned, not {quantity}.",
                "They are in another return by now: look at the order.",
            )


@dataclass(frozen=True, slots=True)
class RejectReturn:
    """Turn a return down, with a reason that the customer can read."""

    number: Annotated[str, Arg.RETURN]
    reason: Annotated[str, Arg.TEXT]


@command(
    "reject",
    RejectReturn,
    Right.RETURN_DECIDE,
    risk=Risk.IRREVERSIBLE,
    aliases=("decline",),
    examples=("reject R1001-1 it was worn",),
)
def reject(ask: RejectReturn, uow: UnitOfWork) -> Done:
    if len(ask.reason) > 1000:
        raise Invalid("A reason has 1,000 characters at most.")
    rma = uow.returns.get(ask.number)
    after = uow.returns.save(rma, rma.reject(uow.actor.name, uow.now, ask.reason))
    give_back(uow, rma)
    uow.emit(rma.order_id, e.ReturnRejected(rma.id, rma.number, after.decision))
    _close_decision(uow, rma, "rejected")
    return _done(after, f"Return {rma.number} is rejected.")


@dataclass(frozen=True, slots=True)
class CancelReturn:
    """End a return whose goods do not come, or of which the rest does not come."""

    number: Annotated[str, Arg.RETURN]


@command(
    "cancel-return",
    CancelReturn,
    Right.RETURN_REQUEST,
    risk=Risk.IRREVERSIBLE,
    examples=("cancel-return R1001-1",),
)
def cancel(ask: CancelReturn, uow: UnitOfWork) -> Done:
    return _cancel(uow, uow.returns.get(ask.number))


def _cancel(uow: UnitOfWork, rma: Rma) -> Done:
    came = rma.status is RmaStatus.RECEIVED
    after = rma.close(uow.now) if came else rma.cancel(uow.now)
    if after.status is not RmaStatus.CANCELED and is_paid_out(uow, rma):
        after = after.refunded(uow.now)
    uow.returns.save(rma, after)
    give_back(uow, rma)
    uow.emit(rma.order_id, e.ReturnCanceled(rma.id, rma.number))
    _close_decision(uow, rma, "canceled")
    what = "is closed without the rest" if came else "is canceled"
    return _done(after, f"Return {rma.number} {what}.")


@dataclass(frozen=True, slots=True)
class CancelOwnReturn:
    """Take back one's own return, as long as nothing of it has arrived."""

    number: Annotated[str, Arg.RETURN]


@command("cancel-own-return", CancelOwnReturn, Right.OWN, in_chat=False)
def cancel_own(ask: CancelOwnReturn, uow: UnitOfWork) -> Done:
    rma = uow.returns.get(ask.number)
    if rma.has_begun:
        raise NotPossible(f"Return {rma.number} has begun to arrive; it cannot be taken back.")
    return _cancel(uow, rma)


@dataclass(frozen=True, slots=True)
class ChangeWish:
    """Give the customer something else for a return than was asked for.

    Money, or credit, is due at once for what has come.
    """

    number: Annotated[str, Arg.RETURN]
    wish: Annotated[Wish, Arg.CHOICE]


@command(
    "wish",
    ChangeWish,
    Right.RETURN_DECIDE,
    risk=Risk.IRREVERSIBLE,
    examples=("wish R1001-1 credit",),
)
def change_wish(ask: ChangeWish, uow: UnitOfWork) -> Done:
    rma = uow.returns.get(ask.number)
    if rma.wish is ask.wish:
        raise NotPossible(f"Return {rma.number} is for {rma.wish.value} already.")
    if any(line.paid for line in rma.lines):
        raise NotPossible(
            f"Money for return {rma.number} is on its way already.", "Look at its refunds."
        )
    _require_no_exchange(uow, rma)
    order = uow.orders.by_id(rma.order_id)
    after = uow.returns.save(rma, replace(rma, wish=ask.wish))
    after, owed = pay_for(uow, order, after)
    uow.emit(order.id, e.ReturnWished(rma.id, rma.number, ask.wish.value))
    money = f" {owed} is to be refunded." if owed else ""
    return _done(after, f"Return {rma.number} is for {ask.wish.value} now.{money}")


def _require_no_exchange(uow: UnitOfWork, rma: Rma) -> None:
    """What pays for other goods is not paid out beside them."""
    found = exchange_of(uow.session, rma.id)
    if found is None or found.state is not ExchangeState.OPEN:
        return
    new = uow.orders.own(found.new_order_id)
    if new.is_canceled:
        return
    has_left = any(line.shipped for line in new.lines)
    raise NotPossible(
        f"Return {rma.number} pays for {new.number}"
        + (", and its goods have left." if has_left else "."),
        f"Leave it so, or take the new goods back first: `return {new.number}`."
        if has_left
        else f"Cancel the new goods: `cancel {new.number}`. Then the return is paid out.",
        code="exchanged",
    )


@dataclass(frozen=True, slots=True)
class WaiveReturnFee:
    """Let a return cost its customer nothing; what was taken off already stays."""

    number: Annotated[str, Arg.RETURN]
    reason: Annotated[str, Arg.TEXT]


@command(
    "waive",
    WaiveReturnFee,
    Right.RETURN_DECIDE,
    risk=Risk.IRREVERSIBLE,
    examples=("waive R1001-1 a regular",),
)
def waive(ask: WaiveReturnFee, uow: UnitOfWork) -> Done:
    reason = ask.reason.strip()
    if not reason:
        raise Invalid("Say why.", f"Write `waive {ask.number} a regular`.")
    rma = uow.returns.get(ask.number)
    terms = {line.line_id: read_terms(line.terms) for line in rma.lines}
    if not any(each.fixed_fee or each.fee_percent for each in terms.values()):
        raise NotPossible(
            f"Return {rma.number} costs its customer nothing.", "There is nothing to waive."
        )
    lines = tuple(
        replace(line, terms=plain_terms(terms[line.line_id].waived)) for line in rma.lines
    )
    after = uow.returns.save(rma, replace(rma, lines=lines))
    uow.emit(rma.order_id, e.ReturnFeeWaived(rma.id, rma.number, reason))
    return _done(after, f"Return {rma.number} costs its customer nothing.")


def give_back(uow: UnitOfWork, rma: Rma) -> None:
    """What is no longer expected can be asked back again."""
    missing = {line_id: -units for line_id, units in units_of(rma.lines).items()}
    uow.orders.save(Change(requested(uow.orders.by_id(rma.order_id), missing)))


def _close_decision(uow: UnitOfWork, rma: Rma, how: str) -> None:
    resolution = f"the return was {how} by {uow.actor.name}"
    uow.cases.close(CaseKind.RETURN_DECISION, f"return:{rma.id}", resolution)


def _done(rma: Rma, sentence: str, **more: Any) -> Done:
    return Done(sentence, {"return": rma.number, "status": rma.status.value, **more})
