"""What gateways tell of payments: set aside, taken, given up; and what an order brings along."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any

from core.commands.collecting import count
from core.commands.crediting import spend
from core.db.collections import Collections
from core.db.unit_of_work import UnitOfWork
from core.domain.access import Right
from core.domain.cases import CaseKind
from core.domain.order import Order
from core.domain.payments import Payment
from core.domain.refusals import Conflict, Invalid, NotFound
from core.domain.shop import Connection
from core.domain.values import dataclass
from core.registry import Done, command

PAYMENT_GATEWAYS = ("channel", "stripe", "manual", "credit")
PAYMENTS_MAX = 20


@dataclass(frozen=True, slots=True)
class CapturePayment:
    """A means by which a customer pays, as an order brings it along; amounts in minor units.

    `connection` names the account, where there are several; `expires_at` is until when what is
    set aside can be captured (UTC). `captures_once` is so for most cards.
    """

    gateway: str
    external_id: str
    authorized: int
    captured: int = 0
    expires_at: datetime | None = None
    captures_once: bool = True
    connection: str = ""


def require_payments(payments: tuple[CapturePayment, ...]) -> None:
    """Raises Invalid for payments that make no sense."""
    if len(payments) > PAYMENTS_MAX:
        raise Invalid(f"An order has {PAYMENTS_MAX} payments at most.")
    for one in payments:
        if one.gateway not in PAYMENT_GATEWAYS:
            known = ", ".join(PAYMENT_GATEWAYS)
            raise Invalid(f"There is no gateway {one.gateway[:40]}.", f"Gateways: {known}.")
        if not one.external_id or len(one.external_id) > 200:
            raise Invalid("A payment needs its gateway's id, of 200 characters at most.")
        if not 0 <= one.captured <= one.authorized or not 0 < one.authorized <= 10**13:
            raise Invalid("A payment takes no more than was set aside.", "Send authorized.")
        if one.gateway == "credit" and one.captured != one.authorized:
            raise Invalid("Store credit is taken at once.", "Send captured as authorized.")


def taken_of(captured: int, payments: Iterable[CapturePayment]) -> int:
    """What was paid of an order: never less than its payments say."""
    return max(captured, sum(one.captured for one in payments))


def keep_payments(
    uow: UnitOfWork, order: Order, payments: Iterable[CapturePayment]
) -> tuple[Payment, ...]:
    """New payments of an order are kept; one that is known is the gateway's own to tell of."""
    known = {(p.gateway, p.external_id) for p in uow.payments.of(order.id)}
    fresh = [one for one in payments if (one.gateway, one.external_id) not in known]
    for one in fresh:
        if one.gateway == "credit":
            spend(uow, order, one.captured, f"paid order {order.number}")
    return tuple(
        uow.payments.add(order.id, order.currency, _payment(uow, order, one, not known and not n))
        for n, one in enumerate(fresh)
    )


def _payment(uow: UnitOfWork, order: Order, one: CapturePayment, original: bool) -> Payment:
    connection_id = _connection_id(uow, order, one)
    _require_free(uow, order, one, connection_id)
    return Payment(
        id=uow.new_id(),
        authorized=one.authorized,
        captured=one.captured,
        original=original,
        gateway=one.gateway,
        connection_id=connection_id,
        external_id=one.external_id,
        captures_once=one.captures_once,
        expires_at=one.expires_at,
    )


def _require_free(
    uow: UnitOfWork, order: Order, one: CapturePayment, connection_id: int | None
) -> None:
    """One payment pays one order: counted twice, it could be given back twice."""
    found = uow.payments.by_external(connection_id, one.external_id) if connection_id else None
    if found is not None and found[0] != order.id:
        raise Conflict(
            f"Payment {one.external_id} belongs to another order.",
            "Send the payment that was made for this one.",
            code="payment_taken",
        )


def _connection_id(uow: UnitOfWork, order: Order, one: CapturePayment) -> int | None:
    if one.gateway in ("manual", "credit"):
        return None
    if one.gateway == "channel":
        return order.connection_id
    found = [c for c in uow.shop.connections.values() if _fits(c, one)]
    if len(found) != 1:
        known = ", ".join(c.name for c in uow.shop.connections.values() if c.kind == one.gateway)
        raise Invalid(
            f"Which {one.gateway} account is meant?",
            f"Send connection: {known}." if known else f"Connect one: `add {one.gateway}`.",
        )
    return found[0].id


def _fits(connection: Connection, one: CapturePayment) -> bool:
    named = not one.connection or connection.name == one.connection
    return connection.kind == one.gateway and connection.active and named


