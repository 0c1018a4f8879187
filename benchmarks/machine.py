"""How every benchmark is run: its options, what it says of the machine, how figures are shown."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy

Figures = dict[str, float | int | str]


@dataclass(frozen=True, slots=True)
class Run:
    """What a benchmark is run with: a folder for its databases, a seed, and whether it is short."""

    folder: Path
    seed: int
    quick: bool


def run(
    about: str | None,
    measure: Callable[[Run], Figures],
    table: Callable[[Figures], str] | None = None,
) -> None:
    """Read the options, measure, and print the figures; for people also as a table."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--seed", type=int, default=20261121)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(dir="/var/tmp") as name:
        figures = measure(Run(Path(name), asked.seed, asked.quick))
    show(figures, as_json=asked.json)
    if table is not None and not asked.json:
        print(table(figures))


def about(folder: Path) -> Figures:
    """Versions, cores and the disk's own fdatasync p50 in microseconds."""
    return {
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "sqlalchemy": sqlalchemy.__version__,
        "cores": os.cpu_count() or 0,
        "fdatasync_p50_us": round(fdatasync_p50(folder)),
    }


def fdatasync_p50(folder: Path, times: int = 200) -> float:
    with tempfile.NamedTemporaryFile(dir=folder) as file:
        taken = []
        for _ in range(times):
            file.write(b"x" * 4096)
            file.flush()
            started = time.perf_counter()
            os.fdatasync(file.fileno())
            taken.append((time.perf_counter() - started) * 1e6)
    return statistics.median(taken)


def show(figures: Figures, *, as_json: bool) -> None:
    """One figure per line as `name: value`, or all of them as one JSON object."""
    if as_json:
        print(json.dumps(figures))
        return
    for name, value in figures.items():
        print(f"{name}: {value}")


def percentile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]
