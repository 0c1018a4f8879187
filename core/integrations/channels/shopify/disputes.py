"""Shopify's disputes into our command: the bank's question or claim about an order."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec

from core.commands.deliveries import IgnoreDelivery
from core.commands.disputing import RecordDispute
from core.domain.disputes import state_of
from core.domain.money import parse_minor
from core.domain.shop import Connection
from core.integrations.channels.shopify import payload as p

TOPICS = ("disputes/create", "disputes/update")


def read_dispute(connection: Connection, raw: bytes) -> Any:
    """Money that no order of the store brought in is none of ours."""
    told = msgspec.json.decode(raw, type=p.Dispute, strict=False)
    state = state_of(told.status)
    if state is None or told.order_id is None:
        return IgnoreDelivery(connection.id, f"disputes: {told.status[:60]}")
    return RecordDispute(
        connection_id=connection.id,
        dispute=str(told.id),
        order=str(told.order_id),
        amount=parse_minor(told.amount, told.currency),
        currency=told.currency,
        state=state,
        at=told.initiated_at or datetime.fromtimestamp(0, UTC),
        reason=told.reason or "",
        is_inquiry=told.type == "inquiry",
        due_at=told.evidence_due_by,
    )
