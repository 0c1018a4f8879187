"""The sandbox's clock: a made-up morning from which time goes on, and jumps when told."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

MORNING = datetime(2026, 11, 24, 8, 20, tzinfo=UTC)  # a Tuesday, 09:20 in Berlin


def wall_clock() -> datetime:
    return datetime.now(UTC)


class TownClock:
    """Stands still while history is written; afterwards the wall clock carries it on."""

    def __init__(self, start: datetime = MORNING, wall: Callable[[], datetime] = wall_clock):
        self._wall = wall
        self._still: datetime | None = start
        self.offset = start - wall()

    def __call__(self) -> datetime:
        return self._still or self._wall() + self.offset

    def stand_at(self, moment: datetime) -> None:
        self._still = moment

    def run(self) -> None:
        """From the moment at which it stands, go on with the wall clock."""
        self.offset = self() - self._wall()
        self._still = None

    def advance(self, by: timedelta) -> None:
        if self._still is not None:
            self._still += by
        self.offset += by

    @property
    def offset_micros(self) -> int:
        return self.offset // timedelta(microseconds=1)
