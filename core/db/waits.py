"""Orders that wait for one parcel, and the other open orders of their customers."""

from __future__ import annotations

import sqlalchemy as sa

from core.db import tables as t
from core.db.connection import Session, Statement

_h, _o = t.hold.c, t.orders.c
_WAITING = Statement(
    sa.select(_h.order_id)
    .where(
        _h.shop_id == sa.bindparam("shop"),
        _h.reason == sa.literal_column("'consolidation'"),
        _h.released_at.is_(None),
        _h.until > sa.bindparam("now"),
    )
    .order_by(_h.order_id)
)
_MATES = Statement(
    sa.select(_o.id)
    .where(
        _o.customer_id == sa.bindparam("customer"),
        _o.shop_id == sa.bindparam("shop"),
        _o.id != sa.bindparam("order"),
        _o.status == sa.literal_column("'open'"),
        _o.canceled_at.is_(None),
    )
    .order_by(_o.id)
)


def waiting(session: Session, shop_id: int, now: int) -> list[int]:
    """Ids of the orders whose wait runs (`now` in microseconds), the oldest first."""
    return [row[0] for row in session.rows(_WAITING, shop=shop_id, now=now)]


def mates(session: Session, shop_id: int, customer_id: int, order_id: int) -> list[int]:
    """Ids of the customer's other open orders."""
    found = session.rows(_MATES, shop=shop_id, customer=customer_id, order=order_id)
    return [row[0] for row in found]
