"""Short codes that prove something to a colleague: derived when they are told, never stored."""

from __future__ import annotations

import hmac
import re
import struct
from collections.abc import Sequence

CODE_DIGITS = 6
WRONG_CODES_MOST = 5
CODES = "codes"  # whoever types one waits for the one before: wrong ones are counted
_NOT_DIGITS = re.compile(r"[\s-]")


def proof_code(purpose: bytes, keys: Sequence[str], *about: int, key: int = -1) -> str:
    """Six digits about these numbers (shop, thing, issue …) and nothing else.

    `keys` are the house's, oldest first; the newest one makes new codes.
    """
    secret = hmac.digest(keys[key].encode(), purpose, "sha256")
    digest = hmac.digest(secret, struct.pack(f">{len(about)}q", *about), "sha256")
    return f"{int.from_bytes(digest, 'big') % 10**CODE_DIGITS:0{CODE_DIGITS}d}"


def is_proof(typed: str, purpose: bytes, keys: Sequence[str], *about: int) -> bool:
    """Compares in constant time, under every key in use; spaces and dashes do not count."""
    digits = _NOT_DIGITS.sub("", typed).encode()
    found = [
        hmac.compare_digest(digits, proof_code(purpose, keys, *about, key=n).encode())
        for n in range(len(keys))
    ]
    return any(found)
