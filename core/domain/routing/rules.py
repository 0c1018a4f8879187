"""Which locations may ship an order, each refusal with its one reason."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from core.domain.routing.document import Capacity, Constraints
from core.domain.routing.problem import Candidate, Demand
from core.domain.routing.scope import OrderFacts
from core.domain.values import dataclass

INACTIVE = "inactive"
PAUSED = "paused"
NO_COUNTRY = "does_not_ship_there"
AT_CAPACITY = "at_capacity"
NO_STOCK = "no_stock"
NOT_IN_GROUP = "not_in_the_groups"
IN_GROUP_LEFT_OUT = "in_a_group_left_out"
OTHER_COUNTRY = "other_country"
TOO_FAR = "too_far"
DISTANCE_UNKNOWN = "distance_unknown"
NOT_ABLE = "not_able"
NOT_TOGETHER = "not_all_together"
PARCEL_TOO_SMALL = "parcel_too_small"
REJECTED = "rejected_this_order"
WAY_PAUSED = "way_paused"
WAITS_ELSEWHERE = "waits_for_another_location"
COLLECTED_ELSEWHERE = "collected_elsewhere"
DOES_NOT_DELIVER = "does_not_deliver"
OUTSIDE_ITS_AREA = "outside_its_area"
AREA_UNKNOWN = "no_coordinates"


@dataclass(frozen=True, slots=True)
class LocationFacts:
    """What routing must know about one location; `ships_to` of None means everywhere.

    `open_orders` counts the work it already has today against `daily_orders` (None: no limit);
    `used` is the same by orders, lines and units, for the limits of a rule set. `late_days` is
    how long after the promise a parcel from here would arrive, `age_days` how long its goods
    have been lying here.
    """

    location: str
    available: Mapping[str, int]
    rank: int = 0
    parcel_cost: int = 0
    unit_cost: int = 0
    distance_km: float | None = None
    active: bool = True
    paused: bool = False
    ships_to: frozenset[str] | None = None
    open_orders: int = 0
    daily_orders: int | None = None
    barred: str | None = None
    country: str = ""
    groups: tuple[str, ...] = ()
    abilities: tuple[str, ...] = ()
    late_days: int = 0
    age_days: int = 0
    used: tuple[int, int, int] = (0, 0, 0)

    def is_of(self, group: str) -> bool:
        """Whether a group means this place: one of its groups, its kind, or its own code."""
        return group in self.groups or group == self.location.casefold()


def candidates(
    demands: Iterable[Demand], country: str, locations: Iterable[LocationFacts]
) -> tuple[Candidate, ...]:
    """All locations as the planner wants them, the forbidden ones with their reason."""
    skus = {demand.sku for demand in demands}
    return tuple(
        Candidate(
            location=facts.location,
            rank=facts.rank,
            parcel_cost=facts.parcel_cost,
            unit_cost=facts.unit_cost,
            distance_km=facts.distance_km,
            available=facts.available,
            excluded=reason_against(facts, skus, country),
        )
        for facts in locations
    )


def reason_against(facts: LocationFacts, skus: Iterable[str], country: str) -> str | None:
    """The first reason that forbids this location, or None; `barred` is the caller's own
    (for example that it has already rejected this order)."""
    ships_there = facts.ships_to is None or country.upper() in facts.ships_to
    full = facts.daily_orders is not None and facts.open_orders >= facts.daily_orders
    reasons = (
        (not facts.active, INACTIVE),
        (facts.paused, PAUSED),
        (facts.barred is not None, facts.barred),
        (not ships_there, NO_COUNTRY),
        (full, AT_CAPACITY),
        (not any(facts.available.get(sku, 0) > 0 for sku in skus), NO_STOCK),
    )
    return next((reason for applies, reason in reasons if applies), None)


# --- what a rule allows --------------------------------------------------------------------------


def reason_by_rule(
    facts: LocationFacts, only: Constraints, limits: Iterable[Capacity], order: OrderFacts
) -> str | None:
    """The first reason for which a rule leaves this location out, or None."""
    rejected = facts.barred == REJECTED and only.despite_rejection
    reasons = (
        (not facts.active, INACTIVE),
        (facts.paused, PAUSED),
        (facts.barred is not None and not rejected, facts.barred),
        (bool(only.groups) and not any(map(facts.is_of, only.groups)), NOT_IN_GROUP),
        (any(map(facts.is_of, only.not_groups)), IN_GROUP_LEFT_OUT),
        (only.same_country and facts.country.upper() != order.country.upper(), OTHER_COUNTRY),
        (not all(each in facts.abilities for each in only.abilities), NOT_ABLE),
        (_is_too_far(facts, only), TOO_FAR),
        (only.max_distance_km is not None and facts.distance_km is None, DISTANCE_UNKNOWN),
        (not only.over_capacity and is_full(facts, limits), AT_CAPACITY),
    )
    return next((reason for applies, reason in reasons if applies), None)


def is_full(facts: LocationFacts, limits: Iterable[Capacity]) -> bool:
    """No room for one more order, line or unit today: a limit of ten admits the tenth."""
    for limit in limits:
        most = (limit.orders, limit.lines, limit.units)
        full = any(m is not None and u >= m for m, u in zip(most, facts.used, strict=True))
        if full and facts.is_of(limit.of):
            return True
    return False


def limits_of(facts: LocationFacts, limits: Iterable[Capacity]) -> Capacity | None:
    """The limits of one place, the tightest of each kind; None when it has none."""
    own = [limit for limit in limits if facts.is_of(limit.of)]
    if not own:
        return None
    return Capacity(
        of=facts.location,
        orders=min((x.orders for x in own if x.orders is not None), default=None),
        lines=min((x.lines for x in own if x.lines is not None), default=None),
        units=min((x.units for x in own if x.units is not None), default=None),
        cut_off=min((x.cut_off for x in own if x.cut_off), default=""),
    )


def working_day(now: datetime, zone: str, cut_off: str) -> str:
    """The local day (ISO) that new work counts for; from the cut-off on it is the next one."""
    there = now.astimezone(ZoneInfo(zone))
    is_late = bool(cut_off) and f"{there:%H:%M}" >= cut_off
    return (there.date() + timedelta(days=is_late)).isoformat()


def usable(
    facts: LocationFacts, demands: Iterable[Demand], only: Constraints, order: OrderFacts
) -> dict[str, int]:
    """What a rule may take from here of each SKU: less its safety, and nothing it cannot handle."""
    found = {}
    for demand in demands:
        left = facts.available.get(demand.sku, 0) - only.safety
        if left > 0 and (not only.handling or _can_handle(facts, demand.sku, only, order)):
            found[demand.sku] = left
    return found


def _can_handle(facts: LocationFacts, sku: str, only: Constraints, order: OrderFacts) -> bool:
    goods = order.goods.get(sku)
    needed = set(only.handling) & set(goods.flags) if goods else set()
    return needed <= set(facts.abilities)


def _is_too_far(facts: LocationFacts, only: Constraints) -> bool:
    away, most = facts.distance_km, only.max_distance_km
    return most is not None and away is not None and away > most
