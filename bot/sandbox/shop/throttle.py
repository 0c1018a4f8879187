"""The leaky bucket of query costs that every Admin API answer reports."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

Seconds = Callable[[], float]
MAX_QUERY_COST = 1000
CAPACITY = 2000.0
RESTORE_PER_SECOND = 100.0


class Bucket:
    def __init__(self, seconds: Seconds | None = None) -> None:
        self._seconds = seconds or time.monotonic
        self._left, self._at = CAPACITY, self._seconds()

    def spend(self, cost: int) -> bool:
        now = self._seconds()
        self._left = min(CAPACITY, self._left + (now - self._at) * RESTORE_PER_SECOND)
        self._at = now
        if cost > self._left:
            return False
        self._left -= cost
        return True

    def give_back(self, cost: int) -> None:
        """The request cost less than it had announced."""
        self._left = min(CAPACITY, self._left + cost)

    def shown(self, requested: int, actual: int | None) -> dict[str, Any]:
        return {
            "cost": {
                "requestedQueryCost": requested,
                "actualQueryCost": actual,
                "throttleStatus": {
                    "maximumAvailable": CAPACITY,
                    "currentlyAvailable": int(self._left),
                    "restoreRate": RESTORE_PER_SECOND,
                },
            }
        }
