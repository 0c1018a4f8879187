"""Figures of a simulation: what one decided order counts as, and that figures add up."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from core.domain.routing.decision import Facts, decide
from core.domain.routing.document import read_document
from core.domain.routing.planner import Demand
from core.domain.routing.rules import LocationFacts
from core.domain.routing.scope import Goods, OrderFacts
from core.domain.routing.simulate import Figure, Tally, figures, tally

BER = LocationFacts("BER", {"mug": 2}, 1, 490, 40, 10.0, country="DE")
HAM = LocationFacts("HAM", {"tee": 2}, 2, 390, 30, 250.5, country="DE", late_days=1)
VIE = LocationFacts("VIE", {"cup": 2}, 3, 290, 10, None, country="AT")
RULES = read_document({"name": "x", "rules": [{"name": "one"}]})
WHOLE = read_document({"name": "x", "rules": [{"name": "one", "only": {"complete": True}}]})
numbers = st.integers(0, 50)
SUMS = ("orders", "whole", "held_back", "units", "filled", "parcels", "split", "cost", "meters")


def counted(promise: int | None = None, rules=RULES, **wanted: int) -> Tally:
    goods = {sku: Goods(price=1000) for sku in wanted}
    order = OrderFacts(country="DE", promise_hours=promise, goods=goods)
    demands = tuple(Demand(sku, quantity) for sku, quantity in wanted.items())
    facts = Facts(order, demands, (BER, HAM, VIE))
    return tally(facts, decide(rules, facts))


def test_an_order_that_ships_whole_from_one_place() -> None:
    assert counted(promise=48, mug=2) == Tally(
        orders=1, whole=1, units=2, filled=2, parcels=1, cost=570, meters=10_000, measured=1,
        promised=1, kept=1, by_location={"BER": 1},
    )  # fmt: skip


def test_a_split_that_comes_late_and_a_place_whose_distance_nobody_knows() -> None:
    assert counted(promise=48, mug=1, tee=1, cup=1) == Tally(
        orders=1, whole=1, units=3, filled=3, parcels=3, split=1, cost=490 + 390 + 290 + 80,
        meters=260_500, measured=2, promised=1, by_location={"BER": 1, "HAM": 1, "VIE": 1},
    )  # fmt: skip


def test_what_is_short_is_not_whole_and_not_kept() -> None:
    found = counted(promise=48, mug=5)
    assert (found.units, found.filled, found.whole, found.held_back) == (5, 2, 0, 0)
    assert (found.promised, found.kept) == (1, 0)


def test_an_order_that_nobody_may_begin_is_held_back() -> None:
    found = counted(rules=WHOLE, mug=5)
    assert (found.orders, found.held_back, found.parcels, found.cost) == (1, 1, 0, 0)
    assert (found.promised, found.by_location) == (0, {})


@given(st.lists(st.builds(Tally, *[numbers] * 12, st.just({"BER": 1})), min_size=1, max_size=4))
def test_chunks_add_up_whatever_their_number(parts: list[Tally]) -> None:
    whole = sum(parts, Tally())
    for name in (*SUMS, "measured", "promised", "kept"):
        assert getattr(whole, name) == sum(getattr(part, name) for part in parts)
    assert whole.by_location == {"BER": len(parts)}


def test_places_of_both_sides_are_kept() -> None:
    both = Tally(by_location={"HAM": 2}) + Tally(by_location={"BER": 1, "HAM": 1})
    assert list(both.by_location.items()) == [("BER", 1), ("HAM", 3)]


def test_figures_are_shares_of_what_they_are_about() -> None:
    sums = Tally(
        orders=10, whole=7, held_back=2, units=40, filled=30, parcels=12, split=4, cost=9_600,
        meters=60_000, measured=8, promised=5, kept=4,
    )  # fmt: skip
    assert figures(sums) == (
        Figure("fill rate", "share", 75.0),
        Figure("orders shipped whole", "share", 70.0),
        Figure("orders held back", "share", 20.0),
        Figure("orders split", "share", 50.0),
        Figure("parcels per order", "number", 1.5),
        Figure("cost per order", "money", 1200.0),
        Figure("distance per parcel", "km", 7.5),
        Figure("promise kept", "share", 80.0),
    )
    assert {figure.value for figure in figures(Tally())} == {None}
