"""All that customers reach with a browser, as one router for bot/main to mount."""

from __future__ import annotations

from fastapi import APIRouter

from bot.bridge import House
from bot.web.chat import WebChat
from bot.web.preferences import PreferencesPage
from bot.web.track import TrackingPage


def create_router(house: House) -> APIRouter:
    router = APIRouter()
    for room in (WebChat(house), TrackingPage(house), PreferencesPage(house)):
        router.include_router(room.router())
    return router
