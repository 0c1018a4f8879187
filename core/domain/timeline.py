"""Which facts of an order are about one of its lines: those that name it, or the whole order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.domain.values import dataclass


@dataclass(frozen=True, slots=True)
class LineTrail:
    """Where a line's units went: numbers of work, ids of parcels and returns that held any."""

    sku: str
    works: frozenset[str] = frozenset()
    parcels: frozenset[int] = frozenset()
    returns: frozenset[int] = frozenset()


def is_about(data: Mapping[str, Any], line: LineTrail) -> bool:
    """A fact that names SKUs is about those, one of a parcel or of work about what is in it;
    everything else (held, paid, canceled) is about every line."""
    for name, known in (("parcel_id", line.parcels), ("return_id", line.returns)):
        if data.get(name) is not None:
            return data[name] in known
    skus = _skus(data)
    if skus:
        return line.sku.casefold() in skus
    return data["work"] in line.works if "work" in data else True


def _skus(data: Mapping[str, Any]) -> set[str]:
    """The SKUs that a fact names, in small letters."""
    changes = data.get("changes") or {}
    lists = (data.get("units"), data.get("short"), *(data.get("parts") or {}).values())
    named = [each for each in lists if isinstance(each, Mapping)]
    if isinstance(changes, Mapping) and isinstance(changes.get("lines"), Mapping):
        named.append(changes["lines"])
    found = {str(sku).casefold() for each in named for sku in each}
    return found | ({str(data["sku"]).casefold()} if data.get("sku") else set())
