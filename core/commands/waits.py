"""A new order may wait a while, so that one parcel is enough; the wait is a hold with an end."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime

from core.db.unit_of_work import UnitOfWork
from core.domain.address import address_key
from core.domain.consolidation import saved, wait_until
from core.domain.estimate import estimate, parcel_cost
from core.domain.holds import Hold, HoldReason
from core.domain.money import Money
from core.domain.order import Order

BY = "the clock"


def begin_wait(uow: UnitOfWork, order: Order, places: Collection[int]) -> Order:
    """The new order on its clock, where the shop's policy lets it wait and the promise has time."""
    hours = _hours(uow, order, places)
    if not hours or any(line.backordered or line.unplaced for line in order.lines):
        return order
    sites = [uow.shop.locations[i] for i in places]

    def arrives(at: datetime) -> date:
        found = (estimate(uow.shop, site, order.ship_to, order.method, at) for site in sites)
        return max(each.day for each in found)

    until = wait_until(uow.now, hours, order.promise, arrives)
    if until is None:
        return order
    costs = [parcel_cost(uow.shop, s, order.ship_to, order.method, uow.now) for s in sites]
    less = saved(costs) if len(costs) > 1 else costs[0]
    note = f"saves about {Money(less, uow.shop.currency)}" if less else ""
    hold = Hold(uow.new_id(), HoldReason.CONSOLIDATION, note, BY, uow.now, until)
    change = order.hold(hold)
    uow.emit(order.id, *change.events)
    return change.after


def _hours(uow: UnitOfWork, order: Order, places: Collection[int]) -> int:
    if not places:
        return 0
    one_place = int(uow.shop.policy["wait_for_one_place_hours"]) if len(places) > 1 else 0
    may_join = order.customer_id is not None and address_key(order.ship_to)
    return max(one_place, int(uow.shop.policy["wait_for_next_order_hours"]) if may_join else 0)
