"""What all public pages share: language, shop, nonce, the strict headers, and same-origin posts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from bot.bridge import House
from bot.chat.words import LANGUAGES
from core.db import setup
from core.domain.shop import Shop
from notifications.render import render_page
from notifications.tell import shop_facts

HEADERS = {
    "Cache-Control": "no-store",
    "X-Robots-Tag": "noindex, nofollow",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
}
POLICY = (
    "default-src 'none'; style-src 'nonce-{nonce}'; script-src 'nonce-{nonce}'; "
    "connect-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)


def answer_page(
    name: str, language: str, facts: Mapping[str, Any], nonce: str, status: int = 200
) -> Response:
    html = render_page(name, language, facts, nonce)
    return HTMLResponse(
        html, status, {**HEADERS, "Content-Security-Policy": POLICY.format(nonce=nonce)}
    )


def preferred_language(request: Request, fallback: str) -> str:
    """The first of the browser's languages that we speak; `?lang=` wins."""
    asked = [request.query_params.get("lang", "")]
    asked += request.headers.get("accept-language", "").split(",")
    for word in (*asked, fallback):
        language = word.split(";")[0].strip()[:2].lower()
        if language in LANGUAGES:
            return language
    return LANGUAGES[0]


def is_same_origin(request: Request, base_url: str) -> bool:
    """A browser says where a post comes from; what sends no such word carries no cookie either."""
    site = request.headers.get("sec-fetch-site")
    if site is not None and site not in ("same-origin", "none"):
        return False
    origin = request.headers.get("origin")
    if origin is None:
        return True
    ours = {urlsplit(base_url).netloc, request.headers.get("host", "")} - {""}
    try:
        return urlsplit(origin).netloc in ours
    except ValueError:
        return False


async def first_shop(house: House, wanted: int | None = None) -> Shop | None:
    """The shop whose page this is: the one named, or the only one."""

    def look(session: Any) -> Shop | None:
        ids = setup.shop_ids(session)
        chosen = wanted if wanted in ids else (ids[0] if ids and wanted is None else None)
        return setup.load_shop(session, chosen) if chosen is not None else None

    return await house.read(look)


def page_facts(shop: Shop | None) -> dict[str, Any]:
    if shop is not None:
        return {"shop": shop_facts(shop)}
    nobody = dict.fromkeys(("name", "url", "email", "phone", "accent"), "")
    return {"shop": {**nobody, "time_zone": "UTC", "address_form": "Sie"}}


def client_of(request: Request) -> str:
    return request.client.host if request.client else ""
