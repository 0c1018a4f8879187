"""What is due: once per slot, the latest after a jump, once per day also when clocks change."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.refusals import Invalid
from core.domain.schedule import NAMED_MAX, Daily, Every, due

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
EVERY_MINUTE = Every(MINUTE)
moments = st.integers(0, 10 * 366 * 86_400).map(lambda n: NOON + timedelta(seconds=n))


def test_a_job_that_never_ran_begins_with_its_latest_slot_and_skips_nothing():
    found = due(Every(15 * MINUTE), None, NOON + 7 * MINUTE)
    assert (found.run, found.skipped) == (NOON, ())


def test_nothing_is_due_twice_in_one_slot():
    assert due(EVERY_MINUTE, NOON, NOON + timedelta(seconds=59)).run is None


def test_exactly_at_its_time_a_slot_is_due():
    found = due(EVERY_MINUTE, NOON - MINUTE, NOON)
    assert (found.run, found.skipped) == (NOON, ())


def test_after_a_jump_only_the_latest_runs_and_the_others_are_named():
    found = due(EVERY_MINUTE, NOON, NOON + timedelta(hours=9))
    assert found.run == NOON + timedelta(hours=9)
    assert len(found.skipped) == 9 * 60 - 1
    assert found.skipped[0] == NOON + MINUTE


def test_a_year_of_sleep_does_not_name_half_a_million_slots():
    found = due(EVERY_MINUTE, NOON, NOON + timedelta(days=365))
    assert len(found.skipped) == NAMED_MAX
    assert found.skipped[-1] == NOON + timedelta(days=365) - MINUTE


def test_a_clock_that_was_set_back_runs_nothing_until_it_has_caught_up():
    assert due(EVERY_MINUTE, NOON, NOON - timedelta(hours=1)).run is None
    assert due(EVERY_MINUTE, NOON, NOON).run is None
    assert due(EVERY_MINUTE, NOON, NOON + MINUTE).run == NOON + MINUTE


def test_the_missing_hour_of_spring_is_made_up_on_the_same_day():
    schedule = Daily(time(2, 30), "Europe/Berlin")
    before = schedule.latest(datetime(2027, 3, 27, 12, 0, tzinfo=UTC))
    found = due(schedule, before, datetime(2027, 3, 28, 12, 0, tzinfo=UTC))
    assert found.run == datetime(2027, 3, 28, 1, 30, tzinfo=UTC)  # 03:30 on the wall
    assert found.skipped == ()


def test_the_repeated_hour_of_autumn_runs_once():
    schedule = Daily(time(2, 30), "Europe/Berlin")
    first = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert schedule.latest(first) == first
    assert due(schedule, first, first + timedelta(hours=1)).run is None


def test_every_local_day_has_one_slot_also_across_both_clock_changes():
    schedule = Daily(time(2, 30), "Europe/Berlin")
    now, last, runs = datetime(2026, 10, 20, tzinfo=UTC), None, []
    while now < datetime(2027, 4, 5, tzinfo=UTC):
        found = due(schedule, last, now)
        if found.run is not None:
            assert not found.skipped
            runs.append(found.run)
            last = found.run
        now += timedelta(minutes=30)
    days = [run.astimezone(ZoneInfo("Europe/Berlin")).date() for run in runs]
    assert len(days) == len(set(days))
    assert {later - earlier for earlier, later in pairwise(runs)} == {
        timedelta(hours=23),
        timedelta(hours=24),
        timedelta(hours=25),
    }


def test_a_job_cannot_run_all_the_time():
    with pytest.raises(Invalid):
        Every(timedelta(0))


@given(st.integers(1, 86_400), moments, st.lists(st.integers(0, 100_000), max_size=20))
def test_however_the_clock_moves_a_slot_is_run_or_skipped_once(seconds, start, steps):
    """The law: looking at any moments, each slot is dealt with at most once, in order."""
    schedule = Every(timedelta(seconds=seconds))
    seen: list[datetime] = []
    last, now = None, start
    for step in steps:
        now += timedelta(seconds=step)
        found = due(schedule, last, now)
        if found.run is not None:
            seen += [*found.skipped, found.run]
            last = found.run
            assert found.run <= now
    assert seen == sorted(set(seen))
