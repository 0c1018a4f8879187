"""Photos that customers and staff send: what is taken, how many, and when two are the same."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from core.domain.refusals import Invalid, NotPossible
from core.domain.values import dataclass

BYTES_MOST = 8 * 1024 * 1024
PIXELS_MOST = 25_000_000
PER_LINE_MOST, PER_DAY_MOST, KEPT_MOST = 5, 10, 10
DAY = timedelta(days=1)
# A progressive JPEG refines its picture some ten times. Each time costs a look at every pixel, and
# a few bytes ask for it: eight megabytes of that take half an hour to open.
SCANS_MOST, _SCAN = 100, b"\xff\xda"
BITS_ALIKE = 3  # of 64; so at least one of four quarters is the same, which is looked for first
QUARTERS = 4

_HEIC = (b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1", b"avif")


@dataclass(frozen=True, slots=True)
class Picture:
    """A photo as it is kept: set anew as JPEG, with nothing of what the camera noted in it.

    `name` is the SHA-256 of what was sent. `looks` are 64 bits (16 hexadecimal digits) of the
    differences between its pixels; empty where a picture shows too little to tell.
    """

    name: str
    content: bytes
    width: int
    height: int
    looks: str = ""


class Unfit(Invalid):
    """What was sent is no photo that can be kept; its code says why, for words in any language."""


def kind_of(raw: bytes) -> str:
    """JPEG, PNG or WEBP by its first bytes, whatever its name says. Raises Unfit."""
    if len(raw) > BYTES_MOST:
        raise too_big()
    if raw[4:8] == b"ftyp" and raw[8:12] in _HEIC:
        raise Unfit(
            "This is a HEIC photo, which cannot be shown everywhere.",
            "Send it as a JPEG: on an iPhone, share it by chat, or choose Most Compatible.",
            code="photo_heic",
        )
    if raw[:3] == b"\xff\xd8\xff":
        if raw.count(_SCAN) > SCANS_MOST:
            raise unreadable()
        return "JPEG"
    if raw[:8] == b"\x89PNG\r\n\x1a\n":
        return "PNG"
    if raw[:4] == b"RIFF" and raw[8:12] == b"WEBP":
        return "WEBP"
    raise Unfit("This is no photo.", "Send a JPEG, PNG or WebP.", code="photo_kind")


def too_big() -> Unfit:
    return Unfit("This photo has more than 8 MB.", "Send a smaller one.", code="photo_big")


def require_size(width: int, height: int) -> None:
    """Raises Unfit for more than 25 megapixels."""
    if width < 1 or height < 1 or width * height > PIXELS_MOST:
        raise Unfit(
            "This photo has more than 25 megapixels.", "Send a smaller one.", code="photo_pixels"
        )


def unreadable() -> Unfit:
    return Unfit("This photo cannot be opened.", "Send it once more.", code="photo_broken")


def require_few(sent_today: int) -> None:
    """Raises NotPossible above what one customer may send within a day."""
    if sent_today >= PER_DAY_MOST:
        raise NotPossible(
            f"{PER_DAY_MOST} photos a day are as many as can be taken.",
            "Send the rest tomorrow, or ask for a person.",
            code="photo_many",
        )


def require_few_per_line(photos: int, lines: int) -> None:
    """Raises Invalid above five for each line, and above ten."""
    most = min(KEPT_MOST, PER_LINE_MOST * max(1, lines))
    if photos > most:
        raise Invalid(f"There are {most} photos at most.", "Leave some out.")


# --- the same photo again ------------------------------------------------------------------------


def quarters(looks: str) -> tuple[int | None, ...]:
    """Sixteen bits each: two photos that look alike share at least one of them."""
    if not looks:
        return (None,) * QUARTERS
    return tuple(int(looks[at : at + 4], 16) for at in range(0, 16, 4))


def are_alike(one: str, other: str) -> bool:
    """Whether two looks are of the same photo, as after it was made smaller or saved again."""
    if not one or not other:
        return False
    return (int(one, 16) ^ int(other, 16)).bit_count() <= BITS_ALIKE


def look_of(gray: Iterable[int], width: int, height: int) -> str:
    """The looks of `height` rows of `width` grays (0 to 255), each compared with its neighbor.

    Empty for a picture that is nearly one color: those are all alike and say nothing.
    """
    values = list(gray)
    if max(values) - min(values) < FLAT:
        return ""
    bits = 0
    for row in range(height):
        for at in range(row * width, (row + 1) * width - 1):
            bits = bits << 1 | (values[at] > values[at + 1])
    return f"{bits:016x}"


FLAT = 24
