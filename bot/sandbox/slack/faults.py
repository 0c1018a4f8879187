"""Trouble on order: what the stand-in does wrong on purpose, per method, in the asked order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that goes wrong once.

    `status` and `error` answer instead of doing anything; `drop` cuts the connection before or
    after the work is done; `delay_seconds` waits first. `method` may be "*" for any.
    """

    method: str
    status: int | None = None
    error: str | None = None
    drop: Literal["before", "after"] | None = None
    delay_seconds: float = 0
    retry_after: int | None = None


class Faults:
    def __init__(self) -> None:
        self._waiting: list[Fault] = []

    def add(self, fault: Fault, times: int = 1) -> None:
        self._waiting += [fault] * times

    def next_for(self, method: str) -> Fault | None:
        """The oldest fault for this method, which is thereby used up."""
        found = next((f for f in self._waiting if f.method in (method, "*")), None)
        if found is not None:
            self._waiting.remove(found)
        return found

    def waiting(self) -> list[Fault]:
        return list(self._waiting)

    def clear(self) -> None:
        self._waiting.clear()
