"""Returns: requested by staff or customer, assessed by the policy, decided, canceled."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated, Any

from core.commands.owing import is_paid_out
from core.commands.refunds import value_of
from core.db.unit_of_work import UnitOfWork
from core.domain import events as e
from core.domain.access import Right, Role
from core.domain.cases import CaseKind, Finding
from core.domain.order import Change, Line, Order
from core.domain.refusals import Invalid, NotPossible
from core.domain.returns import Assessment, ReturnReason, Rma, RmaLine, RmaStatus, assess
from core.registry import Arg, Done, Risk, command

Units = dict[int, int]  # line id -> units


@dataclass(frozen=True, slots=True)
class ReturnedLine:
    """Units of one line, named by its id or SKU; no quantity means all that can come back."""

    line: str
    quantity: int | None = None


@dataclass(frozen=True, slots=True)
class RequestReturn:
    """Start a return of delivered goods; without a SKU, of everything that was delivered."""

    order: Annotated[str, Arg.ORDER]
    sku: Annotated[str, Arg.SKU] = ""
    quantity: Annotated[int | None, Arg.QUANTITY] = None
    reason: Annotated[ReturnReason, Arg.CHOICE] = ReturnReason.UNKNOWN
    note: Annotated[str, Arg.TEXT] = ""
    lines: Annotated[tuple[ReturnedLine, ...], Arg.NONE] = ()

    def audited(self) -> dict[str, Any]:
        return _audited(self.order, self.wanted, self.reason)

    @property
    def wanted(self) -> tuple[ReturnedLine, ...]:
        return (ReturnedLine(self.sku, self.quantity), *self.lines) if self.sku else self.lines


@command(
    "return",
    RequestReturn,
    Right.RETURN_REQUEST,
    aliases=("rma",),
    examples=("return 1001", "return 1001 mug-red 1 defective"),
)
def request(ask: RequestReturn, uow: UnitOfWork) -> Done:
    return _request(uow, ask.order, ask.wanted, ask.reason, ask.note)


@dataclass(frozen=True, slots=True)
class RequestOwnReturn:
    """Start a return of one's own delivered goods: what a customer does in chat or on a page."""

    order: Annotated[str, Arg.ORDER]
    lines: Annotated[tuple[ReturnedLine, ...], Arg.NONE] = ()
    reason: Annotated[ReturnReason, Arg.CHOICE] = ReturnReason.UNKNOWN
    note: Annotated[str, Arg.TEXT] = ""

    def audited(self) -> dict[str, Any]:
        return _audited(self.order, self.lines, self.reason)


@command("return-own", RequestOwnReturn, Right.OWN, in_chat=False)
def request_own(ask: RequestOwnReturn, uow: UnitOfWork) -> Done:
    return _request(uow, ask.order, ask.lines, ask.reason, ask.note)


def _audited(order: str, lines: Iterable[ReturnedLine], reason: ReturnReason) -> dict[str, Any]:
    """Without the note: customers write what they like into it."""
    return {
        "order": order,
        "lines": [[wish.line, wish.quantity] for wish in lines],
        "reason": reason.value,
    }


def _request(
    uow: UnitOfWork, number: str, wanted: tuple[ReturnedLine, ...], reason: ReturnReason, note: str
) -> Done:
    if len(note) > 2000:
        raise Invalid("A note has 2,000 characters at most.")
    order = uow.orders.get(number)
    units = _chosen(order, wanted)
    value = value_of(order, units, uow.refunds.of(order.id))
    found = assess(order, units, _delivered_at(uow, order), uow.now, uow.shop.policy, value)
    rma = _new(uow, order, units, reason, note.strip())
    uow.emit(order.id, e.ReturnRequested(rma.id, rma.number, reason.value))
    rma = _follow(uow, order, rma, found)
    uow.returns.add(rma)
    if rma.status is not RmaStatus.REJECTED:
        uow.orders.save(Change(_requested(order, units)))
    facts = {"return": rma.number, "order": order.number, "status": rma.status.value}
    return Done(f"Return {rma.number} is {rma.status.value}. {found.reason}", facts)


def _chosen(order: Order, wanted: tuple[ReturnedLine, ...]) -> Units:
    """The wish as units per line; a SKU on several lines is taken from them in order."""
    free = {line.id: line.returnable for line in order.lines if line.returnable > 0}
    if not free:
        raise NotPossible(
            f"Nothing of order {order.number} can be returned.",
            "Only delivered goods that are not on their way back already can be.",
        )
    if not wanted:
        return free
    units: Units = {}
    for wish in wanted:
        for line_id, quantity in _take(order, wish, free).items():
            free[line_id] -= quantity
            units[line_id] = units.get(line_id, 0) + quantity
    return units


