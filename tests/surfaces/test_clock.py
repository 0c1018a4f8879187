"""The clock: each slot once, with two clocks too; jumps, breakdowns and set-back time."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import datetime, time, timedelta

import pytest

from bot.clock import JUMPED, KEPT, Clock, Job
from core.db import tables as t
from core.db.connection import Database
from core.db.rows import moment
from core.domain.refusals import Unavailable
from core.domain.schedule import Daily, Every
from core.engine import Engine
from tests.shop import START, make_shop

MINUTE = Every(timedelta(minutes=1))


@pytest.fixture
def shop(database):
    made = make_shop(database)
    yield made
    made.close()


class Diary:
    """Writes down which slots ran."""

    def __init__(self) -> None:
        self.ran: list[datetime] = []

    async def run(self, slot):
        self.ran.append(slot)
        return f"ran {slot:%H:%M}"


def states(shop, job="look"):
    return Counter(row["state"] for row in shop.rows(t.job_slot, job=job))


async def test_a_slot_runs_once_however_often_the_clock_ticks(shop):
    diary = Diary()
    clock = Clock(shop.engine, [Job("look", MINUTE, diary.run)])
    for _ in range(3):
        await clock.tick()
    assert diary.ran == [START]
    shop.clock.advance(minutes=1)
    ran = await clock.tick()
    assert [(one.slot, one.state, one.note) for one in ran] == [
        (START + timedelta(minutes=1), "done", "ran 09:01")
    ]


async def test_after_a_jump_the_latest_slot_runs_and_the_others_say_why_not(shop):
    diary = Diary()
    clock = Clock(shop.engine, [Job("look", MINUTE, diary.run)])
    await clock.tick()
    shop.clock.advance(hours=9)
    await clock.tick()
    assert diary.ran == [START, START + timedelta(hours=9)]
    assert states(shop) == {"done": 2, "skipped": 539}
    skipped = shop.rows(t.job_slot, job="look", state="skipped")
    assert {row["note"] for row in skipped} == {JUMPED}


async def test_two_clocks_at_once_share_the_slots_between_them(shop, database):
    """As two processes would: each with an engine of its own."""
    other = Engine(Database(database), shop.clock)
    one, two = Diary(), Diary()
    clocks = [
        Clock(shop.engine, [Job("look", MINUTE, one.run)]),
        Clock(other, [Job("look", MINUTE, two.run)]),
    ]
    for _ in range(20):
        await asyncio.gather(*(clock.tick() for clock in clocks))
        shop.clock.advance(minutes=1)
    assert sorted(one.ran + two.ran) == [START + timedelta(minutes=n) for n in range(20)]
    assert states(shop) == {"done": 20}
    other.close()


async def test_a_clock_that_is_set_back_repeats_nothing(shop):
    diary = Diary()
    clock = Clock(shop.engine, [Job("look", MINUTE, diary.run)])
    await clock.tick()
    shop.clock.advance(hours=-1)
    await clock.tick()
    shop.clock.advance(hours=1)
    await clock.tick()
    assert diary.ran == [START]


async def test_a_job_that_breaks_is_written_down_and_holds_up_no_other(shop):
    async def breaks(_slot):
        raise ValueError("no idea")

    async def refuses(_slot):
        raise Unavailable("the shop sleeps", "try later")

    diary = Diary()
    jobs = [
        Job("breaks", MINUTE, breaks),
        Job("refuses", MINUTE, refuses),
        Job("look", MINUTE, diary.run),
    ]
    await Clock(shop.engine, jobs).tick()
    assert diary.ran == [START]
    notes = {row["job"]: (row["state"], row["note"]) for row in shop.rows(t.job_slot)}
    assert notes["breaks"] == ("failed", "ValueError: no idea")
    assert notes["refuses"] == ("failed", "the shop sleeps try later")


async def test_a_failed_slot_is_not_repeated_but_the_next_one_is_a_new_try(shop):
    tries = []

    async def breaks_first(slot):
        tries.append(slot)
        if len(tries) == 1:
            raise ValueError("not yet")
        return "well"

    clock = Clock(shop.engine, [Job("look", MINUTE, breaks_first)])
    await clock.tick()
    await clock.tick()
    shop.clock.advance(minutes=1)
    await clock.tick()
    assert tries == [START, START + timedelta(minutes=1)]
    assert states(shop) == {"failed": 1, "done": 1}


async def test_a_daily_job_runs_once_a_local_day_through_the_autumn_change(shop):
    diary = Diary()
    shop.clock.now = START.replace(month=10, day=24, hour=12)
    clock = Clock(shop.engine, [Job("night", Daily(time(2, 30), "Europe/Berlin"), diary.run)])
    for _ in range(8 * 12):
        await clock.tick()
        shop.clock.advance(minutes=30)
    assert len(diary.ran) == 3  # at once for the 24th, then the nights to the 25th and the 26th
    assert not shop.rows(t.job_slot, job="night", state="skipped")


async def test_old_slots_are_forgotten_but_never_the_newest(shop):
    diary = Diary()
    clock = Clock(shop.engine, [Job("look", MINUTE, diary.run)])
    await clock.tick()
    shop.clock.advance(days=KEPT.days + 1)
    await clock.tick()
    shop.clock.advance(minutes=1)
    await clock.tick()
    slots = [moment(row["slot"]) for row in shop.rows(t.job_slot, job="look")]
    assert START not in slots
    assert max(slots) == shop.clock()


async def test_it_stops_when_told(shop):
    stop = asyncio.Event()
    stop.set()
    diary = Diary()
    await Clock(shop.engine, [Job("look", MINUTE, diary.run)]).run(stop)
    assert diary.ran == [START]
