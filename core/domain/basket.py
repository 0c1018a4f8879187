"""A basket and where it shall go, as people type it: `mug-red 2, card 1 to 10115 express`."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from types import MappingProxyType

from core.domain.lanes import EXPRESS, PICKUP, STANDARD
from core.domain.order import Address
from core.domain.refusals import Invalid
from core.domain.values import dataclass

LINES_MAX, UNITS_MAX = 50, 100_000
_TARGET = re.compile(r"^(.*?)(?:^|\s)(?:to|nach)\s+(.*)$", re.IGNORECASE | re.DOTALL)
_BETWEEN = re.compile(r",|;|\band\b|\bund\b|\+", re.IGNORECASE)
_COUNT = re.compile(r"[x×]?(\d{1,6})[x×]?", re.IGNORECASE)
_COUNTRY_AND_ZIP = re.compile(r"([A-Z]{2})[- ](\d.*)", re.IGNORECASE)
_EXAMPLE = "Write it like `promise mug-red 2 to 10115`."


@dataclass(frozen=True, slots=True)
class BasketLine:
    """So many units of a SKU."""

    sku: str
    quantity: int = 1


def read_basket(
    text: str,
    country: str,
    methods: Collection[str] = (),
    cities: Mapping[str, str] = MappingProxyType({}),
) -> tuple[tuple[BasketLine, ...], Address, str]:
    """Lines, destination and method; `country` is meant where none is said. Raises Invalid.

    A city alone says nothing of its country, unless it is among `cities` (in small letters, with
    the country's code).
    """
    found = _TARGET.match(text.strip())
    wanted, target = (found[1], found[2]) if found else (text, "")
    parts = [part.split() for part in _BETWEEN.split(wanted)]
    lines = tuple(_line(words) for words in parts if words)
    known = {STANDARD, EXPRESS, PICKUP, *methods}
    method, words = STANDARD, []
    for word in re.split(r"[\s,]+", target.strip()):
        if word.casefold() in known:
            method = word.casefold()
        elif word and word.casefold() != "by":
            words.append(word)
    return require_basket(lines), _destination(words, country, cities), method


def require_basket(lines: tuple[BasketLine, ...]) -> tuple[BasketLine, ...]:
    """Lines that make sense, one for each SKU. Raises Invalid."""
    if not lines:
        raise Invalid("A basket needs at least one line.", _EXAMPLE)
    if len(lines) > LINES_MAX:
        raise Invalid(f"A basket has {LINES_MAX} lines at most.")
    units: dict[str, int] = {}
    for line in lines:
        if not 1 <= line.quantity <= UNITS_MAX:
            raise Invalid(f"A quantity of {line.quantity} makes no sense.", "Ask for 1 to 100,000.")
        units[line.sku.strip()] = units.get(line.sku.strip(), 0) + line.quantity
    return tuple(BasketLine(sku, quantity) for sku, quantity in units.items())


def _line(words: list[str]) -> BasketLine:
    """“mug-red 2”, “2 x mug-red”, “mug-red”."""
    said = [word for word in words if word.casefold() not in ("x", "×")]
    counts = [found for word in said if (found := _COUNT.fullmatch(word))]
    skus = [word for word in said if not _COUNT.fullmatch(word)]
    if len(skus) != 1 or len(counts) > 1:
        raise Invalid(f"“{' '.join(words)}” is no line of a basket.", _EXAMPLE)
    return BasketLine(skus[0], int(counts[0][1]) if counts else 1)


def _destination(words: list[str], country: str, cities: Mapping[str, str]) -> Address:
    """Two letters are a country, what has a digit is postal code, the rest is the city."""
    together = _COUNTRY_AND_ZIP.fullmatch(" ".join(words[:1]))
    if together:
        words = [together[1], together[2], *words[1:]]
    codes = [word for word in words if any(char.isdigit() for char in word)]
    names = [word for word in words if word not in codes]
    if names and len(names[0]) == 2 and names[0].isascii() and names[0].isalpha():
        country = names.pop(0).upper()
    elif names and not codes:
        country = _country_of(" ".join(names), cities)
    return Address(zip=" ".join(codes), city=" ".join(names), country=country.upper())


def _country_of(city: str, cities: Mapping[str, str]) -> str:
    found = cities.get(city.casefold())
    if found is None:
        raise Invalid(f"In which country is {city}?", f"Write `… to GB {city}`, or a postal code.")
    return found
