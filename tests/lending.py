"""A clean database for each test: a copied file, or a PostgreSQL database that was swept.

To create and drop a database costs PostgreSQL more than most tests do in it. So each process of
the run keeps a few: when a test gives one back, its rows are deleted and its catalog is compared
with what it was; one that is not as new is dropped. A server where we may not switch triggers off
(`WISMO_TEST_POSTGRES_URL` without a superuser) makes a new database for each test instead.
"""

from __future__ import annotations

import atexit
import contextlib
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import psycopg
import sqlalchemy as sa

from core.db.connection import Database
from core.db.migrate import migrate
from core.db.tables import metadata
from tests import postgres, standing, truths

LOANS = 60  # deleted rows leave their place behind: after so many tests a new database is faster
PATIENCE = 1000  # looks, 2 ms apart, for those who were told to hang up

lent: set[str] = set()  # URLs of databases that are migrated already


@contextlib.contextmanager
def lend(kind: str, *, ask: bool = True) -> Iterator[str]:
    """The URL of a database without rows, at the code's revision.

    At the end it is asked what must always be true, unless `ask` is false.
    """
    with _sqlite(ask) if kind == "sqlite" else _postgresql(ask) as url:
        lent.add(url)
        try:
            yield url
        finally:
            lent.discard(url)


def _migrate(url: str) -> None:
    database = Database(url)
    migrate(database)
    database.close()


# --- SQLite: a copied file -----------------------------------------------------------------------


@contextlib.contextmanager
def _sqlite(ask: bool) -> Iterator[str]:
    template, schema = _migrated_file()
    folder = Path(tempfile.mkdtemp(prefix="wismo-lent-"))
    path = folder / "wismo.db"
    try:
        shutil.copyfile(template, path)
        yield f"sqlite:///{path}"
        if ask:
            truths.of_file(path, schema)
    finally:
        shutil.rmtree(folder)


@cache
def _migrated_file() -> tuple[Path, int]:
    """The file that is copied, and the version of its schema."""
    folder = tempfile.mkdtemp(prefix="wismo-template-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    path = Path(folder) / "wismo.db"
    _migrate(f"sqlite:///{path}")
    return path, truths.schema_version(path)


# --- PostgreSQL: a database that is swept --------------------------------------------------------


@dataclass(slots=True)
class _Kept:
    """A database with the connections that look after it: one asks, one deletes, if it may."""

    url: str
    keeper: Database
    sweeper: psycopg.Connection | None
    shape: str
    loans: int = 0

    @property
    def name(self) -> str:
        return str(self.keeper.url.database)

    def close(self) -> None:
        standing.forget(self.name)
        self.keeper.close()
        if self.sweeper is not None:
            self.sweeper.close()


_free: list[_Kept] = []


@contextlib.contextmanager
def _postgresql(ask: bool) -> Iterator[str]:
    kept = _free.pop() if _free else _made()
    try:
        url = _another_name(kept)
        yield url
        if ask:
            _ask_whether_true(kept, url)
    finally:
        _give_back(kept)


def _another_name(kept: _Kept) -> str:
    """A process remembers shops by the URL of their database: a later test must not find them."""
    kept.loans += 1
    sign = "&" if "?" in kept.url else "?"
    return f"{kept.url}{sign}application_name={standing.LOAN}{kept.loans}"


def _made() -> _Kept:
    url = postgres.fresh_database(_migrate)
    keeper = Database(url, pool_size=1)
    with keeper.write() as session:
        session.driver.prepared_max = 1000  # all that is asked after each test, by every sentence
        session.driver.prepare_threshold = 0
        shape = str(_ask(session.connection, SHAPE))
        return _Kept(url, keeper, postgres.sweeper(url), shape)


def _ask_whether_true(kept: _Kept, url: str) -> None:
    with kept.keeper.read() as session:
        session.name = url
        is_as_lent = _ask(session.connection, SHAPE) == kept.shape
        broken = truths.of_rows(session) if is_as_lent else truths.breakers(kept.url)
    assert not broken, "\n".join(broken)


def _give_back(kept: _Kept) -> None:
    if kept.loans < LOANS and _is_swept(kept):
        _free.append(kept)
    else:
        _drop(kept)


def _drop(kept: _Kept) -> None:
    kept.close()
    postgres.drop_database(kept.url)


def close() -> None:
    """At the end of the run: the session drops its databases by itself."""
    while _free:
        _free.pop().close()


def _is_swept(kept: _Kept) -> bool:
    """Whether the database is as new again: nobody else there, no rows, the catalog as it was."""
    if kept.sweeper is None:
        return False
    with contextlib.suppress(sa.exc.DBAPIError, psycopg.Error):
        with kept.keeper.write() as session:
            ours = [kept.sweeper.info.backend_pid, *standing.servers(kept.name)]
            if not _is_alone(session.connection, ours):
                return False
            filled = session.connection.exec_driver_sql(FILLED).scalars().all()
            session.commit()  # after a rollback psycopg would forget what it has prepared
        _sweep(kept.sweeper, filled)
        with kept.keeper.read() as after:
            return _ask(after.connection, SHAPE) == kept.shape
    return False


def _sweep(sweeper: psycopg.Connection, tables: Sequence[str]) -> None:
    with sweeper.pipeline():
        for table in tables:
            sweeper.execute(f'DELETE FROM "{table}"'.encode())


def _is_alone(connection: sa.Connection, ours: list[int]) -> bool:
    def others() -> object:
        return connection.exec_driver_sql(HANG_UP, (ours,)).scalar_one()

    return any(others() == 0 for _ in range(PATIENCE) if _looks_anew(connection))


def _looks_anew(connection: sa.Connection) -> bool:
    """Within a transaction the server would show the same picture of its connections for ever."""
    connection.exec_driver_sql("SELECT pg_stat_clear_snapshot()")
    return True


def _ask(connection: sa.Connection, query: str) -> object:
    return connection.exec_driver_sql(query).scalar_one()


# A connection that was told to hang up needs a moment; those who ask again must not find it.
HANG_UP = """
    SELECT count(pg_terminate_backend(pid)) + count(pg_sleep(0.002)) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
        AND pid <> ALL (%s::int[]) AND backend_type = 'client backend'
"""
FILLED = " UNION ALL ".join(
    f"SELECT '{name}' WHERE EXISTS (SELECT 1 FROM \"{name}\")" for name in metadata.tables
)
# Who wrote each row of the catalog: any change of the schema writes at least one of them.
SHAPE = "SELECT concat_ws('/', {}, (SELECT min(version_num) FROM alembic_version))".format(
    ", ".join(
        f"(SELECT count(*) || ':' || sum(hashint8(xmin::text::bigint)::bigint) FROM {catalog})"
        for catalog in (
            "pg_class WHERE oid >= 16384",
            "pg_attrdef",
            "pg_constraint",
            "pg_index WHERE indexrelid >= 16384",
            "pg_proc WHERE oid >= 16384",
            "pg_trigger",
        )
    )
)
