"""A cart holds what it wants and moves only the difference; its order sees that as free."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from core.domain.carts import (
    Held,
    difference,
    first_units,
    give_up,
    releases,
    reserves,
    spread,
    with_own,
)
from core.domain.stock import Level, deltas

BER, HAM = 1, 2
RANKS = {BER: 1, HAM: 2}
SKU = st.sampled_from(("mug", "tee"))
WANTED = st.dictionaries(SKU, st.integers(1, 9))
HELD = st.lists(
    st.builds(Held, SKU, st.sampled_from((BER, HAM)), st.integers(1, 9), st.integers(1, 10**6)),
    max_size=5,
    unique_by=lambda one: one.id,
)
LEVELS = st.lists(
    st.builds(Level, SKU, st.sampled_from((BER, HAM)), st.integers(0, 12), st.just(0)),
    max_size=4,
    unique_by=lambda level: (level.sku, level.location_id),
)


def units(held) -> Counter[str]:
    found: Counter[str] = Counter()
    for one in held:
        found[one.sku] += one.quantity
    return found


def test_a_place_that_has_everything_is_preferred_to_the_first_by_rank():
    levels = [Level("mug", BER, 5, 0), Level("mug", HAM, 5, 0), Level("tee", HAM, 1, 0)]
    found, short = spread({"mug": 2, "tee": 1}, levels, RANKS)
    assert ({one.location_id for one in found}, short) == ({HAM}, {})


def test_a_cart_may_be_held_at_several_places():
    levels = [Level("mug", BER, 3, 0), Level("mug", HAM, 3, 0)]
    found, short = spread({"mug": 5}, levels, RANKS)
    assert [(one.location_id, one.quantity) for one in found] == [(BER, 3), (HAM, 2)]
    assert short == {}


def test_the_better_rank_comes_first_whatever_its_number_is():
    levels = [Level("mug", BER, 3, 0), Level("mug", HAM, 3, 0), Level("mug", 3, 3, 0)]
    found, _ = spread({"mug": 7}, levels, {BER: 2, HAM: 1})
    assert [one.location_id for one in found] == [3, HAM, BER]  # who has no rank is first
    assert spread({"mug": 1}, levels, {BER: 1, HAM: 1, 3: 1})[0][0].location_id == BER


def test_floors_and_promises_are_not_held():
    level = Level("mug", BER, 10, 4, safety=2, buffer=1)
    assert spread({"mug": 5}, [level], RANKS)[1] == {"mug": 2}


@given(WANTED, HELD)
def test_after_the_difference_a_cart_holds_exactly_what_it_wants(wanted, held):
    change = difference(wanted, held)
    assert all(change.values())
    after = units(held)
    after.update(change)
    assert dict(+after) == wanted


@given(WANTED, LEVELS)
def test_what_is_held_and_what_is_short_are_what_was_wanted(wanted, levels):
    found, short = spread(wanted, levels, RANKS)
    assert units(found) + Counter(short) == Counter(wanted)
    room = {(lv.sku, lv.location_id): lv.routable for lv in levels}
    for delta in deltas(reserves(found)):
        assert delta.change.reserved <= room[delta.sku, delta.location_id]


@given(HELD, st.integers(0, 40))
def test_no_more_is_given_up_than_is_held(held, most):
    given_up = first_units(held, most)
    assert sum(units(given_up).values()) == min(most, sum(units(held).values()))
    whole = {one.id: one.quantity for one in held}
    assert all(0 < one.quantity <= whole[one.id] for one in given_up)
    assert units(give_up(units(held), held)) == units(held)


@given(HELD)
def test_to_its_own_order_what_a_cart_holds_is_free(held):
    taken: Counter[tuple[str, int]] = Counter()
    for one in held:
        taken[one.sku, one.location_id] += one.quantity
    levels = [Level(sku, place, n + 3, n) for (sku, place), n in taken.items()]
    seen = with_own(levels, releases(held))
    assert all(level.available == level.on_hand for level in seen)
