"""When a parcel from a location would arrive: calendar, handling, lane and method in one date."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from core.domain.carriers import carrier_name
from core.domain.detect import calendar_of
from core.domain.lanes import EXPRESS, LOCAL, PICKUP, Lane
from core.domain.order import Address
from core.domain.pauses import FOREVER, stopped_until
from core.domain.promise import promise_for, ship_day
from core.domain.shop import Location, Shop
from core.domain.values import dataclass

KEPT_MAX = 10_000
# All of a location that `_counted` reads.
_CALENDAR = ("time_zone", "hours", "closing_days", "holiday_days", "cut_off", "lead_days")
OWN_WAYS = (PICKUP, LOCAL)  # no carrier has a part in them


@dataclass(frozen=True, slots=True)
class Estimate:
    """`leaves` and `day` are local days of the location; `lane` is None for the shop's own days."""

    leaves: date
    day: date
    travel_days: int
    handling_days: int
    lane: Lane | None = None

    @property
    def words(self) -> str:
        """How the date was counted, as it is kept beside a promise."""
        by = f"lane {self.lane.words}" if self.lane else "the shop's usual days"
        days = f"{self.travel_days} {'day' if self.travel_days == 1 else 'days'} on the way"
        return f"leaves {self.leaves.isoformat()}, {days} ({by})"


def estimate(shop: Shop, place: Location, to: Address, method: str, at: datetime) -> Estimate:
    """When an order given at `at` (UTC) would leave this location and arrive there.

    Pure, and cheap enough for every candidate of a plan: what was counted is kept with the shop.
    Everything before the same cut-off has the same date, and cut-offs stand on whole minutes, so
    that counting from the end of this minute changes nothing.
    """
    lane = shop.lanes.find(place.code, place.country, to, method) if shop.lanes else None
    if shop.pauses:
        way = way_of(shop, place, to, method, at)
        lane, at = way.lane, way.leaves_from(at)
    travel = lane.days if lane else _usual_days(shop, method)
    minute = at.replace(second=0, microsecond=0)
    minute += timedelta(minutes=minute < at)
    key = (_twin(shop, place), travel, minute)
    kept = shop.counted_days.get(key)
    if kept is None:
        kept = _counted(shop, place, travel, minute)
        if len(shop.counted_days) >= KEPT_MAX:
            shop.counted_days.clear()
        shop.counted_days[key] = kept
    leaves, day = kept
    handling = int(shop.policy["handling_days"]) + place.lead_days
    return Estimate(leaves, day, travel, handling, lane)


@dataclass(frozen=True, slots=True)
class Way:
    """Which lane and carrier a parcel would take; `opens` is when a pause in the way ends."""

    lane: Lane | None
    carrier: str
    opens: datetime | None = None

    def leaves_from(self, at: datetime) -> datetime:
        """A pause without an end delays nothing that could be counted."""
        return at if self.opens is None or self.opens >= FOREVER else max(at, self.opens)


def way_of(shop: Shop, place: Location, to: Address, method: str, at: datetime) -> Way:
    """The first open way from a location, else the one that opens first."""
    if method in OWN_WAYS:
        country = "" if method == PICKUP else to.country.upper()
        return Way(None, "", stopped_until(shop.pauses, "", place.code, country, at))
    usual = carrier_name(str(shop.policy["usual_carrier"]))
    lanes = shop.lanes.ways(place.code, place.country, to, method) if shop.lanes else []
    ways = []
    for lane in lanes or (None,):
        carrier = (lane and lane.carrier) or usual
        opens = stopped_until(shop.pauses, carrier, place.code, to.country.upper(), at)
        if opens is None:
            return Way(lane, carrier)
        ways.append(Way(lane, carrier, opens))
    return min(ways, key=lambda way: way.opens or at)


def parcel_cost(
    shop: Shop, place: Location, to: Address, method: str, at: datetime | None = None
) -> int:
    """What a parcel to there costs in minor units: its lane's cost, else the location's own.

    With `at` a lane that is paused then is passed.
    """
    if method in OWN_WAYS:
        return place.delivery_fee if method == LOCAL else 0
    lane = shop.lanes.find(place.code, place.country, to, method) if shop.lanes else None
    if at is not None and shop.pauses:
        lane = way_of(shop, place, to, method, at).lane
    return place.parcel_cost if lane is None or lane.cost is None else lane.cost


def _usual_days(shop: Shop, method: str) -> int:
    if method in OWN_WAYS:
        return 0
    return int(shop.policy["express_days" if method == EXPRESS else "lane_days"])


def _twin(shop: Shop, place: Location) -> int:
    """The first location that works on the same days and hours: of a thousand stores few differ,
    and what was counted for one holds for all of them."""
    if place.id not in shop.twins:
        shop.twins[place.id] = place.id
        first: dict[str, int] = {}
        for i, each in shop.locations.items():
            alike = repr([getattr(each, name) for name in _CALENDAR])
            shop.twins[i] = first.setdefault(alike, i)
    return shop.twins[place.id]


def _counted(shop: Shop, place: Location, travel: int, minute: datetime) -> tuple[date, date]:
    calendar = calendar_of(place)
    handling = int(shop.policy["handling_days"]) + place.lead_days
    day = promise_for(minute, calendar, None, handling, travel)
    return ship_day(calendar, minute, handling), day
