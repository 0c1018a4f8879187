"""Goods that are expected: what arrives is set against it, the rest stays open or goes missing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime

from core.domain.refusals import NotPossible
from core.domain.values import dataclass


@dataclass(frozen=True, slots=True)
class Expected:
    """Units of a SKU that a location expects under a reference; days are the location's own."""

    id: int
    sku: str
    location_id: int
    reference: str
    quantity: int
    received: int = 0
    missing: int = 0
    source: str = ""
    transfer_id: int | None = None
    due_on: date | None = None
    reason: str = ""
    created_by: str = ""
    created_at: datetime | None = None

    @property
    def open(self) -> int:
        return self.quantity - self.received - self.missing

    def receive(self, units: int) -> Expected:
        self._require(units)
        return replace(self, received=self.received + units)

    def lose(self, units: int, reason: str) -> Expected:
        """Units that will not come; the first reason stays beside a later one."""
        self._require(units)
        if not reason.strip():
            raise NotPossible(
                "Missing goods need a reason.", "Add why, for example: lost in transit."
            )
        said = "; ".join(filter(None, (self.reason, reason.strip())))
        return replace(self, missing=self.missing + units, reason=said[:500])

    def _require(self, units: int) -> None:
        if not 0 < units <= self.open:
            raise NotPossible(
                f"{self.open} × {self.sku} of {self.reference} are still expected, not {units}.",
                "Look at `expected`.",
            )


@dataclass(frozen=True, slots=True)
class Shares:
    """How units that came (or never will) fall on what was expected; `over` is beyond all of it."""

    parts: tuple[tuple[Expected, int], ...]
    over: int


def share(units: int, expected: Iterable[Expected]) -> Shares:
    """Give units to what was expected, in the order given (the earliest due first)."""
    parts = []
    for each in expected:
        taken = min(units, each.open)
        if taken > 0:
            parts.append((each, taken))
            units -= taken
    return Shares(tuple(parts), units)


def by_due(expected: Iterable[Expected]) -> list[Expected]:
    """The earliest due first; what has no day comes last, the older before the newer."""
    return sorted(expected, key=lambda x: (x.due_on or date.max, x.id))
