"""The door to printed papers: a signed link opens one PDF for a day."""

from __future__ import annotations

import secrets
from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.bridge import House
from bot.papers import paper_behind
from bot.web.pages import HEADERS
from bot.web.track import gone


class PapersPage:
    def __init__(
        self, house: House, token: Callable[[], str] = lambda: secrets.token_urlsafe(16)
    ) -> None:
        self._house = house
        self._token = token

    def routes(self) -> list[Route]:
        return [Route("/papers/{token}", self.page, methods=["GET"])]

    async def page(self, request: Request) -> Response:
        paper = await paper_behind(self._house, request.path_params["token"])
        if paper is None:
            return await gone(self._house, request, self._token())
        shown = {"Content-Disposition": f'inline; filename="{paper.name}"'}
        return Response(paper.pdf, media_type="application/pdf", headers={**HEADERS, **shown})
