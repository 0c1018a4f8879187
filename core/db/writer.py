"""Who writes: one thread with group commit on SQLite, a pool of transactions on PostgreSQL."""

from __future__ import annotations

import logging
import queue
import random
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Protocol

import sqlalchemy as sa

from core import failpoints
from core.db import setup
from core.db.connection import Database, Insert, Question, Session
from core.db.errors import is_integrity, is_retryable, is_transient
from core.db.tables import metadata
from core.domain.refusals import Unavailable

log = logging.getLogger("wismo.writer")

GROUP_MAX = 128
GATHER_SECONDS = 0.001  # a commit takes longer than that
RETRIES = 6


class Batch:
    """One transaction that several commands share, with the rows that wait to be written in it.

    New rows are written table by table for the whole batch: before a statement that could miss
    them, and at the latest before the commit. Rows of one command that are written inside the
    savepoint of another wait again when that one is rolled back.

    A command that is `alone` needs no savepoint: the transaction is one, unless somebody `clings`
    to what was locked before it. A `careful` one writes its rows before it ends, so that their
    errors are its own.
    """

    was_asked = False  # whether the questions of its commands were asked for all of them at once

    def __init__(
        self, session: Session, begin: str, *, alone: bool = False, careful: bool = False
    ) -> None:
        self.session = session
        self.careful = careful
        self._clings = not alone
        self._begin = begin
        self.seen: set[tuple[Any, ...]] = set()  # keys of this batch that a look-up must not miss
        # (shop id, SKU, location id): (units, UTC microseconds). None: each is kept at once.
        self.promises: dict[tuple[int, str, int], tuple[int, int]] | None = None
        self.shops: dict[int, Any] = {}
        self.touched: set[int] = set()  # shops that a command of this batch has changed
        self._waiting: dict[sa.Table, list[dict[str, Any]]] = {}
        self._guarded = False
        self._written: list[tuple[sa.Table, list[dict[str, Any]]]] = []
        session.before = self.flush

    def add(self, table: sa.Table, rows: list[dict[str, Any]]) -> None:
        self._waiting.setdefault(table, []).extend(rows)

    def flush(self) -> None:
        """Write what waits, parents before children; what cannot be written goes on waiting, so
        that the batch fails as a whole and not one of its commands loses rows."""
        if self._waiting:
            self.session.insert(in_order(self._waiting))
            if self._guarded:
                self._written += self._waiting.items()
            self._waiting = {}

    def commit(self) -> None:
        with self.session.together():
            self.flush()
            failpoints.hit("writer.before_commit")
            self.session.commit()
        if self.touched:
            setup.forget(self.session.name, self.touched)

    def cling(self) -> None:
        """Keep what is locked by now, even if the command that follows is taken back."""
        self._clings = self.session.one_by_one = True

    def savepoint(self) -> None:
        if self._clings:
            self.session.plain("SAVEPOINT command")
            self._guarded = True

    def release(self) -> None:
        if self._guarded:
            self.session.plain("RELEASE SAVEPOINT command")
            self._guarded = False
            self._written.clear()

    def take_back(self) -> None:
        """Undo the command since its savepoint; what others had written meanwhile waits again."""
        if self._guarded:
            self.session.plain("ROLLBACK TO SAVEPOINT command")
            self.session.plain("RELEASE SAVEPOINT command")
            self._guarded = False
        else:
            self.session.roll_back()
            self.session.begin(self._begin)
        self.session.answers.clear()
        self.shops.clear()
        self.session.before = self.flush  # the rows of the command that is gone are gone too
        written, self._written = self._written, []
        for table, rows in written:
            self._waiting[table] = rows + self._waiting.get(table, [])


_DEPTH = {table: place for place, table in enumerate(metadata.sorted_tables)}


def in_order(
    new: Mapping[sa.Table, list[dict[str, Any]]],
) -> list[tuple[Insert, list[dict[str, Any]]]]:
    """Rows in the order in which foreign keys allow them to be written."""
    return [(insert_into(table), new[table]) for table in sorted(new, key=_DEPTH.__getitem__)]


_INSERTS: dict[sa.Table, Insert] = {}


def insert_into(table: sa.Table) -> Insert:
    found = _INSERTS.get(table)
    if found is None:
        found = _INSERTS[table] = Insert(table)
    return found


class Job(Protocol):
    """Work for the writer. `run` must leave the batch's transaction standing.

    A job with `questions` (what it will ask for certain) may run a second time although the first
    one was committed, and has to notice.
    """

    @property
    def questions(self) -> Sequence[Question]: ...

    def run(self, batch: Batch) -> Any: ...


Item = tuple[Job, Future[Any]]


class Writer(Protocol):
    def submit(self, job: Job) -> Future[Any]: ...

    def close(self) -> None: ...


class Line:
    """Jobs that wait for one thread. Nobody comes in behind the one who closes it; the thread
    sees None at the end."""

    def __init__(self, name: str, serve: Callable[[], None]) -> None:
        self.waiting: queue.SimpleQueue[Item | None] = queue.SimpleQueue()
        self._closed = False
        self._door = threading.Lock()
        self._thread = threading.Thread(target=serve, name=name, daemon=True)

    def begin(self) -> None:
        self._thread.start()

    def join(self, job: Job) -> Future[Any]:
        future: Future[Any] = Future()
        with self._door:
            if self._closed:
                raise Unavailable("wismo is shutting down.", "Try again in a moment.")
            self.waiting.put((job, future))
        return future

    def close(self) -> None:
        with self._door:
            self._closed = True
            self.waiting.put(None)
        self._thread.join(timeout=30)


