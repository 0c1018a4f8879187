"""Until when an approved return is to be sent, and until when its parcel is waited for."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from core.domain.returning.rules import Terms
from core.domain.values import dataclass


@dataclass(frozen=True, slots=True)
class Deadline:
    """UTC; None: it waits for ever. Customers are told `send_by`; what they sent in time may be on
    its way until `expected_by`, when the return ends."""

    send_by: datetime | None = None
    expected_by: datetime | None = None


def deadline(now: datetime, days: int, terms: Iterable[Terms]) -> Deadline:
    """`days` in which it is to be sent (0: no end); of several terms the longest grace holds."""
    if not days:
        return Deadline()
    send_by = now + timedelta(days=days)
    grace = max((each.grace_days for each in terms), default=0)
    return Deadline(send_by, send_by + timedelta(days=grace))
