"""Who acts next on an order and until when, and what this person may do with it now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.db.reading import Reader
from core.domain.access import Actor, Right
from core.domain.detect import calendar_of
from core.domain.fulfillment import FulfillmentOrder, Parcel, Stage
from core.domain.order import Order, OrderStatus
from core.domain.promise import add_working_time

_DOING = {
    Stage.READY: "pick",
    Stage.PRINTED: "pick",
    Stage.PICKED: "pack",
    Stage.PACKED: "hand over",
}
_VERBS = {
    Stage.READY: "picked",
    Stage.PRINTED: "picked",
    Stage.PICKED: "packed",
    Stage.PACKED: "shipped",
}


@dataclass(frozen=True, slots=True)
class Next:
    """Who acts next and until when (None: no clock runs)."""

    party: str
    what: str
    until: datetime | None = None


def next_step(
    reader: Reader, order: Order, works: Sequence[FulfillmentOrder], parcels: Sequence[Parcel]
) -> Next | None:
    """The nearest obstacle counts: a hold, missing stock, work at a location, the carrier."""
    if order.is_canceled:
        return None
    if order.holds:
        hold = order.holds[0]
        party = "customer" if hold.reason.value == "customer" else hold.by
        word = "" if hold.reason.value == "manual" else f"{hold.reason.value} "
        return Next(party, f"decide the {word}hold", hold.until)
    if any(line.unplaced > 0 for line in order.lines):
        return Next("us", "make the SKU known, then `retry`")
    if any(line.backordered for line in order.lines):
        return Next("us", "find stock for what is short")
    open_works = [work for work in works if work.is_open]
    if open_works:
        return _at_location(reader, open_works[0])
    return _at_carrier(parcels)


def _at_location(reader: Reader, work: FulfillmentOrder) -> Next:
    """The same open hours that the scan for stuck work counts."""
    place = reader.shop.locations[work.location_id]
    limit = timedelta(hours=float(reader.shop.policy["stuck_hours"]))
    until = add_working_time(calendar_of(place), work.ready_at, limit)
    return Next(place.code, _DOING[work.stage], until)


def _at_carrier(parcels: Sequence[Parcel]) -> Next | None:
    for parcel in parcels:
        if parcel.delivered_at is None and parcel.has_left:
            return Next(parcel.carrier or "carrier", "deliver")
    return None


def legal_actions(actor: Actor, order: Order, works: Sequence[FulfillmentOrder]) -> tuple[str, ...]:
    """What this person may do next, the most likely first."""
    may = actor.may
    found: list[str] = []
    open_works = [w for w in works if w.is_open]
    if order.is_held and may(Right.HOLD):
        found.append("release")
    if open_works and not order.is_held and may(Right.FULFILL):
        found.append(_VERBS[open_works[0].stage])
    if any(line.returnable > 0 for line in order.lines) and may(Right.RETURN_REQUEST):
        found.append("return")
    if open_works and not order.is_held and may(Right.HOLD):
        found.append("hold")
    if open_works and all(w.is_untouched for w in open_works):
        found += ["move"] if may(Right.MOVE) else []
        found += ["cancel"] if may(Right.CANCEL) else []
    if order.status is OrderStatus.OPEN and not order.handed_over and may(Right.EDIT):
        found.append("edit")
    found.append("note")
    return tuple(found)
