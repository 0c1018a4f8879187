"""Photos as staff find them: when, from whom, and for which orders."""

from __future__ import annotations

from bot.grammar.desk import Desk
from bot.presentation.model import Page
from bot.presentation.words import when
from core.queries.photos import PhotoBrief, PhotoList


def photos_page(view: PhotoList, desk: Desk) -> Page:
    return Page(
        title=f"Photos of {view.of}: {len(view.photos)}",
        lines=tuple(_line(each, desk) for each in view.photos),
        empty="Nobody has sent a photo for it.",
    )


def _line(photo: PhotoBrief, desk: Desk) -> str:
    size = f"{photo.width} × {photo.height}" if photo.is_kept else "thrown away"
    orders = f"sent for {', '.join(photo.orders)}" if photo.orders else "not used yet"
    return " · ".join((photo.name, when(photo.at, desk), f"by {photo.sent_by}", size, orders))
