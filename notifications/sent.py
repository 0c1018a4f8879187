"""What customers read of an order that is confirmed, sent, delivered or late, part by part."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from core.db.fulfillment import fulfillments_of, parcels_of
from core.db.reading import Reader
from core.domain.fulfillment import Parcel, Stage
from core.domain.kits import for_customers
from core.domain.nearby import CARRIER as OUR_DRIVER
from core.domain.order import Order
from notifications.facts import Payload, Stale


def confirmation(reader: Reader, order: Order, _: Payload) -> dict[str, Any]:
    if order.is_canceled:
        raise Stale("The order was canceled meanwhile.")
    later = list(_later(reader, order))
    units = sum(each["quantity"] for each in later)
    rest = sum(line.wanted - line.shipped for line in order.awaited) - units
    return {"awaited": later, "rest_goes_ahead": bool(later) and rest > 0}


def _later(reader: Reader, order: Order) -> Iterator[dict[str, Any]]:
    """What does not come with the rest: announced goods with their day, and what a supplier
    sends himself."""
    for line in order.lines:
        if line.backordered and line.awaits:
            part = _part(line.title or line.sku, line.sku, line.backordered)
            yield {**part, "expected": line.awaits}
    titles = {line.id: line.title or line.sku for line in order.lines}
    for work in fulfillments_of(reader.session, order.id):
        if work.is_open and reader.shop.locations[work.location_id].kind == "dropship":
            for item in work.items:
                part = _part(titles[item.line_id], item.sku, item.quantity)
                yield {**part, "expected": None}


def shipped(reader: Reader, order: Order, payload: Payload) -> dict[str, Any]:
    parcels = parcels_of(reader.session, order.id)
    parcel = _parcel_of(parcels, payload)
    if parcel.delivered_at is not None:
        raise Stale("The parcel was delivered meanwhile.")
    return _of_parcel(reader, order, parcels, parcel, payload.get("evidence", "scanned"))


def delivered(reader: Reader, order: Order, payload: Payload) -> dict[str, Any]:
    parcels = parcels_of(reader.session, order.id)
    parcel = _parcel_of(parcels, payload)
    if parcel.delivered_at is None:
        raise Stale("The carrier has taken the delivery back.")
    return _of_parcel(reader, order, parcels, parcel, "scanned")


def _parcel_of(parcels: Sequence[Parcel], payload: Payload) -> Parcel:
    for parcel in parcels:
        if parcel.id == payload["parcel"]:
            return parcel
    raise Stale("The parcel does not exist any more.")


def _of_parcel(
    reader: Reader, order: Order, parcels: Sequence[Parcel], parcel: Parcel, evidence: str
) -> dict[str, Any]:
    titles = {line.id: line.title or line.sku for line in order.lines}
    lines = [
        _part(titles.get(i, sku), sku, units)
        for i, sku, units in for_customers(order, parcel.items)
    ]
    index = [other.id for other in parcels].index(parcel.id) + 1
    remaining = _remaining(reader, order)
    return {
        "parcel": {
            "carrier": None if parcel.carrier == OUR_DRIVER else parcel.carrier or None,
            "tracking_number": parcel.tracking_number,
            "tracking_url": parcel.tracking_url or None,
            "lines": lines,
            "index": index,
            "count": None if remaining["lines"] else len(parcels),
            "evidence": evidence,
        },
        "remaining": remaining,
    }


def _part(title: str, sku: str, quantity: int) -> dict[str, Any]:
    return {"title": title, "sku": sku, "quantity": quantity}


def _remaining(reader: Reader, order: Order) -> dict[str, Any]:
    """What still comes, and why it is not in this parcel; no date that nobody has given."""
    left = {line.id: line.wanted - line.shipped for line in order.awaited}
    lines = [_part(x.title or x.sku, x.sku, left[x.id]) for x in order.awaited if left[x.id] > 0]
    if order.is_canceled or not lines:
        return {"lines": [], "next_message": None, "reason": None}
    short = any(line.backordered and not line.awaits for line in order.lines)
    ahead = any(line.backordered and line.awaits for line in order.lines)
    works = [w for w in fulfillments_of(reader.session, order.id) if w.stage is not Stage.CANCELED]
    apart = len({w.location_id for w in works}) > 1
    elsewhere = "other_location" if apart else None
    reason = "backordered" if short else "preorder" if ahead else elsewhere
    return {"lines": lines, "next_message": None, "reason": reason}


def delayed(_: Reader, order: Order, payload: Payload) -> dict[str, Any]:
    if order.is_canceled or not any(line.wanted > line.delivered for line in order.shippable):
        raise Stale("Nothing of this order is still to come.")
    return {
        "delay": {
            "promised": payload.get("promised"),
            "expected": payload.get("expected"),
            "reason": payload.get("reason") or None,
        }
    }
