"""The facts behind the journal, read from the ledgers order by order."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from core.db import tables as t
from core.db.connection import Session
from core.db.disputes import disputes_of
from core.db.documents import documents_of
from core.db.payments import payments_of
from core.db.reading import Reader
from core.db.refunds import Refund, RefundPart, parts_of, refunds_of
from core.db.rows import from_json, micros, moment
from core.domain.credit import CreditKind
from core.domain.disputes import DisputeState
from core.domain.journal import (
    Canceled,
    ChargedBack,
    Edited,
    Moved,
    OrderMoney,
    Paid,
    PaidBack,
    Voucher,
    credit_voucher,
)
from core.domain.order import Order

_i = t.dispute.c
_o, _f, _v, _c, _y = t.orders.c, t.refund.c, t.event.c, t.order_change.c, t.payment.c
_p = t.refund_part.c
MONEY_EVENTS = ("OrderPaid", "UnitsCanceled", "OrderCanceled")


def orders_with_money(
    reader: Reader, since: datetime, until: datetime, after: int, limit: int
) -> list[int]:
    """Orders of which something happened to the money in this time, by id."""
    start, end, shop = micros(since), micros(until), reader.actor.shop_id
    found = sa.union(
        _touched(_o.id, _o.shop_id, _o.captured_at, shop, start, end),
        _touched(_f.order_id, _f.shop_id, _f.settled_at, shop, start, end),
        _touched(_p.order_id, _p.shop_id, _p.settled_at, shop, start, end),
        _touched(_p.order_id, _p.shop_id, _p.reversed_at, shop, start, end),
        _touched(_c.order_id, _c.shop_id, _c.ended_at, shop, start, end),
        _touched(_y.order_id, _y.shop_id, _y.at, shop, start, end),
        _touched(_i.order_id, _i.shop_id, _i.ended_at, shop, start, end).where(_i.state == "lost"),
        _touched(_v.order_id, _v.shop_id, _v.at, shop, start, end).where(_v.kind.in_(MONEY_EVENTS)),
    ).subquery()
    clause = sa.select(found.c.order_id).where(found.c.order_id > after)
    rows = reader.session.select(clause.order_by(found.c.order_id).limit(limit))
    return [row[0] for row in rows]


def _touched(order: Any, shop: Any, at: Any, shop_id: int, start: int, end: int) -> sa.Select[Any]:
    return sa.select(order.label("order_id")).where(
        shop == shop_id, at >= start, at < end, order.is_not(None)
    )


def money_of(reader: Reader, order_id: int) -> OrderMoney:
    """Everything that has happened to the money of an order."""
    order, session = reader.orders.own(order_id), reader.session
    papers = documents_of(session, order_id)
    notes = {d.refund_id or 0: d.number for d in papers}
    return OrderMoney(
        order,
        paid=tuple(_paid(session, order)),
        edited=tuple(_edited(session, order_id)),
        canceled=tuple(_canceled(session, order)),
        back=tuple(_back(session, order, notes)),
        moved=tuple(_moved(session, order)),
        invoice=next((d.number for d in papers if d.corrects_id is None), ""),
        charged_back=tuple(
            ChargedBack(each.ended_at, each.gateway, each.amount)
            for each in disputes_of(session, order_id)
            if each.state is DisputeState.LOST and each.ended_at is not None
        ),
    )


def _events(session: Session, order_id: int, *kinds: str) -> list[tuple[str, dict[str, Any], int]]:
    clause = sa.select(_v.kind, _v.data, _v.at).where(_v.order_id == order_id, _v.kind.in_(kinds))
    rows = session.select(clause.order_by(_v.id))
    return [(row[0], from_json(row[1]), row[2]) for row in rows]


def _paid(session: Session, order: Order) -> Iterable[Paid]:
    """Payments with rows as they are; of the channel's own, when we heard of each."""
    rows = {payment.id: payment for payment in payments_of(session, order.id)}
    times = session.select(sa.select(_y.id, _y.at).where(_y.order_id == order.id).order_by(_y.id))
    for payment_id, at in times:
        if rows[payment_id].captured:
            yield Paid(moment(at), rows[payment_id].gateway, rows[payment_id].captured)
    left = order.captured - sum(payment.captured for payment in rows.values())
    for _, data, at in _events(session, order.id, "OrderPaid"):
        part = min(left, int(data["amount"]))
        if part > 0:
            left -= part
            yield Paid(moment(at), "channel", part)
    if left > 0:
        yield Paid(order.captured_at, "channel", left)


