"""The house's own notes in `meta`: sandbox or live for ever, the sandbox's clock, backups."""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa

from core.db import tables as t
from core.db.connection import Session, Statement
from core.db.rows import micros, moment
from core.db.unit_of_work import UnitOfWork
from core.domain.refusals import NotPossible

KIND = "kind"
SANDBOX, LIVE = "sandbox", "live"
CLOCK_OFFSET = "clock_offset"  # microseconds that a sandbox is ahead of the wall clock
RESTORED_AT = "restored_at"
EPOCH = "epoch"
BACKED_UP_AT = "backed_up_at"

_m = t.meta.c
_GET = Statement(sa.select(_m.value).where(_m.name == sa.bindparam("what")))
_SET = Statement(
    t.meta.update().where(_m.name == sa.bindparam("what")).values(value=sa.bindparam("new"))
)

_NEWEST = Statement(sa.select(t.event.c.at).order_by(t.event.c.id.desc()).limit(1))


def get(session: Session, name: str) -> str | None:
    row = session.row(_GET, what=name)
    return None if row is None else str(row[0])


def put(uow: UnitOfWork, name: str, value: str) -> None:
    if uow.session.run(_SET, what=name, new=value) == 0:
        uow.insert_now(t.meta, {"name": name, "value": value})


def settle_kind(uow: UnitOfWork, kind: str) -> None:
    """Make a new database sandbox or live for ever; refuse one that is the other."""
    known = get(uow.session, KIND)
    if known is None:
        put(uow, KIND, kind)
    elif known != kind:
        raise wrong_kind(known)


def wrong_kind(known: str) -> NotPossible:
    if known == SANDBOX:
        return NotPossible(
            "This is a sandbox database: its clock and its shop are made up.",
            "Start it with `wismo demo`, or give WISMO_DATABASE_URL another database.",
            code="sandbox_database",
        )
    return NotPossible(
        "This database belongs to a real shop; the sandbox keeps its hands off it.",
        "Give WISMO_DATABASE_URL another database, or start this one with `wismo serve`.",
        code="live_database",
    )


def clock_offset(session: Session) -> timedelta:
    """How far a sandbox's clock is ahead; a live database has none, whatever is written there."""
    if get(session, KIND) != SANDBOX:
        return timedelta()
    return timedelta(microseconds=int(get(session, CLOCK_OFFSET) or 0))


def noted_at(session: Session, name: str) -> datetime | None:
    """The moment stored under a name, such as the last restore or backup."""
    value = get(session, name)
    return None if value is None else moment(int(value))


def newest_event_at(session: Session) -> datetime | None:
    """When the youngest fact happened; a clock that says less was set back."""
    row = session.row(_NEWEST)
    return None if row is None or row[0] is None else moment(row[0])


def note_at(uow: UnitOfWork, name: str, at: datetime) -> None:
    put(uow, name, str(micros(at)))
