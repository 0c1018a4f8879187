"""Is another plan worth moving work for? It must ship as much, no later, and save money."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

from core.domain.routing.problem import Candidate, Pick
from core.domain.values import dataclass


@dataclass(frozen=True, slots=True)
class Way:
    """One way to ship an order: what from where, and the day on which the last part arrives."""

    picks: tuple[Pick, ...]
    arrives: date

    @property
    def locations(self) -> tuple[str, ...]:
        return tuple(sorted({pick.location for pick in self.picks}))

    @property
    def units(self) -> int:
        return sum(pick.quantity for pick in self.picks)


def cost_of(picks: Sequence[Pick], sites: Iterable[Candidate]) -> int:
    """What parcels and units cost, in minor units; every location of the picks is among the
    sites, whether it may ship now or not."""
    known = {site.location: site for site in sites}
    opened = {pick.location for pick in picks}
    units = sum(known[pick.location].per_unit(pick.sku) * pick.quantity for pick in picks)
    return units + sum(known[location].per_parcel for location in opened)


def saving(
    now: Way, other: Way, sites: Sequence[Candidate], at_least: int, promise: date | None
) -> int:
    """The minor units that the other way saves; 0 when it is not worth it.

    It never ships less, never in more parcels, and never later than now, unless what was
    promised is kept all the same.
    """
    later = other.arrives > now.arrives and (promise is None or other.arrives > promise)
    more = len(other.locations) > len(now.locations)
    if later or more or other.units < now.units or not at_least:
        return 0
    saved = cost_of(now.picks, sites) - cost_of(other.picks, sites)
    return saved if saved >= at_least else 0
