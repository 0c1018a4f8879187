"""The day in figures: what belongs to a local day, and our count beside the shop's own."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from core.domain.values import dataclass

Money = tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Day:
    """A local day as a span of instants: `start` belongs to it, `end` does not."""

    date: date
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Tally:
    """How many, and how much money: (currency, minor units) pairs, as currencies do not add up."""

    count: int
    money: Money = ()


@dataclass(frozen=True, slots=True)
class Counted:
    """Orders placed today as a connected shop counts them and as we do; None: it has not told.

    Both counts are as of `at`, when the shop was asked; without it ours is as of now.
    """

    connection: str
    theirs: int | None
    ours: int
    at: datetime | None = None

    @property
    def agrees(self) -> bool | None:
        return None if self.theirs is None else self.theirs == self.ours


@dataclass(frozen=True, slots=True)
class Waits:
    """How many blocked orders wait for somebody, and how many of them for too long."""

    party: str
    orders: int
    overdue: int


@dataclass(frozen=True, slots=True)
class Lag:
    """How long channels took to hear of stock that had moved, in seconds; of `told` tellings.

    `waiting` levels are still to be told, the first of them since `oldest` seconds.
    """

    told: int
    median: float
    most: float
    worst: float
    waiting: int = 0
    oldest: float = 0.0


def lag_of(seconds: Sequence[float], waiting: int = 0, oldest: float = 0.0) -> Lag:
    """`most` is the time within which 95 of 100 were told (the nearest rank)."""
    if not seconds:
        return Lag(0, 0.0, 0.0, 0.0, waiting, oldest)
    ranked = sorted(max(0.0, each) for each in seconds)
    return Lag(
        told=len(ranked),
        median=ranked[(len(ranked) - 1) // 2],
        most=ranked[-(-len(ranked) * 95 // 100) - 1],
        worst=ranked[-1],
        waiting=waiting,
        oldest=max(0.0, oldest),
    )


@dataclass(frozen=True, slots=True)
class Today:
    """The day so far; held, cases, past cut-off and refunds due are as of now."""

    day: date
    location: str
    placed: int
    shipped: int
    delivered: int
    past_cutoff: int
    held: int
    cases: int
    returns_requested: int
    returns_received: int
    refunds_due: Tally
    refunds_recorded: Tally
    counted: tuple[Counted, ...] = ()
    told: Lag | None = None
    waits: tuple[Waits, ...] = ()


def local_day(now: datetime, zone: str) -> Day:
    """The day of the place around an instant; 23 or 25 hours long when the clock changes."""
    today = now.astimezone(ZoneInfo(zone)).date()
    return Day(today, _midnight(today, zone), _midnight(today + timedelta(days=1), zone))


def _midnight(day: date, zone: str) -> datetime:
    return datetime.combine(day, time(0), ZoneInfo(zone)).astimezone(UTC)


def their_count(told: object, day: date) -> int | None:
    """What a connection noted under "their_count", if it is about this very day."""
    if not isinstance(told, dict) or told.get("day") != day.isoformat():
        return None
    placed = told.get("placed")
    return placed if isinstance(placed, int) else None
