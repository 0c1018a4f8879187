"""Screening through the engine: what is wrong holds, warns or passes, and a person's word stays."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from core.commands.edits import ConfirmEdit, EditOrder
from core.commands.fulfillment import PickWork
from core.commands.holds import HoldOrder, ReleaseOrder
from core.commands.kits import SetKit
from core.commands.orders import CancelOrder
from core.commands.screening import ScreenOrder, SetScreening
from core.db import tables as t
from core.domain.access import Role
from core.domain.holds import HoldReason
from core.domain.order import Address
from core.queries.orders import ShowOrder
from core.queries.screening import ExplainScreening, ShowScreening
from tests.shop import Shop, make_shop, staff

OWNER = staff(Role.OWNER, "Olga")
HOME = Address("Anna Schmidt", "", "Hauptstr. 1", "", "10827", "Berlin", "", "DE")


@pytest.fixture
def shop(database: str) -> Iterator[Shop]:
    shop = make_shop(database)
    yield shop
    shop.close()


def decide(shop: Shop, *told: tuple[str, str]) -> None:
    for rule, value in told:
        assert shop.do(SetScreening(rule, value), OWNER).ok


def holds(shop: Shop, number: str) -> list[tuple[str, str]]:
    return [(h.reason.value, h.by) for h in shop.ask(ShowOrder(number)).holds]


def cases(shop: Shop) -> list[str]:
    rows = shop.rows(t.cases, kind="screening")
    return [str(row["title"]) for row in rows if row["state"] != "resolved"]


def rules_seen(shop: Shop, number: str) -> list[str]:
    return [one.rule for one in shop.ask(ExplainScreening(number)).concerns]


def test_a_plain_order_leaves_no_trace_of_the_screening(shop: Shop) -> None:
    shop.place(1001, ("mug-red", 1))
    assert shop.rows(t.screening) == shop.rows(t.screening_mark) == []
    assert (holds(shop, "1001"), cases(shop)) == ([], [])
    assert shop.ask(ExplainScreening("1001")).concerns == ()


def test_an_address_that_lacks_its_street_holds_and_keeps_its_stock(shop: Shop) -> None:
    shop.place(1001, ("mug-red", 2), ship_to=replace(HOME, street=""))
    assert holds(shop, "1001") == [("address", "screening")]
    assert cases(shop) == ["Order 1001 waits: The address lacks a street."]
    assert sum(row["reserved"] for row in shop.rows(t.stock_level, sku="mug-red")) == 2
    view = shop.ask(ShowOrder("1001"))
    assert view.holds[0].note == "The address lacks a street."


def test_a_postal_code_is_a_warning_and_stays_as_it_was_written(shop: Shop) -> None:
    shop.place(1001, ("mug-red", 1), ship_to=replace(HOME, zip="1082"))
    assert holds(shop, "1001") == []
    assert cases(shop) == ["Order 1001: “1082” is no postal code of DE (such as 26133)."]
    assert shop.ask(ShowOrder("1001")).ship_to.zip == "1082"


def test_a_country_that_is_not_served_holds_once_the_shop_lists_its_own(shop: Shop) -> None:
    paris = Address("Zoé", "", "1 rue de Rivoli", "", "75001", "Paris", "", "FR")
    shop.place(1001, ("mug-red", 1), ship_to=paris)
    decide(shop, ("countries", "DE AT"))
    shop.place(1002, ("mug-red", 1), ship_to=paris)
    assert holds(shop, "1001") == []
    assert holds(shop, "1002") == [("address", "screening")]


def test_the_same_order_twice_is_told(shop: Shop) -> None:
    shop.place(1001, ("mug-red", 1), ("tee-black-m", 1))
    shop.clock.advance(minutes=20)
    shop.place(1002, ("tee-black-m", 1), ("mug-red", 1))
    shop.place(1003, ("mug-red", 1))
    assert cases(shop) == ["Order 1002: Order 1001 of the same customer has the same lines."]


def test_it_is_no_duplicate_later_or_by_somebody_else(shop: Shop) -> None:
    shop.place(1001, ("mug-red", 1))
    shop.place(1002, ("mug-red", 1), email="bert@example.org", customer_name="Bert")
    shop.clock.advance(minutes=31)
    shop.place(1003, ("mug-red", 1))
    assert cases(shop) == []


def test_a_canceled_order_has_no_duplicate(shop: Shop) -> None:
    shop.place(1001, ("mug-red", 1), canceled_at=shop.clock())
    shop.place(1002, ("mug-red", 1))
    assert cases(shop) == []


def test_the_till_is_not_screened(shop: Shop) -> None:
    shop.place(1001, ("mug-red", 1), ship_to=Address(), email="", handed_over=True, sold_at="BER")
    assert shop.rows(t.screening) == []


def test_points_of_fraud_hold_and_each_is_explained(shop: Shop) -> None:
    decide(shop, ("fraud", "yes"), ("hold_at", "50"))
    odd = {
        "email": "xk29@example.org",
        "bill_to": replace(HOME, country="US"),
        "captured": 40_000,
        "total": 40_000,
    }
    shop.place(1001, ("mug-red", 1), **odd)
    assert holds(shop, "1001") == [("fraud", "screening")]
    view = shop.ask(ExplainScreening("1001"))
    assert [(one.rule, one.points) for one in view.concerns] == [
        ("countries_differ", 20),
        ("name_and_email", 10),
        ("high_first_order", 25),
    ]
    assert (view.points, view.hold_at, view.held) == (55, 50, ("fraud",))


def test_many_orders_of_one_hour_are_counted_and_an_hour_later_no_more(shop: Shop) -> None:
    decide(shop, ("fraud", "yes"), ("many_by_email", "points 30"), ("duplicate", "off"))
    for number in range(1001, 1004):
        shop.place(number, ("mug-red", 1))
    assert cases(shop) == []
    shop.place(1004, ("mug-red", 1))
    assert rules_seen(shop, "1004") == ["many_by_email", "many_by_address"]
    shop.clock.advance(minutes=61)
    shop.place(1005, ("mug-red", 1))
    assert rules_seen(shop, "1005") == []


def test_one_internet_address_with_many_names_is_counted(shop: Shop) -> None:
    decide(shop, ("fraud", "yes"), ("many_by_ip", "1"), ("many_by_address", "off"))
    for number, name in ((1001, "anna"), (1002, "bert")):
        shop.place(
            number,
            ("mug-red", 1),
            email=f"{name}@example.org",
            customer_name=name,
            ship_to=replace(HOME, name=name),
            extra={"ip": "203.0.113.7"},
        )
    assert rules_seen(shop, "1002") == ["many_by_ip"]
    assert cases(shop) == ["Order 1002: 2 orders within an hour came from this internet address."]


def test_another_spelling_is_the_same_door(shop: Shop) -> None:
    decide(shop, ("fraud", "yes"), ("many_by_address", "1"))
    for number, street in ((1001, "Hauptstr. 1"), (1002, "Haupt-Straße 1")):
        there = replace(HOME, street=street, name=f"N{number}")
        shop.place(number, ("mug-red", 1), email=f"n{number}@example.org", ship_to=there)
    assert "many_by_address" in rules_seen(shop, "1002")


def test_marks_say_nothing_about_anybody(shop: Shop) -> None:
    decide(shop, ("fraud", "yes"))
    shop.place(1001, ("mug-red", 1))
    marks = [str(row["mark"]) for row in shop.rows(t.screening_mark)]
    assert len(marks) == 2
    assert not any("anna" in mark or "10827" in mark for mark in marks)


def test_cost_and_the_last_units_are_rules_of_their_own(shop: Shop) -> None:
    decide(shop, ("margin", "warn"), ("last_units", "hold 1"))
    shop.engine.chore(_with_cost, 1)
    shop.place(1001, ("mug-red", 1))
    assert rules_seen(shop, "1001") == ["margin"]
    shop.place(1002, ("mug-red", 18), email="bert@example.org", customer_name="Bert")
    assert rules_seen(shop, "1002") == ["margin", "last_units"]
    assert holds(shop, "1002") == [("stock", "screening")]


def test_a_kit_is_judged_by_its_own_price_and_the_stock_of_its_parts(shop: Shop) -> None:
    make_kit(shop)
    decide(shop, ("margin", "warn"), ("last_units", "warn 1"))
    shop.engine.chore(_with_cost, 1)
    shop.place(1001, ("gift-box", 1))
    assert rules_seen(shop, "1001") == []
    shop.place(1002, ("gift-box", 8), email="bert@example.org")
    assert rules_seen(shop, "1002") == []
    shop.place(1003, ("gift-box", 1), email="carl@example.org")
    assert rules_seen(shop, "1003") == ["last_units"]


def _with_cost(uow: Any) -> None:
    uow.people.put(t.product, {"sku": "mug-red"}, {"cost": 2500})


def test_a_rule_that_is_off_sees_nothing(shop: Shop) -> None:
    decide(shop, ("address", "off"))
    shop.place(1001, ("mug-red", 1), ship_to=replace(HOME, street=""))
    assert shop.rows(t.screening) == []


# --- deciding and asking -------------------------------------------------------------------------


def test_a_setting_is_told_and_taken_back(shop: Shop) -> None:
    receipt = shop.do(SetScreening("Duplicate", "hold 60"), OWNER)
    assert receipt.sentence == "duplicate is hold 60 points 10 now."
    view = shop.ask(ShowScreening())
    found = next(rule for rule in view.rules if rule.rule == "duplicate")
    assert (found.then, found.limit, found.limit_is) == ("hold", 60, "minutes")


def test_only_who_may_manage_sets_a_rule(shop: Shop) -> None:
    assert shop.do(SetScreening("fraud", "yes")).code == "not_allowed"
    assert shop.do(SetScreening("fraud", "perhaps"), OWNER).code == "invalid"
    assert not shop.ask(ShowScreening()).rules[-1].is_asked


def test_an_order_can_be_looked_at_by_new_rules_once(shop: Shop) -> None:
    paris = Address("Zoé", "", "1 rue de Rivoli", "", "75001", "Paris", "", "FR")
    shop.place(1001, ("mug-red", 1), ship_to=paris)
    decide(shop, ("countries", "DE AT"))
    assert "something was seen" in shop.do(ScreenOrder("1001")).sentence
    assert holds(shop, "1001") == [("address", "screening")]
    assert "nothing new" in shop.do(ScreenOrder("1001")).sentence
    assert len(shop.rows(t.screening)) == 1


def test_a_shipped_or_canceled_order_cannot_be_looked_at(shop: Shop) -> None:
    shop.place(1001, ("mug-red", 1), canceled_at=shop.clock() - timedelta(hours=1))
    assert shop.do(ScreenOrder("1001")).code == "not_possible"


# --- after the first look ------------------------------------------------------------------------


def told_again(shop: Shop, number: int, **more: Any) -> None:
    """The shop speaks again of an order, with another address."""
    shop.clock.advance(minutes=5)
    shop.place(number, ("mug-red", 1), **more)


def test_a_corrected_address_lifts_the_hold_and_closes_the_case(shop: Shop) -> None:
    shop.place(1001, ("mug-red", 1), ship_to=replace(HOME, street=""))
    told_again(shop, 1001, ship_to=HOME)
    assert (holds(shop, "1001"), cases(shop)) == ([], [])
    view = shop.ask(ExplainScreening("1001"))
    assert [(one.rule, one.state) for one in view.concerns] == [("address", "settled")]
    assert view.points == 0


def test_a_corrected_address_that_is_wrong_again_holds_again(shop: Shop) -> None:
    for city in ("", "Berlin", ""):
        told_again(shop, 1001, ship_to=replace(HOME, city=city))
    assert holds(shop, "1001") == [("address", "screening")]
    assert [one.state for one in shop.ask(ExplainScreening("1001")).concerns] == [
        "settled",
        "holds",
    ]


def test_what_a_person_let_pass_does_not_hold_again(shop: Shop) -> None:
    shop.place(1001, ("mug-red", 1), ship_to=replace(HOME, city=""))
    assert shop.do(ReleaseOrder("1001")).ok
    assert (holds(shop, "1001"), cases(shop)) == ([], [])
    assert shop.rows(t.cases, kind="screening")[0]["resolution"] == "Ann released it"
    told_again(shop, 1001, ship_to=replace(HOME, city="", street="Hauptstr. 2"))
    assert holds(shop, "1001") == []
    told_again(shop, 1001, ship_to=replace(HOME, city="", zip=""))
    assert holds(shop, "1001") == [("address", "screening")]
    states = [one.state for one in shop.ask(ExplainScreening("1001")).concerns]
    assert states == ["settled", "holds"]


def test_a_hold_of_a_person_is_not_lifted_by_a_correction(shop: Shop) -> None:
    shop.place(1001, ("mug-red", 1), ship_to=replace(HOME, street=""))
    shop.do(ReleaseOrder("1001"))
    shop.do(HoldOrder("1001", HoldReason.ADDRESS))
    told_again(shop, 1001, ship_to=HOME)
    assert holds(shop, "1001") == [("address", "Ann")]


def test_an_edit_by_staff_is_looked_at_too(shop: Shop) -> None:
    shop.place(1001, ("mug-red", 1), ship_to=replace(HOME, zip="1082"))
    assert len(cases(shop)) == 1
    shop.do(EditOrder("1001", "address Hauptstr. 1, 10827 Berlin"))
    assert shop.do(ConfirmEdit("1001")).ok
    assert cases(shop) == []


def test_cancel_closes_the_case(shop: Shop) -> None:
    shop.place(1001, ("mug-red", 1), ship_to=replace(HOME, street=""))
    assert shop.do(CancelOrder("1001", "wrong address")).ok
    assert cases(shop) == []


def test_a_bad_address_after_the_pick_list_asks_the_location(shop: Shop) -> None:
    decide(shop, ("countries", "AT"), ("country", "off"))
    shop.place(1001, ("mug-red", 1))
    assert shop.do(PickWork("1001")).ok
    decide(shop, ("country", "hold"))
    assert shop.do(ScreenOrder("1001")).ok
    assert [row["kind"] for row in shop.rows(t.cases)] == ["screening", "hold_asked"]


def make_kit(shop: Shop) -> None:
    shop.engine.chore(
        lambda uow: uow.people.put(t.product, {"sku": "gift-box"}, {"price": 4990}), 1
    )
    assert shop.do(SetKit("gift-box", "mug-red:2 tee-black-m:1"), OWNER).ok
