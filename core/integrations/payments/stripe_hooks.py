"""Stripe's events: whether they are genuine, on our clock, and what they say about money."""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime

TOLERANCE_SECONDS = 300


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
