"""A person's look into inbox and outbox: lists, replays, and holding what a restore brings."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from core.db import tables as t
from core.db.connection import Session, Statement, one_of
from core.db.rows import micros

HELD = "held: it comes from a restored backup"

_i, _o = t.inbox.c, t.outbox.c
_REPLAY = Statement(
    t.inbox.update()
    .where(
        _i.shop_id == sa.bindparam("shop"),
        _i.id == sa.bindparam("row_id"),
        one_of(_i.state, ("refused", "retry", "dead")),
    )
    .values(state="retry", attempts=0, due_at=sa.bindparam("due"))
)
_HOLD = Statement(
    t.outbox.update()
    .where(one_of(_o.state, ("waiting", "leased")))
    .values(state="suppressed", reason=HELD, ended_at=sa.bindparam("end"), leased_until=None)
)
INBOX = tuple(c for c in t.inbox.columns if c.name not in ("shop_id", "raw", "answer"))
OUTBOX = tuple(c for c in t.outbox.columns if c.name not in ("shop_id", "payload", "result"))


def replay(session: Session, shop_id: int, inbox_id: int, now: datetime) -> bool:
    """A kept delivery is due again at once; False when there is nothing to repeat."""
    return session.run(_REPLAY, shop=shop_id, row_id=inbox_id, due=micros(now)) == 1


def hold_everything(session: Session, now: datetime) -> int:
    """After a restore: what waited then may have gone out since; a person releases it."""
    return session.run(_HOLD, end=micros(now))


def inbox_rows(session: Session, shop_id: int, state: str, most: int) -> Sequence[Any]:
    """Deliveries, newest first; an empty state means all."""
    clause = sa.select(*INBOX).where(_i.shop_id == shop_id).order_by(_i.id.desc()).limit(most)
    return session.select(clause.where(_i.state == state) if state else clause)


def outbox_rows(session: Session, shop_id: int, state: str, most: int) -> Sequence[Any]:
    clause = sa.select(*OUTBOX).where(_o.shop_id == shop_id).order_by(_o.id.desc()).limit(most)
    if state == "held":
        return session.select(clause.where(_o.state == "suppressed", _o.reason == HELD))
    return session.select(clause.where(_o.state == state) if state else clause)


def inbox_one(session: Session, shop_id: int, row_id: int) -> Any:
    clause = sa.select(*INBOX, _i.raw, _i.answer).where(_i.shop_id == shop_id, _i.id == row_id)
    return next(iter(session.select(clause)), None)


def outbox_one(session: Session, shop_id: int, row_id: int) -> Any:
    clause = sa.select(*OUTBOX, _o.payload, _o.result).where(_o.shop_id == shop_id, _o.id == row_id)
    return next(iter(session.select(clause)), None)
