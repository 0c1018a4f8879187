"""Backup and restore: SQLite by its own online copy, PostgreSQL by its own programs."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa

from core.db.connection import Database
from core.db.migrate import head
from core.domain.refusals import Conflict, Invalid, NotFound, NotPossible, Refusal

PAGES_PER_STEP = 2000
SQLITE_HEADER = b"SQLite format 3\x00"
POSTGRES_HEADER = b"PGDMP"

Progress = Callable[[float], None]


def _quiet(_share: float) -> None:
    """Nobody watches."""


def backup(database: Database, file: Path, progress: Progress = _quiet) -> int:
    """Copy a database that may be in use into a new file; returns its size in bytes."""
    if file.exists():
        raise Conflict(f"{file} exists already.", "Choose another name; backups are never mixed.")
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_name(f"{file.name}.part")
    draft.unlink(missing_ok=True)
    draft.touch(mode=0o600)
    try:
        if database.path is not None:
            _copy_sqlite(Path(database.path), draft, progress)
        else:
            _run("pg_dump", database, ["--format=custom", "--no-owner", f"--file={draft}"])
        _settle(draft, file)
    finally:
        draft.unlink(missing_ok=True)
    return file.stat().st_size


def restore(database: Database, file: Path, stamp: datetime) -> Path | None:
    """Put a backup in place of the database; returns where the SQLite file before it was kept."""
    _require_backup(database, file)
    if database.path is None:
        options = ["--clean", "--if-exists", "--no-owner", "--single-transaction"]
        _run("pg_restore", database, [*options, "--exit-on-error", str(file)])
        return None
    path = Path(database.path)
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.restoring")
    draft.unlink(missing_ok=True)
    draft.touch(mode=0o600)
    _copy_sqlite(file, draft, _quiet)
    database.close()
    kept = _set_aside(path, stamp)
    _settle(draft, path)
    return kept


def _copy_sqlite(source: Path, target: Path, progress: Progress) -> None:
    """The online backup sees one moment of the database, whatever is written meanwhile."""
    if not source.exists():
        raise NotFound(f"There is no database at {source}.")
    origin = sqlite3.connect(f"file:{source}?mode=ro", uri=True)
    copy = sqlite3.connect(target)

    def report(_status: int, left: int, total: int) -> None:
        progress(1 - left / total if total else 1.0)

    try:
        origin.backup(copy, pages=PAGES_PER_STEP, progress=report)
        _require_whole(copy, target)
        copy.execute("PRAGMA journal_mode=DELETE")  # one file, with no companion to forget
    except sqlite3.DatabaseError as problem:
        raise _damaged(source, str(problem)) from problem
    finally:
        origin.close()
        copy.close()


def _require_whole(copy: sqlite3.Connection, path: Path) -> None:
    said = [row[0] for row in copy.execute("PRAGMA integrity_check(5)")]
    if said != ["ok"]:
        raise _damaged(path, "; ".join(said)[:300])


def _damaged(path: Path, said: str) -> Refusal:
    return NotPossible(
        f"{path.name} is damaged: {said}.", "Take an older backup; nothing was replaced."
    )


def _require_backup(database: Database, file: Path) -> None:
    """The right kind of file, whole, and not from a later wismo."""
    if not file.is_file():
        raise NotFound(f"There is no file {file}.")
    with file.open("rb") as opened:
        begins = opened.read(16)
    wanted = SQLITE_HEADER if database.is_sqlite else POSTGRES_HEADER
    if not begins.startswith(wanted):
        kind = "SQLite" if database.is_sqlite else "PostgreSQL"
        raise Invalid(f"{file.name} is no {kind} backup of wismo.", "Choose another file.")
    if database.is_sqlite:
        _require_known_revision(file)


def _require_known_revision(file: Path) -> None:
    opened = sqlite3.connect(f"file:{file}?mode=ro", uri=True)
    try:
        row = opened.execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlite3.DatabaseError as problem:
        next_ = "Choose another file; nothing was replaced."
        raise Invalid(f"{file.name} holds no wismo database: {problem}.", next_) from problem
    finally:
        opened.close()
    if row is None or row[0] > head():
        raise NotPossible(f"{file.name} comes from a later wismo.", "Install that one first.")


def _set_aside(path: Path, stamp: datetime) -> Path | None:
    """Keep what was there, with its companions: a restore must not be the second accident."""
    if not path.exists():
        return None
    kept = path.with_name(f"{path.name}.before-{stamp:%Y%m%dT%H%M%S}")
    for ending in ("", "-wal", "-shm"):
        part = Path(f"{path}{ending}")
        if part.exists():
            part.replace(f"{kept}{ending}")
    return kept


def _settle(draft: Path, file: Path) -> None:
    """On the disk first, then under its name."""
    with draft.open("rb") as written:
        os.fsync(written.fileno())
    draft.replace(file)
    folder = os.open(file.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


# --- PostgreSQL ----------------------------------------------------------------------------------


def _run(program: str, database: Database, options: list[str]) -> None:
    found = shutil.which(program)
    if found is None:
        raise NotPossible(
            f"{program} is not installed here.",
            "Install PostgreSQL's client programs, in the server's version or a later one.",
        )
    ran = subprocess.run(
        [found, f"--dbname={_address(database.url)}", *options],
        env={"PGPASSWORD": database.url.password or ""},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if ran.returncode:
        said = ran.stderr.strip().splitlines() or [f"exit code {ran.returncode}"]
        raise NotPossible(f"{program} failed: {said[0][:300]}", "Mend that, then try again.")


def _address(url: sa.URL) -> str:
    """Without the password, which would be seen in the list of processes."""
    plain = url.set(drivername="postgresql", password=None)
    return plain.render_as_string(hide_password=False)
