"""Which location ships what: as many units as exist, then the objective, proven where it can be."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from core.domain.refusals import Invalid
from core.domain.routing.bounds import (
    Prices,
    Sites,
    best_prices,
    least_parcels,
    narrowed,
    undominated,
)
from core.domain.routing.guess import good_guess, guided_guess, repaired
from core.domain.routing.problem import (
    PARCEL,
    PARCELS,
    SPLIT,
    UNITS,
    Candidate,
    Demand,
    Pick,
    Problem,
    make_problem,
)
from core.domain.routing.search import Budget, Fill, Search
from core.domain.values import value

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
class Proposal:
    """What a solver of integer programs found: the sites of a plan (none when it found none),
    and a whole number of minor units below which no plan can be."""

    sites: Sites
    bound: int


Solver = Callable[[Problem], Proposal]


@dataclass(frozen=True, slots=True)
class Limits:
    """How far the planner may go; work is limited in nodes and never in time.

    `split_penalty` is paid for every parcel but the first, in minor units. A `solver` is asked
    where our own search did not come to its end; it may be slow.
    """

    max_parcels: int | None = None
    node_limit: int = 1_500
    split_penalty: int = 0
    solver: Solver | None = None


@value
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
    if limits.split_penalty < 0 or (limits.max_parcels is not None and limits.max_parcels < 0):
        raise Invalid("A plan has no parcels or more, and no parcel is rewarded.")
    sites = list(candidates)
    # What comes before parcels is weighed in one sum with them, whatever the objective.
    fewest = objective is Objective.FEWEST_PARCELS
    ahead = any(site.ahead for site in sites)
    wanted = list(demands)
    penalty = limits.split_penalty
    problem = make_problem(wanted, sites, split_penalty=penalty, parcels_first=fewest and ahead)
    found = _solve(problem, fewest and not ahead, limits)
    if limits.solver is not None and limits.max_parcels is None and not found.proven:
        if fewest and not ahead:
            problem = make_problem(wanted, sites, split_penalty=penalty, parcels_first=True)
        found = _asked(problem, found, limits.solver)
    return _as_plan(found, penalty)


def _solve(problem: Problem, fewest: bool, limits: Limits) -> _Found:
    if not problem.units or limits.max_parcels == 0:
        return _Found(problem, ())
    single = _best_single(problem)
    if single is not None and (fewest or _no_split_pays(problem, single)):
        return _Found(problem, single)
    problem = undominated(problem)
    budget = Budget(limits.node_limit)
    if fewest:
        return _fewest(problem, limits.max_parcels, budget)
    return _cheapest(problem, limits.max_parcels, budget)


def _best_single(problem: Problem) -> Sites | None:
    """The best location that has everything."""
    able = [site for site in range(len(problem.sites)) if problem.has_everything(site)]
    return (min(able, key=problem.cost_alone),) if able else None


def _no_split_pays(problem: Problem, single: Sites) -> bool:
    """Two parcels cost at least the two cheapest ones, and every unit its cheapest location."""
    if len(problem.sites) == 1:
        return True
    units = problem.cheapest_units() * problem.tie_scale
    return problem.cost(single) <= sum(sorted(problem.fixed)[:2]) + units


def _cheapest(problem: Problem, most: int | None, budget: Budget) -> _Found:
    limit = None if most is None or most >= len(problem.sites) else most
    guess = good_guess(problem, fewest=limit is not None)
    if limit is not None and len(guess) > limit:
        fewer = _fewer(problem, limit, budget, first_only=True)
        if fewer.sites is None:
            return _fill(problem, limit, fewer.certain, budget, fewest=False)
        guess = fewer.sites
    return _polished(problem, guess, limit, budget, extras=True)


def _fewest(problem: Problem, most: int | None, budget: Budget) -> _Found:
    """First the least number of parcels, then the cheapest plan of so many."""
    guess = good_guess(problem, fewest=True)
    top = len(guess) - 1 if most is None else min(len(guess) - 1, most)
    counting = Budget(budget.left * 2 // 3)
    fewer = _fewer(problem, top, counting)
    best = guess if fewer.sites is None else fewer.sites
    if most is not None and len(best) > most:
        return _fill(problem, most, fewer.certain, counting, fewest=True)
    found = _polished(problem, best, len(best), Budget(budget.left // 3 + 1), extras=False)
    if fewer.certain or fewer.floor == len(best):
        return found
    return replace(found, proven=False, gap=len(best) - fewer.floor, gap_unit="parcels")


@dataclass(frozen=True, slots=True)
class _Fewer:
    sites: Sites | None
    floor: int
    certain: bool


def _fewer(problem: Problem, top: int, budget: Budget, *, first_only: bool = False) -> _Fewer:
    """A plan of at most `top` parcels, and of as few as possible: the same question where each
    parcel costs one and nothing else costs anything."""
    if max(2, least_parcels(problem)) > top:
        return _Fewer(None, top + 1, True)
    counted = undominated(problem.counting_parcels())
    goal = top * PARCEL + 1
    prices = best_prices(counted, None, goal)
    counted = narrowed(counted, prices, goal)
    if any(counted.residual(range(len(counted.sites)))):
        return _Fewer(None, top + 1, True)
    prices = best_prices(counted, None, goal, prices.prices)
    floor = max(2, least_parcels(counted), -(-prices.value // PARCEL))
    if floor > top:
        return _Fewer(None, top + 1, True)
    search = Search(
        counted,
        prices,
        budget,
        None,
        extras=False,
        first_only=first_only,
        grain=PARCEL,
        goal=goal,
    )
    done = search.run()
    if search.best is None:
        return _Fewer(None, floor, done)
    names = {counted.sites[site].location for site in search.best}
    return _Fewer(_named(problem, names), floor, done)


def _named(problem: Problem, names: Collection[str]) -> Sites:
    return tuple([n for n, site in enumerate(problem.sites) if site.location in names])


def _polished(
    problem: Problem, best: Sites, limit: int | None, budget: Budget, *, extras: bool
) -> _Found:
    """From a plan that works to the cheapest, among the sites that can still matter."""
    prices = best_prices(problem, limit, problem.cost(best))
    best = _guided(problem, prices, best)
    problem, prices, best = _without_the_hopeless(problem, prices, best)
    best = _guided(problem, prices, best)
    half = budget.left // 2
    search = Search(problem, prices, Budget(half), best, extras=extras)
    if search.run():
        return _Found(problem, search.best or best)
    best = repaired(problem, search.best or best, prices)
    problem, prices, best = _without_the_hopeless(problem, prices, best)
    grain = problem.grain()
    if _bound(problem, prices, grain) >= problem.cost(best) // problem.tie_scale:
        return _Found(problem, best)
    search = Search(problem, prices, Budget(half), best, extras=extras, grain=grain)
    done = search.run()
    sites = search.best or best
    if done:
        return _Found(problem, sites)
    if not problem.money_is_first:
        return _Found(problem, sites, False, None)
    gap = problem.cost(sites) // problem.tie_scale - _bound(problem, prices, grain)
    return _Found(problem, sites, gap <= 0, max(0, gap))


def _without_the_hopeless(
    problem: Problem, prices: Prices, best: Sites
) -> tuple[Problem, Prices, Sites]:
    names = {problem.sites[site].location for site in best}
    problem = narrowed(problem, prices, problem.cost(best), best)
    best, limit = _named(problem, names), prices.limit
    cost = problem.cost(best)
    return problem, best_prices(problem, limit, cost, prices.prices, brief=limit is None), best


def _bound(problem: Problem, prices: Prices, grain: int) -> int:
    """Money below which no plan can be: all plans differ by whole grains from the least that
    their units could cost."""
    money = max(0, prices.value // problem.tie_scale)
    base = problem.cheapest_units()
    return base - (base - money) // grain * grain


def _guided(problem: Problem, prices: Prices, best: Sites) -> Sites:
    """The better of a plan and of the one that the prices lead to."""
    other = guided_guess(problem, prices.prices)
    if prices.limit is not None and len(other) > prices.limit:
        return best
    return min(best, other, key=problem.cost)


def _fill(problem: Problem, most: int, certain: bool, budget: Budget, *, fewest: bool) -> _Found:
    """So few parcels cannot hold everything: ship the most units they can."""
    fill = Fill(problem, most, Budget(max(budget.left, 200)), fewest=fewest)
    done = fill.run() and certain
    return _Found(problem, fill.best, done, 0 if done else None)


def _asked(problem: Problem, found: _Found, solver: Solver) -> _Found:
    """Ask the solver about the sites that can still matter; our own whole numbers compare."""
    problem = undominated(problem)
    best = _named(problem, {found.problem.sites[site].location for site in found.sites})
    prices = best_prices(problem, None, problem.cost(best))
    problem, prices, best = _without_the_hopeless(problem, prices, best)
    proposal = solver(problem)
    if proposal.sites and not any(problem.residual(proposal.sites)):
        best = min(best, problem.used(proposal.sites), key=problem.cost)
    cost = problem.cost(best) // problem.tie_scale
    gap = cost - max(proposal.bound, _bound(problem, prices, 1))
    if gap <= 0:
        return _Found(problem, best)
    if problem.money_is_first:
        return _Found(problem, best, False, gap)
    return replace(found, problem=problem, sites=best)


def _as_plan(found: _Found, split_penalty: int) -> Plan:
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