def _edited(session: Session, order_id: int) -> Iterable[Edited]:
    clause = sa.select(_c.ended_at, _c.difference).where(
        _c.order_id == order_id, _c.status == "confirmed", _c.difference != 0
    )
    for at, difference in session.select(clause.order_by(_c.id)):
        yield Edited(moment(at), difference)


def _canceled(session: Session, order: Order) -> Iterable[Canceled]:
    for kind, data, at in _events(session, order.id, "UnitsCanceled", "OrderCanceled"):
        if kind == "UnitsCanceled":
            units = {int(line_id): int(n) for line_id, n in data.get("lines", {}).items()}
            yield Canceled(moment(at), units)
        elif order.is_canceled:
            yield Canceled(moment(at))


def _back(session: Session, order: Order, notes: dict[int, str]) -> Iterable[PaidBack]:
    parts = [part for part in parts_of(session, order.id) if part.settled_at]
    for refund in refunds_of(session, order.id):
        first = [p for p in _at_first(parts, refund.id) if p.settled_at]
        is_done = refund.settled_at is not None or any(p.reversed_at for p in first)
        if not is_done or not first:
            continue
        at = max(p.settled_at for p in first if p.settled_at)
        yield PaidBack(
            at,
            f"Refund of order {order.number}",
            refund.items,
            tuple((p.gateway, p.amount) for p in first),
            takes_sale_back(order, refund),
            notes.get(refund.id, ""),
        )


def _at_first(parts: Iterable[RefundPart], refund_id: int) -> list[RefundPart]:
    """What was paid out before anything of the refund came back."""
    mine = [part for part in parts if part.refund_id == refund_id]
    bounced = min((p.reversed_at for p in mine if p.reversed_at), default=None)
    return [p for p in mine if p.settled_at and (bounced is None or p.settled_at <= bounced)]


def _moved(session: Session, order: Order) -> Iterable[Moved]:
    """What a customer's bank sent back, and what was paid out after that."""
    parts = [part for part in parts_of(session, order.id) if part.settled_at]
    bounced = {part.refund_id for part in parts if part.reversed_at}
    for part in parts if bounced else ():
        if part.reversed_at:
            words = f"Refund of order {order.number} came back"
            yield Moved(part.reversed_at, words, part.gateway, part.amount)
        if part.settled_at and part not in _at_first(parts, part.refund_id):
            words = f"Refund of order {order.number}"
            yield Moved(part.settled_at, words, part.gateway, -part.amount)


def takes_sale_back(order: Order, refund: Refund) -> bool:
    """Whether nobody else has: an edit, or a cancellation of the same units, did so before."""
    if refund.rma_id is not None or refund.claim_id is not None:
        return True
    if refund.change_id is not None or order.is_canceled:
        return False
    is_canceled = all(order.line(line_id).canceled >= n for line_id, n in refund.lines)
    return not (refund.lines and is_canceled)


def loose_credit(reader: Reader, since: datetime, until: datetime) -> list[Voucher]:
    """Store credit that moved by hand or by the clock, for no refund and no payment."""
    e, a = t.credit_entry.c, t.credit_account.c
    clause = (
        sa.select(e.kind, e.at, e.amount, a.currency, e.reason)
        .join(t.credit_account, a.id == e.account_id)
        .where(
            e.shop_id == reader.actor.shop_id,
            e.at >= micros(since),
            e.at < micros(until),
            e.refund_id.is_(None),
            e.kind != CreditKind.SPENT.value,
        )
        .order_by(e.id)
    )
    return [
        credit_voucher(kind, moment(at), amount, currency, f"Store credit: {reason}")
        for kind, at, amount, currency, reason in reader.session.select(clause)
    ]
