"""Money that is owed is shared over the payments it came from, and each share handed to its payer:
a gateway by an effect, a person by a task."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from core.db.refunds import Refund, RefundPart
from core.db.unit_of_work import UnitOfWork
from core.domain.cases import CaseKind, Finding
from core.domain.money import amount_text
from core.domain.order import Order
from core.domain.payments import CHANNEL, Payment, shares, with_channel
from core.domain.refusals import NotPossible
from core.domain.shop import Connection, Mode, Shop
from core.domain.values import dataclass

BY_HAND, CREDIT = "manual", "credit"
EFFECTS = {"shopify": "shopify.refund", "stripe": "stripe.refund"}  # by kind of connection
BEING_ASKED = ("leased", "done", "dead")  # states of an effect whose call may have happened

# Who pays out in the same transaction, such as store credit; entered by the room that can.
Payer = Callable[[UnitOfWork, Order, Refund, RefundPart], None]
AT_ONCE: dict[str, Payer] = {}


@dataclass(frozen=True, slots=True)
class Share:
    """So much of a refund goes back to this payment; `gateway` and connection are who pays it."""

    payment: Payment
    amount: int
    gateway: str
    connection_id: int | None


def shared_out(
    shop: Shop,
    order: Order,
    amount: int,
    target: str,
    rows: Sequence[Payment],
    parts: Sequence[RefundPart],
) -> list[Share]:
    """How an amount would go back, given the order's payments and all parts of its refunds."""
    if target == CREDIT:
        return [Share(Payment(CHANNEL), amount, CREDIT, None)]
    payments = payments_with(order, rows, parts)
    known = {payment.id: payment for payment in (Payment(CHANNEL), *payments)}
    return [
        Share(known[p.payment], p.amount, *_payer(shop, order, known[p.payment]))
        for p in shares(amount, payments)
    ]


def payments_with(
    order: Order, rows: Sequence[Payment], parts: Sequence[RefundPart]
) -> tuple[Payment, ...]:
    """Every payment of the order; what is on its way back counts as refunded."""
    cash = [p for p in parts if p.gateway != CREDIT or p.payment_id]
    there = sum(p.amount for p in cash if p.payment_id is None and p.state == "refunded")
    leaving: Counter[int] = Counter()
    for part in cash:
        leaving[part.payment_id or CHANNEL] += part.amount if part.is_open else 0
    return tuple(
        replace(payment, refunded=payment.refunded + leaving[payment.id])
        for payment in with_channel(rows, order.captured, there)
    )


def _payer(shop: Shop, order: Order, payment: Payment) -> tuple[str, int | None]:
    """(gateway, connection) that can give this payment back; where none can, a person does."""
    if payment.gateway == CREDIT:
        return CREDIT, None
    connection_id = payment.connection_id or (order.connection_id if not payment.id else None)
    connection = shop.connection(connection_id) if connection_id else None
    if connection is None or not _listens(connection) or shop.mode is Mode.WATCH:
        return BY_HAND, None
    return ("stripe" if connection.kind == "stripe" else "channel"), connection.id


def _listens(connection: Connection) -> bool:
    return connection.kind in EFFECTS and connection.pays_refunds


def plan(
    uow: UnitOfWork, order: Order, refund: Refund, *, waits: bool, is_channels: bool = False
) -> None:
    """The parts of a new refund; handed out at once unless a person has to approve them first."""
    rows, parts = uow.payments.of(order.id), uow.refunds.parts(order.id)
    for share in shared_out(uow.shop, order, refund.amount, refund.target, rows, parts):
        by_channel = is_channels and not share.payment.id
        uow.refunds.add_part(
            RefundPart(
                id=uow.new_id(),
                refund_id=refund.id,
                order_id=order.id,
                payment_id=share.payment.id or None,
                gateway="channel" if by_channel else share.gateway,
                connection_id=None if by_channel else share.connection_id,
                amount=share.amount,
                state="planned",
                key=f"refund:{refund.id}:{share.payment.id}",
                at=uow.now,
            )
        )
    if waits:
        uow.cases.open(_finding(uow, CaseKind.REFUND_APPROVAL, order, refund, refund.amount))
    else:
        hand_out(uow, order, refund)


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


def ask_first(uow: UnitOfWork, order: Order, refund: Refund, why: str) -> None:
    """What a person was to pay by hand, and has not, waits for approval instead."""
    by_hand = [
        part
        for part in uow.refunds.parts_of(refund)
        if part.state == "sent" and part.gateway == BY_HAND and part.connection_id is None
    ]
    for part in by_hand:
        uow.refunds.save_part(part, replace(part, state="planned"))
    if by_hand:
        amount = sum(part.amount for part in by_hand)
        uow.cases.close(CaseKind.REFUND_TASK, f"refund:{refund.id}", why)
        uow.cases.open(_finding(uow, CaseKind.REFUND_APPROVAL, order, refund, amount))


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
    if refund.claim_id is not None:
        why = "its claim"
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


def try_again(uow: UnitOfWork, order: Order, refund: Refund, part: RefundPart) -> None:
    """A refused part under a new key: its gateway would answer the old one as it did before."""
    uow.refunds.save_part(part, replace(part, state="canceled"))
    uow.refunds.add_part(once_more(uow, refund, part, "planned"))
    uow.cases.close(CaseKind.REFUND_FAILED, f"refund:{refund.id}", "it is asked for again")
    hand_out(uow, order, refund)


def once_more(uow: UnitOfWork, refund: Refund, part: RefundPart, state: str) -> RefundPart:
    """The same share anew, under a key of its own."""
    first = f"refund:{refund.id}:{part.payment_id or CHANNEL}"
    tries = 1 + sum(p.key.startswith(first) for p in uow.refunds.parts_of(refund))
    return RefundPart(
        id=uow.new_id(),
        refund_id=refund.id,
        order_id=part.order_id,
        payment_id=part.payment_id,
        gateway=part.gateway,
        connection_id=part.connection_id,
        amount=part.amount,
        state=state,
        key=f"{first}:{tries}",
        at=uow.now,
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
