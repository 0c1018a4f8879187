"""Where returned goods go: to a counter near the customer, or by post to which place."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from core.domain.distance import distance_km
from core.domain.order import Address
from core.domain.returns import ReturnReason
from core.domain.shop import Location
from core.domain.values import dataclass

RETURNS, REFURBISH = "returns", "refurbish"  # abilities of a location
COUNTERS_SHOWN = 3
_BROKEN = (ReturnReason.DEFECTIVE.value, ReturnReason.NOT_AS_DESCRIBED.value)


@dataclass(frozen=True, slots=True)
class Destination:
    """A place and the one reason why these goods go there; km as the crow flies, if known."""

    place: Location
    why: str
    km: float | None = None

    @property
    def words(self) -> str:
        """“Hamburg store, Jungfernstieg 1, 20095 Hamburg”"""
        place = self.place
        town = f"{place.zip} {place.city}".strip()
        return ", ".join(filter(None, (place.name or place.code, place.street, town)))


def taking(places: Iterable[Location]) -> list[Location]:
    """Those that have the ability `returns`; while none has it, every own warehouse and store."""
    active = [place for place in places if place.active]
    named = [place for place in active if RETURNS in place.abilities]
    return named or [place for place in active if place.kind in ("warehouse", "store")]


def counters(places: Iterable[Location], customer: Address) -> list[Destination]:
    """The stores in the customer's country where goods can be brought back, nearest first."""
    stores = [place for place in taking(places) if place.kind == "store"]
    found = [_there(place, customer) for place in stores if _same_country(place, customer)]
    return sorted(found, key=_nearest)[:COUNTERS_SHOWN]


def by_post(
    places: Iterable[Location], customer: Address, reasons: Sequence[str]
) -> Destination | None:
    """Where a parcel goes: broken goods to who can refurbish them, all else to the nearest in the
    customer's country; a warehouse before a store at the same distance. None: nobody takes any."""
    able = taking(places)
    if any(reason in _BROKEN for reason in reasons):
        menders = [place for place in able if REFURBISH in place.abilities]
        if menders:
            return _best(menders, customer, "can refurbish what is broken")
    home = [place for place in able if _same_country(place, customer)]
    if home:
        return _best(home, customer, "takes returns in the customer's country")
    return _best(able, customer, "takes returns") if able else None


def _best(places: Sequence[Location], customer: Address, why: str) -> Destination:
    first = min((_there(place, customer) for place in places), key=_nearest)
    if len(places) == 1:
        return Destination(first.place, f"the only one that {why}", first.km)
    if first.km is None:
        return Destination(first.place, f"the first that {why}")
    return Destination(first.place, f"the nearest that {why}: {first.km:.0f} km", first.km)


def _there(place: Location, customer: Address) -> Destination:
    km = distance_km(customer.lat, customer.lon, place.lat, place.lon)
    if km is None and _same_town(place, customer):
        km = 0.0
    return Destination(place, "", km)


def _nearest(found: Destination) -> tuple[bool, float, bool, int, int]:
    place = found.place
    return (found.km is None, found.km or 0.0, place.kind == "store", place.rank, place.id)


def _same_country(place: Location, customer: Address) -> bool:
    return not (place.country and customer.country) or place.country == customer.country


def _same_town(place: Location, customer: Address) -> bool:
    return bool(customer.city) and place.city.casefold() == customer.city.casefold()
