"""What must always be true is asked of every database after the test that used it."""

from __future__ import annotations

import sqlite3
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


def of_file(path: Path, schema: int) -> None:
    """Ask a SQLite file; about the schema only if its version is not `schema` any more."""
    _file.path = path
    with _file.engine.connect() as connection:
        session = Session(connection)
        session.name = f"sqlite:///{path}"
        broken = of_rows(session) if _version(connection) == schema else breakers(session.name)
    assert not broken, "\n".join(broken)


def schema_version(path: Path) -> int:
    _file.path = path
    with _file.engine.connect() as connection:
        return _version(connection)


def _version(connection: sa.Connection) -> int:
    return int(connection.exec_driver_sql("PRAGMA schema_version").scalar_one())


class _File:
    """One engine for whatever file is asked about: it compiles each question once."""

    def __init__(self) -> None:
        self.path = Path()
        self.engine = sa.create_engine(
            "sqlite://",
            creator=lambda: sqlite3.connect(self.path),
            poolclass=sa.NullPool,
            isolation_level="AUTOCOMMIT",
        )


_file = _File()
