"""Goods that may not leave before their day of sale: reserved at once, and held until then."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from core.commands.gatehouse import lift
from core.db.awaiting import held_for_their_day
from core.db.unit_of_work import UnitOfWork
from core.domain.awaiting import street_days
from core.domain.holds import Hold, HoldReason, Scope
from core.domain.order import Order

BY = "wismo"


def wait_for_their_day(uow: UnitOfWork, order: Order, line_ids: Collection[int]) -> Order:
    """Lines that have found their stock before they are sold wait as held lines; whatever else
    is in the box goes."""
    days = street_days(order.lines, uow.shop.preorders, _today(uow))
    for line_id in sorted(days.keys() & set(line_ids)):
        hold = _hold(uow, line_id, days[line_id])
        if not any(known.is_like(hold) for known in order.holds):
            change = order.hold(hold, order.line(line_id).sku)
            uow.emit(order.id, *change.events)
            order = change.after
    return order


def move_their_day(uow: UnitOfWork, sku: str, day: date | None) -> None:
    """Another day of sale, or none any more: what waits for it waits until then."""
    for order_id in held_for_their_day(uow.session, uow.shop.id, sku):
        order = uow.orders.own(order_id)
        mine = [
            hold
            for hold in order.holds
            if hold.reason is HoldReason.STREET_DATE and order.line(hold.scope_id).sku == sku
        ]
        lifted = f"sold from {day.isoformat()}" if day else "sold from today"
        order = lift(uow, order, mine, lifted, "its day of sale was moved")
        for hold in mine if day else ():
            order = uow.orders.save(order.hold(_hold(uow, hold.scope_id, day), sku))


def _hold(uow: UnitOfWork, line_id: int, day: date | None) -> Hold:
    zone = ZoneInfo(uow.shop.time_zone)
    until = datetime.combine(day or _today(uow), time(), zone).astimezone(uow.now.tzinfo)
    reason = HoldReason.STREET_DATE
    return Hold(uow.new_id(), reason, "", BY, uow.now, until, Scope.LINE, line_id)


def _today(uow: UnitOfWork) -> date:
    return uow.now.astimezone(ZoneInfo(uow.shop.time_zone)).date()
