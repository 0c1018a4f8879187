"""Announced goods are awaited until their day and within their limit; the rest is short."""

from __future__ import annotations

from dataclasses import MISSING, fields
from datetime import date
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from core.domain.awaiting import (
    Preorder,
    is_awaited,
    marked,
    short_of,
    street_days,
    supplied,
    with_endless,
)
from core.domain.order import Line, Order
from core.domain.routing.problem import Demand, Pick
from core.domain.shop import Location, Shop
from core.domain.stock import Level, Move, StockMove

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


def test_nobody_else_waits_where_nothing_was_sold_ahead():
    lines = {1: line(1, 2), 2: line(2, 3)}
    told = marked(lines, {"mug": Preorder(MARCH, 4)}, {"tee": 9}, TODAY)
    assert [told[n].awaits for n in (1, 2)] == ["2027-03-01", ""]
    kept = line(1, 2, "2027-03-01")
    assert marked({1: kept}, {"mug": Preorder(MARCH)}, {}, TODAY)[1] is kept


def test_a_day_of_sale_holds_back_what_came_early_until_it_has_come():
    lines = [line(1, 0), line(2, 0, sku="tee"), line(3, 0, sku="cap"), line(4, 0, sku="box")]
    preorders = {"mug": Preorder(MARCH, street=True), "tee": Preorder(MARCH)}
    preorders["cap"] = Preorder(TODAY, street=True)
    assert street_days(lines, preorders, TODAY) == {1: MARCH}
    assert street_days(lines, preorders, MARCH) == {}


def test_short_is_what_waits_without_a_day_to_come():
    found = order(line(1, 2), line(2, 3), line(3, 4, "2027-03-01"), line(4, 0), line(5, 1, sku="x"))
    assert short_of(found, TODAY) == {"mug": 5, "x": 1}
    assert short_of(found, MARCH) == {"mug": 9, "x": 1}


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


# --- suppliers who always have it ---------------------------------------------------------------

BER, MILL, PORT = 1, 2, 3


def order(*lines: Line) -> Order:
    values: dict[str, Any] = {
        f.name: "" for f in fields(Order) if MISSING is f.default is f.default_factory
    }
    return Order(**values | {"lines": lines, "extra": {}})


def shop(*endless: int) -> Shop:
    values: dict[str, Any] = {
        f.name: "" for f in fields(Shop) if MISSING is f.default is f.default_factory
    }
    names = {BER: "BER", MILL: "MILL", PORT: "PORT"}
    places = {n: Location(n, name, name) for n, name in names.items()}
    return Shop(**values | {"locations": places}, endless=frozenset(endless))


def test_a_supplier_who_always_has_it_has_as_much_as_is_wanted_and_no_less_than_before():
    mugs = Level("mug", MILL, 3, 1)
    levels = [mugs, Level("mug", BER, 0, 0), Level("tee", MILL, 9, 0), Level("cap", MILL, 4, 4)]
    wanted = [Demand("mug", 4), Demand("mug", 3), Demand("tee", 2), Demand("cap", 1)]
    seen = with_endless(shop(MILL), levels, wanted)
    assert [level.routable for level in seen] == [7, 0, 9, 1]
    assert with_endless(shop(), levels, wanted) is levels
    assert with_endless(shop(MILL), [mugs], [Demand("tee", 5)]) == [mugs]


def test_what_a_supplier_must_add_to_its_book_is_what_it_has_not():
    levels = [Level("mug", MILL, 3, 1), Level("mug", BER, 0, 0)]
    picks = [Pick("MILL", "mug", 5), Pick("BER", "mug", 2), Pick("PORT", "tee", 1)]
    more = StockMove(Move.RECEIVE, "mug", MILL, 3, reason="the supplier's word")
    tees = StockMove(Move.RECEIVE, "tee", PORT, 1, reason="the supplier's word")
    assert supplied(shop(MILL, PORT), levels, picks) == [more, tees]
    assert supplied(shop(MILL), levels, [Pick("MILL", "mug", 2)]) == []
    assert supplied(shop(), levels, picks) == []


@given(st.integers(0, 9), st.integers(0, 9), st.integers(1, 9))
def test_with_the_suppliers_word_every_pick_can_be_promised(have: int, held: int, units: int):
    level = Level("mug", MILL, have, min(have, held))
    seen = with_endless(shop(MILL), [level], [Demand("mug", units)])
    assert seen[0].routable == max(level.routable, units)
    moves = supplied(shop(MILL), [level], [Pick("MILL", "mug", units)])
    assert level.routable + sum(move.quantity for move in moves) == seen[0].routable
