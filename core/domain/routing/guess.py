"""Good plans found quickly: greedy walks, without what they do not need, with better exchanges."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from heapq import heapify, heappop, heapreplace, nsmallest
from itertools import combinations

from core.domain.routing.bounds import Prices, Sites
from core.domain.routing.problem import Problem

_EXCHANGES = 8
_MUCH = 2_500  # offers
_POOL, _STARTS = 60, 30
# Plans of more parcels than these are neither exchanged in pairs, nor singly, nor weighed anew
# at each step: the work grows with the square of the parcels and the third power of their pairs.
_PAIRS, _LONG = 12, 40

Weight = tuple[bool, int, int]
Weighed = tuple[Weight, int]
Weigh = Callable[[Problem, int, list[int]], Weight]


def good_guess(problem: Problem, *, fewest: bool) -> Sites:
    """The best of a few greedy walks."""
    # Where every line is one unit, whole lines are units.
    weighs = (_by_units, _by_money) if max(problem.need) == 1 else (_by_units, _by_lines, _by_money)
    walks = {_lean(problem, _walked(problem, (), _heap(problem, weigh), weigh)) for weigh in weighs}
    guesses = [_exchanged(problem, walk) for walk in walks]
    return min(guesses, key=lambda sites: (len(sites) if fewest else 0, problem.cost(sites), sites))


def quick_guess(problem: Problem, *, fewest: bool) -> Sites:
    """One greedy walk where there is much to walk over, else a good guess."""
    if problem.offers <= _MUCH:
        return good_guess(problem, fewest=fewest)
    weigh = _by_units if fewest else _by_money
    return _lean(problem, _walked(problem, (), _heap(problem, weigh), weigh))


def most_units(problem: Problem, most: int) -> Sites:
    """At most so many sites that together ship many units, if not the most that are possible."""
    walk = _walked(problem, (), _heap(problem, _by_units), _by_units)
    return problem.used(walk[:most])


def guided_guess(problem: Problem, prices: list[int]) -> Sites:
    """A walk that weighs units by what they are worth at these prices."""
    weigh = _by_worth(prices)
    walk = _walked(problem, (), _heap(problem, weigh), weigh)
    return _exchanged(problem, _lean(problem, walk))


def repaired(problem: Problem, best: Sites, prices: Prices) -> Sites:
    """Begin with every promising site once; then take one or two sites out of the best plan and
    fill the hole with others, as long as that helps."""
    if len(best) > _LONG:
        return best
    pool = nsmallest(_POOL, range(len(problem.sites)), key=prices.reduced.__getitem__)
    weigh = _by_worth(prices.prices)
    likely = sorted([(weigh(problem, site, [*problem.need]), site) for site in pool])
    tries = [_tried(problem, (site,), likely, weigh, prices.limit) for site in pool[:_STARTS]]
    best = min([best, *filter(None, tries)], key=problem.cost)
    holes = _holes(best)
    while holes:
        gone = holes.pop()
        rest = tuple([site for site in best if site not in gone])
        others = [each for each in likely if each[1] not in gone]
        found = _tried(problem, rest, others, weigh, prices.limit)
        if found and problem.cost(found) < problem.cost(best):
            best, holes = found, _holes(found)
    return best


def paired(problem: Problem, best: Sites, prices: Prices, tries: int) -> Sites:
    """Exchange two sites for two others as long as that is cheaper, in so many tries: where few
    parcels must hold everything, walks rarely come to another plan."""
    if len(best) > _PAIRS:
        return best
    pairs = list(combinations(best, 2))
    while pairs and tries > 0:
        gone = pairs.pop()
        rest = tuple([site for site in best if site not in gone])
        found, tried = _refilled(problem, rest, prices, min(tries, _POOL))
        tries -= tried
        if found and problem.cost(found) < problem.cost(best):
            best = found
            pairs = list(combinations(best, 2))
    return best


def _refilled(
    problem: Problem, rest: Sites, prices: Prices, tries: int
) -> tuple[Sites | None, int]:
    """The cheapest plan of these sites and two more: one of those that have the scarcest line
    still missing, and one that has all the rest. And how many first ones were tried."""
    worth = prices.reduced.__getitem__
    others = [site for site in _scarcest(problem, rest) if site not in rest]
    firsts = nsmallest(tries, others, key=worth)
    begun = [(*rest, first) for first in firsts]
    plans = [plan for start in begun for plan in _ended(problem, start, worth)]
    return min(plans, key=problem.cost, default=None), len(firsts)


def _scarcest(problem: Problem, rest: Sites) -> Iterable[int]:
    """Who has the line that fewest have of those still missing; where none is, everybody."""
    missing = [line for line, want in enumerate(problem.residual(rest)) if want]
    if not missing:
        return range(len(problem.sites))
    fewest = min([problem.holders()[line] for line in missing], key=len)
    return [site for _, _, site in fewest]


def _ended(problem: Problem, start: Sites, worth: Callable[[int], int]) -> list[Sites]:
    """Those plans that one more site makes of it, and the one that it is already."""
    missing = {line: want for line, want in enumerate(problem.residual(start)) if want}
    fitting = _able(problem, missing) if missing else range(len(problem.sites))
    able = [site for site in fitting if site not in start]
    more = [problem.used((*start, each)) for each in nsmallest(_EXCHANGES, able, key=worth)]
    return more if missing else [problem.used(start), *more]


def _holes(sites: Sites) -> list[Sites]:
    """Which sites to take out, the last first: each alone, then each two."""
    pairs = combinations(sites, 2) if len(sites) <= _PAIRS else ()
    return [*pairs, *((site,) for site in sites)]


def _tried(
    problem: Problem, start: Sites, likely: list[Weighed], weigh: Weigh, most: int | None
) -> Sites | None:
    """A plan that begins with these sites, when the likely ones make one of few enough parcels."""
    walk = _walked(problem, start, [each for each in likely if each[1] not in start], weigh)
    if any(problem.residual(walk)):
        return None
    found = _lean(problem, walk)
    return None if most is not None and len(found) > most else found


# --- walks ---------------------------------------------------------------------------------------


def _walked(problem: Problem, start: Sites, heap: list[Weighed], weigh: Weigh) -> Sites:
    """Add the lightest site of the heap, again and again, until nothing is missing or helps.

    Only the site that was the lightest when it was weighed last is weighed anew: the fewer units
    are missing, the less a site has to add. The heap may be a sorted list, and is used up.
    """
    left, chosen = problem.residual(start), list(start)
    while heap and any(left):
        before, site = heap[0]
        weight = weigh(problem, site, left)
        if weight != before:
            heapreplace(heap, (weight, site))
            continue
        if weight[0]:
            break
        heappop(heap)
        chosen.append(site)
        _take(problem, site, left)
    return tuple(chosen)


def _heap(problem: Problem, weigh: Weigh) -> list[Weighed]:
    """Every site as it weighs when everything is missing."""
    need = list(problem.need)
    heap = [(weigh(problem, site, need), site) for site in range(len(problem.sites))]
    heapify(heap)
    return heap


def _take(problem: Problem, site: int, left: list[int]) -> None:
    for line, have, _ in problem.shelves[site]:
        left[line] = max(0, left[line] - have)


def _by_units(problem: Problem, site: int, left: list[int]) -> Weight:
    units, _, cost = _added(problem, site, left)
    return not units, -units, cost


def _by_lines(problem: Problem, site: int, left: list[int]) -> Weight:
    """Whole lines first, then units."""
    units, lines, cost = _added(problem, site, left)
    return not units, -lines * problem.units - units, cost


def _by_money(problem: Problem, site: int, left: list[int]) -> Weight:
    units, _, cost = _added(problem, site, left)
    return not units, (cost << 20) // max(units, 1), cost


def _by_worth(prices: list[int]) -> Weigh:
    """What a site asks for each unit of worth that it can add."""

    worths = [max(price, 1) for price in prices]

    def weigh(problem: Problem, site: int, left: list[int]) -> Weight:
        cost, worth = problem.fixed[site], 0
        for line, have, unit in problem.shelves[site]:
            want = left[line]
            if want:
                quantity = min(want, have)
                cost += quantity * unit
                worth += quantity * worths[line]
        return (False, (cost << 20) // worth, 0) if worth else (True, cost << 20, 0)

    return weigh


def _added(problem: Problem, site: int, left: list[int]) -> tuple[int, int, int]:
    """The units and the whole lines that a site can add, and what that costs."""
    units = lines = 0
    cost = problem.fixed[site]
    for line, have, unit in problem.shelves[site]:
        want = left[line]
        if want:
            quantity = min(want, have)
            units += quantity
            lines += have >= want
            cost += quantity * unit
    return units, lines, cost


# --- afterwards ----------------------------------------------------------------------------------


def _lean(problem: Problem, sites: Sites) -> Sites:
    """Without the sites that only cost, the dearest parcels first."""
    spare = [-need for need in problem.need]
    for site in sites:
        for line, have, _ in problem.shelves[site]:
            spare[line] += have
    for site in sorted(sites, key=problem.fixed.__getitem__, reverse=True):
        shelf = problem.shelves[site]
        if any(have > spare[line] for line, have, _ in shelf):
            continue
        rest = tuple([each for each in sites if each != site])
        if problem.cost(rest) <= problem.cost(sites):
            sites = rest
            for line, have, _ in shelf:
                spare[line] -= have
    return problem.used(sites)


def _exchanged(problem: Problem, start: Sites) -> Sites:
    """Exchange each site for a cheaper one that can do its part, once round."""
    if len(start) > _LONG:
        return start
    sites = start
    for site in start:
        rest = tuple([each for each in sites if each != site])
        missing = {line: want for line, want in enumerate(problem.residual(rest)) if want}
        able = ((*rest, each) for each in _able(problem, missing) if each not in rest)
        cheapest = nsmallest(_EXCHANGES, able, key=lambda found: problem.fixed[found[-1]])
        sites = min([sites, *cheapest], key=problem.cost)
    return problem.used(sites)


def _able(problem: Problem, missing: dict[int, int]) -> list[int]:
    """The sites that have all of what is missing."""
    holders = problem.holders()
    found: set[int] | None = None
    for line in sorted(missing, key=lambda each: len(holders[each])):
        want = missing[line]
        having = {site for _, have, site in holders[line] if have >= want}
        found = having if found is None else found & having
        if not found:
            break
    return sorted(found or ())
