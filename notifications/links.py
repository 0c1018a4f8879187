"""Signed links and one-time codes: who may see or do something, without a password or a row.

A token holds an opaque id, when it was made and a version; never a name, mail or order number.
It is at most 64 characters of A-Z a-z 0-9 _ -, so that it also fits a Telegram start parameter.
Raising an order's link version makes every link given out for it worthless.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from itsdangerous import Signer
from itsdangerous.signer import SigningAlgorithm

from core.domain.refusals import NotFound
from core.domain.values import dataclass

MAX_AGE = {
    "track": timedelta(days=30),
    "chat": timedelta(days=30),
    "preferences": timedelta(days=30),
    "act": timedelta(hours=24),
    "papers": timedelta(hours=24),
    "document": timedelta(days=30),
    "photo": timedelta(hours=1),
}
CLOCK_TOLERANCE = timedelta(seconds=120)
KEY_LENGTH_MIN = 16
TOKEN_LENGTH_MAX = 64

_STAMP = struct.Struct(">IH")
_STAMP_LENGTH = 8
# 18 bytes encode without spare bits: no second spelling of a signature is accepted.
_SIGNATURE_BYTES = 18
_SIGNATURE_LENGTH = 24
_SUBJECT = re.compile(r"[A-Za-z0-9_-]{1,32}", re.ASCII)
_TOKEN = re.compile(r"[A-Za-z0-9_-]{33,64}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Link:
    """What a token said, once its signature and age were found good."""

    subject: str
    version: int
    issued_at: datetime


def sign(
    purpose: str, subject: str, issued_at: datetime, secret: Sequence[str], version: int = 0
) -> str:
    """A token for one purpose. `secret` lists the keys, oldest first; the last one signs."""
    if not _SUBJECT.fullmatch(subject):
        raise ValueError("A link carries an opaque id of at most 32 characters, nothing else.")
    stamp = urlsafe_b64encode(_STAMP.pack(int(issued_at.timestamp()), version)).decode()
    value = stamp + subject
    return value + _signer(purpose, secret).get_signature(value).decode()


def read(
    purpose: str,
    token: str,
    now: datetime,
    secret: Sequence[str],
    max_age: timedelta | None = None,
) -> Link:
    """The link in `token`, or a refusal. The caller compares `version` with the subject's own."""
    value, signature = token[:-_SIGNATURE_LENGTH], token[-_SIGNATURE_LENGTH:]
    signer = _signer(purpose, secret)
    if not _TOKEN.fullmatch(token) or not signer.verify_signature(value, signature):
        raise not_valid()
    seconds, version = _STAMP.unpack(urlsafe_b64decode(value[:_STAMP_LENGTH]))
    link = Link(value[_STAMP_LENGTH:], version, datetime.fromtimestamp(seconds, UTC))
    age = now - link.issued_at
    if age < -CLOCK_TOLERANCE:
        raise not_valid()
    if age > (max_age or MAX_AGE[purpose]) + CLOCK_TOLERANCE:
        raise NotFound("This link has expired.", "Ask for a new one.", code="link_expired")
    return link


def not_valid() -> NotFound:
    """The one answer to a forged, revoked or mistyped link."""
    return NotFound("This link is not valid.", "Use the newest message, or ask for a new one.")


def telegram_start(token: str) -> str:
    """The token as a Telegram start parameter, checked against Telegram's own limits."""
    if len(token) > TOKEN_LENGTH_MAX or not _TOKEN.fullmatch(token):
        raise ValueError("This token does not fit a Telegram start parameter.")
    return token


def derive_code(
    secret: Sequence[str], conversation: str, contact: str, issued_slot: int, key: int = -1
) -> str:
    """Six digits for this conversation, contact and issue: derived when sent, never stored.

    `issued_slot` is a number that the conversation keeps and that changes with every new code.
    """
    parts = (conversation, contact, str(issued_slot))
    message = b"".join(struct.pack(">I", len(part.encode())) + part.encode() for part in parts)
    digest = hmac.digest(_keyed(secret[key], "code"), message, "sha256")
    return f"{int.from_bytes(digest, 'big') % 1_000_000:06d}"


def matches(
    typed: str, secret: Sequence[str], conversation: str, contact: str, issued_slot: int
) -> bool:
    """Compares in constant time, under every key still in use; spaces and dashes do not count."""
    digits = re.sub(r"[\s-]", "", typed).encode()
    found = [
        hmac.compare_digest(
            digits, derive_code(secret, conversation, contact, issued_slot, key).encode()
        )
        for key in range(len(secret))
    ]
    return any(found)


class _ShortHmac(SigningAlgorithm):
    def get_signature(self, key: bytes, value: bytes) -> bytes:
        return hmac.digest(key, value, "sha256")[:_SIGNATURE_BYTES]


def _signer(purpose: str, secret: Sequence[str]) -> Signer:
    if purpose not in MAX_AGE:
        raise ValueError(f"There is no link purpose {purpose!r}.")
    return Signer(
        [_checked(key) for key in secret],
        salt=f"wismo.link.{purpose}",
        key_derivation="hmac",
        digest_method=hashlib.sha256,
        algorithm=_ShortHmac(),
    )


def _keyed(key: str, use: str) -> bytes:
    return hmac.digest(_checked(key).encode(), f"wismo.{use}".encode(), "sha256")


def _checked(key: str) -> str:
    if len(key) < KEY_LENGTH_MIN:
        raise ValueError(f"A signing key needs at least {KEY_LENGTH_MIN} characters.")
    return key
