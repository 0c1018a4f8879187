"""All of an order's money: what was set aside, taken and given back, and what is asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated

from core.commands.handout import payments_with
from core.db.collections import Collection, collections_of
from core.db.payments import PaymentRequest, payments_of, requests_of
from core.db.reading import Reader
from core.db.refunds import Refund, RefundPart, parts_of, refunds_of
from core.db.returns import rmas_of
from core.domain.access import Right
from core.domain.collecting import worth
from core.domain.order import Order
from core.domain.payments import CHANNEL, Payment
from core.domain.refunds import tax_of
from core.domain.values import dataclass
from core.queries.refunds import ItemView, PartView, item_view
from core.registry import Arg, question


@dataclass(frozen=True, slots=True)
class PaymentView:
    """One means of payment, in minor units; `where` is the account, or the order's own channel.

    `open` can still be captured, until `expires_at`; `let_go` was set aside and given up.
    """

    gateway: str
    where: str
    reference: str
    authorized: int
    captured: int
    refunded: int
    let_go: int
    open: int
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class MoveView:
    """A capture or a release that was asked of a gateway, and how far it is."""

    at: datetime
    what: str
    amount: int
    where: str
    state: str
    reason: str


@dataclass(frozen=True, slots=True)
class RefundView:
    """`about` is what `refunded` calls it by: its return, or its order."""

    id: int
    about: str
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
    """Payments, refunds and requests of an order, in minor units of its currency. `worth` is what
    it costs without canceled units, `can_collect` what is set aside and not taken."""

    order: str
    currency: str
    total: int
    worth: int
    captured: int
    refunded: int
    owed: int
    left: int
    can_collect: int
    payments: tuple[PaymentView, ...]
    moves: tuple[MoveView, ...]
    refunds: tuple[RefundView, ...]
    requests: tuple[RequestView, ...]
    actions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ShowMoney:
    """Show an order's money: what was set aside, paid and given back, and what is asked for."""

    order: Annotated[str, Arg.ORDER]


@question(
    "money", ShowMoney, Right.VIEW, aliases=("payments",), examples=("money 1001", "payments 1001")
)
def money(ask: ShowMoney, reader: Reader) -> MoneyView:
    order = reader.orders.get(ask.order)
    rows, parts = payments_of(reader.session, order.id), parts_of(reader.session, order.id)
    known = refunds_of(reader.session, order.id)
    owed = sum(refund.owed for refund in known)
    payments = payments_with(order, rows, [part for part in parts if not part.is_open])
    names = {each.id: _where(reader, each, order.channel) for each in payments}
    returns = {rma.id: rma.number for rma in rmas_of(reader.session, order.id)}
    can_collect = sum(each.capture_left for each in payments)
    return MoneyView(
        order=order.number,
        currency=order.currency,
        total=order.total,
        worth=worth(order),
        captured=order.captured,
        refunded=order.refunded,
        owed=owed,
        left=max(0, order.captured - order.refunded - owed),
        can_collect=can_collect,
        payments=tuple(_payment(p, names) for p in payments if p.authorized or p.refunded),
        moves=tuple(_move(one, names) for one in collections_of(reader.session, order.id)),
        refunds=tuple(_refund(order, each, parts, rows, returns) for each in known),
        requests=tuple(_request(each) for each in requests_of(reader.session, order.id)),
        actions=_actions(reader, parts, can_collect),
    )


def _where(reader: Reader, payment: Payment, channel: str) -> str:
    if payment.id == CHANNEL or payment.gateway == "channel":
        return channel
    found = reader.shop.connection(payment.connection_id) if payment.connection_id else None
    return found.name if found else payment.gateway


def _payment(payment: Payment, names: Mapping[int, str]) -> PaymentView:
    return PaymentView(
        payment.gateway if payment.id != CHANNEL else "channel",
        names[payment.id],
        payment.external_id,
        payment.authorized,
        payment.captured,
        payment.refunded,
        payment.voided,
        payment.capture_left,
        payment.expires_at,
    )


def _move(one: Collection, names: Mapping[int, str]) -> MoveView:
    where = names.get(one.payment_id, "")
    return MoveView(one.at, one.kind, one.amount, where, one.state, one.reason)


def _refund(
    order: Order,
    refund: Refund,
    parts: Sequence[RefundPart],
    rows: list[Payment],
    returns: Mapping[int, str],
) -> RefundView:
    mine = [part for part in parts if part.refund_id == refund.id]
    return RefundView(
        id=refund.id,
        about=returns.get(refund.rma_id or 0, order.number),
        amount=refund.amount,
        tax=tax_of(refund.items),
        state=refund.state,
        note=refund.note,
        reference=refund.reference,
        waits=any(part.state == "planned" for part in mine),
        items=tuple(item_view(order, item) for item in refund.items),
        parts=tuple(_part(part, rows) for part in mine),
        due_at=refund.due_at,
        settled_at=refund.settled_at,
    )


def _request(asked: PaymentRequest) -> RequestView:
    return RequestView(
        asked.number,
        asked.amount,
        asked.state,
        asked.why,
        asked.link,
        asked.payee,
        asked.due_at,
        asked.reference,
    )


def _part(part: RefundPart, rows: list[Payment]) -> PartView:
    paid = next((row.external_id for row in rows if row.id == part.payment_id), "")
    return PartView(
        part.gateway, paid, part.amount, part.state, part.external_id or "", part.reason
    )


def _actions(reader: Reader, parts: list[RefundPart], can_collect: int) -> tuple[str, ...]:
    if not reader.actor.may(Right.REFUND):
        return ()
    states = {part.state for part in parts}
    able = (
        ("approve refund", "planned" in states),
        ("refunded", bool(states & {"sent", "unknown", "failed"})),
        ("retry refund", "failed" in states),
        ("collect", can_collect > 0),
        ("let-go", can_collect > 0),
    )
    return tuple(verb for verb, is_able in able if is_able)
