"""API keys: made once, kept as a keyed hash, recognized in constant time."""

from __future__ import annotations

import hashlib
import hmac
import secrets

from starlette.requests import Request

from bot.api.problems import Unknown
from bot.bridge import House
from core.db import setup
from core.domain.access import Actor
from core.domain.values import dataclass

MARK = "wsk"


@dataclass(frozen=True, slots=True)
class NewKey:
    """`key` is shown once; `prefix` and `hash` are what AddKey stores."""

    key: str
    prefix: str
    hash: str


def make_key() -> NewKey:
    prefix = f"{MARK}_{secrets.token_hex(5)}"
    key = f"{prefix}_{secrets.token_urlsafe(32)}"
    return NewKey(key, prefix, hash_of(key))


def hash_of(key: str) -> str:
    """256 random bits need no slow hash: nobody can guess them, and every request is checked."""
    prefix, secret = _split(key)
    return hmac.new(secret.encode(), prefix.encode(), hashlib.sha256).hexdigest()


def _split(key: str) -> tuple[str, str]:
    """The random part may hold underscores of its own: the first two belong to the prefix."""
    mark, _, rest = key.partition("_")
    name, _, secret = rest.partition("_")
    return f"{mark}_{name}", secret


async def actor_of(request: Request, house: House) -> Actor:
    """Who holds the key of this request. One answer for a wrong, a revoked and no key."""
    told = request.headers.getlist("authorization")
    scheme, _, key = told[0].partition(" ") if len(told) == 1 else ("", "", "")
    if scheme.lower() != "bearer" or not key.startswith(f"{MARK}_") or len(key) > 200:
        raise _unknown()
    prefix = _split(key.strip())[0]
    found = await house.read(lambda session: setup.key_by_prefix(session, prefix))
    if found is None or not hmac.compare_digest(found[1], hash_of(key.strip())):
        raise _unknown()
    return found[0]


def _unknown() -> Unknown:
    return Unknown(
        "This needs a valid API key.", "Send `Authorization: Bearer <key>`; make one: `wismo keys`."
    )
