"""The one way into money that goes back: capped, made due, and handed to whoever pays it out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from core.commands import handout
from core.commands.approving import needs_approval
from core.db.disputes import disputes_of
from core.db.refunds import Refund
from core.db.unit_of_work import UnitOfWork
from core.domain import events as e
from core.domain.cases import CaseKind
from core.domain.disputes import Dispute, DisputeState, held
from core.domain.money import amount_text
from core.domain.order import Change, Order
from core.domain.refunds import (
    Given,
    Item,
    ItemKind,
    capped,
    kept_of,
    line_items,
    total_of,
)
from core.domain.returns import Rma

CASES = (
    CaseKind.REFUND_TASK,
    CaseKind.REFUND_OPEN,
    CaseKind.REFUND_APPROVAL,
    CaseKind.REFUND_FAILED,
    CaseKind.REFUND_UNKNOWN,
)


def owe(
    uow: UnitOfWork,
    order: Order,
    items: Sequence[Item],
    *,
    rma: Rma | None = None,
    change_id: int | None = None,
    claim_id: int | None = None,
    to: str = "original",
    note: str = "",
    approval: bool | None = None,
    is_channels: bool = False,
) -> Refund | None:
    """The money for these items is owed from now on; None when nothing is left to give back.

    Never more than was paid and is not on its way back yet. `to` is "original", the payments it
    came from, or "credit". Above what policy lets go alone, or with `approval`, a person approves
    first. With `is_channels` the channel pays it of its own accord, and nobody else is asked to.
    """
    items = capped(items, room(uow, order))
    if total_of(items) <= 0:
        return None
    refund = Refund(
        id=uow.new_id(),
        order_id=order.id,
        rma_id=rma.id if rma else None,
        change_id=change_id,
        claim_id=claim_id,
        amount=total_of(items),
        bonus=total_of(item for item in items if item.kind is ItemKind.BONUS),
        currency=order.currency,
        items=tuple(items),
        target=to,
        note=note,
        asked_by=uow.actor.id,
        due_at=uow.now,
    )
    waits = _waits(uow, order, refund) if approval is None else approval
    waits = waits or _is_disputed(uow, order, refund.amount)
    return _due(uow, order, refund, waits=waits and not is_channels, is_channels=is_channels)


def _waits(uow: UnitOfWork, order: Order, refund: Refund) -> bool:
    known, edited = uow.refunds.of(order.id), refund.change_id is not None
    return needs_approval(uow, order, known, refund.amount, edited=edited)


def _due(
    uow: UnitOfWork, order: Order, refund: Refund, *, waits: bool, is_channels: bool = False
) -> Refund:
    uow.refunds.add(refund)
    keep_goods(uow, refund, 1)
    uow.emit(order.id, e.RefundDue(refund.id, refund.amount, order.currency))
    handout.plan(uow, order, refund, waits=waits, is_channels=is_channels)
    return refund


def room(uow: UnitOfWork, order: Order) -> int:
    """What was paid and has not gone back, by us or by the customer's bank, nor is owed already."""
    owed = sum(refund.owed for refund in uow.refunds.of(order.id))
    lost = sum(each.amount for each in _disputes(uow, order) if each.state is DisputeState.LOST)
    return max(0, order.captured - order.refunded - owed - lost)


def _is_disputed(uow: UnitOfWork, order: Order, amount: int) -> bool:
    """Whether it needs money that a bank holds: then it is due, and waits until that is decided."""
    open_ = [each for each in _disputes(uow, order) if each.state is not DisputeState.LOST]
    return amount > room(uow, order) - held(open_)


def _disputes(uow: UnitOfWork, order: Order) -> list[Dispute]:
    return disputes_of(uow.session, order.id)


def given(order: Order, refunds: Iterable[Refund]) -> Given:
    """What has gone back of an order, or is owed: the units of what is owed are fixed already."""
    units = {line.id: line.refunded for line in order.lines}
    shipping = total = 0
    for refund in refunds:
        if refund.state == "canceled":
            continue
        total += refund.amount - refund.bonus
        shipping += total_of(i for i in refund.items if i.kind is ItemKind.SHIPPING)
        for line_id, quantity in refund.lines if refund.state == "due" else ():
            units[line_id] = units.get(line_id, 0) + quantity
    return Given(units, shipping, total)


def items_for(uow: UnitOfWork, order: Order, units: dict[int, int]) -> tuple[Item, ...]:
    """The exact money of these units, as far as it is not on its way back yet."""
    return line_items(order, units, given(order, uow.refunds.of(order.id)))


# --- what is not owed any more -------------------------------------------------------------------


def withdraw(uow: UnitOfWork, refund: Refund, why: str) -> None:
    """It is not due any more: what it was for was taken back. Raises NotPossible when its gateway
    is being asked, or some of it has gone."""
    handout.call_off(uow, refund, why)
    uow.refunds.save(refund, replace(refund, state="canceled"))
    keep_goods(uow, refund, -1)
    close_cases(uow, refund, why)


def keep_goods(uow: UnitOfWork, refund: Refund, sign: int) -> None:
    """Units that are paid back and stay with their customer are not returned any more."""
    kept = kept_of(refund.items)
    if kept:
        order = uow.orders.own(refund.order_id)
        lines = {i: order.line(i) for i in kept}
        after = {
            i: replace(x, return_kept=x.return_kept + sign * kept[i]) for i, x in lines.items()
        }
        uow.orders.save(Change(order.with_lines(after)))


def require_left(uow: UnitOfWork, order_id: int) -> None:
    """What the shop has paid out by itself is not owed a second time: the newest debts give way
    first, and of one that is covered in part the rest stays due."""
    order = uow.orders.own(order_id)
    left = max(0, order.captured - order.refunded)
    lowered = []
    for refund in uow.refunds.of(order_id):
        if refund.owed > left and handout.may_call_off(uow, refund):
            lowered.append((refund, left))
        left -= min(left, refund.owed)
    waits = {p.refund_id for p in uow.refunds.parts(order_id) if p.state == "planned"}
    for refund, _ in lowered:
        withdraw(uow, refund, "the shop has paid it out")
    for refund, rest in lowered:
        _stays_due(uow, order, refund, rest, waits=refund.id in waits)


def _stays_due(uow: UnitOfWork, order: Order, refund: Refund, rest: int, *, waits: bool) -> None:
    if rest:
        items = capped(refund.items, rest)
        less = replace(refund, id=uow.new_id(), items=items, amount=total_of(items))
        _due(uow, order, less, waits=waits)
    elif refund.rma_id is not None:
        close_if_paid(uow, uow.returns.by_id(refund.rma_id))


def close_cases(uow: UnitOfWork, refund: Refund, why: str) -> None:
    for kind in CASES:
        uow.cases.close(kind, f"refund:{refund.id}", why)


# --- words and returns ---------------------------------------------------------------------------


def text_of(refund: Refund) -> str:
    return amount_text(refund.amount, refund.currency)


def is_paid_out(uow: UnitOfWork, rma: Rma) -> bool:
    """Money was due for this return, and none of it is any more."""
    states = [r.state for r in uow.refunds.of(rma.order_id) if r.rma_id == rma.id]
    return bool(states) and "due" not in states


def close_if_paid(uow: UnitOfWork, rma: Rma) -> None:
    if rma.closed_at is not None and is_paid_out(uow, rma):
        uow.returns.save(rma, rma.refunded(uow.now))
