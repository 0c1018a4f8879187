"""Good plans found quickly: greedy walks, without what they do not need, with better exchanges."""

from __future__ import annotations

from collections.abc import Iterable
from heapq import nsmallest
from itertools import combinations

from core.domain.routing.bounds import Prices, Sites
from core.domain.routing.problem import Problem

_WALKS = 3
_EXCHANGES = 8
_POOL, _STARTS = 80, 40


def good_guess(problem: Problem, *, fewest: bool) -> Sites:
    """The best of three greedy walks."""
    walks = (_greedy(problem, weigh) for weigh in range(_WALKS))
    guesses = [better(problem, _lean(problem, walk)) for walk in walks]
    return min(guesses, key=lambda sites: (len(sites) if fewest else 0, problem.cost(sites), sites))


def guided_guess(problem: Problem, prices: list[int]) -> Sites:
    """A walk that weighs units by what they are worth at these prices."""
    walk = _completed(problem, (), range(len(problem.sites)), prices)
    return better(problem, _lean(problem, walk))


def repaired(problem: Problem, best: Sites, prices: Prices) -> Sites:
    """Begin with every promising site once; then take one or two sites out of the best plan and
    fill the hole with others, as long as that helps."""
    pool = nsmallest(_POOL, range(len(problem.sites)), key=prices.reduced.__getitem__)
    tries = [_tried(problem, (site,), pool, prices) for site in pool[:_STARTS]]
    best = min([best, *filter(None, tries)], key=problem.cost)
    holes = _holes(best)
    while holes:
        gone = holes.pop()
        rest = tuple([site for site in best if site not in gone])
        found = _tried(problem, rest, [site for site in pool if site not in gone], prices)
        if found and problem.cost(found) < problem.cost(best):
            best, holes = found, _holes(found)
    return best


def _tried(problem: Problem, start: Sites, pool: list[int], prices: Prices) -> Sites | None:
    """A plan that begins with these sites, when the pool has one of few enough parcels."""
    walk = _completed(problem, start, pool, prices.prices)
    if any(problem.residual(walk)):
        return None
    found = _lean(problem, walk)
    return None if prices.limit is not None and len(found) > prices.limit else found


def _holes(sites: Sites) -> list[Sites]:
    """Which sites to take out, the last first: each alone, then each two."""
    return [*combinations(sites, 2), *((site,) for site in sites)]


def _completed(problem: Problem, sites: Sites, pool: Iterable[int], prices: list[int]) -> Sites:
    """Add sites of the pool, the best worth for the money first, until nothing is missing."""
    left, chosen = problem.residual(sites), list(sites)
    free = [site for site in pool if site not in sites]
    while any(left) and free:
        weighed = [(_dearness(problem, site, left, prices), site) for site in free]
        (useless, _), site = min(weighed)
        if useless:
            break
        free.remove(site)
        chosen.append(site)
        _take(problem, site, left)
    return tuple(chosen)


def _dearness(problem: Problem, site: int, left: list[int], prices: list[int]) -> tuple[bool, int]:
    """What a site asks for for each unit of worth that it can add."""
    cost, worth = problem.fixed[site], 0
    for line, have, unit in problem.shelves[site]:
        if left[line]:
            quantity = min(have, left[line])
            cost += quantity * unit
            worth += quantity * max(prices[line], 1)
    return not worth, (cost << 20) // max(worth, 1)


def _greedy(problem: Problem, weigh: int) -> Sites:
    left, chosen = list(problem.need), []
    free = set(range(len(problem.sites)))
    while any(left):
        site = max(free, key=lambda site: _worth(problem, site, left, weigh))
        free.remove(site)
        chosen.append(site)
        _take(problem, site, left)
    return tuple(chosen)


def _take(problem: Problem, site: int, left: list[int]) -> None:
    for line, have, _ in problem.shelves[site]:
        left[line] = max(0, left[line] - have)


def _worth(problem: Problem, site: int, left: list[int], weigh: int) -> tuple[int, int, int]:
    """What a site adds: units, whole lines, or units for the money."""
    units = lines = 0
    cost = problem.fixed[site]
    for line, have, unit in problem.shelves[site]:
        want = left[line]
        if want:
            quantity = min(want, have)
            units += quantity
            lines += have >= want
            cost += quantity * unit
    if not units:
        return -1, 0, 0
    if weigh == 2:
        return (units << 80) // cost, -cost, -site
    return (lines * problem.units if weigh == 1 else 0) + units, -cost, -site


def _lean(problem: Problem, sites: Sites) -> Sites:
    """Without the sites that only cost."""
    for site in sorted(sites, key=problem.fixed.__getitem__, reverse=True):
        rest = tuple(each for each in sites if each != site)
        if not any(problem.residual(rest)) and problem.cost(rest) <= problem.cost(sites):
            sites = rest
    return problem.used(sites)


def better(problem: Problem, start: Sites) -> Sites:
    """Exchange each site for a cheaper one that can do its part, once round."""
    sites = start
    for site in start:
        if site not in sites:
            continue
        rest = tuple(each for each in sites if each != site)
        missing = {line: want for line, want in enumerate(problem.residual(rest)) if want}
        able = ((*rest, each) for each in _able(problem, missing) if each not in rest)
        cheapest = nsmallest(_EXCHANGES, able, key=lambda found: problem.fixed[found[-1]])
        sites = min([sites, *cheapest], key=problem.cost)
    return problem.used(sites)


def _able(problem: Problem, missing: dict[int, int]) -> list[int]:
    """The sites that have all of what is missing."""
    if not missing:
        return []
    return [
        site
        for site, shelf in enumerate(problem.shelves)
        if sum([have >= missing.get(line, have + 1) for line, have, _ in shelf]) == len(missing)
    ]
