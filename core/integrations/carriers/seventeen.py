"""17TRACK's pushes: whether they are genuine, and what they say about a parcel."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import msgspec

from core.commands.deliveries import IgnoreDelivery
from core.commands.tracking import RecordTracking
from core.domain.tracking import TrackingEvent, event
from core.domain.tracking_codes import read
from core.engine import Unreadable

TOPIC = "tracking"
UPDATED = "TRACKING_UPDATED"
# A provider that gives no sub-status still names the milestone that it reached.
_STAGES = {
    "InfoReceived": "InfoReceived",
    "PickedUp": "InTransit_PickedUp",
    "Departure": "InTransit_Departure",
    "Arrival": "InTransit_Arrival",
    "AvailableForPickup": "AvailableForPickup_Other",
    "OutForDelivery": "OutForDelivery_Other",
    "Delivered": "Delivered_Other",
    "Returning": "Exception_Returning",
    "Returned": "Exception_Returned",
}
_Data = dict[str, Any]


def is_genuine(raw: bytes, sign: str, key: str) -> bool:
    """The header `sign` is the hex SHA-256 of the raw body, a slash and the account's key."""
    if not key:
        return False
    wanted = hashlib.sha256(raw + b"/" + key.encode()).hexdigest()
    return hmac.compare_digest(wanted.encode(), sign.strip().lower().encode())


def delivery_id(raw: bytes) -> str:
    """Pushes carry no id of their own: equal bytes are the same push."""
    return f"17track:{hashlib.sha256(raw).hexdigest()}"


def translate(connection_id: int, raw: bytes) -> RecordTracking | IgnoreDelivery | Unreadable:
    """A push as a command. A fresh label has no event yet; that is no mistake."""
    try:
        told = msgspec.json.decode(raw)
        topic = told["event"]
        if topic != UPDATED:
            return IgnoreDelivery(connection_id, str(topic))
        return _tracking(told["data"])
    except (AttributeError, LookupError, TypeError, ValueError, OverflowError) as problem:
        return Unreadable(f"17TRACK's push makes no sense: {problem!r:.200}")


def _tracking(data: _Data) -> RecordTracking:
    info = data["track_info"]
    providers = info["tracking"]["providers"] or []
    return RecordTracking(
        tracking_number=str(data["number"]),
        events=tuple(found for one in providers for found in _events(one)),
        carrier=_carrier(providers),
        expected=_expected(info),
    )


def _events(provider: _Data) -> Iterator[TrackingEvent]:
    """Each event that says when; the whole push is kept raw in the inbox anyway."""
    for one in provider.get("events") or []:
        at = _moment(one)
        if at is not None:
            code = one.get("sub_status") or _STAGES.get(one.get("stage") or "", "")
            raw_code = one.get("sub_status") or one.get("stage") or ""
            place = str(one.get("location") or (one.get("address") or {}).get("city") or "")
            words = str(one.get("description") or "")
            yield event(read("17track", code), at, raw_code, place, words)


def _moment(one: _Data) -> datetime | None:
    """UTC when it is given, else the local time with its offset, else the provider's raw time."""
    for text in (one.get("time_utc"), one.get("time_iso"), _raw_time(one.get("time_raw"))):
        if text:
            found = datetime.fromisoformat(text)
            return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    return None


def _raw_time(told: Any) -> str:
    """An object of date, time and zone, or plain text, as the provider likes."""
    if not isinstance(told, dict):
        return told or ""
    day, clock, zone = (told.get(name) or "" for name in ("date", "time", "timezone"))
    return f"{day}T{clock or '00:00:00'}{zone}" if day else ""


def _carrier(providers: list[_Data]) -> str:
    names = (one.get("provider") or {} for one in providers)
    return next((n.get("alias") or n.get("name") or "" for n in names), "")


def _expected(info: _Data) -> date | None:
    """The last day of the carrier's own estimate."""
    estimate = (info.get("time_metrics") or {}).get("estimated_delivery_date") or {}
    text = estimate.get("to") or estimate.get("from") or ""
    return datetime.fromisoformat(text).date() if text else None
