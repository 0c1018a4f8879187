"""A new order may wait a while, so that one parcel is enough; the wait is a hold with an end."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from core.commands.planning import Plan
from core.db.unit_of_work import UnitOfWork
from core.domain.address import address_key
from core.domain.consolidation import NEXT_ORDER, ONE_PLACE, Leave, leave_of, saved, wait_until
from core.domain.estimate import OWN_WAYS, estimate, parcel_cost
from core.domain.holds import Hold, HoldReason
from core.domain.money import Money
from core.domain.order import Order
from core.domain.values import dataclass

BY = "the clock"


@dataclass(frozen=True, slots=True)
class MayWait:
    """An order that its rule or the policies let wait; until None: its promise has no time."""

    leave: Leave
    until: datetime | None

    def noted(self, plan: Plan) -> Plan:
        """The plan with this in its story, for `why`."""
        until = self.until.isoformat() if self.until else ""
        clock: dict[str, Any] = {
            "for": self.leave.what,
            "hours": self.leave.hours,
            "rule": self.leave.rule,
            "until": until,
        }
        return replace(plan, story=replace(plan.story, clock=clock))


def may_wait(uow: UnitOfWork, order: Order, places: Collection[int], plan: Plan) -> MayWait | None:
    """Whether a new order that is whole may wait, and until when its promise lets it."""
    if order.method in OWN_WAYS or not places:
        return None
    if any(line.backordered or line.unplaced for line in order.lines):
        return None
    rule = plan.ruled[1].rule if plan.ruled else None
    leave = leave_of(rule, uow.shop.policy, _what_for(order, places))
    if leave is None:
        return None
    sites = [uow.shop.locations[i] for i in places]

    def arrives(at: datetime) -> date:
        found = (estimate(uow.shop, site, order.ship_to, order.method, at) for site in sites)
        return max(each.day for each in found)

    return MayWait(leave, wait_until(uow.now, leave.hours, order.promise, arrives))


def _what_for(order: Order, places: Collection[int]) -> list[str]:
    may_join = order.customer_id is not None and address_key(order.ship_to)
    return [*([ONE_PLACE] if len(places) > 1 else []), *([NEXT_ORDER] if may_join else [])]


def begin_wait(uow: UnitOfWork, order: Order, places: Collection[int], until: datetime) -> Order:
    """The new order on its clock, with what that saves."""
    sites = [uow.shop.locations[i] for i in places]
    costs = [parcel_cost(uow.shop, s, order.ship_to, order.method, uow.now) for s in sites]
    less = saved(costs) if len(costs) > 1 else costs[0]
    note = f"saves about {Money(less, uow.shop.currency)}" if less else ""
    hold = Hold(uow.new_id(), HoldReason.CONSOLIDATION, note, BY, uow.now, until)
    change = order.hold(hold)
    uow.emit(order.id, *change.events)
    return change.after
