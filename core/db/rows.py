"""Small translations between rows and Python: moments, JSON text and column defaults."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from operator import itemgetter
from typing import Any

import msgspec
import sqlalchemy as sa

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_encode = msgspec.json.Encoder().encode


def micros(at: datetime) -> int:
    """UTC microseconds of an aware moment; a naive one is a bug and raises."""
    return (at - _EPOCH) // _MICROSECOND


def micros_or_none(at: datetime | None) -> int | None:
    return None if at is None else micros(at)


def row_of(record: object, columns: Iterable[sa.ColumnElement[Any]]) -> dict[str, Any]:
    """What a record has by the names of these columns, as it is stored: moments and truths are
    numbers."""
    names = (column.key for column in columns)
    return {name: _stored(getattr(record, name)) for name in names if name is not None}


def _stored(value: Any) -> Any:
    if isinstance(value, datetime):
        return micros(value)
    return int(value) if isinstance(value, bool) else value


def moment(value: int) -> datetime:
    return _EPOCH + timedelta(microseconds=value)


def moment_or_none(value: int | None) -> datetime | None:
    return None if value is None else moment(value)


def to_json(value: Any) -> str:
    return _encode(value).decode()


def to_document(table: sa.Table, new: Iterable[Mapping[str, Any]]) -> str:
    """Whole rows as PostgreSQL reads them from JSON; bytes are written as it writes them itself."""
    base = defaults(table)
    full = [{**base, **row} for row in new]
    for name in _bytes_in(table):
        for row in full:
            if row[name] is not None:
                row[name] = f"\\x{row[name].hex()}"
    return to_json(full)


@cache
def _bytes_in(table: sa.Table) -> list[str]:
    return [c.name for c in table.columns if isinstance(c.type, sa.LargeBinary)]


@cache
def whole_row(table: sa.Table) -> Callable[[Mapping[str, Any]], tuple[Any, ...]]:
    """Makes of what a row has the values of all columns in their order."""
    base = defaults(table)
    read = itemgetter(*base)
    return lambda row: read({**base, **row})


def from_json(text: str) -> Any:
    return msgspec.json.decode(text)


@cache
def defaults(table: sa.Table) -> dict[str, Any]:
    """Every column of the table with what it holds when nobody says otherwise."""
    return {column.name: _default(column) for column in table.columns}


def _default(column: sa.Column[Any]) -> Any:
    default = column.server_default
    if not isinstance(default, sa.DefaultClause):
        return None
    text = str(default.arg)
    return text if isinstance(column.type, sa.Text) else int(text)
