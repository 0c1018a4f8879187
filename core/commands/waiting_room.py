"""Orders for which the rules found no place: what each of them waits for, and until when."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from core.commands.planning import Plan, offers_of
from core.db import tables as t
from core.db.routing import end_wait
from core.db.rows import micros
from core.db.unit_of_work import UnitOfWork
from core.domain import events as e
from core.domain.cases import CaseKind, Finding
from core.domain.order import Order
from core.domain.routing.decision import Decision, Facts
from core.domain.routing.document import Else, Otherwise
from core.domain.routing.story import cost_of

ANSWERED = "where it ships from is decided"


def settle(uow: UnitOfWork, order: Order, plan: Plan) -> None:
    """After each plan: the order waits as its rule says, or no longer."""
    if order.version:
        end_wait(uow, order.id)
    asks = plan.otherwise is not None and plan.otherwise.do is Else.ASK
    if order.version and not asks:
        uow.cases.close(CaseKind.ROUTING_CHOICE, _subject(order), ANSWERED)
    if plan.otherwise is None:
        return
    _keep(uow, order, plan.story.rule, plan.otherwise)
    if asks and plan.ruled is not None:
        _ask(uow, order, offers_of(uow, plan), *plan.ruled)


def _subject(order: Order) -> str:
    return f"order:{order.id}"


def _keep(uow: UnitOfWork, order: Order, rule: str, otherwise: Otherwise) -> None:
    place = uow.shop.location(otherwise.at) if otherwise.at else None
    ends = uow.now + timedelta(days=otherwise.days)
    uow.insert(
        t.routing_wait,
        {
            "order_id": order.id,
            "shop_id": uow.shop.id,
            "rule": rule,
            "does": otherwise.do.value,
            "reason": otherwise.reason,
            "location_id": place.id if place else None,
            "cancel_at": micros(ends) if otherwise.do is Else.CANCEL else None,
            "at": micros(uow.now),
        },
    )
    if otherwise.do in (Else.SHIP_PART, Else.NEXT):
        return
    at = place.code if place else ""
    uow.emit(order.id, e.OrderWaits(rule, otherwise.do.value, otherwise.reason, at, otherwise.days))


def _ask(
    uow: UnitOfWork, order: Order, plans: Sequence[Decision], facts: Facts, found: Decision
) -> None:
    """A card with the two best plans; a plan may still leave units waiting."""
    finding = Finding(
        CaseKind.ROUTING_CHOICE,
        _subject(order),
        f"Order {order.number}: rule “{found.rule.name}” asks a person where it ships from.",
        order_id=order.id,
        facts={
            "currency": uow.shop.currency,
            "plans": [_offered(facts, plan) for plan in plans],
        },
    )
    uow.cases.close(CaseKind.ROUTING_CHOICE, _subject(order), "the plans are different now")
    uow.cases.open(finding)


def _offered(facts: Facts, plan: Decision) -> Mapping[str, Any]:
    parts = cost_of(facts, plan)
    return {
        "locations": list(parts.locations),
        "parcels": parts.parcels,
        "cost": parts.cost,
        "short": parts.units_short,
        "picks": [[pick.location, pick.sku, pick.quantity] for pick in plan.picks],
    }
