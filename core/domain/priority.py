"""Who is served first: VIP, then business customers, then gifts, then everybody by age."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

# The numbers leave room between them.
PRIORITIES: Mapping[str, int] = {"vip": 30, "b2b": 20, "gift": 10, "normal": 0}


def priority_named(priority: int) -> str:
    """The name of a stored priority: the highest one that it reaches."""
    return next((name for name, least in PRIORITIES.items() if priority >= least), "normal")


def priority_of(priority: int, tags: Iterable[str]) -> int:
    """The priority of an order: its own, or what one of its tags says when that is more."""
    return max([priority, *(PRIORITIES.get(tag.casefold(), 0) for tag in tags)])
