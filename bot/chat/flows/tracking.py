"""Where an order is: said per parcel, from facts alone, never more than the carrier reported."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from bot.chat.flows.questions import items_text
from bot.chat.flows.scene import HUMAN, offer
from bot.chat.talk import Offer, Phrase, Price, Reasons, Say
from bot.chat.words import say
from core.queries.facts import OrderFacts, ParcelFacts, ReturnFacts, WaitingFacts
from notifications import formats

# The carrier's reason codes that we can put into words; matched anywhere in the code.
REASONS = {
    "nobody": "nobody",
    "address": "address",
    "customs": "customs",
    "damage": "damage",
    "lost": "lost",
    "return": "returned",
    "reject": "rejected",
    "delay": "delayed",
}
TROUBLE = ("Exception", "DeliveryFailure", "Expired")
ASIDE = ("Exception", "DeliveryFailure", "InTransit", "AvailableForPickup")


def describe(order: OrderFacts, at: datetime, language: str) -> tuple[Say, ...]:
    total = Price(order.total, order.currency)
    head = say("order.head", number=order.number, placed_on=order.placed_on, total=total)
    return (
        head,
        *_summary(order),
        *_pickup(order),
        *_parts(order, at, language),
        *_dates(order, at),
        *_link(order),
    )


def _summary(order: OrderFacts) -> Iterator[Say]:
    arrived = any(parcel.status == "Delivered" for parcel in order.parcels)
    if order.canceled:
        yield say("order.canceled")
    elif arrived:
        yield say("order.part" if order.is_open else "order.all_delivered")
    elif not order.parcels and not order.waiting:
        yield say("order.empty")


def _pickup(order: OrderFacts) -> Iterator[Say]:
    """Where it is collected; with the code once it lies ready."""
    where = order.pickup
    if where is None or not order.is_open:
        return
    place = ", ".join(filter(None, (where.name, where.address)))
    if where.until is None:
        yield say("order.pickup_later", place=place)
    else:
        yield say("order.pickup", place=place, until=where.until, code=where.code)


def _parts(order: OrderFacts, at: datetime, language: str) -> Iterator[Say]:
    for parcel in order.parcels:
        yield from _parcel(parcel, at, language)
    if not order.canceled:
        for item in order.waiting:
            yield from _waiting(item)


def _parcel(parcel: ParcelFacts, at: datetime, language: str) -> Iterator[Say]:
    if parcel.how:
        yield from _own_way(parcel)
        return
    yield _parcel_head(parcel)
    yield from _parcel_status(parcel)
    if parcel.status == "Delivered" and parcel.delivered_at:
        yield say("parcel.delivered_at", delivered_at=parcel.delivered_at)
    else:
        yield from _last_seen(parcel, at)
    if parcel.tracking_url:
        yield say("parcel.link", url=formats.page(parcel.tracking_url, language))


def _own_way(parcel: ParcelFacts) -> Iterator[Say]:
    """No carrier has a part in it: it was collected, or we bring it ourselves."""
    items = items_text(parcel.lines)
    if parcel.delivered_at is not None:
        word = "parcel.collected" if parcel.how == "collected" else "parcel.brought"
        yield say(word, items=items, delivered_at=parcel.delivered_at)
    else:
        yield say("parcel.bringing", items=items)


def _parcel_status(parcel: ParcelFacts) -> Iterator[Say]:
    if _is_delayed(parcel):
        yield say("parcel.delayed")
        return
    yield say(f"parcel.{parcel.status}")
    if parcel.status in ASIDE and (reason := _reason(parcel.reason)):
        yield say(f"reason.{reason}")


def _is_delayed(parcel: ParcelFacts) -> bool:
    return parcel.status in ("Exception", "InTransit") and _reason(parcel.reason) == "delayed"


def _parcel_head(parcel: ParcelFacts) -> Say:
    items = items_text(parcel.lines)
    if not parcel.tracking_number:
        return say("parcel.head_untracked", carrier=parcel.carrier, items=items)
    return say("parcel.head", carrier=parcel.carrier, tracking=parcel.tracking_number, items=items)


def _last_seen(parcel: ParcelFacts, at: datetime) -> Iterator[Say]:
    if (scan := parcel.last_scan_at) and parcel.last_scan_place:
        yield say("parcel.scan_at", scan=scan, place=parcel.last_scan_place, age=age(at - scan))
    elif scan:
        yield say("parcel.scan", scan=scan, age=age(at - scan))
    elif parcel.handed_over_at:
        yield say("parcel.handed_over", handed_over=parcel.handed_over_at)


def age(passed: timedelta) -> Phrase:
    hours = int(passed.total_seconds() // 3600)
    if hours < 1:
        return Phrase("age.minutes")
    if hours < 24:
        return Phrase("age.hour") if hours == 1 else Phrase("age.hours", hours)
    return Phrase("age.day") if hours < 48 else Phrase("age.days", hours // 24)


def _reason(code: str) -> str:
    lowered = code.lower()
    return next((name for part, name in REASONS.items() if part in lowered), "")


def _waiting(item: WaitingFacts) -> Iterator[Say]:
    yield say(f"waiting.{item.stage}", quantity=item.quantity, title=item.title)
    if item.expected:
        yield say("waiting.expected", expected=item.expected)


def _dates(order: OrderFacts, at: datetime) -> Iterator[Say]:
    if not order.is_open:
        return
    late = _is_late(order, at)
    if order.promise:
        yield say("order.promise_late" if late else "order.promise", promise=order.promise)
    dateless = any(w.stage == "backordered" and not w.expected for w in order.waiting)
    told = any(_is_delayed(parcel) for parcel in order.parcels)
    if dateless or (late and not told and not any(w.expected for w in order.waiting)):
        yield say("order.no_new_date")


def _is_late(order: OrderFacts, at: datetime) -> bool:
    return order.is_open and order.promise is not None and at.date() > order.promise


def _link(order: OrderFacts) -> Iterator[Say]:
    if order.track_url:
        yield say("order.link", url=order.track_url)


def next_steps(order: OrderFacts, several: bool, at: datetime) -> tuple[Offer, ...]:
    """At most six buttons: what is still possible, and always a person: first in trouble."""
    number, trouble = order.number, _in_trouble(order, at)
    steps = (
        (trouble, HUMAN),
        (bool(order.returnable), offer(f"return:{number}", "button.return")),
        (order.can_change_address, offer(f"address:{number}", "button.address")),
        (order.can_cancel, offer(f"cancel:{number}", "button.cancel")),
        (order.is_open, offer(f"watch:{number}", "button.watch")),
        (several, offer("intent:which_order", "button.other_order")),
        (not trouble, HUMAN),
    )
    return tuple(step for legal, step in steps if legal)


def _in_trouble(order: OrderFacts, at: datetime) -> bool:
    stuck = any(parcel.status in TROUBLE or _is_delayed(parcel) for parcel in order.parcels)
    return stuck or _is_late(order, at)


def return_states(orders: list[OrderFacts]) -> tuple[Say, ...]:
    """Every return of these orders with its status and refund, as booked."""
    return tuple(line for order in orders for line in _returns_of(order))


def state_of(order: OrderFacts, entry: ReturnFacts) -> Iterator[Say]:
    """One return as it stands, and what comes next."""
    yield say(
        "return.state",
        number=entry.number,
        order=order.number,
        items=items_text(entry.lines),
        status=status(entry.status),
    )
    yield from steps_of(entry, order.currency)


def _returns_of(order: OrderFacts) -> Iterator[Say]:
    for entry in order.returns:
        yield from state_of(order, entry)
        if entry.refund is not None:
            yield say("return.refund", refund=Price(entry.refund, order.currency))
        elif entry.status not in ("rejected", "canceled", "expired"):
            yield say("return.no_refund")


def steps_of(entry: ReturnFacts, currency: str) -> Iterator[Say]:
    """Why it stands so, and what the customer does next: where to, until when, at whose cost."""
    if entry.why and entry.status in ("rejected", "requested", "kept"):
        yield say("return.why", reason=Reasons(entry.why))
    elif entry.said and entry.status == "rejected":
        yield say("return.why", reason=entry.said)
    if entry.send_to:
        yield say("return.send_to", address=entry.send_to)
    if entry.until is not None:
        yield say("return.until", until=entry.until)
    if entry.send_to and entry.own_label:
        yield say("return.own_label")
    if entry.send_to and entry.fee:
        yield say("return.fee", fee=Price(entry.fee, currency))


RETURN_STATUSES = frozenset(
    {
        "requested",
        "approved",
        "kept",
        "expired",
        "received",
        "restocked",
        "refund_due",
        "refunded",
        "rejected",
        "canceled",
    }
)


def status(name: str) -> Phrase:
    return Phrase(f"return_status.{name if name in RETURN_STATUSES else 'other'}")
