"""The consolidation clock: how long an order may wait for one parcel, and what that saves."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from core.domain.routing.document import Rule
from core.domain.values import dataclass

PACKING = timedelta(minutes=30)  # what the people on the floor need before a cut-off
_MINUTE = timedelta(minutes=1)

# The day on which an order arrives when work on it begins at a moment; never earlier for a later.
Arrives = Callable[[datetime], date]


ONE_PLACE, NEXT_ORDER = "one_place", "next_order"


@dataclass(frozen=True, slots=True)
class Leave:
    """What an order may wait for, and how many hours; `rule` says so, or "": the policy."""

    what: str
    hours: int
    rule: str = ""


def leave_of(rule: Rule | None, policy: Mapping[str, Any], what: Sequence[str]) -> Leave | None:
    """The longest wait that the rule which routed an order allows, or where it says nothing the
    policies do; `what` names the waits that make sense for the order. None: it does not wait."""
    found = [_leave(rule, policy, each) for each in what]
    return max((each for each in found if each.hours), key=lambda each: each.hours, default=None)


def _leave(rule: Rule | None, policy: Mapping[str, Any], what: str) -> Leave:
    own: int | None = getattr(rule.wait, f"{what}_hours") if rule is not None else None
    if rule is None or own is None:
        return Leave(what, int(policy[f"wait_for_{what}_hours"]))
    return Leave(what, own, rule.name)


def wait_until(
    now: datetime, hours: int, promise: date | None, arrives: Arrives
) -> datetime | None:
    """The moment at which the wait ends at last, or None when there is no time to wait at all.

    It lasts `hours`, and never beyond the last whole minute from which the promise is still
    kept; so it ends before the cut-off that the promise needs.
    """
    end = now + timedelta(hours=hours)

    def keeps(moment: datetime) -> bool:
        return promise is None or arrives(moment + PACKING) <= promise

    if hours <= 0 or not keeps(now + _MINUTE):
        return None
    if keeps(end):
        return end
    good, bad = 1, int((end - now) // _MINUTE) + 1
    while bad - good > 1:
        middle = (good + bad) // 2
        good, bad = (middle, bad) if keeps(now + middle * _MINUTE) else (good, middle)
    return now + good * _MINUTE


def saved(parcel_costs: Sequence[int]) -> int:
    """What one parcel instead of these saves, in minor units: all but the one that costs least."""
    return sum(parcel_costs) - min(parcel_costs, default=0)
