"""When are two spellings one address? A key for comparing; nobody's own spelling is changed."""

from __future__ import annotations

import re
import unicodedata

from core.domain.order import Address

# Words that people shorten, each with the one spelling that is compared.
_SHORT = {
    "street": "st",
    "road": "rd",
    "avenue": "ave",
    "av": "ave",
    "boulevard": "blvd",
    "drive": "dr",
    "lane": "ln",
    "court": "ct",
    "square": "sq",
    "place": "pl",
    "highway": "hwy",
    "parkway": "pkwy",
    "terrace": "ter",
    "north": "n",
    "south": "s",
    "east": "e",
    "west": "w",
    "apartment": "apt",
    "wohnung": "apt",
    "whg": "apt",
    "suite": "ste",
    "saint": "st",
    "sankt": "st",
}
# German writes them at the end of a word as well: Hauptstraße, Haupt-Str., Marktplatz.
_ENDINGS = {"strasse": "st", "str": "st", "platz": "pl"}
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue"})
_LETTERS = str.maketrans({"æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d"})


def address_key(address: Address) -> str:
    """Equal for addresses that a carrier would bring to one door, however they were typed.

    Name, company and phone do not count: whether it is the same customer is asked apart. An
    address without a street has no key ("").
    """
    street = normalized(f"{address.street} {address.street2}")
    if not street:
        return ""
    zip_code = re.sub(r"[^a-z0-9]", "", plain(address.zip))
    return "|".join((address.country.strip().upper(), zip_code, normalized(address.city), street))


def normalized(text: str) -> str:
    """Words in one spelling and numbers kept apart: “Haupt-Straße 1 B” is “hauptst-1b”."""
    words = re.findall(r"[^\W\d_]+|\d+", plain(text))
    return "".join(f"-{int(w)}" if w.isdecimal() else _short(w) for w in words).strip("-")


def plain(text: str) -> str:
    """Small letters without accents: ü is ue, ß is ss, é is e."""
    small = unicodedata.normalize("NFC", text).casefold().translate(_UMLAUTS)
    bare = unicodedata.normalize("NFD", small)
    return "".join(c for c in bare if not unicodedata.combining(c)).translate(_LETTERS).strip()


def _short(word: str) -> str:
    if word in _SHORT:
        return _SHORT[word]
    for ending, short in _ENDINGS.items():
        if word.endswith(ending):
            return word.removesuffix(ending) + short
    return word
