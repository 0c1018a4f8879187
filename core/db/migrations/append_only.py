"""Triggers that refuse to change or delete what has been written, on both databases."""

from __future__ import annotations

from typing import Any


def protect(op: Any, table: str) -> None:
    """Make a table append-only."""
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            )
        return
    op.execute(
        f"CREATE FUNCTION {table}_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{table} is append-only'; END $$"
    )
    op.execute(
        f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} "
        f"FOR EACH ROW EXECUTE FUNCTION {table}_append_only()"
    )


def protect_ended(op: Any, table: str, ended: str) -> None:
    """Make rows unchangeable once they have ended; `ended` is a condition on {row}."""
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_ended_no_{verb.lower()} BEFORE {verb} ON {table} "
                f"WHEN {ended.format(row='OLD')} "
                f"BEGIN SELECT RAISE(ABORT, '{table} has ended'); END"
            )
        return
    op.execute(
        f"CREATE FUNCTION {table}_ended() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{table} has ended'; END $$"
    )
    op.execute(
        f"CREATE TRIGGER {table}_ended BEFORE UPDATE OR DELETE ON {table} "
        f"FOR EACH ROW WHEN ({ended.format(row='OLD')}) EXECUTE FUNCTION {table}_ended()"
    )
