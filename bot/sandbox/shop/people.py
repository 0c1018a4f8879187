"""Invented customers of the demo shop: nobody real, no mailbox or telephone that could ring."""

from __future__ import annotations

import random
import unicodedata
from dataclasses import dataclass

COUNTRY_NAMES = {
    "DE": "Germany",
    "AT": "Austria",
    "NL": "Netherlands",
    "FR": "France",
    "GB": "United Kingdom",
}
TAX_PERCENT = {"DE": 19, "AT": 20, "NL": 21, "FR": 20, "GB": 20}


@dataclass(frozen=True, slots=True)
class Person:
    first_name: str
    last_name: str
    email: str
    phone: str
    address1: str
    zip: str
    city: str
    country: str
    locale: str


_FIRST = {
    "DE": ("Anna", "Jonas", "Lea", "Malte", "Nadine", "Özlem", "Paul", "Svenja", "Tarek", "Ute"),
    "AT": ("Barbara", "Felix", "Johanna", "Lukas", "Resi"),
    "NL": ("Anouk", "Bram", "Femke", "Joris", "Sanne"),
    "FR": ("Amélie", "Bastien", "Chloé", "Hugo", "Inès"),
    "GB": ("Amelia", "Callum", "Harriet", "Idris", "Rhys"),
}
_LAST = {
    "DE": ("Schmidt", "Krüger", "Weiß", "Yılmaz", "Petersen", "Lindner", "Groß", "Vogt"),
    "AT": ("Gruber", "Hofer", "Moser", "Steinlechner"),
    "NL": ("de Vries", "van den Berg", "Jansen", "Visser"),
    "FR": ("Lefèvre", "Moreau", "d’Aubigny", "Girard"),
    "GB": ("O’Brien", "Hughes", "Fairweather", "Patel"),
}
_STREETS = {
    "DE": ("Musterstraße", "Beispielweg", "Am Probehof", "Lindenmusterallee"),
    "AT": ("Mustergasse", "Beispielring", "Probeweg"),
    "NL": ("Voorbeeldstraat", "Testkade", "Proeflaan"),
    "FR": ("rue de l’Exemple", "avenue du Modèle", "impasse Témoin"),
    "GB": ("Sample Street", "Example Road", "Specimen Lane"),
}
_TOWNS = {
    "DE": (("10999", "Berlin"), ("20357", "Hamburg"), ("50667", "Köln"), ("04109", "Leipzig")),
    "AT": (("1070", "Wien"), ("8010", "Graz"), ("6020", "Innsbruck")),
    "NL": (("1017 AB", "Amsterdam"), ("3511 CD", "Utrecht")),
    "FR": (("75011", "Paris"), ("69002", "Lyon")),
    "GB": (("LS1 4AB", "Leeds"), ("BS1 5TR", "Bristol")),
}
# Ranges that regulators keep free for film and print; where a country has none, the German one.
_PHONES = {
    "DE": "+4930231252{:02d}",
    "AT": "+4930231253{:02d}",
    "NL": "+4930231254{:02d}",
    "FR": "+331990019{:02d}",
    "GB": "+441632960{:03d}",
}
_WEIGHTS = {"DE": 60, "AT": 12, "NL": 10, "FR": 8, "GB": 10}


def person(dice: random.Random) -> Person:
    """Somebody invented; the same dice give the same people in the same order."""
    country = dice.choices(tuple(_WEIGHTS), tuple(_WEIGHTS.values()))[0]
    first, last = dice.choice(_FIRST[country]), dice.choice(_LAST[country])
    zip_code, city = dice.choice(_TOWNS[country])
    house = dice.randint(1, 148)
    street = dice.choice(_STREETS[country])
    front = country in ("FR", "GB")
    return Person(
        first_name=first,
        last_name=last,
        email=f"{_ascii(first)}.{_ascii(last)}@example.{dice.choice(('com', 'org'))}",
        phone=_PHONES[country].format(dice.randint(0, 99)),
        address1=f"{house} {street}" if front else f"{street} {house}",
        zip=zip_code,
        city=city,
        country=country,
        locale={"DE": "de", "AT": "de", "NL": "nl", "FR": "fr", "GB": "en"}[country],
    )


_LETTERS = str.maketrans({"ß": "ss", "ı": "i", "ö": "oe", "ü": "ue", "ä": "ae", "Ö": "oe"})


def _ascii(name: str) -> str:
    flat = unicodedata.normalize("NFKD", name.translate(_LETTERS))
    return "".join(letter for letter in flat.lower() if letter.isascii() and letter.isalnum())
