"""`make scale` on a bare checkout: `wismo scale` over a PostgreSQL that lasts as long as it."""

# ruff: noqa: T201 - it talks to the person at the terminal

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys

from tests import postgres


def main() -> int:
    given = os.environ.get("WISMO_DATABASE_URL", "")
    if given.startswith("postgresql"):
        return _scale(given)
    with postgres.session():
        url = postgres.fresh_database()
        print(
            "A PostgreSQL was started for this; nothing is kept. Its address, for the command line:"
        )
        print(f"  export WISMO_DATABASE_URL='{url}'")
        return _scale(url)


def _scale(url: str) -> int:
    key = os.environ.get("WISMO_SECRET_KEY") or secrets.token_urlsafe(48)
    print(f"  export WISMO_SECRET_KEY='{key}'", flush=True)
    told = {**os.environ, "WISMO_DATABASE_URL": url, "WISMO_SECRET_KEY": key}
    command = [sys.executable, "-m", "bot", "scale", *sys.argv[1:]]
    with subprocess.Popen(command, env=told) as process:
        # Ctrl-C reaches the child too, which stops its parts; the database outlives them.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, lambda number, _frame: process.send_signal(number))
        return process.wait()


if __name__ == "__main__":
    sys.exit(main())
