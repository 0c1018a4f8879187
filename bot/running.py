"""One running process: its worker and clock beside the doors, and what the socket asks of it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable, Coroutine
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from bot.bridge import House
from bot.clock import Clock, stopped_within
from bot.duties import duties, jobs, make_hands, note_backup
from bot.local import command_of, database_path, listening
from core.db import house as notes
from core.db.unit_of_work import UnitOfWork
from core.domain.refusals import Invalid, NotPossible
from core.worker import Worker

log = logging.getLogger("wismo.running")

RESTART_SECONDS = 1.0
LOOK_SECONDS = 1.0  # how soon a process sees that another one moved the sandbox's clock


class Running:
    """The moving parts of a process. `working` keeps them going; `do` runs one thing once."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.hands = make_hands(house)
        self.worker = Worker(house.engine, duties(self.hands))
        self.clock = Clock(house.engine, jobs(self.hands))

    @contextlib.asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        """Worker and clock as the roles say, until the end; then they finish what they hold."""
        settings = self.house.settings
        stop = asyncio.Event()
        parts: dict[str, Callable[[asyncio.Event], Coroutine[Any, Any, None]]] = {}
        if "worker" in settings.roles:
            parts["worker"] = self.worker.run
            parts["Telegram polling"] = self.hands.telegram.run
            parts["Slack"] = self.hands.slack.run
        if "clock" in settings.roles:
            parts["clock"] = self.clock.run
        if settings.sandbox:
            parts["sandbox clock"] = self._watch_clock
        tasks = [asyncio.create_task(_forever(name, run, stop)) for name, run in parts.items()]
        try:
            async with listening(database_path(settings.database_url), self.do):
                yield
        finally:
            stop.set()
            await asyncio.gather(*tasks)
            await self.close()

    async def close(self) -> None:
        await self.hands.slack.drain()
        await self.hands.telegram.close()
        await self.hands.http.aclose()

    # --- asked over the socket, or by a command line that owns the database ----------------------

    async def do(self, what: str, asked: dict[str, Any]) -> Any:
        if what == "execute":
            command, caller = command_of(asked)
            return msgspec.to_builtins(await self.house.execute(command, caller))
        if what == "work":
            return await self.worker.until_idle()
        if what == "tick":
            return await self.tick(asked.get("at"))
        if what == "note_backup":
            return await asyncio.to_thread(note_backup, self.house)
        raise Invalid(f"The server does not know how to {what}.", "Is it of another version?")

    async def tick(self, at: str | None = None) -> list[dict[str, Any]]:
        """Run what is due. `at` moves a sandbox's clock; elsewhere it may only be now."""
        if at is not None:
            await self.move_clock(moment_of(at))
        ran = await self.clock.tick()
        return [msgspec.to_builtins(one) for one in ran]

    async def advance(self, by: timedelta) -> list[dict[str, Any]]:
        """Let time pass in a sandbox, and run what has become due."""
        await self.move_clock(self.house.clock() + by)
        return await self.tick()

    async def move_clock(self, to: datetime) -> None:
        clock = self._sandbox_clock()
        ahead = clock.ahead_at(to)
        if to < self.house.clock() - timedelta(seconds=5):
            raise Invalid("A clock goes forward only.", "Name a moment that is still to come.")

        def work(uow: UnitOfWork) -> None:
            notes.put(uow, notes.CLOCK_OFFSET, str(ahead // timedelta(microseconds=1)))

        await asyncio.to_thread(self.house.engine.chore, work)
        await self.house.read(clock.read_from)

    def _sandbox_clock(self) -> Any:
        if not self.house.settings.sandbox:
            raise NotPossible(
                "The clock of a real shop cannot be moved.",
                "Leave --at out to run what is due now.",
                code="live_database",
            )
        return self.house.clock

    async def _watch_clock(self, stop: asyncio.Event) -> None:
        while not await stopped_within(stop, LOOK_SECONDS):
            await self.house.read(self._sandbox_clock().read_from)


async def do_once(house: House, what: str, asked: dict[str, Any]) -> Any:
    """The same for a command line that owns the database."""
    running = Running(house)
    try:
        return await running.do(what, asked)
    finally:
        await running.close()


async def _forever(
    name: str, run: Callable[[asyncio.Event], Coroutine[Any, Any, None]], stop: asyncio.Event
) -> None:
    """A part that breaks is reported and begins anew; one that has nothing to do may end."""
    while not stop.is_set():
        try:
            await run(stop)
            break
        except Exception:
            log.exception("the %s broke; it starts again", name)
            await stopped_within(stop, RESTART_SECONDS)


def moment_of(text: str, zone: str = "") -> datetime:
    """A moment as people write it; without a zone of its own it is meant in `zone`."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as problem:
        raise Invalid(
            f"“{text}” is no moment.", "Write it like 2026-11-24T18:00+01:00."
        ) from problem
    if moment.tzinfo is None and zone:
        return moment.replace(tzinfo=ZoneInfo(zone))
    if moment.tzinfo is None:
        raise Invalid(f"“{text}” has no time zone.", "Write it like 2026-11-24T18:00+01:00.")
    return moment
