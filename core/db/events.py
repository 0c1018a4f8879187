"""Events on their way out: unplanned ones, and the position that makes the feed gapless."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from core.db import tables as t
from core.db.connection import Session, Statement
from core.db.rows import from_json, moment, moment_or_none
from core.domain.values import dataclass

_v = t.event.c
_FIELDS = (
    *(_v.id, _v.shop_id, _v.order_id, _v.kind, _v.data, _v.actor, _v.surface, _v.at),
    *(_v.command_id, _v.told_from),
)
_UNPLANNED = Statement(
    sa.select(*_FIELDS).where(_v.position.is_(None)).order_by(_v.id).limit(sa.bindparam("most"))
)
_LAST = Statement(sa.select(sa.func.coalesce(sa.func.max(_v.position), 0)))
_PLACE = Statement(t.event.update().where(_v.id == sa.bindparam("row_id")), sets=("position",))
_AFTER = Statement(
    sa.select(*_FIELDS, _v.position)
    .where(_v.shop_id == sa.bindparam("shop"), _v.position > sa.bindparam("after"))
    .order_by(_v.position)
    .limit(sa.bindparam("most"))
)
_PLANNER_LOCK = 7_301_964  # any number that is ours alone


@dataclass(frozen=True, slots=True)
class Fact:
    """An event as stored; `told_from` is when the undo window of its command closes, if any."""

    id: int
    shop_id: int
    order_id: int | None
    kind: str
    data: dict[str, Any]
    actor: str
    surface: str
    at: datetime
    command_id: int = 0
    told_from: datetime | None = None
    position: int | None = None


def _fact(row: Sequence[Any]) -> Fact:
    event_id, shop_id, order_id, kind, data, actor, surface, at, command, told, *position = row
    return Fact(
        event_id,
        shop_id,
        order_id,
        kind,
        from_json(data),
        actor,
        surface,
        moment(at),
        command,
        moment_or_none(told),
        position[0] if position else None,
    )


def unplanned(session: Session, most: int) -> list[Fact]:
    """Facts that nobody has planned messages for; on PostgreSQL one process plans at a time."""
    wait_for_planner(session)
    return [_fact(row) for row in session.rows(_UNPLANNED, most=most)]


def wait_for_planner(session: Session) -> None:
    """From here to the end of this transaction nobody else plans."""
    if not session.is_sqlite:
        session.plain(f"SELECT pg_advisory_xact_lock({_PLANNER_LOCK})")


def place(session: Session, facts: Sequence[Fact]) -> None:
    """Give planned facts their place in the feed; positions only ever become visible in order."""
    row = session.row(_LAST)
    last = row[0] if row else 0
    for step, fact in enumerate(facts, 1):
        session.run(_PLACE, row_id=fact.id, position=last + step)


def after(session: Session, shop_id: int, position: int, most: int) -> list[Fact]:
    """The feed from a position on, oldest first."""
    return [_fact(row) for row in session.rows(_AFTER, shop=shop_id, after=position, most=most)]
