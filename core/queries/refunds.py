"""Refunds as people ask for them: what one would come to, and all of an order's money."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from core.commands.choosing import Units
from core.commands.handout import payments_with, shared_out
from core.commands.refunding import RefundOrder, To, look
from core.db.payments import payments_of, requests_of
from core.db.reading import Reader
from core.db.refunds import RefundPart, parts_of, refunds_of
from core.domain.access import Right
from core.domain.order import Order
from core.domain.payments import CHANNEL, Payment
from core.domain.refund_wish import What
from core.domain.refunds import Item, tax_of
from core.registry import Arg, question


@dataclass(frozen=True, slots=True)
class ItemView:
    """One position; `about` is a SKU where it is goods, of which the customer keeps `kept`."""

    kind: str
    about: str
    quantity: int
    amount: int
    tax: int
    kept: int = 0


@dataclass(frozen=True, slots=True)
class PartView:
    """So much goes back through `gateway` (channel, stripe, manual or credit)."""

    gateway: str
    payment: str
    amount: int
    state: str = ""
    reference: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class RefundPreview:
    """A refund as it would come out now; minor units. `left` is what could go back after it."""

    order: str
    currency: str
    version: int
    asked: RefundOrder
    items: tuple[ItemView, ...]
    amount: int
    tax: int
    parts: tuple[PartView, ...]
    left: int
    needs_approval: bool
    may_refund: bool


@dataclass(frozen=True, slots=True)
class PreviewRefund:
    """Show what a refund would come to, and where it would go; nothing moves yet."""

    order: Annotated[str, Arg.ORDER]
    units: Annotated[tuple[Units, ...], Arg.UNITS] = ()
    what: Annotated[What | None, Arg.CHOICE] = None
    to: Annotated[To, Arg.CHOICE] = To.ORIGINAL
    reason: Annotated[str, Arg.TEXT] = ""
    fee: Annotated[int, Arg.NONE] = 0


@question(
    "refund",
    PreviewRefund,
    Right.VIEW,
    examples=("refund 1001 mug-red 1", "refund 1001 shipping", "refund 1001 5.00 late parcel"),
)
def preview(ask: PreviewRefund, reader: Reader) -> RefundPreview:
    wanted = RefundOrder(ask.order, ask.units, ask.what, ask.to, ask.reason, ask.fee)
    found = look(reader, wanted)
    order = found.order
    rows, parts = payments_of(reader.session, order.id), parts_of(reader.session, order.id)
    shares = shared_out(reader.shop, order, found.amount, ask.to.value, rows, parts)
    return RefundPreview(
        order=order.number,
        currency=order.currency,
        version=order.version,
        asked=wanted,
        items=tuple(_item(order, item) for item in found.items),
        amount=found.amount,
        tax=tax_of(found.items),
        parts=tuple(PartView(x.gateway, x.payment.external_id, x.amount) for x in shares),
        left=found.room - found.amount,
        needs_approval=found.needs_approval,
        may_refund=reader.actor.may(Right.REFUND_ASK),
    )


def _item(order: Order, item: Item) -> ItemView:
    about = order.line(item.line).sku if item.line else ""
    return ItemView(item.kind.value, about, item.quantity, item.amount, item.tax, item.kept)


# --- all of an order's money ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PaymentView:
    """One means of payment; the order's own channel has no id of its own here."""

    gateway: str
    reference: str
    authorized: int
    captured: int
    refunded: int
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class RefundView:
    id: int
    amount: int
    tax: int
    state: str
    note: str
    reference: str
    waits: bool
    items: tuple[ItemView, ...]
    parts: tuple[PartView, ...]
    due_at: datetime
    settled_at: datetime | None


@dataclass(frozen=True, slots=True)
class RequestView:
    """More that the customer owes: open, paid or withdrawn."""

    number: int
    amount: int
    state: str
    why: str
    link: str
    payee: str
    due_at: datetime
    reference: str


@dataclass(frozen=True, slots=True)
class MoneyView:
    """Payments, refunds and requests of an order, in minor units of its currency."""

    order: str
    currency: str
    total: int
    captured: int
    refunded: int
    owed: int
    left: int
    payments: tuple[PaymentView, ...]
    refunds: tuple[RefundView, ...]
    requests: tuple[RequestView, ...]
    actions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ShowMoney:
    """Show an order's money: what was paid how, what went back, what is asked for."""

    order: Annotated[str, Arg.ORDER]


@question("money", ShowMoney, Right.VIEW, examples=("money 1001",))
def money(ask: ShowMoney, reader: Reader) -> MoneyView:
    order = reader.orders.get(ask.order)
    rows, parts = payments_of(reader.session, order.id), parts_of(reader.session, order.id)
    known = refunds_of(reader.session, order.id)
    owed = sum(refund.owed for refund in known)
    payments = payments_with(order, rows, [part for part in parts if not part.is_open])
    requests = requests_of(reader.session, order.id)
    return MoneyView(
        order=order.number,
        currency=order.currency,
        total=order.total,
        captured=order.captured,
        refunded=order.refunded,
        owed=owed,
        left=max(0, order.captured - order.refunded - owed),
        payments=tuple(_payment(payment) for payment in payments if payment.authorized),
        refunds=tuple(
            RefundView(
                id=r.id,
                amount=r.amount,
                tax=tax_of(r.items),
                state=r.state,
                note=r.note,
                reference=r.reference,
                waits=any(p.state == "planned" for p in parts if p.refund_id == r.id),
                items=tuple(_item(order, item) for item in r.items),
                parts=tuple(_part(p, rows) for p in parts if p.refund_id == r.id),
                due_at=r.due_at,
                settled_at=r.settled_at,
            )
            for r in known
        ),
        requests=tuple(
            RequestView(q.number, q.amount, q.state, q.why, q.link, q.payee, q.due_at, q.reference)
            for q in requests
        ),
        actions=_actions(reader, parts),
    )


def _payment(payment: Payment) -> PaymentView:
    return PaymentView(
        payment.gateway if payment.id != CHANNEL else "channel",
        payment.external_id,
        payment.authorized,
        payment.captured,
        payment.refunded,
        payment.expires_at,
    )


def _part(part: RefundPart, rows: list[Payment]) -> PartView:
    paid = next((row.external_id for row in rows if row.id == part.payment_id), "")
    return PartView(
        part.gateway, paid, part.amount, part.state, part.external_id or "", part.reason
    )


def _actions(reader: Reader, parts: list[RefundPart]) -> tuple[str, ...]:
    if not reader.actor.may(Right.REFUND):
        return ()
    states = {part.state for part in parts}
    able = (
        ("approve refund", "planned" in states),
        ("refunded", bool(states & {"sent", "unknown", "failed"})),
        ("retry refund", "failed" in states),
    )
    return tuple(verb for verb, is_able in able if is_able)
