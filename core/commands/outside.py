"""Refunds that a channel tells of: ours that are paid, ours that were recorded, and others' own."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from core.commands.owing import given, require_left
from core.commands.payouts import change_amount, join_recorded, pay, pay_all
from core.commands.payouts import record as record_money
from core.db.refunds import Refund, RefundPart
from core.db.unit_of_work import UnitOfWork
from core.domain.access import Right
from core.domain.cases import CaseKind, Finding
from core.domain.money import amount_text
from core.domain.order import Order
from core.domain.refunds import Item, ItemKind, line_items, tax_of, total_of
from core.domain.refusals import Invalid, NotFound
from core.domain.same_refund import Told
from core.domain.values import dataclass
from core.registry import Done, command

Units = Mapping[int, int]  # line id -> units


@dataclass(frozen=True, slots=True)
class RecordChannelRefund:
    """A refund that the channel tells of; `lines` are (the channel's line id, quantity).

    `note` is what the refund says of itself: the key of a part of ours stands in it where we have
    asked for it.
    """

    connection_id: int
    order: str
    refund: str
    amount: int
    currency: str
    at: datetime
    lines: tuple[tuple[str, int], ...] = ()
    note: str = ""


@command("channel-refund", RecordChannelRefund, Right.CAPTURE, in_chat=False)
def record_channel(ask: RecordChannelRefund, uow: UnitOfWork) -> Done:
    order = uow.orders.by_external(ask.connection_id, ask.order)
    if order is None or order.shop_id != uow.actor.shop_id:
        raise NotFound(f"There is no order {ask.order} yet.", code="not_yet")
    _require_sense(order, ask)
    refunds = uow.refunds.of(order.id)
    parts = uow.refunds.parts(order.id)
    facts = {"order": order.number, "refund": ask.refund}
    if ask.amount == 0 or _is_told(refunds, parts, ask.refund):
        return Done(f"Nothing new about the money of order {order.number}.", facts)
    paid = Done(f"A refund of order {order.number} is paid out.", facts)
    own = _asked_for(parts, ask)
    if own is not None:
        pay(uow, uow.refunds.get(own.refund_id), own, ask.refund, ask.refund)
        return paid
    if _joins(uow, parts, ask):
        return Done(f"The refund of order {order.number} was recorded before.", facts)
    units = _units(order, ask)
    due = _matching([r for r in refunds if r.state == "due"], ask.amount, units)
    if due:
        for refund, name in _named(due, ask.refund):
            pay_all(uow, refund, ask.refund, name)
        return paid
    told = [r for r in refunds if r.state == "refunded" and r.external_id is None]
    known = _matching(told, ask.amount, units)
    if known:
        for refund, name in _named(known, ask.refund):
            uow.refunds.recognize(refund, name)
        return Done(f"The refund of order {order.number} was recorded before.", facts)
    return _from_outside(uow, order, ask, units, refunds)


def _require_sense(order: Order, ask: RecordChannelRefund) -> None:
    if ask.amount < 0:
        raise Invalid("A refund is not less than nothing.")
    if ask.currency.upper() != order.currency:
        raise Invalid(f"Order {order.number} is in {order.currency}, not {ask.currency}.")


def _is_told(refunds: list[Refund], parts: list[RefundPart], external_id: str) -> bool:
    known = [r.external_id or "" for r in refunds] + [p.external_id or "" for p in parts]
    return any(name == external_id or name.startswith(f"{external_id}#") for name in known)


def _asked_for(parts: list[RefundPart], ask: RecordChannelRefund) -> RefundPart | None:
    """The part of ours that asked for exactly this money, whatever became of its answer; of
    those that look the same, the one whose key the refund carries."""
    able = [p for p in parts if p.is_open and p.amount == ask.amount and p.gateway != "credit"]
    named = [p for p in able if ask.note and p.key in ask.note.split()]
    shared = {p.refund_id for p in able if p.payment_id is None and _is_shared(parts, p)}
    return next((p for p in (*named, *(p for p in able if p.refund_id in shared))), None)


def _joins(uow: UnitOfWork, parts: list[RefundPart], ask: RecordChannelRefund) -> bool:
    """Whether a person recorded it while the shop's answer was missing: it carries our key, or
    the reference names it."""
    for part in parts:
        key = part.key if part.key in ask.note.split() else ""
        told = Told(ask.refund, ask.amount, part.payment_id, key)
        if join_recorded(uow, [part], told, named=not key) is not None:
            return True
    return False


def _is_shared(parts: list[RefundPart], part: RefundPart) -> bool:
    """Whether its refund goes over several payments, so that no sum of refunds can be it."""
    live = [p for p in parts if p.refund_id == part.refund_id and p.state != "canceled"]
    return len(live) > 1


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
    refunds = [r for r in refunds if r.target == "original" and not (r.paid and r.state == "due")]
    same = [r for r in refunds if r.amount == amount]
    best = [r for r in same if dict(r.lines) == units] or same
    if best:
        return best[:1]
    groups = [[r for r in refunds if r.rma_id == rma_id] for rma_id in {r.rma_id for r in refunds}]
    for group in (*groups, refunds):
        if sum(r.amount for r in group) == amount:
            return group
    return []


def _from_outside(
    uow: UnitOfWork,
    order: Order,
    ask: RecordChannelRefund,
    units: dict[int, int],
    refunds: list[Refund],
) -> Done:
    """Money that moved without us is recorded whatever we think of it, and a person looks."""
    facts = {"order": order.number, "refund": ask.refund}
    due = next((r for r in refunds if _is_for(uow, r, units)), None)
    text = amount_text(ask.amount, order.currency)
    if due is not None:
        # Left due, the same goods would be paid a second time.
        pay_all(uow, change_amount(uow, due, ask.amount), ask.refund, ask.refund)
        title = (
            f"The shop refunded {text} for goods of order {order.number}; "
            f"{amount_text(due.amount, due.currency)} was due."
        )
    else:
        _record_outside(uow, order, ask, units, refunds)
        title = f"{text} of order {order.number} was refunded in the shop, without a return here."
    is_expected = _is_expected(uow, order)  # as things stood before our debts give way
    require_left(uow, order.id)
    if not is_expected:
        uow.cases.open(_outside_case(order, ask, title))
    return Done(f"A refund of order {order.number} made in the shop is recorded.", facts)


def _is_for(uow: UnitOfWork, refund: Refund, units: Units) -> bool:
    """The same goods, owed by one payer who has not been asked for them."""
    if refund.state != "due" or not units or dict(refund.lines) != units:
        return False
    parts = [p for p in uow.refunds.parts_of(refund) if p.state != "canceled"]
    return len(parts) == 1 and parts[0].connection_id is None and refund.target == "original"


def _record_outside(
    uow: UnitOfWork,
    order: Order,
    ask: RecordChannelRefund,
    units: dict[int, int],
    refunds: list[Refund],
) -> None:
    part = RefundPart(
        id=uow.new_id(),
        refund_id=0,
        order_id=order.id,
        payment_id=None,
        gateway="channel",
        connection_id=None,
        amount=ask.amount,
        state="sent",
        key="",
        at=ask.at,
    )
    goods = line_items(order, units, given(order, refunds))
    record_money(uow, part, order.currency, ask.refund, _rounded_out(goods, ask.amount))


def _rounded_out(goods: tuple[Item, ...], amount: int) -> tuple[Item, ...]:
    """The goods as we count them; what the shop paid more, or less, is an adjustment."""
    over = amount - total_of(goods)
    if not over:
        return goods
    tax = 0 if over > 0 else -min(tax_of(goods), -over)
    return (*goods, Item(ItemKind.ADJUSTMENT, over, tax))


def _is_expected(uow: UnitOfWork, order: Order) -> bool:
    """A canceled order's money goes back in the shop; only too much of it is news."""
    owed = sum(r.owed for r in uow.refunds.of(order.id))
    return order.is_canceled and uow.orders.by_id(order.id).refunded + owed <= order.captured


def _outside_case(order: Order, ask: RecordChannelRefund, title: str) -> Finding:
    return Finding(
        CaseKind.OUTSIDE_REFUND,
        f"refund:{order.id}:{ask.refund}",
        title,
        order_id=order.id,
        facts={"order": order.number, "amount": ask.amount, "currency": order.currency},
    )
