"""Which location ships what: as many units as exist, then the objective, proven where it can be."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from core.domain.refusals import Invalid
from core.domain.routing.problem import Candidate, Demand, Pick, Problem, make_problem
from core.domain.routing.search import (
    Budget,
    Fill,
    Search,
    Sites,
    best_prices,
    good_guess,
    least_parcels,
    narrowed,
)

__all__ = ["Candidate", "Demand", "Limits", "Objective", "Pick", "Plan", "plan"]


class Objective(StrEnum):
    """FEWEST_PARCELS: then cheapest, nearest, best ranked. CHEAPEST: then fewest parcels, …"""

    FEWEST_PARCELS = "fewest_parcels"
    CHEAPEST = "cheapest"


@dataclass(frozen=True, slots=True)
class Limits:
    """How far the planner may go; work is limited in nodes and never in time."""

    max_parcels: int | None = None
    node_limit: int = 1_500


@dataclass(frozen=True, slots=True)
class Plan:
    """Who ships what, and how sure we are.

    When not `proven`, no plan is better by more than `gap_bound`, counted in `gap_unit`:
    parcels while fewer might do, else minor units. `gap_bound` is None when nothing is known.
    """

    picks: tuple[Pick, ...]
    parcels: int
    cost: int
    proven: bool
    gap_bound: int | None
    short: Mapping[str, int]
    gap_unit: str = "cost"


@dataclass(frozen=True, slots=True)
class _Found:
    problem: Problem
    sites: Sites
    proven: bool = True
    gap: int | None = 0
    gap_unit: str = "cost"


def plan(
    demands: Iterable[Demand],
    candidates: Iterable[Candidate],
    objective: Objective = Objective.FEWEST_PARCELS,
    limits: Limits | None = None,
) -> Plan:
    """The best plan; the order in which demands and candidates are given does not matter."""
    limits = limits or Limits()
    if limits.max_parcels is not None and limits.max_parcels < 0:
        raise Invalid("A plan has no parcels or more.")
    return _as_plan(_solve(make_problem(demands, candidates), objective, limits))


def _solve(problem: Problem, objective: Objective, limits: Limits) -> _Found:
    if not problem.units or limits.max_parcels == 0:
        return _Found(problem, ())
    fewest = objective is Objective.FEWEST_PARCELS
    single = _best_single(problem)
    if single is not None and (fewest or _no_split_pays(problem, single)):
        return _Found(problem, single)
    budget = Budget(limits.node_limit)
    if fewest:
        return _fewest(problem, limits.max_parcels, budget)
    return _cheapest(problem, limits.max_parcels, budget)


def _best_single(problem: Problem) -> Sites | None:
    """The best location that has everything."""
    able = [site for site, row in enumerate(problem.stock) if row == problem.need]
    if not able:
        return None
    units = problem.units
    return (min(able, key=lambda site: problem.fixed[site] + units * problem.unit[site]),)


def _no_split_pays(problem: Problem, single: Sites) -> bool:
    """Two parcels cost at least the two cheapest ones, and every unit its cheapest location."""
    if len(problem.sites) == 1:
        return True
    floor = sum(sorted(problem.fixed)[:2]) + problem.units * min(problem.unit)
    return problem.cost(single) <= floor


def _cheapest(problem: Problem, most: int | None, budget: Budget) -> _Found:
    limit = None if most is None or most >= len(problem.sites) else most
    guess = good_guess(problem, fewest=limit is not None)
    if limit is None or len(guess) <= limit:
        return _polished(problem, guess, limit, budget, extras=True)
    first = _first(problem, limit, budget)
    if first is None:
        return _fill(problem, limit, budget, fewest=False)
    return _polished(problem, first, limit, budget, extras=True)


def _fewest(problem: Problem, most: int | None, budget: Budget) -> _Found:
    """Try one parcel more until everything fits: the first number that works is the least."""
    guess = good_guess(problem, fewest=True)
    top = len(guess) if most is None else min(len(guess), most)
    parcels = max(2 if _best_single(problem) is None else 1, least_parcels(problem))
    while parcels <= top:
        best = guess if len(guess) == parcels else _first(problem, parcels, budget)
        if best is not None:
            return _polished(problem, best, parcels, budget, extras=False)
        if budget.spent:
            break
        parcels += 1
    if len(guess) <= top:
        return _Found(problem, guess, False, len(guess) - parcels, "parcels")
    return _fill(problem, top, budget, fewest=True)


def _first(problem: Problem, parcels: int, budget: Budget) -> Sites | None:
    """Any plan of so many parcels."""
    prices = best_prices(problem, parcels, None)
    search = Search(problem, prices, budget, None, extras=False, first_only=True)
    search.run()
    return search.best


def _polished(
    problem: Problem, best: Sites, limit: int | None, budget: Budget, *, extras: bool
) -> _Found:
    """From a plan that works to the cheapest, among the sites that can still matter."""
    prices = best_prices(problem, limit, problem.cost(best))
    names = {problem.sites[site].location for site in best}
    problem = narrowed(problem, prices, best)
    best = tuple(n for n, site in enumerate(problem.sites) if site.location in names)
    prices = best_prices(problem, limit, problem.cost(best))
    search = Search(problem, prices, budget, best, extras=extras)
    done = search.run()
    sites = search.best or best
    cost = problem.cost(sites) // problem.tie_scale
    gap = 0 if done else cost - max(0, prices.value // problem.tie_scale)
    return _Found(problem, sites, gap <= 0, max(0, gap))


def _fill(problem: Problem, most: int, budget: Budget, *, fewest: bool) -> _Found:
    """So few parcels cannot hold everything: ship the most units they can."""
    certain = not budget.spent
    fill = Fill(problem, most, Budget(max(budget.left, 200)), fewest=fewest)
    done = fill.run() and certain
    return _Found(problem, fill.best, done, 0 if done else None)


def _as_plan(found: _Found) -> Plan:
    problem = found.problem
    taken = sorted(problem.fill(found.sites))
    shipped = dict.fromkeys(problem.skus, 0)
    for _, line, quantity in taken:
        shipped[problem.skus[line]] += quantity
    return Plan(
        picks=tuple(
            Pick(problem.sites[site].location, problem.skus[line], quantity)
            for site, line, quantity in taken
        ),
        parcels=len({site for site, _, _ in taken}),
        cost=problem.cost(found.sites) // problem.tie_scale,
        proven=found.proven,
        gap_bound=found.gap,
        short={
            sku: wanted - shipped[sku]
            for sku, wanted in zip(problem.skus, problem.wanted, strict=True)
            if wanted > shipped[sku]
        },
        gap_unit=found.gap_unit,
    )
