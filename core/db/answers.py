"""Money of which a gateway has not said what became, and what to ask it by."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from core.db import tables as t
from core.db.connection import Session, Statement, one_of
from core.db.rows import micros, moment
from core.domain.collecting import MoneyFacts

_p, _y, _o, _b, _c = t.refund_part.c, t.payment.c, t.orders.c, t.outbox.c, t.collection.c
_PARTS = Statement(
    sa.select(_p.id, _p.key, sa.func.coalesce(_y.external_id, _o.external_id))
    .join(t.orders, _o.id == _p.order_id)
    .join(t.payment, _y.id == _p.payment_id, isouter=True)
    .join(t.outbox, sa.and_(_b.shop_id == _p.shop_id, _b.key == _p.key), isouter=True)
    .where(
        _p.connection_id == sa.bindparam("connection"),
        sa.or_(_p.state == "unknown", sa.and_(_p.state == "sent", _b.state == "dead")),
    )
    .order_by(_p.id)
)
_PAYMENTS = Statement(
    sa.select(_y.external_id)
    .where(
        _y.connection_id == sa.bindparam("connection"),
        _y.authorized > _y.captured + _y.voided,
        sa.or_(
            _y.expires_at <= sa.bindparam("now"),
            sa.exists().where(_c.payment_id == _y.id, _c.state == "unknown"),
        ),
    )
    .order_by(_y.id)
)

_REFUNDS = Statement(
    sa.select(_p.refund_id, _p.order_id, _o.number, _p.amount, _o.currency, _p.at)
    .join(t.orders, _o.id == _p.order_id)
    .join(t.outbox, sa.and_(_b.shop_id == _p.shop_id, _b.key == _p.key))
    .where(
        _p.shop_id == sa.bindparam("shop"),
        one_of(_p.state, ("sent", "unknown")),
        _b.state != "suppressed",
        _b.created_at < sa.bindparam("before"),
    )
    .order_by(_p.id)
)


def refunds_without_answer(session: Session, shop_id: int, before: datetime) -> list[MoneyFacts]:
    """Shares of refunds that a gateway was handed before a moment, without a word of what became
    of them."""
    rows = session.rows(_REFUNDS, shop=shop_id, before=micros(before))
    return [
        MoneyFacts(refund_id, order_id, order, amount, currency, moment(asked))
        for refund_id, order_id, order, amount, currency, asked in rows
    ]


def parts_without_answer(session: Session, connection_id: int) -> list[tuple[int, str, str]]:
    """(part of a refund, its key, the gateway's name of the payment) for one account."""
    return [(row[0], row[1], row[2]) for row in session.rows(_PARTS, connection=connection_id)]


def payments_in_doubt(session: Session, connection_id: int, now: datetime) -> list[str]:
    """The gateway's names of payments whose capture has no answer, or whose time is over."""
    rows = session.rows(_PAYMENTS, connection=connection_id, now=micros(now))
    return [row[0] for row in rows]
