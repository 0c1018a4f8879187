"""Better plans found later: only untouched work moves, only for money, and never for the worse."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from core.commands.fulfillment import PickWork, PrintPicks
from core.commands.holds import HoldOrder
from core.commands.improving import ImproveOrder, ImprovePlans
from core.commands.setup import SetPolicy
from core.commands.stock import AdjustStock, ReceiveStock
from core.db import tables as t
from core.db.rows import from_json
from core.domain.access import Role, system
from core.domain.holds import HoldReason
from core.engine import Caller
from tests.shop import BER, HAM, SHOP, Shop, make_shop, staff

CLOCK = Caller(system(SHOP, "clock"), "clock")
OWNER = staff(Role.OWNER, "Olga")


@pytest.fixture
def shop(database: str) -> Iterator[Shop]:
    """BER has mugs and HAM has tees; whoever wants both gets two parcels."""
    made = make_shop(database)
    for sku, place in (("tee-black-m", "BER"), ("mug-red", "HAM")):
        assert made.do(AdjustStock(sku, place, -10, "moved out")).ok
    made.clock.advance(minutes=1)
    yield made
    made.close()


def split_order(shop: Shop, number: int = 1001) -> None:
    assert shop.place(number, ("mug-red", 1), ("tee-black-m", 1)).ok
    assert places(shop, number) == [BER, HAM]


def places(shop: Shop, number: int) -> list[int]:
    (order,) = shop.rows(t.orders, number=str(number))
    works = shop.rows(t.fulfillment_order, order_id=order["id"])
    return sorted(work["location_id"] for work in works if work["stage"] != "canceled")


def arrive(shop: Shop) -> None:
    """Now BER could ship everything in one parcel of 4.90 instead of two for 10.80."""
    shop.clock.advance(minutes=5)
    assert shop.do(ReceiveStock("tee-black-m", "BER", 5)).ok


def look(shop: Shop) -> tuple[int, int]:
    """What the clock does in one slot: (orders looked at, orders moved)."""
    shop.clock.advance(minutes=15)
    looked_at = moved = 0
    for _ in range(10):
        receipt = shop.do(ImprovePlans(), CLOCK)
        assert receipt.ok, receipt
        looked_at += receipt.facts["looked_at"]
        moved += receipt.facts["moved"]
        if not receipt.facts["more"]:
            return looked_at, moved
    raise AssertionError("it never ends")


def test_goods_that_arrive_bring_an_order_back_into_one_parcel(shop: Shop) -> None:
    split_order(shop)
    assert look(shop) == (1, 0)
    arrive(shop)
    assert look(shop) == (1, 1)
    assert places(shop, 1001) == [BER]
    (told,) = shop.rows(t.event, kind="PlanImproved")
    assert from_json(told["data"]) == {
        "origin": "BER and HAM",
        "target": "BER",
        "saved": 590,
        "currency": "EUR",
    }
    assert len(shop.rows(t.routing_trace)) == 2
    (free,) = shop.rows(t.stock_level, sku="tee-black-m", location_id=HAM)
    assert free["reserved"] == 0
    assert look(shop) == (0, 0)


def test_goods_that_are_given_back_go_to_those_who_wait(shop: Shop) -> None:
    split_order(shop)
    assert shop.place(1002, ("tee-black-m", 12)).ok
    look(shop)
    shop.clock.advance(minutes=5)
    assert shop.do(ReceiveStock("tee-black-m", "BER", 4)).ok
    (line,) = [r for r in shop.rows(t.order_line) if r["ordered"] == 12]
    assert line["backordered"] == 0
    assert look(shop)[1] == 1
    assert places(shop, 1001) == [BER]


@pytest.mark.parametrize("begun", [PrintPicks("BER"), PickWork("1001", "BER")])
def test_work_that_somebody_has_begun_stays_where_it_is(shop: Shop, begun: object) -> None:
    split_order(shop)
    assert shop.do(begun).ok
    arrive(shop)
    assert look(shop)[1] == 0
    assert places(shop, 1001) == [BER, HAM]
    refused = shop.do(ImproveOrder("1001"))
    assert (refused.ok, refused.code) == (False, "not_possible")
    assert shop.do(ImproveOrder("9999")).code == "not_found"  # while it is prepared
    assert [row["code"] for row in shop.rows(t.audit)][-2:] == ["not_possible", "not_found"]


def test_held_orders_are_left_alone(shop: Shop) -> None:
    split_order(shop)
    assert shop.do(HoldOrder("1001", HoldReason.ADDRESS)).ok
    arrive(shop)
    assert look(shop)[1] == 0


@pytest.mark.parametrize(("least", "moved"), [("590", 1), ("591", 0), ("0", 0)])
def test_only_what_saves_enough_moves(shop: Shop, least: str, moved: int) -> None:
    assert shop.do(SetPolicy("better_plan_saves", least), OWNER).ok
    split_order(shop)
    arrive(shop)
    assert look(shop)[1] == moved


def test_a_person_may_look_before_the_clock_does(shop: Shop) -> None:
    split_order(shop)
    before = shop.do(ImproveOrder("1001"))
    assert (before.ok, before.code) == (False, "not_possible")
    assert "saves enough" in before.sentence
    arrive(shop)
    improved = shop.do(ImproveOrder("1001"))
    assert improved.ok, improved
    assert improved.facts == {"order": "1001", "saved": 590}
    assert places(shop, 1001) == [BER]


def test_a_plan_that_cannot_be_better_is_looked_at_once(shop: Shop) -> None:
    assert shop.do(ReceiveStock("mug-red", "BER", 30)).ok
    for number in range(30):
        assert shop.place(number, ("mug-red", 1)).ok
    assert look(shop) == (30, 0)
    assert look(shop) == (0, 0)


def test_only_machines_look_at_all_orders(shop: Shop) -> None:
    assert shop.do(ImprovePlans()).code == "not_allowed"
