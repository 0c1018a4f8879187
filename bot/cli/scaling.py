"""`wismo scale`: the parts of a big installation as processes on this machine."""

from __future__ import annotations

import signal
import subprocess
import sys
import time

from bot.cli import session
from bot.settings import Settings
from core.domain.refusals import NotPossible

STOP_SECONDS = 30
PARTS = ("app", "app", "worker", "worker", "clock")


def run(port: int, seconds: float) -> int:
    """Start the parts, say where they are, stop them all when one ends or we are told to."""
    settings = session.settings()
    if settings.database_url.startswith("sqlite"):
        raise NotPossible(
            "Several processes need PostgreSQL; SQLite belongs to one.",
            "Set WISMO_DATABASE_URL=postgresql+psycopg://user:password@host/name.",
        )
    _migrate()
    parts = [_start(settings, role, port + n) for n, role in enumerate(PARTS)]
    try:
        return _watch(parts, seconds)
    finally:
        _stop(parts)


def _migrate() -> None:
    subprocess.run([sys.executable, "-m", "bot", "migrate"], check=True)


def _start(settings: Settings, role: str, port: int) -> subprocess.Popen[bytes]:
    """The child reads the same settings; what differs is told in front of its command line."""
    told = {"WISMO_ROLES": role, "WISMO_PORT": str(port if role == "app" else settings.port)}
    words = [f"{name}={value}" for name, value in told.items()]
    return subprocess.Popen(["env", *words, sys.executable, "-m", "bot", "serve"])


def _watch(parts: list[subprocess.Popen[bytes]], seconds: float) -> int:
    ends = time.monotonic() + seconds if seconds else None
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        while all(part.poll() is None for part in parts):
            if ends is not None and time.monotonic() > ends:
                return 0
            time.sleep(0.2)
    except KeyboardInterrupt:
        return 0
    ended = next(part for part in parts if part.poll() is not None)
    print(f"A part ended with {ended.returncode}; the others are stopped.", file=sys.stderr)
    return 1


def _stop(parts: list[subprocess.Popen[bytes]]) -> None:
    for part in parts:
        if part.poll() is None:
            part.terminate()
    for part in parts:
        try:
            part.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            part.kill()
            part.wait()
    print("Everything is stopped.")
