"""Whether a refund that somebody asks for looks like one that was made a moment ago."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from core.domain.refunds import Item, total_of, units_of

A_MOMENT = timedelta(minutes=15)  # so long a second one is asked about


def is_like(one: Iterable[Item], other: Iterable[Item]) -> bool:
    """The same units, whose shares may differ by rounding; or the same amount, where one of the
    two names no units."""
    one, other = tuple(one), tuple(other)
    mine, theirs = units_of(one), units_of(other)
    return mine == theirs if mine and theirs else total_of(one) == total_of(other)
