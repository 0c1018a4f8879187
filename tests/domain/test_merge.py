"""Whose word counts when the channel and we both hold an order."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from core.domain.merge import Said, Word, said_of, whose
from core.domain.order import Address
from tests.domain.test_edits import HOME, two_mugs

units = st.integers(0, 5)
KIEZ = replace(HOME, street="Kiez 7", zip="10999")


@given(units, units, units)
def test_three_words_on_one_field(base: int, ours: int, theirs: int) -> None:
    found = whose(base, ours, theirs)
    assert (found is Word.SAME) == (ours == theirs)
    if ours != theirs:
        assert (found is Word.OURS) == (theirs == base)
        assert (found is Word.THEIRS) == (ours == base)
        assert (found is Word.CONFLICT) == (base not in (ours, theirs))


@given(units, units)
def test_of_an_order_that_nobody_edited_here_the_channel_has_the_word(
    ours: int, theirs: int
) -> None:
    assert whose(ours, ours, theirs) in (Word.SAME, Word.THEIRS)


def test_what_the_channel_never_spoke_of_is_news() -> None:
    assert whose(None, 1, 2) is Word.THEIRS


def test_an_order_says_itself_what_its_channel_said() -> None:
    said = said_of(two_mugs())
    assert (said.lines, said.ship_to, said.total) == ({"1": 2, "2": 1}, HOME, 5670)
    assert said.whose_units("1", 2, 3) is Word.THEIRS


def test_a_late_echo_of_our_own_words_is_no_news() -> None:
    order = two_mugs()
    three = order.with_lines({1: replace(order.lines[0], ordered=3)})
    four = order.with_lines({1: replace(order.lines[0], ordered=4)})
    said = said_of(order).after_telling(three).after_telling(four)
    assert said.whose_units("1", 4, 3) is Word.OURS
    assert said.whose_units("1", 4, 4) is Word.SAME
    assert said.whose_units("1", 4, 2) is Word.OURS
    assert said.whose_units("1", 4, 1) is Word.CONFLICT
    assert said.whose_units("2", 1, 5) is Word.THEIRS


def test_addresses_are_compared_by_their_door() -> None:
    said = Said(ship_to=HOME)
    spelled = replace(HOME, street="Hauptstraße 1")
    assert said.whose_address(HOME, spelled) is Word.THEIRS  # nobody edited it: as they spell it
    assert said.whose_address(KIEZ, spelled) is Word.OURS  # the same door as before: not touched
    assert said.whose_address(HOME, KIEZ) is Word.THEIRS
    assert said.whose_address(KIEZ, KIEZ) is Word.SAME
    assert said.whose_address(KIEZ, replace(KIEZ, name="A. Schmidt")) is Word.SAME
    assert said.whose_address(KIEZ, replace(HOME, street="Ring 2")) is Word.CONFLICT
    assert said.whose_address(KIEZ, Address()) is Word.OURS
    told = said.after_telling(replace(two_mugs(), ship_to=KIEZ))
    assert told.whose_address(replace(HOME, street="Ring 2"), KIEZ) is Word.OURS
