"""Refunds: owed when goods came back, recorded once by a person's reference or by the channel."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated

from core.commands.owing import close_if_paid, make_due, require_left, text_of
from core.db.returns import Refund
from core.db.unit_of_work import UnitOfWork
from core.domain import events as e
from core.domain.access import Right
from core.domain.cases import CaseKind, Finding
from core.domain.money import amount_text
from core.domain.order import Change, Order
from core.domain.refunds import RefundLine, paid_for_first, refundable
from core.domain.refusals import Invalid, NotFound, NotPossible
from core.domain.returns import Rma
from core.registry import Arg, Done, Risk, command

Units = Mapping[int, int]  # line id -> units


def value_of(order: Order, units: Units, refunds: Iterable[Refund]) -> int:
    """What these units cost; units that are refunded, or owed already, are not counted again."""
    return sum(amount for _, _, amount in _parts(order, units, refunds))


def _parts(order: Order, units: Units, refunds: Iterable[Refund]) -> list[tuple[int, int, int]]:
    """(line id, units, money) by the cumulative rule, so that all refunds add up to what was paid.

    Units that are owed count as refunded: their amount is fixed already.
    """
    gone = {line.id: line.refunded for line in order.lines}
    for refund in refunds:
        if refund.state == "due":
            for line_id, quantity in refund.lines:
                gone[line_id] += quantity
    parts = []
    for line_id, quantity in units.items():
        line = order.line(line_id)
        known = RefundLine(line.total, line.ordered, min(gone[line_id], line.ordered))
        part = min(quantity, known.left)
        if part:
            parts.append((line_id, part, refundable(known, part)))
    return parts


def owe(uow: UnitOfWork, order: Order, rma: Rma, units: Units) -> str:
    """The money for units that came back becomes due, with a task for a person; "" for none.

    Never more than what was paid and is not on its way back yet.
    """
    refunds = uow.returns.refunds(order.id)
    due = sum(refund.amount for refund in refunds if refund.state == "due")
    parts = _parts(order, units, refunds)
    amount = min(sum(money for _, _, money in parts), order.captured - order.refunded - due)
    if amount <= 0:
        return ""
    return text_of(make_due(uow, order, rma, amount, parts))


def owe_for_canceled(uow: UnitOfWork, order: Order, units: Units) -> Refund | None:
    """The exact money for units that are not wanted any more; what was never paid is not owed."""
    known = uow.returns.refunds(order.id)
    due = sum(refund.amount for refund in known if refund.state == "due")
    parts = _parts(order, units, known)
    amount = sum(money for _, _, money in parts)
    if order.captured < order.total:
        amount = min(amount, _overpaid(order, units, known))
    amount = min(amount, order.captured - order.refunded - due)
    if amount <= 0:
        return None
    return make_due(uow, order, None, amount, parts)


def _overpaid(order: Order, units: Units, known: Iterable[Refund]) -> int:
    """What was paid beyond the units that stay, once these are canceled too."""
    canceled = sum(
        paid_for_first(x.total, x.ordered, x.canceled + units.get(x.id, 0)) for x in order.lines
    )
    given = sum(r.amount for r in known if r.rma_id is None and r.state != "canceled")
    return order.captured - given - (order.total - canceled)


# --- recorded by a person ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RecordRefund:
    """Say that the money for a return, or for canceled units, was paid out, with its reference."""

    number: Annotated[str, Arg.RETURN]
    reference: Annotated[str, Arg.TEXT]


@command(
    "refunded",
    RecordRefund,
    Right.REFUND,
    risk=Risk.IRREVERSIBLE,
    examples=("refunded R1001-1 stripe re_7",),
)
def record(ask: RecordRefund, uow: UnitOfWork) -> Done:
    reference = ask.reference.strip()
    if not reference or len(reference) > 200:
        raise Invalid(
            "A refund needs the reference of the payment, of 200 characters at most.",
            f"Write `refunded {ask.number} <reference>`.",
        )
    what, mine = _refunds_of(uow, ask.number)
    due = [r for r in mine if r.state == "due"]
    if not due:
        paid = ", ".join(f"{amount_text(r.amount, r.currency)} ({r.reference})" for r in mine)
        raise NotPossible(
            f"Nothing is due for {what}.",
            f"Recorded already: {paid}." if paid else "First the goods: write `received`.",
        )
    for refund in due:
        _settle(uow, refund, reference, None)
    total = amount_text(sum(r.amount for r in due), due[0].currency)
    name = "return" if due[0].rma_id is not None else "order"
    facts = {name: what.split()[-1], "amount": sum(r.amount for r in due)}
    return Done(f"{total} for {what} is recorded as refunded.", facts)


@dataclass(frozen=True, slots=True)
class RecordOrderRefund:
    """Say that the money for an order's canceled units was paid out, with its reference."""

    order: Annotated[str, Arg.ORDER]
    reference: Annotated[str, Arg.TEXT]


