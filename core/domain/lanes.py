"""Lanes: how many days a parcel travels from one place to another, how, and at what cost."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import field

from core.domain.carriers import carrier_name
from core.domain.order import Address
from core.domain.refusals import Invalid
from core.domain.values import dataclass

STANDARD, EXPRESS, PICKUP, LOCAL = "standard", "express", "pickup", "local"
ANYWHERE = ""
DAYS_MAX = 60
_METHOD = re.compile(r"[a-z][a-z0-9_]{1,29}")
_WORDS = (
    (EXPRESS, ("express", "overnight", "next day", "nextday", "priority", "24h", "eilzustellung")),
    (PICKUP, ("pickup", "pick up", "click & collect", "click and collect", "abholung")),
    (LOCAL, ("local delivery", "lokale lieferung", "lokale zustellung")),
)


@dataclass(frozen=True, slots=True)
class Lane:
    """One row of the lane table.

    `origin` is a location's code, a country or anywhere; `country` and `zip_prefix` say where to.
    `cost` is minor units for a parcel; None leaves the location's own parcel cost. Without a
    `carrier` it is the shop's usual one.
    """

    origin: str
    country: str
    zip_prefix: str
    method: str
    days: int
    cost: int | None = None
    carrier: str = ""

    @property
    def words(self) -> str:
        target = f"{self.country or 'anywhere'} {self.zip_prefix}".strip()
        by = f" by {self.carrier}" if self.carrier else ""
        return f"{self.origin or 'anywhere'} to {target}, {self.method}{by}"


@dataclass(frozen=True, slots=True)
class LaneBook:
    """All lanes of a shop, laid out for finding one in a few look-ups."""

    lanes: tuple[Lane, ...] = ()
    _by_ends: dict[tuple[str, str, str], tuple[Lane, ...]] = field(
        default_factory=dict, init=False, compare=False, repr=False
    )

    def __post_init__(self) -> None:
        for lane in sorted(self.lanes, key=_preference):
            ends = (lane.origin, lane.country, lane.method)
            self._by_ends[ends] = (*self._by_ends.get(ends, ()), lane)

    def __bool__(self) -> bool:
        return bool(self.lanes)

    def find(self, code: str, country: str, to: Address, method: str) -> Lane | None:
        """The lane that says most about the destination, then most about the origin."""
        target, zip_code = to.country.upper(), plain_zip(to.zip)
        found = [
            lane
            for origin in (code, country, ANYWHERE)
            for end in (target, ANYWHERE)
            if (lane := self._longest((origin, end, method), zip_code)) is not None
        ]
        return max(found, key=_detail, default=None)

    def ways(self, code: str, country: str, to: Address, method: str) -> list[Lane]:
        """Every lane that leads there, the one of `find` first: a paused carrier's are passed."""
        target, zip_code = to.country.upper(), plain_zip(to.zip)
        found = [
            lane
            for origin in (code, country, ANYWHERE)
            for end in (target, ANYWHERE)
            for lane in self._by_ends.get((origin, end, method), ())
            if zip_code.startswith(lane.zip_prefix)
        ]
        return sorted(found, key=_detail, reverse=True)

    def _longest(self, ends: tuple[str, str, str], zip_code: str) -> Lane | None:
        lanes = self._by_ends.get(ends, ())
        return next((lane for lane in lanes if zip_code.startswith(lane.zip_prefix)), None)


def _preference(lane: Lane) -> tuple[int, int, str]:
    """The most exact first; of several carriers the one that costs least."""
    return -len(lane.zip_prefix), lane.cost or 0, lane.carrier


def _detail(lane: Lane) -> tuple[int, int]:
    return len(lane.country), len(lane.zip_prefix)  # `max` keeps the first, the nearer origin


def checked_lane(
    origin: str,
    country: str,
    zip_prefix: str,
    method: str,
    days: int,
    cost: int | None,
    carrier: str = "",
) -> Lane:
    """A lane as it is kept; `*` or nothing means anywhere. Raises Invalid, naming what is wrong."""
    lane = Lane(
        origin.strip().upper().replace("*", ""),
        country.strip().upper().replace("*", ""),
        plain_zip(zip_prefix.replace("*", "")),
        require_method(method or STANDARD),
        days,
        cost,
        carrier_name(carrier),
    )
    if lane.country and not (len(lane.country) == 2 and lane.country.isalpha()):
        raise Invalid(f"“{country}” is not a country code.", "Use two letters such as DE, or *.")
    if lane.zip_prefix and not lane.country:
        raise Invalid("A part of a postal code needs its country.", "Write DE and 10.")
    if not 0 <= days <= DAYS_MAX:
        raise Invalid(f"{days} days on the way make no sense.", f"Write 0 to {DAYS_MAX}.")
    return lane


def require_method(word: str) -> str:
    """A shipping method as it is kept: standard, express or a word of the shop's own."""
    method = word.strip().casefold().replace(" ", "_").replace("-", "_")
    if not _METHOD.fullmatch(method):
        raise Invalid(f"“{word}” is no shipping method.", "Write standard, express or one word.")
    return method


def method_of(shipping_line: str, named: Iterable[tuple[str, str]] = ()) -> str:
    """The method behind the words that a channel shows for its shipping.

    `named` pairs the shop's own words with methods and comes first; else the usual words decide.
    """
    said = shipping_line.casefold().strip()
    if not said:
        return STANDARD
    told = next((method for words, method in named if words.casefold() == said), None)
    guessed = (method for method, words in _WORDS if any(word in said for word in words))
    return told or next(guessed, STANDARD)


def plain_zip(text: str) -> str:
    """A postal code without spaces and hyphens, for comparing; what people wrote is kept apart."""
    return text.upper().replace(" ", "").replace("-", "")
