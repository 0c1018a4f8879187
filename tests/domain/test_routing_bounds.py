"""Bounds and search beside brute force: no price goes above the best plan, no best plan is lost."""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import combinations
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from core.domain.routing.bounds import (
    Prices,
    Sites,
    best_prices,
    least_parcels,
    narrowed,
    undominated,
)
from core.domain.routing.guess import good_guess, guided_guess, repaired
from core.domain.routing.planner import Limits, Objective, plan
from core.domain.routing.problem import PARCEL, Candidate, Demand, Problem, make_problem
from core.domain.routing.search import Budget, Fill, Search
from tests.domain.test_routing_planner_laws import demands, objectives, sites

few = settings(max_examples=30)
limits = st.none() | st.integers(1, 4)


def covers(problem: Problem) -> Iterator[Sites]:
    """Every set of sites that has everything."""
    count = len(problem.sites)
    for size in range(1, count + 1):
        for chosen in combinations(range(count), size):
            if not any(problem.residual(chosen)):
                yield chosen


def cheapest(problem: Problem, limit: int | None = None) -> int | None:
    """The cost of the best plan of at most so many parcels; None: there is none."""
    some = (chosen for chosen in covers(problem) if limit is None or len(chosen) <= limit)
    return min(map(problem.cost, some), default=None)


def the_best(problem: Problem, limit: int | None = None) -> int:
    """The same, of questions that have a plan."""
    best = cheapest(problem, limit)
    assume(best is not None)
    return best or 0


@st.composite
def problems(draw: Any) -> Problem:
    problem = make_problem(draw(demands), draw(sites))
    assume(problem.units)
    return problem


# --- settling ------------------------------------------------------------------------------------


@few
@given(problems(), st.data())
def test_the_quick_way_to_settle_comes_to_what_filling_comes_to(
    problem: Problem, data: st.DataObject
) -> None:
    """A line from the cheapest first, whether the chosen have all of it, a part or nothing."""
    chosen = data.draw(st.sets(st.integers(0, len(problem.sites) - 1)))
    total, dearest = problem.settle(tuple(chosen))
    taken = problem.fill(chosen)
    units = {
        (site, line): unit for site, shelf in enumerate(problem.shelves) for line, _, unit in shelf
    }
    opened = {site for site, _, _ in taken}
    paid = sum(quantity * units[site, line] for site, line, quantity in taken)
    assert total == paid + sum(problem.fixed[site] for site in opened)
    for line in range(len(problem.need)):
        assert dearest[line] == max((units[s, n] for s, n, _ in taken if n == line), default=0)


# --- bounds --------------------------------------------------------------------------------------


@few
@given(problems(), limits, st.lists(st.integers(0, 2000), min_size=4, max_size=4))
def test_no_prices_bound_a_plan_above_its_cost(
    problem: Problem, limit: int | None, prices: list[int]
) -> None:
    best = the_best(problem, limit)
    scaled = [price * problem.tie_scale for price in prices[: len(problem.need)]]
    assert Prices(problem, scaled, limit).value <= best
    assert best_prices(problem, limit, None).value <= best
    for brief in (False, True):
        climbed = best_prices(problem, limit, best, brief=brief)
        assert best_prices(problem, limit, None).value <= climbed.value <= best


@few
@given(problems(), limits)
def test_prices_only_climb_from_where_they_start(problem: Problem, limit: int | None) -> None:
    best = the_best(problem, limit)
    first = best_prices(problem, limit, best)
    again = best_prices(problem, limit, best, first.prices)
    assert first.value <= again.value <= best


@few
@given(problems())
def test_the_slope_is_what_the_opened_sites_leave_missing_or_have_too_much(
    problem: Problem,
) -> None:
    prices = best_prices(problem, None, None)
    assert prices.opened() == [n for n, cost in enumerate(prices.reduced) if cost < 0]
    slope = list(problem.need)
    for site in prices.opened():
        for line, have, unit in problem.shelves[site]:
            slope[line] -= have if unit < prices.prices[line] else 0
    assert prices.slope(problem) == slope
    assert prices.value == prices.paid + sum(min(0, cost) for cost in prices.reduced)


@few
@given(problems(), limits, st.booleans())
def test_narrowing_loses_no_plan_below_the_goal(
    problem: Problem, limit: int | None, exact: bool
) -> None:
    best = the_best(problem, limit)
    prices = best_prices(problem, limit, best)
    goal = best + 1 if exact else best * 2
    kept = narrowed(problem, prices, goal)
    assert cheapest(kept, limit) == best


@few
@given(problems(), st.integers(0, 6))
def test_whoever_is_kept_is_kept(problem: Problem, site: int) -> None:
    assume(site < len(problem.sites))
    prices = best_prices(problem, None, None)
    kept = narrowed(problem, prices, 0, (site,))
    assert problem.sites[site] in kept.sites


@few
@given(problems(), limits)
def test_leaving_out_the_dominated_loses_no_best_plan(problem: Problem, limit: int | None) -> None:
    assert cheapest(undominated(problem), limit) == cheapest(problem, limit)


