"""Why not the others: each location that could have shipped says the one thing that is worse."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings

from core.domain.routing.beside import told_beside, told_without_rules
from core.domain.routing.decision import Facts, decide
from core.domain.routing.document import Document
from core.domain.routing.planner import Demand, Objective, plan
from core.domain.routing.problem import Candidate
from core.domain.routing.rules import LocationFacts
from core.domain.routing.story import story_of
from core.domain.routing.trace import CostParts, Trace, explain, plain_facts, trace_of
from core.domain.routing.worse import Beside, Worse, in_words
from tests.domain.test_routing_decision import BER, HAM, VIE, facts, rule, rules
from tests.domain.test_routing_laws import DOCUMENTS, FACTS
from tests.domain.test_routing_planner_laws import demands, objectives, sites


def euros(cents: int) -> str:
    return f"{cents / 100:.2f} EUR"


def told(document: Document, asked: Facts) -> Trace:
    found = decide(document, asked)
    return told_beside(story_of(7, asked, found), document, asked, found)


def lines(document: Document, asked: Facts) -> list[str]:
    return explain(told(document, asked), euros)


TWIN = replace(BER, location="TWIN", rank=2)
FAR = replace(TWIN, distance_km=40.4)


@pytest.mark.parametrize(
    ("prefer", "other", "worse", "words"),
    [
        (["cheapest"], replace(TWIN, parcel_cost=590), Worse("cheapest", 100), "would cost 1.00"),
        (["cheapest"], replace(TWIN, unit_cost=50), Worse("cheapest", 20), "would cost 0.20 EUR m"),
        (["cheapest"], FAR, Worse("nearest", 30400), "would travel 30 km farther"),
        (
            ["nearest"],
            replace(TWIN, distance_km=10.9),
            Worse("nearest", 900),
            "would travel less than 1 km farther",
        ),
        (["cheapest"], TWIN, Worse("ranking"), "would be no worse, but stands lower in the ranki"),
        (["on_time"], replace(TWIN, late_days=2), Worse("on_time", 2), "would be 2 days later"),
        (["ranked"], TWIN, Worse("ranked", 2), "would take units from a lower rank"),
        (
            ["stock_balance"],
            replace(TWIN, available={"mug": 4}),
            Worse("stock_balance", 10),
            "would take units from where fewer lie",
        ),
        (
            ["oldest_stock"],
            replace(TWIN, age_days=3),
            Worse("oldest_stock", 8),
            "would take goods that came later",
        ),
        (
            {"money": {"late_day": 30}},
            replace(TWIN, late_days=3, parcel_cost=480),
            Worse("money", 80),
            "would come to 0.80 EUR more",
        ),
    ],
)
def test_a_location_that_has_everything_names_the_first_thing_that_is_worse(
    prefer: Any, other: LocationFacts, worse: Worse, words: str
) -> None:
    ber = replace(BER, age_days=7)
    document, asked = rules(rule(prefer=prefer)), facts(ber, other, mug=2)
    assert told(document, asked).beside == (Beside("TWIN", worse),)
    assert "it has everything, but " + words in lines(document, asked)[-1]


def test_a_location_that_lacks_something_names_it_and_who_would_help() -> None:
    some = replace(VIE, available={"mug": 1})
    document, asked = rules(rule()), facts(BER, HAM, some, mug=2, tee=1)
    assert told(document, asked).beside[1] == Beside(
        "VIE", Worse("fewest_parcels", 1), {"mug": 1, "tee": 1}, ("HAM",)
    )
    assert lines(document, asked)[-1] == (
        "VIE (520 km) was considered: it lacks 1 × mug, 1 × tee, and with HAM would take 1 parcel"
        " more."
    )


def test_where_nobody_may_help_the_rest_would_wait() -> None:
    some = replace(VIE, available={"mug": 2})
    document = rules(rule(only={"max_parcels": 1}))
    assert lines(document, facts(BER, some, mug=4))[-1] == (
        "VIE (520 km) was considered: it lacks 2 × mug, and would leave 2 units more waiting."
    )


def test_a_rule_that_ships_nothing_in_part_says_so() -> None:
    document = rules(rule(only={"complete": True}, otherwise="queue"))
    told = lines(document, facts(replace(BER, available={"mug": 1}), mug=2))
    assert told[-1].endswith("it lacks 1 × mug, and the rule ships nothing in part.")


def test_a_parcel_that_is_worth_too_little_says_so() -> None:
    document = rules(rule(only={"min_parcel_value": 1500}))
    small = replace(HAM, available={"mug": 1})
    (beside,) = told(document, facts(BER, small, mug=2)).beside
    assert beside == Beside("HAM", Worse("too_small"), {"mug": 2})


def test_the_last_rule_looks_at_what_the_earlier_ones_left() -> None:
    document = rules(
        rule("near", only={"max_distance_km": 50}, otherwise="next"),
        rule("rest", prefer=["cheapest"]),
    )
    near = replace(BER, available={"mug": 1})
    asked = facts(near, HAM, VIE, mug=3)
    found = decide(document, asked)
    assert (found.asked, len(found.taken)) == ((Demand("mug", 2),), 1)
    assert told(document, asked).beside == (Beside("HAM", Worse("cheapest", 160)),)


def test_the_runner_up_says_why_it_was_not_chosen() -> None:
    document, asked = rules(rule("cheap", prefer=["cheapest"])), facts()
    assert lines(document, asked)[2:4] == [
        "Chosen: VIE, 1 parcel, 3.00 EUR (2.90 EUR parcels, 0.10 EUR handling).",
        "Instead: HAM, 1 parcel, 4.30 EUR (3.90 EUR parcels, 0.40 EUR handling): "
        "would cost 1.30 EUR more.",
    ]
    short = facts(BER, replace(VIE, available={"mug": 1}), mug=2)
    runner_up = told(rules(rule()), short).compared[1]
    assert runner_up.worse == Worse("short", 1)
    assert in_words(Worse("short", 1), euros) == "would leave 1 unit more waiting"


def test_a_plan_that_turns_out_no_worse_is_told_honestly() -> None:
    """A search that ended at its limit may have missed it."""
    document, asked = rules(rule(prefer=["cheapest"])), facts()
    found = decide(document, facts(BER))
    story = story_of(7, asked, decide(document, asked))
    beside = told_beside(story, document, asked, found).beside
    assert {each.worse for each in beside if each.location == "HAM"} == {Worse("not_seen")}
    assert in_words(Worse("not_seen"), euros) == ("might do as well; the search ended at its limit")


@settings(max_examples=50)
@given(DOCUMENTS, FACTS)
def test_whatever_was_considered_has_its_reason_and_survives_json(
    document: Document, asked: Facts
) -> None:
    found = decide(document, asked)
    trace = told(document, asked)
    considered = [each.location for each in trace.weighed if each.verdict == "considered"]
    assert [each.location for each in trace.beside] == considered
    assert all(explain(trace, euros))
    again = Trace.from_json(json.loads(json.dumps(replace(trace, facts=None).to_json())))
    assert again == replace(trace, facts=None)
    if found.proven and found.picks:
        assert not any(each.worse == Worse("not_seen") for each in trace.beside)


@settings(max_examples=50)
@given(demands, sites, objectives)
def test_without_rules_the_objective_is_the_one_rule(
    wanted: list[Demand], places: list[Candidate], objective: Objective
) -> None:
    found = plan(wanted, places, objective)
    kept = plain_facts(wanted, places)
    trace = trace_of(wanted, places, objective, found, "default", 1, facts=kept)
    full = told_without_rules(Trace.from_json(json.loads(json.dumps(trace.to_json()))))
    (chosen, *others), before = full.compared, trace.compared[0]
    assert (chosen.locations, chosen.cost) == (before.locations, before.cost)
    assert all(each.worse and each.worse.what != "not_seen" for each in others)
    considered = {each.location for each in trace.weighed if each.verdict == "considered"}
    assert {each.location for each in full.beside} == considered
    assert all(each.worse.what != "not_seen" for each in full.beside)


def test_where_no_facts_were_kept_nothing_is_added() -> None:
    places = [Candidate("A", 1, 1, 1, None, {"mug": 1})]
    wanted = [Demand("mug", 1)]
    trace = trace_of(wanted, places, Objective.CHEAPEST, plan(wanted, places), "default", 1)
    assert told_without_rules(trace) == trace
    assert trace.compared == (CostParts(("A",), 1, 1, 1, 0),)
