"""Seeded routing questions of one family each: from one line to twenty, from easy to mean."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

from core.domain.routing.problem import Candidate, Demand


@dataclass(frozen=True, slots=True)
class Family:
    """How an order and the shelves are drawn.

    `stocked` is the share of locations that have an item, `most` the largest quantity wanted,
    `shelf` the largest quantity in stock at one location.
    """

    name: str
    lines: tuple[int, ...] = (1, 2, 3, 5, 8, 10)
    stocked: tuple[float, ...] = (0.03, 0.1, 0.3)
    most: int = 1
    shelf: int = 40
    equal: bool = False


USUAL = Family("usual")
TWENTY = Family("twenty_lines", lines=(20,))
MANY_UNITS = Family("many_units", most=6)
SCARCE = Family("scarce", most=8, shelf=3)
EQUAL = Family("equal_costs", most=3, equal=True)
NOTHING = Family("nothing_there", stocked=(0.0,))
FAMILIES = (USUAL, TWENTY, MANY_UNITS, SCARCE, EQUAL, NOTHING)


@dataclass(frozen=True, slots=True)
class Question:
    demands: tuple[Demand, ...]
    sites: tuple[Candidate, ...]


def questions(family: Family, locations: int, count: int, seed: int) -> Iterator[Question]:
    """The same questions for the same seed, the sizes of an order in turn."""
    rng = random.Random(f"{seed} {family.name} {locations}")
    for number in range(count):
        lines = family.lines[number % len(family.lines)]
        stocked = family.stocked[number // len(family.lines) % len(family.stocked)]
        yield _question(rng, family, lines, locations, stocked)


def _question(
    rng: random.Random, family: Family, lines: int, locations: int, stocked: float
) -> Question:
    demands = tuple(Demand(f"s{n}", rng.randint(1, family.most)) for n in range(lines))
    home = rng.random(), rng.random()
    sites = [_site(rng, family, n, demands, home, stocked) for n in range(locations)]
    return Question(demands, tuple(sites))


def _site(
    rng: random.Random,
    family: Family,
    number: int,
    demands: tuple[Demand, ...],
    home: tuple[float, float],
    stocked: float,
) -> Candidate:
    """A parcel costs by zone, a unit its handling and, farther away, its weight."""
    away = ((rng.random() - home[0]) ** 2 + (rng.random() - home[1]) ** 2) ** 0.5
    zone = int(away * 6)
    parcel = 500 if family.equal else 390 + 85 * zone + rng.randint(0, 60)
    unit = 20 if family.equal else rng.randint(15, 90) + 12 * zone
    has = {demand.sku: rng.randint(1, family.shelf) for demand in demands if rng.random() < stocked}
    return Candidate(f"L{number}", number, parcel, unit, away * 900, has)