class GroupWriter:
    """SQLite: takes whatever waits, runs each job in a savepoint, commits once, then answers."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._came = 0  # how many the last group was
        self._line = Line("wismo-writer", self._serve)
        self._line.begin()

    def submit(self, job: Job) -> Future[Any]:
        return self._line.join(job)

    def close(self) -> None:
        self._line.close()

    def _serve(self) -> None:
        while (first := self._line.waiting.get()) is not None:
            if begins(first):
                self._commit_group(first)

    def _commit_group(self, first: Item) -> None:
        """All answers or none: a group that cannot commit runs again, one command at a time."""
        group = [first]
        try:
            answers = self._attempt(self._joining(group), alone=False)
        except BaseException as problem:  # noqa: BLE001 (each caller gets the answer of its own try)
            log.debug("a group of %d runs again one by one: %s", len(group), problem)
            for item in group:
                self._commit_alone(item)
            return
        for (_, future), answer in zip(group, answers, strict=True):
            future.set_result(answer)

    def _joining(self, group: list[Item]) -> Iterator[Job]:
        """The first command, and those that come while the ones before them run: the fewer
        commits, the faster. Where few came of those who came together last time, the others are
        on their way: they are given a moment."""
        yield group[0][0]
        while len(group) < GROUP_MAX:
            item = self._next(GATHER_SECONDS if 2 * len(group) < self._came else 0)
            if item is None:
                break
            group.append(item)
            yield item[0]
        self._came = len(group)

    def _next(self, seconds: float) -> Item | None:
        while True:
            try:
                item = self._line.waiting.get(bool(seconds), seconds)
            except queue.Empty:
                return None
            if item is None:
                self._line.waiting.put(None)  # the end, for the loop to see
                return None
            if begins(item):
                return item

    def _commit_alone(self, item: Item) -> None:
        job, future = item
        try:
            answer = self._attempt([job], alone=True)[0]
        except BaseException as problem:  # noqa: BLE001 (the caller gets it, the thread lives on)
            future.set_exception(_as_refusal(problem))
        else:
            future.set_result(answer)

    def _attempt(self, jobs: Iterable[Job], *, alone: bool) -> list[Any]:
        with self._database.write() as session:
            batch = Batch(session, self._database.begin_writing, alone=alone, careful=alone)
            answers = []
            for job in jobs:
                answers.append(job.run(batch))
                _require_standing(session)
            batch.commit()
        failpoints.hit("writer.after_commit")
        return answers


def begins(item: Item) -> bool:
    """Whether its caller still waits for it."""
    return item[1].set_running_or_notify_cancel()


def _require_standing(session: Session) -> None:
    """A full disk ends the transaction under SQLite's feet without saying so."""
    if not session.is_in_transaction:
        raise Unavailable("The database ended the transaction.", "Check the disk, then try again.")


class _LostEarly(Unavailable):
    """The server has gone before the commit was sent: nothing of it stays, so it may run again."""

    def __init__(self) -> None:
        super().__init__("The database has gone away.", "Try again in a moment.")


class PoolWriter:
    """PostgreSQL: one command, one transaction; deadlocks and serialization failures run again."""

    def __init__(self, database: Database, workers: int = 8) -> None:
        self._database = database
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="wismo-writer")

    def submit(self, job: Job) -> Future[Any]:
        try:
            return self._pool.submit(self._run, job)
        except RuntimeError as closed:
            raise Unavailable("wismo is shutting down.", "Try again in a moment.") from closed

    def run_apart(self, job: Job, future: Future[Any]) -> None:
        """Run by itself a job that somebody waits for already."""
        self._pool.submit(self._answer, job, future)

    def _answer(self, job: Job, future: Future[Any]) -> None:
        try:
            answer = self._run(job)
        except BaseException as problem:  # noqa: BLE001 (the caller gets it)
            future.set_exception(_as_refusal(problem))
        else:
            future.set_result(answer)

    def close(self) -> None:
        self._pool.shutdown(wait=True)

    def _run(self, job: Job) -> Any:
        for attempt in range(RETRIES):
            try:
                return self._attempt(job, careful=attempt > 0)
            except BaseException as problem:
                again = is_retryable(problem) or is_integrity(problem)
                again = again or isinstance(problem, _LostEarly)
                if not again or attempt == RETRIES - 1:
                    raise _as_refusal(problem) from problem
            time.sleep(random.uniform(0, 0.02 * 2**attempt))
        raise AssertionError("unreachable")

    def _attempt(self, job: Job, *, careful: bool) -> Any:
        """In good faith first: rows, their errors and the commit all come at the very end."""
        with self._database.write() as session:
            batch = Batch(session, self._database.begin_writing, alone=True, careful=careful)
            try:
                answer = job.run(batch)
            except Exception as problem:
                if session.is_lost:
                    raise _LostEarly from problem
                raise
            batch.commit()
        failpoints.hit("writer.after_commit")
        return answer


def _as_refusal(problem: BaseException) -> Exception:
    """What the caller is told. A command that tries to end its thread has only failed."""
    if not isinstance(problem, Exception):
        failed = RuntimeError(f"A command ended with {type(problem).__name__}.")
        failed.__cause__ = problem
        return failed
    if not is_transient(problem) or isinstance(problem, Unavailable):
        return problem
    return Unavailable("The database cannot be written just now.", "Try again in a moment.")


def call(function: Callable[[Batch], Any]) -> Job:
    """A plain function as a job."""

    class _Call:
        questions = ()

        def run(self, batch: Batch) -> Any:
            return function(batch)

    return _Call()
