"""Stripe's events: whether they are genuine, on our clock, and what they say about money."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from core.commands.deliveries import IgnoreDelivery
from core.commands.disputing import RecordDispute
from core.commands.gateway_refunds import RecordGatewayRefund
from core.commands.payment_news import RecordPayment
from core.domain.disputes import state_of
from core.engine import Unreadable
from core.integrations.payments.port import Held, PaidBack
from core.integrations.payments.stripe import held_of, paid_back_of

TOLERANCE_SECONDS = 300
INTENTS = (
    "payment_intent.amount_capturable_updated",
    "payment_intent.succeeded",
    "payment_intent.canceled",
    "payment_intent.partially_funded",
)
DISPUTES = ("charge.dispute.created", "charge.dispute.updated", "charge.dispute.closed")
REFUNDS = ("refund.created", "refund.updated", "refund.failed", "charge.refund.updated")


def is_signed(raw: bytes, headers: list[str], secret: str, now: datetime) -> bool:
    """One header `t=seconds,v1=hex[,v1=hex]`, over the seconds, a dot and the bytes as they came;
    older or newer than five minutes by our clock is not genuine."""
    if not secret or len(headers) != 1:
        return False
    seconds, signatures = _parts(headers[0])
    if seconds is None or abs(now.timestamp() - seconds) > TOLERANCE_SECONDS:
        return False
    signed = f"{seconds}.".encode() + raw
    wanted = hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
    return any(hmac.compare_digest(wanted.encode(), one.encode()) for one in signatures)


def _parts(header: str) -> tuple[int | None, list[str]]:
    pairs = [piece.strip().partition("=") for piece in header.split(",")]
    times = [value for name, _, value in pairs if name == "t"]
    known = len(times) == 1 and times[0].isascii() and times[0].isdecimal() and len(times[0]) < 13
    return int(times[0]) if known else None, [value for name, _, value in pairs if name == "v1"]


# --- what they say --------------------------------------------------------------------------------


def topic_of(raw: bytes) -> str:
    return str(_event(raw).get("type", ""))


def event_id(raw: bytes) -> str | None:
    """Stripe gives every event an id; the same event may come twice, hours apart."""
    found = _event(raw).get("id")
    return found if isinstance(found, str) and found else None


def translate(connection_id: int, topic: str, raw: bytes) -> Any:
    """The command that an event stands for; each tells the whole thing, so order matters not."""
    read = _READERS.get(topic)
    if read is None:
        return IgnoreDelivery(connection_id, topic[:100])
    try:
        return read(connection_id, _event(raw)["data"]["object"])
    except (KeyError, TypeError, ValueError, AttributeError) as problem:
        return Unreadable(f"{topic}: {problem!r:.200}")


def _event(raw: bytes) -> Mapping[str, Any]:
    try:
        found = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return {}
    return found if isinstance(found, dict) else {}


def payment_news(connection_id: int, held: Held) -> RecordPayment:
    return RecordPayment(
        connection_id=connection_id,
        payment=held.payment,
        currency=held.currency,
        authorized=held.authorized,
        captured=held.captured,
        is_open=held.is_open,
        order=held.order,
        expires_at=held.expires_at,
    )


def refund_news(connection_id: int, one: PaidBack) -> RecordGatewayRefund:
    return RecordGatewayRefund(
        connection_id=connection_id,
        payment=one.payment,
        refund=one.id,
        amount=one.amount,
        currency=one.currency,
        state=one.state,
        at=one.at or datetime.fromtimestamp(0, UTC),
        key=one.key,
        reason=one.reason,
    )


def _read_payment(connection_id: int, told: Mapping[str, Any]) -> RecordPayment:
    return payment_news(connection_id, held_of(told))


def _read_refund(connection_id: int, told: Mapping[str, Any]) -> RecordGatewayRefund:
    return refund_news(connection_id, paid_back_of(told))


def _read_dispute(connection_id: int, told: Mapping[str, Any]) -> Any:
    status = str(told["status"])
    state = state_of(status)
    if state is None:
        return IgnoreDelivery(connection_id, f"dispute: {status[:60]}")
    due = (told.get("evidence_details") or {}).get("due_by")
    return RecordDispute(
        connection_id=connection_id,
        dispute=str(told["id"]),
        payment=str(told.get("payment_intent") or told["charge"]),
        amount=int(told["amount"]),
        currency=str(told["currency"]).upper(),
        state=state,
        at=datetime.fromtimestamp(int(told["created"]), UTC),
        reason=str(told.get("reason") or ""),
        is_inquiry=status.startswith("warning_"),
        due_at=datetime.fromtimestamp(int(due), UTC) if due else None,
    )


_READERS: dict[str, Callable[[int, Any], Any]] = {
    **dict.fromkeys(INTENTS, _read_payment),
    **dict.fromkeys(REFUNDS, _read_refund),
    **dict.fromkeys(DISPUTES, _read_dispute),
}