@command(
    "refunded order",
    RecordOrderRefund,
    Right.REFUND,
    risk=Risk.IRREVERSIBLE,
    aliases=("refunded",),
    examples=("refunded 1001 stripe re_7",),
)
def record_for_order(ask: RecordOrderRefund, uow: UnitOfWork) -> Done:
    return record(RecordRefund(ask.order, ask.reference), uow)


def _refunds_of(uow: UnitOfWork, number: str) -> tuple[str, list[Refund]]:
    """The refunds of a return; under an order's own number those for its canceled units."""
    try:
        rma = uow.returns.get(number)
    except NotFound:
        order = uow.orders.get(number)
        refunds = uow.returns.refunds(order.id)
        return f"order {order.number}", [r for r in refunds if r.rma_id is None]
    refunds = uow.returns.refunds(rma.order_id)
    return f"return {rma.number}", [r for r in refunds if r.rma_id == rma.id]


def _settle(
    uow: UnitOfWork,
    refund: Refund,
    reference: str,
    external_id: str | None,
    amount: int | None = None,
) -> None:
    """A due refund is paid: order, lines, return and the cases that waited for it."""
    paid = refund.amount if amount is None else amount
    uow.returns.settle_refund(refund, reference, external_id, paid)
    _count(uow, replace(refund, amount=paid, reference=reference))
    for kind in (CaseKind.REFUND_TASK, CaseKind.REFUND_OPEN):
        uow.cases.close(kind, f"refund:{refund.id}", "the refund is recorded")
    if refund.rma_id is not None:
        close_if_paid(uow, uow.returns.by_id(refund.rma_id))


def _count(uow: UnitOfWork, refund: Refund) -> None:
    """Money and units of a paid refund, on the order."""
    order = uow.orders.by_id(refund.order_id)
    units = dict(refund.lines)
    lines = {
        line.id: replace(line, refunded=min(line.ordered, line.refunded + units[line.id]))
        for line in order.lines
        if line.id in units
    }
    after = replace(order.with_lines(lines), refunded=order.refunded + refund.amount)
    fact = e.RefundRecorded(
        refund.id, refund.amount, refund.currency, refund.reference, refund.rma_id
    )
    uow.orders.save(Change(after, (fact,)))


# --- told by the channel -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RecordChannelRefund:
    """A refund that the channel tells of; `lines` are (the channel's line id, quantity)."""

    connection_id: int
    order: str
    refund: str
    amount: int
    currency: str
    at: datetime
    lines: tuple[tuple[str, int], ...] = ()


@command("channel-refund", RecordChannelRefund, Right.CAPTURE, in_chat=False)
def record_channel(ask: RecordChannelRefund, uow: UnitOfWork) -> Done:
    order = uow.orders.by_external(ask.connection_id, ask.order)
    if order is None or order.shop_id != uow.actor.shop_id:
        raise NotFound(f"There is no order {ask.order} yet.", code="not_yet")
    _require_sense(order, ask)
    refunds = uow.returns.refunds(order.id)
    facts = {"order": order.number, "refund": ask.refund}
    if ask.amount == 0 or any(_is_told(r, ask.refund) for r in refunds):
        return Done(f"Nothing new about the money of order {order.number}.", facts)
    units = _units(order, ask)
    due = _matching([r for r in refunds if r.state == "due"], ask.amount, units)
    if due:
        _settle_all(uow, due, ask)
        return Done(f"A refund of order {order.number} is paid out.", facts)
    told = [r for r in refunds if r.state == "refunded" and r.external_id is None]
    known = _matching(told, ask.amount, units)
    if known:
        for refund, name in _named(known, ask.refund):
            uow.returns.recognize_refund(refund, name)
        return Done(f"The refund of order {order.number} was recorded before.", facts)
    return _from_outside(uow, order, ask, units, refunds)


