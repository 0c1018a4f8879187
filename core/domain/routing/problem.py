"""A routing question as whole numbers: one cost per choice in which ties are already broken."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from core.domain.refusals import Invalid

# A location whose distance nobody knows counts as if it stood at the other end of the Earth.
FARTHEST_METERS = 20_038_000


@dataclass(frozen=True, slots=True)
class Demand:
    sku: str
    quantity: int


@dataclass(frozen=True, slots=True)
class Candidate:
    """A location as the planner sees it; `excluded` is the one reason why it may not ship."""

    location: str
    rank: int
    parcel_cost: int
    unit_cost: int
    distance_km: float | None
    available: Mapping[str, int]
    excluded: str | None = None


@dataclass(frozen=True, slots=True)
class Pick:
    location: str
    sku: str
    quantity: int


@dataclass(frozen=True, slots=True)
class Problem:
    """What can be shipped, and what each site costs.

    `fixed` (opening a parcel) and `unit` hold money times `tie_scale` plus, below it, parcels,
    meters and place in the ranking: comparing two sums compares cost, then parcels, then
    distance, then rank. `stock[site]` is capped by what is wanted.
    """

    skus: tuple[str, ...]
    wanted: tuple[int, ...]
    need: tuple[int, ...]
    sites: tuple[Candidate, ...]
    stock: tuple[tuple[int, ...], ...]
    fixed: tuple[int, ...]
    unit: tuple[int, ...]
    tie_scale: int

    @property
    def units(self) -> int:
        return sum(self.need)

    def only(self, kept: Sequence[int]) -> Problem:
        """The same question to fewer sites, which together still have what is needed."""
        return replace(
            self,
            sites=tuple(self.sites[site] for site in kept),
            stock=tuple(self.stock[site] for site in kept),
            fixed=tuple(self.fixed[site] for site in kept),
            unit=tuple(self.unit[site] for site in kept),
        )

    def residual(self, chosen: Iterable[int]) -> list[int]:
        """What is still missing of each SKU when these sites ship all they can."""
        left = list(self.need)
        for site in chosen:
            left = [max(0, want - have) for want, have in zip(left, self.stock[site], strict=True)]
        return left

    def fill(self, chosen: Collection[int]) -> list[tuple[int, int, int]]:
        """(site, line, quantity): each SKU from the cheapest of the chosen sites first."""
        left = list(self.need)
        taken = []
        for site in sorted(chosen, key=lambda site: (self.unit[site], self.fixed[site], site)):
            for line, have in enumerate(self.stock[site]):
                if have and left[line]:
                    quantity = min(have, left[line])
                    left[line] -= quantity
                    taken.append((site, line, quantity))
        return taken

    def cost(self, chosen: Collection[int]) -> int:
        """The total of shipping from these sites; one that has nothing to add costs nothing."""
        taken = self.fill(chosen)
        opened = {site for site, _, _ in taken}
        return sum(self.fixed[site] for site in opened) + sum(
            self.unit[site] * quantity for site, _, quantity in taken
        )

    def used(self, chosen: Collection[int]) -> tuple[int, ...]:
        return tuple(sorted({site for site, _, _ in self.fill(chosen)}))


def make_problem(demands: Iterable[Demand], candidates: Iterable[Candidate]) -> Problem:
    wanted = _merged(demands)
    skus = tuple(wanted)
    sites, stock = _stocked(wanted, candidates)
    need = tuple(
        min(quantity, sum(column)) if (column := [row[line] for row in stock]) else 0
        for line, quantity in enumerate(wanted.values())
    )
    stock = [tuple(map(min, row, need)) for row in stock]
    most = min(len(sites), sum(need))
    meters = [_meters(site) for site in sites]
    place_scale = most * len(sites) + 1
    parcel_scale = place_scale * (most * max(meters, default=0) + 1)
    tie_scale = parcel_scale * (most + 1)
    return Problem(
        skus=skus,
        wanted=tuple(wanted.values()),
        need=need,
        sites=tuple(sites),
        stock=tuple(stock),
        fixed=tuple(
            site.parcel_cost * tie_scale + parcel_scale + away * place_scale + place
            for place, (site, away) in enumerate(zip(sites, meters, strict=True))
        ),
        unit=tuple(site.unit_cost * tie_scale for site in sites),
        tie_scale=tie_scale,
    )


def _merged(demands: Iterable[Demand]) -> dict[str, int]:
    wanted: dict[str, int] = {}
    for demand in demands:
        if demand.quantity < 1:
            raise Invalid(f"{demand.sku} is wanted {demand.quantity} times.", "Ask for 1 or more.")
        wanted[demand.sku] = wanted.get(demand.sku, 0) + demand.quantity
    return dict(sorted(wanted.items()))


def _stocked(
    wanted: Mapping[str, int], candidates: Iterable[Candidate]
) -> tuple[list[Candidate], list[tuple[int, ...]]]:
    """The sites that have anything wanted, best rank first, with what they have of it."""
    sites, stock, seen = [], [], set()
    for site in sorted(candidates, key=lambda site: (site.rank, site.location)):
        if site.location in seen or site.parcel_cost < 0 or site.unit_cost < 0:
            raise Invalid(
                f"Location {site.location} is given twice or has a cost below zero.",
                "Give each location once, with costs of zero or more.",
                code="bad_candidate",
            )
        seen.add(site.location)
        has = site.available.get
        row = tuple([max(0, min(quantity, has(sku, 0))) for sku, quantity in wanted.items()])
        if site.excluded is None and any(row):
            sites.append(site)
            stock.append(row)
    return sites, stock


def _meters(site: Candidate) -> int:
    if site.distance_km is None:
        return FARTHEST_METERS
    return round(site.distance_km * 1000)
