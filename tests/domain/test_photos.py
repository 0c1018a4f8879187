"""What is taken for a photo, how many, and when two are the same."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.photos import (
    BITS_ALIKE,
    BYTES_MOST,
    Unfit,
    are_alike,
    kind_of,
    look_of,
    quarters,
    require_few,
    require_few_per_line,
    require_size,
)
from core.domain.refusals import Refusal

LOOKS = st.integers(0, 2**64 - 1)


@pytest.mark.parametrize(
    ("raw", "kind"),
    [
        (b"\xff\xd8\xff\xe0....", "JPEG"),
        (b"\x89PNG\r\n\x1a\n....", "PNG"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "WEBP"),
    ],
)
def test_a_kind_is_told_by_the_first_bytes(raw: bytes, kind: str):
    assert kind_of(raw) == kind


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"", "photo_kind"),
        (b"GIF89a", "photo_kind"),
        (b"<svg onload=alert(1)>", "photo_kind"),
        (b"RIFF\x00\x00\x00\x00WAVE", "photo_kind"),
        (b"\x00\x00\x00\x18ftypheic\x00", "photo_heic"),
        (b"\x00\x00\x00\x18ftypmif1\x00", "photo_heic"),
        (b"\xff\xd8\xff" + b"x" * BYTES_MOST, "photo_big"),
    ],
)
def test_what_is_no_photo_says_why_and_what_to_do(raw: bytes, code: str):
    with pytest.raises(Unfit) as refused:
        kind_of(raw)
    assert refused.value.code == code
    assert refused.value.next


def test_the_limits_are_five_a_line_ten_a_day_and_25_megapixels():
    require_size(5000, 5000)
    require_few(9)
    require_few_per_line(5, 1)
    require_few_per_line(10, 7)
    for ask in (
        lambda: require_size(5001, 5000),
        lambda: require_size(0, 9),
        lambda: require_few(10),
        lambda: require_few_per_line(6, 1),
        lambda: require_few_per_line(11, 7),
    ):
        with pytest.raises(Refusal):
            ask()


@given(LOOKS, st.sets(st.integers(0, 63), max_size=BITS_ALIKE))
def test_looks_that_are_alike_share_a_quarter(looks: int, flipped: set[int]):
    other = looks
    for bit in flipped:
        other ^= 1 << bit
    one, two = f"{looks:016x}", f"{other:016x}"
    assert are_alike(one, two)
    assert are_alike(two, one)
    assert any(a == b for a, b in zip(quarters(one), quarters(two), strict=True))


@given(LOOKS, st.sets(st.integers(0, 63), min_size=BITS_ALIKE + 1))
def test_looks_that_differ_more_are_two_photos(looks: int, flipped: set[int]):
    other = looks
    for bit in flipped:
        other ^= 1 << bit
    assert not are_alike(f"{looks:016x}", f"{other:016x}")


def test_a_picture_of_one_color_looks_like_nothing():
    assert look_of([7] * 72, 9, 8) == ""
    assert not are_alike("", "")
    assert quarters("") == (None,) * 4


@given(st.lists(st.integers(0, 255), min_size=72, max_size=72))
def test_looks_do_not_change_with_the_light(gray: list[int]):
    darker = [value // 2 * 2 for value in gray]
    brighter = [value + 40 for value in darker]
    assert look_of(darker, 9, 8) == look_of(brighter, 9, 8)
