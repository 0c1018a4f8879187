"""How often one visitor may do something: sliding windows in memory, by our own clock."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable
from datetime import datetime, timedelta

VISITORS_MAX = 10_000


class Window:
    """At most `most` times within `span` for each name; names not seen for long are forgotten."""

    def __init__(self, most: int, span: timedelta, clock: Callable[[], datetime]) -> None:
        self._most = most
        self._span = span
        self._clock = clock
        self._seen: OrderedDict[str, deque[datetime]] = OrderedDict()

    def allows(self, name: str) -> bool:
        """Counts this time too when it is allowed."""
        now = self._clock()
        times = self._seen.setdefault(name, deque())
        self._seen.move_to_end(name)
        while times and now - times[0] >= self._span:
            times.popleft()
        if len(self._seen) > VISITORS_MAX:
            self._seen.popitem(last=False)
        if len(times) >= self._most:
            return False
        times.append(now)
        return True
