"""How an order reaches its customer when no carrier does: which locations may have it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from core.domain.estimate import OWN_WAYS
from core.domain.lanes import LOCAL, PICKUP, method_of, require_method
from core.domain.nearby import require_nearby, why_nobody, why_not
from core.domain.order import Order
from core.domain.pickup import (
    PICKUP_AT,
    named_place,
    pickup_place,
    require_place,
    word_behind_pickup,
)
from core.domain.refusals import NotPossible
from core.domain.routing.rules import COLLECTED_ELSEWHERE
from core.domain.shop import Location, Shop
from core.domain.stock import Level


def barred_by_way(within: Any, order: Order) -> Mapping[int, str]:
    """Reasons by location id: only the chosen store, or who delivers there, may have the order."""
    if order.method not in OWN_WAYS:
        return {}
    places = within.shop.locations
    if order.method == PICKUP:
        chosen = pickup_place(within.shop, order)
        return {i: COLLECTED_ELSEWHERE for i in places if chosen is None or i != chosen.id}
    found = {i: why_not(place, order.ship_to) for i, place in places.items()}
    return {i: reason for i, reason in found.items() if reason is not None}


def way_of_new(
    shop: Shop, method: str, shipping_line: str, pickup_at: str
) -> tuple[str, dict[str, str]]:
    """(method, what is kept beside the order) of what a channel tells about a new order."""
    named = pickup_at or (shipping_line if shipping_line.strip().casefold() in shop.pickups else "")
    if method:
        found = require_method(method)
    else:
        found = PICKUP if named else method_of(shipping_line, shop.shipping)
    if found != PICKUP:
        return found, {}
    word = (named or word_behind_pickup(shipping_line)).strip()
    place = named_place(shop, word) if word else None
    if place is None and not named:
        return found, {}  # only a name for the method, such as “Click & Collect Berlin center”
    return found, {PICKUP_AT: place.code if place else word[:100]}


def spelled_out(shop: Shop, title: str) -> str:
    """“pickup at ham” as “Pickup at HAM”: the store that is meant, as it is called here."""
    if method_of(title.strip()) != PICKUP:
        return title
    place = named_place(shop, word_behind_pickup(title))
    return f"Pickup at {place.code}" if place else title


def require_way(shop: Shop, order: Order) -> None:
    """Refuses a change to a way that nobody could go. Raises Invalid, NotPossible."""
    if order.method == PICKUP:
        require_place(shop, order)
    elif order.method == LOCAL:
        require_nearby(shop, order)


def require_same_place(shop: Shop, order: Order, target: Location) -> None:
    """Goods go to where they are collected, or delivered from. Raises NotPossible (wrong_place)."""
    if order.method == PICKUP:
        place = require_place(shop, order)
        if place.id != target.id:
            raise NotPossible(
                f"Order {order.number} is collected at {place.code}, not at {target.code}.",
                f"Write `edit {order.number} method pickup {target.code.lower()}`.",
                code="wrong_place",
            )
    elif order.method == LOCAL and why_not(target, order.ship_to):
        raise NotPossible(
            f"{target.code} does not deliver to {order.ship_to.zip} {order.ship_to.city}.",
            f"Choose another location, or `edit {order.number} method standard`.",
            code="wrong_place",
        )


def require_fit(shop: Shop, order: Order, target: Location, now: datetime) -> None:
    """A person outranks every rule, but gives no work to a place that takes none on or cannot
    bring it where it goes. Raises NotPossible."""
    if not target.active:
        raise NotPossible(
            f"{target.code} is closed.", "Choose another location.", code="takes_no_work"
        )
    if target.paused_until is not None and target.paused_until > now:
        raise NotPossible(
            f"{target.code} is paused.",
            f"Choose another location, or write `resume {target.code.lower()}`.",
            code="takes_no_work",
        )
    require_same_place(shop, order, target)


def goes_another_way(before: Order, after: Order) -> bool:
    """Whether the locations that may have the order are others now."""
    ways = [(o.method, o.extra.get(PICKUP_AT)) for o in (before, after)]
    own = any(o.method in OWN_WAYS for o in (before, after))
    moved = LOCAL in (before.method, after.method) and before.ship_to != after.ship_to
    return own and (ways[0] != ways[1] or moved)


def why_it_waits(shop: Shop, order: Order) -> str:
    """Why no location may have the order, in a sentence; empty when stock alone is missing."""
    if order.method == PICKUP and pickup_place(shop, order) is None:
        word = order.extra.get(PICKUP_AT, "")
        return (
            f"Nobody knows where order {order.number} is collected{f' (“{word}”)' if word else ''}."
        )
    if order.method == LOCAL and (problem := why_nobody(shop, order.ship_to)):
        return f"Order {order.number} waits. {problem}"
    return ""


def brought_from(
    shop: Shop, place: Location, short: Mapping[str, int], levels: Iterable[Level]
) -> str:
    """Which transfers would give a store what it lacks; empty when nobody has all of a SKU."""
    free = {(x.sku, x.location_id): x.routable for x in levels if x.location_id != place.id}
    said = []
    for sku, units in short.items():
        able = [i for i in shop.locations if free.get((sku, i), 0) >= units]
        if able:
            code = shop.locations[able[0]].code.lower()
            said.append(f"`transfer {sku} {units} from {code} to {place.code.lower()}`")
    return f" Let it be brought: {', '.join(said)}." if said else ""
