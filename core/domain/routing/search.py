"""The exact search: Lagrangian prices give a lower bound, scarce lines say where to branch."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from heapq import nsmallest
from itertools import islice
from operator import le

from core.domain.routing.problem import Problem

_ROUNDS_LEAST, _ROUNDS_MOST, _ROUND_WORK = 8, 80, 40_000
_FAILURES_BORNE, _HALVINGS_MOST = 4, 8

Sites = tuple[int, ...]


class Budget:
    """How many nodes a plan may visit: work is counted and never timed, so plans repeat."""

    def __init__(self, nodes: int) -> None:
        self.left = nodes

    @property
    def spent(self) -> bool:
        return self.left <= 0

    def visit(self) -> None:
        self.left -= 1


class Prices:
    """A price per unit of each line, and what each site would lose or gain at those prices.

    For any prices, `value` is below the cost of every plan of at most `limit` parcels.
    """

    def __init__(self, problem: Problem, prices: list[int], limit: int | None) -> None:
        self.prices, self.limit = prices, limit
        self.reduced = [
            fixed - sum(h * (p - unit) for h, p in zip(row, prices, strict=True) if h and p > unit)
            for fixed, unit, row in zip(problem.fixed, problem.unit, problem.stock, strict=True)
        ]
        self.paid = sum(q * price for q, price in zip(problem.need, prices, strict=True))
        gains = [cost for cost in self.reduced if cost < 0]
        self.value = self.paid + sum(gains if limit is None else nsmallest(limit, gains))

    def slope(self, problem: Problem) -> list[int]:
        """By how much each line is under-served at these prices."""
        under = list(problem.need)
        for _, site in self._opened():
            unit = problem.unit[site]
            for line, have in enumerate(problem.stock[site]):
                if have and self.prices[line] > unit:
                    under[line] -= have
        return under

    def _opened(self) -> list[tuple[int, int]]:
        gains = [(cost, site) for site, cost in enumerate(self.reduced) if cost < 0]
        return gains if self.limit is None else nsmallest(self.limit, gains)


def best_prices(problem: Problem, limit: int | None, known: int | None) -> Prices:
    """Start from fair shares of each parcel, then climb towards the best plan known."""
    best = Prices(problem, _fair_shares(problem), limit)
    if known is None:
        return best
    work = len(problem.sites) * len(problem.skus)
    now, halvings, failed = best, 0, 0
    for _ in range(max(_ROUNDS_LEAST, min(_ROUNDS_MOST, _ROUND_WORK // work))):
        slope = now.slope(problem)
        steep = sum(part * part for part in slope)
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


def _fair_shares(problem: Problem) -> list[int]:
    """Each parcel's cost spread over the units it could hold: prices no site gains from."""
    shares: list[int | None] = [None] * len(problem.need)
    for fixed, unit, row in zip(problem.fixed, problem.unit, problem.stock, strict=True):
        price = unit + fixed // sum(row)
        for line, have in enumerate(row):
            best = shares[line]
            if have and (best is None or price < best):
                shares[line] = price
    return [share or 0 for share in shares]


def narrowed(problem: Problem, prices: Prices, best: Sites) -> Problem:
    """Without the sites that, at these prices, no plan better than `best` can contain."""
    gains = sorted(cost for cost in prices.reduced if cost < 0)
    others = gains if prices.limit is None else gains[: prices.limit - 1]
    room = problem.cost(best) - prices.paid - sum(others)
    if prices.limit is None:
        keeps = [max(cost, 0) < room for cost in prices.reduced]
    else:
        keeps = [cost < room for cost in prices.reduced]
    kept = [site for site, keep in enumerate(keeps) if keep or site in best]
    return problem.only(kept)


