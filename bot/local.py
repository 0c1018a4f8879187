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
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from core import registry
from core.db.connection import Database
from core.db.unit_of_work import UnitOfWork
from core.domain.refusals import NotPossible, Refusal, Unavailable
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
    path.parent.mkdir(parents=True, exist_ok=True)
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


def is_owned(path: Path | None) -> bool:
    """Whether a process runs with this database just now."""
    try:
        with ownership(path):
            return False
    except NotPossible:
        return True


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
async def listening(path: Path | None, do: Doings) -> Any:
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


@dataclass(frozen=True, slots=True)
class Reach:
    """How this process reaches the database: it owns it, or the server at `server` does."""

    server: Path | None = None


@contextlib.contextmanager
def reach(path: Path | None) -> Iterator[Reach]:
    """Own the database when nobody does; else go through the server that owns it."""
    with contextlib.ExitStack() as held:
        try:
            held.enter_context(ownership(path))
        except NotPossible:
            yield Reach(server=path)
            return
        yield Reach()
