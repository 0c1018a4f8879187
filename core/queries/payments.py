"""An order's money as people see it: what was set aside, taken and given back, and by whom."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from core.db.collections import Collection, collections_of
from core.db.payments import payments_of
from core.db.reading import Reader
from core.db.refunds import RefundPart, parts_of
from core.domain.access import Right
from core.domain.collecting import worth
from core.domain.payments import CHANNEL, Payment, with_channel
from core.registry import Arg, question


@dataclass(frozen=True, slots=True)
class PaymentView:
    """One means of payment, in minor units; `open` can still be captured, until `expires_at`."""

    where: str
    external_id: str
    authorized: int
    captured: int
    refunded: int
    let_go: int
    open: int
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class MoveView:
    """Something asked of a gateway: a capture, a release or a refund, and how far it is."""

    at: datetime
    what: str
    amount: int
    where: str
    state: str
    reason: str
    external_id: str


@dataclass(frozen=True, slots=True)
class OrderMoney:
    """What an order costs, what was paid of it, and by which payments."""

    order: str
    currency: str
    worth: int
    captured: int
    refunded: int
    can_collect: int
    payments: tuple[PaymentView, ...]
    moves: tuple[MoveView, ...]


@dataclass(frozen=True, slots=True)
class ShowPayments:
    """Show how an order was paid: what was set aside, taken and given back, and what is open."""

    order: Annotated[str, Arg.ORDER]


@question("payments", ShowPayments, Right.VIEW, examples=("payments 1001",))
def show_payments(ask: ShowPayments, reader: Reader) -> OrderMoney:
    order = reader.orders.get(ask.order)
    rows = payments_of(reader.session, order.id)
    parts = parts_of(reader.session, order.id)
    there = sum(p.amount for p in parts if p.payment_id is None and p.state == "refunded")
    payments = with_channel(rows, order.captured, there)
    names = {each.id: _where(reader, each, order.channel) for each in payments}
    asked = [_collected(one, names) for one in collections_of(reader.session, order.id)]
    given = [_given(part, names) for part in parts]
    return OrderMoney(
        order.number,
        order.currency,
        worth(order),
        order.captured,
        order.refunded,
        sum(each.capture_left for each in payments),
        tuple(_view(each, names) for each in payments if each.authorized or each.refunded),
        tuple(sorted([*asked, *given], key=lambda move: move.at)),
    )


def _where(reader: Reader, payment: Payment, channel: str) -> str:
    if payment.id == CHANNEL or payment.gateway == "channel":
        return channel
    found = reader.shop.connection(payment.connection_id) if payment.connection_id else None
    return found.name if found else payment.gateway


def _view(payment: Payment, names: dict[int, str]) -> PaymentView:
    return PaymentView(
        names[payment.id],
        payment.external_id,
        payment.authorized,
        payment.captured,
        payment.refunded,
        payment.voided,
        payment.capture_left,
        payment.expires_at,
    )


def _collected(one: Collection, names: dict[int, str]) -> MoveView:
    where = names.get(one.payment_id, "")
    return MoveView(one.at, one.kind, one.amount, where, one.state, one.reason, "")


def _given(part: RefundPart, names: dict[int, str]) -> MoveView:
    """What goes back by hand is nobody's at the gateway, however it was paid."""
    manual = part.gateway == "manual"
    where = "manual" if manual else names.get(part.payment_id or CHANNEL, part.gateway)
    return MoveView(
        part.at, "refund", part.amount, where, part.state, part.reason, part.external_id or ""
    )
