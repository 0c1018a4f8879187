"""Opening a database: SQLite or PostgreSQL, prepared statements, and sessions that run them."""

from __future__ import annotations

import logging
import sqlite3
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy import event as sa_event
from sqlalchemy.engine.interfaces import DBAPIConnection

from core.db import rows

log = logging.getLogger("wismo.db")

IDLE_KEPT = 16

Row = tuple[Any, ...]
Params = Mapping[str, Any]


class Statement:
    """A SQLAlchemy statement that is compiled once per dialect and then runs on the driver.

    Compiling at every call costs many times the query itself; the parameters of these statements
    are plain integers and text, so nothing is lost by going past the type system.
    """

    __slots__ = ("_clause", "_compiled", "_sets", "apart")

    def __init__(
        self,
        clause: sa.sql.ClauseElement,
        sets: Sequence[str] | None = None,
        *,
        apart: bool = False,
    ) -> None:
        """`sets` names the columns of an update that are given as parameters of the same name.

        `apart` says that the statement never concerns rows that still wait to be written with
        their batch (or that its caller has looked after that): it does not make them be written.
        """
        self.apart = apart
        self._clause = clause
        self._sets = None if sets is None else list(sets)
        self._compiled: dict[str, tuple[str, dict[str, Any], list[str] | None]] = {}

    def prepared(self, dialect: sa.Dialect) -> tuple[str, dict[str, Any], list[str] | None]:
        found = self._compiled.get(dialect.name)
        if found is None:
            compiled = self._clause.compile(dialect=dialect, column_keys=self._sets)
            order = list(compiled.positiontup) if compiled.positional else None  # type: ignore[attr-defined]
            found = (str(compiled), dict(compiled.params), order)
            self._compiled[dialect.name] = found
        return found


def one_of(column: sa.ColumnElement[Any], values: Sequence[Any]) -> sa.ColumnElement[bool]:
    """`column IN values` as a chain of ORs: an IN list is only put together at run time."""
    return sa.or_(*(column == value for value in values))


class Insert(Statement):
    """An insert of whole rows: what a row leaves out is filled with the column's default."""

    __slots__ = ("table",)

    def __init__(self, table: sa.Table) -> None:
        super().__init__(table.insert())
        self.table = table


class Session:
    """One open connection inside one transaction.

    `before` is called before every statement that might look for rows which still wait.
    """

    def __init__(self, connection: sa.Connection) -> None:
        self.before: Callable[[], None] | None = None
        self.connection = connection
        self.dialect = connection.dialect
        self.driver = cast("DBAPIConnection", connection.connection.dbapi_connection)
        self._cursor = self.driver.cursor()

    @property
    def is_sqlite(self) -> bool:
        return self.dialect.name == "sqlite"

    def _execute(self, statement: Statement, params: Params) -> Any:
        if self.before is not None and not statement.apart:
            self.before()
        sql, base, order = statement.prepared(self.dialect)
        if order is None:
            self._cursor.execute(sql, {**base, **params})
        else:
            self._cursor.execute(sql, [params[n] if n in params else base[n] for n in order])
        return self._cursor

    def rows(self, statement: Statement, **params: Any) -> list[Row]:
        found: list[Row] = self._execute(statement, params).fetchall()
        return found

    def row(self, statement: Statement, **params: Any) -> Row | None:
        found: Row | None = self._execute(statement, params).fetchone()
        return found

    def run(self, statement: Statement, **params: Any) -> int:
        """Execute a write; returns how many rows changed."""
        count: int = self._execute(statement, params).rowcount
        return count

    def insert(self, statement: Insert, new: Sequence[Params]) -> None:
        if not new:
            return
        sql, _, order = statement.prepared(self.dialect)
        base = rows.defaults(statement.table)
        if order is not None:
            full = [[row[n] if n in row else base[n] for n in order] for row in new]
            self._cursor.executemany(sql, full)
        elif len(new) == 1:
            self._cursor.execute(sql, {**base, **new[0]})
        else:
            self._cursor.executemany(sql, [{**base, **row} for row in new])

    @contextmanager
    def together(self) -> Iterator[None]:
        """Send the writes inside without waiting for each answer: one round trip to PostgreSQL."""
        if self.is_sqlite:
            yield
            return
        with cast("Any", self.driver).pipeline():
            yield

    def plain(self, sql: str) -> None:
        self._cursor.execute(sql)

    def select(self, clause: sa.Select[*tuple[Any, ...]]) -> Sequence[Any]:
        """A select that is put together at run time (lists with filters): off the hot paths."""
        if self.before is not None:
            self.before()
        return self.connection.execute(clause).fetchall()


