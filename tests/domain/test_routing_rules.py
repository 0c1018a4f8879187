"""A location that may not ship says why, with one reason, and a shop can read the decision."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from core.domain.routing.document import Capacity
from core.domain.routing.planner import Candidate, Demand, Objective, Pick, Plan, plan
from core.domain.routing.rules import (
    LocationFacts,
    candidates,
    limits_of,
    reason_against,
    working_day,
)
from core.domain.routing.trace import Trace, decide, explain, trace_of
from core.domain.routing.worse import Worse

GOOD = LocationFacts(
    "BER", {"mug": 3}, parcel_cost=490, unit_cost=20, distance_km=12.4, ships_to=frozenset({"DE"})
)
MUGS = [Demand("mug", 2)]


def test_a_location_with_stock_that_ships_there_is_allowed() -> None:
    assert reason_against(GOOD, ["mug", "tee"], "de") is None
    assert reason_against(replace(GOOD, ships_to=None), ["mug"], "NZ") is None


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        (replace(GOOD, active=False, paused=True), "inactive"),
        (replace(GOOD, paused=True, available={}), "paused"),
        (replace(GOOD, barred="rejected_this_order"), "rejected_this_order"),
        (replace(GOOD, ships_to=frozenset({"FR"})), "does_not_ship_there"),
        (replace(GOOD, ships_to=frozenset()), "does_not_ship_there"),
        (replace(GOOD, open_orders=10, daily_orders=10), "at_capacity"),
        (replace(GOOD, daily_orders=0), "at_capacity"),
        (replace(GOOD, available={"tee": 5}), "no_stock"),
        (replace(GOOD, available={"mug": 0}), "no_stock"),
        (replace(GOOD, available={"mug": -1}), "no_stock"),
    ],
)
def test_each_refusal_has_one_reason(facts: LocationFacts, reason: str) -> None:
    assert reason_against(facts, ["mug"], "DE") == reason


def test_a_daily_limit_of_ten_admits_the_tenth() -> None:
    assert reason_against(replace(GOOD, open_orders=9, daily_orders=10), ["mug"], "DE") is None


def test_the_planner_sees_all_of_a_location() -> None:
    (site,) = candidates(MUGS, "DE", [replace(GOOD, rank=7)])
    assert site == Candidate("BER", 7, 490, 20, 12.4, {"mug": 3}, None)


def test_forbidden_locations_stay_visible_but_ship_nothing() -> None:
    shut = replace(GOOD, location="HAM", active=False, parcel_cost=0)
    found = candidates(MUGS, "DE", [GOOD, shut])
    assert [each.excluded for each in found] == [None, "inactive"]
    assert {pick.location for pick in plan(MUGS, found).picks} == {"BER"}


@pytest.mark.parametrize(
    ("limits", "kept"),
    [
        ([], None),
        ([Capacity("store", orders=1)], None),
        ([Capacity("ber", orders=4)], Capacity("BER", orders=4)),
        (
            [Capacity("ber", 4, 9, 7, "14:00"), Capacity("national", 5, 8, 7, "12:00")],
            Capacity("BER", 4, 8, 7, "12:00"),
        ),
        (
            [Capacity("ber", lines=3), Capacity("national", units=2, cut_off="09:00")],
            Capacity("BER", lines=3, units=2, cut_off="09:00"),
        ),
    ],
)
def test_of_several_limits_the_tightest_of_each_kind_counts(
    limits: list[Capacity], kept: Capacity | None
) -> None:
    assert limits_of(replace(GOOD, groups=("national",)), limits) == kept


@pytest.mark.parametrize(
    ("hour", "zone", "cut_off", "day"),
    [
        (12, "UTC", "", "2026-11-30"),
        (12, "UTC", "12:01", "2026-11-30"),
        (12, "UTC", "12:00", "2026-12-01"),
        (12, "Europe/Berlin", "13:00", "2026-12-01"),
        (23, "Europe/Berlin", "", "2026-12-01"),
    ],
)
def test_from_the_cut_off_on_work_counts_for_the_next_local_day(
    hour: int, zone: str, cut_off: str, day: str
) -> None:
    assert working_day(datetime(2026, 11, 30, hour, tzinfo=UTC), zone, cut_off) == day


def decision() -> tuple[Plan, Trace]:
    demands = [*MUGS, Demand("tee", 1), Demand("cup", 1)]
    ham = replace(GOOD, location="HAM", available={"mug": 9, "tee": 1}, parcel_cost=600)
    lej = replace(GOOD, location="LEJ", available={"tee": 1}, parcel_cost=10, unit_cost=1)
    muc = replace(GOOD, location="MUC", paused=True)
    cheap = replace(GOOD, parcel_cost=20)
    sites = candidates(demands, "DE", [cheap, ham, lej, muc])
    return decide(demands, sites, Objective.FEWEST_PARCELS, "default", 3)


def test_a_trace_says_what_was_weighed_and_compared() -> None:
    found, trace = decision()
    assert found.picks == (Pick("HAM", "mug", 2), Pick("HAM", "tee", 1))
    assert [(each.location, each.verdict, each.reason) for each in trace.weighed] == [
        ("BER", "considered", "has_some"),
        ("HAM", "chosen", "ships"),
        ("LEJ", "considered", "has_some"),
        ("MUC", "excluded", "paused"),
    ]
    chosen, instead = trace.compared
    assert (chosen.cost, chosen.parcel_cost, chosen.unit_cost) == (660, 600, 60)
    assert (instead.locations, instead.cost) == (("BER", "LEJ"), 71)
    assert chosen.units_short == 1
    assert trace.short == {"cup": 1}


def test_a_trace_survives_json() -> None:
    _, trace = decision()
    assert Trace.from_json(json.loads(json.dumps(trace.to_json()))) == trace
    chosen, instead = trace.compared
    told = replace(trace, compared=(chosen, replace(instead, worse=Worse("money", 71))))
    assert Trace.from_json(json.loads(json.dumps(told.to_json()))) == told
    before = told.to_json()  # of a release that did not say yet what was worse
    for parts in before["compared"]:
        del parts["worse"]
    assert Trace.from_json(before) == trace


def euros(cents: int) -> str:
    return f"€{cents / 100:.2f}"


def test_a_location_that_was_compared_by_itself_is_told_with_its_cost() -> None:
    _, trace = decision()
    (other,) = (parts for parts in trace.compared if parts.locations == ("BER", "LEJ"))
    alone = replace(trace, compared=(*trace.compared, replace(other, locations=("BER",))))
    told = next(line for line in explain(alone, euros) if line.startswith("BER (12 km)"))
    assert told.endswith("It would cost €0.71.")


def test_a_decision_reads_as_sentences() -> None:
    _, trace = decision()
    assert explain(trace, euros) == [
        "HAM ships 2 × mug, 1 × tee.",
        "1 × cup cannot ship now.",
        "No routing rules: fewest parcels, then cheapest, then nearest.",
        "Chosen: HAM, 1 parcel, €6.60 (€6.00 parcels, €0.60 handling).",
        "Instead: BER + LEJ, 2 parcels, €0.71 (€0.30 parcels, €0.41 handling).",
        "No plan is better: this is proven.",
        "BER (12 km) was considered: it has only some of the items, and the plan is better"
        " without it.",
        "LEJ (12 km) was considered: it has only some of the items, and the plan is better"
        " without it.",
        "MUC (12 km) was not allowed: it is paused.",
    ]


def test_a_location_that_had_everything_is_told_apart() -> None:
    sites = candidates(MUGS, "DE", [GOOD, replace(GOOD, location="HAM", distance_km=None)])
    _, trace = decide(MUGS, sites, Objective.CHEAPEST, "default", 1)
    assert explain(trace, euros)[-1] == (
        "HAM was considered: it has everything, but costs more, needs more parcels or is farther"
        " away."
    )


def test_an_order_that_nobody_can_ship_is_explained() -> None:
    sites = candidates([Demand("cup", 1)], "DE", [GOOD])
    _, trace = decide([Demand("cup", 1)], sites, Objective.CHEAPEST, "default", 1)
    told = explain(trace, euros)
    assert told[0] == "1 × cup cannot ship now."
    assert "Nothing can be shipped now." in told
    assert told[-1] == "BER (12 km) has none of these items."


@pytest.mark.parametrize(
    ("gap", "unit", "sentence"),
    [
        (150, "cost", "At most €1.50 cheaper may be possible."),
        (1, "parcels", "A plan with fewer parcels may exist, 1 fewer at most."),
        (None, "cost", "A better plan may exist; the search ended at its limit."),
    ],
)
def test_an_unproven_plan_admits_it(gap: int | None, unit: str, sentence: str) -> None:
    sites = candidates(MUGS, "DE", [GOOD])
    found = replace(plan(MUGS, sites), proven=False, gap_bound=gap, gap_unit=unit)
    trace = trace_of(MUGS, sites, Objective.CHEAPEST, found, "default", 1)
    assert sentence in explain(trace, euros)
