"""What rules come to over many orders: figures that add up, so that chunks can be joined."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from core.domain.routing.decision import Decision, Facts
from core.domain.routing.story import cost_of_picks, place_of
from core.domain.values import dataclass


@dataclass(frozen=True, slots=True)
class Tally:
    """Sums over decided orders; money in minor units, the way in meters over all parcels whose
    distance is known, `promised` orders have a date and `kept` would reach it."""

    orders: int = 0
    whole: int = 0
    held_back: int = 0
    units: int = 0
    filled: int = 0
    parcels: int = 0
    split: int = 0
    cost: int = 0
    meters: int = 0
    measured: int = 0
    promised: int = 0
    kept: int = 0
    by_location: Mapping[str, int] = field(default_factory=dict)

    def __add__(self, other: Tally) -> Tally:
        sums = {name: getattr(self, name) + getattr(other, name) for name in _SUMS}
        both = {*self.by_location, *other.by_location}
        mix = {p: self.by_location.get(p, 0) + other.by_location.get(p, 0) for p in sorted(both)}
        return Tally(**sums, by_location=mix)


_SUMS = tuple(name for name in Tally.__slots__ if name != "by_location")


def tally(facts: Facts, found: Decision) -> Tally:
    """One decided order as figures: cost is parcels and handling, whatever the rules prefer."""
    wanted = sum(demand.quantity for demand in facts.demands)
    parts = cost_of_picks(facts, found.picks, found.short, ())
    places = [place_of(facts, location) for location in parts.locations]
    away = [place.distance_km for place in places if place.distance_km is not None]
    has_promise = facts.order.promise_hours is not None
    in_time = not found.short and all(place.late_days == 0 for place in places)
    return Tally(
        orders=1,
        whole=int(not found.short),
        held_back=int(not found.picks),
        units=wanted,
        filled=wanted - sum(found.short.values()),
        parcels=parts.parcels,
        split=int(parts.parcels > 1),
        cost=parts.cost,
        meters=sum(round(km * 1000) for km in away),
        measured=len(away),
        promised=int(has_promise),
        kept=int(has_promise and in_time),
        by_location=dict.fromkeys(parts.locations, 1),
    )


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure of one side: a share of 100, a number of things, money, or kilometers."""

    name: str
    kind: str  # share, number, money, km
    value: float | None


def figures(sums: Tally) -> tuple[Figure, ...]:
    """The trade's figures; None where there is nothing to divide by."""
    shipped = sums.orders - sums.held_back
    return (
        Figure("fill rate", "share", _per(100 * sums.filled, sums.units)),
        Figure("orders shipped whole", "share", _per(100 * sums.whole, sums.orders)),
        Figure("orders held back", "share", _per(100 * sums.held_back, sums.orders)),
        Figure("orders split", "share", _per(100 * sums.split, shipped)),
        Figure("parcels per order", "number", _per(sums.parcels, shipped)),
        Figure("cost per order", "money", _per(sums.cost, shipped)),
        Figure("distance per parcel", "km", _per(sums.meters / 1000, sums.measured)),
        Figure("promise kept", "share", _per(100 * sums.kept, sums.promised)),
    )


def _per(total: float, of: int) -> float | None:
    return round(total / of, 2) if of else None
