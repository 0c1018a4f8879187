"""The consolidation clock at work: one place has everything, the next order came, or `ship now`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated

from core.commands.joining import gather_alone, join
from core.commands.placing import snapshot
from core.db import links, waits
from core.db.fulfillment import fulfillments_of
from core.db.reading import Reader
from core.db.rows import micros
from core.db.unit_of_work import UnitOfWork
from core.domain.access import Right
from core.domain.estimate import estimate
from core.domain.fulfillment import FulfillmentOrder
from core.domain.holds import HoldReason
from core.domain.joining import Shelf, difference, obstacle, one_place, wanted
from core.domain.order import Order
from core.domain.refusals import NotPossible
from core.domain.values import dataclass
from core.registry import Arg, Done, command

TOGETHER_MOST = 10


@dataclass(frozen=True, slots=True)
class ShipNow:
    """End the wait of an order for one parcel; it ships as it is."""

    order: Annotated[str, Arg.ORDER]


@command("ship now", ShipNow, Right.HOLD, examples=("ship now 1001",))
def ship_now(ask: ShipNow, uow: UnitOfWork) -> Done:
    order = uow.orders.get(ask.order)
    if not _is_waiting(order):
        raise NotPossible(f"Order {order.number} does not wait for one parcel.", code="already")
    _end_wait(uow, order, "it ships now")
    return Done(f"Order {order.number} ships now.", {"order": order.number})


def _is_waiting(order: Order) -> bool:
    return any(hold.reason is HoldReason.CONSOLIDATION for hold in order.holds)


def _end_wait(uow: UnitOfWork, order: Order, why: str) -> Order:
    if not _is_waiting(order):
        return order
    return uow.orders.save(order.release(HoldReason.CONSOLIDATION, why))


# --- by the clock ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Found:
    """Orders that can leave in one parcel now: one from a single place, or several together."""

    orders: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Consolidate:
    """Let those orders go that waited for one parcel and can have it now."""


def look(_: Consolidate, reader: Reader) -> Found | None:
    for order_id in waits.waiting(reader.session, reader.shop.id, micros(reader.now)):
        order = reader.orders.own(order_id)
        group = (order, *_mates(reader, order))[:TOGETHER_MOST]
        if len(group) > 1 and _fits(reader, group):
            return Found(tuple(sorted(each.id for each in group)))
        if _places(reader, order) > 1 and _fits(reader, (order,)):
            return Found((order.id,))
    return None


@command("consolidate", Consolidate, Right.MACHINERY, prepare=look, looks_first=True, in_chat=False)
def consolidate(_: Consolidate, uow: UnitOfWork, found: Found | None) -> Done:
    if found is None:
        return Done("No order can leave in one parcel yet.", {"more": False})
    orders = [uow.orders.own(order_id) for order_id in found.orders]
    if not any(_is_waiting(order) for order in orders):
        return Done("Somebody was faster.", {"more": False})
    free = [_end_wait(uow, order, "one parcel is enough now") for order in orders]
    if len(free) > 1:
        join(uow, free)
    else:
        gather_alone(uow, free[0])
    numbers = [order.number for order in free]
    return Done(f"Order {' and '.join(numbers)}: one parcel.", {"orders": numbers, "more": True})


def _mates(reader: Reader, order: Order) -> list[Order]:
    """The customer's other orders that may join it, whether they wait too or not."""
    if order.customer_id is None or not _may_join(reader, order):
        return []
    ids = waits.mates(reader.session, reader.shop.id, order.customer_id, order.id)
    found = (reader.orders.own(each) for each in ids)
    return [o for o in found if difference(order, o) is None and _may_join(reader, o)]


def _may_join(reader: Reader, order: Order) -> bool:
    others = tuple(hold for hold in order.holds if hold.reason is not HoldReason.CONSOLIDATION)
    works = fulfillments_of(reader.session, order.id)
    is_alone = not links.together_with(reader.session, order.id)
    return is_alone and bool(_open(works)) and obstacle(replace(order, holds=others), works) is None


def _open(works: Sequence[FulfillmentOrder]) -> list[FulfillmentOrder]:
    return [work for work in works if work.is_open]


def _places(reader: Reader, order: Order) -> int:
    works = _open(fulfillments_of(reader.session, order.id))
    return len({work.location_id for work in works}) if _may_join(reader, order) else 0


def _fits(reader: Reader, orders: Sequence[Order]) -> bool:
    """One location has all of it, and keeps every promise."""
    works = [w for o in orders for w in _open(fulfillments_of(reader.session, o.id))]
    place_id = one_place(wanted(works), _shelves(reader, works))
    if place_id is None:
        return False
    site, shop = reader.shop.locations[place_id], reader.shop
    days = [(o, estimate(shop, site, o.ship_to, o.method, reader.now).day) for o in orders]
    return all(o.promise is None or day <= o.promise for o, day in days)


def _shelves(reader: Reader, works: Sequence[FulfillmentOrder]) -> list[Shelf]:
    levels = snapshot(reader, wanted(works))
    return [
        Shelf(
            site.id,
            site.rank,
            {level.sku: level.available for level in levels if level.location_id == site.id},
            wanted(work for work in works if work.location_id == site.id),
        )
        for site in reader.shop.locations.values()
        if site.active and (site.paused_until is None or site.paused_until <= reader.now)
    ]
