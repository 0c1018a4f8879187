"""The clock: APScheduler only ticks; what is due is asked of core/domain/schedule and our clock."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta

from core.db import slots
from core.db.unit_of_work import UnitOfWork
from core.domain.refusals import Refusal
from core.domain.schedule import Schedule, due
from core.domain.values import dataclass
from core.engine import Engine

log = logging.getLogger("wismo.clock")

TICK_SECONDS = 5
LOOK_SECONDS = 60.0
KEPT = timedelta(days=14)  # how long old slots can be looked up
JUMPED = "the clock jumped: only the latest slot runs"

Run = Callable[[datetime], Awaitable[str]]


@dataclass(frozen=True, slots=True)
class Job:
    """Something that happens on a schedule. `run` gets its slot and says what it did.

    It must bear to be cut off and to run again for a later slot: a slot is never repeated.
    """

    name: str
    schedule: Schedule
    run: Run


@dataclass(frozen=True, slots=True)
class Ran:
    """What one tick did with one job."""

    job: str
    slot: datetime
    state: str
    note: str


class Clock:
    def __init__(self, engine: Engine, jobs: Sequence[Job]) -> None:
        self._engine = engine
        self._jobs = tuple(jobs)
        self._ticking = asyncio.Lock()

    async def tick(self) -> list[Ran]:
        """Run what is due; two ticks at once, here or elsewhere, share the slots between them."""
        async with self._ticking:
            ran = [await self._tick(job) for job in self._jobs]
        return [one for one in ran if one is not None]

    async def _tick(self, job: Job) -> Ran | None:
        slot = await asyncio.to_thread(self._take, job)
        if slot is None:
            return None
        state, note = await self._run(job, slot)
        await asyncio.to_thread(self._end, job.name, slot, state, note)
        return Ran(job.name, slot, state, note)

    def _take(self, job: Job) -> datetime | None:
        """The slot that is ours to run, written down before it runs."""
        now = self._engine.clock()
        last = self._engine.read(lambda session: slots.last(session, job.name))
        found = due(job.schedule, last, now)
        if found.run is None:
            return None
        slot = found.run

        def work(uow: UnitOfWork) -> bool:
            if not slots.take(uow.session, job.name, slot, now):
                return False
            slots.skip(uow.session, job.name, found.skipped, JUMPED, now)
            slots.forget(uow.session, job.name, now - KEPT)
            return True

        return slot if self._engine.chore(work) else None

    async def _run(self, job: Job, slot: datetime) -> tuple[str, str]:
        """A job that fails is written down as failed; its next slot is a new try."""
        try:
            return "done", await job.run(slot)
        except Refusal as refusal:
            log.warning("job %s failed for %s: %s", job.name, slot, refusal)
            return "failed", str(refusal)
        except Exception as problem:
            log.exception("job %s failed for %s", job.name, slot)
            return "failed", f"{type(problem).__name__}: {problem}"

    def _end(self, job: str, slot: datetime, state: str, note: str) -> None:
        self._engine.chore(lambda uow: slots.end(uow.session, job, slot, state, note))

    async def run(self, stop: asyncio.Event) -> None:
        """Tick every few seconds of real time until `stop`."""
        from apscheduler.schedulers.asyncio import AsyncIOScheduler

        scheduler = AsyncIOScheduler(timezone="UTC")
        ticks = scheduler.add_job(
            self._tick_quietly,
            "interval",
            seconds=TICK_SECONDS,
            max_instances=1,
            coalesce=True,
            misfire_grace_time=None,
        )
        scheduler.start()
        await self._tick_quietly()
        try:
            while not await stopped_within(stop, LOOK_SECONDS):
                # It counts by the machine's time: set that back by an hour, and it waits an hour.
                ticks.reschedule("interval", seconds=TICK_SECONDS)
        finally:
            scheduler.shutdown(wait=False)

    async def _tick_quietly(self) -> None:
        """A database that is away for a moment must not end the clock."""
        try:
            await self.tick()
        except Exception:
            log.exception("the clock could not tick; it tries again")


async def stopped_within(stop: asyncio.Event, seconds: float) -> bool:
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)
    return stop.is_set()
