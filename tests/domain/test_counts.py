"""Counting: who is believed at once, what a shelf loses in trust, which goods are class A."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from core.domain.counts import (
    FirstCount,
    Found,
    Picked,
    a_class,
    compare,
    is_believed,
    is_week_over,
    on_hand,
    raised_buffer,
)

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
DAY = timedelta(days=1)
UNITS = st.integers(0, 10**6)


def first(hours_ago: float) -> FirstCount:
    return FirstCount(5, "Bo", NOW - timedelta(hours=hours_ago))


def test_what_stands_picked_is_added_when_only_the_shelf_was_counted():
    assert on_hand(7, 3, Picked.WITHOUT) == 10
    assert on_hand(10, 3, Picked.WITH) == 10


def test_a_count_that_keeps_every_promise_is_believed_at_once():
    assert is_believed(compare(10, 8, 8, 10), None, NOW, DAY)


def test_a_count_that_breaks_a_promise_needs_a_second_one_while_the_first_is_fresh():
    found = compare(10, 8, 7, 10)
    assert found.missing == 1
    assert not is_believed(found, None, NOW, DAY)
    assert not is_believed(found, first(25), NOW, DAY)
    assert is_believed(found, first(24), NOW, DAY)


def test_only_more_than_the_tolerated_share_is_alarming():
    assert not compare(10, 0, 9, 10).alarming
    assert compare(10, 0, 8, 10).alarming
    assert compare(10, 0, 12, 10).alarming
    assert not compare(0, 0, 12, 10).alarming


def test_what_was_lost_is_left_alone_by_routing_as_far_as_there_is_any():
    assert raised_buffer(0, compare(10, 0, 6, 10)) == 4
    assert raised_buffer(0, compare(10, 0, 1, 10)) == 1
    assert raised_buffer(5, compare(10, 0, 6, 10)) == 5
    assert raised_buffer(0, compare(10, 0, 14, 10)) == 0
    assert raised_buffer(2, compare(100, 0, 99, 10)) == 2


def test_class_a_are_the_best_sellers_that_make_up_four_fifths():
    assert a_class({"mug": 50, "tee": 30, "sock": 15, "poster": 5}, 9) == ("mug", "tee")
    assert a_class({"mug": 50, "tee": 29, "sock": 21}, 9) == ("mug", "tee", "sock")
    assert a_class({"mug": 50, "tee": 30}, 1) == ("mug",)
    assert a_class({"mug": 0}, 9) == ()


def test_a_week_is_over_after_seven_days():
    assert is_week_over(None, NOW)
    assert not is_week_over(NOW - 6 * DAY, NOW)
    assert is_week_over(NOW - 7 * DAY, NOW)


@given(UNITS, UNITS, UNITS, st.integers(0, 100))
def test_promises_that_remain_never_exceed_what_was_counted(book, reserved, counted, tolerance):
    found = compare(book, reserved, counted, tolerance)
    assert reserved - found.missing <= counted
    assert found.missing == 0 or reserved - found.missing == counted
    assert book + found.difference == counted


@given(UNITS, UNITS, UNITS, st.booleans())
def test_a_buffer_is_never_lowered_and_never_raised_beyond_the_shelf(buffer, book, counted, bad):
    after = raised_buffer(buffer, Found(book, counted, 0, bad))
    assert buffer <= after <= max(buffer, counted)


@given(st.dictionaries(st.text("abc", min_size=1), st.integers(0, 99)), st.integers(0, 9))
def test_nothing_outside_class_a_sells_better_than_what_is_in_it(sales, most):
    chosen = a_class(sales, most)
    assert len(chosen) <= most
    worst = min((sales[sku] for sku in chosen), default=0)
    if chosen:
        rest = [units for sku, units in sales.items() if sku not in chosen]
        assert all(units <= worst for units in rest)