class Search:
    """Depth first over sites in the order of their reduced cost; `best` is improved in place."""

    def __init__(
        self,
        problem: Problem,
        prices: Prices,
        budget: Budget,
        best: Sites | None,
        *,
        extras: bool,
        first_only: bool = False,
    ) -> None:
        self.problem, self.prices, self.budget = problem, prices, budget
        self.best = best
        self.best_cost = None if best is None else problem.cost(best)
        self._extras, self._first_only = extras, first_only
        self._order = sorted(range(len(problem.sites)), key=prices.reduced.__getitem__)
        self._reduced = [prices.reduced[site] for site in self._order]
        self._with: dict[tuple[int, int], int] = {}
        self._gains = [cost for cost in self._reduced if cost < 0]

    def run(self) -> bool:
        """Search to the end; False when the budget ended first."""
        free = (1 << len(self._order)) - 1
        self._visit([], free, list(self.problem.need))
        return not self.budget.spent

    def _visit(self, chosen: list[int], free: int, left: list[int]) -> None:
        self.budget.visit()
        if not any(left):
            self._leaf(chosen, free)
            return
        for place in self._promising(chosen, self._branches(chosen, free, left)):
            free &= ~(1 << place)
            row = self.problem.stock[self._order[place]]
            rest = [max(0, want - have) for want, have in zip(left, row, strict=True)]
            self._visit([*chosen, place], free, rest)

    @property
    def _stopped(self) -> bool:
        return self.budget.spent or (self._first_only and self.best is not None)

    def _leaf(self, chosen: list[int], free: int) -> None:
        sites = tuple(self._order[place] for place in chosen)
        cost = self.problem.cost(sites)
        if self.best_cost is None or cost < self.best_cost:
            self.best, self.best_cost = self.problem.used(sites), cost
        if self._extras and self._parcels_left(chosen) != 0:
            self._add_savers(chosen, free, cost)

    def _add_savers(self, chosen: list[int], free: int, cost: int) -> None:
        """Another parcel may still pay: savings only shrink as sites are added, so a set that
        saves contains a site that saves alone."""
        sites = tuple(self._order[place] for place in chosen)
        paid = self._most_paid(sites)
        for place in self._promising(chosen, _bits(free)):
            site = self._order[place]
            if self._may_save(site, paid) and self.problem.cost((*sites, site)) < cost:
                free &= ~(1 << place)
                self._visit([*chosen, place], free, [0] * len(self.problem.need))

    def _most_paid(self, sites: Sites) -> list[int]:
        paid = [0] * len(self.problem.need)
        for site, line, _ in self.problem.fill(sites):
            paid[line] = max(paid[line], self.problem.unit[site])
        return paid

    def _may_save(self, site: int, paid: list[int]) -> bool:
        unit = self.problem.unit[site]
        saved = sum(
            have * (price - unit)
            for have, price in zip(self.problem.stock[site], paid, strict=True)
            if have and price > unit
        )
        return saved > self.problem.fixed[site]

    def _branches(self, chosen: list[int], free: int, left: list[int]) -> Iterator[int]:
        """The sites of which at least one must be added: those of the scarcest missing line."""
        parcels = self._parcels_left(chosen)
        missing = [(line, want) for line, want in enumerate(left) if want]
        if parcels == 1:
            for line, want in missing:
                free &= self._having(line, want)
            return _bits(free)
        holders = sorted((self._having(line, 1) & free for line, _ in missing), key=int.bit_count)
        if parcels is not None and not self._can_fit(parcels, holders):
            return iter(())
        return _bits(holders[0])

    def _can_fit(self, parcels: int, holders: list[int]) -> bool:
        """Lines of which no two have a site in common need a parcel each."""
        taken = apart = 0
        for sites in holders:
            if not sites & taken:
                taken |= sites
                apart += 1
        return apart <= parcels

    def _parcels_left(self, chosen: list[int]) -> int | None:
        limit = self.prices.limit
        return None if limit is None else limit - len(chosen)

    def _promising(self, chosen: list[int], places: Iterator[int]) -> Iterator[int]:
        """The places (in search order) with which a plan may still become the best."""
        floor = self._floor(chosen)
        for place in places:
            beaten = self.best_cost is not None and floor + self._reduced[place] >= self.best_cost
            if beaten or self._stopped:
                return
            yield place

    def _floor(self, chosen: list[int]) -> int:
        """No plan of these sites and one more costs less than this and that one's reduced cost."""
        opened = self.prices.paid + sum(self._reduced[place] for place in chosen)
        parcels = self._parcels_left(chosen)
        others = (gain for place, gain in enumerate(self._gains) if place not in chosen)
        return opened + sum(islice(others, None if parcels is None else parcels - 1))

    def _having(self, line: int, quantity: int) -> int:
        """A bit for every site (in search order) that has so much of a line."""
        found = self._with.get((line, quantity))
        if found is None:
            stock = self.problem.stock
            found = sum(
                1 << place
                for place, site in enumerate(self._order)
                if stock[site][line] >= quantity
            )
            self._with[line, quantity] = found
        return found