def test_whoever_can_do_the_same_for_less_makes_a_site_hopeless() -> None:
    def site(name: str, parcel: int, unit: int, **stock: int) -> Candidate:
        return Candidate(name, 1, parcel, unit, None, stock)

    wanted = [Demand("mug", 2), Demand("tee", 1)]
    good = site("A", 100, 10, mug=2, tee=1)
    hopeless = [site("B", 130, 0, mug=2), site("C", 119, 0, mug=2), site("D", 90, 9, tee=1)]
    kept = undominated(make_problem(wanted, [good, *hopeless])).sites
    assert [each.location for each in kept] == ["A", "C", "D"]
    scarce = site("E", 10, 0, mug=1)
    assert len(undominated(make_problem(wanted, [scarce, good])).sites) == 2


@few
@given(problems())
def test_so_many_parcels_are_needed_at_least(problem: Problem) -> None:
    fewest = min(len(chosen) for chosen in covers(problem))
    assert 1 <= least_parcels(problem) <= fewest


@pytest.mark.parametrize(
    ("stocks", "least"),
    [
        ([{"mug": 4}], 1),
        ([{"mug": 2}, {"mug": 2}], 2),
        ([{"mug": 3}, {"mug": 2}, {"mug": 1}], 2),
        ([{"mug": 1}] * 4, 4),
        ([{"mug": 4}, {"tee": 1}], 2),
        ([{"mug": 2, "tee": 1}, {"mug": 2}], 2),
    ],
)
def test_each_line_alone_and_all_units_together_need_parcels(
    stocks: list[dict[str, int]], least: int
) -> None:
    wanted = [Demand("mug", 4), Demand("tee", 1)]
    places = [Candidate(f"L{n}", n, 1, 1, None, stock) for n, stock in enumerate(stocks)]
    assert least_parcels(make_problem(wanted, places)) == least


# --- guesses -------------------------------------------------------------------------------------


@few
@given(problems(), st.booleans())
def test_every_guess_ships_everything_from_sites_it_needs(problem: Problem, fewest: bool) -> None:
    best = the_best(problem)
    prices = best_prices(problem, None, best)
    for guess in (
        good_guess(problem, fewest=fewest),
        guided_guess(problem, prices.prices),
        repaired(problem, good_guess(problem, fewest=fewest), prices),
    ):
        assert not any(problem.residual(guess))
        assert problem.used(guess) == tuple(sorted(guess))
        assert problem.cost(guess) >= best


@few
@given(problems())
def test_repairing_never_makes_a_plan_dearer(problem: Problem) -> None:
    prices = best_prices(problem, None, None)
    everything = tuple(range(len(problem.sites)))
    better = repaired(problem, everything, prices)
    assert not any(problem.residual(better))
    assert problem.cost(better) <= problem.cost(everything)


# --- search --------------------------------------------------------------------------------------


def searched(problem: Problem, limit: int | None, nodes: int = 10**6, **more: Any) -> Search:
    prices = best_prices(problem, limit, cheapest(problem, limit))
    return Search(problem, prices, Budget(nodes), more.pop("best", None), **more)


@few
@given(problems(), limits)
def test_the_search_finds_the_best_plan_of_so_many_parcels(
    problem: Problem, limit: int | None
) -> None:
    best = cheapest(problem, limit)
    search = searched(problem, limit, extras=True)
    assert search.run()
    assert (None if search.best is None else problem.cost(search.best)) == best


@pytest.mark.parametrize(("parcels", "found"), [(1, None), (2, None), (3, 3), (4, 3)])
def test_lines_that_nobody_has_together_take_a_parcel_each(parcels: int, found: int | None) -> None:
    """Three lines, each at two places of its own: two parcels are given up at the first look."""
    wanted = [Demand(sku, 1) for sku in "abc"]
    places = [
        Candidate(f"{sku}{n}", n, 100 + n, 1, None, {sku: 1}) for sku in "abc" for n in (1, 2)
    ]
    search = searched(make_problem(wanted, places), parcels, extras=False)
    assert search.run()
    assert search.best is None if found is None else len(search.best or ()) == found
    if parcels == 2:
        assert search.budget.left == 10**6 - 1


@few
@given(problems())
def test_from_any_plan_that_works_the_search_ends_at_the_best(problem: Problem) -> None:
    worst = max(covers(problem), key=problem.cost)
    search = searched(problem, None, extras=True, best=problem.used(worst))
    assert search.run()
    assert search.best is not None
    assert problem.cost(search.best) == cheapest(problem)


@few
@given(problems())
def test_nothing_is_found_that_does_not_cost_less_than_the_goal(problem: Problem) -> None:
    best = the_best(problem)
    hopeless = searched(problem, None, extras=True, goal=best)
    assert hopeless.run()
    assert hopeless.best is None
    hopeful = searched(problem, None, extras=True, goal=best + 1)
    assert hopeful.run()
    assert hopeful.best is not None


@few
@given(problems())
def test_with_a_grain_the_money_is_the_best_and_ties_are_left_alone(problem: Problem) -> None:
    best = the_best(problem)
    search = searched(problem, None, extras=True, grain=problem.grain())
    assert search.run()
    assert search.best is not None
    scale = problem.tie_scale
    assert problem.cost(search.best) // scale == best // scale
    again = searched(problem, None, extras=True, grain=problem.grain(), best=search.best)
    again.run()
    assert again.best == search.best


