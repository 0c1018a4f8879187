"""Telling the database's own errors apart: what to run again, what is a broken rule."""

from __future__ import annotations

import sqlite3

from sqlalchemy.exc import DBAPIError

from core.domain.refusals import Unavailable

RETRY_STATES = ("40001", "40P01")  # serialization failure, deadlock


def cause_of(problem: BaseException) -> BaseException:
    """The driver's error inside SQLAlchemy's wrapping."""
    return problem.orig if isinstance(problem, DBAPIError) and problem.orig else problem


def _state(problem: BaseException) -> str:
    return str(getattr(cause_of(problem), "sqlstate", None) or "")


def is_retryable(problem: BaseException) -> bool:
    """PostgreSQL asks to run the whole transaction again."""
    return _state(problem) in RETRY_STATES


def is_integrity(problem: BaseException) -> bool:
    """A constraint said no."""
    cause = cause_of(problem)
    return isinstance(cause, sqlite3.IntegrityError) or _state(problem).startswith("23")


def is_transient(problem: BaseException) -> bool:
    """The database itself cannot go on: not a matter of this one command."""
    cause = cause_of(problem)
    if isinstance(cause, Unavailable):
        return True
    if isinstance(cause, sqlite3.Error):
        return any(word in str(cause).lower() for word in _SQLITE_TROUBLE)
    if type(cause).__module__.startswith("psycopg"):
        # Words that cannot be sent at all (a NUL) are not a server that does not answer.
        silent = not _state(problem) and type(cause).__name__ != "DataError"
        return silent or _state(problem)[:2] in _POSTGRES_TROUBLE
    return False


_SQLITE_TROUBLE = ("disk", "full", "locked", "i/o", "readonly", "malformed", "unable to open")
# connection, transaction rollback, out of resources, lock timeout, operator, system
_POSTGRES_TROUBLE = ("08", "40", "53", "55", "57", "58")
