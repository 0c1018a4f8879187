"""The shelves of the past: what came and went in its time, and orders that take theirs in turn."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from core.domain.routing.problem import Pick
from core.domain.routing.replay import Change, shelves_at

PLACES, SKUS = ("BER", "HAM"), ("mug", "tee")
changes = st.lists(
    st.builds(
        Change,
        st.integers(1, 9),
        st.sampled_from(PLACES),
        st.sampled_from(SKUS),
        st.integers(-5, 5),
    ),
    max_size=8,
)
levels = st.dictionaries(
    st.tuples(st.sampled_from(PLACES), st.sampled_from(SKUS)), st.integers(0, 9), min_size=1
)


def flat(free: dict[str, dict[str, int]]) -> dict[tuple[str, str], int]:
    return {(p, sku): units for p, row in free.items() for sku, units in row.items() if units}


@settings(max_examples=40)
@given(levels, changes, changes)
def test_whoever_takes_what_was_taken_ends_with_what_lies_there_now(
    now: dict[tuple[str, str], int], others: list[Change], own: list[Change]
) -> None:
    shelves = shelves_at(0, now, others, own)
    for at in range(1, 10):
        shelves.pass_to(at)
        for each in own:
            if each.at == at:
                shelves.take((Pick(each.place, each.sku, -each.units),))
    assert flat(shelves.free) == {cell: units for cell, units in now.items() if units}


@settings(max_examples=40)
@given(levels, changes, st.integers(0, 10), st.integers(0, 10))
def test_every_moment_has_what_lies_there_now_less_what_came_later(
    now: dict[tuple[str, str], int], others: list[Change], began: int, then: int
) -> None:
    """The shelves begin at any moment and pass to any other; back in time they never go."""
    later = [each for each in others if each.at >= began]
    shelves = shelves_at(began, now, later, ())
    shelves.pass_to(then)
    expected = dict(now)
    for each in later:
        if each.at > max(began, then):
            cell = (each.place, each.sku)
            expected[cell] = expected.get(cell, 0) - each.units
    assert flat(shelves.free) == {cell: units for cell, units in expected.items() if units}


def test_what_a_canceled_order_took_comes_back_when_it_was_canceled() -> None:
    shelves = shelves_at(0, {("BER", "mug"): 5}, (), ())
    shelves.take((Pick("BER", "mug", 2),), canceled_at=4)
    shelves.take((Pick("BER", "mug", 1),), canceled_at=4)
    shelves.take((Pick("BER", "mug", 1),))
    shelves.pass_to(3)
    assert shelves.free["BER"]["mug"] == 1
    shelves.pass_to(4)
    assert shelves.free["BER"]["mug"] == 4
