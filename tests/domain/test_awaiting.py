"""Announced goods are awaited until their day and within their limit; the rest is short."""

from __future__ import annotations

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from core.domain.awaiting import Preorder, is_awaited, marked
from core.domain.order import Line

TODAY, MARCH = date(2026, 11, 23), date(2027, 3, 1)


def line(line_id: int, backordered: int, awaits: str = "", sku: str = "mug") -> Line:
    return Line(line_id, line_id, None, sku, "Mug", 9, backordered=backordered, awaits=awaits)


def days(lines: list[Line], limit: int | None = None, sold: int = 0, day: date = MARCH):
    told = marked({x.id: x for x in lines}, {"mug": Preorder(day, limit)}, {"mug": sold}, TODAY)
    return [told[x.id].awaits for x in lines]


def test_what_waits_for_announced_goods_knows_the_day():
    assert days([line(1, 2), line(2, 0), line(3, 2, sku="tee")]) == ["2027-03-01", "", ""]


def test_a_day_that_has_come_announces_nothing():
    assert days([line(1, 2, "2026-11-01")], day=TODAY) == [""]


def test_what_goes_beyond_the_limit_is_short():
    assert days([line(1, 3), line(2, 3)], limit=5, sold=1) == ["2027-03-01", ""]
    assert days([line(1, 3), line(2, 1)], limit=5, sold=1) == ["2027-03-01", "2027-03-01"]


def test_goods_are_awaited_until_their_day():
    assert is_awaited(line(1, 2, "2027-03-01"), date(2027, 2, 28))
    assert not is_awaited(line(1, 2, "2027-03-01"), MARCH)
    assert not is_awaited(line(1, 0, "2027-03-01"), TODAY)
    assert not is_awaited(line(1, 2), TODAY)


@given(st.lists(st.integers(0, 9), max_size=8), st.integers(0, 30), st.integers(0, 30))
def test_no_more_is_sold_ahead_than_the_limit(waiting: list[int], limit: int, sold: int):
    lines = [line(n, units) for n, units in enumerate(waiting)]
    ahead = [x.backordered for x, day in zip(lines, days(lines, limit, sold), strict=True) if day]
    assert sum(ahead) <= max(0, limit - sold)
    assert all(ahead)
