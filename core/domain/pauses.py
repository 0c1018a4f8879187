"""Pauses of shipping: a carrier, a lane or a location that takes nothing until a moment."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime

from core.domain.refusals import Invalid
from core.domain.values import dataclass

FOREVER = datetime(9999, 1, 1, tzinfo=UTC)  # until somebody resumes it
_COUNTRIES = {"UK": "GB", "ENGLAND": "GB", "BRITAIN": "GB", "USA": "US", "GERMANY": "DE"}
_ARROW = re.compile(r"\s*(?:->|→|–>)\s*")
_NOUNS = ("location", "carrier", "lane")
_FROM, _TO = ("from", "von", "ab"), ("to", "nach", "into")


@dataclass(frozen=True, slots=True)
class Pause:
    """What takes nothing `until` (UTC): a carrier by name, a location by code (`origin`), and
    where to (`country`); what is empty stands for all of its kind."""

    carrier: str
    origin: str
    country: str
    until: datetime
    reason: str = ""
    by: str = ""
    since: datetime | None = None
    id: int = 0

    @property
    def target(self) -> tuple[str, str, str]:
        return self.carrier, self.origin, self.country

    @property
    def is_of_location(self) -> bool:
        """A location that ships nothing at all: no new work goes there."""
        return bool(self.origin) and not (self.carrier or self.country)

    @property
    def is_endless(self) -> bool:
        return self.until >= FOREVER

    @property
    def words(self) -> str:
        """`DHL from BER to GB`, `BER to GB`, `BER`."""
        where = f"from {self.origin}" if self.carrier else self.origin
        parts = [self.carrier, where if self.origin else ""]
        parts.append(f"to {self.country}" if self.country else "")
        return " ".join(part for part in parts if part)

    def covers(self, carrier: str, origin: str, country: str) -> bool:
        """Whether a parcel of this carrier from there to there is meant."""
        return (
            self.carrier in ("", carrier)
            and self.origin in ("", origin)
            and self.country in ("", country)
        )


def stopped_until(
    pauses: Iterable[Pause], carrier: str, origin: str, country: str, at: datetime
) -> datetime | None:
    """The moment at which the last of the pauses in the way ends, or None: the way is open."""
    found = (p.until for p in pauses if p.until > at and p.covers(carrier, origin, country))
    return max(found, default=None)


def location_stopped_until(pauses: Iterable[Pause], code: str) -> datetime | None:
    """Until when a location takes no work."""
    return max((p.until for p in pauses if p.is_of_location and p.origin == code), default=None)


@dataclass(frozen=True, slots=True)
class Said:
    """A target as it was typed: `who` is a carrier or a location, not told apart yet."""

    who: str
    origin: str = ""
    country: str = ""


def read_target(words: str) -> Said:
    """`dhl`, `dhl to GB`, `dhl from ber to GB`, `ber -> GB`. Raises Invalid for anything else."""
    said = _ARROW.sub(" to ", words.strip()).split()
    if len(said) > 1 and said[0].casefold() in _NOUNS:
        said = said[1:]
    country, said = _cut(said, _TO)
    origin, said = _cut(said, _FROM)
    if not said or said[0][:1].isdigit() or said[0].startswith("#"):
        raise Invalid(
            f"“{words.strip()}” is nothing that can be paused.",
            "Name a carrier, a location or a lane: `pause dhl to GB until mon`.",
        )
    return Said(" ".join(said), origin, _country(country) if country else "")


def _cut(said: list[str], before: tuple[str, ...]) -> tuple[str, list[str]]:
    """The words behind the last of these, and what stands in front of it."""
    places = [n for n, word in enumerate(said) if word.casefold() in before and n]
    if not places:
        return "", said
    return " ".join(said[places[-1] + 1 :]), said[: places[-1]]


def _country(word: str) -> str:
    code = _COUNTRIES.get(word.upper(), word.upper())
    if not re.fullmatch("[A-Z]{2}", code):
        raise Invalid(f"“{word}” is not a country code.", "Use two letters such as GB.")
    return code


# --- what a pause means for one order -------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Option:
    """One way to ship: the local day on which the last part arrives, and its minor units."""

    day: date
    cost: int


def is_late(option: Option, promise: date | None) -> bool:
    return promise is not None and option.day > promise


def moves(promise: date | None, stay: Option | None, other: Option | None) -> bool:
    """Whether work is given to other locations: only where that keeps a promise which waiting
    would break, or where nobody knows how long the wait would be (`stay` is None)."""
    if other is None or is_late(other, promise):
        return False
    return stay is None or is_late(stay, promise)
