"""The exact search: Lagrangian prices give a lower bound, scarce lines say where to branch."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from core.domain.routing.bounds import Prices, Sites
from core.domain.routing.problem import Problem


class Budget:
    """How many nodes a plan may visit: work is counted and never timed, so plans repeat."""

    def __init__(self, nodes: int) -> None:
        self.left = nodes

    @property
    def spent(self) -> bool:
        return self.left <= 0

    def visit(self) -> None:
        self.left -= 1


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
        self._holders: list[list[tuple[int, int]]] = [[] for _ in problem.need]
        for place, site in enumerate(self._order):
            for line, have, _ in problem.shelves[site]:
                self._holders[line].append((have, place))
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
            rest = list(left)
            for line, have, _ in self.problem.shelves[self._order[place]]:
                rest[line] = rest[line] - have if rest[line] > have else 0
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
            unit = next(unit for here, _, unit in self.problem.shelves[site] if here == line)
            paid[line] = max(paid[line], unit)
        return paid

    def _may_save(self, site: int, paid: list[int]) -> bool:
        saved = sum(
            [
                have * (paid[line] - unit)
                for line, have, unit in self.problem.shelves[site]
                if paid[line] > unit
            ]
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
            found = sum([1 << place for have, place in self._holders[line] if have >= quantity])
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
        return sum([min(have, left[line]) for line, have, _ in self.problem.shelves[site]])

    def _key(self, chosen: Sites) -> tuple[int, int, int]:
        shipped = self.problem.units - sum(self.problem.residual(chosen))
        parcels = len(self.problem.used(chosen)) if self.fewest else 0
        return -shipped, parcels, self.problem.cost(chosen)


def _bits(mask: int) -> Iterator[int]:
    while mask:
        low = mask & -mask
        yield low.bit_length() - 1
        mask ^= low
