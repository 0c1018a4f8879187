"""Counts over whole tables, for machines that watch the house."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from core.db import tables as t
from core.db.connection import Session
from core.db.rows import micros, moment

_STATES: dict[str, sa.ColumnElement[str]] = {
    "orders": t.orders.c.status,
    "inbox": t.inbox.c.state,
    "outbox": t.outbox.c.state,
    "cases": t.cases.c.state,
    "work": t.fulfillment_order.c.stage,
}


def by_state(session: Session) -> dict[str, dict[str, int]]:
    """How many rows of each table are in which state."""
    return {
        name: {
            str(state): int(count)
            for state, count in session.select(
                sa.select(column, sa.func.count()).group_by(column).order_by(column)
            )
        }
        for name, column in _STATES.items()
    }


def stuck(session: Session, shop_id: int, since: datetime) -> tuple[int, datetime | None]:
    """How many messages and calls have been trying to leave since before then, and the oldest."""
    o, then = t.outbox.c, micros(since)
    found = session.select(
        sa.select(sa.func.count(), sa.func.min(o.created_at)).where(
            o.shop_id == shop_id,
            o.state == "waiting",
            o.created_at <= then,
            sa.or_(o.due_at <= then, o.attempts > 0),
        )
    )
    count, oldest = found[0]
    return int(count), None if oldest is None else moment(int(oldest))
