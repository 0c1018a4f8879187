"""Units that an edit brings go into the box that nobody has touched yet, not into one of their
own."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from core.db.capacity import has_claim
from core.db.unit_of_work import UnitOfWork
from core.domain.fulfillment import FulfillmentOrder
from core.domain.holds import Scope
from core.domain.order import Order


def rejoin(uow: UnitOfWork, order: Order, known: Collection[int]) -> None:
    """Work that is not among the `known` (ids) joins the oldest open box at its location.

    A box on paper, with a label, or on hold for itself stays as it is; and where a location
    counts what it takes on in a day, each piece keeps its own count.
    """
    works = [work for work in uow.work.of(order.id) if work.is_open]
    fresh = [work for work in works if work.id not in known]
    if not fresh or len(fresh) == len(works):
        return
    hosts = _hosts(uow, order, [work for work in works if work.id in known])
    for work in fresh:
        host = next((h for h in hosts if h.location_id == work.location_id), None)
        if host is not None and not (uow.shop.rules and has_claim(uow.session, work.id)):
            _pour(uow, work, uow.work.by_id(host.id))


def _hosts(
    uow: UnitOfWork, order: Order, works: Sequence[FulfillmentOrder]
) -> list[FulfillmentOrder]:
    labeled = {p.fulfillment_id for p in uow.work.parcels(order.id) if not p.has_left}
    held = {hold.scope_id for hold in order.holds if hold.scope is Scope.BOX}
    return [work for work in works if work.is_untouched and work.id not in labeled | held]


def _pour(uow: UnitOfWork, work: FulfillmentOrder, host: FulfillmentOrder) -> None:
    """Every promise stays one: units of a line that is in the box already are counted with it."""
    there = {item.line_id: item.reservation_id for item in host.items}
    for item in work.items:
        into = there.get(item.line_id)
        if into is None:
            uow.stock.give(item.reservation_id, item.quantity, host.id)
        else:
            uow.stock.join(item.reservation_id, item.quantity, into)
    uow.work.save(work, work.cancel(uow.now))
