"""One question asked for many: the same statement with each of several sets of parameters."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from core.db.rows import to_json

Row = tuple[Any, ...]
Params = Mapping[str, Any]


class Known:
    """The answer to a question that was asked ahead; it may be looked at more than once."""

    __slots__ = ("_rows",)

    def __init__(self, rows: list[Row]) -> None:
        self._rows = rows

    def fetchall(self) -> list[Row]:
        return self._rows

    def fetchone(self) -> Row | None:
        return self._rows[0] if self._rows else None


def of_each(sql: str, asked: Sequence[Params]) -> tuple[str, list[str]]:
    """Statement and parameters for PostgreSQL, which answers as `answers` takes apart.

    However many there are, it is one text: the server plans it once. `OFFSET 0` keeps it from
    making one join of it all, which it would do by reading whole tables while they are small, and
    go on doing while they grow.
    """
    names = tuple(asked[0])
    kinds = tuple(isinstance(asked[0][name], int) for name in names)
    document = to_json([{**params, "n": n} for n, params in enumerate(asked)])
    return _of_each(sql, names, kinds), [document]


@cache
def _of_each(sql: str, names: tuple[str, ...], are_whole: tuple[bool, ...]) -> str:
    columns = ["n int"]
    for name, is_whole in zip(names, are_whole, strict=True):
        sql = sql.replace(f"%({name})s", f'k."{name}"')
        columns.append(f'"{name}" {"bigint" if is_whole else "text"}')
    given = f"json_to_recordset(%s) AS k({', '.join(columns)})"
    return f"SELECT k.n, q.* FROM {given} CROSS JOIN LATERAL ({sql} OFFSET 0) AS q"  # noqa: S608


def answers(asked: Sequence[Params], rows: Iterable[Row]) -> Iterator[tuple[Params, Known]]:
    """Each set of parameters with its own rows."""
    if len(asked) == 1:
        yield asked[0], Known(list(rows))
        return
    found: list[list[Row]] = [[] for _ in asked]
    for n, *row in rows:
        found[n].append(tuple(row))
    yield from ((params, Known(own)) for params, own in zip(asked, found, strict=True))
