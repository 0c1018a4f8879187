"""All benchmarks in one run: `python -m benchmarks [--quick] [--json]`."""

from __future__ import annotations

from benchmarks import capture, machine, planning, routing
from benchmarks.machine import Figures, Run


def main() -> None:
    machine.run(__doc__, measure)


def measure(run: Run) -> Figures:
    return capture.measure(run) | planning.measure(run) | routing.measure(run)


if __name__ == "__main__":
    main()
