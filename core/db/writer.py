"""Who writes: one thread with group commit on SQLite, a pool of transactions on PostgreSQL."""

from __future__ import annotations

import queue
import random
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Protocol

import sqlalchemy as sa

from core.db.connection import Database, Insert, Session
from core.db.errors import is_retryable, is_transient
from core.domain.refusals import Unavailable

GROUP_MAX = 128
RETRIES = 6


class Batch:
    """One transaction that several commands share, with the log rows that they leave behind.

    Events, audit and the like are written once for the whole batch, just before its commit.
    """

    def __init__(self, session: Session) -> None:
        self.session = session
        self._logs: dict[sa.Table, list[dict[str, Any]]] = {}
        self.seen: set[tuple[Any, ...]] = set()

    def log(self, table: sa.Table, rows: list[dict[str, Any]]) -> None:
        self._logs.setdefault(table, []).extend(rows)

    def flush(self) -> None:
        for table, rows in self._logs.items():
            self.session.insert(insert_into(table), rows)
        self._logs.clear()


_INSERTS: dict[sa.Table, Insert] = {}


def insert_into(table: sa.Table) -> Insert:
    found = _INSERTS.get(table)
    if found is None:
        found = _INSERTS[table] = Insert(table)
    return found


class Job(Protocol):
    """Work for the writer. `run` must leave the batch's transaction standing."""

    def run(self, batch: Batch) -> Any: ...


class Writer(Protocol):
    def submit(self, job: Job) -> Future[Any]: ...

    def close(self) -> None: ...


def writer_for(database: Database) -> Writer:
    return GroupWriter(database) if database.is_sqlite else PoolWriter(database)


class GroupWriter:
    """SQLite: takes whatever waits, runs each job in a savepoint, commits once, then answers."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: queue.SimpleQueue[tuple[Job, Future[Any]] | None] = queue.SimpleQueue()
        self._closed = False
        self._thread = threading.Thread(target=self._loop, name="wismo-writer", daemon=True)
        self._thread.start()

    def submit(self, job: Job) -> Future[Any]:
        if self._closed:
            raise Unavailable("wismo is shutting down.", "Try again in a moment.")
        future: Future[Any] = Future()
        self._waiting.put((job, future))
        return future

    def close(self) -> None:
        self._closed = True
        self._waiting.put(None)
        self._thread.join(timeout=30)

    def _loop(self) -> None:
        with self._database.engine.connect() as connection:
            while (group := self._next_group()) is not None:
                self._commit_group(connection, group)

    def _next_group(self) -> list[tuple[Job, Future[Any]]] | None:
        first = self._waiting.get()
        if first is None:
            return None
        group = [first]
        while len(group) < GROUP_MAX:
            try:
                item = self._waiting.get_nowait()
            except queue.Empty:
                break
            if item is None:
                self._waiting.put(None)
                break
            group.append(item)
        return group

    def _commit_group(
        self, connection: sa.Connection, group: list[tuple[Job, Future[Any]]]
    ) -> None:
        """All answers or none: a group that cannot commit runs again, one command at a time."""
        try:
            answers = self._attempt(connection, [job for job, _ in group])
        except Exception as problem:  # noqa: BLE001 (every waiting caller gets an answer)
            if len(group) > 1:
                for item in group:
                    self._commit_group(connection, [item])
                return
            group[0][1].set_exception(_as_refusal(problem))
            return
        for (_, future), answer in zip(group, answers, strict=True):
            future.set_result(answer)

    def _attempt(self, connection: sa.Connection, jobs: list[Job]) -> list[Any]:
        with connection.begin():
            batch = Batch(Session(connection))
            answers = []
            for job in jobs:
                answers.append(job.run(batch))
                _require_standing(batch.session)
            batch.flush()
        return answers


def _require_standing(session: Session) -> None:
    """A full disk ends the transaction under SQLite's feet without saying so."""
    if not getattr(session.driver, "in_transaction", True):
        raise Unavailable("The database ended the transaction.", "Check the disk, then try again.")


class PoolWriter:
    """PostgreSQL: one command, one transaction; deadlocks and serialization failures run again."""

    def __init__(self, database: Database, workers: int = 8) -> None:
        self._database = database
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="wismo-writer")

    def submit(self, job: Job) -> Future[Any]:
        return self._pool.submit(self._run, job)

    def close(self) -> None:
        self._pool.shutdown(wait=True)

    def _run(self, job: Job) -> Any:
        for attempt in range(RETRIES):
            try:
                return self._attempt(job)
            except Exception as problem:
                if not is_retryable(problem) or attempt == RETRIES - 1:
                    raise _as_refusal(problem) from problem
            time.sleep(random.uniform(0, 0.02 * 2**attempt))
        raise AssertionError("unreachable")

    def _attempt(self, job: Job) -> Any:
        with self._database.engine.connect() as connection, connection.begin():
            batch = Batch(Session(connection))
            answer = job.run(batch)
            batch.flush()
            return answer


def _as_refusal(problem: Exception) -> Exception:
    if not is_transient(problem) or isinstance(problem, Unavailable):
        return problem
    return Unavailable("The database cannot be written just now.", "Try again in a moment.")


def call(function: Callable[[Batch], Any]) -> Job:
    """A plain function as a job."""

    class _Call:
        def run(self, batch: Batch) -> Any:
            return function(batch)

    return _Call()
