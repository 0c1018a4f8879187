"""Rules and decisions word for word: every part of a rule is told, and nothing that is not so."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from core.domain.refusals import Invalid
from core.domain.routing import rules as r
from core.domain.routing.decision import Facts, Step, decide
from core.domain.routing.document import read_document
from core.domain.routing.explain import aims_in_words, document_in_words, in_words
from core.domain.routing.planner import Demand
from core.domain.routing.presets import preset_named
from core.domain.routing.story import cost_of, story_of
from core.domain.routing.trace import CostParts, Trace, explain
from tests.domain.test_routing_decision import BER, HAM, VIE, facts, rule, rules


def euros(cents: int) -> str:
    return f"{cents / 100:.2f} EUR"


def told(**says: Any) -> str:
    (line,) = document_in_words(rules(rule(**says)), euros)
    return line.removeprefix("1. one — ")


FROM_ANYWHERE = "from any location; fewest parcels, then cheapest, then nearest"
PART = "What there is ships, the rest waits."


@pytest.mark.parametrize(
    ("when", "whom"),
    [
        ({}, "Every order"),
        ({"channels": ["pos", "ebay"]}, "Orders from pos or ebay"),
        ({"priorities": ["vip"]}, "Orders of priority vip"),
        ({"tags": ["gift"]}, "Orders tagged gift"),
        ({"not_tags": ["b2b"]}, "Orders not tagged b2b"),
        ({"categories": ["shoes"]}, "Orders with goods of shoes"),
        ({"skus": ["mug"]}, "Orders with mug"),
        ({"methods": ["express"]}, "Orders sent by express"),
        ({"countries": ["de", "at"]}, "Orders to DE or AT"),
        ({"regions": ["be"]}, "Orders to region be"),
        ({"zip_prefixes": ["10", "2"]}, "Orders to postal codes 10… or 2…"),
        ({"value_from": 0}, "Orders worth 0.00 EUR or more"),
        ({"value_below": 5000}, "Orders worth less than 50.00 EUR"),
        ({"promise_within_hours": 24}, "Orders promised within 24 h"),
        ({"channels": ["pos"], "tags": ["gift"]}, "Orders from pos tagged gift"),
    ],
)
def test_a_rule_says_for_whom_it_is(when: dict[str, Any], whom: str) -> None:
    assert told(when=when) == f"{whom}: {FROM_ANYWHERE}. {PART}"


@pytest.mark.parametrize(
    ("only", "where"),
    [
        ({"groups": ["store", "ber"]}, "only from store or ber"),
        ({"not_groups": ["store"]}, "not from store"),
        ({"same_country": True}, "only from the country it goes to"),
        ({"max_distance_km": 50}, "at most 50 km away"),
        ({"abilities": ["gift wrap"]}, "where they do gift wrap"),
        ({"handling": ["cold"]}, "goods only where they are handled: cold"),
        ({"groups": ["store"], "same_country": True}, "only from store, only from the country it"),
    ],
)
def test_a_rule_says_from_where(only: dict[str, Any], where: str) -> None:
    assert told(only=only).startswith(f"Every order: {where}")


@pytest.mark.parametrize(
    ("only", "limit"),
    [
        ({"keep_together": ["set"]}, "keep set in one parcel"),
        ({"safety": 2}, "leave 2 of everything"),
        ({"min_parcel_value": 1500}, "no parcel below 15.00 EUR"),
        ({"max_parcels": 1}, "1 parcel at most"),
        ({"max_parcels": 2}, "2 parcels at most"),
        ({"complete": True}, "only if it has everything"),
        ({"over_capacity": True}, "even beyond the limits of the day"),
        ({"despite_rejection": True}, "even where it was given back"),
        ({"safety": 1, "max_parcels": 3}, "leave 1 of everything; 3 parcels at most"),
    ],
)
def test_a_rule_says_what_no_plan_may_break(only: dict[str, Any], limit: str) -> None:
    assert told(only=only) == f"Every order: {FROM_ANYWHERE}; {limit}. {PART}"


@pytest.mark.parametrize(
    ("otherwise", "rest"),
    [
        ("next", "Otherwise the next rule."),
        ("ship_part", PART),
        ("queue", "Otherwise nothing ships and the order waits."),
        (
            {"do": "queue", "reason": "sets stay whole"},
            "Otherwise nothing ships and the order waits (sets stay whole).",
        ),
        ({"do": "backorder", "at": "ham"}, "The rest waits for HAM."),
        ({"do": "cancel", "days": 1}, "The rest is canceled after 1 day."),
        (
            {"do": "cancel", "days": 2, "reason": "seasonal"},
            "The rest is canceled after 2 days (seasonal).",
        ),
        ("ask", "Otherwise a person chooses between the two best plans."),
    ],
)
def test_a_rule_says_what_happens_with_the_rest(otherwise: Any, rest: str) -> None:
    assert told(otherwise=otherwise) == f"Every order: {FROM_ANYWHERE}. {rest}"


@pytest.mark.parametrize(
    ("wait", "words"),
    [
        ({}, ""),
        ({"one_place_hours": 8}, "; waits up to 8 h for one location that has everything"),
        ({"next_order_hours": 2}, "; waits up to 2 h for the customer's next order"),
        (
            {"one_place_hours": 0, "next_order_hours": 0},
            "; does not wait for one location that has everything; "
            "does not wait for the customer's next order",
        ),
    ],
)
def test_a_rule_says_how_long_it_waits_unless_the_policies_do(
    wait: dict[str, int], words: str
) -> None:
    assert told(wait=wait) == f"Every order: {FROM_ANYWHERE}{words}. {PART}"


def test_aims_are_told_in_their_order_and_money_by_its_parts() -> None:
    aims = ["on_time", "ranked", "stock_balance", "oldest_stock"]
    listed = rules(rule(prefer=aims)).rules[0].prefer
    words = "on time, then best ranked, then most stock, then oldest stock"
    assert in_words(listed) == aims_in_words(listed) == words
    dear = rules(rule(prefer={"money": {"stock_out": 200}})).rules[0].prefer
    assert in_words(dear, euros) == (
        "least money: parcels and handling, 2.00 EUR for taking the last units"
    )
    assert aims_in_words(dear) == "least money"


def test_a_limit_of_a_day_is_told_by_its_kinds() -> None:
    limits = [{"of": "store", "lines": 20, "units": 0}, {"of": "ber", "orders": 5}]
    assert document_in_words(rules(rule(), capacity=limits))[1:] == [
        "Each location of “store” takes on 20 lines, 0 units a day.",
        "Each location of “ber” takes on 5 orders a day.",
    ]


def test_a_limit_names_whose_it_is() -> None:
    with pytest.raises(Invalid, match=r"capacity\[0\]\.of: write a name"):
        read_document({"name": "x", "rules": [rule()], "capacity": [{"orders": 1}]})


def test_ready_rules_are_found_however_their_name_is_spaced() -> None:
    assert preset_named(" Minimize_Splits ") == preset_named("minimize splits")
    with pytest.raises(Invalid) as refused:
        preset_named("zebra")
    assert refused.value.code == "bad_rules"
    assert refused.value.sentence == "There are no ready rules called zebra."
    assert refused.value.next == "Look at `rules presets`."


# --- a decision ----------------------------------------------------------------------------------

CHEAPEST = rules(rule("cheap", prefer=["cheapest"]))


def story(asked: Facts, document: Any = CHEAPEST) -> list[str]:
    return explain(story_of(7, asked, decide(document, asked)), euros)


def test_one_rule_that_had_everything_is_told_without_its_steps() -> None:
    assert story(facts(BER, replace(VIE, active=False))) == [
        "BER ships 1 × mug.",
        "Rule “cheap”, version 7: cheapest.",
        "Chosen: BER, 1 parcel, 5.30 EUR (4.90 EUR parcels, 0.40 EUR handling).",
        "No plan is better: this is proven.",
        "VIE (520 km) was not allowed: it is not active.",
    ]


def test_what_each_of_several_rules_came_to_is_told() -> None:
    document = rules(
        rule("vips", when={"priorities": ["vip"]}, otherwise="next"),
        rule("near", only={"max_distance_km": 5}, otherwise="next"),
        rule("stores", only={"groups": ["store"]}, otherwise="next"),
        rule("all", prefer=["cheapest"]),
    )
    asked = facts(replace(HAM, available={"mug": 1}), BER, mug=2)
    steps = [line for line in story(asked, document) if line.startswith("“")]
    assert steps == [
        "“vips” is not for it: priority.",
        "“near” had no place for it.",
        "“stores” had a place for a part.",
        "“all” had a place for everything.",
    ]


def test_a_place_without_enough_is_told_apart_from_one_that_costs_more() -> None:
    some = replace(VIE, available={"mug": 1})
    lines = story(facts(BER, replace(HAM, parcel_cost=900, distance_km=None), some, mug=2))
    assert (
        "HAM was considered: it has everything, but costs more, needs more parcels or is"
        in (lines[-2])
    )
    assert lines[-1].startswith("VIE (520 km) was considered: it has only some of the items")


def test_a_place_with_just_enough_has_everything() -> None:
    lines = story(facts(BER, replace(HAM, parcel_cost=900, available={"mug": 2}), mug=2))
    assert lines[-1].startswith("HAM (250 km) was considered: it has everything, but costs more")


def test_what_lateness_splits_and_last_units_cost_is_told_by_part() -> None:
    money = {"split": 150, "late_day": 100, "stock_out": 30}
    ber = replace(BER, available={"mug": 1}, late_days=1)
    ham = replace(HAM, available={"tee": 9}, late_days=2)
    asked = facts(ber, ham, mug=1, tee=1)
    found = decide(rules(rule(prefer={"money": money})), asked)
    parts = cost_of(asked, found)
    assert parts.more == {"lateness": 300, "stock_out": 30, "split": 150}
    assert (parts.parcel_cost, parts.unit_cost, parts.cost) == (880, 80, 1440)
    chosen = next(
        line for line in story(asked, rules(rule(prefer={"money": money}))) if "Ch" in line
    )
    assert chosen == (
        "Chosen: BER + HAM, 2 parcels, 14.40 EUR (8.80 EUR parcels, 0.80 EUR handling, "
        "3.00 EUR lateness, 0.30 EUR last units, 1.50 EUR splits)."
    )


def test_a_person_who_chose_is_named_and_less_that_ships_is_said() -> None:
    asked = facts(BER, HAM)
    found = story_of(7, asked, decide(CHEAPEST, asked))
    chosen = replace(found, override="Anna")
    assert "Anna chose the location." in explain(chosen, euros)
    worse = replace(found.compared[0], locations=("VIE",), units_short=2)
    lines = explain(replace(found, compared=(found.compared[0], worse)), euros)
    assert next(line for line in lines if "Instead" in line).endswith("; 2 more would wait.")


def test_a_part_or_a_reason_without_words_of_its_own_is_told_by_its_name() -> None:
    asked = facts(BER, replace(HAM, barred="left_out_to_compare"))
    found = story_of(7, asked, decide(CHEAPEST, asked))
    parts = CostParts(("BER",), 1, 490, 40, 0, {"zone": 100})
    lines = explain(replace(found, compared=(parts,)), euros)
    assert (
        "Chosen: BER, 1 parcel, 6.30 EUR (4.90 EUR parcels, 0.40 EUR handling, 1.00 EUR zone)."
        in (lines)
    )
    assert lines[-1] == "HAM (250 km) was not allowed: left out to compare."


def test_a_story_keeps_what_the_decision_was() -> None:
    asked = facts(BER, replace(HAM, paused=True), mug=10)
    found = decide(CHEAPEST, asked)
    kept = story_of(7, asked, found)
    assert (kept.rule, kept.version, kept.aims, kept.waits) == ("cheap", 7, "cheapest", "ship_part")
    assert (kept.picks, kept.short, kept.steps) == (found.picks, {"mug": 1}, found.steps)
    assert (kept.proven, kept.gap_bound, kept.facts) == (True, 0, asked)
    assert [(each.location, each.verdict, each.reason) for each in kept.weighed] == [
        ("BER", "chosen", "ships"),
        ("HAM", "excluded", r.PAUSED),
    ]
    unproven = story_of(7, asked, replace(found, proven=False))
    assert (unproven.proven, unproven.gap_bound) == (False, None)
    whole = story_of(7, facts(BER), decide(CHEAPEST, facts(BER)))
    assert whole.waits == ""


def test_a_trace_of_an_earlier_release_says_less_and_is_still_read() -> None:
    asked = facts(BER)
    kept = replace(story_of(7, asked, decide(CHEAPEST, asked)), facts=None)
    plain = kept.to_json()
    later = ("aims", "steps", "facts", "override", "waits", "more")
    before = {name: value for name, value in plain.items() if name not in later}
    assert Trace.from_json(before) == replace(kept, aims="", steps=())
    full = replace(
        kept, override="Anna", waits="ask", more={"paused": 3}, gap_bound=4, gap_unit="parcels",
        proven=False, steps=(Step("a", "misfit", "tags"),),
    )  # fmt: skip
    assert Trace.from_json(full.to_json()) == full


def test_demands_of_one_sku_count_together_when_a_place_is_weighed() -> None:
    two = Facts(facts().order, (Demand("mug", 2), Demand("mug", 2)), (BER, HAM))
    parts = cost_of(two, decide(rules(rule(prefer={"money": {"stock_out": 50}})), two))
    assert (parts.unit_cost, parts.more) == (160, {})
    tight = replace(two, places=(replace(BER, available={"mug": 4}),))
    parts = cost_of(tight, decide(rules(rule(prefer={"money": {"stock_out": 50}})), tight))
    assert parts.more == {"stock_out": 50}
