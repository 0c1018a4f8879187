"""Counts and the tasks that ask for them: rows ↔ domain."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from core.db import tables as t
from core.db.connection import Session, Statement, one_of
from core.db.rows import micros, moment, moment_or_none
from core.domain.counts import FirstCount
from core.domain.values import dataclass

if TYPE_CHECKING:
    from core.db.unit_of_work import UnitOfWork

_c, _k, _m = t.stock_count.c, t.count_task.c, t.stock_move.c
_OPEN = one_of(_c.state, ("asked", "doubted"))
_FIELDS = (_c.id, _c.task_id, _c.sku, _c.location_id, _c.state, _c.first, _c.first_by, _c.first_at)
_OPEN_ONE = Statement(
    sa.select(*_FIELDS).where(
        _c.shop_id == sa.bindparam("shop"),
        _c.sku == sa.bindparam("sku"),
        _c.location_id == sa.bindparam("location"),
        _OPEN,
    )
)
_OPEN_OF_TASK = Statement(
    sa.select(sa.func.count()).where(_c.task_id == sa.bindparam("task"), _OPEN)
)
_DOUBT = Statement(
    t.stock_count.update().where(_c.id == sa.bindparam("row_id"), _OPEN),
    sets=("state", "book", "first", "first_by", "first_at"),
)
_SETTLE = Statement(
    t.stock_count.update().where(_c.id == sa.bindparam("row_id"), _OPEN),
    sets=("state", "book", "on_hand", "counted_by", "settled_at"),
)
_CLOSE_TASK = Statement(
    t.count_task.update().where(_k.id == sa.bindparam("row_id"), _k.state == "open"),
    sets=("state", "closed_at"),
)
_LAST_WEEKLY = Statement(
    sa.select(sa.func.max(_k.opened_at)).where(
        _k.shop_id == sa.bindparam("shop"),
        _k.location_id == sa.bindparam("location"),
        _k.kind == "weekly",
    )
)
_SOLD = Statement(
    sa.select(_m.sku, sa.func.sum(_m.quantity))
    .where(
        _m.shop_id == sa.bindparam("shop"),
        _m.location_id == sa.bindparam("location"),
        _m.at >= sa.bindparam("since"),
        one_of(_m.kind, ("ship", "sell")),
    )
    .group_by(_m.sku)
)


@dataclass(frozen=True, slots=True)
class OpenCount:
    """A SKU that waits to be counted; `first` is the count that is doubted, if there was one."""

    id: int
    task_id: int | None
    sku: str
    location_id: int
    state: str
    first: FirstCount | None


@dataclass(frozen=True, slots=True)
class CountTask:
    id: int
    number: int
    location_id: int
    kind: str
    opened_by: str
    opened_at: datetime
    closed_at: datetime | None = None


def open_count(session: Session, shop_id: int, sku: str, location_id: int) -> OpenCount | None:
    row = session.row(_OPEN_ONE, shop=shop_id, sku=sku, location=location_id)
    return None if row is None else _read(row)


def _read(row: Sequence[Any]) -> OpenCount:
    row_id, task_id, sku, location_id, state, first, by, at = row
    told = None if first is None or at is None else FirstCount(first, by, moment(at))
    return OpenCount(row_id, task_id, sku, location_id, state, told)


def open_counts(session: Session, shop_id: int, places: Sequence[int]) -> list[OpenCount]:
    """Everything that these locations are asked to count, in the order of the SKUs."""
    found = session.select(
        sa.select(*_FIELDS)
        .where(_c.shop_id == shop_id, _c.location_id.in_(places), _OPEN)
        .order_by(_c.sku, _c.location_id)
    )
    return [_read(row) for row in found]


def open_tasks(session: Session, shop_id: int, places: Sequence[int]) -> list[CountTask]:
    found = session.select(
        _TASK.where(_k.shop_id == shop_id, _k.location_id.in_(places), _k.state == "open").order_by(
            _k.number
        )
    )
    return [_task(row) for row in found]


def task_numbered(session: Session, shop_id: int, number: int) -> CountTask | None:
    found = session.select(_TASK.where(_k.shop_id == shop_id, _k.number == number))
    return _task(found[0]) if found else None


_TASK = sa.select(
    _k.id, _k.number, _k.location_id, _k.kind, _k.opened_by, _k.opened_at, _k.closed_at
)


def _task(row: sa.Row[Any]) -> CountTask:
    opened, closed = moment(row.opened_at), moment_or_none(row.closed_at)
    return CountTask(row.id, row.number, row.location_id, row.kind, row.opened_by, opened, closed)


def last_weekly(session: Session, shop_id: int, location_id: int) -> datetime | None:
    """When this location was last asked for its weekly count."""
    row = session.row(_LAST_WEEKLY, shop=shop_id, location=location_id)
    return None if row is None or row[0] is None else moment(row[0])


def sold_since(session: Session, shop_id: int, location_id: int, since: datetime) -> dict[str, int]:
    """Units of each SKU that left this location, shipped or over the till."""
    rows = session.rows(_SOLD, shop=shop_id, location=location_id, since=micros(since))
    return {sku: int(units) for sku, units in rows}


# --- writing -------------------------------------------------------------------------------------


def add_task(uow: UnitOfWork, location_id: int, kind: str) -> CountTask:
    number = uow.people.next_number("count")
    task = CountTask(uow.new_id(), number, location_id, kind, uow.actor.name, uow.now)
    row = {
        "id": task.id,
        "shop_id": uow.shop.id,
        "number": number,
        "location_id": location_id,
        "kind": kind,
        "opened_by": task.opened_by,
        "opened_at": micros(task.opened_at),
    }
    uow.insert_now(t.count_task, row)
    return task


def ask_for(uow: UnitOfWork, task_id: int | None, sku: str, location_id: int) -> OpenCount:
    """A SKU joins what a location has to count."""
    asked = OpenCount(uow.new_id(), task_id, sku, location_id, "asked", None)
    row = {
        "id": asked.id,
        "shop_id": uow.shop.id,
        "task_id": task_id,
        "sku": sku,
        "location_id": location_id,
        "asked_at": micros(uow.now),
    }
    uow.insert_now(t.stock_count, row)
    return asked


def doubt(uow: UnitOfWork, asked: OpenCount, book: int, first: FirstCount) -> None:
    """Keep a first count beside what was asked; a second one decides."""
    uow.session.run(
        _DOUBT,
        row_id=asked.id,
        state="doubted",
        book=book,
        first=first.on_hand,
        first_by=first.by,
        first_at=micros(first.at),
    )


def settle(uow: UnitOfWork, asked: OpenCount, book: int, on_hand: int) -> None:
    """The count took effect; the last one of a task closes it."""
    _end(uow, asked, "done", book, on_hand, uow.actor.name)


def drop(uow: UnitOfWork, asked: OpenCount) -> None:
    """Nobody has to count this any more."""
    _end(uow, asked, "canceled", None, None, "")


def _end(
    uow: UnitOfWork,
    asked: OpenCount,
    state: str,
    book: int | None,
    on_hand: int | None,
    by: str,
) -> None:
    figures = {"book": book, "on_hand": on_hand, "counted_by": by}
    at = micros(uow.now)
    uow.session.run(_SETTLE, row_id=asked.id, state=state, settled_at=at, **figures)
    if asked.task_id is None:
        return
    left = uow.session.row(_OPEN_OF_TASK, task=asked.task_id)
    if left is None or left[0] == 0:
        closed = "canceled" if state == "canceled" else "done"
        uow.session.run(_CLOSE_TASK, row_id=asked.task_id, state=closed, closed_at=at)


# --- what must always be true --------------------------------------------------------------------

SENTENCES = {
    "a task is open as long as something of it waits to be counted": (
        "I-38",
        """select k.number from count_task k where (k.state = 'open') <> exists (
            select 1 from stock_count c where c.task_id = k.id and c.state in ('asked', 'doubted'))
        """,
    ),
    "what a task asks to count stands at the task's location": (
        "I-38b",
        """select c.id from stock_count c join count_task k on k.id = c.task_id
        where k.location_id <> c.location_id or k.shop_id <> c.shop_id""",
    ),
}
