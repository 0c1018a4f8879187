"""What the message about a pickup tells: where, until when, with which code, what is missing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from babel import Locale

from core.db.fulfillment import fulfillments_of
from core.db.pickups import waiting_of
from core.db.reading import Reader
from core.domain.kits import for_customers
from core.domain.order import Order
from core.domain.pickup import Pickup, code_of, opening_hours
from core.domain.shop import Location
from notifications.facts import LANGUAGES


def pickup_facts(
    keys: Sequence[str], reader: Reader, order: Order, payload: Mapping[str, Any]
) -> dict[str, Any] | None:
    """None when nothing of it waits any more, or a newer code was told."""
    waiting = waiting_of(reader.session, order.id)
    if not waiting or waiting[0].issue != payload["issue"]:
        return None
    place = reader.shop.locations[waiting[0].location_id]
    lying = _lying(reader, order, waiting)
    titles = {line.id: line.title or line.sku for line in order.lines}
    items = [(i, order.line(i).sku, units) for i, units in lying.items()]
    lines = [_part(titles.get(i, sku), sku, n) for i, sku, n in for_customers(order, items)]
    told = {
        **_place(place, order.language),
        "until": min(each.until for each in waiting).isoformat(),
        "code": code_of(keys, reader.shop.id, order.id, waiting[0].issue),
        "lines": lines,
        "told": payload["told"],
    }
    return {"pickup": told, "remaining": _remaining(order, lying)}


def _lying(reader: Reader, order: Order, waiting: Sequence[Pickup]) -> Counter[int]:
    """Units by line that lie ready."""
    ids = {each.work_id for each in waiting}
    units: Counter[int] = Counter()
    for work in fulfillments_of(reader.session, order.id):
        if work.id in ids:
            units.update({item.line_id: 0 for item in work.items})
            for item in work.items:
                units[item.line_id] += item.quantity
    return units


def _remaining(order: Order, lying: Mapping[int, int]) -> dict[str, Any]:
    left = {x.id: x.wanted - x.shipped - lying.get(x.id, 0) for x in order.awaited if x.ships}
    lines = [_part(x.title or x.sku, x.sku, left[x.id]) for x in order.awaited if left.get(x.id)]
    return {"lines": lines, "next_message": None, "reason": "backordered" if lines else None}


def _part(title: str, sku: str, quantity: int) -> dict[str, Any]:
    return {"title": title, "sku": sku, "quantity": quantity}


def _place(place: Location, language: str) -> dict[str, Any]:
    return {
        "name": place.name or place.code,
        "street": place.street,
        "zip": place.zip,
        "city": place.city,
        "hours": hours_in_words(place, language),
    }


def hours_in_words(place: Location, language: str) -> list[dict[str, str]]:
    """{days, times}: “Mon–Fri”, “08:00–18:00”; nothing for a place that is always open."""
    spoken = language[:2] if language[:2] in LANGUAGES else LANGUAGES[0]
    names = Locale(spoken).days["stand-alone"]["abbreviated"]
    return [
        {"days": "–".join(dict.fromkeys(str(names[d]) for d in (first, last))), "times": str(times)}
        for first, last, times in (
            (int(each["first"]), int(each["last"]), each["times"]) for each in opening_hours(place)
        )
    ]
