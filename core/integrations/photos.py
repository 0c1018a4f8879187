"""Photos of strangers, opened: checked by content, set anew without what the camera noted."""

from __future__ import annotations

import hashlib
import io
from typing import TYPE_CHECKING

from core.domain.photos import Picture, Unfit, kind_of, look_of, require_size, unreadable

if TYPE_CHECKING:
    from PIL.Image import Image

SIDE_MOST = 2000  # pixels: enough to see a scratch
QUALITY = 82
LOOK_WIDTH, LOOK_HEIGHT = 9, 8
WHITE = (255, 255, 255)


def read_photo(raw: bytes) -> Picture:
    """The picture in these bytes, ready to be kept; it takes up to a second. Raises Unfit."""
    from PIL import Image, ImageOps  # the only place that needs it

    kind = kind_of(raw)
    try:
        opened = Image.open(io.BytesIO(raw), formats=(kind,))
        require_size(*opened.size)
        opened.draft("RGB", (SIDE_MOST, SIDE_MOST))
        plain = _on_white(ImageOps.exif_transpose(opened))
    except Unfit:
        raise
    except Exception as problem:  # readers raise anything over bytes that lie
        raise unreadable() from problem
    plain.thumbnail((SIDE_MOST, SIDE_MOST))
    return Picture(
        hashlib.sha256(raw).hexdigest(), _jpeg(plain), plain.width, plain.height, _looks(plain)
    )


def _on_white(image: Image) -> Image:
    """What is transparent becomes white; only the first picture of several is taken."""
    from PIL import Image as Images

    if not image.has_transparency_data:
        return image.convert("RGB")
    full = image.convert("RGBA")
    sheet = Images.new("RGB", full.size, WHITE)
    sheet.paste(full, mask=full.getchannel("A"))
    return sheet


def _jpeg(image: Image) -> bytes:
    """Only pixels go over: no EXIF, no color profile, no comment."""
    into = io.BytesIO()
    clean = image.copy()
    clean.info = {}
    clean.save(into, "JPEG", quality=QUALITY, optimize=True)
    return into.getvalue()


def _looks(image: Image) -> str:
    small = image.convert("L").resize((LOOK_WIDTH, LOOK_HEIGHT))
    return look_of(small.tobytes(), LOOK_WIDTH, LOOK_HEIGHT)
