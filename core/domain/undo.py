"""The undo window: for how long a step may be taken back, and what waits until it has closed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from core.domain.values import dataclass

TAKEN_BACK = "It was taken back before anybody was told."


@dataclass(frozen=True, slots=True)
class CaseBefore:
    """A case as it was before a step changed it; `version` is the one that the step left."""

    id: int
    version: int
    state: str
    assignee: str = ""
    snoozed_until: datetime | None = None


def window_of(policy: Mapping[str, Any]) -> timedelta:
    """How long steps may be undone; zero switches it off."""
    return timedelta(seconds=int(policy["undo_seconds"]))


def is_open(done_at: datetime, now: datetime, window: timedelta) -> bool:
    """What waits leaves when the window closes, so the last moment of it is no longer inside."""
    return now < done_at + window


def in_words(window: timedelta) -> str:
    """“60 s”, “5 min”: short enough for a button."""
    seconds = int(window.total_seconds())
    return f"{seconds} s" if seconds < 120 or seconds % 60 else f"{seconds // 60} min"
