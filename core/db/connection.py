"""Opening a database: SQLite or PostgreSQL, prepared statements, and sessions that run them."""

from __future__ import annotations

import logging
import select
import sqlite3
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy import event as sa_event

from core.db import at_once, rows

log = logging.getLogger("wismo.db")

IDLE_KEPT = 16
IN_ERROR = 3  # libpq's word for a transaction in which a statement has failed
# An index is worth it on small tables too: the server's own idea of disks would read them whole.
SERVER_SETTINGS = ("lock_timeout=10s", "statement_timeout=60s", "random_page_cost=1.1")
READ_SNAPSHOT = (
    "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"  # all its questions see one moment
)

Row = at_once.Row
Params = at_once.Params


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


Question = tuple[Statement, Params]


def one_of(column: sa.ColumnElement[Any], values: Sequence[Any]) -> sa.ColumnElement[bool]:
    """`column IN values` as a chain of ORs: an IN list is only put together at run time."""
    return sa.or_(*(column == value for value in values))


class Insert(Statement):
    """An insert of whole rows: what a row leaves out is filled with the column's default."""

    __slots__ = ("of_document", "table")

    def __init__(self, table: sa.Table) -> None:
        super().__init__(table.insert())
        self.table = table
        self.of_document = _insert_of_document(table)


def _insert_of_document(table: sa.Table) -> str:
    """For a server: all rows as one JSON text, however many they are."""
    names = ", ".join(f'"{column.name}"' for column in table.columns)
    source = f'json_populate_recordset(NULL::"{table.name}", %s)'
    return f'INSERT INTO "{table.name}" ({names}) SELECT {names} FROM {source}'  # noqa: S608


