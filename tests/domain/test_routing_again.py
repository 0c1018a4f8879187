"""A kept decision can be made again from its facts; and which parcels are too small to be sent."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given

from core.domain.routing import rules as r
from core.domain.routing.decision import decide
from core.domain.routing.planner import Candidate, Demand, Objective, plan
from core.domain.routing.scope import Goods
from core.domain.routing.trace import Trace, made_again, plain_facts, shortened, trace_of
from core.domain.routing.trace import decide as planned
from tests.domain.test_routing_decision import (
    BER,
    HAM,
    TO_BERLIN,
    facts,
    reasons,
    rule,
    rules,
    ships,
)
from tests.domain.test_routing_planner_laws import demands, objectives, sites

MUGS = [Demand("mug", 2)]


def kept(wanted: list[Demand], places: list[Candidate], objective: Objective) -> Trace:
    found = plan(wanted, places, objective)
    known = plain_facts(wanted, places)
    trace = trace_of(wanted, places, objective, found, "default", 1, facts=known)
    return Trace.from_json(json.loads(json.dumps(trace.to_json())))


@given(demands, sites, objectives)
def test_what_was_kept_makes_the_same_plan_again(
    wanted: list[Demand], places: list[Candidate], objective: Objective
) -> None:
    shut = replace(places[0], location="shut", excluded="paused")
    again = made_again(kept(wanted, [*places, shut], objective))
    assert again == plan(wanted, places, objective)


def test_ranks_and_distances_are_kept_too() -> None:
    far = Candidate("A", 1, 500, 10, 900.0, {"mug": 2})
    near = Candidate("B", 2, 500, 10, 5.0, {"mug": 2})
    again = made_again(kept(MUGS, [far, near], Objective.CHEAPEST))
    assert again is not None
    assert [pick.location for pick in again.picks] == ["B"]


def crowd(number: int) -> list[Candidate]:
    return [Candidate(f"L{n:02}", n, 500, 10, None, {"mug": 2}) for n in range(number)]


def test_of_more_than_fifty_places_no_facts_are_kept() -> None:
    shut = Candidate("shut", 0, 0, 0, None, {}, excluded="paused")
    assert made_again(kept(MUGS, [shut, *crowd(50)], Objective.CHEAPEST)) is not None
    assert plain_facts(MUGS, crowd(51)) is None
    assert made_again(kept(MUGS, crowd(51), Objective.CHEAPEST)) is None


def test_facts_of_rules_are_not_made_again_without_them() -> None:
    trace = kept(MUGS, crowd(1), Objective.CHEAPEST)
    assert made_again(replace(trace, facts={"order": {}})) is None
    assert made_again(replace(trace, facts=None)) is None


def test_fifty_places_are_named_and_the_others_counted_by_their_reason() -> None:
    odd = [replace(each, excluded="paused") for each in crowd(52)]
    best = Candidate("best", 99, 500, 10, None, {"mug": 2})
    told = kept(MUGS, [*odd, best], Objective.CHEAPEST)
    assert [each.location for each in told.weighed[:3]] == ["best", "L00", "L01"]
    assert (len(told.weighed), told.more) == (50, {"paused": 3})
    few = kept(MUGS, crowd(50), Objective.CHEAPEST).weighed
    assert shortened(few) == (few, {})


def test_an_empty_shelf_is_told_with_its_distance() -> None:
    empty = Candidate("A", 1, 500, 10, 12.0, {"mug": 0})
    (told,) = kept(MUGS, [empty], Objective.CHEAPEST).weighed
    assert (told.verdict, told.reason, told.distance_km) == ("excluded", r.NO_STOCK, 12.0)


@pytest.mark.parametrize("objective", Objective)
def test_beside_a_plan_stands_the_best_of_the_other_objective_when_it_differs(
    objective: Objective,
) -> None:
    both = Candidate("HAM", 1, 900, 0, None, {"mug": 1, "tee": 1})
    apart = [
        Candidate("BER", 2, 100, 0, None, {"mug": 1}),
        Candidate("LEJ", 3, 100, 0, None, {"tee": 1}),
    ]
    wanted = [Demand("mug", 1), Demand("tee", 1)]
    found, trace = planned(wanted, [both, *apart], objective, "default", 4)
    assert found == plan(wanted, [both, *apart], objective)
    assert {parts.locations for parts in trace.compared} == {("HAM",), ("BER", "LEJ")}
    assert trace.compared[0].parcels == found.parcels
    alone = planned(wanted, [both], objective, "default", 4)[1]
    assert len(alone.compared) == 1


# --- parcels that are too small ------------------------------------------------------------------

APART = (replace(BER, available={"mug": 9}), replace(HAM, available={"tee": 9}))


@pytest.mark.parametrize(
    ("least", "sent"),
    [
        (1000, {"BER": {"mug": 1}, "HAM": {"tee": 1}}),
        (1001, {"HAM": {"tee": 1}}),
        (2000, {"HAM": {"tee": 1}}),
        (2001, {}),
    ],
)
def test_a_parcel_goes_when_its_goods_are_worth_enough(
    least: int, sent: dict[str, dict[str, int]]
) -> None:
    """A mug is worth 1,000 and a tee 2,000."""
    document = rules(rule(only={"min_parcel_value": least}))
    assert ships(decide(document, facts(*APART, mug=1, tee=1))) == sent


def test_units_add_up_to_the_worth_of_a_parcel_and_unknown_goods_are_worth_nothing() -> None:
    document = rules(rule(only={"min_parcel_value": 2000}))
    two = decide(document, facts(*APART, mug=2, tee=1))
    assert ships(two) == {"BER": {"mug": 2}, "HAM": {"tee": 1}}
    unknown = replace(TO_BERLIN, goods={"tee": Goods(price=2000)})
    found = decide(document, facts(*APART, order=unknown, mug=2, tee=1))
    assert ships(found) == {"HAM": {"tee": 1}}
    assert reasons(found) == {"BER": r.PARCEL_TOO_SMALL, "HAM": None}
