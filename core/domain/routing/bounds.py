"""What no plan can go below: prices per unit that bound every plan, and the sites they rule out."""

from __future__ import annotations

from collections.abc import Iterable
from heapq import nsmallest

from core.domain.routing.problem import Problem, Shelf

_ROUNDS_LEAST, _ROUNDS_MOST, _ROUND_WORK = 8, 80, 60_000
_FAILURES_BORNE, _HALVINGS_MOST = 4, 8
_RIVALS = 40

Sites = tuple[int, ...]


class Prices:
    """A price per unit of each line, and what each site would lose or gain at those prices.

    For any prices, `value` is below the cost of every plan of at most `limit` parcels.
    """

    def __init__(self, problem: Problem, prices: list[int], limit: int | None) -> None:
        self.prices, self.limit = prices, limit
        self.reduced = _reduced(problem, prices)
        self.paid = sum([q * price for q, price in zip(problem.need, prices, strict=True)])
        gains = [cost for cost in self.reduced if cost < 0]
        self.value = self.paid + sum(gains if limit is None else nsmallest(limit, gains))

    def slope(self, problem: Problem) -> list[int]:
        """By how much each line is under-served at these prices."""
        under = list(problem.need)
        for site in self.opened():
            for line, have, unit in problem.shelves[site]:
                if self.prices[line] > unit:
                    under[line] -= have
        return under

    def opened(self) -> list[int]:
        """The sites that these prices would open."""
        gains = [(cost, site) for site, cost in enumerate(self.reduced) if cost < 0]
        chosen = gains if self.limit is None else nsmallest(self.limit, gains)
        return [site for _, site in chosen]


def _reduced(problem: Problem, prices: list[int]) -> list[int]:
    """What opening each site costs, less what its units gain at these prices."""
    reduced = list(problem.fixed)
    for price, holders in zip(prices, problem.holders(), strict=True):
        for unit, have, site in holders:
            if unit >= price:
                break
            reduced[site] -= have * (price - unit)
    return reduced


def best_prices(
    problem: Problem,
    limit: int | None,
    known: int | None,
    start: list[int] | None = None,
    *,
    brief: bool = False,
) -> Prices:
    """Start from fair shares of each parcel, then climb towards the best plan known.

    `brief`: half the rounds, where prices that are good already only follow fewer sites.
    """
    best = Prices(problem, start or _fair_shares(problem), limit)
    if known is None:
        return best
    now, halvings, failed = best, 0, 0
    for _ in range(_rounds(problem) >> brief):
        slope = now.slope(problem)
        steep = sum([part * part for part in slope])
        if not steep or best.value >= known or halvings > _HALVINGS_MOST:
            break
        step = known - now.value
        prices = [
            price + (step * part // steep >> halvings)
            for price, part in zip(now.prices, slope, strict=True)
        ]
        now = Prices(problem, prices, limit)
        failed = 0 if now.value > best.value else failed + 1
        if now.value > best.value:
            best = now
        elif failed == _FAILURES_BORNE:
            now, halvings, failed = best, halvings + 1, 0
    return best


def _rounds(problem: Problem) -> int:
    """Among few sites a search is at its end before good prices would be found."""
    sites = len(problem.shelves)
    work = sum(map(len, problem.shelves)) + sites
    return max(_ROUNDS_LEAST, min(_ROUNDS_MOST, 3 * sites, _ROUND_WORK // max(1, work)))


def fair_value(problem: Problem) -> int:
    """A cost below which no plan is: no site gains anything from fair shares."""
    shares = _fair_shares(problem)
    return sum([need * share for need, share in zip(problem.need, shares, strict=True)])


def _fair_shares(problem: Problem) -> list[int]:
    """Each parcel's cost spread over the units it could hold: prices no site gains from."""
    shares: list[int | None] = [None] * len(problem.need)
    for fixed, shelf in zip(problem.fixed, problem.shelves, strict=True):
        share = fixed // sum([have for _, have, _ in shelf])
        for line, _, unit in shelf:
            best = shares[line]
            if best is None or unit + share < best:
                shares[line] = unit + share
    return [share or 0 for share in shares]


def narrowed(problem: Problem, prices: Prices, goal: int, keep: Sites = ()) -> Problem:
    """Without the sites that, at these prices, no plan that costs less than `goal` can contain."""
    gains = sorted([cost for cost in prices.reduced if cost < 0])
    others = gains if prices.limit is None else gains[: prices.limit - 1]
    room = goal - prices.paid - sum(others)
    if prices.limit is None:
        keeps = [max(cost, 0) < room for cost in prices.reduced]
    else:
        keeps = [cost < room for cost in prices.reduced]
    return problem.only([site for site, kept in enumerate(keeps) if kept or site in keep])


def undominated(problem: Problem) -> Problem:
    """Without the sites whose whole part another one could always take over for no more.

    The other has all that is wanted of whatever the site has, and even if every one of those
    units costs its price there, opening it is cheaper by as much. Then no plan needs the site:
    it is exchanged, or closed where the other ships anyway.
    """
    lines = range(len(problem.need))
    rivals: list[list[tuple[int, int, dict[int, int]]]] = [[] for _ in lines]
    kept = []
    for site in sorted(range(len(problem.sites)), key=problem.fixed.__getitem__):
        shelf = problem.shelves[site]
        some = sum([1 << line for line, _, _ in shelf])
        facing = min([rivals[line] for line, _, _ in shelf], key=len)
        if _is_dominated(problem.fixed[site], shelf, some, facing[:_RIVALS]):
            continue
        kept.append(site)
        full = [line for line, have, _ in shelf if have == problem.need[line]]
        mask = sum([1 << line for line in full])
        units = {line: unit for line, _, unit in shelf}
        for line in full:
            rivals[line].append((mask, problem.fixed[site], units))
    return problem.only(sorted(kept))


def _is_dominated(
    fixed: int, shelf: Shelf, some: int, rivals: list[tuple[int, int, dict[int, int]]]
) -> bool:
    for full, other, units in rivals:
        if not some & ~full:
            dearer = sum(
                [have * (units[line] - unit) for line, have, unit in shelf if units[line] > unit]
            )
            if other + dearer <= fixed:
                return True
    return False


def least_parcels(problem: Problem) -> int:
    """A number of parcels below which nothing can work: any line alone needs so many."""
    columns: list[list[int]] = [[] for _ in problem.need]
    for shelf in problem.shelves:
        for line, have, _ in shelf:
            columns[line].append(have)
    units = [sum([have for _, have, _ in shelf]) for shelf in problem.shelves]
    needs = (*problem.need, problem.units)
    return max(map(_count_to, needs, (*columns, units)), default=0)


def _count_to(need: int, column: Iterable[int]) -> int:
    count = 0
    for have in sorted(column, reverse=True):
        if need <= 0:
            break
        need, count = need - have, count + 1
    return count
