"""Where an order is, for its customer and for the public page behind a signed link."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import cast
from zoneinfo import ZoneInfo

from core.db.claims import claims_of
from core.db.connection import Session
from core.db.contacts import link_target, numbers_of
from core.db.fulfillment import fulfillments_of, parcels_of, tracking_events_of
from core.db.pickups import waiting_of
from core.db.reading import Reader
from core.db.refunds import refunds_of
from core.db.returns import rmas_of
from core.db.rows import moment
from core.domain.access import Right, Role
from core.domain.fulfillment import FulfillmentOrder, Parcel, Stage
from core.domain.holds import is_stopped
from core.domain.kits import for_customers
from core.domain.lanes import LOCAL, PICKUP
from core.domain.nearby import CARRIER as OUR_DRIVER
from core.domain.order import KIT, PART, Line, Order
from core.domain.pickup import Pickup, is_pickup, pickup_place
from core.domain.refusals import NotFound
from core.domain.shop import Shop
from core.domain.values import dataclass
from core.queries.claimable import claim_facts, claimable_facts
from core.queries.facts import (
    OrderFacts,
    ParcelFacts,
    ParcelStatus,
    PickupFacts,
    WaitingFacts,
    WaitingStage,
)
from core.queries.returnable import return_facts, returnable_facts
from core.registry import question

ORDERS_MAX = 20
STAGES: dict[Stage, WaitingStage] = {
    Stage.READY: "ready",
    Stage.PRINTED: "picking",
    Stage.PICKED: "picking",
    Stage.PACKED: "packed",
}

_OWN_STAGES: Mapping[str, WaitingStage] = {PICKUP: "picking", LOCAL: "bring"}


# --- one order as its customer may know it --------------------------------------------------------


def order_facts(session: Session, shop: Shop, order: Order, now: datetime) -> OrderFacts:
    works, parcels = fulfillments_of(session, order.id), parcels_of(session, order.id)
    left = [parcel for parcel in parcels if parcel.has_left or parcel.delivered_at]
    lying = waiting_of(session, order.id) if is_pickup(order) else []
    untouched = not any(line.shipped for line in order.lines) and not order.handed_over
    changeable = untouched and not order.is_canceled
    return OrderFacts(
        number=order.number,
        placed_on=order.placed_at.astimezone(ZoneInfo(shop.time_zone)).date(),
        currency=order.currency,
        total=order.total,
        canceled=order.is_canceled,
        promise=order.promise,
        parcels=tuple(_parcel(order, parcel) for parcel in left),
        waiting=tuple(_waiting(order, works, shop, {each.work_id for each in lying})),
        returnable=returnable_facts(session, shop, order, left, now),
        returns=return_facts(
            shop, order, rmas_of(session, order.id), refunds_of(session, order.id)
        ),
        claimable=claimable_facts(shop, order, left, now),
        claims=claim_facts(order, claims_of(session, order.id)),
        can_cancel=changeable,
        can_change_address=changeable and not is_pickup(order),
        pickup=_pickup(order, lying, shop),
    )


def _titles(order: Order) -> dict[int, str]:
    return {line.id: line.title or line.sku for line in order.lines}


def _parcel(order: Order, parcel: Parcel) -> ParcelFacts:
    titles = _titles(order)
    return ParcelFacts(
        carrier="" if parcel.carrier == OUR_DRIVER else parcel.carrier,
        how=_how(order, parcel),
        tracking_number=parcel.tracking_number or "",
        tracking_url=parcel.tracking_url,
        status=cast("ParcelStatus", parcel.status),
        reason=parcel.reason,
        last_scan_at=parcel.last_scan_at,
        last_scan_place=parcel.last_place,
        handed_over_at=parcel.handed_over_at,
        delivered_at=parcel.delivered_at,
        lines=tuple(
            (titles.get(line_id, sku), units)
            for line_id, sku, units in for_customers(order, parcel.items)
        ),
    )


def _how(order: Order, parcel: Parcel) -> str:
    """Without a carrier: the customer came for it, or we brought it."""
    if parcel.carrier == OUR_DRIVER:
        return "local"
    return "collected" if is_pickup(order) and not parcel.carrier else ""


def _pickup(order: Order, lying: Sequence[Pickup], shop: Shop) -> PickupFacts | None:
    place = pickup_place(shop, order) if is_pickup(order) and not order.is_canceled else None
    if place is None:
        return None
    town = f"{place.zip} {place.city}".strip()
    address = ", ".join(filter(None, (place.street, town)))
    first = min(lying, key=lambda each: each.until, default=None)
    if first is None:
        return PickupFacts(place.name, address)
    return PickupFacts(place.name, address, first.until, first.issue)


def _waiting(
    order: Order, works: Sequence[FulfillmentOrder], shop: Shop, lying: Collection[int]
) -> Iterator[WaitingFacts]:
    """What has not left: given to a location, short, or without any place yet."""
    if order.is_canceled:
        return
    titles = _titles(order)
    for work in works:
        if work.is_open:
            items = (item for item in work.items if order.line(item.line_id).kind != PART)
            for item in items:
                stage = _stage_of_units(order, work, item.line_id, shop)
                if work.id in lying and stage != "held":
                    stage = "collect"
                yield WaitingFacts(titles.get(item.line_id, item.sku), item.quantity, stage)
    yield from _unplaced(order, titles)
    for kit in order.bought:
        if kit.kind == KIT and kit.wanted > kit.shipped:
            stage = _stage_of_kit(order, kit, works)
            yield WaitingFacts(titles[kit.id], kit.wanted - kit.shipped, stage)


def _unplaced(order: Order, titles: Mapping[int, str]) -> Iterator[WaitingFacts]:
    """What no location has been given yet: announced, short, or still to be arranged."""
    for line in order.bought:
        if line.backordered and line.awaits:
            day = date.fromisoformat(line.awaits)
            yield WaitingFacts(titles[line.id], line.backordered, "awaited", day)
        elif line.backordered:
            yield WaitingFacts(titles[line.id], line.backordered, "backordered")
        if line.unplaced > 0:
            yield WaitingFacts(titles[line.id], line.unplaced, "arranging")


def _stage_of_units(order: Order, work: FulfillmentOrder, line_id: int, shop: Shop) -> WaitingStage:
    if is_stopped(order.holds, work.id, line_id):
        return "held"
    if work.stage is Stage.PACKED and order.method in _OWN_STAGES:
        return _OWN_STAGES[order.method]
    return "supplier" if shop.locations[work.location_id].kind == "dropship" else STAGES[work.stage]


def _stage_of_kit(order: Order, kit: Line, works: Sequence[FulfillmentOrder]) -> WaitingStage:
    """A kit is where the slowest of its parts is."""
    parts = [line for line in order.lines if line.kit_line_id == kit.id]
    ids = {part.id for part in parts}
    if any(part.backordered and not part.awaits for part in parts):
        return "backordered"
    if any(part.backordered for part in parts):
        return "awaited"
    stages = [
        work.stage for work in works if work.is_open and any(i.line_id in ids for i in work.items)
    ]
    if any(part.unplaced > 0 for part in parts) or not stages:
        return "arranging"
    return "held" if order.is_held else STAGES[min(stages, key=list(STAGES).index)]


# --- a customer's own orders ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TrackOrders:
    """Show one's own orders, newest first: where each parcel is and what still comes."""


