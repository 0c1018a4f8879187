"""Pictures for tests, drawn by chance from a seed: what a phone might send."""

from __future__ import annotations

import io
import random

from PIL import Image, ImageDraw

SECRET = "taken at home, 52.5 N"


def photo(seed: int = 1, kind: str = "JPEG", size: tuple[int, int] = (320, 240)) -> bytes:
    """Circles on black, with a note of the camera in a JPEG."""
    chance = random.Random(seed)
    image = Image.new("RGB", size)
    draw = ImageDraw.Draw(image)
    for _ in range(25):
        x, y = chance.randrange(size[0]), chance.randrange(size[1])
        color = tuple(chance.randrange(256) for _ in range(3))
        draw.ellipse((x, y, x + chance.randrange(10, 140), y + chance.randrange(10, 140)), color)
    return saved(image, kind)


def saved(image: Image.Image, kind: str = "JPEG", quality: int = 90) -> bytes:
    into = io.BytesIO()
    if kind == "JPEG":
        exif = Image.Exif()
        exif[0x010E] = SECRET
        image.save(into, kind, quality=quality, exif=exif)
    else:
        image.save(into, kind)
    return into.getvalue()


def saved_again(raw: bytes) -> bytes:
    """As a messenger passes it on: smaller, and pressed harder."""
    image = Image.open(io.BytesIO(raw))
    return saved(image.resize((image.width * 3 // 4, image.height * 3 // 4)), quality=50)


def of_size(width: int, height: int) -> bytes:
    return saved(Image.new("1", (width, height)), "PNG")