def _take(order: Order, wish: ReturnedLine, free: Mapping[int, int]) -> Units:
    lines = named_lines(order, wish.line)
    able = sum(free.get(line.id, 0) for line in lines)
    left = able if wish.quantity is None else wish.quantity
    if not 1 <= left <= able:
        raise NotPossible(
            f"{lines[0].title or lines[0].sku}: {able} can be returned, not {left}.",
            f"Choose {able if able == 1 else f'1 to {able}'}." if able else "Choose another line.",
        )
    taken: Units = {}
    for line in lines:
        part = min(left, free.get(line.id, 0))
        if part:
            taken[line.id] = part
            left -= part
    return taken


def named_lines(order: Order, word: str) -> list[Line]:
    """The lines that a line id or a SKU means."""
    clean = word.strip().casefold()
    found = [line for line in order.lines if clean in (str(line.id), line.sku.casefold())]
    if not found:
        skus = ", ".join(dict.fromkeys(line.sku for line in order.bought))
        raise Invalid(f"Order {order.number} has no line “{word}”.", f"Its lines: {skus}.")
    return found


def _delivered_at(uow: UnitOfWork, order: Order) -> datetime | None:
    """When the customer had the last of it; a till sale was handed over on the spot."""
    times = [p.delivered_at for p in uow.work.parcels(order.id) if p.delivered_at is not None]
    return max(times, default=order.placed_at if order.handed_over else None)


def _new(uow: UnitOfWork, order: Order, units: Units, reason: ReturnReason, note: str) -> Rma:
    serial = len(uow.returns.of(order.id)) + 1
    return Rma(
        id=uow.new_id(),
        order_id=order.id,
        number=f"R{order.number}-{serial}".upper(),
        status=RmaStatus.REQUESTED,
        lines=tuple(
            RmaLine(line_id, order.line(line_id).sku, quantity, reason=reason.value)
            for line_id, quantity in units.items()
        ),
        reason=reason.value,
        requested_at=uow.now,
        note=note,
        requested_by="customer" if uow.actor.role is Role.CUSTOMER else uow.actor.name,
    )


def _follow(uow: UnitOfWork, order: Order, rma: Rma, found: Assessment) -> Rma:
    """What the policy says happens at once; a review waits for a colleague."""
    if found.verdict == "reject":
        uow.emit(order.id, e.ReturnRejected(rma.id, rma.number, found.reason))
        return rma.reject("policy", uow.now, found.reason)
    if found.verdict == "approve":
        uow.emit(order.id, e.ReturnApproved(rma.id, rma.number, by_policy=True))
        return rma.approve("policy", uow.now, found.reason)
    uow.cases.open(
        Finding(
            CaseKind.RETURN_DECISION,
            f"return:{rma.id}",
            f"Return {rma.number} of {rma.units} units waits for a decision.",
            order_id=order.id,
            facts={"return": rma.number, "order": order.number, "reason": rma.reason},
        )
    )
    return rma


def _requested(order: Order, units: Mapping[int, int]) -> Order:
    """The order with so many more (or, negative, fewer) units asked back."""
    changed = {
        line_id: replace(line, return_requested=line.return_requested + quantity)
        for line_id, quantity in units.items()
        for line in (order.line(line_id),)
    }
    return order.with_lines(changed)


# --- deciding ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ApproveReturn:
    """Let the customer send it back."""

    number: Annotated[str, Arg.RETURN]
    note: Annotated[str, Arg.TEXT] = ""


@command(
    "approve",
    ApproveReturn,
    Right.RETURN_DECIDE,
    risk=Risk.IRREVERSIBLE,
    many=True,
    examples=("approve R1001-1",),
)
def approve(ask: ApproveReturn, uow: UnitOfWork) -> Done:
    rma = uow.returns.get(ask.number)
    after = uow.returns.save(rma, rma.approve(uow.actor.name, uow.now, ask.note.strip()))
    uow.emit(rma.order_id, e.ReturnApproved(rma.id, rma.number))
    _close_decision(uow, rma, "approved")
    return _done(after, f"Return {rma.number} is approved.")


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
    _give_back(uow, rma)
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
    rma = uow.returns.get(ask.number)
    came = any(line.received for line in rma.lines)
    after = rma.close(uow.now) if came else rma.cancel(uow.now)
    if came and is_paid_out(uow, rma):
        after = after.refunded(uow.now)
    uow.returns.save(rma, after)
    _give_back(uow, rma)
    uow.emit(rma.order_id, e.ReturnCanceled(rma.id, rma.number))
    _close_decision(uow, rma, "canceled")
    what = "is closed without the rest" if came else "is canceled"
    return _done(after, f"Return {rma.number} {what}.")


def _give_back(uow: UnitOfWork, rma: Rma) -> None:
    """What is no longer expected can be asked back again."""
    missing = {line.line_id: line.received - line.quantity for line in rma.lines}
    uow.orders.save(Change(_requested(uow.orders.by_id(rma.order_id), missing)))


def _close_decision(uow: UnitOfWork, rma: Rma, how: str) -> None:
    resolution = f"the return was {how} by {uow.actor.name}"
    uow.cases.close(CaseKind.RETURN_DECISION, f"return:{rma.id}", resolution)


def _done(rma: Rma, sentence: str, **more: Any) -> Done:
    return Done(sentence, {"return": rma.number, "status": rma.status.value, **more})
