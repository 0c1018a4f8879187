"""Photos from Telegram: which file of a message is one, and its bytes over the Bot API."""

from __future__ import annotations

import io
import logging
from typing import TYPE_CHECKING

from core.domain.photos import BYTES_MOST, Unfit, too_big

if TYPE_CHECKING:
    from aiogram import Bot
    from aiogram.types import Message

log = logging.getLogger("wismo.telegram")
LOAD_SECONDS = 20


def file_of(message: Message) -> str:
    """The largest size of a photo, or a picture that was sent as a file; empty for anything else.

    A file counts by what its sender calls it; what it really is shows when it is opened.
    """
    if message.photo:
        return max(message.photo, key=lambda size: size.width * size.height).file_id
    document = message.document
    if document is not None and (document.mime_type or "").startswith("image/"):
        return document.file_id
    return ""


async def load_photo(bot: Bot, file_id: str) -> bytes:
    """Raises Unfit when it is too big, or does not come."""
    from aiogram.exceptions import TelegramAPIError
    from aiohttp import ClientError  # what aiogram's file server answers comes through as it is

    into = io.BytesIO()
    try:
        file = await bot.get_file(file_id, request_timeout=LOAD_SECONDS)
        if (file.file_size or 0) > BYTES_MOST:
            raise too_big()
        if file.file_path is None:
            raise _lost()
        await bot.download_file(file.file_path, into, timeout=LOAD_SECONDS, seek=False)
    except (TelegramAPIError, ClientError, OSError, TimeoutError) as problem:
        log.info("a photo could not be loaded: %s", type(problem).__name__)
        raise _lost() from problem
    return into.getvalue()


def _lost() -> Unfit:
    return Unfit("The photo could not be loaded.", "Send it once more.", code="photo_lost")