class Session:
    """One open connection inside one transaction.

    `before` is called before every statement that might look for rows which still wait.
    """

    def __init__(self, connection: sa.Connection) -> None:
        self.before: Callable[[], None] | None = None
        self.name = str(connection.engine.url)
        self.dialect = connection.dialect
        self.is_sqlite = connection.dialect.name == "sqlite"
        self.driver = cast("Any", connection.connection.dbapi_connection)
        self._connection = connection
        self._cursor = self.driver.cursor()
        self._unsent: list[str] = []  # PostgreSQL: they travel with the next statement
        self._is_piping = False
        self._poll: select.poll | None = None
        self.answers: dict[Any, Any] = {}  # to questions that were asked ahead
        self.one_by_one = False  # wait for each answer: an error must not fall on what follows it
        self.has_written = False  # since the transaction began

    @property
    def connection(self) -> sa.Connection:
        """SQLAlchemy's own, for what is put together at run time."""
        self.has_written = True  # nobody here sees what it is used for
        self._send()
        return self._connection

    # --- the transaction -------------------------------------------------------------------------

    def begin(self, *sqls: str, at_once: bool = False) -> None:
        """Begin; a server is told together with the first statement, unless `at_once`."""
        for sql in sqls:
            self.plain(sql)
        if at_once:
            self._send()

    def plain(self, sql: str) -> None:
        """A statement without an answer: BEGIN, SAVEPOINT and their like."""
        if self.is_sqlite:
            self._cursor.execute(sql)
        else:
            self._unsent.append(sql)

    def _send(self) -> None:
        """What was not sent yet, before what is asked now."""
        unsent, self._unsent = self._unsent, []
        for sql in unsent:
            self.driver.execute(sql)

    def commit(self) -> None:
        """Everything since the beginning stays."""
        self.plain("COMMIT")
        self._send()
        self._forget()

    def roll_back(self) -> None:
        """Nothing of what was not committed stays."""
        self._forget()
        self._unsent.clear()
        if self.is_in_transaction:
            self.driver.rollback()  # which makes psycopg forget what it had prepared meanwhile

    def _forget(self) -> None:
        self.before = None
        self.one_by_one = self.has_written = False
        self.answers.clear()

    @property
    def is_in_transaction(self) -> bool:
        """What the database itself says: a full disk ends a transaction under SQLite's feet."""
        if self.is_sqlite:
            return bool(self.driver.in_transaction)
        return bool(self.driver.pgconn.transaction_status)  # 0 is idle

    @property
    def is_lost(self) -> bool:
        """Whether the server has gone in the middle of something."""
        return not self.is_sqlite and bool(self.driver.closed)

    @property
    def has_failed(self) -> bool:
        """Whether a server answers nothing any more until this transaction is over."""
        return not self.is_sqlite and bool(self.driver.pgconn.transaction_status == IN_ERROR)

    @property
    def was_left(self) -> bool:
        """Whether a server has hung up while nothing was asked of it: it says so before it goes,
        and there is nothing else that it could have to say."""
        if self.is_sqlite:
            return False
        if self._poll is None:
            self._poll = select.poll()
            self._poll.register(self.driver.fileno(), select.POLLIN)
        return bool(self._poll.poll(0))

    # --- statements ------------------------------------------------------------------------------

    def _execute(self, statement: Statement, params: Params) -> Any:
        if self.before is not None and not statement.apart:
            self.before()
        if self.answers:
            known = self.answers.get(_asked(statement, params))
            if known is not None:
                return known
        sql, base, order = statement.prepared(self.dialect)
        if order is not None:
            self._cursor.execute(sql, [params[n] if n in params else base[n] for n in order])
        elif self._unsent:
            with self.together():
                self._cursor.execute(sql, {**base, **params})
        else:
            self._cursor.execute(sql, {**base, **params})
        return self._cursor

    def rows(self, statement: Statement, **params: Any) -> list[Row]:
        found: list[Row] = self._execute(statement, params).fetchall()
        return found

    def row(self, statement: Statement, **params: Any) -> Row | None:
        found: Row | None = self._execute(statement, params).fetchone()
        return found

    def run(self, statement: Statement, **params: Any) -> int:
        """Execute a write; returns how many rows changed."""
        self._write()
        count: int = self._execute(statement, params).rowcount
        return count

    def _write(self) -> None:
        """What was known may be different from now on."""
        self.has_written = True
        self.answers.clear()

    def run_each(self, writes: Sequence[tuple[Statement, Params]]) -> list[int]:
        """Execute writes one after the other; returns how many rows each of them changed."""
        self._write()
        if self.is_sqlite:
            return [self.run(statement, **params) for statement, params in writes]
        return [cursor.rowcount for cursor in self._ask(writes)]

    def look_ahead(self, questions: Sequence[Question]) -> None:
        """Ask a server many questions in one round trip; each answer is there when its question
        is asked, unless something was written in between."""
        if self.is_sqlite:
            return
        groups: dict[Statement, dict[Any, Params]] = {}
        for statement, params in questions:
            groups.setdefault(statement, {})[_asked(statement, params)] = params
        with self.together():
            found = [self._sent_of_each(s, list(asked.values())) for s, asked in groups.items()]
        for (statement, asked), cursor in zip(groups.items(), found, strict=True):
            for params, known in at_once.answers(list(asked.values()), cursor.fetchall()):
                self.answers[_asked(statement, params)] = known

    def _sent_of_each(self, statement: Statement, asked: Sequence[Params]) -> Any:
        if len(asked) == 1:
            return self._sent(statement, asked[0])
        sql, base, _ = statement.prepared(self.dialect)
        return self.driver.execute(*at_once.of_each(sql, [{**base, **params} for params in asked]))

    def _ask(self, statements: Sequence[tuple[Statement, Params]]) -> list[Any]:
        """Run statements on PostgreSQL in one round trip, each on a cursor of its own."""
        for statement, _ in statements:
            if self.before is not None and not statement.apart:
                self.before()
        with self.together():
            return [self._sent(statement, params) for statement, params in statements]

    def send(self, statement: Statement, **params: Any) -> None:
        """Execute on a server, inside `together`: only an error is of interest, and comes there."""
        self._sent(statement, params)

    def _sent(self, statement: Statement, params: Params) -> Any:
        sql, base, _ = statement.prepared(self.dialect)
        return self.driver.execute(sql, {**base, **params})

    def insert(self, new: Sequence[tuple[Insert, Sequence[Params]]]) -> None:
        """Write whole rows of some tables, parents before children."""
        if new:
            self._write()
        if self.is_sqlite:
            for statement, found in new:
                sql, _, _ = statement.prepared(self.dialect)
                self._cursor.executemany(sql, map(rows.whole_row(statement.table), found))
        elif new:
            documents = [rows.to_document(statement.table, found) for statement, found in new]
            with self.together():
                self._cursor.execute(_at_once(*(s.of_document for s, _ in new)), documents)

    @contextmanager
    def together(self) -> Iterator[None]:
        """Send what is done inside without waiting for each answer: one round trip to a server."""
        if self.is_sqlite or self._is_piping or self.one_by_one:
            self._send()
            yield
            return
        self._is_piping = True
        try:
            with self.driver.pipeline():
                self._send()
                yield
        finally:
            self._is_piping = False

    def select(self, clause: sa.Select[*tuple[Any, ...]]) -> Sequence[Any]:
        """A select that is put together at run time (lists with filters): off the hot paths."""
        if self.before is not None:
            self.before()
        return self.connection.execute(clause).fetchall()


