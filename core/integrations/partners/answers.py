"""A partner's messages: whether they are genuine, and what they say about a hand-off."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec

from core.commands.deliveries import IgnoreDelivery
from core.commands.partner_answers import RecordPartnerAnswer, SentUnits
from core.domain.partners import Answer
from core.engine import Unreadable

LINES_MOST = 200
TEXT_MAX = 2000
_KNOWN = {f"fulfillment.{answer.value}": answer for answer in Answer}


class _Line(msgspec.Struct):
    sku: str
    quantity: int


class _Said(msgspec.Struct):
    type: str
    id: str
    reason: str = ""
    tracking_number: str = ""
    carrier: str = ""
    tracking_url: str = ""
    shipped_at: datetime | None = None
    lines: list[_Line] = []


_decode = msgspec.json.Decoder(_Said).decode


def topic_of(raw: bytes) -> str:
    """The type that a message names; empty when it makes no sense."""
    try:
        told = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ""
    return str(told.get("type", "")) if isinstance(told, dict) else ""


def translate(connection_id: int, topic: str, raw: bytes) -> Any:
    """A message as a command; of kinds that we do not know nothing follows."""
    answer = _KNOWN.get(topic)
    if answer is None:
        return IgnoreDelivery(connection_id, topic[:100])
    try:
        told = _decode(raw)
        return _command(connection_id, answer, told)
    except (msgspec.DecodeError, ValueError, OverflowError) as problem:
        return Unreadable(f"The partner's message makes no sense: {problem!r:.200}")


def _command(connection_id: int, answer: Answer, told: _Said) -> RecordPartnerAnswer:
    if len(told.lines) > LINES_MOST or not (told.id.isascii() and told.id.isdecimal()):
        raise ValueError("its id or its lines are not as we asked them")
    return RecordPartnerAnswer(
        connection_id=connection_id,
        handoff=int(told.id),
        answer=answer,
        reason=told.reason[:TEXT_MAX],
        tracking_number=told.tracking_number,
        carrier=told.carrier,
        tracking_url=told.tracking_url,
        at=_utc(told.shipped_at),
        lines=tuple(SentUnits(line.sku, line.quantity) for line in told.lines),
    )


def _utc(at: datetime | None) -> datetime | None:
    if at is None:
        return None
    return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
