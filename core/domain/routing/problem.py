"""A routing question as whole numbers: one cost per choice in which ties are already broken."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import field, replace
from math import gcd
from operator import mul

from core.domain.refusals import Invalid
from core.domain.values import dataclass

# A location whose distance nobody knows counts as if it stood at the other end of the Earth.
FARTHEST_METERS = 20_038_000

PARCELS, UNITS, SPLIT = "parcels", "units", "split"

# One parcel where nothing but parcels is counted: large, so that prices can be fractions of it.
PARCEL = 1 << 24

Shelf = tuple[tuple[int, int, int], ...]
Row = tuple[tuple[int, int, int], ...]

# Dearer than any plan: what a line costs where nobody has it.
_NOBODY = 1 << 2000


@dataclass(frozen=True, slots=True)
class Demand:
    sku: str
    quantity: int


@dataclass(frozen=True, slots=True)
class Candidate:
    """A location as the planner sees it; `excluded` is the one reason why it may not ship.

    Money is in minor units. What a parcel or a unit costs beside `parcel_cost` and `unit_cost`
    is given by name, so that a plan can tell its cost by part: `parcel_parts` once per parcel
    (lateness, a surcharge), `unit_parts` for every unit, `sku_parts` for every unit of one SKU
    (weight, the risk of selling out). `ahead` is counted per parcel and comes before the
    objective: of all plans that ship the most, only those with the least sum are compared.
    """

    location: str
    rank: int
    parcel_cost: int
    unit_cost: int
    distance_km: float | None
    available: Mapping[str, int]
    excluded: str | None = None
    parcel_parts: Mapping[str, int] = field(default_factory=dict)
    unit_parts: Mapping[str, int] = field(default_factory=dict)
    sku_parts: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    ahead: int = 0

    @property
    def per_parcel(self) -> int:
        parts = self.parcel_parts
        return self.parcel_cost + sum(parts.values()) if parts else self.parcel_cost

    def per_unit(self, sku: str) -> int:
        own = sum(costs.get(sku, 0) for costs in self.sku_parts.values())
        return self.unit_cost + sum(self.unit_parts.values()) + own


@dataclass(frozen=True, slots=True)
class Pick:
    location: str
    sku: str
    quantity: int


@dataclass(frozen=True, slots=True)
class Problem:
    """What can be shipped, and what each site costs.

    `shelves[site]` names what a site has as (line, quantity, cost of one unit), the quantity
    capped by what is wanted. `fixed` (opening a parcel) and the costs of units hold money times
    `tie_scale` plus, below it, parcels, meters and place in the ranking: comparing two sums
    compares cost, then parcels, then distance, then rank. What comes before money stands above.
    """

    skus: tuple[str, ...]
    wanted: tuple[int, ...]
    need: tuple[int, ...]
    sites: tuple[Candidate, ...]
    shelves: tuple[Shelf, ...]
    fixed: tuple[int, ...]
    tie_scale: int
    money_is_first: bool = True
    # What was worked out already; a question to fewer sites begins anew.
    _rows: dict[int, Row | None] = field(
        default_factory=dict, init=False, compare=False, repr=False
    )
    _holders: list[list[tuple[int, int, int]]] = field(
        default_factory=list, init=False, compare=False, repr=False
    )

    @property
    def units(self) -> int:
        return sum(self.need)

    @property
    def offers(self) -> int:
        """How many shelves hold something that is wanted."""
        return sum(map(len, self.shelves))

    def only(self, kept: Sequence[int]) -> Problem:
        """The same question to fewer sites, which together still have what is needed."""
        return replace(
            self,
            sites=tuple([self.sites[site] for site in kept]),
            shelves=tuple([self.shelves[site] for site in kept]),
            fixed=tuple([self.fixed[site] for site in kept]),
        )

    def counting_parcels(self) -> Problem:
        """The same question where a parcel costs one PARCEL and nothing else costs anything."""
        return replace(
            self,
            shelves=tuple([tuple([(n, have, 0) for n, have, _ in row]) for row in self.shelves]),
            fixed=(PARCEL,) * len(self.sites),
            tie_scale=1,
        )

    def cheapest_units(self) -> int:
        """What all units cost where each is cheapest, in minor units."""
        least = self._least_units()
        whole = sum([need * unit for need, unit in zip(self.need, least, strict=True)])
        return whole // self.tie_scale

    def grain(self) -> int:
        """By how many minor units any two plans differ, if they differ: at least this."""
        least = self._least_units()
        dearer = {unit - least[line] for shelf in self.shelves for line, _, unit in shelf}
        money = {fixed // self.tie_scale for fixed in self.fixed}
        return gcd(*money, *(unit // self.tie_scale for unit in dearer)) or 1

    def _least_units(self) -> list[int]:
        least: dict[int, int] = {}
        for shelf in self.shelves:
            for line, _, unit in shelf:
                if unit < least.get(line, unit + 1):
                    least[line] = unit
        return [least.get(line, 0) for line in range(len(self.need))]

    def residual(self, chosen: Iterable[int]) -> list[int]:
        """What is still missing of each line when these sites ship all they can."""
        left = list(self.need)
        for site in chosen:
            for line, have, _ in self.shelves[site]:
                left[line] = left[line] - have if left[line] > have else 0
        return left

    def has_everything(self, site: int) -> bool:
        shelf = self.shelves[site]
        if len(shelf) < len(self.need) - self.need.count(0):
            return False
        return all(have == self.need[line] for line, have, _ in shelf)

    def cost_alone(self, site: int) -> int:
        """The total of shipping everything from a site that has everything."""
        units = [self.need[line] * unit for line, _, unit in self.shelves[site]]
        return self.fixed[site] + sum(units)

    def fill(self, chosen: Collection[int]) -> list[tuple[int, int, int]]:
        """(site, line, quantity): each line from the cheapest of the chosen sites first."""
        taken = []
        for line, offers in enumerate(self._offers(chosen)):
            left = self.need[line]
            for _, _, site, have in offers:
                if not left:
                    break
                quantity = min(left, have)
                left -= quantity
                taken.append((site, line, quantity))
        return taken

    def cost(self, chosen: Collection[int]) -> int:
        """The total of shipping from these sites; one that has nothing to add costs nothing."""
        return self.settle(chosen)[0]

    def settle(self, chosen: Collection[int]) -> tuple[int, list[int]]:
        """The total of shipping from these sites, and the most that is paid for a unit of each
        line."""
        whole = self._settle_whole(chosen)
        return whole or self._settle(chosen)

    def _settle_whole(self, chosen: Collection[int]) -> tuple[int, list[int]] | None:
        """The same, quickly, where every chosen site has all of each line or nothing of it: a
        line then comes from the one that is cheapest. None: it is not so simple."""
        made = self._rows
        rows = [made[site] if site in made else self._row(site) for site in chosen]
        if not rows or None in rows:
            return None
        cheapest = rows[0] if len(rows) == 1 else map(min, *rows)  # type: ignore[arg-type]
        units, _, sites = zip(*cheapest, strict=True)  # type: ignore[misc]
        total = sum(map(mul, self.need, units))
        if total >= _NOBODY:
            return None
        fixed = self.fixed
        return total + sum([fixed[site] for site in {*sites} if site >= 0]), list(units)

    def _row(self, site: int) -> Row | None:
        """Of each line (unit cost, cost of the parcel, site); None: it has a part of some line."""
        if site not in self._rows:
            self._rows[site] = self._made_row(site)
        return self._rows[site]

    def _made_row(self, site: int) -> Row | None:
        row = [(_NOBODY if need else 0, 0, -1) for need in self.need]
        for line, have, unit in self.shelves[site]:
            if have < self.need[line]:
                return None
            row[line] = (unit, self.fixed[site], site)
        return tuple(row)

    def holders(self) -> list[list[tuple[int, int, int]]]:
        """Who has each line, as (unit cost, quantity, site), the cheapest first."""
        if not self._holders:
            found: list[list[tuple[int, int, int]]] = [[] for _ in self.need]
            for site, shelf in enumerate(self.shelves):
                for line, have, unit in shelf:
                    found[line].append((unit, have, site))
            self._holders.extend(map(sorted, found))
        return self._holders

    def _settle(self, chosen: Collection[int]) -> tuple[int, list[int]]:
        total, opened, dearest = 0, set(), [0] * len(self.need)
        for line, offers in enumerate(self._offers(chosen)):
            left = self.need[line]
            for unit, _, site, have in offers:
                if not left:
                    break
                quantity = min(left, have)
                left -= quantity
                total += quantity * unit
                dearest[line] = unit
                opened.add(site)
        return total + sum([self.fixed[site] for site in opened]), dearest

    def _offers(self, chosen: Collection[int]) -> list[list[tuple[int, int, int, int]]]:
        """Who among the chosen has each line, the cheapest first."""
        offers: list[list[tuple[int, int, int, int]]] = [[] for _ in self.need]
        for site in chosen:
            fixed = self.fixed[site]
            for line, have, unit in self.shelves[site]:
                offers[line].append((unit, fixed, site, have))
        for each in offers:
            if len(each) > 1:
                each.sort()
        return offers

    def used(self, chosen: Collection[int]) -> tuple[int, ...]:
        return tuple(sorted({site for site, _, _ in self.fill(chosen)}))


def make_problem(
    demands: Iterable[Demand],
    candidates: Iterable[Candidate],
    *,
    split_penalty: int = 0,
    parcels_first: bool = False,
) -> Problem:
    """`split_penalty` (minor units) is paid for every parcel but the first. `parcels_first`
    puts parcels above money. Raises Invalid."""
    wanted = _merged(demands)
    sites, shelves = _stocked(wanted, candidates)
    have = [0] * len(wanted)
    for shelf in shelves:
        for line, quantity, _ in shelf:
            have[line] += quantity
    need = tuple(map(min, wanted.values(), have))
    fixed, scale, plain = _packed(sites, shelves, need, split_penalty, parcels_first)
    return Problem(
        skus=tuple(wanted),
        wanted=tuple(wanted.values()),
        need=need,
        sites=tuple(sites),
        shelves=tuple([tuple([(n, q, unit * scale) for n, q, unit in row]) for row in shelves]),
        fixed=fixed,
        tie_scale=scale,
        money_is_first=plain,
    )


def _packed(
    sites: Sequence[Candidate],
    shelves: Sequence[Shelf],
    need: tuple[int, ...],
    split_penalty: int,
    parcels_first: bool,
) -> tuple[tuple[int, ...], int, bool]:
    """The cost of opening each site, the worth of one minor unit in it, and whether nothing
    stands above money. Every scale is larger than all that can add up below it."""
    most = min(len(sites), sum(need))
    meters = [_meters(site) for site in sites]
    place_scale = most * len(sites) + 1
    parcel_scale = place_scale * (most * max(meters, default=0) + 1)
    scale = parcel_scale * (most + 1)
    money = [site.per_parcel + split_penalty for site in sites]
    above = [site.ahead * (most + 1) + parcels_first for site in sites]
    top = 0
    if any(above):
        dearest = max((unit for row in shelves for _, _, unit in row), default=0)
        top = scale * (most * max(money) + sum(need) * dearest + 1)
    fixed = tuple(
        [
            first * top + each * scale + parcel_scale + away * place_scale + place
            for place, (first, each, away) in enumerate(zip(above, money, meters, strict=True))
        ]
    )
    return fixed, scale, not top


def _merged(demands: Iterable[Demand]) -> dict[str, int]:
    wanted: dict[str, int] = {}
    for demand in demands:
        if demand.quantity < 1:
            raise Invalid(f"{demand.sku} is wanted {demand.quantity} times.", "Ask for 1 or more.")
        wanted[demand.sku] = wanted.get(demand.sku, 0) + demand.quantity
    return dict(sorted(wanted.items()))


def _stocked(
    wanted: Mapping[str, int], candidates: Iterable[Candidate]
) -> tuple[list[Candidate], list[Shelf]]:
    """The sites that have anything wanted, best rank first, with what they have of it."""
    lines = [(line, sku, quantity) for line, (sku, quantity) in enumerate(wanted.items())]
    sites, shelves, seen = [], [], set()
    for site in sorted(candidates, key=lambda site: (site.rank, site.location)):
        if site.location in seen or _costs_below_zero(site):
            raise Invalid(
                f"Location {site.location} is given twice or has a cost below zero.",
                "Give each location once, with costs of zero or more.",
                code="bad_candidate",
            )
        seen.add(site.location)
        if site.excluded is not None:
            continue
        has = site.available.get
        shelf = [(n, min(have, q)) for n, sku, q in lines if (have := has(sku, 0)) > 0]
        if shelf:
            sites.append(site)
            shelves.append(_priced(site, shelf, lines))
    return sites, shelves


def _priced(
    site: Candidate, shelf: list[tuple[int, int]], lines: list[tuple[int, str, int]]
) -> Shelf:
    if not site.unit_parts and not site.sku_parts:
        unit = site.unit_cost
        return tuple([(line, have, unit) for line, have in shelf])
    return tuple([(line, have, site.per_unit(lines[line][1])) for line, have in shelf])


def _costs_below_zero(site: Candidate) -> bool:
    if site.parcel_cost < 0 or site.unit_cost < 0 or site.ahead < 0:
        return True
    if not (site.parcel_parts or site.unit_parts or site.sku_parts):
        return False
    parts = (site.parcel_parts, site.unit_parts, *site.sku_parts.values())
    return any(cost < 0 for part in parts for cost in part.values())


def _meters(site: Candidate) -> int:
    if site.distance_km is None:
        return FARTHEST_METERS
    return round(site.distance_km * 1000)