class Database:
    """One database by URL (`sqlite:///path` or `postgresql+psycopg://…`)."""

    def __init__(self, url: str, *, pool_size: int = 8, durable: bool = True) -> None:
        """`durable=False` is for a sandbox that is only being furnished: a crash may lose it."""
        self.url = sa.make_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self._begin_reading = "BEGIN" if self.is_sqlite else "BEGIN READ ONLY"
        self._begin_writing = "BEGIN IMMEDIATE" if self.is_sqlite else "BEGIN"
        self._idle: deque[Session] = deque()
        self._closed = False
        if self.is_sqlite:
            self.engine = sa.create_engine(self.url, pool_size=pool_size, max_overflow=32)
            _prepare_sqlite(self.engine, durable)
        else:
            self.engine = sa.create_engine(
                self.url,
                pool_size=pool_size,
                max_overflow=16,
                pool_pre_ping=True,
                connect_args={"options": "-c lock_timeout=10s -c statement_timeout=60s"},
            )

    @property
    def path(self) -> str | None:
        return self.url.database if self.is_sqlite else None

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A snapshot for questions; nothing can be written through it."""
        session = self._begun(self._begin_reading)
        try:
            yield session
        finally:
            self._take_back(session)

    @contextmanager
    def write(self) -> Iterator[Session]:
        """One transaction: all that is done inside is committed at the end, or nothing."""
        session = self._begun(self._begin_writing)
        try:
            yield session
            session.plain("COMMIT")
        except BaseException:
            self._take_back(session)
            raise
        self._keep(session)

    def _begun(self, begin: str) -> Session:
        """Connections stay open in between: checking one out of the pool and beginning through
        SQLAlchemy costs more than most questions."""
        while self._idle:
            session = self._idle.pop()
            try:
                session.plain(begin)
                return session
            except Exception as problem:
                _drop(session)
                if self.is_sqlite:
                    raise  # a file is not a server that hung up: another connection fares no better
                log.debug("an idle connection was lost: %s", problem)
        connection = self.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        session = Session(connection)
        try:
            session.plain(begin)
        except BaseException:
            _drop(session)
            raise
        return session

    def _take_back(self, session: Session) -> None:
        try:
            session.plain("ROLLBACK")
        except Exception as problem:  # noqa: BLE001 (whatever happened to it, nobody may get it)
            log.debug("a connection was lost: %s", problem)
            _drop(session)
        else:
            self._keep(session)

    def _keep(self, session: Session) -> None:
        session.before = None
        if len(self._idle) < IDLE_KEPT and not self._closed:
            self._idle.append(session)
        else:
            session.connection.close()

    def close(self) -> None:
        self._closed = True
        while self._idle:
            self._idle.pop().connection.close()
        self.engine.dispose()


def _drop(session: Session) -> None:
    session.connection.invalidate()
    session.connection.close()


def _prepare_sqlite(engine: sa.Engine, durable: bool) -> None:
    """The driver begins nothing by itself (its own habit oversells): `read` and `write` say how."""

    @sa_event.listens_for(engine, "connect")
    def settle(driver: sqlite3.Connection, _record: object) -> None:
        driver.isolation_level = None
        for pragma in (
            "journal_mode=WAL",
            f"synchronous={'FULL' if durable else 'OFF'}",
            "busy_timeout=10000",
            "foreign_keys=ON",
            "cache_size=-65536",
            "temp_store=MEMORY",
        ):
            driver.execute(f"PRAGMA {pragma}")
