"""Job slots: the rows that make every run of a scheduled job happen once, whoever ticks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from core.db import tables as t
from core.db.connection import Session, Statement
from core.db.rows import micros, moment

_j = t.job_slot.c
_LAST = Statement(sa.select(sa.func.max(_j.slot)).where(_j.job == sa.bindparam("name")))
_END = Statement(
    t.job_slot.update().where(_j.job == sa.bindparam("name"), _j.slot == sa.bindparam("start")),
    sets=("state", "note"),
)
# The first to insert a slot owns it; both databases know this clause.
_TAKE = sa.text(
    "INSERT INTO job_slot (job, slot, state, note, at) "
    "VALUES (:job, :slot, :state, :note, :at) ON CONFLICT DO NOTHING"
)
_OLD = Statement(
    t.job_slot.delete().where(
        _j.job == sa.bindparam("name"),
        _j.at < sa.bindparam("before"),
        _j.slot < sa.bindparam("newest"),
    )
)


def last(session: Session, job: str) -> datetime | None:
    """The newest slot that anybody dealt with: run or skipped."""
    row = session.row(_LAST, name=job)
    return None if row is None or row[0] is None else moment(row[0])


def take(session: Session, job: str, slot: datetime, now: datetime) -> bool:
    """Claim one slot; False when another clock has it."""
    return _insert(session, job, slot, "running", "", now)


def skip(session: Session, job: str, slots: Sequence[datetime], reason: str, now: datetime) -> None:
    for slot in slots:
        _insert(session, job, slot, "skipped", reason, now)


def end(session: Session, job: str, slot: datetime, state: str, note: str) -> None:
    session.run(_END, name=job, start=micros(slot), state=state, note=note[:500])


def forget(session: Session, job: str, before: datetime) -> int:
    """Drop old rows, but never the newest: it says where the job stands."""
    newest = session.row(_LAST, name=job)
    if newest is None or newest[0] is None:
        return 0
    return session.run(_OLD, name=job, before=micros(before), newest=newest[0])


def _insert(
    session: Session, job: str, slot: datetime, state: str, note: str, now: datetime
) -> bool:
    row = {"job": job, "slot": micros(slot), "state": state, "note": note, "at": micros(now)}
    return session.connection.execute(_TAKE, row).rowcount == 1
