"""Public holidays of locations: looked up by region, kept as days, looked up again every night."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated

from core.db import tables as t
from core.db.reading import Reader
from core.db.unit_of_work import UnitOfWork
from core.domain.access import Right
from core.domain.refusals import Invalid, Refusal
from core.domain.values import dataclass
from core.registry import Arg, Done, command

YEARS = 3  # this one and the two that follow
OFF = ("off", "none", "no")
Days = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class KeepHolidays:
    """Close a location on the public holidays of a region such as DE-BE; `off` forgets them."""

    location: Annotated[str, Arg.LOCATION]
    region: Annotated[str, Arg.WORD] = ""


def look_up(ask: KeepHolidays, reader: Reader) -> tuple[str, Days] | None:
    """Outside the transaction: the calendars of the world take a moment to load."""
    try:
        return _found(ask, reader)
    except Refusal:
        return None  # it is said, and audited, when the command itself is refused


def _found(ask: KeepHolidays, within: Reader | UnitOfWork) -> tuple[str, Days]:
    region = (ask.region or within.shop.location(ask.location).country).upper()
    if region.casefold() in OFF:
        return "", ()
    return region, days_of(region, within.now)


@command(
    "holidays",
    KeepHolidays,
    Right.MANAGE,
    prepare=look_up,
    looks_first=True,
    examples=("holidays ber DE-BE", "holidays ber off"),
)
def keep_holidays(
    ask: KeepHolidays, uow: UnitOfWork, found: tuple[str, Days] | None = None
) -> Done:
    region, days = found or _found(ask, uow)
    place = uow.shop.location(ask.location)
    uow.people.put(
        t.location, {"code": place.code}, {"holidays": region, "holiday_days": list(days)}
    )
    uow.undo = KeepHolidays(place.code, place.holidays or "off")
    if not region:
        return Done(f"{place.code} keeps no public holidays.", {"location": place.code})
    ahead = next((day for day in days if day >= uow.now.date().isoformat()), "")
    words = f"{place.code} is closed on the public holidays of {region}; the next is {ahead}."
    return Done(words, {"location": place.code, "days": len(days)})


@dataclass(frozen=True, slots=True)
class RefreshHolidays:
    """Look the holidays of all locations up again, so that the coming years are known."""


def look_up_all(_ask: RefreshHolidays, reader: Reader) -> dict[str, Days]:
    regions = {site.holidays for site in reader.shop.locations.values() if site.holidays}
    return {region: days_of(region, reader.now) for region in sorted(regions)}


@command(
    "refresh holidays",
    RefreshHolidays,
    Right.MACHINERY,
    prepare=look_up_all,
    looks_first=True,
    in_chat=False,
)
def refresh_holidays(_ask: RefreshHolidays, uow: UnitOfWork, found: dict[str, Days] | None) -> Done:
    changed = [
        site.code
        for site in list(uow.shop.locations.values())
        if site.holidays in (found or {})
        and (found or {})[site.holidays] != site.holiday_days
        and _store(uow, site.code, (found or {})[site.holidays])
    ]
    return Done(f"Holidays: {', '.join(changed) or 'nothing new'}.")


def _store(uow: UnitOfWork, code: str, days: Days) -> bool:
    return uow.people.put(t.location, {"code": code}, {"holiday_days": list(days)}) == "changed"


def days_of(region: str, now: datetime) -> Days:
    """The public holidays of this year and the next ones. Raises Invalid for an unknown region."""
    import holidays  # it knows every country and takes half a second to load

    country, _, part = region.partition("-")
    try:
        found = holidays.country_holidays(
            country, subdiv=part or None, years=range(now.year, now.year + YEARS)
        )
    except NotImplementedError as unknown:
        raise Invalid(f"There is no calendar of {region}.", _parts(country)) from unknown
    return tuple(day.isoformat() for day in sorted(found))


def _parts(country: str) -> str:
    import holidays

    known: Iterable[str] = holidays.list_supported_countries().get(country, ())
    parts = ", ".join(f"{country}-{part}" for part in known)
    return f"Write {country} or one of {parts}." if parts else "Write a country such as DE."
