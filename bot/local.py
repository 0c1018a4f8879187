"""Reaching the house from this machine: through the running server's socket, or by doing it here.

One process owns a SQLite database. It holds the lock file beside it and listens on a socket that
only its own user may open; a command line that finds the lock taken hands its commands over.
Questions need no hand-over: readers never disturb the writer.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import hashlib
import os
import socket
import stat
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from concurrent.futures import Future
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from bot.bridge import House
from bot.settings import Settings
from core import registry
from core.db.connection import Database, Session
from core.db.unit_of_work import UnitOfWork
from core.domain.access import Actor, system
from core.domain.refusals import Invalid, NotFound, NotPossible, Refusal, Unavailable
from core.engine import Caller, Engine, Receipt

T = TypeVar("T")
Doings = Callable[[str, dict[str, Any]], Awaitable[Any]]

SOCKET_PATH_MAX = 100  # the system's own limit is 107 characters
BODY_MAX = 64 * 1024 * 1024
ANSWER_SECONDS_MAX = 600.0


def database_path(url: str) -> Path | None:
    """The file of a SQLite database; None for a database with a server of its own."""
    prefix, _, path = url.partition(":///")
    return Path(path).absolute() if prefix.partition("+")[0] == "sqlite" else None


# --- the lock ----------------------------------------------------------------------------------


@contextlib.contextmanager
def ownership(path: Path | None) -> Iterator[None]:
    """Own a SQLite database while this lasts; refused when another process does."""
    if path is None:
        yield
        return
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with Path(f"{path}.lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as problem:
            raise NotPossible(
                "Another wismo process runs with this database.",
                "Stop it first, or give WISMO_DATABASE_URL another database.",
                code="already_running",
            ) from problem
        yield


def socket_path(path: Path) -> Path:
    """Beside the database, or where that would be too long a name, in a folder of our own."""
    beside = Path(f"{path}.sock")
    if len(str(beside)) <= SOCKET_PATH_MAX:
        return beside
    name = hashlib.sha256(str(path).encode()).hexdigest()[:16]
    folder = Path(tempfile.gettempdir()) / f"wismo-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    seen = folder.lstat()
    if not stat.S_ISDIR(seen.st_mode) or seen.st_uid != os.getuid() or seen.st_mode & 0o077:
        raise NotPossible(f"{folder} is not only ours.", "Remove it, then try again.")
    return folder / f"{name}.sock"


# --- the server's end --------------------------------------------------------------------------


@contextlib.asynccontextmanager
async def listening(path: Path | None, do: Doings) -> AsyncIterator[None]:
    """Answer requests on the socket while this lasts; each is one JSON line and its answer."""
    if path is None:
        yield
        return
    place = socket_path(path)
    place.unlink(missing_ok=True)
    before = os.umask(0o177)
    try:
        server = await asyncio.start_unix_server(
            lambda reader, writer: _answer(reader, writer, do), place, limit=BODY_MAX
        )
    finally:
        os.umask(before)
    try:
        yield
    finally:
        server.close()
        place.unlink(missing_ok=True)


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, do: Doings) -> None:
    with contextlib.suppress(ConnectionError):
        asked = msgspec.json.decode(await reader.readline() or b"{}", type=dict[str, Any])
        if asked:
            writer.write(msgspec.json.encode(await _outcome(asked, do)) + b"\n")
            await writer.drain()
        writer.close()
        await writer.wait_closed()


async def _outcome(asked: dict[str, Any], do: Doings) -> dict[str, Any]:
    try:
        return {"answer": await do(str(asked.pop("do")), asked)}
    except Refusal as refusal:
        told = {"sentence": refusal.sentence, "next": refusal.next, "code": refusal.code}
        return {"refusal": told}


def command_of(asked: dict[str, Any]) -> tuple[Any, Caller]:
    """A command and its caller as they came over the socket."""
    spec = registry.command_named(str(asked["name"]))
    return spec.read(asked["arguments"]), msgspec.convert(asked["caller"], Caller)


# --- the command line's end --------------------------------------------------------------------


def request(path: Path, do: str, **asked: Any) -> Any:
    """One question to the running server. Raises the refusal that it answers."""
    try:
        with socket.socket(socket.AF_UNIX) as line:
            line.settimeout(ANSWER_SECONDS_MAX)
            line.connect(str(socket_path(path)))
            line.sendall(msgspec.json.encode({"do": do, **asked}) + b"\n")
            with line.makefile("rb") as file:
                told = file.readline()
    except OSError as problem:
        raise Unavailable(
            f"The running server does not answer ({type(problem).__name__}).",
            "If it is starting or stopping, try again in a moment.",
        ) from problem
    answer = msgspec.json.decode(told) if told else {}
    if "answer" in answer:
        return answer["answer"]
    refusal = answer.get("refusal") or {"sentence": "The server broke off.", "next": "", "code": ""}
    raise Refusal(refusal["sentence"], refusal["next"], code=refusal["code"] or "unavailable")


class DistantEngine(Engine):
    """An engine whose commands are carried out by the server that owns the database."""

    def __init__(self, database: Database, clock: Callable[[], Any], path: Path) -> None:
        super().__init__(database, clock)
        self._path = path

    def submit(self, command: Any, caller: Caller) -> Future[Receipt]:
        done: Future[Receipt] = Future()
        told = request(
            self._path,
            "execute",
            name=registry.spec_of(command).name,
            arguments=msgspec.to_builtins(command),
            caller=msgspec.to_builtins(caller),
        )
        done.set_result(msgspec.convert(told, Receipt))
        return done

    def chore(self, work: Callable[[UnitOfWork], T], shop_id: int = 0) -> T:
        del work, shop_id
        raise NotPossible("The running server does this work.", "Stop it first.")


@contextlib.contextmanager
def _reach(path: Path | None) -> Iterator[Path | None]:
    """Own the database when nobody does; else the path of the one whose server owns it."""
    with contextlib.ExitStack() as held:
        try:
            held.enter_context(ownership(path))
        except NotPossible:
            yield path
            return
        yield None


class Local:
    """The house as the command line has it: the same words whether a server runs or not."""

    def __init__(self, house: House, server: Path | None, shop_id: int) -> None:
        self.house = house
        self.shop_id = shop_id
        self._server = server

    def caller(self, actor: Actor | None = None) -> Caller:
        return Caller(actor or system(self.shop_id, "cli"), "cli")

    def execute(self, command: Any, caller: Caller | None = None) -> Receipt:
        """Do one command; what it refuses is raised."""
        receipt = self.house.engine.execute(command, caller or self.caller())
        if not receipt.ok:
            raise Refusal(receipt.sentence, receipt.next, code=receipt.code)
        return receipt

    def query(self, question: Any, caller: Caller | None = None) -> Any:
        return self.house.engine.query(question, caller or self.caller())

    def read(self, look: Callable[[Session], T]) -> T:
        return self.house.engine.read(look)

    def say(self, text: str, name: str = "") -> Any:
        """What the desk answers to words typed as in Slack, as this person of the staff."""
        from bot import desk

        caller = self.caller(self._person(name) if name else None)
        return asyncio.run(desk.answer(self.house, text, caller, desk.Context()))

    def tick(self, at: datetime | None = None) -> list[dict[str, Any]]:
        """Run the scheduled jobs that are due; a sandbox's clock moves to `at` first."""
        told: list[dict[str, Any]] = self._do("tick", at=at.isoformat() if at else None)
        return told

    def work(self) -> int:
        """Work until nothing is due; returns how many things were done."""
        return int(self._do("work"))

    def note_backup(self) -> None:
        self._do("note_backup")

    def _do(self, do: str, **asked: Any) -> Any:
        from bot.running import do_once

        if self._server is not None:
            return request(self._server, do, **asked)
        return asyncio.run(do_once(self.house, do, asked))

    def _person(self, name: str) -> Actor:
        from core.db.roster import actor_named

        found = self.read(lambda session: actor_named(session, self.shop_id, name))
        if found is None:
            raise NotFound(f"Nobody here is called {name}.", "See `wismo staff list`.")
        return found


@contextlib.contextmanager
def local(settings: Settings, shop: str = "") -> Iterator[Local]:
    """The house, through the running server or by owning the database meanwhile.

    `shop` is a number or name, needed only when there are several.
    """
    from bot.main import build

    with _reach(database_path(settings.database_url)) as server:
        house = build(settings, server=server)
        try:
            yield Local(house, server, _chosen(house, shop))
        finally:
            house.close()


def _chosen(house: House, wanted: str) -> int:
    """The shop that is meant; the first one's number where none is set up yet."""
    from core.db import roster

    shops = house.engine.read(roster.shops)
    found = [number for number, name in shops if wanted in ("", str(number), name)]
    if len(found) == 1 or not shops:
        return found[0] if found else 1
    names = ", ".join(f"{number} ({name})" for number, name in shops)
    raise Invalid("It is not clear which shop is meant.", f"Say --shop with one of {names}.")
