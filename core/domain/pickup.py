"""Pickup in a store: where an order is collected, with which code, and until when it waits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from core.domain.cases import CaseKind, Finding
from core.domain.lanes import PICKUP
from core.domain.order import Order
from core.domain.proofs import is_proof, proof_code
from core.domain.refusals import Invalid, NotPossible
from core.domain.shop import Location, Shop
from core.domain.values import dataclass

PICKUP_AT = "pickup_at"  # beside the order, in its `extra`: where the customer wants to collect it
DAYS_LOOKED_AHEAD = 14
COLLECTED, HANDED_OVER, RETURNED = "collected", "handed_over", "returned"
CANCEL, HOLD = "cancel", "hold"  # what becomes of an order that nobody collected
_PURPOSE = b"wismo.pickup"


@dataclass(frozen=True, slots=True)
class Pickup:
    """Work that waits for its customer. `until` is the last local day; `issue` counts the codes
    that were told, so that an older one is worth nothing."""

    id: int
    work_id: int
    order_id: int
    location_id: int
    ready_at: datetime
    until: date
    issue: int
    issued_at: datetime
    reminded_at: datetime | None = None


# --- where ----------------------------------------------------------------------------------------


def offers_pickup(place: Location) -> bool:
    """Every store does, and whoever has the ability `pickup`."""
    return place.active and (place.kind == "store" or "pickup" in place.abilities)


def pickup_names(places: Iterable[Location]) -> dict[str, str]:
    """Words that mean a place where orders can be collected → its code.

    Channels name the store in their shipping line: by code, name or street.
    """
    found: dict[str, str] = {}
    for place in places:
        if offers_pickup(place):
            words = (place.street, f"{place.street}, {place.zip} {place.city}", place.name)
            found |= {w.casefold(): place.code for w in words if w.strip(", ")}
            found[place.code.casefold()] = place.code
    return found


def named_place(shop: Shop, word: str) -> Location | None:
    """The place of that name, or of that id in a connected shop, if it hands out orders."""
    said = word.strip()
    code = shop.pickups.get(said.casefold())
    for place in shop.locations.values():
        is_meant = place.code == code or said in place.external_ids.values()
        if is_meant and offers_pickup(place):
            return place
    towns = [p for p in shop.locations.values() if p.city.casefold() == said.casefold()]
    offering = [place for place in towns if said and offers_pickup(place)]
    return offering[0] if len(offering) == 1 else None


def pickup_place(shop: Shop, order: Order) -> Location | None:
    """Where this order is collected; None while nobody knows. The only place needs no wish."""
    word = order.extra.get(PICKUP_AT, "")
    if word:
        return named_place(shop, word)
    offering = [place for place in shop.locations.values() if offers_pickup(place)]
    return offering[0] if len(offering) == 1 else None


def is_pickup(order: Order) -> bool:
    return order.method == PICKUP


def word_behind_pickup(title: str) -> str:
    """“pickup at HAM”, “Abholung in Hamburg”: the place that is named with the method."""
    said = title.split()
    while said and (said[0].casefold() in _METHOD_WORDS):
        said = said[1:]
    return " ".join(said)


_METHOD_WORDS = {
    "local",
    "store",
    "pick",
    "up",
    "pickup",
    "pick-up",
    "collect",
    "click",
    "&",
    "and",
}
_METHOD_WORDS |= {"abholung", "abholen", "at", "in", "from", "im", "bei"}


def with_place(order: Order, title: str) -> Order:
    """The order after its method was named anew: with the store behind the word, if any."""
    extra = {name: word for name, word in order.extra.items() if name != PICKUP_AT}
    word = word_behind_pickup(title) if is_pickup(order) else ""
    return replace(order, extra=extra | ({PICKUP_AT: word} if word else {}))


def require_place(shop: Shop, order: Order) -> Location:
    """Raises Invalid, naming the places where orders can be collected."""
    place = pickup_place(shop, order)
    if place is not None:
        return place
    known = sorted(p.code for p in shop.locations.values() if offers_pickup(p))
    word = order.extra.get(PICKUP_AT, "")
    where = f"Nobody hands out orders at “{word}”." if word else "Collected where?"
    if not known:
        raise Invalid(
            "No location hands out orders.", "Make one a store, or give it the ability `pickup`."
        )
    raise Invalid(
        where, f"Write `edit {order.number} method pickup {known[0].lower()}`: {', '.join(known)}."
    )


def require_sent(shop: Shop, order: Order) -> None:
    """Nothing of an order that is collected goes to a carrier. Raises NotPossible (is_pickup)."""
    if not is_pickup(order):
        return
    place = pickup_place(shop, order)
    raise NotPossible(
        f"Order {order.number} is collected{f' at {place.code}' if place else ''}, not sent.",
        f"Write `ready {order.number}` when it lies ready; to send it all the same, "
        f"`edit {order.number} method standard`.",
        code="is_pickup",
    )


# --- the code -------------------------------------------------------------------------------------


def code_of(keys: Sequence[str], shop_id: int, order_id: int, issue: int) -> str:
    """The code for this order and issue."""
    return proof_code(_PURPOSE, keys, shop_id, order_id, issue)


def is_code(typed: str, keys: Sequence[str], shop_id: int, order_id: int, issue: int) -> bool:
    return is_proof(typed, _PURPOSE, keys, shop_id, order_id, issue)


def is_about(typed: str, number: str) -> bool:
    """Whether words typed as an order's number mean this order or one of its boxes."""
    said, known = typed.strip().lstrip("#").casefold(), number.casefold()
    return said == known or said.startswith(f"{known}-")


