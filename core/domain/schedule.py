"""Which runs of a job are due: a pure function of its schedule, its last run and our clock."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from core.domain.refusals import Invalid
from core.domain.values import dataclass

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY = timedelta(days=1)
NAMED_MAX = 1440  # how many skipped slots are named one by one: a day of minutes


@dataclass(frozen=True, slots=True)
class Every:
    """A slot each `period`, counted from midnight UTC: no clock change touches it."""

    period: timedelta

    def __post_init__(self) -> None:
        if self.period < timedelta(seconds=1):
            raise Invalid("A job runs every second at the most.")

    def latest(self, now: datetime) -> datetime:
        return now - (now - _EPOCH) % self.period

    def before(self, slot: datetime) -> datetime:
        return slot - self.period


@dataclass(frozen=True, slots=True)
class Daily:
    """One slot per local day. In spring a missing time is made up an hour later on the clock;
    in autumn the first of two equal times counts."""

    at: time
    zone: str = "UTC"

    def latest(self, now: datetime) -> datetime:
        today = now.astimezone(ZoneInfo(self.zone)).date()
        slot = self._on(today)
        return slot if slot <= now else self._on(today - _DAY)

    def before(self, slot: datetime) -> datetime:
        return self._on(slot.astimezone(ZoneInfo(self.zone)).date() - _DAY)

    def _on(self, day: date) -> datetime:
        return datetime.combine(day, self.at, ZoneInfo(self.zone)).astimezone(UTC)


Schedule = Every | Daily


@dataclass(frozen=True, slots=True)
class Due:
    """`run` is the one slot to run now; `skipped` were passed over, oldest first."""

    run: datetime | None = None
    skipped: tuple[datetime, ...] = ()


def due(schedule: Schedule, last: datetime | None, now: datetime) -> Due:
    """What to do now, when `last` was the newest slot dealt with so far.

    After a jump of the clock only the latest slot runs. A clock that was set back runs nothing
    until it is past `last` again. A job that never ran begins with its latest slot.
    """
    latest = schedule.latest(now)
    if last is not None and latest <= last:
        return Due()
    skipped = [] if last is None else list(_between(schedule, last, latest))
    return Due(latest, tuple(reversed(skipped)))


def _between(schedule: Schedule, last: datetime, latest: datetime) -> Iterator[datetime]:
    """Slots after `last` and before `latest`, newest first."""
    slot = schedule.before(latest)
    for _ in range(NAMED_MAX):
        if slot <= last:
            return
        yield slot
        slot = schedule.before(slot)
