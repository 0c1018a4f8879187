"""What a plan should be good at, as whole-number costs: a list of aims, or everything as money."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from core.domain.routing.document import Aim, Money
from core.domain.routing.planner import Objective
from core.domain.routing.problem import FARTHEST_METERS, Candidate, Pick
from core.domain.routing.rules import LocationFacts
from core.domain.values import dataclass, replace

OF_OBJECTIVE = {
    Objective.FEWEST_PARCELS: (Aim.FEWEST_PARCELS, Aim.CHEAPEST, Aim.NEAREST),
    Objective.CHEAPEST: (Aim.CHEAPEST, Aim.FEWEST_PARCELS, Aim.NEAREST),
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """How many units are wanted in all, and of which SKU how many."""

    units: int
    by_sku: Mapping[str, int]


Costs = tuple[list[int], list[int]]  # per parcel, per unit: one figure for each site
LATENESS, STOCK_OUT, SPLIT = "lateness", "stock_out", "split"


def priced(
    sites: Sequence[Candidate],
    places: Mapping[str, LocationFacts],
    prefer: tuple[Aim, ...] | Money,
    wanted: Wanted,
    opened: frozenset[str] = frozenset(),
) -> list[Candidate]:
    """The sites with costs that mean the aims: less cost is better, in the order of the aims.

    `opened` sites have a parcel of this order already: adding to it costs its units only.
    """
    if isinstance(prefer, Money):
        found = [_in_money(site, places[site.location], prefer, wanted) for site in sites]
    else:
        found = _by_aims(sites, [places[site.location] for site in sites], prefer, wanted)
    return [
        replace(site, parcel_cost=0, parcel_parts={}) if site.location in opened else site
        for site in found
    ]


def _in_money(site: Candidate, place: LocationFacts, money: Money, wanted: Wanted) -> Candidate:
    parts = parcel_parts(place, money, wanted)
    return replace(site, parcel_parts=parts) if parts else site


def parcel_parts(place: LocationFacts, money: Money, wanted: Wanted) -> dict[str, int]:
    """What a parcel from here costs beside its rate, in minor units by what it is paid for."""
    parts = {
        LATENESS: money.late_day * place.late_days,
        STOCK_OUT: money.stock_out if money.stock_out and takes_the_last(place, wanted) else 0,
    }
    return {name: amount for name, amount in parts.items() if amount}


def _by_aims(
    sites: Sequence[Candidate],
    facts: Sequence[LocationFacts],
    aims: tuple[Aim, ...],
    wanted: Wanted,
) -> list[Candidate]:
    layers = [_LAYERS[aim](facts, wanted) for aim in aims]
    parcel, unit = _stacked(layers, len(sites), wanted.units)
    return [
        replace(site, parcel_cost=fixed, unit_cost=each)
        for site, fixed, each in zip(sites, parcel, unit, strict=True)
    ]


def _stacked(layers: Sequence[Costs], sites: int, units: int) -> Costs:
    """One figure in which an earlier layer outweighs all the later ones together."""
    parcel, unit = [0] * sites, [0] * sites
    scale, most = 1, min(sites, units)
    for fixed, each in reversed(layers):
        parcel = [so_far + scale * cost for so_far, cost in zip(parcel, fixed, strict=True)]
        unit = [so_far + scale * cost for so_far, cost in zip(unit, each, strict=True)]
        scale *= most * max(fixed, default=0) + units * max(each, default=0) + 1
    return parcel, unit


def measured(
    places: Sequence[LocationFacts],
    aims: tuple[Aim, ...],
    wanted: Wanted,
    picks: Iterable[Pick],
) -> list[tuple[Aim, int]]:
    """What some picks come to by each aim, over all their parcels and units: less is better."""
    units: dict[str, int] = {}
    for pick in picks:
        units[pick.location] = units.get(pick.location, 0) + pick.quantity
    sums = []
    for aim in aims:
        fixed, each = _LAYERS[aim](places, wanted)
        costs = zip(places, fixed, each, strict=True)
        there = ((a, b, units[place.location]) for place, a, b in costs if place.location in units)
        sums.append((aim, sum(parcel + unit * count for parcel, unit, count in there)))
    return sums


def takes_the_last(place: LocationFacts, wanted: Wanted) -> bool:
    """Whether shipping all it can from here leaves nothing of some SKU."""
    has = place.available
    return any(0 < has.get(sku, 0) <= quantity for sku, quantity in wanted.by_sku.items())


def _nothing(facts: Sequence[LocationFacts]) -> list[int]:
    return [0] * len(facts)


def _on_time(facts: Sequence[LocationFacts], _wanted: Wanted) -> Costs:
    return [place.late_days for place in facts], _nothing(facts)


def _fewest_parcels(facts: Sequence[LocationFacts], _wanted: Wanted) -> Costs:
    return [1] * len(facts), _nothing(facts)


def _cheapest(facts: Sequence[LocationFacts], _wanted: Wanted) -> Costs:
    return [place.parcel_cost for place in facts], [place.unit_cost for place in facts]


def _nearest(facts: Sequence[LocationFacts], _wanted: Wanted) -> Costs:
    return [meters(place.distance_km) for place in facts], _nothing(facts)


def _ranked(facts: Sequence[LocationFacts], _wanted: Wanted) -> Costs:
    """Every unit from the best ranked location that has it."""
    ranks = sorted({place.rank for place in facts})
    return _nothing(facts), [ranks.index(place.rank) for place in facts]


def _stock_balance(facts: Sequence[LocationFacts], wanted: Wanted) -> Costs:
    """Every unit from where the most of these goods lie."""
    lying = [sum(max(0, place.available.get(sku, 0)) for sku in wanted.by_sku) for place in facts]
    most = max(lying, default=0)
    return _nothing(facts), [most - units for units in lying]


def _oldest_stock(facts: Sequence[LocationFacts], _wanted: Wanted) -> Costs:
    """Every unit from where the goods have been lying longest."""
    oldest = max((place.age_days for place in facts), default=0)
    return _nothing(facts), [oldest - place.age_days for place in facts]


def meters(distance_km: float | None) -> int:
    """A distance that nobody knows counts as the farthest on Earth."""
    return FARTHEST_METERS if distance_km is None else round(distance_km * 1000)


_LAYERS = {
    Aim.ON_TIME: _on_time,
    Aim.FEWEST_PARCELS: _fewest_parcels,
    Aim.CHEAPEST: _cheapest,
    Aim.NEAREST: _nearest,
    Aim.RANKED: _ranked,
    Aim.STOCK_BALANCE: _stock_balance,
    Aim.OLDEST_STOCK: _oldest_stock,
}