@cache
def _at_once(*inserts: str) -> str:
    """Some inserts as one statement: the keys between their tables are checked at its end."""
    *others, last = inserts
    named = ", ".join(f"i{n} AS ({insert})" for n, insert in enumerate(others))
    return f"WITH {named} {last}" if others else last


def _asked(statement: Statement, params: Params) -> tuple[Any, ...]:
    return (statement, *sorted(params.items()))


class Database:
    """One database by URL (`sqlite:///path` or `postgresql+psycopg://…`)."""

    def __init__(self, url: str, *, pool_size: int = 8, durable: bool = True) -> None:
        """`durable=False` is for a sandbox that is only being furnished: a crash may lose it."""
        self.url = sa.make_url(url)
        self.name = str(self.url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self._begin_reading = "BEGIN" if self.is_sqlite else READ_SNAPSHOT
        self.begin_writing = "BEGIN IMMEDIATE" if self.is_sqlite else "BEGIN"
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
                connect_args={"options": " ".join(f"-c {each}" for each in SERVER_SETTINGS)},
            )

    @property
    def path(self) -> str | None:
        return self.url.database if self.is_sqlite else None

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A snapshot for questions; nothing can be written through it."""
        session = self._begun()
        try:
            yield session
            if not self.is_sqlite:
                session.commit()  # a rollback would make psycopg forget what it has prepared
        finally:
            self._take_back(session)

    @contextmanager
    def write(self) -> Iterator[Session]:
        """One transaction: it is kept if the session was told to commit, else nothing is."""
        session = self._spare() or self._opened()
        try:
            session.begin(self.begin_writing)
            yield session
        finally:
            self._take_back(session)

    def _begun(self) -> Session:
        """Connections stay open in between: checking one out of the pool and beginning through
        SQLAlchemy costs more than most questions."""
        while (session := self._spare()) is not None:
            try:
                session.begin(self._begin_reading, at_once=True)
                return session
            except Exception as problem:
                _drop(session)
                if self.is_sqlite:
                    raise  # a file is not a server that hung up: another connection fares no better
                log.debug("an idle connection was lost: %s", problem)
        session = self._opened()
        session.begin(self._begin_reading, at_once=True)
        return session

    def _spare(self) -> Session | None:
        """An idle session that still has its server, or None. To look first and then to take
        would lose to another thread."""
        while True:
            try:
                session = self._idle.pop()
            except IndexError:
                return None
            if not session.was_left:
                return session
            _drop(session)

    def _opened(self) -> Session:
        return Session(self.engine.connect().execution_options(isolation_level="AUTOCOMMIT"))

    def _take_back(self, session: Session) -> None:
        try:
            session.roll_back()
        except Exception as problem:  # noqa: BLE001 (whatever happened to it, nobody may get it)
            log.debug("a connection was lost: %s", problem)
            _drop(session)
        else:
            self._keep(session)

    def _keep(self, session: Session) -> None:
        if self._closed:
            _drop(session)  # the pool it came from is gone
        elif len(self._idle) < IDLE_KEPT:
            self._idle.append(session)
        else:
            session.connection.close()

    def close(self) -> None:
        self._closed = True
        while (session := self._spare()) is not None:
            session.connection.close()
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
            "wal_autocheckpoint=4000",  # pages: orders touch the same ones again and again
            "foreign_keys=ON",
            "cache_size=-65536",
            "temp_store=MEMORY",
        ):
            driver.execute(f"PRAGMA {pragma}")
