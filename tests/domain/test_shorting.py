"""When goods are missing, the least urgent promise is broken first, and never one unit too many."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from core.domain.fulfillment import OPEN_STAGES, Stage
from core.domain.shorting import Promised, by_sacrifice, losses

MONDAY = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


def promised(
    number: int,
    quantity: int = 1,
    *,
    priority: int = 0,
    minute: int = 0,
    stage: Stage = Stage.READY,
) -> Promised:
    placed = MONDAY + timedelta(minutes=minute)
    return Promised(number, number, str(number), number, number, stage, quantity, priority, placed)


promises = st.lists(
    st.builds(
        promised,
        st.integers(1, 999),
        st.integers(1, 9),
        priority=st.integers(0, 3),
        minute=st.integers(0, 5),
        stage=st.sampled_from(OPEN_STAGES),
    ),
    unique_by=lambda p: p.reservation_id,
    max_size=8,
)


def test_the_lowest_priority_loses_first_and_among_equals_the_youngest():
    old, young, vip = promised(1, minute=1), promised(2, minute=2), promised(3, priority=5)
    assert [p.order for p in by_sacrifice([vip, old, young])] == ["2", "1", "3"]


def test_goods_in_hand_are_surely_there_and_lose_last():
    packed = promised(1, stage=Stage.PACKED)
    vip = promised(2, priority=9, stage=Stage.PRINTED)
    assert [p.order for p in by_sacrifice([packed, vip])] == ["2", "1"]


def test_a_promise_may_lose_only_a_part():
    (loss,) = losses([promised(1, 5)], 2)
    assert (loss.promise.order, loss.units) == ("1", 2)


def test_nothing_missing_breaks_nothing():
    assert losses([promised(1, 5)], 0) == ()


@given(promises, st.integers(0, 80))
def test_exactly_what_is_missing_is_lost_or_everything(given_: list[Promised], units: int):
    found = losses(given_, units)
    assert sum(loss.units for loss in found) == min(units, sum(p.quantity for p in given_))
    assert all(0 < loss.units <= loss.promise.quantity for loss in found)
    assert len({loss.promise.reservation_id for loss in found}) == len(found)


@given(promises, st.integers(0, 80))
def test_only_the_last_victim_may_keep_a_part_and_nobody_is_passed_over(
    given_: list[Promised], units: int
):
    found = losses(given_, units)
    assert [loss.promise for loss in found] == by_sacrifice(given_)[: len(found)]
    assert all(loss.units == loss.promise.quantity for loss in found[:-1])


@given(promises, st.integers(0, 80), st.randoms())
def test_the_order_in_which_promises_are_read_does_not_matter(given_, units, random):
    shuffled = list(given_)
    random.shuffle(shuffled)
    assert losses(shuffled, units) == losses(given_, units)