def _require_sense(order: Order, ask: RecordChannelRefund) -> None:
    if ask.amount < 0:
        raise Invalid("A refund is not less than nothing.")
    if ask.currency.upper() != order.currency:
        raise Invalid(f"Order {order.number} is in {order.currency}, not {ask.currency}.")


def _is_told(refund: Refund, external_id: str) -> bool:
    known = refund.external_id or ""
    return known == external_id or known.startswith(f"{external_id}#")


def _named(refunds: list[Refund], external_id: str) -> list[tuple[Refund, str]]:
    """One payment may settle several refunds of ours; each needs a name of its own."""
    names = [external_id, *(f"{external_id}#{n}" for n in range(2, len(refunds) + 1))]
    return list(zip(refunds, names, strict=True))


def _units(order: Order, ask: RecordChannelRefund) -> dict[int, int]:
    ours = {line.external_id: line.id for line in order.lines if line.external_id}
    units: dict[int, int] = {}
    for name, quantity in ask.lines:
        if name in ours and quantity > 0:
            units[ours[name]] = units.get(ours[name], 0) + quantity
    return units


def _matching(refunds: list[Refund], amount: int, units: Units) -> list[Refund]:
    """Our refunds that this one pays: by amount (and lines, if they agree), or by sum: of one
    return, of all that was canceled or edited away, or of everything."""
    same = [r for r in refunds if r.amount == amount]
    best = [r for r in same if dict(r.lines) == units] or same
    if best:
        return best[:1]
    groups = [[r for r in refunds if r.rma_id == rma_id] for rma_id in {r.rma_id for r in refunds}]
    for group in (*groups, refunds):
        if sum(r.amount for r in group) == amount:
            return group
    return []


def _settle_all(uow: UnitOfWork, refunds: list[Refund], ask: RecordChannelRefund) -> None:
    for refund, name in _named(refunds, ask.refund):
        _settle(uow, refund, ask.refund, name)


def _from_outside(
    uow: UnitOfWork,
    order: Order,
    ask: RecordChannelRefund,
    units: dict[int, int],
    refunds: list[Refund],
) -> Done:
    """Money that moved without us is recorded whatever we think of it, and a person looks."""
    facts = {"order": order.number, "refund": ask.refund}
    same_goods = [r for r in refunds if r.state == "due" and units and dict(r.lines) == units]
    text = amount_text(ask.amount, order.currency)
    if same_goods:
        # Left due, the same goods would be paid a second time.
        due = same_goods[0]
        _settle(uow, due, ask.refund, ask.refund, ask.amount)
        title = (
            f"The shop refunded {text} for goods of order {order.number}; "
            f"{amount_text(due.amount, due.currency)} was due."
        )
    else:
        _record_outside(uow, order, ask, units)
        title = f"{text} of order {order.number} was refunded in the shop, without a return here."
    is_expected = _is_expected(uow, order)  # as things stood before our debts give way
    require_left(uow, order.id)
    if not is_expected:
        uow.cases.open(_outside_case(order, ask, title))
    return Done(f"A refund of order {order.number} made in the shop is recorded.", facts)


def _record_outside(
    uow: UnitOfWork, order: Order, ask: RecordChannelRefund, units: dict[int, int]
) -> None:
    refund = Refund(
        id=uow.new_id(),
        order_id=order.id,
        rma_id=None,
        gateway="channel",
        external_id=ask.refund,
        amount=ask.amount,
        currency=order.currency,
        state="refunded",
        reference=ask.refund,
        lines=tuple(units.items()),
        due_at=ask.at,
        settled_at=ask.at,
    )
    uow.returns.add_refund(refund)
    _count(uow, refund)


def _is_expected(uow: UnitOfWork, order: Order) -> bool:
    """A canceled order's money goes back in the shop; only too much of it is news."""
    due = sum(r.amount for r in uow.returns.refunds(order.id) if r.state == "due")
    return order.is_canceled and uow.orders.by_id(order.id).refunded + due <= order.captured


def _outside_case(order: Order, ask: RecordChannelRefund, title: str) -> Finding:
    return Finding(
        CaseKind.OUTSIDE_REFUND,
        f"refund:{order.id}:{ask.refund}",
        title,
        order_id=order.id,
        facts={"order": order.number, "amount": ask.amount, "currency": order.currency},
    )
