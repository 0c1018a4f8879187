"""Counts over whole tables, for machines that watch the house."""

from __future__ import annotations

import sqlalchemy as sa

from core.db import tables as t
from core.db.connection import Session

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
