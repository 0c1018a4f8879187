"""All benchmarks in one run: `python -m benchmarks [--quick] [--json]`."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from benchmarks import capture, machine, routing


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--seed", type=int, default=20261121)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(dir="/var/tmp") as name:
        figures = capture.measure(Path(name), 0.2 if asked.quick else 1.0, asked.seed)
    figures |= routing.measure(asked.seed, quick=asked.quick)
    machine.show(figures, as_json=asked.json)


if __name__ == "__main__":
    main()
