"""From a question to its best sites: what cannot matter is left out, a first plan, a bound that
no plan goes below, a search between the two, and a solver where the search does not end."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace

from core.domain.routing.bounds import (
    Prices,
    Sites,
    best_prices,
    fair_value,
    least_parcels,
    narrowed,
    undominated,
)
from core.domain.routing.guess import (
    good_guess,
    guided_guess,
    most_units,
    paired,
    quick_guess,
    repaired,
)
from core.domain.routing.problem import PARCEL, Problem
from core.domain.routing.search import Budget, Fill, Search
from core.domain.values import dataclass

_FEW = 60  # sites: of so many a search within the usual limits sometimes comes to its end


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a solver of integer programs found: the sites of a plan (none when it found none),
    and a whole number of minor units below which no plan can be."""

    sites: Sites
    bound: int


# Lines times offers: questions up to here are searched even by those for whom others wait.
_LARGE = 1_500

# The problem, and the most parcels that a plan may have (None: as many as it likes).
Solver = Callable[[Problem, int | None], Proposal]


@dataclass(frozen=True, slots=True)
class Limits:
    """How far the planner may go; work is limited in nodes and never in time.

    `split_penalty` is paid for every parcel but the first, in minor units. A `solver` is asked
    where our own search did not come to its end; it may be slow. `brief` is for where others wait
    for the one who plans: a large question gets a good guess, and what that may lose at most.
    """

    max_parcels: int | None = None
    node_limit: int = 1_500
    split_penalty: int = 0
    solver: Solver | None = None
    brief: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """The sites of a plan; when not `proven`, none is better by more than `gap` units."""

    problem: Problem
    sites: Sites
    proven: bool = True
    gap: int | None = 0
    gap_unit: str = "cost"


def best_sites(problem: Problem, limits: Limits, *, fewest: bool) -> Found:
    """The sites that ship the most units, and of these plans the best one: `fewest` parcels and
    then the least cost, or the least cost alone."""
    if not problem.units or limits.max_parcels == 0:
        return Found(problem, ())
    single = _best_single(problem)
    if single is not None and (fewest or _no_split_pays(problem, single)):
        return Found(problem, single)
    if limits.brief and (limits.max_parcels is not None or _is_large(problem)):
        return _guessed(problem, limits.max_parcels, fewest=fewest)
    problem = undominated(problem)
    if fewest:
        return _fewest(problem, limits)
    return _cheapest(problem, limits)


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


def _is_large(problem: Problem) -> bool:
    return len(problem.need) * problem.offers > _LARGE


def _guessed(problem: Problem, most: int | None, *, fewest: bool) -> Found:
    """A plan without a search, and a bound that costs no more than a look at each site."""
    best = quick_guess(problem, fewest=fewest or most is not None)
    if most is not None and len(best) > most:
        return Found(problem, most_units(problem, most), False, None)
    fewer = len(best) - max(2, least_parcels(problem)) if fewest else 0
    if fewer > 0:
        return Found(problem, best, False, fewer, "parcels")
    if not problem.money_is_first:
        return Found(problem, best, False, None)
    gap = problem.cost(best) // problem.tie_scale - _bound(problem, fair_value(problem), 1)
    return Found(problem, best, gap <= 0, max(0, gap))


def _cheapest(problem: Problem, limits: Limits) -> Found:
    most, budget = limits.max_parcels, Budget(limits.node_limit)
    limit = None if most is None or most >= len(problem.sites) else most
    guess = good_guess(problem, fewest=limit is not None)
    if limit is not None and len(guess) > limit:
        fewer = _fewer(problem, limit, budget, limits.solver, first_only=True)
        if fewer.sites is None:
            return _fill(problem, limit, fewer.certain, budget, fewest=False)
        guess = fewer.sites
    return _polished(problem, guess, limit, budget, limits.solver, extras=True)


