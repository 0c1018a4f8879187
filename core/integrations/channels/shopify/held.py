"""Money that the shop has only set aside for an order, as a payment of ours."""

from __future__ import annotations

from datetime import timedelta

from core.commands.payment_news import CapturePayment
from core.integrations.channels.shopify import payload as p

AUTHORIZED_FOR = timedelta(days=7)


def held_there(order: p.Order, total: int) -> tuple[CapturePayment, ...]:
    """Until when it is held only some plans are told: cards hold it for seven days at least."""
    if order.financial_status != "authorized" or not total:
        return ()
    ends = (order.processed_at or order.created_at) + AUTHORIZED_FOR
    return (CapturePayment("channel", str(order.id), total, expires_at=ends),)
