"""Local delivery: which location brings goods to an address itself, and why another does not."""

from __future__ import annotations

import re
from collections.abc import Iterable

from core.domain.distance import distance_km
from core.domain.lanes import LOCAL, plain_zip
from core.domain.order import Address, Order
from core.domain.refusals import Invalid, NotPossible
from core.domain.routing.rules import AREA_UNKNOWN, DOES_NOT_DELIVER, OUTSIDE_ITS_AREA
from core.domain.shop import Location, Shop

CARRIER = "Local"
KM_MOST = 500
_WINDOW = re.compile(r"([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-4]):[0-5]\d")


def delivers(place: Location) -> bool:
    """Whether it brings goods to anybody at all."""
    return place.active and (place.delivers_km is not None or bool(place.delivers_to))


def why_not(place: Location, to: Address) -> str | None:
    """The one reason for which this place does not deliver there; None when it does.

    Either is enough: a postal code that begins like one of its own, in its own country, or the
    distance as the crow flies.
    """
    if not delivers(place):
        return DOES_NOT_DELIVER
    at_home = not (place.country and to.country) or place.country.upper() == to.country.upper()
    code = plain_zip(to.zip)
    if at_home and code and code.startswith(tuple(map(plain_zip, place.delivers_to)) or ("-",)):
        return None
    if place.delivers_km is None:
        return OUTSIDE_ITS_AREA
    away = distance_km(place.lat, place.lon, to.lat, to.lon)
    if away is None:
        return OUTSIDE_ITS_AREA if place.delivers_to else AREA_UNKNOWN
    return None if away <= place.delivers_km else OUTSIDE_ITS_AREA


def nearby(shop: Shop, to: Address) -> list[Location]:
    """Every place that delivers there."""
    return [place for place in shop.locations.values() if why_not(place, to) is None]


def is_local(order: Order) -> bool:
    return order.method == LOCAL


def why_nobody(shop: Shop, to: Address) -> str:
    """Why no location delivers there, in a sentence; empty when one does."""
    if nearby(shop, to):
        return ""
    if not any(map(delivers, shop.locations.values())):
        return "No location delivers by itself."
    where = " ".join(filter(None, (to.zip, to.city))) or "an unknown address"
    if AREA_UNKNOWN in {why_not(place, to) for place in shop.locations.values()}:
        return f"Nobody knows how far {where} is: its coordinates are missing."
    return f"No location delivers to {where}."


def require_nearby(shop: Shop, order: Order) -> None:
    """Raises NotPossible (out_of_area)."""
    problem = why_nobody(shop, order.ship_to)
    if problem:
        raise NotPossible(
            problem,
            f"Send it instead: `edit {order.number} method standard`.",
            code="out_of_area",
        )


# --- what a location may say of itself ------------------------------------------------------------


def checked_km(km: int | None) -> int | None:
    if km is not None and not 0 <= km <= KM_MOST:
        raise Invalid(f"{km} km is no delivery radius.", f"Use 1 to {KM_MOST}, or 0 for none.")
    return km or None


def checked_zips(prefixes: Iterable[str]) -> tuple[str, ...]:
    """Beginnings of postal codes, each once. Raises Invalid."""
    clean = tuple(dict.fromkeys(plain_zip(p) for p in prefixes if p.strip()))
    if len(clean) > 200 or any(not p.isalnum() or len(p) > 10 for p in clean):
        raise Invalid("Delivery areas are up to 200 beginnings of postal codes.", "Such as 10 12.")
    return clean


def checked_window(window: str) -> str:
    clean = window.replace(" ", "").replace("–", "-")
    if clean and not _WINDOW.fullmatch(clean):
        raise Invalid(f"“{window}” is no delivery window.", "Write it like 16:00-20:00.")
    return clean