class Fill:
    """Too few parcels for everything: which sites ship the most units, and then the best."""

    def __init__(self, problem: Problem, limit: int, budget: Budget, *, fewest: bool) -> None:
        self.problem, self.limit, self.budget, self.fewest = problem, limit, budget, fewest
        self.best: Sites = ()
        self._best_key = self._key(())

    def run(self) -> bool:
        self._visit((), list(range(len(self.problem.sites))))
        return not self.budget.spent

    def _visit(self, chosen: Sites, free: list[int]) -> None:
        self.budget.visit()
        key = self._key(chosen)
        if key < self._best_key:
            self.best, self._best_key = self.problem.used(chosen), key
        left = self.problem.residual(chosen)
        gains = sorted((-self._gain(site, left), site) for site in free)
        shipped, parcels = self.problem.units - sum(left), self.limit - len(chosen)
        for position, (_, site) in enumerate(gains):
            most = shipped - sum(gain for gain, _ in gains[position : position + parcels])
            if not parcels or self.budget.spent or most < -self._best_key[0]:
                return
            self._visit((*chosen, site), [each for _, each in gains[position + 1 :]])

    def _gain(self, site: int, left: list[int]) -> int:
        return sum(map(min, self.problem.stock[site], left))

    def _key(self, chosen: Sites) -> tuple[int, int, int]:
        shipped = self.problem.units - sum(self.problem.residual(chosen))
        parcels = len(self.problem.used(chosen)) if self.fewest else 0
        return -shipped, parcels, self.problem.cost(chosen)


def least_parcels(problem: Problem) -> int:
    """A number of parcels below which nothing can work: any line alone needs so many."""
    units = [sum(row) for row in problem.stock]
    columns = [*zip(*problem.stock, strict=True), tuple(units)]
    needs = (*problem.need, problem.units)
    return max(map(_count_to, needs, columns), default=0)


def _count_to(need: int, column: Iterable[int]) -> int:
    count = 0
    for have in sorted(column, reverse=True):
        if need <= 0:
            break
        need, count = need - have, count + 1
    return count


def good_guess(problem: Problem, *, fewest: bool) -> Sites:
    """A plan from three greedy walks, without what it does not need, and with better swaps."""
    walks = (_greedy(problem, weigh) for weigh in range(3))
    guesses = [_improved(problem, _lean(problem, walk)) for walk in walks]
    return min(guesses, key=lambda sites: (len(sites) if fewest else 0, problem.cost(sites), sites))


def _greedy(problem: Problem, weigh: int) -> Sites:
    left, chosen = list(problem.need), []
    free = set(range(len(problem.sites)))
    while any(left):
        site = max(free, key=lambda site: _worth(problem, site, left, weigh))
        free.remove(site)
        chosen.append(site)
        left = [max(0, want - have) for want, have in zip(left, problem.stock[site], strict=True)]
    return tuple(chosen)


def _worth(problem: Problem, site: int, left: list[int], weigh: int) -> tuple[float, int]:
    """What a site adds: units, whole lines, or units for the money."""
    row = problem.stock[site]
    units = sum(map(min, row, left))
    if not units:
        return 0.0, 0
    cost = problem.fixed[site] + units * problem.unit[site]
    if weigh == 2:
        return units / cost, -cost
    lines = sum(map(le, left, row)) if weigh == 1 else 0
    return float(lines * problem.units + units), -cost


def _lean(problem: Problem, sites: Sites) -> Sites:
    for site in sorted(sites, key=problem.fixed.__getitem__, reverse=True):
        rest = tuple(each for each in sites if each != site)
        if not any(problem.residual(rest)) and problem.cost(rest) <= problem.cost(sites):
            sites = rest
    return problem.used(sites)


def _improved(problem: Problem, start: Sites) -> Sites:
    """Exchange each site for a cheaper one that can do its part, once round."""
    sites = start
    for site in start:
        rest = tuple(each for each in sites if each != site)
        missing = [(line, want) for line, want in enumerate(problem.residual(rest)) if want]
        able = (
            (*rest, each)
            for each, row in enumerate(problem.stock)
            if each not in rest and all(row[line] >= want for line, want in missing)
        )
        cheapest = nsmallest(8, able, key=lambda found: problem.fixed[found[-1]])
        sites = min([sites, *cheapest], key=problem.cost)
    return problem.used(sites)


def _bits(mask: int) -> Iterator[int]:
    while mask:
        low = mask & -mask
        yield low.bit_length() - 1
        mask ^= low