# --- until when -----------------------------------------------------------------------------------


def last_day(ready_at: datetime, days: int, place: Location) -> date:
    """The last day on which it waits: so many days later, or the next day that is open then."""
    first = ready_at.astimezone(ZoneInfo(place.time_zone)).date() + timedelta(days=days)
    later = (first + timedelta(days=n) for n in range(DAYS_LOOKED_AHEAD))
    return next((day for day in later if is_open_on(place, day)), first)


def is_open_on(place: Location, day: date) -> bool:
    if day.isoformat() in (*place.closing_days, *place.holiday_days):
        return False
    return place.hours is None or bool(place.hours.get(str(day.weekday())))


def is_over(pickup: Pickup, place: Location, now: datetime) -> bool:
    """The last day has passed where the store is."""
    return now.astimezone(ZoneInfo(place.time_zone)).date() > pickup.until


def opening_hours(place: Location) -> list[dict[str, str | int]]:
    """Neighboring days with equal hours as one entry: {first, last} weekdays (Monday is 0), times.

    Empty for a place that is always open.
    """
    groups: list[dict[str, str | int]] = []
    hours: Mapping[str, Sequence[Sequence[str]]] = place.hours or {}
    for day in range(7):
        times = ", ".join(f"{opens}–{closes}" for opens, closes in hours.get(str(day), ()))
        if times and groups and groups[-1]["last"] == day - 1 and groups[-1]["times"] == times:
            groups[-1]["last"] = day
        elif times:
            groups.append({"first": day, "last": day, "times": times})
    return groups


def pickup_late(
    waiting: Iterable[tuple[Pickup, str, str]], places: Mapping[int, Location], now: datetime
) -> list[Finding]:
    """One case per order (with its number) whose last day has passed."""
    late = {
        pickup.order_id: (pickup, number)
        for pickup, number, _ in waiting
        if is_over(pickup, places[pickup.location_id], now)
    }
    return [
        Finding(
            CaseKind.PICKUP_LATE,
            f"order:{order_id}",
            f"Order {number} was not collected at {places[pickup.location_id].code}. "
            "Call the customer, or lay it back on the shelf.",
            order_id=order_id,
            location_id=pickup.location_id,
            facts={"order": number, "until": pickup.until.isoformat()},
        )
        for order_id, (pickup, number) in late.items()
    ]
