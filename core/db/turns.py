"""Turns: what is counted first and done or refused afterwards, by one caller at a time."""

from __future__ import annotations

import sqlalchemy as sa

from core.db.connection import Session, Statement

_WAIT = Statement(
    sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtextextended(sa.bindparam("what"), 0)))
)


def wait_for_turn(session: Session, what: str) -> None:
    """From here until the commit nobody else is behind this line with the same `what`, in any
    process. On SQLite one writer does everything, so that nobody has to wait.

    In a command it is let go when that is refused: what counts refusals takes its turn before.
    """
    if not session.is_sqlite:
        session.row(_WAIT, what=what)
