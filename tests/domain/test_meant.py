"""Words that name a line are no reason; other words are."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.domain.holds import HoldReason
from core.domain.meant import meant_line, require_no_line, require_not_meant
from core.domain.refusals import Invalid
from tests.domain.test_journal import line, order

BOUGHT = order(
    replace(line(1, 1990, 0), sku="mug-red"), replace(line(2, 1990, 0), sku="tee-black-m")
)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("mug red 1", "mug-red 1"),
        ("Mug Red", "mug-red 1"),
        ("tee black M 2 too small", "tee-black-m 2"),
        ("tee-black m 3", "tee-black-m 3"),
        ("2 mug-red", "mug-red 2"),
        ("2 x mug red too late", "mug-red 2"),
        ("mug-red", "mug-red 1"),
        ("mug-red broken", "mug-red 1"),
        ("1 tee too small", "tee-black-m 1"),
        ("2 mugs", "mug-red 2"),
        ("2 weeks late", ""),
        ("2", ""),
        ("mug red broke", ""),
        ("5.00 mug red", ""),
        ("mug", ""),
        ("changed her mind", ""),
        ("", ""),
    ],
)
def test_what_was_meant(text: str, meant: str) -> None:
    assert meant_line(BOUGHT, text) == meant


def test_it_is_asked_for_as_it_should_be_written() -> None:
    with pytest.raises(Invalid) as no:
        require_not_meant(BOUGHT, "mug red 1", "refund")
    assert (no.value.code, no.value.next) == ("meant_line", "Write `refund 1001 mug-red 1`.")


def test_a_line_is_no_note_of_a_hold() -> None:
    require_no_line(BOUGHT, "mug-red is broken", HoldReason.STOCK)
    with pytest.raises(Invalid) as no:
        require_no_line(BOUGHT, " Mug-red", HoldReason.MANUAL)
    assert "`hold 1001 line Mug-red stock`" in no.value.next
