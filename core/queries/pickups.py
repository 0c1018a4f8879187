"""What a store hands out and what it brings: orders that wait for their customer, and the runs."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated
from zoneinfo import ZoneInfo

from core.db import pickups as db
from core.db.reading import Reader
from core.domain.access import Right, Role
from core.domain.distance import distance_km
from core.domain.nearby import delivers
from core.domain.order import Address
from core.domain.pickup import is_over
from core.domain.refusals import Invalid, NotAllowed, NotPossible
from core.domain.shop import Location
from core.domain.values import dataclass
from core.registry import Arg, question


@dataclass(frozen=True, slots=True)
class WaitingView:
    """An order that lies ready; `until` is its last local day."""

    order: str
    customer_name: str
    location: str
    ready_at: datetime
    until: date
    reminded: bool
    over: bool


@dataclass(frozen=True, slots=True)
class PickupList:
    location: str
    waiting: tuple[WaitingView, ...]


@dataclass(frozen=True, slots=True)
class ListPickups:
    """Show the orders that lie ready to be collected, those first whose time ends first."""

    location: Annotated[str, Arg.LOCATION] = ""


@question("pickups", ListPickups, Right.VIEW, examples=("pickups ham", "pickups"))
def list_pickups(ask: ListPickups, reader: Reader) -> PickupList:
    places = _places(ask.location, reader)
    waiting = [
        WaitingView(
            number,
            name,
            places[pickup.location_id].code,
            pickup.ready_at,
            pickup.until,
            pickup.reminded_at is not None,
            is_over(pickup, places[pickup.location_id], reader.now),
        )
        for pickup, number, name in db.waiting_in(reader.session, reader.shop.id)
        if pickup.location_id in places
    ]
    code = reader.shop.location(ask.location).code if ask.location else ""
    return PickupList(code, tuple(waiting))


def _places(word: str, reader: Reader) -> dict[int, Location]:
    """The named place, or all that this person works at."""
    named = reader.shop.location(word) if word else None
    if named is not None and not reader.actor.works_at(named.code):
        own = ", ".join(reader.actor.locations) or "no location yet"
        raise NotAllowed(f"You work at {own}, not at {named.code}.", "Look at your own list.")
    every = reader.shop.locations.values()
    return {p.id: p for p in every if reader.actor.works_at(p.code) and named in (None, p)}


# --- local delivery -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class StopView:
    """One order to bring: `stage` is ready … packed, or under way; `km` as the crow flies."""

    order: str
    version: int
    stage: str
    customer_name: str
    phone: str
    address: Address
    note: str
    units: int
    promise: date | None
    late: bool
    held: bool
    km: float | None


@dataclass(frozen=True, slots=True)
class DeliveryRun:
    """What a location has to bring, in the order of the streets; `day` is its own today."""

    location: str
    window: str
    day: date
    stops: tuple[StopView, ...]
    later: int = 0


@dataclass(frozen=True, slots=True)
class ListDeliveries:
    """Show what a location has to bring to its neighbors today."""

    location: Annotated[str, Arg.LOCATION] = ""


@question("deliveries", ListDeliveries, Right.VIEW, examples=("deliveries ber",))
def deliveries(ask: ListDeliveries, reader: Reader) -> DeliveryRun:
    place = _delivering(ask.location, reader)
    today = reader.now.astimezone(ZoneInfo(place.time_zone)).date()
    stops = [_stop(row, place, today) for row in db.local_work(reader.session, place.id)]
    due = [stop for stop in stops if stop.promise is None or stop.promise <= today]
    due.sort(key=_by_street)
    return DeliveryRun(place.code, place.delivery_window, today, tuple(due), len(stops) - len(due))


def _by_street(stop: StopView) -> tuple[str, str, str]:
    return stop.address.zip, stop.address.street.casefold(), stop.order


def _delivering(word: str, reader: Reader) -> Location:
    """The named location, the person's own, or the only one that delivers."""
    own = reader.actor.locations
    able = [
        p for p in reader.shop.locations.values() if delivers(p) and reader.actor.works_at(p.code)
    ]
    if word or len(own) == 1:
        place = reader.shop.location(word or own[0])
        if reader.actor.role is Role.STORE and place.code not in own:
            raise NotAllowed(f"You work at {', '.join(own)}, not at {place.code}.")
        return place
    if len(able) == 1:
        return able[0]
    if not able:
        raise NotPossible(
            "No location delivers by itself.", "Try `wismo location set BER --delivers-km 10`."
        )
    raise Invalid(
        "The deliveries of which location?", f"Write `deliveries {able[0].code.lower()}`."
    )


def _stop(row: db.LocalWork, place: Location, today: date) -> StopView:
    to = row.address
    return StopView(
        order=row.number,
        version=row.version,
        stage=row.stage,
        customer_name=row.customer_name,
        phone=to.phone or row.phone,
        address=to,
        note=row.note,
        units=row.units,
        promise=row.promise,
        late=row.promise is not None and row.promise < today,
        held=row.held,
        km=distance_km(place.lat, place.lon, to.lat, to.lon),
    )
