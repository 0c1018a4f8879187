"""How much money one person lets go alone; what is more waits for a second person."""

from __future__ import annotations

from core.domain.values import dataclass


@dataclass(frozen=True, slots=True)
class Alone:
    """What has been let go without approval so far, in minor units: of one order by anybody, of
    it by this person, and by this person today."""

    of_order: int = 0
    own: int = 0
    own_today: int = 0


@dataclass(frozen=True, slots=True)
class Limits:
    """Minor units; 0 is no limit. `support`: of one order, for who may not approve; None for the
    others."""

    order: int = 0
    person_day: int = 0
    support: int | None = None


def needs_second(amount: int, before: Alone, limits: Limits) -> bool:
    """Whether so much more (minor units) is above a limit: sums count, or a large refund would
    only have to be cut into small ones."""
    if limits.support is not None and before.own + amount > limits.support:
        return True
    counted = ((limits.order, before.of_order), (limits.person_day, before.own_today))
    return any(most and so_far + amount > most for most, so_far in counted)
