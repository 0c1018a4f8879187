"""The visitor's session: a cookie that the database knows by its hash only."""

from __future__ import annotations

import hashlib
import re

from starlette.requests import Request

from bot.bridge import House

COOKIE = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)


def is_https(house: House) -> bool:
    return house.settings.base_url.startswith("https://")


def cookie_name(house: House) -> str:
    return "__Host-wismo-chat" if is_https(house) else "wismo-chat"


def session_of(request: Request, house: House) -> str | None:
    found = request.cookies.get(cookie_name(house), "")
    return found if COOKIE.fullmatch(found) else None


def address_of(session: str) -> str:
    """The address of a session's conversation: reading the database opens none."""
    return hashlib.sha256(session.encode()).hexdigest()[:40]


def session_address(request: Request, house: House) -> str:
    """Empty for who has never opened the chat."""
    session = session_of(request, house)
    return address_of(session) if session else ""
