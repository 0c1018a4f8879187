"""How messages to and from partners are signed: the Standard Webhooks scheme, both ways.

An id, a time and the bytes, joined by dots, under HMAC-SHA256 with a shared secret
(https://www.standardwebhooks.com): three headers, `webhook-id`, `webhook-timestamp`
(Unix seconds) and `webhook-signature` (`v1,` and base64, several separated by spaces).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime

TOLERANCE_SECONDS = 300
ID, TIME, SIGNATURE = "webhook-id", "webhook-timestamp", "webhook-signature"
PREFIX = "whsec_"


def signed(message: str, at: datetime, raw: bytes, secret: str) -> dict[str, str]:
    """The headers under which `raw` goes out; `message` stays the same over every attempt."""
    seconds = str(int(at.timestamp()))
    return {ID: message, TIME: seconds, SIGNATURE: f"v1,{_sign(message, seconds, raw, secret)}"}


def is_signed(raw: bytes, headers: Mapping[str, Sequence[str]], secret: str, now: datetime) -> bool:
    """One of each header, signed with our secret, not five minutes older or newer than now."""
    told = [headers.get(name, ()) for name in (ID, TIME, SIGNATURE)]
    if not secret or any(len(values) != 1 for values in told):
        return False
    message, seconds, signatures = (values[0] for values in told)
    if not (seconds.isascii() and seconds.isdecimal() and len(seconds) < 13 and message):
        return False
    if abs(now.timestamp() - int(seconds)) > TOLERANCE_SECONDS:
        return False
    wanted = f"v1,{_sign(message, seconds, raw, secret)}".encode()
    return any(hmac.compare_digest(wanted, one.encode()) for one in signatures.split())


def _sign(message: str, seconds: str, raw: bytes, secret: str) -> str:
    content = f"{message}.{seconds}.".encode() + raw
    return base64.b64encode(hmac.new(_key(secret), content, hashlib.sha256).digest()).decode()


def _key(secret: str) -> bytes:
    """Secrets that begin with whsec_ are base64; any other is taken as it is written."""
    if secret.startswith(PREFIX):
        try:
            return base64.b64decode(secret.removeprefix(PREFIX), validate=True)
        except (binascii.Error, ValueError):
            return secret.encode()
    return secret.encode()
