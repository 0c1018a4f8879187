"""The exact search: Lagrangian prices give a lower bound, scarce lines say where to branch."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator

from core.domain.routing.bounds import Prices, Sites
from core.domain.routing.problem import Problem

DEEPEST = 250  # parcels: beyond that Python's own stack would end the search


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
    """Depth first over sites in the order of their reduced cost; `best` is improved in place.

    Only plans that cost less than `goal` are of interest. With a `grain` (the money by which any
    two plans differ, if they differ at all) a plan is better only when it costs less money: ties
    are left alone, and the search ends earlier.
    """

    def __init__(
        self,
        problem: Problem,
        prices: Prices,
        budget: Budget,
        best: Sites | None,
        *,
        extras: bool,
        first_only: bool = False,
        grain: int = 0,
        goal: int | None = None,
    ) -> None:
        self.problem, self.prices, self.budget = problem, prices, budget
        self._first_only, self._grain = first_only, grain
        self._order = sorted(range(len(problem.sites)), key=prices.reduced.__getitem__)
        self._reduced = [prices.reduced[site] for site in self._order]
        self._gains = [cost for cost in self._reduced if cost < 0]
        self._with: dict[tuple[int, int], int] = {}
        self._holders: list[list[tuple[int, int]]] = [[] for _ in problem.need]
        for place, site in enumerate(self._order):
            for line, have, _ in problem.shelves[site]:
                self._holders[line].append((have, place))
        self._savers = self._all_savers() if extras else 0
        self.best, self._goal = best, goal
        if best is not None:
            self._set_best(best)

    def run(self) -> bool:
        """Search to the end; False when the budget ended first."""
        free = (1 << len(self._order)) - 1
        self._visit([], free, list(self.problem.need), self.prices.paid)
        return not self.budget.spent

    def _set_best(self, best: Sites) -> None:
        """The best plan, and the cost below which another one is better."""
        self.best, self._goal = best, self.problem.cost(best)
        if self._grain:
            scale = self.problem.tie_scale
            self._goal = (self._goal // scale - self._grain + 1) * scale

    def _visit(self, chosen: list[int], free: int, left: list[int], opened: int) -> None:
        """`opened` is what the chosen sites bring the bound to."""
        self.budget.visit()
        if len(chosen) > DEEPEST:
            self.budget.left = 0
        if not any(left):
            self._leaf(chosen, free, opened)
            return
        free &= self._affordable(chosen, free, opened)
        reduced, gains, others = self._reduced, len(self._gains), None
        for place in self._branches(chosen, free, left):
            free &= ~(1 << place)
            if self.budget.left <= 0 or (self._first_only and self.best is not None):
                return
            if others is None or place < gains:  # without this place they can take off less
                others = self._others_beside(chosen, free)
            if self._goal is not None and opened + reduced[place] + others >= self._goal:
                continue
            rest = list(left)
            for line, have, _ in self.problem.shelves[self._order[place]]:
                rest[line] = rest[line] - have if rest[line] > have else 0
            self._visit([*chosen, place], free, rest, opened + reduced[place])

    @property
    def _stopped(self) -> bool:
        return self.budget.spent or (self._first_only and self.best is not None)

    def _leaf(self, chosen: list[int], free: int, opened: int) -> None:
        sites = tuple([self._order[place] for place in chosen])
        cost, paid = self.problem.settle(sites)
        if self._goal is None or cost < self._goal:
            self._set_best(self.problem.used(sites))
        savers = free & self._savers
        if savers and self._parcels_left(chosen) != 0:
            savers &= self._affordable(chosen, free, opened)
            self._add_savers(chosen, free, opened, savers, cost, paid)

    def _add_savers(
        self,
        chosen: list[int],
        free: int,
        opened: int,
        savers: int,
        cost: int,
        paid: list[int],
    ) -> None:
        """Another parcel may still pay: savings only shrink as sites are added, so a set that
        saves contains a site that saves alone."""
        sites = [self._order[place] for place in chosen]
        for place in _bits(savers):
            site = self._order[place]
            if self._stopped:
                return
            if not self._saves(site, paid) or self.problem.cost([*sites, site]) >= cost:
                continue
            free &= ~(1 << place)
            if not self._is_beaten(chosen, place, free, opened):
                done = [0] * len(paid)
                self._visit([*chosen, place], free, done, opened + self._reduced[place])

    def _all_savers(self) -> int:
        """The places of the sites that can ever save their parcel by cheaper units."""
        dearest = [0] * len(self.problem.need)
        for shelf in self.problem.shelves:
            for line, _, unit in shelf:
                dearest[line] = max(dearest[line], unit)
        saves = (self._saves(site, dearest) for site in self._order)
        return sum([1 << place for place, able in enumerate(saves) if able])

    def _saves(self, site: int, paid: list[int]) -> bool:
        """Could its units, compared with what is paid for each line at most, save its parcel?"""
        saved = self.problem.fixed[site]
        for line, have, unit in self.problem.shelves[site]:
            if paid[line] > unit:
                saved -= have * (paid[line] - unit)
        return saved < 0

    def _branches(self, chosen: list[int], free: int, left: list[int]) -> Iterator[int]:
        """The sites of which at least one must be added: those of the scarcest missing line."""
        parcels = self._parcels_left(chosen)
        missing = [(line, want) for line, want in enumerate(left) if want]
        if parcels == 1:
            for line, want in missing:
                free &= self._having(line, want)
            return _bits(free)
        holders = sorted([self._having(line, 1) & free for line, _ in missing], key=int.bit_count)
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

    def _affordable(self, chosen: list[int], free: int, opened: int) -> int:
        """The places that may still be added without going above the best plan."""
        if self._goal is None:
            return free
        room = self._goal - opened - self._others_beside(chosen, free)
        if self.prices.limit is None and room <= 0:
            return 0
        return (1 << bisect_left(self._reduced, room)) - 1

    def _is_beaten(self, chosen: list[int], place: int, free: int, opened: int) -> bool:
        if self._goal is None:
            return False
        return opened + self._reduced[place] + self._others_beside(chosen, free) >= self._goal

    def _others_beside(self, chosen: list[int], free: int) -> int:
        """What the free sites can take off the bound at best beside one more: as many of them as
        there may be parcels."""
        parcels = self._parcels_left(chosen)
        gains = [gain for place, gain in enumerate(self._gains) if free >> place & 1]
        return sum(gains[: parcels and parcels - 1])

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