@few
@given(problems())
def test_the_fewest_parcels_are_found_by_counting_them(problem: Problem) -> None:
    fewest = min(len(chosen) for chosen in covers(problem))
    counted = problem.counting_parcels()
    search = searched(counted, None, extras=False, grain=PARCEL, goal=5 * PARCEL + 1)
    assert search.run()
    assert (len(search.best) if search.best else 6) == min(fewest, 6)
    first = searched(counted, None, extras=False, first_only=True)
    first.run()
    assert first.best is not None
    assert not any(problem.residual(first.best))


HARD = random.Random(5)
QUESTION = [Demand(sku, 2) for sku in "abcdefgh"]
PLACES = [
    Candidate(
        f"L{n}",
        n,
        HARD.randint(300, 500),
        HARD.randint(0, 60),
        None,
        {sku: HARD.randint(1, 2) for sku in HARD.sample("abcdefgh", 4)},
    )
    for n in range(16)
]


@pytest.mark.parametrize("nodes", [0, 1, 7, 40])
def test_a_search_visits_as_many_nodes_as_it_may(nodes: int) -> None:
    problem = make_problem(QUESTION, PLACES)
    budget = Budget(nodes)
    search = Search(problem, Prices(problem, [0] * 8, None), budget, None, extras=True)
    assert not search.run()
    assert (budget.left, budget.spent) == (min(0, nodes - 1), True)


@few
@given(st.integers(0, 400), objectives, st.randoms())
def test_the_same_question_has_the_same_answer_however_it_is_told(
    nodes: int, objective: Objective, chance: random.Random
) -> None:
    told, wanted = list(PLACES), list(QUESTION)
    chance.shuffle(told)
    chance.shuffle(wanted)
    found = plan(wanted, told, objective, Limits(node_limit=nodes))
    assert found == plan(QUESTION, PLACES, objective, Limits(node_limit=nodes))
    assert sum(pick.quantity for pick in found.picks) == 16


@given(demands, sites, objectives, st.integers(0, 30), st.none() | st.integers(0, 4))
def test_proven_is_the_best_and_a_gap_is_never_too_small(
    wanted: list[Demand],
    places: list[Candidate],
    objective: Objective,
    nodes: int,
    most: int | None,
) -> None:
    """However early the search ends: beside everything tried."""
    found = plan(wanted, places, objective, Limits(max_parcels=most, node_limit=nodes))
    problem = make_problem(wanted, places)
    best = cheapest(problem, most) if problem.units else 0
    assume(best is not None)
    whole = [c for c in covers(problem) if most is None or len(c) <= most]
    fewest = objective is Objective.FEWEST_PARCELS
    least = min(map(len, whole), default=0)
    money = (
        min((problem.cost(c) for c in whole if not fewest or len(c) == least), default=0)
        // problem.tie_scale
    )
    assert (found.cost, found.parcels) >= (money, 0) or fewest
    if found.proven:
        assert (found.gap_bound, found.cost) == (0, money)
        assert not fewest or found.parcels == least
    elif found.gap_unit == "parcels" and found.gap_bound is not None:
        assert found.parcels - least <= found.gap_bound
    elif found.gap_bound is not None:
        assert found.cost - money <= found.gap_bound


# --- too few parcels -----------------------------------------------------------------------------


@few
@given(problems(), st.integers(1, 3), st.booleans())
def test_too_few_parcels_ship_the_most_and_then_the_best(
    problem: Problem, most: int, fewest: bool
) -> None:
    def key(chosen: Sites) -> tuple[int, int, int]:
        missing = sum(problem.residual(chosen))
        return missing, len(problem.used(chosen)) if fewest else 0, problem.cost(chosen)

    count = range(len(problem.sites))
    sets = [c for size in range(most + 1) for c in combinations(count, size)]
    fill = Fill(problem, most, Budget(10**6), fewest=fewest)
    assert fill.run()
    assert key(fill.best) == min(map(key, sets))
    spent = Fill(problem, most, Budget(1), fewest=fewest)
    assert not spent.run()


def test_the_most_that_few_parcels_hold_is_not_proven_where_the_search_had_to_stop() -> None:
    """Six parcels of six units never hold sixty-four: that is sure; which six is best is not."""
    rng = random.Random(11)
    wanted = [Demand(sku, 8) for sku in "abcdefgh"]
    places = [
        Candidate(f"L{n}", n, 500 + n, 0, None, dict.fromkeys(rng.sample("abcdefgh", 3), 2))
        for n in range(40)
    ]
    rough = plan(wanted, places, Objective.CHEAPEST, Limits(max_parcels=6, node_limit=0))
    assert (rough.proven, rough.gap_bound, rough.parcels) == (False, None, 6)
    sure = plan(wanted, places[:7], Objective.CHEAPEST, Limits(max_parcels=6, node_limit=0))
    assert (sure.proven, sure.gap_bound) == (True, 0)
