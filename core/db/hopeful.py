"""PostgreSQL: commands that come at the same time share one transaction, in good faith.

What each of them will ask is asked once for all; promises of stock are checked together, in the
statement before the commit. Who turns out to need more than that runs again by itself.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from concurrent.futures import Future
from typing import Any

import sqlalchemy as sa

from core import failpoints
from core.db import tables as t
from core.db.connection import Database, Session, Statement
from core.db.rows import to_json
from core.db.writer import (
    GROUP_MAX,
    Batch,
    GroupWriter,
    Item,
    Job,
    Line,
    PoolWriter,
    Writer,
    begins,
)
from core.domain.stock import free

log = logging.getLogger("wismo.writer")

REST_SECONDS = 2.0  # after a group that failed as a whole

_s = t.stock_level.c
_KEY = ("shop_id", "sku", "location_id")


def _keep_promises() -> Statement:
    """Adds up promises level by level, locked in order; fails unless every one can be kept."""
    given = sa.func.json_to_recordset(sa.cast(sa.bindparam("promises", type_=sa.Text), sa.JSON))
    kinds = (sa.BigInteger, sa.Text, sa.BigInteger, sa.BigInteger, sa.BigInteger)
    names = (*_KEY, "units", "at")
    wanted = given.table_valued(
        *(sa.column(name, kind) for name, kind in zip(names, kinds, strict=True)), name="wanted"
    ).render_derived(with_types=True)
    here = [_s[name] == wanted.c[name] for name in _KEY]
    held = (
        sa.select(*(wanted.c[name] for name in names))
        .join_from(wanted, t.stock_level, sa.and_(*here))
        .where(free(_s) >= wanted.c.units)
        .order_by(*(wanted.c[name] for name in _KEY))
        .with_for_update(of=t.stock_level)
        .cte("held")
    )
    moved = (
        t.stock_level.update()
        .where(*(_s[name] == held.c[name] for name in _KEY))
        .values(
            reserved=_s.reserved + held.c.units,
            version=_s.version + 1,
            moved_at=sa.case((_s.version == _s.told_version, held.c.at), else_=_s.moved_at),
        )
        .returning(sa.literal_column("1"))
        .cte("moved")
    )
    # An error and no count: the commit travels with this statement and must not be carried out.
    broken: sa.ColumnElement[int] = sa.literal_column("1 / (count(*) - count(*))")
    kept = sa.case((sa.func.count() == sa.bindparam("levels"), 1), else_=broken)
    return Statement(sa.select(kept).select_from(moved), apart=True)


_KEEP_PROMISES = _keep_promises()


class NotTogether(Exception):
    """This command needs a transaction of its own; nothing of it was written."""


class HopefulBatch(Batch):
    """A batch without savepoints: whatever would need one sends its command away."""

    was_asked = True

    def __init__(self, session: Session, begin: str) -> None:
        super().__init__(session, begin, alone=True)
        self.promises = {}
        self._is_ending = False

    def send_away(self, promises: dict[tuple[int, str, int], tuple[int, int]]) -> None:
        """A command goes: of it there stay neither rows nor promises, only the others'."""
        if self.session.has_written or self.session.has_failed:
            raise NotTogether
        self.promises = promises
        self.session.before = self.flush

    def flush(self) -> None:
        if not self._is_ending and (self._waiting or self.promises):
            raise NotTogether
        super().flush()

    def cling(self) -> None:
        raise NotTogether

    def take_back(self) -> None:
        raise NotTogether

    def commit(self) -> None:
        self._is_ending = True
        with self.session.together():
            self._keep_promises()
            super().commit()

    def _keep_promises(self) -> None:
        if not self.promises:
            return
        rows = [
            dict(zip((*_KEY, "units", "at"), (*key, *wish), strict=True))
            for key, wish in sorted(self.promises.items())
        ]
        self.session.send(_KEEP_PROMISES, promises=to_json(rows), levels=len(rows))


class HopefulWriter(PoolWriter):
    """Commands that know their questions gather while those before them are being committed."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._rests_until = 0.0
        self._line = Line("wismo-group", self._serve)
        self._line.begin()

    def submit(self, job: Job) -> Future[Any]:
        if not job.questions or time.monotonic() < self._rests_until:
            return super().submit(job)
        return self._line.join(job)

    def close(self) -> None:
        self._line.close()
        super().close()

    def _serve(self) -> None:
        waiting, is_open = self._line.waiting, True
        while is_open:
            items = [waiting.get()]
            while len(items) < GROUP_MAX and not waiting.empty():
                items.append(waiting.get())
            is_open = None not in items
            group = [item for item in items if item is not None and begins(item)]
            if group:
                self._commit_group(group)

    def _commit_group(self, group: Sequence[Item]) -> None:
        answers: dict[int, Any] = {}
        try:
            self._together(group, answers)
        except BaseException as problem:  # noqa: BLE001 (each caller gets the answer of its own try)
            log.debug("a group of %d runs again one by one: %s", len(group), problem)
            self._rests_until = time.monotonic() + REST_SECONDS
            answers.clear()
        for n, (job, future) in enumerate(group):
            if n in answers:
                future.set_result(answers[n])
            else:
                self.run_apart(job, future)

    def _together(self, group: Sequence[Item], answers: dict[int, Any]) -> None:
        """Fills `answers` by place; a command that is not among them has to run by itself."""
        with self._database.write() as session:
            batch = HopefulBatch(session, self._database.begin_writing)
            session.look_ahead([question for job, _ in group for question in job.questions])
            for n, (job, _) in enumerate(group):
                before = dict(batch.promises or ())
                try:
                    answers[n] = job.run(batch)
                except NotTogether:
                    batch.send_away(before)
            if answers:
                batch.commit()
        failpoints.hit("writer.after_commit")


def writer_for(database: Database) -> Writer:
    return GroupWriter(database) if database.is_sqlite else HopefulWriter(database)
