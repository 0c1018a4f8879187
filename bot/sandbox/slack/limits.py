"""How often an app may call: Slack's tiers per method, and one message a second per channel."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from bot.sandbox.slack.model import SlackRefusal

TIER_PER_MINUTE = {1: 1, 2: 20, 3: 50, 4: 100}
CHANNEL_BURST = 4


@dataclass(slots=True)
class Bucket:
    capacity: float
    per_second: float
    left: float
    seen_at: datetime

    def take(self, now: datetime) -> float:
        """Take one; the answer is 0, or the seconds to wait before asking again."""
        passed = max(0.0, (now - self.seen_at).total_seconds())
        self.left = min(self.capacity, self.left + passed * self.per_second)
        self.seen_at = now
        if self.left >= 1:
            self.left -= 1
            return 0
        return (1 - self.left) / self.per_second


class RateLimits:
    """All buckets of one app in one workspace. `enabled = False` switches them off."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self.enabled = True
        self._clock = clock
        self._buckets: dict[str, Bucket] = {}

    def count_call(self, method: str, tier: int) -> None:
        per_minute = TIER_PER_MINUTE[tier]
        self._count(method, per_minute, per_minute / 60)

    def count_post(self, channel: str) -> None:
        self._count(f"post:{channel}", CHANNEL_BURST, 1.0)

    def clear(self) -> None:
        self._buckets.clear()

    def _count(self, name: str, capacity: float, per_second: float) -> None:
        if not self.enabled:
            return
        now = self._clock()
        bucket = self._buckets.setdefault(name, Bucket(capacity, per_second, capacity, now))
        wait = bucket.take(now)
        if wait:
            seconds = str(math.ceil(wait))
            raise SlackRefusal("ratelimited", 429, headers={"Retry-After": seconds})
