"""A loaded parent that forks a fresh server for every life: a start costs milliseconds then.

Run as `python -m tests.faults.nursery`; a line on standard input starts a server and answers its
process id; the end of input ends the parent. The settings come from the environment, as ever.
"""

from __future__ import annotations

import os
import sys

import bot.doors
import bot.main
from bot.settings import Settings


def main() -> None:
    settings = Settings()
    for _ in sys.stdin:
        child = os.fork()
        if child == 0:
            sys.stdin.close()
            try:
                bot.main.serve(settings)
            finally:
                os._exit(0)
        sys.stdout.write(f"{child}\n")
        sys.stdout.flush()
        os.waitpid(child, 0)


if __name__ == "__main__":
    main()
