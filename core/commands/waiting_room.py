"""Orders for which the rules found no place: what each of them waits for, and until when."""

from __future__ import annotations

from datetime import timedelta

from core.commands.planning import Plan
from core.db import tables as t
from core.db.routing import end_wait
from core.db.rows import micros
from core.db.unit_of_work import UnitOfWork
from core.domain import events as e
from core.domain.order import Order
from core.domain.routing.document import Else, Otherwise


def settle(uow: UnitOfWork, order: Order, plan: Plan) -> None:
    """After each plan by rules: the order waits as its rule says, or no longer."""
    if order.version:
        end_wait(uow, order.id)
    if plan.otherwise is None or not plan.short:
        return
    otherwise = plan.otherwise
    place = uow.shop.location(otherwise.at) if otherwise.at else None
    ends = timedelta(days=otherwise.days)
    uow.insert(
        t.routing_wait,
        {
            "order_id": order.id,
            "shop_id": uow.shop.id,
            "rule": plan.story.rule,
            "does": otherwise.do.value,
            "reason": otherwise.reason,
            "location_id": place.id if place else None,
            "cancel_at": micros(uow.now + ends) if otherwise.do is Else.CANCEL else None,
            "at": micros(uow.now),
        },
    )
    if otherwise.do is not Else.SHIP_PART:
        uow.emit(order.id, _told(plan.story.rule, otherwise))


def _told(rule: str, otherwise: Otherwise) -> e.OrderWaits:
    return e.OrderWaits(
        rule, otherwise.do.value, otherwise.reason, otherwise.at.upper(), otherwise.days
    )
