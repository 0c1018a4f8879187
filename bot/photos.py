"""Photos at every door: opened outside any transaction, and shown behind links of an hour."""

from __future__ import annotations

import threading

from bot.bridge import House
from bot.presentation.model import Action
from core.db.photos import content_of
from core.domain.photos import BYTES_MOST, Picture
from core.domain.refusals import Refusal
from core.integrations.photos import read_photo
from core.queries.photos import PhotoBrief
from notifications import links

BODY_MOST = BYTES_MOST + 1  # one more than may be: so much is enough to know that it is too much
# A picture of 25 megapixels takes some hundred megabytes while it is opened.
_OPENING = threading.BoundedSemaphore(2)


async def opened(house: House, raw: bytes) -> Picture:
    """What was sent, ready to be kept. Raises Unfit."""

    def look() -> Picture:
        with _OPENING:
            return read_photo(raw)

    return await house.hop(look)


def photo_links(house: House, photos: tuple[PhotoBrief, ...]) -> tuple[Action, ...]:
    """The buttons that open photos; none for those that were thrown away."""
    return tuple(
        Action(f"Photo {each.name}", "photo", url=photo_url(house, each.id))
        for each in photos
        if each.is_kept
    )


def photo_url(house: House, photo_id: int) -> str:
    token = links.sign("photo", str(photo_id), house.clock(), house.settings.secrets)
    return f"{house.settings.base_url.rstrip('/')}/photos/{token}"


async def photo_behind(house: House, token: str) -> tuple[str, bytes] | None:
    """The name and the JPEG of a link; None for every link that opens nothing."""
    try:
        subject = links.read("photo", token, house.clock(), house.settings.secrets).subject
    except Refusal:
        return None
    if not subject.isdecimal():
        return None
    return await house.read(lambda session: content_of(session, int(subject)))
