"""Routing by rules: versions, what is in force decides, capacity to the last order, rejections."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from core.commands.deciding import ChoosePlan, DeclineWork, EndWaits, RouteQueue
from core.commands.fulfillment import PackWork
from core.commands.orders import CancelOrder, MoveOrder, RouteAgain
from core.commands.routing import (
    ActivateRules,
    DraftRules,
    PutRules,
    RollBackRules,
    Sure,
    SwitchRulesOff,
)
from core.commands.stock import AdjustStock, ReceiveStock
from core.commands.undo import UndoLast
from core.db import tables as t
from core.db.rows import from_json
from core.domain.access import Role
from core.domain.refusals import Invalid
from core.queries.routing import DiffRules, ListPresets, ShowRules
from tests.shop import BER, CHANNEL, HAM, VIE, Shop, make_shop, staff

OWNER = staff(Role.OWNER, "Olga")


@pytest.fixture
def shop(database: str) -> Iterator[Shop]:
    made = make_shop(database)
    yield made
    made.close()


def put(shop: Shop, *rules: dict[str, Any], **more: Any) -> int:
    """A version with these rules, in force."""
    document = {"name": "test", "rules": list(rules), **more}
    written = shop.do(PutRules(document, "a test"), OWNER)
    assert written.ok, written
    number = int(written.facts["number"])
    assert shop.do(ActivateRules(number, Sure.SURE), OWNER).ok
    return number


def places(shop: Shop, number: int | str) -> list[int]:
    (order,) = shop.rows(t.orders, number=str(number))
    works = shop.rows(t.fulfillment_order, order_id=order["id"])
    return [work["location_id"] for work in works if work["stage"] != "canceled"]


def trace(shop: Shop, number: int | str) -> dict[str, Any]:
    (order,) = shop.rows(t.orders, number=str(number))
    found: dict[str, Any] = from_json(shop.rows(t.routing_trace, order_id=order["id"])[-1]["trace"])
    return found


# --- versions ------------------------------------------------------------------------------------


def test_a_draft_changes_nothing_until_it_is_activated(shop):
    receipt = shop.do(DraftRules("ranked, nearest"), OWNER)
    assert receipt.sentence == "Version 1 of the rules is drafted."
    assert shop.ask(ShowRules()).number == 0
    assert shop.ask(ShowRules(1)).state == "draft"
    assert shop.do(ActivateRules(1), OWNER).ok
    view = shop.ask(ShowRules())
    assert (view.number, view.name, view.state) == (1, "ranked + nearest", "active")
    assert view.words[0].startswith("1. ranked locations — Every order: from any location;")


def test_rolling_back_brings_back_what_was_before(shop):
    put(shop, {"name": "one"})
    put(shop, {"name": "two"})
    assert shop.do(RollBackRules(), OWNER).sentence == "Version 1 of the rules is in force again."
    assert {v.number: v.state for v in shop.ask(ShowRules()).versions} == {
        1: "active",
        2: "archived",
    }
    assert shop.do(UndoLast(), OWNER).ok
    assert shop.ask(ShowRules()).number == 2


def test_rules_can_be_switched_off(shop):
    put(shop, {"name": "one"})
    assert shop.do(SwitchRulesOff("too new"), OWNER).ok
    assert shop.ask(ShowRules()).number == 0
    assert shop.do(SwitchRulesOff(), OWNER).code == "already"


@pytest.mark.parametrize("role", [Role.LEAD, Role.SUPPORT, Role.WAREHOUSE])
def test_only_an_owner_changes_the_rules(shop, role):
    receipt = shop.do(DraftRules("nearest"), staff(role, "Sue"))
    assert receipt.code == "not_allowed"
    assert shop.rows(t.routing_rules) == []


def test_a_bad_document_is_refused_with_its_place_and_nothing_is_kept(shop):
    receipt = shop.do(PutRules({"name": "x", "rules": [{"name": "a", "when": {"tag": 1}}]}), OWNER)
    assert (receipt.outcome, receipt.code) == ("refused", "bad_rules")
    assert receipt.sentence == "rules[0].when.tag: there is no such key; did you mean tags?"
    assert shop.rows(t.routing_rules) == []


def test_a_version_that_does_not_exist_cannot_be_activated(shop):
    assert shop.do(ActivateRules(7), OWNER).code == "not_found"
    assert shop.rows(t.routing_activation) == []


def test_a_diff_tells_rules_in_words(shop):
    put(shop, {"name": "one"})
    shop.do(PutRules({"name": "test", "rules": [{"name": "one", "prefer": ["nearest"]}]}), OWNER)
    told = shop.ask(DiffRules(2))
    assert (told.number, told.against) == (2, 1)
    assert [line[:8] for line in told.lines] == ["-1. one ", "+1. one "]
    with pytest.raises(Invalid):
        shop.ask(DiffRules(2, 2))


def test_presets_are_listed(shop):
    assert "minimize-splits" in {each.name for each in shop.ask(ListPresets())}


# --- what is in force decides --------------------------------------------------------------------


def test_without_rules_the_objective_decides(shop):
    shop.place(1001, ("mug-red", 1))
    assert places(shop, 1001) == [BER]
    assert trace(shop, 1001)["rule"] == "default"


def test_the_rules_in_force_decide_and_are_named_in_the_trace(shop):
    put(shop, {"name": "stores", "only": {"groups": ["store"]}})
    shop.place(1001, ("mug-red", 1))
    assert places(shop, 1001) == [HAM]
    told = trace(shop, 1001)
    assert (told["rule"], told["version"]) == ("stores", 1)
    against = {each["location"]: each["reason"] for each in told["weighed"]}
    assert against == {"BER": "not_in_the_groups", "HAM": "ships", "VIE": "not_in_the_groups"}


def test_an_order_goes_on_to_the_next_rule_with_what_is_left(shop):
    put(
        shop,
        {"name": "stores", "only": {"groups": ["store"]}, "otherwise": "next"},
        {"name": "anywhere"},
    )
    shop.place(1001, ("mug-red", 12))
    assert sorted(places(shop, 1001)) == [BER, HAM]
    assert [(s["rule"], s["outcome"]) for s in trace(shop, 1001)["steps"]] == [
        ("stores", "part"),
        ("anywhere", "all"),
    ]


# --- capacity ------------------------------------------------------------------------------------


def test_a_limit_of_two_admits_two_and_the_third_goes_elsewhere(shop):
    put(shop, {"name": "ranked", "prefer": ["ranked"]}, capacity=[{"of": "ber", "orders": 2}])
    for number in (1001, 1002, 1003):
        shop.place(number, ("mug-red", 1))
    assert [places(shop, number) for number in (1001, 1002, 1003)] == [[BER], [BER], [HAM]]
    (used,) = shop.rows(t.capacity_used, location_id=BER)
    assert (used["orders"], used["lines"], used["units"]) == (2, 2, 2)


def test_canceled_work_gives_its_place_in_the_day_back(shop):
    put(shop, {"name": "ranked", "prefer": ["ranked"]}, capacity=[{"of": "ber", "orders": 1}])
    shop.place(1001, ("mug-red", 1))
    assert shop.do(CancelOrder("1001", "changed mind")).ok
    shop.place(1002, ("mug-red", 1))
    assert places(shop, 1002) == [BER]


def test_the_day_ends_at_the_cut_off_of_the_location(shop):
    limits = [{"of": "ber", "orders": 1, "cut_off": "10:30"}]
    put(shop, {"name": "ranked", "prefer": ["ranked"]}, capacity=limits)
    shop.place(1001, ("mug-red", 1))
    shop.clock.advance(hours=1)  # 11:00 in Berlin
    shop.place(1002, ("mug-red", 1))
    assert places(shop, 1002) == [BER]
    days = [row["day"] for row in shop.rows(t.capacity_used, location_id=BER)]
    assert sorted(days) == ["2026-11-23", "2026-11-24"]


# --- what waits ----------------------------------------------------------------------------------


def test_an_order_for_which_nothing_ships_before_everything_can_waits_whole(shop):
    queue = {"do": "queue", "reason": "sets stay together"}
    put(shop, {"name": "whole", "otherwise": queue})
    shop.place(1001, ("mug-red", 25))
    assert places(shop, 1001) == []
    (wait,) = shop.rows(t.routing_wait)
    assert (wait["does"], wait["reason"]) == ("queue", "sets stay together")
    told = [fact for fact in shop.rows(t.event) if fact["kind"] == "OrderWaits"]
    assert from_json(told[0]["data"])["rule"] == "whole"


def test_what_waited_is_placed_when_stock_arrives_and_waits_no_longer(shop):
    put(shop, {"name": "whole", "otherwise": "queue"})
    shop.place(1001, ("mug-red", 25))
    assert shop.do(ReceiveStock("mug-red", "ber", 5)).facts["served"] == ["1001"]
    assert sorted(places(shop, 1001)) == [BER, HAM]
    assert shop.rows(t.routing_wait) == []


def test_an_order_that_waited_long_enough_is_canceled_once(shop):
    put(shop, {"name": "three days", "otherwise": {"do": "cancel", "days": 3}})
    shop.place(1001, ("mug-red", 20))
    shop.place(1002, ("mug-red", 1))
    shop.clock.advance(days=2, hours=23)
    assert shop.do(EndWaits(), CHANNEL).facts["canceled"] == []
    shop.clock.advance(hours=1)
    assert shop.do(EndWaits(), CHANNEL).facts["canceled"] == ["1002"]
    assert shop.do(EndWaits(), CHANNEL).facts["canceled"] == []
    (order,) = shop.rows(t.orders, number="1002")
    assert (order["status"], order["cancel_reason"]) == (
        "canceled",
        "out of stock (rule “three days”)",
    )


def test_an_order_of_which_a_part_goes_on_is_not_canceled_by_itself(shop):
    put(shop, {"name": "three days", "otherwise": {"do": "cancel", "days": 3}})
    shop.place(1001, ("mug-red", 25))
    shop.clock.advance(days=4)
    assert shop.do(EndWaits(), CHANNEL).facts["canceled"] == []
    (order,) = shop.rows(t.orders, number="1001")
    assert order["status"] == "open"


# --- a person is asked ---------------------------------------------------------------------------


@pytest.fixture
def asked(shop):
    """Order 1001 needs two parcels, and the rules ask before they split."""
    assert shop.do(ReceiveStock("sock-grey", "vie", 3)).ok
    for sku, place in (("mug-red", "ham"), ("tee-black-m", "ber")):
        assert shop.do(AdjustStock(sku, place, -10, "sold out")).ok
    assert shop.do(DraftRules("ask-before-split"), OWNER).ok
    assert shop.do(ActivateRules(1), OWNER).ok
    shop.place(1001, ("mug-red", 1), ("tee-black-m", 1), ("sock-grey", 1))
    return shop


def case_of(shop: Shop) -> dict[str, Any]:
    (case,) = [c for c in shop.rows(t.cases, kind="routing_choice") if c["state"] != "resolved"]
    return case


def test_a_rule_that_asks_opens_a_case_with_the_best_plans(asked):
    assert places(asked, 1001) == []
    plans = from_json(case_of(asked)["facts"])["plans"]
    assert [(plan["parcels"], plan["short"]) for plan in plans] == [(2, 0), (1, 1)]
    assert plans[0]["locations"] == ["BER", "HAM"]


def test_the_plan_that_was_chosen_is_placed_and_the_case_closes(asked):
    receipt = asked.do(ChoosePlan("1001", 1))
    assert receipt.sentence == "Order 1001 ships from BER and HAM."
    assert sorted(places(asked, 1001)) == [BER, HAM]
    assert {c["state"] for c in asked.rows(t.cases)} == {"resolved"}
    assert trace(asked, 1001)["override"] == "Ann"


def test_a_plan_that_was_not_offered_is_refused(asked):
    assert asked.do(ChoosePlan("1001", 3)).code == "invalid"
    assert places(asked, 1001) == []


def test_the_rest_of_a_smaller_plan_waits(asked):
    assert asked.do(ChoosePlan("1001", 2)).ok
    assert len(places(asked, 1001)) == 1
    assert [c["kind"] for c in asked.rows(t.cases) if c["state"] == "open"] == ["short"]


def test_a_plan_whose_stock_is_gone_is_refused_and_nothing_changes(asked):
    assert asked.do(AdjustStock("tee-black-m", "ham", -10, "stolen")).ok
    receipt = asked.do(ChoosePlan("1001", 1))
    assert (receipt.code, receipt.next) == ("conflict", "Write `retry 1001`.")
    assert places(asked, 1001) == []
    assert case_of(asked)["state"] == "open"


def test_nobody_chooses_where_nobody_was_asked(shop):
    shop.place(1001, ("mug-red", 1))
    assert shop.do(ChoosePlan("1001", 1)).code == "not_possible"


# --- work is given back --------------------------------------------------------------------------


@pytest.mark.parametrize("ruled", [False, True])
def test_a_location_that_gave_an_order_back_does_not_get_it_again(shop, ruled):
    if ruled:
        put(shop, {"name": "cheapest", "prefer": ["cheapest"]})
    shop.place(1001, ("mug-red", 1))
    receipt = shop.do(DeclineWork("1001", reason="broken"), staff(Role.WAREHOUSE, "Bo"))
    assert receipt.sentence == "BER gave order 1001 back. It ships from HAM now."
    assert places(shop, 1001) == [HAM]
    given_back = shop.do(DeclineWork("1001", reason="no staff"))
    assert "Nobody else can ship it now; `move 1001 to ham` gives it back." in str(given_back)
    assert places(shop, 1001) == []
    reasons = {w["location"]: w["reason"] for w in trace(shop, 1001)["weighed"]}
    assert (reasons["BER"], reasons["HAM"]) == ("rejected_this_order", "rejected_this_order")
    assert shop.do(RouteAgain("1001")).ok
    assert places(shop, 1001) == []
    none = shop.do(MoveOrder("1001", "vie")).sentence
    assert none == "VIE has nothing of what order 1001 waits for."
    moved = shop.do(MoveOrder("1001", "ham"))
    assert (moved.sentence, moved.can_undo) == ("1 × mug-red of order 1001 goes to HAM.", not ruled)
    assert places(shop, 1001) == [HAM]
    assert [c["state"] for c in shop.rows(t.cases, kind="short")] == ["resolved"]
    if moved.can_undo:
        assert shop.do(UndoLast()).ok
        assert places(shop, 1001) == []


def test_what_is_packed_is_put_back_before_it_is_given_back(shop):
    shop.place(1001, ("mug-red", 1))
    assert shop.do(PackWork("1001")).ok
    receipt = shop.do(DeclineWork("1001", reason="broken"))
    assert (receipt.code, receipt.next) == ("not_possible", "Write `putback 1001` first.")
    assert shop.rows(t.routing_rejection) == []


def test_a_store_gives_back_only_its_own_work(shop):
    shop.place(1001, ("mug-red", 1))
    ham = staff(Role.STORE, "Hanna", locations=("HAM",))
    assert shop.do(DeclineWork("1001"), ham).code == "not_found"
    assert places(shop, 1001) == [BER]


def test_capacity_is_counted_again_where_declined_work_goes(shop):
    limits = [{"of": "ber", "orders": 5}, {"of": "ham", "orders": 5}]
    put(shop, {"name": "ranked", "prefer": ["ranked"]}, capacity=limits)
    shop.place(1001, ("mug-red", 1))
    assert shop.do(DeclineWork("1001")).ok
    used = {row["location_id"]: row["orders"] for row in shop.rows(t.capacity_used)}
    assert used == {BER: 0, HAM: 1}


# --- priority ------------------------------------------------------------------------------------


def test_a_queue_is_served_vip_first_then_b2b_then_gifts_then_by_age(shop):
    shop.place(1000, ("mug-red", 20))
    for number, tags in ((1001, ()), (1002, ("gift",)), (1003, ("B2B",)), (1004, ("vip",))):
        shop.place(number, ("mug-red", 1), tags=tags)
    served = shop.do(ReceiveStock("mug-red", "ber", 9)).facts["served"]
    assert served == ["1004", "1003", "1002", "1001"]


# --- what waits for one location, and many at once -----------------------------------------------


def test_what_is_kept_back_for_one_location_waits_for_it_until_a_person_says_otherwise(shop):
    put(shop, {"name": "vienna", "otherwise": {"do": "backorder", "at": "VIE"}})
    shop.place(1001, ("mug-red", 21))
    assert shop.do(ReceiveStock("mug-red", "ber", 5)).facts["served"] == []
    assert shop.do(ReceiveStock("mug-red", "vie", 1)).facts["served"] == ["1001"]
    assert sorted(places(shop, 1001)) == [BER, HAM, VIE]
    shop.place(1002, ("mug-red", 8))
    assert shop.do(ReceiveStock("mug-red", "ham", 5)).facts["served"] == []
    assert shop.do(RouteAgain("1002")).ok
    assert HAM in places(shop, 1002)
    assert shop.rows(t.routing_wait) == []


def test_ten_a_day_are_ten_when_sixteen_come_at_once(shop):
    put(shop, {"name": "ranked", "prefer": ["ranked"]}, capacity=[{"of": "ber", "orders": 10}])
    shop.do(ReceiveStock("mug-red", "ber", 90))
    shop.do(ReceiveStock("mug-red", "ham", 90))
    orders = [shop.order(number, ("mug-red", 1)) for number in range(1001, 1017)]
    with ThreadPoolExecutor(16) as crowd:
        receipts = list(crowd.map(lambda order: shop.engine.execute(order, CHANNEL), orders))
    assert all(receipt.ok for receipt in receipts)
    works = [work["location_id"] for work in shop.rows(t.fulfillment_order)]
    assert (works.count(BER), works.count(HAM)) == (10, 6)


def test_a_day_without_room_for_all_units_sends_the_order_elsewhere(shop):
    put(shop, {"name": "ranked", "prefer": ["ranked"]}, capacity=[{"of": "ber", "units": 3}])
    shop.place(1001, ("mug-red", 2))
    shop.place(1002, ("mug-red", 2))
    assert (places(shop, 1001), places(shop, 1002)) == ([BER], [HAM])
    reasons = {w["location"]: w["reason"] for w in trace(shop, 1002)["weighed"]}
    assert reasons["BER"] == "at_capacity"


def test_who_waited_for_room_is_routed_on_the_next_day_the_most_urgent_first(shop):
    only_ber = {"name": "ber", "only": {"groups": ["ber"]}}
    put(shop, only_ber, capacity=[{"of": "ber", "orders": 1}])
    for number, tags in ((1001, ()), (1002, ()), (1003, ("vip",))):
        shop.place(number, ("mug-red", 1), tags=tags)
    titles = [case["title"] for case in shop.rows(t.cases, kind="short")]
    assert titles[0].startswith("Order 1002 waits for 1 × mug-red: there is stock, but the rules")
    events = len(shop.rows(t.event))
    assert shop.do(RouteQueue(), CHANNEL).facts["placed"] == []
    assert len(shop.rows(t.event)) == events
    shop.clock.advance(days=1)
    assert shop.do(RouteQueue(), CHANNEL).facts["placed"] == ["1003"]
    assert places(shop, 1003) == [BER]