@question("track", TrackOrders, Right.OWN, in_chat=False)
def track_orders(_: TrackOrders, reader: Reader) -> tuple[OrderFacts, ...]:
    return tuple(own_orders(reader).values())


def own_orders(reader: Reader) -> dict[int, OrderFacts]:
    """The customer's orders by id, newest first; nobody else has any."""
    actor = reader.actor
    if actor.role is not Role.CUSTOMER or actor.customer_id is None:
        return {}
    newest = numbers_of(reader.session, actor.customer_id)[:ORDERS_MAX]
    orders = [reader.orders.by_id(order_id) for order_id, _ in newest]
    return {o.id: order_facts(reader.session, reader.shop, o, reader.now) for o in orders}


# --- the page behind a link -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Scan:
    """One thing that the carrier reported."""

    at: datetime
    status: str
    reason: str
    place: str


@dataclass(frozen=True, slots=True)
class PublicOrder:
    """What whoever holds the link may read: no address, no contact, of the name one letter.

    `timelines` stands beside `facts.parcels`, newest scan first.
    """

    id: int
    shop: Shop
    initial: str
    language: str
    links_version: int
    has_customer: bool
    facts: OrderFacts
    timelines: tuple[tuple[Scan, ...], ...]


@dataclass(frozen=True, slots=True)
class TrackByLink:
    """Show the public page of one order; the link's signature was checked by who asks."""

    order_id: int
    version: int


@question("track-link", TrackByLink, Right.MACHINERY, in_chat=False)
def track_by_link(ask: TrackByLink, reader: Reader) -> PublicOrder:
    target = link_target(reader.session, ask.order_id)
    if target is None or target.version != ask.version:
        raise NotFound("This link is not valid.", "Use the newest message, or ask for a new one.")
    order = reader.orders.by_id(ask.order_id)
    facts = order_facts(reader.session, reader.shop, order, reader.now)
    parcels = [p for p in parcels_of(reader.session, order.id) if p.has_left or p.delivered_at]
    return PublicOrder(
        id=order.id,
        shop=reader.shop,
        initial=order.customer_name.strip()[:1].upper(),
        language=order.language,
        links_version=target.version,
        has_customer=target.customer_id is not None,
        facts=replace(
            facts, returnable=(), claimable=(), can_cancel=False, can_change_address=False
        ),
        timelines=tuple(_scans(reader.session, parcel) for parcel in parcels),
    )


def _scans(session: Session, parcel: Parcel) -> tuple[Scan, ...]:
    rows = tracking_events_of(session, parcel.id)
    scans = [Scan(moment(at), status, reason, place) for status, reason, at, place, *_ in rows]
    return tuple(reversed(scans))
