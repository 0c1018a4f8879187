"""Which orders may leave in one parcel, and from where: the rule behind `merge`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from core.domain.address import address_key
from core.domain.fulfillment import FulfillmentOrder
from core.domain.lanes import LOCAL, PICKUP
from core.domain.order import Order, OrderStatus
from core.domain.values import dataclass

Units = Mapping[str, int]  # by SKU


@dataclass(frozen=True, slots=True)
class Shelf:
    """One location as a merge sees it: `free` can still be promised, `held` is promised to these
    orders already. The smaller the rank, the more it is liked."""

    location_id: int
    rank: int
    free: Units
    held: Units

    def gives(self, sku: str) -> int:
        return self.free.get(sku, 0) + self.held.get(sku, 0)


def obstacle(order: Order, works: Iterable[FulfillmentOrder]) -> str | None:
    """Why this order cannot join any other, in words behind its number; None when it may."""
    if order.is_canceled:
        return "is canceled"
    if order.handed_over or order.status is OrderStatus.CLOSED:
        return "has left the house already"
    if order.method in (PICKUP, LOCAL):
        return "does not go with a carrier"
    if order.is_held:
        return f"is on hold for {order.holds[0].reason.words}"
    if any(line.shipped for line in order.lines):
        return "has left in part already"
    if any(line.backordered or line.unplaced for line in order.lines):
        return "waits for stock"
    if any(work.is_open and not work.is_untouched for work in works):
        return "is being picked already"
    return None


def difference(first: Order, other: Order) -> str | None:
    """Why these two do not go to one person at one door; None when they do."""
    if not _same_customer(first, other):
        return "is of another customer"
    key = address_key(first.ship_to)
    if not key or key != address_key(other.ship_to):
        return "goes to another address"
    if first.method != other.method:
        return "is sent in another way"
    return None


def _same_customer(first: Order, other: Order) -> bool:
    if first.customer_id is not None and first.customer_id == other.customer_id:
        return True
    return bool(first.email) and first.email == other.email


def wanted(works: Iterable[FulfillmentOrder]) -> Counter[str]:
    """All units of some work, by SKU."""
    units: Counter[str] = Counter()
    for work in works:
        for item in work.items:
            units[item.sku] += item.quantity
    return units


def one_place(units: Units, shelves: Sequence[Shelf]) -> int | None:
    """The location that can send all of it: where most of it lies ready, then the best ranked."""
    able = [s for s in shelves if all(s.gives(sku) >= n for sku, n in units.items())]
    best = min(able, key=lambda s: (-sum(s.held.values()), s.rank, s.location_id), default=None)
    return best.location_id if best else None
