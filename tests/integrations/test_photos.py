"""Photos of strangers are opened with care and set anew with nothing but their pixels."""

from __future__ import annotations

import io
import struct

import pytest
from PIL import Image

from core.domain.photos import Unfit, are_alike
from core.integrations.photos import SIDE_MOST, read_photo
from tests.pictures import SECRET, of_size, photo, saved, saved_again


def noted(tag: int, words: bytes) -> bytes:
    """A photo that says it is turned, with words where its camera should have noted a number."""
    turned = struct.pack(">HHIHH", 0x112, 3, 1, 6, 0)
    wrong = struct.pack(">HHI", tag, 2, len(words)) + words
    notes = b"Exif\0\0MM\0*\0\0\0\x08" + struct.pack(">H", 2) + turned + wrong + bytes(4)
    into = io.BytesIO()
    Image.open(io.BytesIO(photo())).save(into, "JPEG", exif=notes)
    return into.getvalue()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_what_is_kept_is_a_jpeg_without_a_word_of_the_camera(kind: str):
    raw = photo(kind=kind)
    kept = read_photo(raw)
    shown = Image.open(io.BytesIO(kept.content))
    assert (shown.format, shown.size) == ("JPEG", (320, 240))
    assert (SECRET.encode() in raw) == (kind == "JPEG")
    assert SECRET.encode() not in kept.content
    assert dict(shown.getexif()) == {}
    assert read_photo(raw).name == kept.name


def test_a_photo_turned_by_the_camera_stands_upright():
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by 90 degrees
    into = io.BytesIO()
    Image.new("RGB", (40, 20)).save(into, "JPEG", exif=exif)
    kept = read_photo(into.getvalue())
    assert (kept.width, kept.height) == (20, 40)


def test_a_large_one_is_made_smaller_and_a_clear_one_white():
    kept = read_photo(of_size(4000, 1000))
    assert (kept.width, kept.height) == (SIDE_MOST, SIDE_MOST // 4)
    clear = read_photo(saved(Image.new("RGBA", (9, 9), (0, 0, 0, 0)), "PNG"))
    assert Image.open(io.BytesIO(clear.content)).getpixel((4, 4)) == (255, 255, 255)


@pytest.mark.parametrize("seed", range(8))
def test_a_photo_that_was_saved_again_is_known_again_and_no_other(seed: int):
    first = read_photo(photo(seed))
    again = read_photo(saved_again(photo(seed)))
    assert first.name != again.name
    assert are_alike(first.looks, again.looks)
    assert not are_alike(first.looks, read_photo(photo(seed + 100)).looks)


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (of_size(5001, 5000), "photo_pixels"),
        (of_size(20_000, 20_000), "photo_broken"),
        (photo()[:900], "photo_broken"),
        (photo()[:-2] + bytes.fromhex("ffda0008010100013f00") * 101, "photo_broken"),
        (b"\xff\xd8\xff" + b"x" * 99, "photo_broken"),
        (b"\x89PNG\r\n\x1a\n" + b"x" * 99, "photo_broken"),
        (noted(0x128, b"cm\0\0"), "photo_broken"),
        (noted(0x11A, b"ab\0\0"), "photo_broken"),
        (b"MZ program", "photo_kind"),
    ],
)
def test_bombs_halves_and_other_files_are_refused(raw: bytes, code: str):
    with pytest.raises(Unfit) as refused:
        read_photo(raw)
    assert refused.value.code == code