def absorb(uow: UnitOfWork, order: Order) -> None:
    """The channel says what it has taken: as far as no other payment did, it took what was set
    aside there."""
    rows = uow.payments.of(order.id)
    held = next((p for p in rows if p.gateway == "channel" and p.capture_left), None)
    if held is None:
        return
    others = sum(p.captured for p in rows if p.id != held.id)
    taken = min(order.captured - others, held.authorized - held.voided)
    if taken > held.captured:
        rest = held.authorized - held.voided - taken if held.captures_once else 0
        now = replace(held, captured=taken, voided=held.voided + rest)
        _answer(uow, order, held, uow.payments.save(held, now))


# --- told by a gateway ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RecordPayment:
    """A payment as its gateway has it now; older news change nothing. `order` is the number that
    it was made for, where the gateway was told one."""

    connection_id: int
    payment: str
    currency: str
    authorized: int
    captured: int
    is_open: bool
    order: str = ""
    expires_at: datetime | None = None

    def audited(self) -> dict[str, Any]:
        return {"payment": self.payment, "order": self.order, "captured": self.captured}


@command("record payment", RecordPayment, Right.CAPTURE, in_chat=False)
def record(ask: RecordPayment, uow: UnitOfWork) -> Done:
    found = uow.payments.by_external(ask.connection_id, ask.payment)
    if found is None:
        return _new(ask, uow)
    order = uow.orders.own(found[0])
    before = _row(uow, order, found[1].id)  # as it is now that its order is locked
    _require_currency(order, ask.currency)
    now = uow.payments.save(before, _newer(before, ask))
    order = count(uow, order, before, now)
    _answer(uow, order, before, now)
    return Done(f"A payment of order {order.number} is as its gateway says.", _facts(order, ask))


def _row(uow: UnitOfWork, order: Order, payment_id: int) -> Payment:
    return next(p for p in uow.payments.of(order.id) if p.id == payment_id)


def _newer(payment: Payment, ask: RecordPayment) -> Payment:
    """News come in any order: what was taken only grows, and what was let go stays so."""
    authorized = max(payment.authorized, ask.authorized)
    captured = max(payment.captured, min(ask.captured, authorized - payment.voided))
    voided = payment.voided if ask.is_open else max(payment.voided, authorized - captured)
    return replace(
        payment,
        authorized=authorized,
        captured=captured,
        voided=voided,
        expires_at=ask.expires_at or payment.expires_at,
    )


def _answer(uow: UnitOfWork, order: Order, before: Payment, now: Payment) -> None:
    """What we had asked for and the news say is done needs no other answer."""
    taken, let_go = now.captured - before.captured, now.voided - before.voided
    for one in Collections(uow).of(order.id):
        if one.payment_id != now.id or not one.is_open:
            continue
        is_done = taken >= one.amount if one.kind == "capture" else let_go > 0
        if is_done:
            Collections(uow).settle(one, "done")
            taken -= one.amount if one.kind == "capture" else 0
    if not now.capture_left:
        for kind in (CaseKind.CAPTURE_FAILED, CaseKind.CAPTURE_UNKNOWN):
            uow.cases.close(kind, f"payment:{now.id}", "the gateway says what became of it")


def _new(ask: RecordPayment, uow: UnitOfWork) -> Done:
    """A payment that no order has brought along, made for one of ours, belongs to it."""
    if not ask.order or not ask.authorized:
        return Done("That payment is for no order of ours.", {"payment": ask.payment})
    try:
        order = uow.orders.get(ask.order)
    except NotFound as unknown:
        raise NotFound(f"There is no order {ask.order} yet.", code="not_yet") from unknown
    _require_currency(order, ask.currency)
    rows = uow.payments.of(order.id)
    payment = Payment(
        id=uow.new_id(),
        authorized=ask.authorized,
        original=not rows,
        gateway="stripe",
        connection_id=ask.connection_id,
        external_id=ask.payment,
        captures_once=True,
        expires_at=ask.expires_at,
    )
    uow.payments.add(order.id, order.currency, payment)
    uow.write_rows()
    now = uow.payments.save(payment, _newer(payment, ask))
    order = count(uow, order, payment, now)
    return Done(f"Order {order.number} has a payment more.", _facts(order, ask))


def _require_currency(order: Order, currency: str) -> None:
    if currency.upper() != order.currency:
        raise Invalid(f"Order {order.number} is in {order.currency}, not {currency}.")


def _facts(order: Order, ask: RecordPayment) -> dict[str, Any]:
    return {"order": order.number, "payment": ask.payment, "captured": ask.captured}
