"""Secrets of connections: sealed with the house's key before they are stored, opened when used."""

from __future__ import annotations

import base64
import hashlib
import secrets as chance
from collections.abc import Mapping, Sequence
from functools import lru_cache

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from core.domain.refusals import Invalid
from core.domain.shop import Connection

_PURPOSE = b"wismo connection secrets"
_NONCE_BYTES = 12


def seal_secrets(values: Mapping[str, str], keys: Sequence[str]) -> str:
    """The values as one text that only the house can open. `keys`: oldest first, as in settings."""
    key = keys[-1]
    nonce = chance.token_bytes(_NONCE_BYTES)
    sealed = AESGCM(_derived(key)).encrypt(nonce, msgspec.json.encode(dict(values)), _PURPOSE)
    return f"{_name(key)}.{base64.urlsafe_b64encode(nonce + sealed).decode()}"


def open_secrets(connection: Connection, keys: Sequence[str]) -> dict[str, str]:
    """What was sealed into a connection; one without secrets has none."""
    return open_text(connection.secrets, keys) if connection.secrets else {}


def open_text(sealed: str, keys: Sequence[str]) -> dict[str, str]:
    return dict(_opened(sealed, tuple(keys)))


@lru_cache(maxsize=256)
def _opened(sealed: str, keys: tuple[str, ...]) -> dict[str, str]:
    """Opening costs more than checking a signature with it, and every webhook needs it."""
    name, _, text = sealed.partition(".")
    key = next((key for key in keys if _name(key) == name), None)
    if key is None:
        raise _lost()
    try:
        raw = base64.urlsafe_b64decode(text)
        plain = AESGCM(_derived(key)).decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], _PURPOSE)
    except (InvalidTag, ValueError) as problem:
        raise _lost() from problem
    return msgspec.json.decode(plain, type=dict[str, str])


def _name(key: str) -> str:
    """A key is told apart by a short hash, so that a rotation knows which one opens a text."""
    return hashlib.sha256(b"name of " + key.encode()).hexdigest()[:8]


def _derived(key: str) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=_PURPOSE).derive(key.encode())


def _lost() -> Invalid:
    return Invalid(
        "The stored secrets cannot be opened with this WISMO_SECRET_KEY.",
        "Add the key they were sealed with in front of the new one, or enter the secrets again.",
        code="secrets_lost",
    )
