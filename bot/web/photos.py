"""The door to photos: a signed link of an hour opens one, and nothing keeps a copy."""

from __future__ import annotations

import secrets
from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.bridge import House
from bot.photos import photo_behind
from bot.web.pages import HEADERS
from bot.web.track import gone

# Whatever a browser might take it for, nothing in it may run or load.
LOCKED = "default-src 'none'; sandbox; frame-ancestors 'none'"


class PhotosPage:
    def __init__(
        self, house: House, token: Callable[[], str] = lambda: secrets.token_urlsafe(16)
    ) -> None:
        self._house = house
        self._token = token

    def routes(self) -> list[Route]:
        return [Route("/photos/{token}", self.page, methods=["GET"])]

    async def page(self, request: Request) -> Response:
        found = await photo_behind(self._house, request.path_params["token"])
        if found is None:
            return await gone(self._house, request, self._token())
        name, content = found
        return Response(content, media_type="image/jpeg", headers=headers_of(name))


def headers_of(name: str) -> dict[str, str]:
    shown = {"Content-Disposition": f'inline; filename="{name[:12]}.jpg"'}
    return {**HEADERS, "Content-Security-Policy": LOCKED, **shown}
