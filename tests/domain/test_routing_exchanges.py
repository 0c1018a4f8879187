"""Two sites exchanged for two others: never dearer, never more parcels, never less shipped."""

from __future__ import annotations

from hypothesis import assume, given
from hypothesis import strategies as st

from core.domain.routing.bounds import best_prices
from core.domain.routing.guess import paired
from core.domain.routing.problem import Candidate, Demand, Problem, make_problem
from tests.domain.test_routing_bounds import cheapest, covers, few, problems

ENDLESS = 10**6


@few
@given(problems(), st.data())
def test_an_exchange_keeps_what_a_plan_has_and_takes_no_more(
    problem: Problem, data: st.DataObject
) -> None:
    plans = list(covers(problem))
    start = problem.used(data.draw(st.sampled_from(plans)))
    assume(len(start) > 1)
    prices = best_prices(problem, len(start), problem.cost(start))
    assert paired(problem, start, prices, 0) == start
    found = paired(problem, start, prices, ENDLESS)
    assert not any(problem.residual(found))
    assert found == problem.used(found)
    assert len(found) <= len(start)
    assert problem.cost(found) <= problem.cost(start)
    if len(start) == 2:
        assert problem.cost(found) == cheapest(problem, 2)


def test_what_no_single_exchange_finds_two_find() -> None:
    """Each half of the order has two places, which only work together."""
    stock = {"dear": "ab", "also": "cd", "left": "ac", "right": "bd"}
    costs = {"dear": 900, "also": 900, "left": 100, "right": 100}
    places = [
        Candidate(name, n, costs[name], 1, None, dict.fromkeys(skus, 1))
        for n, (name, skus) in enumerate(stock.items())
    ]
    problem = make_problem([Demand(sku, 1) for sku in "abcd"], places)
    prices = best_prices(problem, 2, problem.cost((0, 1)))
    assert paired(problem, (0, 1), prices, 1) == (2, 3)


def test_very_long_plans_are_left_as_they_are() -> None:
    skus = [f"s{n}" for n in range(13)]
    places = [
        Candidate(f"{sku}-{cost}", cost, cost, 1, None, {sku: 1}) for cost in (9, 8) for sku in skus
    ]
    problem = make_problem([Demand(sku, 1) for sku in skus], places)
    dear = tuple(n for n, site in enumerate(problem.sites) if site.parcel_cost == 9)
    prices = best_prices(problem, 13, problem.cost(dear))
    assert paired(problem, dear, prices, ENDLESS) == dear
    fewer = make_problem([Demand(sku, 1) for sku in skus[:12]], places)
    dear = tuple(n for n, site in enumerate(fewer.sites) if site.parcel_cost == 9)
    prices = best_prices(fewer, 12, fewer.cost(dear))
    found = paired(fewer, dear, prices, ENDLESS)
    assert {fewer.sites[site].parcel_cost for site in found} == {8}
