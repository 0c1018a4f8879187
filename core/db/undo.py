"""Steps that were taken back, and the intents that wait in the outbox until undo is over."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from core.db import tables as t
from core.db.connection import Session, Statement, one_of
from core.db.events import wait_for_planner
from core.db.rows import micros, moment
from core.domain.undo import TAKEN_BACK
from core.domain.values import dataclass

_a, _b, _k = t.audit.c, t.outbox.c, t.taken_back.c
_MINE = (
    _a.shop_id == sa.bindparam("shop"),
    _a.actor == sa.bindparam("who"),
    _a.outcome == "done",
    _a.at > sa.bindparam("since"),
)
_LAST = sa.select(_a.command_id).where(*_MINE).order_by(_a.id.desc()).limit(1)
_LAST_DONE = Statement(_LAST)
_WAIT_FOR_LAST = Statement(_LAST.with_for_update())
_STEP = Statement(
    sa.select(_a.command_id, _a.command, _a.undo, _a.order_id, _a.version, _a.at)
    .where(*_MINE, _a.command_id == sa.bindparam("command"))
    .order_by(_a.id)
    .limit(1)
)
_IS_TAKEN_BACK = Statement(sa.select(_k.command_id).where(_k.command_id == sa.bindparam("command")))
_WAIT = Statement(
    t.outbox.update()
    .where(_b.id == sa.bindparam("row_id"), _b.state == "waiting")
    .values(due_at=sa.bindparam("due"), cause=sa.bindparam("of"))
)
# The key is freed with it: the same step, done again, is a new intent.
_STOP = {
    "state": "suppressed",
    "reason": TAKEN_BACK,
    "key": _b.key + ":taken-back:" + sa.cast(_b.id, sa.Text),
}
_STOP_ONE = Statement(
    t.outbox.update()
    .where(_b.id == sa.bindparam("row_id"), _b.state == "waiting")
    .values(**_STOP, ended_at=sa.bindparam("end"))
)
_STOP_ALL = Statement(
    t.outbox.update()
    .where(_b.cause == sa.bindparam("of"), _b.state == "waiting")
    .values(**_STOP, ended_at=sa.bindparam("end"))
)
_HAS_LEFT = Statement(
    sa.select(_b.kind)
    .where(_b.cause == sa.bindparam("of"), one_of(_b.state, ("leased", "done", "dead")))
    .limit(1)
)


@dataclass(frozen=True, slots=True)
class Step:
    """One command that was done: `undo` is its inverse as JSON, the order the one it was about."""

    command_id: int
    command: str
    undo: str
    order_id: int | None
    version: int | None
    at: datetime


def last_step(session: Session, shop_id: int, actor: str, since: datetime) -> int | None:
    """The id of the last command of this person.

    Two presses of `undo` at once: the second waits here for the first, and then sees it.
    """
    asked = {"shop": shop_id, "who": actor, "since": micros(since)}
    session.row(_WAIT_FOR_LAST, **asked)
    row = session.row(_LAST_DONE, **asked)
    return None if row is None else row[0]


def step(
    session: Session, shop_id: int, actor: str, since: datetime, command_id: int
) -> Step | None:
    """One command of this person, if it is younger than `since`."""
    asked = {"shop": shop_id, "who": actor, "since": micros(since)}
    row = session.row(_STEP, **asked, command=command_id)
    if row is None:
        return None
    command_id, command, undo, order_id, version, at = row
    return Step(command_id, command, undo, order_id, version, moment(at))


def is_taken_back(session: Session, command_id: int) -> bool:
    return session.row(_IS_TAKEN_BACK, command=command_id) is not None


def begin(session: Session) -> None:
    """Before anything is taken back: nobody plans messages from facts meanwhile."""
    wait_for_planner(session)


def wait(session: Session, effect_ids: Iterable[int], due_at: int, command_id: int) -> None:
    """These intents of a command wait until it cannot be undone any more."""
    for effect_id in effect_ids:
        session.run(_WAIT, row_id=effect_id, due=due_at, of=command_id)


def stop(session: Session, effect_ids: Iterable[int], at: int) -> None:
    """What the taking back itself would say outside is not said either."""
    for effect_id in effect_ids:
        session.run(_STOP_ONE, row_id=effect_id, end=at)


def stop_caused_by(session: Session, command_id: int, at: int) -> bool:
    """Stop all that waits because of a command; False when some of it has left already."""
    session.run(_STOP_ALL, of=command_id, end=at)
    return session.row(_HAS_LEFT, of=command_id) is None


def row_of(command_id: int, shop_id: int, by: str, at: datetime) -> dict[str, Any]:
    return {"command_id": command_id, "shop_id": shop_id, "by": by, "at": micros(at)}
