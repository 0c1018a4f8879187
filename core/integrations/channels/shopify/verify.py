"""Is this really our store? The signature over the raw bytes, and the name of the shop."""

from __future__ import annotations

import base64
import hmac


def is_signed(raw: bytes, signatures: list[str], secret: str) -> bool:
    """Base64 of the HMAC over the bytes as they came; one header, and never an empty secret."""
    if not secret or len(signatures) != 1:
        return False
    wanted = base64.b64encode(hmac.digest(secret.encode(), raw, "sha256"))
    return hmac.compare_digest(wanted, signatures[0].encode())


def is_from(domains: list[str], shop_domain: str) -> bool:
    """A valid signature of one store opens no door of another."""
    return (
        bool(shop_domain)
        and len(domains) == 1
        and domains[0].strip().casefold() == shop_domain.strip().casefold()
    )
