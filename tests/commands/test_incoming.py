"""Goods on their way: expected, received in parts or missing; and transfers."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest

from core.commands.arrivals import ExpectStock, LoseExpected, ReceiveAll, ReceiveStock
from core.commands.counts import SetStock
from core.commands.stock import AdjustStock, SetSafety
from core.commands.transfers import CancelTransfer, PlanTransfer, SendTransfer
from core.commands.undo import UndoLast
from core.db import tables as t
from core.domain.access import Role
from core.domain.counts import Picked
from core.domain.refusals import NotFound
from core.engine import Receipt
from core.queries.incoming import ListExpected, ListTransfers
from core.queries.stock import ShowStock
from tests.shop import BER, HAM, Shop, make_shop, staff

WAREHOUSE = staff(Role.WAREHOUSE, "Bo")
FRIDAY = date(2026, 11, 27)


@pytest.fixture
def shop(database: str) -> Iterator[Shop]:
    made = make_shop(database)
    yield made
    made.close()


def level(shop: Shop, place: int = BER, sku: str = "mug-red") -> tuple[int, int, int]:
    (row,) = shop.rows(t.stock_level, sku=sku, location_id=place)
    return row["on_hand"], row["reserved"], row["incoming"]


def expect(
    shop: Shop, quantity: int = 50, due: date | None = FRIDAY, reference: str = "PO-7731"
) -> Receipt:
    receipt = shop.do(ExpectStock("mug-red", "ber", quantity, due, reference), WAREHOUSE)
    assert receipt.ok, receipt
    return receipt


def assert_refused(shop: Shop, receipt: Receipt, code: str) -> None:
    assert (receipt.outcome, receipt.code) == ("refused", code), receipt
    assert receipt.next
    assert shop.rows(t.stock_move, command_id=receipt.command_id) == []


# --- expected goods ------------------------------------------------------------------------------


def test_what_is_expected_is_seen_and_promised_to_nobody(shop):
    receipt = expect(shop)
    assert receipt.sentence == "BER expects 50 × mug-red on Fri 27 Nov (PO-7731)."
    assert level(shop) == (10, 0, 50)
    view = shop.ask(ShowStock("mug-red"))
    assert (view.available, view.incoming) == (20, 50)
    (coming,) = view.expected
    assert (coming.quantity, coming.reference, coming.due_on) == (50, "PO-7731", FRIDAY)
    shop.place(1001, ("mug-red", 25))
    assert shop.ask(ShowStock("mug-red")).backordered == 5


def test_goods_arrive_in_parts_against_their_reference(shop):
    expect(shop)
    first = shop.do(ReceiveStock("mug-red", "ber", 30, "po-7731 two boxes"), WAREHOUSE)
    assert first.sentence.startswith(
        "30 × mug-red received at BER. 20 more of PO-7731 are expected."
    )
    assert level(shop) == (40, 0, 20)
    second = shop.do(ReceiveStock("mug-red", "ber", 20, "PO-7731"), WAREHOUSE)
    assert second.sentence.startswith("20 × mug-red received at BER.")
    assert level(shop) == (60, 0, 0)
    (row,) = shop.rows(t.expected)
    assert (row["received"], row["missing"], row["closed_at"] is not None) == (50, 0, True)
    kinds = [m["kind"] for m in shop.rows(t.stock_move, sku="mug-red", location_id=BER)]
    assert kinds == ["receive", "expect", "arrive", "arrive"]


def test_more_than_expected_is_booked_and_said(shop):
    expect(shop, 10)
    receipt = shop.do(ReceiveStock("mug-red", "ber", 13, "PO-7731"), WAREHOUSE)
    assert "That is 3 more than expected." in receipt.sentence
    assert level(shop) == (23, 0, 0)
    last = shop.rows(t.stock_move, command_id=receipt.command_id)
    assert [(m["kind"], m["quantity"], m["reason"]) for m in last] == [
        ("arrive", 10, "PO-7731"),
        ("receive", 3, "PO-7731: more than expected"),
    ]


def test_the_earliest_due_of_one_reference_is_received_first(shop):
    expect(shop, 10, due=None)
    expect(shop, 10, due=FRIDAY)
    shop.do(ReceiveStock("mug-red", "ber", 12, "PO-7731"), WAREHOUSE)
    assert [(r["due_on"], r["received"]) for r in shop.rows(t.expected)] == [
        (None, 2),
        ("2026-11-27", 10),
    ]


def test_goods_without_their_reference_leave_what_is_expected_open_and_say_so(shop):
    expect(shop)
    receipt = shop.do(ReceiveStock("mug-red", "ber", 5), WAREHOUSE)
    assert "Still expected here: 50 of PO-7731." in receipt.sentence
    assert level(shop) == (15, 0, 50)


def test_goods_expected_without_a_reference_get_one(shop):
    receipt = expect(shop, reference="")
    assert receipt.facts["reference"] == "IN-1"
    assert shop.do(ReceiveStock("mug-red", "ber", 50, "in-1"), WAREHOUSE).ok
    assert level(shop) == (60, 0, 0)


def test_a_whole_delivery_arrives_in_one_go_and_serves_who_waits(shop):
    shop.place(1001, ("mug-red", 22))
    expect(shop)
    shop.do(ExpectStock("mug-blue", "ber", 8, reference="PO-7731"))
    receipt = shop.do(ReceiveAll("PO-7731"), WAREHOUSE)
    assert "50 × mug-red" in receipt.sentence
    assert "8 × mug-blue" in receipt.sentence
    assert receipt.facts["served"] == ["1001"]
    assert level(shop) == (60, 12, 0)
    assert_refused(shop, shop.do(ReceiveAll("PO-7731"), WAREHOUSE), "not_found")


def test_a_stores_people_take_in_what_comes_to_them_and_nothing_else(shop):
    expect(shop)
    hamburg = staff(Role.STORE, "Sue", locations=("HAM",))
    assert_refused(shop, shop.do(ReceiveAll("PO-7731"), hamburg), "not_allowed")
    shop.do(ExpectStock("mug-red", "ham", 3, reference="PO-8"))
    assert shop.do(ReceiveAll("PO-8"), hamburg).ok
    assert shop.do(ReceiveStock("mug-red", "ham", 2), hamburg).ok
    assert shop.do(SetStock("mug-red", "ham", 16, picked=Picked.WITH), hamburg).ok
    shop.do(ExpectStock("mug-red", "ham", 3, reference="PO-9"))
    assert shop.do(LoseExpected("PO-9", "mug-red", reason="lost"), hamburg).ok
    for elsewhere in (
        ReceiveStock("mug-red", "ber", 2),
        SetStock("mug-red", "ber", 9),
        LoseExpected("PO-7731", "mug-red", reason="lost"),
    ):
        refused = shop.do(elsewhere, hamburg)
        assert_refused(shop, refused, "not_allowed")
        assert refused.sentence == "You work at HAM, not at BER."


def test_what_will_not_come_needs_a_reason_and_is_no_longer_expected(shop):
    expect(shop)
    assert_refused(shop, shop.do(LoseExpected("PO-7731", "mug-red", 5), WAREHOUSE), "not_possible")
    receipt = shop.do(LoseExpected("PO-7731", "mug-red", 5, reason="broken on the way"), WAREHOUSE)
    assert receipt.sentence == "5 × mug-red of PO-7731 will not come: broken on the way."
    assert level(shop) == (10, 0, 45)
    shop.do(LoseExpected("PO-7731", "all", reason="supplier sold out"), WAREHOUSE)
    assert level(shop) == (10, 0, 0)
    (row,) = shop.rows(t.expected)
    assert row["reason"] == "broken on the way; supplier sold out"
    assert shop.ask(ListExpected()).expected == ()


@pytest.mark.parametrize("units", [51, -1])
def test_more_than_is_expected_cannot_be_missing(shop, units):
    expect(shop)
    lost = LoseExpected("PO-7731", "mug-red", units, reason="lost")
    assert_refused(shop, shop.do(lost, WAREHOUSE), "not_possible")
    assert level(shop) == (10, 0, 50)


def test_an_expectation_can_be_taken_back(shop):
    expect(shop)
    assert shop.do(UndoLast(), WAREHOUSE).ok
    assert level(shop) == (10, 0, 0)


def test_nothing_is_expected_under_an_unknown_reference(shop):
    assert_refused(shop, shop.do(ReceiveAll("PO-9"), WAREHOUSE), "not_found")
    assert_refused(shop, shop.do(LoseExpected("", "all", reason="x"), WAREHOUSE), "not_found")


def test_a_day_that_has_passed_is_late(shop):
    expect(shop)
    assert not shop.ask(ListExpected("ber")).expected[0].overdue
    shop.clock.advance(days=5)
    assert shop.ask(ListExpected("ber", "po-7731")).expected[0].overdue
    assert shop.ask(ListExpected("ham")).total == 0


# --- transfers -----------------------------------------------------------------------------------


def test_a_transfer_is_reserved_sent_and_received(shop):
    planned = shop.do(PlanTransfer("mug-red", 4, "ber", "ham", reason="low there"), WAREHOUSE)
    assert planned.facts["transfer"] == "T-1"
    assert (level(shop), level(shop, HAM)) == ((10, 4, 0), (10, 0, 0))
    sent = shop.do(SendTransfer("t-1"), WAREHOUSE)
    assert sent.sentence == "T-1 is on its way to HAM: 4 × mug-red."
    assert (level(shop), level(shop, HAM)) == ((6, 0, 0), (10, 0, 4))
    (coming,) = shop.ask(ShowStock("mug-red")).expected
    assert (coming.reference, coming.source, coming.location) == ("T-1", "BER", "HAM")
    assert shop.do(ReceiveAll("T-1"), WAREHOUSE).ok
    assert (level(shop), level(shop, HAM)) == ((6, 0, 0), (14, 0, 0))
    (row,) = shop.rows(t.transfer)
    assert (row["state"], row["closed_at"] is not None) == ("received", True)


def test_goods_for_the_same_way_travel_together_until_they_leave(shop):
    for sku, units in (("mug-red", 2), ("mug-blue", 3), ("mug-red", 1)):
        assert shop.do(PlanTransfer(sku, units, "ber", "ham")).facts["transfer"] == "T-1"
    assert shop.do(PlanTransfer("mug-red", 1, "ham", "ber")).facts["transfer"] == "T-2"
    shop.do(SendTransfer("T-1"))
    assert shop.do(PlanTransfer("mug-red", 1, "ber", "ham")).facts["transfer"] == "T-3"
    (first,) = shop.ask(ListTransfers("t-1")).transfers
    assert [(line.sku, line.quantity) for line in first.lines] == [("mug-blue", 3), ("mug-red", 3)]
    assert [x.number for x in shop.ask(ListTransfers()).transfers] == ["T-3", "T-2", "T-1"]


def test_what_a_transfer_grew_by_travels_and_is_expected_as_one(shop):
    for units in (2, 1):
        shop.do(PlanTransfer("mug-red", units, "ber", "ham"))
    sent = shop.do(SendTransfer("T-1"), WAREHOUSE)
    assert sent.sentence == "T-1 is on its way to HAM: 3 × mug-red."
    assert [x.quantity for x in shop.ask(ListExpected()).expected] == [3]
    assert (level(shop), level(shop, HAM)) == ((7, 0, 0), (10, 0, 3))


def test_a_transfer_arrives_in_parts_and_what_is_lost_has_a_reason(shop):
    shop.do(PlanTransfer("mug-red", 5, "ber", "ham"))
    shop.do(SendTransfer("T-1"))
    shop.do(ReceiveStock("mug-red", "ham", 3, "T-1"), WAREHOUSE)
    assert shop.rows(t.transfer)[0]["state"] == "sent"
    shop.do(LoseExpected("T-1", "mug-red", 2, reason="fell off the truck"), WAREHOUSE)
    (view,) = shop.ask(ListTransfers("T-1")).transfers
    assert (view.state, view.lines[0].received, view.lines[0].missing) == ("received", 3, 2)
    assert (level(shop), level(shop, HAM)) == ((5, 0, 0), (13, 0, 0))
    last = shop.rows(t.stock_move, kind="unexpect")[-1]
    assert last["reason"] == "T-1: fell off the truck"


def test_a_canceled_transfer_frees_its_units_for_those_who_wait(shop):
    shop.do(PlanTransfer("mug-red", 10, "ber", "ham"))
    shop.place(1001, ("mug-red", 12))
    assert shop.ask(ShowStock("mug-red")).backordered == 2
    receipt = shop.do(CancelTransfer("T-1"), WAREHOUSE)
    assert receipt.sentence == "T-1 is canceled. Served: 1001."
    assert level(shop) == (10, 2, 0)
    assert_refused(shop, shop.do(SendTransfer("T-1"), WAREHOUSE), "not_possible")


def test_what_has_left_cannot_be_called_off_nor_leave_twice(shop):
    shop.do(PlanTransfer("mug-red", 4, "ber", "ham"))
    shop.do(SendTransfer("T-1"))
    assert_refused(shop, shop.do(CancelTransfer("T-1"), WAREHOUSE), "not_possible")
    assert_refused(shop, shop.do(SendTransfer("T-1"), WAREHOUSE), "not_possible")


def test_promised_and_safety_units_do_not_travel(shop):
    shop.place(1001, ("mug-red", 6))
    shop.do(SetSafety("mug-red", "ber", 2))
    receipt = shop.do(PlanTransfer("mug-red", 3, "ber", "ham"), WAREHOUSE)
    assert_refused(shop, receipt, "short")
    assert receipt.sentence == "BER has 2 × mug-red to give."
    assert shop.rows(t.transfer) == []
    assert shop.do(PlanTransfer("mug-red", 2, "ber", "ham"), WAREHOUSE).ok


def test_units_of_a_transfer_cannot_be_corrected_away(shop):
    shop.do(PlanTransfer("mug-red", 8, "ber", "ham"))
    assert_refused(shop, shop.do(AdjustStock("mug-red", "ber", -3, "stolen")), "short")


def test_a_transfer_to_itself_of_nothing_or_of_another_number_is_refused(shop):
    assert_refused(shop, shop.do(PlanTransfer("mug-red", 1, "ber", "ber")), "invalid")
    assert_refused(shop, shop.do(PlanTransfer("mug-red", 0, "ber", "ham")), "invalid")
    assert_refused(shop, shop.do(SendTransfer("T-9")), "not_found")
    with pytest.raises(NotFound):
        shop.ask(ListTransfers("T-9"))


def test_a_transfers_number_is_no_suppliers_reference(shop):
    shop.do(PlanTransfer("mug-red", 1, "ber", "ham"))
    receipt = shop.do(ExpectStock("mug-red", "ham", 5, reference="t-1"))
    assert_refused(shop, receipt, "not_possible")


@pytest.mark.parametrize("role", [Role.SUPPORT, Role.STORE])
def test_only_some_roles_plan_what_moves(shop, role):
    someone = staff(role, "Sue", locations=("BER",))
    assert_refused(shop, shop.do(PlanTransfer("mug-red", 1, "ber", "ham"), someone), "not_allowed")
    assert_refused(shop, shop.do(ExpectStock("mug-red", "ber", 5), someone), "not_allowed")


def test_when_goods_are_missing_a_planned_transfer_stays_home_before_an_order_loses(shop):
    shop.place(1001, ("mug-red", 2))
    shop.do(PlanTransfer("mug-red", 3, "ber", "ham"))
    shop.do(PlanTransfer("mug-blue", 1, "ber", "ham"))
    shop.do(PlanTransfer("mug-red", 5, "ber", "vie"))
    receipt = shop.do(SetStock("mug-red", "ber", 4))
    assert receipt.facts["took_effect"], receipt
    assert level(shop) == (4, 4, 0)
    states = {row["number"]: row["state"] for row in shop.rows(t.transfer)}
    assert states == {"T-1": "planned", "T-2": "canceled"}
    assert shop.do(SetStock("mug-red", "ber", 2)).facts["took_effect"]
    (left,) = shop.ask(ListTransfers("T-1")).transfers
    assert [(line.sku, line.quantity) for line in left.lines] == [("mug-blue", 1)]
    assert level(shop) == (2, 2, 0)
