"""All that customers reach with a browser, for bot/main to mount."""

from __future__ import annotations

from starlette.routing import Route

from bot.bridge import House
from bot.web.chat import WebChat
from bot.web.papers import PapersPage
from bot.web.preferences import PreferencesPage
from bot.web.track import TrackingPage


def create_routes(house: House) -> list[Route]:
    rooms = (WebChat(house), TrackingPage(house), PreferencesPage(house), PapersPage(house))
    return [route for room in rooms for route in room.routes()]
