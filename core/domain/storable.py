"""What any database can keep, and read again anywhere on earth: no number or moment beyond that."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from core.domain.refusals import Invalid

INTEGER_MAX = 2**63 - 1
YEARS = range(1970, 3000)


def require_storable(told: Any) -> None:
    """Look through a command, whatever it holds. Raises Invalid.

    A moment needs its zone, and both ends of time are far away: a moment that no zone can show
    would be written once and then make everything unreadable that it belongs to.
    """
    if isinstance(told, str) or told is None:
        return
    if isinstance(told, int):
        _require_size(told)
    elif isinstance(told, date):
        _require_moment(told)
    elif isinstance(told, Mapping):
        for each in told.values():
            require_storable(each)
    elif isinstance(told, tuple | list):
        for each in told:
            require_storable(each)
    else:
        for name in getattr(told, "__dataclass_fields__", ()):
            require_storable(getattr(told, name))


def _require_size(number: int) -> None:
    if not -INTEGER_MAX <= number <= INTEGER_MAX:
        raise Invalid("That number is too large.", "Send one of 18 digits at most.")


def _require_moment(told: date) -> None:
    if told.year not in YEARS:
        raise Invalid(
            f"The year {told.year} makes no sense.", f"Years go from {YEARS[0]} to {YEARS[-1]}."
        )
    if isinstance(told, datetime) and told.tzinfo is None:
        raise Invalid(
            "A moment needs its time zone.", "Send it like 2026-11-24T10:00:00Z or with +01:00."
        )
