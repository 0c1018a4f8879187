"""The values of an imported row: each is there and of its kind, or refused by its name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from core.domain.refusals import Invalid

Row = Mapping[str, Any]
Read = Callable[[Row, str], Any]
MOST = 10**12  # no count and no price reaches it; every database holds it


def whole(row: Row, name: str) -> int:
    """A whole number from 0. Raises Invalid when it is missing or something else."""
    value = _there(row, name)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < MOST:
        raise _no(name, value, "whole number", "Write 0 or more, without a sign or a comma.")
    return value


def text(row: Row, name: str) -> str:
    """Raises Invalid when it is missing or no text."""
    value = _there(row, name)
    if not isinstance(value, str):
        raise _no(name, value, "text", "Put it between quotes.")
    return value


def number(row: Row, name: str) -> float:
    """Raises Invalid when it is missing or no number."""
    value = _there(row, name)
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise _no(name, value, "number", "Write it as 52.5.")
    return float(value)


def yes(row: Row, name: str) -> bool:
    """True or false, also as 1 or 0. Raises Invalid when it is missing or neither."""
    value = _there(row, name)
    if not isinstance(value, int) or value not in (0, 1):
        raise _no(name, value, "yes or no", "Write true or false.")
    return bool(value)


def words(row: Row, name: str) -> tuple[str, ...]:
    """A list of texts. Raises Invalid when it is missing or something else."""
    value = _there(row, name)
    if not isinstance(value, list | tuple) or not all(isinstance(one, str) for one in value):
        raise _no(name, value, "list of words", 'Write it as ["cold", "national"].')
    return tuple(value)


def known(row: Row, columns: Mapping[str, Read]) -> dict[str, Any]:
    """What a row says, read column by column; what it leaves out stays out. Raises Invalid, also
    for a column that there is not: a slip must not pass as done."""
    strange = [name for name in row if name not in columns]
    if strange:
        there_are = f"Columns: {', '.join(columns)}."
        raise Invalid(f"There is no column {strange[0][:80]}.", there_are)
    return {name: columns[name](row, name) for name in row if row[name] is not None}


def _there(row: Row, name: str) -> Any:
    value = row.get(name)
    if value is None:
        raise Invalid(f"This row lacks {name}.")
    return value


def _no(name: str, value: Any, kind: str, next_: str) -> Invalid:
    return Invalid(f"{name} is no {kind}: “{str(value)[:40]}”.", next_)
