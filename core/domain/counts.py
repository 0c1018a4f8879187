"""Counting: what a count says about the book, whom it would short, when it is believed, and when
a shelf has earned less trust. Also which goods are worth counting most often."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum

from core.domain.values import dataclass

A_SHARE = 0.8  # the best sellers that make up four fifths of all units are class A


class Picked(StrEnum):
    """Whether the counter looked at goods that are picked but have not left, too."""

    WITH = "with"
    WITHOUT = "without"


@dataclass(frozen=True, slots=True)
class FirstCount:
    """A count that would break promises and therefore waits for a second one."""

    on_hand: int
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Found:
    """What a count comes to, beside a book of `book` units on hand of which some are promised.

    `missing` units of promises could not be kept; `alarming` says that book and shelf are
    further apart than the shop tolerates.
    """

    book: int
    on_hand: int
    missing: int
    alarming: bool

    @property
    def difference(self) -> int:
        return self.on_hand - self.book


def on_hand(counted: int, picked_units: int, picked: Picked) -> int:
    """Units in the house: what stands picked is still here until it leaves."""
    return counted + (picked_units if picked is Picked.WITHOUT else 0)


def compare(book: int, reserved: int, now_on_hand: int, tolerance_percent: int) -> Found:
    """A place that had none by the book is not alarming: that is how every shelf begins."""
    off = abs(now_on_hand - book) * 100
    alarming = book > 0 and off > tolerance_percent * book
    return Found(book, now_on_hand, max(0, reserved - now_on_hand), alarming)


def is_believed(found: Found, first: FirstCount | None, now: datetime, within: timedelta) -> bool:
    """A count that breaks no promise counts at once; one that does needs another before it, by
    anybody, that is not older than `within`. The second figure is the one that counts."""
    return found.missing == 0 or (first is not None and now - first.at <= within)


def raised_buffer(buffer: int, found: Found) -> int:
    """What routing leaves alone at a shelf that lost more than is tolerated: as much again as
    was lost, as far as there is any."""
    lost = max(0, -found.difference)
    return max(buffer, min(lost, found.on_hand)) if found.alarming else buffer


def a_class(sales: Mapping[str, int], most: int) -> tuple[str, ...]:
    """The best sellers that together make up four fifths of all units sold, `most` at the most;
    the one that crosses the line belongs to them."""
    ranked = sorted(((units, sku) for sku, units in sales.items() if units > 0), key=_best_first)
    wanted, sold = A_SHARE * sum(units for units, _ in ranked), 0
    found: list[str] = []
    for units, sku in ranked:
        if sold >= wanted or len(found) >= most:
            break
        found.append(sku)
        sold += units
    return tuple(found)


def _best_first(entry: tuple[int, str]) -> tuple[int, str]:
    return -entry[0], entry[1]


def is_week_over(last: datetime | None, now: datetime) -> bool:
    """A weekly count is due when none was asked for in seven days."""
    return last is None or now - last >= timedelta(days=7)
