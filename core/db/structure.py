"""Is the database itself sound: its guards, settings, revision, and everything the code expects?

Each look answers with what is wrong, as words; an empty list is good.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from core.db import migrate
from core.db.connection import Session
from core.db.tables import metadata
from core.db.views import VIEWS

PROTECTED = (
    "stock_move",
    "audit",
    "hold_answer",
    "routing_rules",
    "routing_activation",
    "credit_entry",
    "document",
)


def ask(query: str, session: Session) -> list[str]:
    """The rows of a query without parameters as words."""
    rows = session.driver.execute(query).fetchall()
    return [" ".join(str(value) for value in row) for row in rows]


def unprotected(session: Session) -> list[str]:
    """Ledgers whose triggers against rewriting are gone."""
    names = ask(
        "select name from sqlite_master where type = 'trigger'"
        if session.is_sqlite
        else "select tgname from pg_trigger where not tgisinternal",
        session,
    )
    wanted = {
        table: (f"{table}_no_update", f"{table}_no_delete")
        if session.is_sqlite
        else (f"{table}_append_only",)
        for table in PROTECTED
    }
    return [table for table, triggers in wanted.items() if not set(triggers) <= set(names)]


def unsafe_settings(session: Session) -> list[str]:
    if not session.is_sqlite:
        return ask("select conname from pg_constraint where not convalidated", session)
    wanted: dict[str, Any] = {"foreign_keys": 1, "journal_mode": "wal", "synchronous": 2}
    found = {name: _pragma(session, name)[0] for name in wanted}
    wrong = [f"{name} = {found[name]}" for name in wanted if str(wanted[name]) != found[name]]
    return wrong + ([] if int(_pragma(session, "busy_timeout")[0]) else ["busy_timeout = 0"])


def damaged(session: Session) -> list[str]:
    if not session.is_sqlite:
        return ask("select indexrelid from pg_index where not indisvalid", session)
    return _pragma(session, "foreign_key_check") + [
        line for line in _pragma(session, "quick_check") if line != "ok"
    ]


def _pragma(session: Session, name: str) -> list[str]:
    return [
        " ".join(str(value) for value in row)
        for row in session.connection.exec_driver_sql(f"PRAGMA {name}").fetchall()
    ]


def wrong_revision(session: Session) -> list[str]:
    found = migrate.revision_of(session.connection)
    return [] if found == migrate.HEAD else [f"{found} instead of {migrate.HEAD}"]


def missing_names(session: Session) -> list[str]:
    """Tables, views, indexes and constraints of the code that the database lacks."""
    there = _names_there(session)
    return sorted(name for name in _names_in_code(session.dialect) if name not in there)


def _names_in_code(dialect: sa.Dialect) -> set[str]:
    preparer = dialect.identifier_preparer
    names = {*metadata.tables, *VIEWS}
    for table in metadata.tables.values():
        names |= {str(index.name) for index in table.indexes}
        names |= {
            str(preparer.format_constraint(rule)).strip('"')
            for rule in table.constraints
            if isinstance(rule, sa.CheckConstraint | sa.UniqueConstraint)
        }
    return names


def _names_there(session: Session) -> set[str]:
    if session.is_sqlite:
        names = set(ask("select name from sqlite_master", session))
        made = " ".join(ask("select coalesce(sql, '') from sqlite_master", session))
        return names | {word.strip('"') for word in made.split()}
    return set(
        ask("select relname from pg_class", session)
        + ask("select conname from pg_constraint", session)
    )
