"""What is told back to the channel an order came from: stored as effects, stopped in watch mode."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from core.db.unit_of_work import UnitOfWork
from core.domain.order import PART, Line, Order
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


def tell_shop(
    uow: UnitOfWork, before: Order | None, order: Order, fields: Sequence[str], key: str
) -> None:
    """The channel gets the state that it shall have, so that telling it twice changes nothing;
    of lines only those that are different from `before`, so that its own edits of others stay.
    Of the parts of a kit it knows nothing."""
    known = {line.id: (line.wanted, line.discount) for line in before.lines} if before else {}
    changed = (x for x in order.lines if known.get(x.id) != (x.wanted, x.discount))
    wanted: dict[str, Any] = {"lines": [_as_told(line) for line in changed if line.kind != PART]}
    if "address" in fields:
        wanted["address"] = order.ship_to
    if "note" in fields:
        wanted["note"] = order.note
    write_back(uow, order, "edit", key, wanted)


def _as_told(line: Line) -> Mapping[str, Any]:
    return {
        "line": line.external_id or "",
        "sku": line.sku,
        "title": line.title,
        "quantity": line.wanted,
        "price": line.unit_price,
        "discount": line.discount,
    }
