"""Working time is elapsed open time, and a promise is a date the calendar can keep."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.promise import (
    Calendar,
    Span,
    add_working_time,
    is_stuck,
    next_cutoff,
    promise_for,
    ship_day,
    working_time_between,
)
from core.domain.refusals import Invalid, NotPossible

OFFICE: tuple[Span, ...] = ((time(9), time(17)),)
WEEK = dict.fromkeys(range(5), OFFICE)
BERLIN = Calendar("Europe/Berlin", WEEK, frozenset({date(2026, 12, 25)}), time(14))
ROUND_THE_CLOCK: tuple[Span, ...] = ((time(0), time(0)),)
ZONES = ["America/New_York", "Europe/Helsinki", "Australia/Lord_Howe", "America/Santiago"]

instants = st.integers(0, 3 * 365 * 86_400).map(
    lambda seconds: datetime(2025, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
)
clocks = st.integers(0, 95).map(lambda quarter: time(quarter // 4, quarter % 4 * 15))
spans = st.lists(clocks, min_size=2, max_size=6, unique=True).map(
    lambda found: tuple(zip(*[iter(sorted(found))] * 2, strict=False))
)
calendars = st.builds(
    Calendar,
    st.sampled_from(ZONES),
    st.none() | st.dictionaries(st.integers(0, 6), spans, min_size=1),
    st.frozensets(st.dates(date(2025, 1, 1), date(2027, 12, 31)), max_size=10),
)
amounts = st.integers(0, 200 * 3600).map(lambda seconds: timedelta(seconds=seconds))


def local(zone: str, *at: int) -> datetime:
    return datetime(*at, tzinfo=ZoneInfo(zone))  # type: ignore[misc,arg-type]


def berlin(*at: int) -> datetime:
    return local("Europe/Berlin", *at)


def test_nights_weekends_and_closing_days_do_not_count() -> None:
    friday, monday = berlin(2026, 12, 18, 16, 0), berlin(2026, 12, 21, 10, 0)
    assert working_time_between(BERLIN, friday, monday) == timedelta(hours=2)
    thursday, after_christmas = berlin(2026, 12, 24, 16, 0), berlin(2026, 12, 28, 10, 0)
    assert working_time_between(BERLIN, thursday, after_christmas) == timedelta(hours=2)


def test_a_location_without_hours_is_always_open() -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    assert working_time_between(Calendar(), start, start + timedelta(days=9)) == timedelta(days=9)


def test_exactly_eight_open_hours_are_not_stuck_and_a_second_more_is() -> None:
    ready, limit = berlin(2026, 11, 20, 13, 0), timedelta(hours=8)
    eight = berlin(2026, 11, 23, 13, 0)
    assert working_time_between(BERLIN, ready, eight) == limit
    assert not is_stuck(ready, eight, BERLIN, limit)
    assert is_stuck(ready, eight + timedelta(seconds=1), BERLIN, limit)


def test_an_end_before_the_start_is_no_working_time() -> None:
    now = berlin(2026, 11, 20, 13, 0)
    for calendar in (BERLIN, Calendar()):
        assert working_time_between(calendar, now, now - timedelta(hours=3)) == timedelta()


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("America/New_York", date(2026, 3, 8), 23),
        ("America/New_York", date(2026, 11, 1), 25),
        ("Europe/Helsinki", date(2026, 3, 29), 23),
        ("Europe/Helsinki", date(2026, 10, 25), 25),
        ("Australia/Lord_Howe", date(2026, 4, 5), 24.5),
        ("Australia/Lord_Howe", date(2026, 10, 4), 23.5),
        ("America/Santiago", date(2026, 9, 6), 23),
    ],
)
def test_a_day_of_clock_change_counts_the_hours_it_really_has(
    zone: str, day: date, hours: float
) -> None:
    calendar = Calendar(zone, {day.weekday(): ROUND_THE_CLOCK})
    noon = datetime.combine(day, time(12), UTC)
    around = working_time_between(calendar, noon - timedelta(days=2), noon + timedelta(days=2))
    assert around == timedelta(hours=hours)


@pytest.mark.parametrize(
    ("day", "opens", "closes", "minutes"),
    [
        (date(2026, 3, 8), time(2, 15), time(2, 45), 0),
        (date(2026, 3, 8), time(1, 30), time(2, 30), 30),
        (date(2026, 3, 8), time(2, 30), time(3, 30), 30),
        (date(2026, 11, 1), time(1, 0), time(2, 0), 120),
        (date(2026, 11, 1), time(1, 15), time(1, 30), 75),
        (date(2026, 11, 1), time(0, 30), time(1, 30), 120),
    ],
)
def test_hours_inside_a_clock_change_count_what_elapsed(
    day: date, opens: time, closes: time, minutes: int
) -> None:
    calendar = Calendar("America/New_York", {6: ((opens, closes),)})
    noon = datetime.combine(day, time(12), UTC)
    around = working_time_between(calendar, noon - timedelta(days=1), noon + timedelta(days=1))
    assert around == timedelta(minutes=minutes)


@given(calendars, instants, amounts, amounts)
def test_working_time_is_additive(
    calendar: Calendar, start: datetime, one: timedelta, two: timedelta
) -> None:
    middle, end = start + one, start + one + two
    parts = (
        working_time_between(calendar, start, middle),
        working_time_between(calendar, middle, end),
    )
    assert sum(parts, timedelta()) == working_time_between(calendar, start, end)


@given(calendars, instants, amounts, amounts)
def test_working_time_grows_with_the_clock_and_never_faster(
    calendar: Calendar, start: datetime, one: timedelta, two: timedelta
) -> None:
    before = working_time_between(calendar, start, start + one)
    after = working_time_between(calendar, start, start + one + two)
    assert timedelta() <= before <= after <= before + two


@given(calendars, instants, amounts)
def test_added_working_time_has_passed_at_its_end_and_not_before(
    calendar: Calendar, start: datetime, amount: timedelta
) -> None:
    if not amount:
        assert add_working_time(calendar, start, amount) == start
        return
    end = add_working_time(calendar, start, amount)
    assert working_time_between(calendar, start, end) == amount
    assert working_time_between(calendar, start, end - timedelta(seconds=1)) < amount


@given(calendars, instants, amounts)
def test_the_next_cut_off_is_ahead_and_comes_no_earlier_for_a_later_order(
    calendar: Calendar, at: datetime, wait: timedelta
) -> None:
    cut_off = next_cutoff(calendar, at)
    assert at <= cut_off <= next_cutoff(calendar, at + wait)
    if calendar.hours is not None:  # a cut-off at midnight is already the next day's beginning
        assert next_cutoff(calendar, cut_off) == cut_off


@given(calendars, instants, amounts, st.integers(0, 3), st.integers(0, 4))
def test_a_later_order_is_never_promised_earlier(
    calendar: Calendar, at: datetime, wait: timedelta, handling: int, lane: int
) -> None:
    first = promise_for(at, calendar, None, handling, lane)
    assert first <= promise_for(at + wait, calendar, None, handling, lane)
    assert first >= ship_day(calendar, at, handling) >= ship_day(calendar, at)
    assert calendar.is_open_on(ship_day(calendar, at, handling))


def test_an_order_at_the_cut_off_leaves_today_and_a_second_later_tomorrow() -> None:
    at = berlin(2026, 11, 18, 14, 0)
    assert next_cutoff(BERLIN, at) == at
    assert ship_day(BERLIN, at) == date(2026, 11, 18)
    assert ship_day(BERLIN, at + timedelta(seconds=1)) == date(2026, 11, 19)
    assert next_cutoff(BERLIN, at + timedelta(seconds=1)) == berlin(2026, 11, 19, 14, 0)


def test_an_order_of_friday_evening_leaves_on_monday_and_arrives_on_tuesday() -> None:
    friday = berlin(2026, 11, 20, 18, 0)
    assert promise_for(friday, BERLIN, None, 0, 1) == date(2026, 11, 24)
    assert promise_for(friday, BERLIN, time(19), 0, 1) == date(2026, 11, 23)
    assert promise_for(friday, BERLIN, None, 1, 2) == date(2026, 11, 26)


def test_a_promise_steps_over_holidays_for_handling_and_for_travel() -> None:
    assert promise_for(berlin(2026, 12, 24, 15, 0), BERLIN, None, 0, 0) == date(2026, 12, 28)
    assert promise_for(berlin(2026, 12, 24, 9, 0), BERLIN, None, 0, 1) == date(2026, 12, 28)


def test_a_carrier_that_drives_on_saturday_arrives_on_saturday() -> None:
    friday, six = berlin(2026, 11, 20, 9, 0), frozenset(range(6))
    assert promise_for(friday, BERLIN, None, 0, 1, six) == date(2026, 11, 21)


def test_without_a_cut_off_the_last_closing_time_counts() -> None:
    late = Calendar("Europe/Berlin", {0: ((time(8), time(12)), (time(18), time(0)))})
    assert next_cutoff(late, berlin(2026, 11, 23, 13, 0)) == berlin(2026, 11, 24, 0, 0)


def test_a_location_that_never_opens_is_said_so() -> None:
    never, now = Calendar("UTC", {}), datetime(2026, 1, 1, tzinfo=UTC)
    assert working_time_between(never, now, now + timedelta(days=30)) == timedelta()
    for ask in (
        lambda: add_working_time(never, now, timedelta(hours=1)),
        lambda: next_cutoff(never, now),
        lambda: ship_day(never, now),
    ):
        with pytest.raises(NotPossible) as refused:
            ask()
        assert refused.value.code == "never_opens"


@pytest.mark.parametrize(
    "wrong",
    [
        ((time(17), time(9)),),
        ((time(9), time(9)),),
        ((time(9), time(13)), (time(12), time(17))),
        ((time(9), time(0)), (time(12), time(17))),
    ],
)
def test_impossible_opening_hours_are_refused(wrong: tuple[Span, ...]) -> None:
    with pytest.raises(Invalid) as refused:
        Calendar("UTC", {0: wrong})
    assert refused.value.code == "bad_hours"


@pytest.mark.parametrize("zone", ["Europe/Atlantis", "", "../etc/passwd"])
def test_an_unknown_zone_is_refused(zone: str) -> None:
    with pytest.raises(Invalid) as refused:
        Calendar(zone)
    assert refused.value.code == "unknown_zone"


def test_an_instant_without_a_zone_is_refused() -> None:
    with pytest.raises(Invalid) as refused:
        next_cutoff(BERLIN, datetime(2026, 1, 1, tzinfo=UTC).replace(tzinfo=None))
    assert refused.value.code == "naive_time"


def test_counting_backward_is_refused() -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    with pytest.raises(Invalid):
        ship_day(BERLIN, now, -1)
    with pytest.raises(Invalid):
        add_working_time(BERLIN, now, timedelta(seconds=-1))