def _fewest(problem: Problem, limits: Limits) -> Found:
    """First the least number of parcels, then the cheapest plan of so many."""
    most, nodes = limits.max_parcels, limits.node_limit
    guess = good_guess(problem, fewest=True)
    top = len(guess) - 1 if most is None else min(len(guess) - 1, most)
    counting = Budget(nodes * 2 // 3)
    fewer = _fewer(problem, top, counting, limits.solver)
    best = guess if fewer.sites is None else fewer.sites
    if most is not None and len(best) > most:
        return _fill(problem, most, fewer.certain, counting, fewest=True)
    paying = Budget(nodes // 3 + 1)
    found = _polished(problem, best, len(best), paying, limits.solver, extras=False)
    if fewer.certain or fewer.floor >= len(best):
        return found
    return replace(found, proven=False, gap=len(best) - fewer.floor, gap_unit="parcels")


# --- how many parcels ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Fewer:
    """A plan of fewer parcels, when there is one; none has less than `floor`."""

    sites: Sites | None
    floor: int
    certain: bool


def _fewer(
    problem: Problem, top: int, budget: Budget, solver: Solver | None, *, first_only: bool = False
) -> _Fewer:
    """A plan of at most `top` parcels, and of as few as possible: the same question where each
    parcel costs one and nothing else costs anything."""
    nothing = _Fewer(None, top + 1, True)
    if max(2, least_parcels(problem)) > top:
        return nothing
    counted = undominated(problem.counting_parcels())
    goal = top * PARCEL + 1
    prices = best_prices(counted, None, goal)
    counted = narrowed(counted, prices, goal)
    if any(counted.residual(range(len(counted.sites)))):
        return nothing
    prices = best_prices(counted, None, goal, prices.prices)
    floor = max(2, least_parcels(counted), -(-prices.value // PARCEL))
    if floor > top:
        return nothing
    search = Search(
        counted, prices, budget, None, extras=False, first_only=first_only, grain=PARCEL, goal=goal
    )
    certain, best = search.run(), search.best
    if not certain and solver is not None and not (first_only and best is not None):
        best, floor = _counted(counted, best, floor, top, solver)
        certain = floor >= (top + 1 if best is None else len(best))
    if best is None:
        return _Fewer(None, floor, certain)
    return _Fewer(_named(problem, _names(counted, best)), floor, certain)


def _counted(
    counted: Problem, best: Sites | None, floor: int, top: int, solver: Solver
) -> tuple[Sites | None, int]:
    """The least number of parcels as a solver sees it: a plan, and what none goes below."""
    proposal = solver(replace(counted, tie_scale=PARCEL), None)  # a parcel costs 1
    if proposal.sites and not any(counted.residual(proposal.sites)):
        found = counted.used(proposal.sites)
        if len(found) < (top + 1 if best is None else len(best)):
            best = found
    return best, max(floor, min(proposal.bound, top + 1))


def _names(problem: Problem, sites: Sites) -> set[str]:
    return {problem.sites[site].location for site in sites}


def _named(problem: Problem, names: Collection[str]) -> Sites:
    return tuple([n for n, site in enumerate(problem.sites) if site.location in names])


def _fill(problem: Problem, most: int, certain: bool, budget: Budget, *, fewest: bool) -> Found:
    """So few parcels cannot hold everything: ship the most units they can."""
    fill = Fill(problem, most, Budget(max(budget.left, 200)), fewest=fewest)
    done = fill.run() and certain
    return Found(problem, fill.best, done, 0 if done else None)


# --- at what cost --------------------------------------------------------------------------------


def _polished(
    problem: Problem,
    best: Sites,
    limit: int | None,
    budget: Budget,
    solver: Solver | None,
    *,
    extras: bool,
) -> Found:
    """From a plan that works to the cheapest, among the sites that can still matter."""
    prices = best_prices(problem, limit, problem.cost(best))
    best = _guided(problem, prices, best)
    problem, prices, best = _without_the_hopeless(problem, prices, best)
    best = _guided(problem, prices, best)
    half = budget.left // 2
    search = Search(problem, prices, _look(problem, limit, half), best, extras=extras)
    if search.run():
        return Found(problem, search.best or best)
    best = repaired(problem, search.best or best, prices)
    if limit is not None:
        best = paired(problem, best, prices, half)
    problem, prices, best = _without_the_hopeless(problem, prices, best)
    grain = problem.grain()
    if _bound(problem, prices.value, grain) >= problem.cost(best) // problem.tie_scale:
        return Found(problem, best)
    search = Search(problem, prices, _look(problem, limit, half), best, extras=extras, grain=grain)
    done = search.run()
    best = search.best or best
    if done:
        return Found(problem, best)
    bound = _bound(problem, prices.value, grain)
    if solver is not None:
        problem, prices, best = _without_the_hopeless(problem, prices, best)
        best, bound = _asked(problem, best, limit, bound, solver)
    if not problem.money_is_first and bound < problem.cost(best) // problem.tie_scale:
        return Found(problem, best, False, None)
    gap = problem.cost(best) // problem.tie_scale - bound
    return Found(problem, best, gap <= 0, max(0, gap))


def _look(problem: Problem, limit: int | None, nodes: int) -> Budget:
    """Among many sites, and with any number of parcels, no search comes to its end soon: it only
    looks at the likeliest plans."""
    hopeful = limit is not None or len(problem.sites) <= _FEW
    return Budget(nodes if hopeful else nodes // 5)


def _without_the_hopeless(
    problem: Problem, prices: Prices, best: Sites
) -> tuple[Problem, Prices, Sites]:
    names = _names(problem, best)
    problem = narrowed(problem, prices, problem.cost(best), best)
    best, limit = _named(problem, names), prices.limit
    cost = problem.cost(best)
    return problem, best_prices(problem, limit, cost, prices.prices, brief=limit is None), best


def _bound(problem: Problem, value: int, grain: int) -> int:
    """Money below which no plan can be: all plans differ by whole grains from the least that
    their units could cost."""
    money = max(0, value // problem.tie_scale)
    base = problem.cheapest_units()
    return base - (base - money) // grain * grain


def _guided(problem: Problem, prices: Prices, best: Sites) -> Sites:
    """The better of a plan and of the one that the prices lead to."""
    other = guided_guess(problem, prices.prices)
    if prices.limit is not None and len(other) > prices.limit:
        return best
    return min(best, other, key=problem.cost)


def _asked(
    problem: Problem, best: Sites, limit: int | None, bound: int, solver: Solver
) -> tuple[Sites, int]:
    """What a solver proposes, as far as our own whole numbers agree."""
    proposal = solver(problem, limit)
    if proposal.sites and not any(problem.residual(proposal.sites)):
        found = problem.used(proposal.sites)
        if limit is None or len(found) <= limit:
            best = min(best, found, key=problem.cost)
    return best, max(bound, proposal.bound)
