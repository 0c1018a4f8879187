"""The base of all facts."""

from __future__ import annotations

from core.domain.values import dataclass


@dataclass(frozen=True, slots=True)
class Event:
    """Base of all facts; the class name is the stored kind."""

    @property
    def kind(self) -> str:
        return type(self).__name__
