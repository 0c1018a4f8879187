"""Money, days, moments and carriers' pages as a customer reads them in their language."""

from __future__ import annotations

import re
from collections.abc import Mapping
from copy import copy
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from babel import Locale
from babel.core import UnknownLocaleError
from babel.numbers import NumberPattern

from core.domain.money import exponent

DAY = {"en": "EEEE, MMMM d", "en_GB": "EEEE d MMMM", "de": "EEEE, d. MMMM"}

# The carriers' English pages that we link, and where the same page stands in German.
GERMAN_PAGES = {
    "https://www.dhl.com/en/home/": "https://www.dhl.com/de-de/home/",
    "https://tracking.dpd.de/status/en_US/": "https://tracking.dpd.de/status/de_DE/",
}


def page(url: str, language: str) -> str:
    """A carrier's page in German for who reads German, where we know it; else as it is."""
    if locale_of(language).language == "de":
        for english, german in GERMAN_PAGES.items():
            if url.startswith(english):
                return german + url.removeprefix(english)
    return url


def money(value: Mapping[str, Any], language: str) -> str:
    """{"amount": 1999, "currency": "EUR"} → "€19.99"; the digits are ISO 4217's, never CLDR's."""
    locale = locale_of(language)
    digits = exponent(value["currency"])
    number = Decimal(int(value["amount"])).scaleb(-digits)
    pattern = _currency_pattern(locale, digits)
    shown = pattern.apply(number, locale, currency=value["currency"], currency_digits=False)
    return re.sub(r"([A-Z]{3})(?=[0-9])", "\\1\N{NO-BREAK SPACE}", shown)


def day(value: str, language: str, zone: str) -> str:
    """An ISO date, or an ISO moment seen from the shop's zone → "Tuesday, November 24"."""
    from babel.dates import format_date

    locale = locale_of(language)
    pattern = DAY.get(str(locale)) or DAY.get(locale.language) or "full"
    return format_date(_day_in(value, zone), pattern, locale=locale)


def moment(value: str, language: str, zone: str) -> str:
    """An ISO moment with its offset → date and time in the shop's zone."""
    from babel.dates import format_date, format_time

    there = _aware(value).astimezone(ZoneInfo(zone))
    locale = locale_of(language)
    clock = format_time(there.timetz(), "short", locale=locale)
    return f"{format_date(there.date(), 'medium', locale=locale)}, {clock}"


@lru_cache(maxsize=256)
def locale_of(language: str) -> Locale:
    """The nearest locale we know: "de-AT" → de_AT, an unknown or malformed tag → English."""
    try:
        return Locale.parse(language.replace("-", "_"))
    except (ValueError, UnknownLocaleError):
        base = language.replace("_", "-").split("-")[0]
        return locale_of(base) if base not in (language, "") else Locale("en")


@lru_cache(maxsize=256)
def _currency_pattern(locale: Locale, digits: int) -> NumberPattern:
    pattern: NumberPattern = copy(locale.currency_formats["standard"])
    pattern.frac_prec = (digits, digits)
    return pattern


def _day_in(value: str, zone: str) -> date:
    if len(value) == len("2026-11-24"):
        return date.fromisoformat(value)
    return _aware(value).astimezone(ZoneInfo(zone)).date()


def _aware(value: str) -> datetime:
    found = datetime.fromisoformat(value)
    if found.tzinfo is None:
        raise ValueError(f"The moment {value!r} has no time zone.")
    return found
