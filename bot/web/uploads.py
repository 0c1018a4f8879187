"""A photo that a browser sends: its bytes alone, or in a form, and never more than may be kept."""

from __future__ import annotations

from collections.abc import AsyncGenerator

from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from bot.photos import BODY_MOST
from core.domain.photos import too_big, unreadable

FORM_MOST = BODY_MOST + 4096  # what stands around the photo in a form


def is_form(request: Request) -> bool:
    return request.headers.get("content-type", "").startswith("multipart/form-data")


async def photo_in(request: Request) -> bytes:
    """The bytes of the photo. Raises Unfit for too many of them, and for a broken form."""
    if not is_form(request):
        return b"".join([part async for part in _bounded(request, BODY_MOST)])
    parser = MultiPartParser(
        request.headers, _bounded(request, FORM_MOST), max_files=1, max_fields=4
    )
    try:
        form = await parser.parse()
    except (MultiPartException, KeyError, UnicodeDecodeError) as problem:
        raise unreadable() from problem
    sent = form.get("photo")
    try:
        return await sent.read(BODY_MOST) if isinstance(sent, UploadFile) else b""
    finally:
        await form.close()


async def _bounded(request: Request, most: int) -> AsyncGenerator[bytes]:
    """Reading stops as soon as it is too much."""
    length = 0
    async for part in request.stream():
        length += len(part)
        if length > most:
            raise too_big()
        yield part
