"""An order goes through the rules: each allows, prefers, and says what happens with the rest."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from core.domain.distance import distance_km
from core.domain.routing import rules as r
from core.domain.routing.decision import Decision, Facts, decide
from core.domain.routing.document import Document, Else, read_document
from core.domain.routing.planner import Demand, Pick
from core.domain.routing.presets import drafted
from core.domain.routing.rules import LocationFacts
from core.domain.routing.scope import Goods, OrderFacts
from core.domain.routing.story import best_two, cost_of, others, story_of
from core.domain.routing.trace import explain

MUG, TEE = {"mug": 9}, {"tee": 9}
BER = LocationFacts(
    "BER", MUG | TEE, rank=1, parcel_cost=490, unit_cost=40, distance_km=10.0, country="DE",
    groups=("national", "warehouse"),
)  # fmt: skip
HAM = LocationFacts(
    "HAM", MUG | TEE, rank=2, parcel_cost=390, unit_cost=40, distance_km=250.0, country="DE",
    groups=("store",),
)  # fmt: skip
VIE = LocationFacts(
    "VIE", MUG | TEE, rank=3, parcel_cost=290, unit_cost=10, distance_km=520.0, country="AT",
    groups=("warehouse",), abilities=("cold",),
)  # fmt: skip
TO_BERLIN = OrderFacts(country="DE", goods={"mug": Goods(price=1000), "tee": Goods(price=2000)})


def rule(name: str = "one", **says: Any) -> dict[str, Any]:
    return {"name": name, **says}


def rules(*given: dict[str, Any], **more: Any) -> Document:
    return read_document({"name": "x", "rules": list(given), **more})


def facts(*places: LocationFacts, order: OrderFacts = TO_BERLIN, **wanted: int) -> Facts:
    demands = tuple(Demand(sku, quantity) for sku, quantity in (wanted or {"mug": 1}).items())
    return Facts(order, demands, places or (BER, HAM, VIE))


def ships(found: Decision) -> dict[str, dict[str, int]]:
    parts: dict[str, dict[str, int]] = {}
    for pick in found.picks:
        parts.setdefault(pick.location, {})[pick.sku] = pick.quantity
    return parts


def reasons(found: Decision) -> dict[str, str | None]:
    return {site.location: site.excluded for site in found.sites}


# --- what a rule prefers -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("prefer", "location"),
    [
        (["cheapest"], "VIE"),
        (["nearest"], "BER"),
        (["ranked"], "BER"),
        (["fewest_parcels", "cheapest"], "VIE"),
        (["on_time", "cheapest"], "HAM"),
        (["stock_balance"], "HAM"),
        (["oldest_stock"], "VIE"),
        ({"money": {}}, "VIE"),
        ({"money": {"late_day": 200}}, "HAM"),
        ({"money": {"late_day": 300, "stock_out": 200}}, "BER"),
    ],
)
def test_each_aim_finds_its_location(prefer: Any, location: str) -> None:
    ber = replace(BER, age_days=5, available={"mug": 5})
    ham = replace(HAM, age_days=10, available={"mug": 9})
    vie = replace(VIE, age_days=20, available={"mug": 3}, late_days=1)
    if isinstance(prefer, dict) and "stock_out" in prefer["money"]:
        ham = replace(ham, available={"mug": 1})
    asked = facts(ber, ham, vie)
    assert set(ships(decide(rules(rule(prefer=prefer)), asked))) == {location}


def test_a_ranked_list_takes_each_unit_from_the_best_that_has_it() -> None:
    ber = replace(BER, available={"mug": 1})
    found = decide(rules(rule(prefer=["ranked"])), facts(ber, HAM, VIE, mug=2))
    assert ships(found) == {"BER": {"mug": 1}, "HAM": {"mug": 1}}


def test_parcels_are_counted_first_also_behind_what_an_earlier_rule_took() -> None:
    document = rules(
        rule("near", only={"max_distance_km": 50}, otherwise="next"),
        rule("rest", prefer=["fewest_parcels"]),
    )
    near = replace(BER, available={"mug": 1})
    cheap = (
        replace(VIE, available=MUG, parcel_cost=10),
        replace(VIE, location="GRZ", available=TEE, parcel_cost=10),
    )
    found = decide(document, facts(near, HAM, *cheap, mug=2, tee=1))
    assert ships(found) == {"BER": {"mug": 1}, "HAM": {"mug": 1, "tee": 1}}


def test_a_parcel_that_leaves_anyway_is_no_further_parcel() -> None:
    """The first rule leaves two mugs on each shelf; added to its parcel they may cost any price."""
    document = rules(
        rule("near", only={"max_distance_km": 50, "safety": 2}, otherwise="next"),
        rule("rest", prefer=["fewest_parcels", "cheapest"]),
    )
    dear = replace(BER, available={"mug": 3}, unit_cost=5000)
    assert ships(decide(document, facts(dear, HAM, mug=3))) == {"BER": {"mug": 3}}


def test_splits_have_their_price() -> None:
    ber, ham = replace(BER, available=MUG), replace(HAM, available=TEE)
    far = replace(VIE, parcel_cost=1000)
    asked = facts(ber, ham, far, mug=1, tee=1)
    apart = decide(rules(rule(prefer={"money": {}})), asked)
    assert set(ships(apart)) == {"BER", "HAM"}
    dear = decide(rules(rule(prefer={"money": {"split": 200}})), asked)
    assert set(ships(dear)) == {"VIE"}
    parts = cost_of(asked, apart)
    assert (parts.parcel_cost, parts.unit_cost, parts.cost) == (880, 80, 960)


def test_the_store_down_the_road_ships_what_lies_there() -> None:
    """Golden: two are left in a Chicago store; 400 miles become 5."""
    home = (41.8500, -87.6500)
    chicago, warehouse = (41.8827, -87.5622), (36.1400, -86.9500)
    near, far = (distance_km(*home, *place) for place in (chicago, warehouse))
    assert near is not None
    assert far is not None
    assert (round(near / 1.609), round(far / 1.609)) == (5, 396)
    store = replace(HAM, location="CHI", available={"mug": 2}, distance_km=near, parcel_cost=900)
    nashville = replace(BER, location="BNA", distance_km=far, parcel_cost=500)
    order = replace(TO_BERLIN, country="US")
    asked = facts(nashville, store, order=order, mug=2)
    before = decide(drafted(["minimize-splits"]), asked)
    assert set(ships(before)) == {"BNA"}
    after = decide(drafted(["ship-from-store", "minimize-splits"]), asked)
    assert ships(after) == {"CHI": {"mug": 2}}
    too_many = decide(
        drafted(["ship-from-store", "minimize-splits"]),
        facts(nashville, store, order=order, mug=3),
    )
    assert ships(too_many) == {"BNA": {"mug": 3}}


# --- what a rule allows --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("only", "against"),
    [
        ({"groups": ["store"]}, {"BER": r.NOT_IN_GROUP, "HAM": None, "VIE": r.NOT_IN_GROUP}),
        ({"groups": ["ham"]}, {"BER": r.NOT_IN_GROUP, "HAM": None, "VIE": r.NOT_IN_GROUP}),
        ({"not_groups": ["store"]}, {"BER": None, "HAM": r.IN_GROUP_LEFT_OUT, "VIE": None}),
        ({"same_country": True}, {"BER": None, "HAM": None, "VIE": r.OTHER_COUNTRY}),
        ({"max_distance_km": 250}, {"BER": None, "HAM": None, "VIE": r.TOO_FAR}),
        ({"abilities": ["cold"]}, {"BER": r.NOT_ABLE, "HAM": r.NOT_ABLE, "VIE": None}),
        ({"safety": 9}, {"BER": r.NO_STOCK, "HAM": r.NO_STOCK, "VIE": r.NO_STOCK}),
    ],
)
def test_each_constraint_has_its_reason(
    only: dict[str, Any], against: dict[str, str | None]
) -> None:
    assert reasons(decide(rules(rule(only=only)), facts())) == against


def test_a_distance_that_nobody_knows_is_too_far() -> None:
    found = decide(
        rules(rule(only={"max_distance_km": 9999})), facts(replace(BER, distance_km=None))
    )
    assert reasons(found) == {"BER": r.DISTANCE_UNKNOWN}


def test_cold_goods_ship_only_where_they_are_kept_cold() -> None:
    order = replace(TO_BERLIN, goods={"mug": Goods(flags=("cold",)), "tee": Goods()})
    found = decide(rules(rule(only={"handling": ["cold"]})), facts(order=order, mug=1, tee=1))
    assert ships(found) == {"VIE": {"mug": 1, "tee": 1}}
    only_ber = decide(
        rules(rule(only={"handling": ["cold"]})), facts(BER, order=order, mug=1, tee=1)
    )
    assert (ships(only_ber), only_ber.short) == ({"BER": {"tee": 1}}, {"mug": 1})


def test_a_rejected_location_is_left_out_unless_the_rule_says_despite() -> None:
    rejected = replace(VIE, barred=r.REJECTED)
    cheapest = rule(prefer=["cheapest"])
    assert set(ships(decide(rules(cheapest), facts(BER, rejected)))) == {"BER"}
    despite = rule(prefer=["cheapest"], only={"despite_rejection": True})
    assert set(ships(decide(rules(despite), facts(BER, rejected)))) == {"VIE"}


@pytest.mark.parametrize(
    ("used", "limit", "full"),
    [
        ((9, 0, 0), {"orders": 10}, False),
        ((10, 0, 0), {"orders": 10}, True),
        ((0, 4, 0), {"lines": 5}, False),
        ((0, 5, 0), {"lines": 5}, True),
        ((0, 0, 7), {"units": 7, "orders": 99}, True),
        ((99, 99, 99), {"of": "ham", "orders": 1}, False),
    ],
)
def test_a_limit_of_ten_admits_the_tenth(
    used: tuple[int, int, int], limit: dict[str, Any], full: bool
) -> None:
    capacity = [{"of": "national", **limit}]
    asked = facts(replace(BER, used=used))
    found = decide(rules(rule(), capacity=capacity), asked)
    assert reasons(found) == {"BER": r.AT_CAPACITY if full else None}
    over = decide(rules(rule(only={"over_capacity": True}), capacity=capacity), asked)
    assert set(ships(over)) == {"BER"}


def test_lines_that_belong_together_leave_in_one_parcel() -> None:
    goods = {"mug": Goods("set"), "tee": Goods("Set"), "cup": Goods("single")}
    order = replace(TO_BERLIN, goods=goods)
    ber = replace(BER, available={"mug": 5, "cup": 5})
    ham = replace(HAM, available={"tee": 5})
    vie = replace(VIE, available={"mug": 2, "tee": 1}, parcel_cost=5000)
    together = rules(rule(only={"keep_together": ["set"]}, prefer=["cheapest"]))
    asked = facts(ber, ham, vie, order=order, mug=2, tee=1, cup=1)
    assert ships(decide(together, asked)) == {"BER": {"cup": 1}, "VIE": {"mug": 2, "tee": 1}}
    nobody = facts(ber, ham, order=order, mug=2, tee=1, cup=1)
    found = decide(together, nobody)
    assert (ships(found), found.short) == ({"BER": {"cup": 1}}, {"mug": 2, "tee": 1})
    assert reasons(found) == {"BER": None, "HAM": r.NOT_TOGETHER}


def test_two_of_one_thing_that_stays_together_leave_together_too() -> None:
    order = replace(TO_BERLIN, goods={"mug": Goods("set", price=900)})
    ber, ham = (replace(each, available={"mug": 1}) for each in (BER, HAM))
    document = rules(rule(only={"keep_together": ["set"]}))
    assert ships(decide(document, facts(ber, ham, order=order, mug=1))) == {"HAM": {"mug": 1}}
    apart = decide(document, facts(ber, ham, order=order, mug=2))
    assert (ships(apart), apart.short) == ({}, {"mug": 2})


def test_no_parcel_is_too_small_but_the_only_one_may_be() -> None:
    least = rules(rule(only={"min_parcel_value": 1500}, prefer=["cheapest"]))
    ber, ham = replace(BER, available={"mug": 9}), replace(HAM, available={"tee": 9})
    both = replace(VIE, parcel_cost=5000)
    found = decide(least, facts(ber, ham, both, mug=1, tee=1))
    assert set(ships(found)) == {"HAM", "VIE"} or set(ships(found)) == {"VIE"}
    assert reasons(found)["BER"] == r.PARCEL_TOO_SMALL
    assert not found.proven
    alone = decide(least, facts(ber, mug=1))
    assert ships(alone) == {"BER": {"mug": 1}}


def test_no_more_parcels_than_the_rule_allows() -> None:
    ber, ham = replace(BER, available={"mug": 9}), replace(HAM, available={"tee": 2})
    one = rules(rule(only={"max_parcels": 1}))
    found = decide(one, facts(ber, ham, mug=3, tee=1))
    assert (ships(found), found.short) == ({"BER": {"mug": 3}}, {"tee": 1})


# --- the next rule, and the rest -----------------------------------------------------------------

HALF = facts(replace(BER, available=MUG), replace(HAM, available={}), mug=1, tee=1)


def test_a_rule_that_is_not_for_the_order_is_passed_by() -> None:
    found = decide(rules(rule("express", when={"promise_within_hours": 48}), rule("rest")), facts())
    assert [(s.rule, s.outcome, s.detail) for s in found.steps] == [
        ("express", "misfit", "promise"),
        ("rest", "all", ""),
    ]


def test_an_order_that_fits_no_rule_is_routed_all_the_same() -> None:
    found = decide(rules(rule(when={"tags": ["vip"]})), facts())
    assert (found.rule.name, set(ships(found))) == ("no rule fits", {"VIE"})


def test_the_next_rule_has_what_is_left_and_knows_the_open_parcel() -> None:
    """HAM has a parcel of this order already: it is no second one, so the tee joins it."""
    ham = replace(HAM, available={"mug": 1, "tee": 1})
    ber = replace(BER, available={"tee": 1})
    first = rule("stores", only={"groups": ["store"], "safety": 0}, when={}, otherwise="next")
    last = rule("cheapest", prefer=["cheapest"])
    found = decide(rules(first, last), facts(replace(ham, available={"mug": 1}), ber, mug=1, tee=1))
    assert ships(found) == {"HAM": {"mug": 1}, "BER": {"tee": 1}}
    kept = rule("mugs", only={"groups": ["store"]}, otherwise="next")
    asked = facts(ham, replace(ber, parcel_cost=1, unit_cost=50), mug=1, tee=1)
    assert ships(decide(rules(kept, last), asked)) == {"HAM": {"mug": 1, "tee": 1}}


def test_a_complete_rule_takes_nothing_in_part() -> None:
    whole = rule("whole", only={"complete": True}, otherwise="next")
    found = decide(rules(whole, rule("rest")), HALF)
    assert [(s.rule, s.outcome) for s in found.steps] == [("whole", "nothing"), ("rest", "part")]
    assert found.short == {"tee": 1}


@pytest.mark.parametrize(
    ("otherwise", "taken"),
    [
        ("ship_part", 1),
        ("queue", 0),
        ("ask", 0),
        ({"do": "backorder", "at": "HAM"}, 1),
        ({"do": "cancel", "days": 3}, 1),
        ("next", 1),
    ],
)
def test_what_happens_with_the_rest(otherwise: Any, taken: int) -> None:
    found = decide(rules(rule(otherwise=otherwise)), HALF)
    assert len(found.picks) == taken
    assert found.otherwise is not None
    if otherwise != "next":
        does = otherwise if isinstance(otherwise, str) else otherwise["do"]
        assert found.otherwise.do is Else(does)


def test_with_nothing_left_over_there_is_no_otherwise() -> None:
    assert decide(rules(rule(otherwise="queue")), facts()).otherwise is None


# --- what else could have been -------------------------------------------------------------------


def test_the_plans_that_were_not_taken_are_named_with_their_cost() -> None:
    document = rules(rule(prefer=["cheapest"]))
    found = decide(document, facts())
    assert [cost_of(facts(), each).cost for each in (found, *others(document, facts(), found))] == [
        300,
        430,
    ]


def test_a_person_who_is_asked_has_the_two_best_plans_to_choose_from() -> None:
    document = drafted(["ask-before-split"])
    ber, ham, vie = (
        replace(BER, available=MUG), replace(HAM, available=TEE), replace(VIE, available=TEE),
    )  # fmt: skip
    asked = facts(ber, ham, vie, mug=1, tee=1)
    found = decide(document, asked)
    assert (found.picks, found.short) == ((), {"mug": 1, "tee": 1})
    first, second = best_two(document, asked, found)
    assert (set(ships(first)), set(ships(second))) == ({"BER", "VIE"}, {"BER", "HAM"})
    assert Pick("BER", "mug", 1) in first.picks


def test_the_plans_to_choose_from_are_the_asking_rules_own() -> None:
    """What a later rule would do with the rest is not offered."""
    document = rules(
        rule("ask", only={"groups": ["store"], "complete": True}, otherwise="ask"),
        rule("rest"),
    )
    ham = replace(HAM, available={"mug": 1})
    asked = facts(BER, ham, mug=2)
    (only,) = best_two(document, asked, decide(document, asked))
    assert (ships(only), only.short) == ({"HAM": {"mug": 1}}, {"mug": 1})


def test_of_very_many_locations_the_first_are_named_and_the_others_counted() -> None:
    crowd = [replace(BER, location=f"L{n:03}", available={}) for n in range(200)]
    asked = facts(*crowd, BER, HAM)
    story = story_of(1, asked, decide(rules(rule(prefer=["cheapest"])), asked))
    assert [each.location for each in story.weighed[:2]] == ["HAM", "BER"]
    assert (len(story.weighed), story.more) == (50, {r.NO_STOCK: 152})
    assert "152 more: it has none of these items." in explain(story, str)
    assert story.facts is None
    assert len(json.dumps(story.to_json())) < 10_000
