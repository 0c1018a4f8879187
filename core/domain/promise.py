"""Working time, cut-offs and promised dates of a location, exact across clock changes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import field, replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice, pairwise, takewhile
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from core.domain.refusals import Invalid, NotPossible
from core.domain.values import dataclass

MIDNIGHT = time(0)
MONDAY_TO_FRIDAY = frozenset(range(5))
_DAY = timedelta(days=1)
_SEARCHED_DAYS = 3_660

Span = tuple[time, time]


@dataclass(frozen=True, slots=True)
class Calendar:
    """When a location works, in its own local time.

    `hours` maps a weekday (Monday is 0) to its spans; a missing weekday is closed, and `None`
    means open around the clock. A span that ends at midnight ends with its day. `closed` days
    win over both. Without a `cut_off` the last closing time of the day is the cut-off.
    """

    zone: str = "UTC"
    hours: Mapping[int, tuple[Span, ...]] | None = None
    closed: frozenset[date] = field(default=frozenset())
    cut_off: time | None = None

    def __post_init__(self) -> None:
        _zone(self.zone)
        for spans in (self.hours or {}).values():
            _check(spans)

    def spans_on(self, day: date) -> tuple[Span, ...]:
        if day in self.closed:
            return ()
        if self.hours is None:
            return ((MIDNIGHT, MIDNIGHT),)
        return self.hours.get(day.weekday(), ())

    def is_open_on(self, day: date) -> bool:
        return bool(self.spans_on(day))


def working_time_between(calendar: Calendar, start: datetime, end: datetime) -> timedelta:
    """How long the location was open between two instants; zero when `end` is not later.

    Time that elapsed is counted, so the repeated hour of autumn counts twice and the missing
    hour of spring not at all.
    """
    start, end = _utc(start), _utc(end)
    if calendar.hours is None and not calendar.closed:
        return max(end - start, timedelta())
    openings = takewhile(lambda opening: opening[0] < end, _openings(calendar, start, end))
    return sum((min(closes, end) - opens for opens, closes in openings), timedelta())


def add_working_time(calendar: Calendar, start: datetime, amount: timedelta) -> datetime:
    """The first instant by which the location has been open for `amount` since `start`."""
    if amount < timedelta():
        raise Invalid("Working time is added forward only.")
    instant = _utc(start)
    if not amount:
        return instant
    for opens, closes in _openings(calendar, instant):
        if amount <= closes - opens:
            return opens + amount
        amount -= closes - opens
    raise _never_opens()


def is_stuck(ready_since: datetime, now: datetime, calendar: Calendar, limit: timedelta) -> bool:
    """More open time than `limit` has passed; exactly the limit is not stuck yet."""
    return working_time_between(calendar, ready_since, now) > limit


def next_cutoff(calendar: Calendar, after: datetime) -> datetime:
    """The first cut-off at or after an instant: an order placed exactly then still makes it."""
    instant = _utc(after)
    first = _local_day(calendar, instant)
    for day in filter(calendar.is_open_on, _days_from(first, _SEARCHED_DAYS)):
        cut_off = _cut_off_on(calendar, day)
        if cut_off >= instant:
            return cut_off
    raise _never_opens()


def ship_day(calendar: Calendar, placed_at: datetime, handling_days: int = 0) -> date:
    """The local day on which the location hands over what was placed at an instant."""
    instant = _utc(placed_at)
    first = _local_day(calendar, instant)
    if _cut_off_on(calendar, first) < instant:
        first += _DAY
    return business_day(first, handling_days, calendar.is_open_on)


def promise_for(
    placed_at: datetime,
    calendar: Calendar,
    cut_off: time | None,
    handling_days: int,
    lane_days: int,
    carrier_weekdays: frozenset[int] = MONDAY_TO_FRIDAY,
) -> date:
    """The date to show a customer: handling on the location's days, travel on the carrier's.

    `cut_off` replaces the calendar's own when given. Closing days of the calendar (holidays)
    are no days of travel either.
    """

    def carrier_drives(day: date) -> bool:
        return day.weekday() in carrier_weekdays and day not in calendar.closed

    counted = calendar if cut_off is None else replace(calendar, cut_off=cut_off)
    leaves = ship_day(counted, placed_at, handling_days)
    return business_day(leaves + _DAY, lane_days - 1, carrier_drives) if lane_days else leaves


def business_day(first: date, later: int, counts: Callable[[date], bool]) -> date:
    """The day `later` counted days after the first counted day on or after `first`."""
    if later < 0:
        raise Invalid("Days are counted forward only.")
    searched = _SEARCHED_DAYS + 7 * later
    found = next(islice(filter(counts, _days_from(first, searched)), later, None), None)
    if found is None:
        raise _never_opens()
    return found


def _openings(
    calendar: Calendar, start: datetime, end: datetime | None = None
) -> Iterator[tuple[datetime, datetime]]:
    """The spans of open time from `start` on, in UTC, in order and without overlap."""
    first = _local_day(calendar, start)
    days = (_local_day(calendar, end) - first).days + 1 if end else _SEARCHED_DAYS
    until = start
    for day in _days_from(first, days):
        for opening, closing in sorted(calendar.spans_on(day)):
            opens = max(_first_instant(calendar, day, opening), until)
            until = max(until, _closing_instant(calendar, day, closing))
            if opens < until:
                yield opens, until


def _cut_off_on(calendar: Calendar, day: date) -> datetime:
    closings = [closing for _, closing in calendar.spans_on(day)]
    last = MIDNIGHT if MIDNIGHT in closings else max(closings, default=MIDNIGHT)
    return _closing_instant(calendar, day, calendar.cut_off or last)


def _closing_instant(calendar: Calendar, day: date, closing: time) -> datetime:
    """A closing time that comes twice on this day is meant the second time."""
    if closing == MIDNIGHT:
        return _first_instant(calendar, day + _DAY, MIDNIGHT)
    return max(
        _first_instant(calendar, day, closing),
        _as_utc(calendar, datetime.combine(day, closing).replace(fold=1)),
    )


def _first_instant(calendar: Calendar, day: date, clock: time) -> datetime:
    """The first instant of the day at which the local clock shows `clock` or later."""
    wanted = datetime.combine(day, clock)
    early, late = sorted(_as_utc(calendar, wanted.replace(fold=fold)) for fold in (0, 1))
    if _local(calendar, early) >= wanted:
        return early
    return _end_of_gap(calendar, wanted, early, late)


def _end_of_gap(
    calendar: Calendar, wanted: datetime, before: datetime, after: datetime
) -> datetime:
    """Where the clock jumped over `wanted`, to the second, as zone rules are written."""
    while after - before > timedelta(seconds=1):
        middle = before + (after - before) // 2
        middle = middle.replace(microsecond=0)
        if _local(calendar, middle) >= wanted:
            after = middle
        else:
            before = middle
    return after


def _as_utc(calendar: Calendar, local: datetime) -> datetime:
    return local.replace(tzinfo=_zone(calendar.zone)).astimezone(UTC)


def _local(calendar: Calendar, instant: datetime) -> datetime:
    return instant.astimezone(_zone(calendar.zone)).replace(tzinfo=None)


def _local_day(calendar: Calendar, instant: datetime) -> date:
    return _local(calendar, instant).date()


def _days_from(first: date, count: int) -> Iterator[date]:
    return (first + timedelta(days=n) for n in range(count))


def _utc(instant: datetime) -> datetime:
    if instant.tzinfo is None:
        raise Invalid("An instant needs its time zone.", code="naive_time")
    return instant.astimezone(UTC)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as unknown:
        raise Invalid(
            f"{name!r} is not a time zone we know.",
            "Use a name such as Europe/Berlin.",
            code="unknown_zone",
        ) from unknown


def _check(spans: tuple[Span, ...]) -> None:
    ordered = sorted(spans)
    backward = any(closes != MIDNIGHT and closes <= opens for opens, closes in spans)
    overlap = any(
        first[1] == MIDNIGHT or first[1] > second[0] for first, second in pairwise(ordered)
    )
    if backward or overlap:
        raise Invalid(
            "Opening hours must end after they begin and must not overlap.",
            "Split hours that go past midnight over two days.",
            code="bad_hours",
        )


def _never_opens() -> NotPossible:
    return NotPossible(
        "This location never opens in the years ahead.",
        "Check its opening hours and closing days.",
        code="never_opens",
    )
