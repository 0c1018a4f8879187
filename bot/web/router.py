"""All that customers reach with a browser, for bot/main to mount."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.bridge import House
from bot.web.chat import WebChat
from bot.web.papers import PapersPage
from bot.web.photos import PhotosPage
from bot.web.preferences import PreferencesPage
from bot.web.track import TrackingPage


def create_routes(house: House) -> list[Route]:
    opened = (PapersPage(house), PhotosPage(house))
    rooms = (WebChat(house), TrackingPage(house), PreferencesPage(house), *opened)
    icon = Route("/favicon.ico", _icon)
    return [icon, *(route for room in rooms for route in room.routes())]


async def _icon(_: Request) -> Response:
    """A parcel: browsers ask for a picture beside every page's title."""
    return Response(ICON, media_type="image/svg+xml", headers={"Cache-Control": "max-age=86400"})


ICON = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">'
    '<rect width="32" height="32" rx="8" fill="#0b6e69"/>'
    '<path d="M7 11l9-4 9 4v10l-9 4-9-4zm0 0l9 4 9-4m-9 4v10" fill="none" stroke="#fff"'
    ' stroke-width="2" stroke-linejoin="round"/></svg>'
)
