"""A gift is known by a tag, by an attribute of the shop, or because a person said so."""

from __future__ import annotations

import pytest

from core.domain.gift import Gift, gift_of


@pytest.mark.parametrize(
    ("extra", "tags", "gift"),
    [
        ({}, (), None),
        ({}, ("gift",), Gift()),
        ({}, ("Geschenk",), Gift()),
        ({"note:is_gift": "true"}, (), Gift()),
        ({"note:is_gift": "false"}, (), None),
        ({"note:Gift message": " Happy birthday "}, (), Gift("Happy birthday")),
        ({"gift": "yes", "giftnote": "For you"}, (), Gift("For you")),
        ({"gift": "no", "note:Gift message": "Hi"}, ("gift",), None),
        ({"giftnote": "ours", "note:gift-note": "theirs"}, (), Gift("ours")),
        ({"note:gift wrap colour": "red"}, (), None),
    ],
)
def test_who_says_so(extra: dict[str, str], tags: tuple[str, ...], gift: Gift | None) -> None:
    assert gift_of(extra, tags) == gift


def test_a_very_long_note_still_fits_on_the_paper() -> None:
    found = gift_of({"giftnote": "x" * 900}, ())
    assert found is not None
    assert len(found.note) == 500
