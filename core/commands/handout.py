"""Money that is owed is shared over the payments it came from, and each share handed to its payer:
a gateway by an effect, a person by a task."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from core.db.refunds import Refund, RefundPart
from core.db.unit_of_work import UnitOfWork
from core.domain.cases import CaseKind, Finding
from core.domain.money import amount_text
from core.domain.order import Order
from core.domain.payments import CHANNEL, Payment, shares, with_channel
from core.domain.refusals import NotPossible
from core.domain.shop import Connection, Mode

BY_HAND, CREDIT = "manual", "credit"
EFFECTS = {"shopify": "shopify.refund", "stripe": "stripe.refund"}  # by kind of connection
BEING_ASKED = ("leased", "done", "dead")  # states of an effect whose call may have happened

# Who pays out in the same transaction, such as store credit; entered by the room that can.
Payer = Callable[[UnitOfWork, Order, Refund, RefundPart], None]
AT_ONCE: dict[str, Payer] = {}


def plan(
    uow: UnitOfWork, order: Order, refund: Refund, *, waits: bool, is_channels: bool = False
) -> None:
    """The parts of a new refund; handed out at once unless a person has to approve them first."""
    for payment, amount in _shares(uow, order, refund):
        gateway, connection_id = _payer(uow, order, payment)
        if refund.target == CREDIT:
            gateway, connection_id = CREDIT, None
        elif is_channels:
            gateway, connection_id = "channel", None
        uow.refunds.add_part(
            RefundPart(
                id=uow.new_id(),
                refund_id=refund.id,
                order_id=order.id,
                payment_id=payment.id or None,
                gateway=gateway,
                connection_id=connection_id,
                amount=amount,
                state="planned",
                key=f"refund:{refund.id}:{payment.id}",
                at=uow.now,
            )
        )
    if waits:
        uow.cases.open(_finding(uow, CaseKind.REFUND_APPROVAL, order, refund, refund.amount))
    else:
        hand_out(uow, order, refund)


def payments_of(uow: UnitOfWork, order: Order) -> tuple[Payment, ...]:
    """Every payment of the order with what has gone back of it, or is on its way."""
    rows = uow.payments.of(order.id)
    parts = [p for p in uow.refunds.parts(order.id) if p.gateway != CREDIT or p.payment_id]
    there = sum(p.amount for p in parts if p.payment_id is None and p.state == "refunded")
    on_its_way = {p.payment_id or CHANNEL: 0 for p in parts}
    for part in parts:
        if part.is_open:
            on_its_way[part.payment_id or CHANNEL] += part.amount
    return tuple(
        replace(payment, refunded=payment.refunded + on_its_way.get(payment.id, 0))
        for payment in with_channel(rows, order.captured, there)
    )


def _shares(uow: UnitOfWork, order: Order, refund: Refund) -> list[tuple[Payment, int]]:
    if refund.target == CREDIT:
        return [(Payment(CHANNEL), refund.amount)]
    payments = payments_of(uow, order)
    known = {payment.id: payment for payment in (Payment(CHANNEL), *payments)}
    return [(known[part.payment], part.amount) for part in shares(refund.amount, payments)]


def _payer(uow: UnitOfWork, order: Order, payment: Payment) -> tuple[str, int | None]:
    """(gateway, connection) that can give this payment back; where none can, a person does."""
    if payment.gateway == CREDIT:
        return CREDIT, None
    connection_id = payment.connection_id or (order.connection_id if not payment.id else None)
    connection = uow.shop.connection(connection_id) if connection_id else None
    if connection is None or not _listens(connection) or uow.shop.mode is Mode.WATCH:
        return BY_HAND, None
    return ("stripe" if connection.kind == "stripe" else "channel"), connection.id


def _listens(connection: Connection) -> bool:
    return connection.kind in EFFECTS and connection.pays_refunds


# --- handing out ---------------------------------------------------------------------------------


def hand_out(uow: UnitOfWork, order: Order, refund: Refund) -> None:
    """Every planned part goes to whoever pays it."""
    by_hand = 0
    for part in uow.refunds.parts_of(refund):
        if part.state != "planned":
            continue
        sent = uow.refunds.save_part(part, replace(part, state="sent"))
        if part.gateway in AT_ONCE:
            AT_ONCE[part.gateway](uow, order, refund, sent)
        elif part.connection_id is not None:
            _tell_gateway(uow, order, refund, sent)
        elif part.gateway != "channel":
            by_hand += part.amount
    if by_hand:
        uow.cases.open(_finding(uow, CaseKind.REFUND_TASK, order, refund, by_hand))


def _tell_gateway(uow: UnitOfWork, order: Order, refund: Refund, part: RefundPart) -> None:
    connection = uow.shop.connections[part.connection_id or 0]
    paid = next((p for p in uow.payments.of(order.id) if p.id == part.payment_id), None)
    lines = {line.id: line.external_id for line in order.lines}
    uow.outbox.add(
        EFFECTS[connection.kind],
        part.key,
        {
            "part": part.id,
            "order": order.number,
            "order_external": order.external_id,
            "payment_external": paid.external_id if paid else None,
            "amount": part.amount,
            "currency": refund.currency,
            "items": [_told(item, lines) for item in refund.items],
            "note": refund.note,
        },
        lane=f"{connection.kind}:{connection.id}:{order.id}",
        connection_id=connection.id,
        order_id=order.id,
        waits=True,
    )


def _told(item: Any, lines: dict[int, str | None]) -> dict[str, Any]:
    """`line` is the channel's own id of the line."""
    return {
        "kind": item.kind.value,
        "line": lines.get(item.line) if item.line else None,
        "quantity": item.quantity,
        "amount": item.amount,
        "tax": item.tax,
    }


