"""What must always be true is asked of every database after the test that used it."""

from __future__ import annotations

import sqlalchemy as sa

from core.db import invariants
from core.db.connection import Database


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
