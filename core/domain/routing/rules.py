"""Which locations may ship an order, each refusal with its one reason."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from core.domain.routing.problem import Candidate, Demand

INACTIVE = "inactive"
PAUSED = "paused"
NO_COUNTRY = "does_not_ship_there"
AT_CAPACITY = "at_capacity"
NO_STOCK = "no_stock"


@dataclass(frozen=True, slots=True)
class LocationFacts:
    """What routing must know about one location; `ships_to` of None means everywhere.

    `open_orders` counts the work it already has today against `daily_orders` (None: no limit).
    """

    location: str
    available: Mapping[str, int]
    rank: int = 0
    parcel_cost: int = 0
    unit_cost: int = 0
    distance_km: float | None = None
    active: bool = True
    paused: bool = False
    ships_to: frozenset[str] | None = None
    open_orders: int = 0
    daily_orders: int | None = None
    barred: str | None = None


def candidates(
    demands: Iterable[Demand], country: str, locations: Iterable[LocationFacts]
) -> tuple[Candidate, ...]:
    """All locations as the planner wants them, the forbidden ones with their reason."""
    skus = {demand.sku for demand in demands}
    return tuple(
        Candidate(
            location=facts.location,
            rank=facts.rank,
            parcel_cost=facts.parcel_cost,
            unit_cost=facts.unit_cost,
            distance_km=facts.distance_km,
            available=facts.available,
            excluded=reason_against(facts, skus, country),
        )
        for facts in locations
    )


def reason_against(facts: LocationFacts, skus: Iterable[str], country: str) -> str | None:
    """The first reason that forbids this location, or None; `barred` is the caller's own
    (for example that it has already rejected this order)."""
    ships_there = facts.ships_to is None or country.upper() in facts.ships_to
    full = facts.daily_orders is not None and facts.open_orders >= facts.daily_orders
    reasons = (
        (not facts.active, INACTIVE),
        (facts.paused, PAUSED),
        (facts.barred is not None, facts.barred),
        (not ships_there, NO_COUNTRY),
        (full, AT_CAPACITY),
        (not any(facts.available.get(sku, 0) > 0 for sku in skus), NO_STOCK),
    )
    return next((reason for applies, reason in reasons if applies), None)
