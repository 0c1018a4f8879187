"""Connections to PostgreSQL that outlive the engine which closes them, for the next test's engine.

A new connection costs the server a process that has to learn every table and to plan every
statement; most tests ask little more than that. What a test has set is taken back, what the server
has prepared stays. A connection that was lost, left in the middle of something, or opened to any
other database than a lent one is opened and closed as ever.
"""

from __future__ import annotations

import os
from collections import defaultdict, deque
from collections.abc import Collection
from typing import Any

import psycopg
import sqlalchemy as sa
from psycopg.pq import TransactionStatus

LOAN = "loan-"  # how the application_name in the URL of a lent database begins

KEPT = 4  # of each kind: a crowd of engines must not leave its whole crowd of connections

_Key = tuple[object, ...]


class _Standing(psycopg.Connection[tuple[Any, ...]]):
    key: _Key

    def close(self) -> None:
        waiting = _waiting[self.key]
        if self.info.transaction_status == TransactionStatus.IDLE and len(waiting) < KEPT:
            waiting.append(self)
        else:
            super().close()

    def close_for_good(self) -> None:
        super().close()

    def is_as_new(self, name: str) -> bool:
        """Whether it still has its server; what was set by whoever had it is taken back."""
        try:
            self.set_autocommit(True)
            self.execute(_AS_NEW.format(name).encode(), prepare=False)
            self.set_autocommit(False)
        except psycopg.Error:
            self.close_for_good()
            return False
        return True


_AS_NEW = "RESET ALL; SET application_name = '{}'; SELECT pg_advisory_unlock_all()"

_waiting: defaultdict[_Key, deque[_Standing]] = defaultdict(deque)


@sa.event.listens_for(sa.Engine, "do_connect")
def _connect(
    _dialect: sa.Dialect, _record: object, _cargs: object, cparams: dict[str, Any]
) -> _Standing | None:
    """Another's connection that is free, else a new one; none of ours is left to SQLAlchemy."""
    name = str(cparams.get("application_name", ""))
    if not name.startswith(LOAN):
        return None
    key = _key(cparams)
    return _free(key, name) or _opened(key, cparams)


def _key(cparams: dict[str, Any]) -> _Key:
    """Not another process's: a fork must leave the connections of its parent alone."""
    told = (cparams.get(each) for each in ("host", "port", "dbname", "user", "options"))
    return (os.getpid(), *told)


def _free(key: _Key, name: str) -> _Standing | None:
    waiting = _waiting[key]
    while waiting:
        connection = waiting.pop()
        if connection.is_as_new(name):
            return connection
    return None


def _opened(key: _Key, cparams: dict[str, Any]) -> _Standing:
    connection = _Standing.connect(**cparams)
    connection.key = key
    return connection


# --- whoever lends databases ---------------------------------------------------------------------


def servers(database: str) -> Collection[int]:
    """The server's processes that wait for the next engine of this database."""
    return [each.info.backend_pid for key in _of(database) for each in [*_waiting[key]]]


def forget(database: str) -> None:
    """Close what waits for it: the database is about to go."""
    for key in _of(database):
        for connection in _waiting.pop(key):
            connection.close_for_good()


def _of(database: str) -> list[_Key]:
    return [key for key in [*_waiting] if key[0] == os.getpid() and key[3] == database]
