"""What is told back to the channel an order came from: stored as effects, stopped in watch mode."""

from __future__ import annotations

from typing import Any

from core.db.unit_of_work import UnitOfWork
from core.domain.order import Order
from core.domain.shop import Mode

WATCHING = "watch mode: nothing is written outside"


def write_back(uow: UnitOfWork, order: Order, what: str, key: str, payload: dict[str, Any]) -> None:
    """Plan `what` (fulfillment, cancel) at the order's own channel, when that listens."""
    connection = uow.shop.connection(order.connection_id) if order.connection_id else None
    if connection is None or connection.kind != "shopify" or not connection.active:
        return
    watching = WATCHING if uow.shop.mode is Mode.WATCH else ""
    uow.outbox.add(
        f"{connection.kind}.{what}",
        f"{connection.kind}.{key}",
        {"order": order.number, "external_id": order.external_id, **payload},
        lane=f"{connection.kind}:{connection.id}:{order.id}",
        connection_id=connection.id,
        order_id=order.id,
        suppressed=watching,
        waits=True,
    )
