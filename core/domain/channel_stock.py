"""What a channel may sell out of the one pool: all that routing could ship, less what is kept back.

A connection's configuration says it under `stock`: `keep` units or `percent` of each SKU, `skus`
for those that are different, and how many units of what a supplier always has are told (`endless`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import field, replace
from typing import Any

from core.domain.kits import whole_at
from core.domain.refusals import Invalid
from core.domain.shop import Connection, Shop
from core.domain.stock import Level
from core.domain.values import dataclass

UNITS_MOST = 1_000_000
ENDLESS_UNITS = 100  # told of what a supplier always has, until a shop says otherwise
CHANNELS = ("shopify",)  # kinds of connections that are told of stock


@dataclass(frozen=True, slots=True)
class KeepBack:
    """Units, or a share of them in percent (rounded up), that a channel is not told of."""

    units: int = 0
    percent: int = 0

    def of(self, pool: int) -> int:
        return min(pool, max(self.units, -(-pool * self.percent // 100)))

    def __str__(self) -> str:
        return f"{self.percent} %" if self.percent else str(self.units)


NOTHING = KeepBack()


@dataclass(frozen=True, slots=True)
class KeepRules:
    usual: KeepBack = NOTHING
    skus: Mapping[str, KeepBack] = field(default_factory=dict)
    endless: int = ENDLESS_UNITS

    def for_sku(self, sku: str) -> KeepBack:
        return self.skus.get(sku, self.usual)

    def for_kit(self, sku: str) -> KeepBack:
        """Only what is said of the kit itself: of its parts the usual is kept back already."""
        return self.skus.get(sku, NOTHING)

    def changed(self, sku: str, keep: KeepBack) -> KeepRules:
        """The same with another word about one SKU, or (no SKU) about all the others."""
        if not sku:
            return replace(self, usual=keep)
        others = {name: each for name, each in self.skus.items() if name != sku}
        return replace(self, skus=others if keep == self.usual else {**others, sku: keep})

    def as_config(self) -> dict[str, Any]:
        told: dict[str, Any] = {
            "keep": self.usual.units,
            "percent": self.usual.percent,
            "skus": {sku: _written(keep) for sku, keep in self.skus.items()},
        }
        return told if self.endless == ENDLESS_UNITS else {**told, "endless": self.endless}


def rules_of(connection: Connection) -> KeepRules:
    told = connection.config.get("stock", {})
    usual = KeepBack(int(told.get("keep", 0)), int(told.get("percent", 0)))
    apart = {sku: read_keep(str(w)) for sku, w in told.get("skus", {}).items()}
    return KeepRules(usual, apart, int(told.get("endless", ENDLESS_UNITS)))


def _written(keep: KeepBack) -> str:
    return f"{keep.percent}%" if keep.percent else str(keep.units)


def read_keep(text: str) -> KeepBack:
    """`2` units or `10%`. Raises Invalid, naming what is allowed."""
    given = text.strip().replace(" ", "")
    number = given.removesuffix("%")
    if not (number.isascii() and number.isdecimal() and len(number) < 8):
        raise Invalid(f"“{text}” is no number of units.", "Write 2, or 10%.")
    if given.endswith("%"):
        if int(number) > 100:
            raise Invalid(f"{number} % is more than there is.", "Write 0% to 100%.")
        return KeepBack(percent=int(number))
    if int(number) > UNITS_MOST:
        raise Invalid(f"{number} units make no sense.", f"Write 0 to {UNITS_MOST:,}.")
    return KeepBack(int(number))


def told_channels(shop: Shop) -> list[Connection]:
    return [c for c in shop.connections.values() if c.kind in CHANNELS and c.active]


def offered(
    shop: Shop, connection: Connection, levels: Iterable[Level]
) -> dict[tuple[str, int], int]:
    """(SKU, location id) -> units that the channel is told of, at the places which it knows.

    What is kept back is a part of the pool, not of each place: it is taken where most lies. Kits
    of which the levels of every part are given are among them.
    """
    rules = rules_of(connection)
    told = {
        sku: _less(pool, rules.for_sku(sku))
        for sku, pool in _pools(shop, connection, levels).items()
    }
    told |= _kits(shop, rules, told)
    return {(sku, place): units for sku, pool in told.items() for place, units in pool.items()}


def _kits(
    shop: Shop, rules: KeepRules, told: Mapping[str, Mapping[int, int]]
) -> dict[str, dict[int, int]]:
    """Whole kits out of what the channel may sell of their parts, at one place each."""
    return {
        kit: _less(whole_at(parts, told), rules.for_kit(kit))
        for kit, parts in shop.kits.items()
        if all(part.sku in told for part in parts)
    }


def kept_from(
    shop: Shop, connection: Connection, levels: Iterable[Level]
) -> dict[tuple[str, int], int]:
    """(SKU, location id) -> units of the pool that the channel is not told of."""
    rules = rules_of(connection)
    return {
        (sku, place_id): pool[place_id] - units
        for sku, pool in _pools(shop, connection, levels).items()
        for place_id, units in _less(pool, rules.for_sku(sku)).items()
    }


def _pools(
    shop: Shop, connection: Connection, levels: Iterable[Level]
) -> Mapping[str, Mapping[int, int]]:
    """SKU -> location id -> units that routing could ship, at the places that the channel knows."""
    pools: dict[str, dict[int, int]] = defaultdict(dict)
    endless = rules_of(connection).endless
    for level in levels:
        if str(connection.id) in shop.locations[level.location_id].external_ids:
            pools[level.sku][level.location_id] = _units(shop, level, endless)
    return pools


def _units(shop: Shop, level: Level, endless: int) -> int:
    """Who always has what it lists is told with a number that the shop chose."""
    return max(level.routable, endless) if level.location_id in shop.endless else level.routable


def _less(pool: Mapping[int, int], keep: KeepBack) -> dict[int, int]:
    left = keep.of(sum(pool.values()))
    told = dict(pool)
    for place_id in sorted(pool, key=lambda place_id: (-pool[place_id], place_id)):
        taken = min(left, told[place_id])
        told[place_id] -= taken
        left -= taken
    return told
