"""What every benchmark prints about the machine it ran on, and how figures are printed."""

from __future__ import annotations

import json
import os
import platform
import sqlite3
import statistics
import tempfile
import time
from pathlib import Path

import sqlalchemy

Figures = dict[str, float | int | str]


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
