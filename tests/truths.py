"""What must always be true is asked of every database after the test that used it."""

from __future__ import annotations

import atexit
import shutil
import sqlite3
import tempfile
import threading
from functools import cache, partial
from pathlib import Path

import sqlalchemy as sa

from core.db import invariants, structure
from core.db.connection import Database, Session
from core.db.invariants import Check

# What only a change of the schema or of a connection's settings can break.
OF_THE_SCHEMA = frozenset({"I-06c", "I-35", "I-36", "I-36b"})


def breakers(url: str) -> list[str]:
    """The violated sentences with the first of their breakers; none for a foreign schema."""
    database = Database(url, pool_size=1)
    try:
        if not sa.inspect(database.engine).has_table("order_line"):
            return []
        with database.read() as session:
            found = invariants.run(session, invariants.VIOLATION)
        return [f"{r.id} {r.sentence}: {', '.join(r.sample)}" for r in found if not r.ok]
    finally:
        database.close()


def hold(url: str) -> None:
    broken = breakers(url)
    assert not broken, "\n".join(broken)


# --- where the schema is known to be as it was ---------------------------------------------------


def of_rows(session: Session, but: frozenset[str] = OF_THE_SCHEMA) -> list[str]:
    """The sentences that are violated, without those whose ids are given.

    Most of them are asked in one statement, each by itself only if that has found something.
    """
    checks = _checks(but)
    if session.driver.execute(_anything(but)).fetchone() is None:
        checks = {sentence: check for sentence, check in checks.items() if not query(check)}
    found = {sentence: check.breakers(session) for sentence, check in checks.items()}
    return [f"{sentence}: {', '.join(keys[:10])}" for sentence, keys in found.items() if keys]


@cache
def _checks(but: frozenset[str]) -> dict[str, Check]:
    return {
        sentence: check
        for sentence, check in invariants.INVARIANTS.items()
        if check.severity == invariants.VIOLATION and check.id not in but
    }


@cache
def _anything(but: frozenset[str]) -> str:
    queries = [query(check) for check in _checks(but).values()]
    return " UNION ALL ".join(f"SELECT 1 WHERE EXISTS ({asked})" for asked in queries if asked)


def query(check: Check) -> str:
    """The query for the breakers of a sentence; empty when it takes more than a query."""
    asks = check.breakers
    return str(asks.args[0]) if isinstance(asks, partial) and asks.func is structure.ask else ""


# --- a SQLite file -------------------------------------------------------------------------------


def of_file(path: Path, schema: int) -> None:
    """Ask a SQLite file; about the schema only if its version is not `schema` any more."""
    data = bytearray(path.read_bytes())
    if _is_whole(path) and _schema_version(data) == schema:
        with _one_looks:
            broken = of_rows(_glass().show(data, f"sqlite:///{path}"))
    else:
        broken = breakers(f"sqlite:///{path}")
    assert not broken, "\n".join(broken)


def _is_whole(path: Path) -> bool:
    """Whether nothing is left to be merged into the file, as when somebody still has it open."""
    log = Path(f"{path}-wal")
    return not (log.exists() and log.stat().st_size)


def schema_version(path: Path) -> int:
    return _schema_version(path.read_bytes())


def _schema_version(data: bytes | bytearray) -> int:
    return int.from_bytes(data[40:44], "big")


_one_looks = threading.Lock()


class _Glass:
    """One open database, whose rows are exchanged below it for those that are looked at.

    To open a file costs SQLite the reading of its schema, and every question of ours anew. What an
    open connection knows stays true as long as the schema does: it only has to notice that the
    rows are others, by the counter in the file's head (https://sqlite.org/fileformat.html, 1.3).
    """

    def __init__(self) -> None:
        folder = tempfile.mkdtemp(prefix="wismo-glass-")
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        self._path = Path(folder) / "wismo.db"
        self._path.touch()
        self._shown = 0
        self._session: Session | None = None

    def show(self, data: bytearray, name: str) -> Session:
        """A session that sees these bytes of a file, and remembers its shops under that name."""
        self._shown += 1
        counter = self._shown.to_bytes(4, "big")
        data[18:20] = b"\1\1"  # no log beside the file: changes are told by the counter
        data[24:28] = data[92:96] = counter
        with self._path.open("r+b") as file:
            file.write(data)
            file.truncate()
        if self._session is None:
            self._session = Session(self._connect())
        self._session.name = name
        return self._session

    def _connect(self) -> sa.Connection:
        engine = sa.create_engine(
            "sqlite://",
            creator=lambda: sqlite3.connect(
                self._path, cached_statements=1000, check_same_thread=False
            ),
            poolclass=sa.NullPool,
            isolation_level="AUTOCOMMIT",
        )
        return engine.connect()


@cache
def _glass() -> _Glass:
    """Made late, where the run keeps its files."""
    return _Glass()
