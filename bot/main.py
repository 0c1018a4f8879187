"""The composition: settings become a house, and a process that serves it. The only wall clock."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import signal
import socket
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bot.bridge import House
from bot.local import DistantEngine, database_path, ownership
from bot.settings import Settings
from core import failpoints
from core.db import house as notes
from core.db.backup import backup
from core.db.connection import Database, Session
from core.db.migrate import head, migrate, revision
from core.domain.refusals import NotPossible
from core.engine import Engine

log = logging.getLogger("wismo")


def wall_clock() -> datetime:
    return datetime.now(UTC)


class HouseClock:
    """Our clock: the wall clock, and in a sandbox database so far ahead of it as it says."""

    def __init__(self, wall: Callable[[], datetime] = wall_clock) -> None:
        self._wall = wall
        self._ahead = timedelta()

    def __call__(self) -> datetime:
        return self._wall() + self._ahead

    def read_from(self, session: Session) -> None:
        self._ahead = notes.clock_offset(session)

    def ahead_at(self, moment: datetime) -> timedelta:
        """How far ahead of the wall clock it would be at a moment."""
        return moment - self._wall()


def build(
    settings: Settings, *, server: Path | None = None, wall: Callable[[], datetime] = wall_clock
) -> House:
    """The house of a database that is ready for it; its commands go to `server` if there is one."""
    clock = HouseClock(wall)
    database = Database(settings.database_url)
    try:
        _prepare(database, settings, clock)
    except BaseException:
        database.close()
        raise
    failpoints.arm(settings.failpoints if settings.sandbox else "")
    keys = settings.secrets
    engine = (
        Engine(database, clock, keys) if server is None else DistantEngine(database, clock, server)
    )
    house = House(engine, settings, clock)
    if server is None:
        kind = notes.SANDBOX if settings.sandbox else notes.LIVE
        engine.chore(lambda uow: notes.settle_kind(uow, kind))
    return house


def _prepare(database: Database, settings: Settings, clock: HouseClock) -> None:
    """The database at our revision, of the right kind, and the clock that it keeps."""
    bring_up(database)
    with database.read() as session:
        known = notes.get(session, notes.KIND)
        if known is not None and (known == notes.SANDBOX) != settings.sandbox:
            raise notes.wrong_kind(known)
        clock.read_from(session)


def bring_up(database: Database) -> None:
    """A new or older SQLite file is migrated, keeping a copy; a server's database only by hand."""
    path = database_path(str(database.url))
    if path is not None:
        _make_private(path)
    at = revision(database)
    if at == head():
        return
    if at is not None and at > head():
        raise NotPossible("This database belongs to a later wismo.", "Install that one.")
    if path is None:
        raise NotPossible("The database is not prepared for this wismo.", "Run `wismo migrate`.")
    if at is not None:
        kept = path.with_name(f"{path.name}.before-{head()}")
        if not kept.exists():
            backup(database, kept)
    migrate(database)


def _make_private(path: Path) -> None:
    """Customers' data is for one user only; SQLite gives the files beside it the same mode."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not path.exists():
        path.touch(mode=0o600)


# --- one process ---------------------------------------------------------------------------------


def serve(settings: Settings, announce: Callable[[str], None] = log.info) -> None:
    """Serve until SIGTERM or SIGINT, in the roles that the settings name."""
    with ownership(database_path(settings.database_url)), contextlib.ExitStack() as held:
        line = held.enter_context(_bound(settings)) if "app" in settings.roles else None
        house = held.enter_context(contextlib.closing(build(settings)))
        _run(_serve_app(house, announce, line) if line else _serve_rest(house, announce))


def _bound(settings: Settings) -> socket.socket:
    """Where strangers reach us, taken before anything else: whoever fails here changed nothing."""
    where = f"{settings.host}:{settings.port}"
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        return socket.create_server((settings.host, settings.port), family=family, backlog=2048)
    except OSError as problem:
        if problem.errno == errno.EADDRINUSE:
            raise NotPossible(
                f"Another program listens on {where} already.",
                "Stop it, or choose another port: WISMO_PORT=8001 wismo serve",
            ) from problem
        raise NotPossible(
            f"Nothing can listen on {where} ({problem.strerror}).",
            "Choose another place with WISMO_HOST and WISMO_PORT.",
        ) from problem


def _run(coroutine: Coroutine[Any, Any, None]) -> None:
    import uvloop

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(coroutine)


async def _serve_app(house: House, announce: Callable[[str], None], line: socket.socket) -> None:
    from bot.doors import Server

    server = Server(house, announce)
    # uvicorn raises the signal once more when it has drained: we still have to close the database.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: None)
    await server.serve([line])
    if not server.started:
        raise NotPossible("The server did not start.", "The lines above say why.")


async def _serve_rest(house: House, announce: Callable[[str], None]) -> None:
    from bot.running import Running

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with Running(house).working():
        announce(f"wismo works ({', '.join(house.settings.roles)})")
        await stop.wait()
