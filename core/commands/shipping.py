"""What a connected shop says about its fulfillments: our own echo, or goods that left elsewhere."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from core.commands import handover, tracking
from core.commands.labels import numbered
from core.db.unit_of_work import UnitOfWork
from core.domain import events as e
from core.domain.access import Right
from core.domain.carriers import clean_number
from core.domain.cases import CaseKind, Finding
from core.domain.fulfillment import OPEN_STAGES, FulfillmentOrder, Parcel
from core.domain.kits import in_parts
from core.domain.order import Change, Order
from core.domain.refusals import NotFound
from core.domain.tracking import BEFORE_HANDOVER, TrackingEvent, event
from core.domain.tracking_codes import read
from core.domain.values import dataclass
from core.registry import Done, command

Items = tuple[tuple[int, str, int], ...]


@dataclass(frozen=True, slots=True)
class FulfilledLine:
    """`line` is the channel's own id of the order line."""

    line: str
    quantity: int


@dataclass(frozen=True, slots=True)
class RecordFulfillment:
    """Take over a fulfillment of a connected shop, or the newest state of one that is known.

    `status` and `shipment_status` are Shopify's words (success, cancelled; label_printed,
    in_transit, delivered …), `location` is the shop's own id of the location.
    """

    connection_id: int
    order_external_id: str
    external_id: str
    lines: tuple[FulfilledLine, ...]
    at: datetime
    status: str = "success"
    shipment_status: str = ""
    tracking_number: str = ""
    carrier: str = ""
    tracking_url: str = ""
    location: str = ""


@command("record fulfillment", RecordFulfillment, Right.CAPTURE, in_chat=False)
def record_fulfillment(ask: RecordFulfillment, uow: UnitOfWork) -> Done:
    order = uow.orders.by_external(ask.connection_id, ask.order_external_id)
    if order is None:
        raise NotFound("The order of this fulfillment is not here yet.", code="not_yet")
    items = _items(order, ask)
    parcel = _known(uow, order, ask, items)
    if ask.status == "cancelled":
        _canceled(uow, order, parcel, ask)
    elif ask.status == "success" and not order.handed_over:
        parcel = _update(uow, order, parcel, ask) if parcel else _new(uow, order, ask, items)
        _tell_status(uow, parcel, ask)
    return Done(f"Order {order.number} is known.", {"order": order.number})


def _items(order: Order, ask: RecordFulfillment) -> Items:
    lines = {line.external_id: line for line in order.lines if line.external_id}
    if any(told.line not in lines for told in ask.lines):
        raise NotFound(f"Order {order.number} does not have that line yet.", code="not_yet")
    units: Counter[int] = Counter()
    for told in ask.lines:
        units[lines[told.line].id] += max(0, told.quantity)
    return tuple((i, order.line(i).sku, n) for i, n in in_parts(order, +units).items())


def _known(uow: UnitOfWork, order: Order, ask: RecordFulfillment, items: Items) -> Parcel | None:
    """Our parcel behind it: by the shop's id, by number, or (our own echo) by equal contents."""
    parcels = uow.work.parcels(order.id)
    number = clean_number(ask.tracking_number)
    unnamed = [p for p in parcels if p.external_id is None]
    ways = (
        (p for p in parcels if p.external_id == ask.external_id),
        (p for p in unnamed if number and p.tracking_number == number),
        (
            p
            for p in unnamed
            if sorted(p.items) == sorted(items) and not (number and p.tracking_number)
        ),
    )
    return next((parcel for way in ways for parcel in way), None)


def _new(uow: UnitOfWork, order: Order, ask: RecordFulfillment, items: Items) -> Parcel | None:
    """A parcel that we did not send. None when all of its units have left already."""
    left = {line.id: line.ordered - line.shipped for line in order.lines}
    items = tuple((i, sku, min(n, left[i])) for i, sku, n in items if left[i] > 0)
    if not items:
        return None
    location_id = _location(uow, ask)
    works = _in_order(uow.work.of(order.id), location_id)
    parcel = handover.new_parcel(uow, order, items, works[0].id if works else None)
    parcel = numbered(parcel, ask.tracking_number, ask.carrier, ask.tracking_url)
    parcel = replace(parcel, external_id=ask.external_id)
    if _is_label(ask):
        uow.work.add_parcel(parcel)
        number = parcel.tracking_number or ""
        uow.orders.save(Change(order, (e.ParcelLabeled(parcel.id, parcel.carrier, number),)))
        return parcel
    parcel = replace(parcel, handed_over_at=ask.at)
    handover.leave(
        uow, order, parcel, works, handover.HANDED_OVER, is_new=True, location_id=location_id
    )
    return parcel


def _update(uow: UnitOfWork, order: Order, parcel: Parcel, ask: RecordFulfillment) -> Parcel:
    """Number, carrier and id as the shop has them; what is equal changes nothing."""
    after = numbered(parcel, ask.tracking_number, ask.carrier, ask.tracking_url)
    after = replace(after, external_id=ask.external_id)
    if not parcel.has_left and not _is_label(ask):
        after = replace(after, handed_over_at=ask.at)
        works = _in_order(uow.work.of(order.id), _location(uow, ask), parcel.fulfillment_id)
        handover.leave(uow, order, after, works, handover.HANDED_OVER, is_new=False)
        return after
    if after != parcel:
        uow.work.save_parcel(after)
    if after.tracking_number != parcel.tracking_number:
        fact = e.ParcelTracked(after.id, after.carrier, after.tracking_number or "")
        uow.orders.save(Change(order, (fact,)))
    return after


def _is_label(ask: RecordFulfillment) -> bool:
    """Shopify makes a fulfillment when a label is bought; the parcel still stands with us."""
    if not ask.shipment_status:
        return False
    reading = read("shopify", ask.shipment_status)
    return reading.known and reading.status in BEFORE_HANDOVER


def _tell_status(uow: UnitOfWork, parcel: Parcel | None, ask: RecordFulfillment) -> None:
    """Shopify's own tracking, as far as it says something new."""
    if parcel is None or not ask.shipment_status:
        return
    reading = read("shopify", ask.shipment_status)
    if reading.status.value != parcel.status:
        told: list[TrackingEvent] = [event(reading, ask.at, ask.shipment_status)]
        tracking.tell(uow, uow.work.parcel(parcel.id), told)


def _canceled(uow: UnitOfWork, order: Order, parcel: Parcel | None, ask: RecordFulfillment) -> None:
    """Only a person can see whether the goods are still on the shelf."""
    if parcel is None or parcel.external_id != ask.external_id:
        return
    finding = Finding(
        CaseKind.PARCEL_TROUBLE,
        f"parcel:{parcel.id}:canceled",
        f"The shop canceled parcel {parcel.position} of order {order.number}. "
        "Find out whether it has left.",
        order_id=order.id,
        facts={"trouble": "canceled", "parcel_id": parcel.id},
    )
    uow.cases.open(finding)


def _location(uow: UnitOfWork, ask: RecordFulfillment) -> int | None:
    key = str(ask.connection_id)
    for place in uow.shop.locations.values():
        if ask.location and place.external_ids.get(key) == ask.location:
            return place.id
    return None


def _in_order(
    works: Iterable[FulfillmentOrder], location_id: int | None, first: int | None = None
) -> list[FulfillmentOrder]:
    """Open work, likeliest first: the labeled one, the told location, the furthest along."""
    return sorted(
        (work for work in works if work.is_open),
        key=lambda work: (
            work.id != first,
            work.location_id != location_id,
            -OPEN_STAGES.index(work.stage),
            work.id,
        ),
    )
