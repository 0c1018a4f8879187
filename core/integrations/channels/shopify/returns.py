"""Shopify's returns into our commands: its ten reasons are ours, by their names."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from core.commands.channel_returns import ChannelReturnLine, RecordChannelReturn
from core.commands.deliveries import IgnoreDelivery
from core.domain.returns import ReturnReason
from core.domain.shop import Connection
from core.integrations.channels.shopify import payload as p
from core.integrations.channels.shopify.returning import number_in

State = Literal["requested", "open", "declined", "canceled", "closed"]
_STATES: dict[str, State] = {
    "requested": "requested",
    "open": "open",
    "declined": "declined",
    "canceled": "canceled",
    "closed": "closed",
}
TEXT_MAX = 1000


def read_return(connection: Connection, raw: bytes) -> Any:
    told = msgspec.json.decode(raw, type=p.Return, strict=False)
    state = _STATES.get(told.status.lower())
    if state is None:
        return IgnoreDelivery(connection.id, f"returns: {told.status[:60]}")
    return RecordChannelReturn(
        connection_id=connection.id,
        order=str(told.order.id),
        external_id=str(told.id),
        state=state,
        lines=tuple(
            ChannelReturnLine(
                str(line.fulfillment_line_item.line_item.id),
                line.quantity,
                reason_of(line.return_reason),
            )
            for line in told.return_line_items
            if line.fulfillment_line_item is not None and line.quantity > 0
        ),
        note=_notes(told),
        why=_text(told.decline.note if told.decline else None),
        ours=next(
            filter(None, (number_in(x.return_reason_note) for x in told.return_line_items)), ""
        ),
    )


def reason_of(word: str | None) -> ReturnReason:
    """A reason by Shopify's name for it; one that we do not know is `other`."""
    clean = (word or "unknown").lower()
    return (
        ReturnReason(clean)
        if clean in {each.value for each in ReturnReason}
        else ReturnReason.OTHER
    )


def _notes(told: p.Return) -> str:
    words = (x.customer_note or x.return_reason_note for x in told.return_line_items)
    return "\n".join(dict.fromkeys(_text(word) for word in words if word))


def _text(word: str | None) -> str:
    return " ".join((word or "").replace("\x00", "").split())[:TEXT_MAX]
