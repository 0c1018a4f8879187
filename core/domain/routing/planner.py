"""Which location ships what: as many units as exist, then the objective, proven where it can be."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field
from enum import StrEnum

from core.domain.refusals import Invalid
from core.domain.routing.exact import Found, Limits, Proposal, Solver, best_sites
from core.domain.routing.problem import (
    PARCELS,
    SPLIT,
    UNITS,
    Candidate,
    Demand,
    Pick,
    make_problem,
)
from core.domain.values import dataclass

__all__ = [
    "Candidate",
    "Demand",
    "Limits",
    "Objective",
    "Pick",
    "Plan",
    "Proposal",
    "Solver",
    "plan",
]


class Objective(StrEnum):
    """FEWEST_PARCELS: then cheapest, nearest, best ranked. CHEAPEST: then fewest parcels, …"""

    FEWEST_PARCELS = "fewest_parcels"
    CHEAPEST = "cheapest"


@dataclass(frozen=True, slots=True)
class Plan:
    """Who ships what, and how sure we are.

    When not `proven`, no plan is better by more than `gap_bound`, counted in `gap_unit`:
    parcels while fewer might do, else minor units. `gap_bound` is None when nothing is known.
    `parts` are the minor units of `cost` by what they are paid for.
    """

    picks: tuple[Pick, ...]
    parcels: int
    cost: int
    proven: bool
    gap_bound: int | None
    short: Mapping[str, int]
    gap_unit: str = "cost"
    parts: Mapping[str, int] = field(default_factory=dict)


def plan(
    demands: Iterable[Demand],
    candidates: Iterable[Candidate],
    objective: Objective = Objective.FEWEST_PARCELS,
    limits: Limits | None = None,
) -> Plan:
    """The best plan; the order in which demands and candidates are given does not matter."""
    limits = limits or Limits()
    if limits.split_penalty < 0 or (limits.max_parcels is not None and limits.max_parcels < 0):
        raise Invalid("A plan has no parcels or more, and no parcel is rewarded.")
    sites = list(candidates)
    # What comes before parcels is weighed in one sum with them, whatever the objective.
    fewest = objective is Objective.FEWEST_PARCELS
    ahead = any(site.ahead for site in sites)
    wanted = list(demands)
    penalty = limits.split_penalty
    problem = make_problem(wanted, sites, split_penalty=penalty, parcels_first=fewest and ahead)
    found = best_sites(problem, limits, fewest=fewest and not ahead)
    return _as_plan(found, penalty)


def _as_plan(found: Found, split_penalty: int) -> Plan:
    problem = found.problem
    taken = sorted(problem.fill(found.sites))
    picks = tuple(
        Pick(problem.sites[site].location, problem.skus[line], quantity)
        for site, line, quantity in taken
    )
    shipped = dict.fromkeys(problem.skus, 0)
    for pick in picks:
        shipped[pick.sku] += pick.quantity
    opened = {site for site, _, _ in taken}
    parts = _parts({problem.sites[n].location: problem.sites[n] for n in opened}, picks)
    if split_penalty and len(opened) > 1:
        parts[SPLIT] = parts.get(SPLIT, 0) + split_penalty * (len(opened) - 1)
    return Plan(
        picks=picks,
        parcels=len(opened),
        cost=sum(parts.values()),
        proven=found.proven,
        gap_bound=found.gap,
        short={
            sku: wanted - shipped[sku]
            for sku, wanted in zip(problem.skus, problem.wanted, strict=True)
            if wanted > shipped[sku]
        },
        gap_unit=found.gap_unit,
        parts=parts,
    )


def _parts(opened: Mapping[str, Candidate], picks: Iterable[Pick]) -> dict[str, int]:
    """What the parcels and the units cost, by name; what costs nothing is left out."""
    parts = {PARCELS: 0, UNITS: 0}
    for site in opened.values():
        parts[PARCELS] += site.parcel_cost
        for name, cost in site.parcel_parts.items():
            parts[name] = parts.get(name, 0) + cost
    for pick in picks:
        site, quantity = opened[pick.location], pick.quantity
        parts[UNITS] += site.unit_cost * quantity
        for name, cost in site.unit_parts.items():
            parts[name] = parts.get(name, 0) + cost * quantity
        for name, costs in site.sku_parts.items():
            parts[name] = parts.get(name, 0) + costs.get(pick.sku, 0) * quantity
    return {name: amount for name, amount in parts.items() if amount}
