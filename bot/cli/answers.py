"""Answers to the questions of setup, as people give them: read at once, or refused at once."""

from __future__ import annotations

import re
from zoneinfo import available_timezones

from core.commands.setup import LANGUAGES, require_country, require_name, require_zone
from core.domain.hours import parse_clock, parse_hours, show_hours
from core.domain.money import exponent
from core.domain.refusals import Invalid

_COUNTRIES = {
    "AT": "austria österreich",
    "BE": "belgium belgien",
    "CH": "switzerland schweiz",
    "CZ": "czechia tschechien",
    "DE": "germany deutschland",
    "DK": "denmark dänemark",
    "ES": "spain spanien",
    "FR": "france frankreich",
    "GB": "uk england großbritannien",
    "IE": "ireland irland",
    "IT": "italy italien",
    "LU": "luxembourg luxemburg",
    "NL": "netherlands niederlande holland",
    "PL": "poland polen",
    "SE": "sweden schweden",
    "US": "usa",
}
_BY_NAME = {name: code for code, names in _COUNTRIES.items() for name in names.split()}
_MONEY = {"€": "EUR", "EURO": "EUR", "$": "USD", "£": "GBP"}
_TONGUES = {"english": "en", "englisch": "en", "german": "de", "deutsch": "de"}
_BARE_HOUR = re.compile(r"(?<![\d:.])(\d{1,2})(?![\d:.])")


def name(text: str) -> str:
    return require_name(text)


def zone(text: str) -> str:
    """`berlin` is enough for Europe/Berlin."""
    wanted = text.strip().replace(" ", "_").casefold()
    cities = (one for one in sorted(available_timezones()) if "/" in one)
    told = next((one for one in cities if one.rpartition("/")[2].casefold() == wanted), text)
    require_zone(told.strip())
    return told.strip()


def currency(text: str) -> str:
    wanted = text.strip().upper()
    told = _MONEY.get(wanted, wanted)
    exponent(told)
    return told


def language(text: str) -> str:
    wanted = text.strip().casefold()
    told = _TONGUES.get(wanted, wanted)
    if told not in LANGUAGES:
        raise Invalid(f"“{text}” is no language of wismo.", f"Choose {' or '.join(LANGUAGES)}.")
    return told


def mail(text: str) -> str:
    if not re.fullmatch(r"[^\s@]+@[^\s@]+", text.strip()):
        raise Invalid(f"“{text}” is no e-mail address.", "Write it like anna@example.org.")
    return text.strip()


def code(text: str) -> str:
    wanted = text.strip().upper()
    if not wanted.replace("-", "").isalnum() or len(wanted) > 12:
        raise Invalid(f"“{text}” is no code for a location.", "Use letters and digits: BER.")
    return wanted


def country(text: str) -> str:
    """Two letters, or the name of one that is near."""
    return require_country(_BY_NAME.get(text.strip().casefold(), text))


def hours(text: str) -> str:
    """`8-18` is meant from Monday to Friday; whole hours need no minutes."""
    wanted = text.strip().casefold()
    if wanted not in ("always", "24/7"):
        wanted = _BARE_HOUR.sub(r"\1:00", wanted)
        wanted = f"mon-fri {wanted}" if wanted[:1].isdigit() else wanted
    return show_hours(parse_hours(wanted))


def clock(text: str) -> str:
    return parse_clock(_BARE_HOUR.sub(r"\1:00", text.strip()))
