"""Named points at which a sandbox can be made to die at once, to prove what survives.

`WISMO_FAILPOINTS=worker.after_act=2,writer.before_commit` kills the process when it comes to the
named point for the second, or first, time. Only a sandbox arms them (bot/main.py).
"""

from __future__ import annotations

import os

from core.domain.refusals import Invalid

POINTS = (
    "writer.before_commit",  # nothing of the group is durable yet
    "writer.after_commit",  # durable, but nobody has been answered
    "worker.before_act",  # claimed, and nothing done outside
    "worker.after_act",  # done outside, and not recorded
    "worker.after_settle",  # recorded
)
DEAD = 137  # the exit code of a process that was killed

_armed: dict[str, int] = {}


def arm(text: str) -> None:
    """Set the points named in `text`; an unknown one is refused."""
    _armed.clear()
    for word in filter(None, (part.strip() for part in text.split(","))):
        name, _, count = word.partition("=")
        if name not in POINTS or not (count or "1").isdigit():
            raise Invalid(f"There is no failpoint {word}.", f"There are: {', '.join(POINTS)}.")
        _armed[name] = int(count or 1)


def hit(name: str) -> None:
    """Die here if this point is armed and its count has come."""
    if name not in _armed:
        return
    _armed[name] -= 1
    if _armed[name] <= 0:
        os._exit(DEAD)
