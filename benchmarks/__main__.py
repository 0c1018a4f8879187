"""All benchmarks in one run: `python -m benchmarks [--quick] [--json]`."""

from __future__ import annotations

from benchmarks import capture

if __name__ == "__main__":
    capture.main()
