"""The question that HiGHS is asked has exactly our plans, at exactly our cost."""

from __future__ import annotations

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from core.domain.routing.problem import PARCEL, Candidate, Demand, Problem, make_problem
from core.integrations.solver import Model

SKUS = ("mug", "tee", "cap")
PLACES = st.lists(
    st.tuples(
        st.integers(0, 900),
        st.sampled_from([0, 20, 35]),
        st.dictionaries(st.sampled_from(SKUS), st.integers(1, 4), min_size=1),
    ),
    min_size=1,
    max_size=5,
)


def problem(places: list[tuple[int, int, dict[str, int]]], units: list[int]) -> Problem:
    wanted = [Demand(sku, quantity) for sku, quantity in zip(SKUS, units, strict=True)]
    sites = [
        Candidate(f"L{n}", n, parcel, unit, None, stock)
        for n, (parcel, unit, stock) in enumerate(places)
    ]
    return make_problem(wanted, sites)


def told(asked: Problem, model: Model, chosen: tuple[int, ...]) -> tuple[list[float], float]:
    """A plan as HiGHS sees it: the value of each column, and its cost."""
    values = [float(site in chosen) for site in range(len(asked.sites))]
    given_out = {(site, line): units for site, line, units in asked.fill(chosen)}
    for line, holders in enumerate(asked.holders()):
        if len({unit for unit, _, _ in holders}) > 1:
            values += [float(given_out.get((site, line), 0)) for _, _, site in holders]
    return values, model.least + sum(map(float.__mul__, values, model.costs))


def is_allowed(model: Model, values: list[float]) -> bool:
    sums = [(a, b, sum(factor * values[column] for column, factor in r)) for a, b, r in model.rows]
    in_rows = all(lower <= total <= upper for lower, upper, total in sums)
    return in_rows and all(map(float.__le__, values, model.upper))


@given(PLACES, st.lists(st.integers(1, 6), min_size=3, max_size=3), st.none() | st.integers(1, 4))
def test_what_is_allowed_is_what_ships_everything_in_so_many_parcels(
    places: list[tuple[int, int, dict[str, int]]], units: list[int], most: int | None
) -> None:
    asked = problem(places, units)
    for question in (asked, asked.counting_parcels()):
        model = Model(question, most)
        count = len(question.sites)
        for size in range(count + 1):
            for chosen in combinations(range(count), size):
                whole = not any(question.residual(chosen))
                values, cost = told(question, model, chosen)
                few = most is None or size <= most
                assert is_allowed(model, values) == (whole and few)
                if whole and question.used(chosen) == chosen:
                    assert cost == question.cost(chosen) // question.tie_scale


def test_a_line_that_costs_the_same_everywhere_has_no_columns() -> None:
    equal = problem([(500, 20, {"mug": 2}), (400, 20, {"mug": 2, "tee": 1})], [3, 1, 1])
    assert (len(Model(equal, None).costs), Model(equal, None).least) == (2, 80)
    assert len(Model(equal.counting_parcels(), 1).rows) == 3
    assert Model(equal.counting_parcels(), None).costs == [PARCEL, PARCEL]
