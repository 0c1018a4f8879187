"""Two orders, one parcel: joined only where that is right, worked on as one, and taken apart."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from core.commands.fulfillment import PackWork, PickWork, PrintPicks, ShipWork
from core.commands.holds import HoldOrder
from core.commands.joining import MergeOrders, UnmergeOrder
from core.commands.orders import CancelOrder, MoveOrder
from core.commands.undo import UndoLast
from core.db import tables as t
from core.domain.access import Role
from core.domain.order import Address
from core.queries.order_view import OrderView
from core.queries.orders import ShowOrder
from core.queries.picks import ListPicks
from tests.shop import BER, HAM, Shop, make_shop, staff

WARD = staff(Role.WAREHOUSE, "Ward")
BOTH = MergeOrders(("1002", "1001"))
STR = Address("A. Schmidt", "", "Hauptstraße 1", "", "10827", "Berlin", "", "DE")
ELSEWHERE = Address("Anna Schmidt", "", "Hauptstr. 11", "", "10827", "Berlin", "", "DE")
BEN = {"email": "ben@example.org", "customer_name": "Ben"}


@pytest.fixture
def shop(database: str) -> Iterator[Shop]:
    shop = make_shop(database)
    shop.place(1001, ("mug-red", 2))
    shop.place(1002, ("tee-black-m", 1), ship_to=STR)
    yield shop
    shop.close()


def view(shop: Shop, number: str) -> OrderView:
    found: OrderView = shop.ask(ShowOrder(number))
    return found


def places(shop: Shop) -> list[tuple[str, str, str]]:
    return [(n, w.location, w.stage) for n in ("1001", "1002") for w in view(shop, n).works]


def promised(shop: Shop, place: int) -> int:
    return sum(row["reserved"] for row in shop.rows(t.stock_level, location_id=place))


def unchanged(shop: Shop) -> tuple[Any, ...]:
    tables = (t.order_link, t.reservation, t.fulfillment_order, t.stock_level, t.event)
    return tuple(map(repr, map(shop.rows, tables)))


def test_orders_to_one_door_ship_in_one_parcel(shop: Shop) -> None:
    receipt = shop.do(BOTH)
    assert receipt.sentence == "Orders 1001 and 1002 ship in one parcel from BER."
    assert [(x.how, x.order) for x in view(shop, "1001").linked] == [("together", "1002")]
    assert [(x.how, x.order) for x in view(shop, "1002").linked] == [("together", "1001")]


def test_goods_that_lie_elsewhere_are_promised_where_the_rest_is(shop: Shop) -> None:
    shop.do(MoveOrder("1002", "ham"))
    assert shop.do(BOTH).ok
    assert places(shop) == [("1001", "BER", "ready"), ("1002", "BER", "ready")]
    assert (promised(shop, BER), promised(shop, HAM)) == (3, 0)


def test_one_step_moves_the_whole_parcel_and_one_number_is_on_it(shop: Shop) -> None:
    shop.do(BOTH)
    assert shop.do(PickWork("1002"), WARD).ok
    assert [stage for _, _, stage in places(shop)] == ["picked", "picked"]
    assert shop.do(PackWork("1001"), WARD).ok
    receipt = shop.do(ShipWork("1001", "00340434161094042557", "DHL"), WARD)
    assert receipt.sentence == "1001-1 shipped from BER. 1002-1 shipped from BER."
    boxes = shop.rows(t.parcel)
    assert [b["tracking_number"] for b in boxes] == ["00340434161094042557"] * 2
    assert [view(shop, n).status for n in ("1001", "1002")] == ["closed", "closed"]


def test_the_picker_is_told_of_the_common_parcel(shop: Shop) -> None:
    shop.do(BOTH)
    picks = {p.order: p.together for p in shop.ask(ListPicks("ber")).picks}
    assert picks == {"1001": ("1002",), "1002": ("1001",)}
    shop.do(UnmergeOrder("1002"))
    assert {p.together for p in shop.ask(ListPicks("ber")).picks} == {()}


def test_a_hold_on_one_holds_the_parcel(shop: Shop) -> None:
    shop.do(BOTH)
    shop.do(HoldOrder("1002"))
    before = unchanged(shop)
    receipt = shop.do(ShipWork("1001"), WARD)
    assert "ships in one parcel with order 1001" in receipt.sentence
    assert receipt.next == "Or write `unmerge 1002`."
    assert unchanged(shop) == before


def test_a_canceled_order_is_no_weight_on_the_other(shop: Shop) -> None:
    shop.do(BOTH)
    shop.do(CancelOrder("1002", "changed mind"))
    assert shop.do(ShipWork("1001"), WARD).ok


def test_an_order_that_was_moved_away_does_not_hold_up_the_rest(shop: Shop) -> None:
    shop.do(BOTH)
    shop.do(MoveOrder("1002", "ham"))
    assert shop.do(PickWork("1001"), WARD).ok
    assert ("1002", "HAM", "ready") in places(shop)


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"ship_to": ELSEWHERE}, "goes to another address"),
        (BEN, "is of another customer"),
    ],
)
def test_what_does_not_belong_together_stays_apart(
    shop: Shop, more: dict[str, Any], why: str
) -> None:
    shop.place(1003, ("sock-grey", 1), **more)
    before = unchanged(shop)
    receipt = shop.do(MergeOrders(("1003", "1001")))
    assert receipt.sentence == f"Order 1003 {why}; nothing was merged."
    assert unchanged(shop) == before


@pytest.mark.parametrize(
    ("step", "why"),
    [
        (HoldOrder("1002"), "Order 1002 is on hold for a manual check"),
        (PrintPicks("ber"), "Order 1001 is being picked already"),
        (ShipWork("1002"), "Order 1002 has left the house already"),
        (CancelOrder("1001", "no"), "Order 1001 is canceled"),
    ],
)
def test_nothing_is_merged_that_is_on_its_way_or_stopped(shop: Shop, step: Any, why: str) -> None:
    assert shop.do(step).ok
    before = unchanged(shop)
    assert shop.do(BOTH).sentence == f"{why}; nothing was merged."
    assert unchanged(shop) == before


def test_one_order_is_no_parcel_for_two(shop: Shop) -> None:
    assert shop.do(MergeOrders(("1001", "#1001"))).code == "invalid"


def test_no_place_that_has_everything_is_said(shop: Shop) -> None:
    shop.place(1003, ("mug-red", 18))
    receipt = shop.do(MergeOrders(("1003", "1001")))
    assert receipt.code == "not_possible"
    assert "No location has everything of orders 1001 and 1003" in receipt.sentence


def test_twice_is_once(shop: Shop) -> None:
    shop.do(BOTH)
    assert "ships with another order already" in shop.do(BOTH).sentence


def test_undo_puts_both_back_where_they_were(shop: Shop) -> None:
    shop.do(MoveOrder("1002", "ham"))
    before = places(shop)
    shop.do(BOTH)
    assert shop.do(UndoLast()).ok
    assert places(shop) == before
    assert (promised(shop, BER), promised(shop, HAM)) == (2, 1)
    assert view(shop, "1001").linked == ()


def test_undo_is_too_late_when_one_of_them_went_on(shop: Shop) -> None:
    receipt = shop.do(BOTH)
    shop.do(PickWork("1002-1"), WARD)
    before = unchanged(shop)
    assert shop.do(UndoLast(receipt.command_id)).code == "conflict"
    assert unchanged(shop) == before


def test_taken_apart_each_goes_by_itself_and_that_can_be_undone(shop: Shop) -> None:
    shop.do(BOTH)
    assert shop.do(UnmergeOrder("1002")).ok
    assert view(shop, "1001").linked == ()
    assert shop.do(UndoLast()).ok
    assert [x.order for x in view(shop, "1001").linked] == ["1002"]
    shop.do(UnmergeOrder("1001"))
    assert shop.do(UnmergeOrder("1001")).code == "already"
    shop.do(PickWork("1001"), WARD)
    assert [stage for _, _, stage in places(shop)] == ["picked", "ready"]


def test_one_of_three_leaves_and_two_stay_together(shop: Shop) -> None:
    shop.place(1003, ("sock-grey", 1))
    assert shop.do(MergeOrders(("1001", "1002", "1003"))).ok
    assert shop.do(UnmergeOrder("1003")).ok
    assert [x.order for x in view(shop, "1001").linked] == ["1002"]
    assert view(shop, "1003").linked == ()