_TITLES = {
    CaseKind.REFUND_TASK: "Refund {text} of order {order} for {why}.",
    CaseKind.REFUND_APPROVAL: "{text} of order {order} for {why} wait for approval.",
    CaseKind.REFUND_FAILED: "{text} of order {order} for {why} could not be refunded.",
}


def _finding(
    uow: UnitOfWork, kind: CaseKind, order: Order, refund: Refund, amount: int, **facts: Any
) -> Finding:
    rma = None if refund.rma_id is None else uow.returns.by_id(refund.rma_id)
    why = f"return {rma.number}" if rma else refund.note or "what was canceled"
    if refund.change_id is not None:
        why = "its edit"
    text = amount_text(amount, refund.currency)
    told = {
        "return": rma.number if rma else order.number,
        "order": order.number,
        "amount": amount,
        "currency": refund.currency,
    }
    title = _TITLES[kind].format(text=text, order=order.number, why=why)
    return Finding(kind, f"refund:{refund.id}", title, order_id=order.id, facts=told | facts)


def say_failed(uow: UnitOfWork, order: Order, refund: Refund, part: RefundPart) -> None:
    """A gateway will not pay this part: a person finds another way, or tries again."""
    uow.cases.open(
        _finding(uow, CaseKind.REFUND_FAILED, order, refund, part.amount, problem=part.reason[:300])
    )


# --- calling off ---------------------------------------------------------------------------------


def may_call_off(uow: UnitOfWork, refund: Refund) -> bool:
    """Whether nothing of it has gone, and no gateway is being asked just now."""
    parts = uow.refunds.parts_of(refund)
    return all(p.state != "refunded" and not in_flight(uow, p) for p in parts)


def in_flight(uow: UnitOfWork, part: RefundPart) -> bool:
    """A gateway has been asked, or is being asked, and has not said what came of it."""
    if part.state == "unknown":
        return True
    if part.state != "sent" or part.connection_id is None:
        return False
    return uow.outbox.state_of(part.key) in BEING_ASKED


def call_off(uow: UnitOfWork, refund: Refund, why: str) -> None:
    """No part of it is paid out any more. Raises NotPossible when it is too late for that."""
    if not may_call_off(uow, refund):
        raise NotPossible(
            f"{amount_text(refund.amount, refund.currency)} is on its way back already.",
            "Wait until its gateway has answered, then look at the order.",
            code="in_flight",
        )
    for part in uow.refunds.parts_of(refund):
        if part.is_open:
            if part.connection_id is not None:
                uow.outbox.suppress(part.key, why)
            uow.refunds.save_part(part, replace(part, state="canceled", reason=why))
