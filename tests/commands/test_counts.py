"""Counting through the engine: believed at once, doubted and confirmed, shorted and mended."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from core.commands.counts import SetStock
from core.commands.fulfillment import PackWork, PickWork, PrintPicks
from core.commands.stock import ReceiveStock
from core.commands.undo import UndoLast
from core.db import tables as t
from core.domain.access import Role
from core.domain.counts import Picked
from core.engine import Receipt
from core.queries.orders import ShowOrder
from tests.shop import BER, HAM, SHOP, Shop, make_shop, staff

BO, EVA = staff(Role.WAREHOUSE, "Bo"), staff(Role.WAREHOUSE, "Eva")


@pytest.fixture
def shop(database: str) -> Iterator[Shop]:
    made = make_shop(database)
    yield made
    made.close()


@pytest.fixture
def scarce(shop: Shop) -> Shop:
    """Three orders for 4, 3 and 2 of the ten red mugs at BER; HAM has none to give."""
    shop.do(SetStock("mug-red", "ham", 0, 10))
    for number, units in ((1001, 4), (1002, 3), (1003, 2)):
        shop.place(number, ("mug-red", units))
        shop.clock.advance(minutes=1)
    return shop


def level(shop: Shop, place: int = BER) -> tuple[int, int]:
    (row,) = shop.rows(t.stock_level, sku="mug-red", location_id=place)
    return row["on_hand"], row["reserved"]


def line(shop: Shop, number: int) -> dict[str, int]:
    (order,) = shop.rows(t.orders, number=str(number))
    (row,) = shop.rows(t.order_line, order_id=order["id"])
    return row


def prefer(shop: Shop, number: int) -> None:
    clause = t.orders.update().where(t.orders.c.number == str(number)).values(priority=5)
    shop.engine.chore(lambda uow: uow.session.connection.execute(clause), SHOP)


def open_cases(shop: Shop) -> set[str]:
    return {row["kind"] for row in shop.rows(t.cases) if row["state"] != "resolved"}


def count(shop: Shop, units: int, who=BO, **more) -> Receipt:
    return shop.do(SetStock("mug-red", "ber", units, **more), who)


# --- believed at once ----------------------------------------------------------------------------


def test_a_count_that_keeps_every_promise_counts_at_once(scarce):
    receipt = count(scarce, 9)
    assert receipt.sentence == "BER has 9 × mug-red on hand."
    assert receipt.facts["took_effect"] is True
    assert level(scarce) == (9, 9)


def test_what_was_found_more_serves_those_who_wait(scarce):
    scarce.place(1004, ("mug-red", 5))
    receipt = count(scarce, 14)
    assert receipt.facts["served"] == ["1004"]
    assert level(scarce) == (14, 14)


def test_a_count_can_be_taken_back(scarce):
    assert count(scarce, 9).can_undo
    assert scarce.do(UndoLast(), BO).ok
    assert level(scarce) == (10, 9)


def test_a_count_of_nothing_where_nothing_was_changes_nothing(shop):
    assert shop.do(SetStock("mug-red", "vie", 0)).ok
    assert (
        shop.rows(t.stock_move, command_id=shop.do(SetStock("mug-red", "vie", 0)).command_id) == []
    )


# --- what stands picked --------------------------------------------------------------------------


def test_with_goods_in_hand_a_count_has_to_say_whether_they_were_counted(scarce):
    scarce.do(PrintPicks("ber"), BO)
    scarce.do(PickWork("1001"), BO)
    receipt = count(scarce, 6)
    assert (receipt.outcome, receipt.code) == ("refused", "picked")
    assert "count mug-red ber 6 without" in receipt.next
    assert level(scarce) == (10, 9)
    assert count(scarce, 6, picked=Picked.WITHOUT).facts["took_effect"]
    assert level(scarce) == (10, 9)
    assert count(scarce, 9, picked=Picked.WITH).facts["took_effect"]
    assert level(scarce) == (9, 9)


# --- doubted -------------------------------------------------------------------------------------


def test_a_count_that_would_break_promises_shows_them_and_changes_nothing(scarce):
    receipt = count(scarce, 6)
    assert receipt.ok
    assert receipt.sentence == (
        "BER would have 6 × mug-red, and 3 more are promised: 1003 would lose 2, 1002 would "
        "lose 1. Nothing has changed yet; somebody counts once more: `count mug-red ber 6 10 with`."
    )
    assert receipt.facts["orders"] == ["1003", "1002"]
    assert level(scarce) == (10, 9)
    assert scarce.rows(t.stock_move, command_id=receipt.command_id) == []
    assert (receipt.subjects, receipt.can_undo) == ((), False)


def test_the_second_count_shorts_the_least_urgent_and_opens_their_cases(scarce):
    prefer(scarce, 1003)
    count(scarce, 6)
    receipt = count(scarce, 6, EVA)
    assert receipt.sentence.startswith("BER has 6 × mug-red on hand. Short, with a case: 1002.")
    assert level(scarce) == (6, 6)
    assert [line(scarce, n)["backordered"] for n in (1001, 1002, 1003)] == [0, 3, 0]
    (case,) = [c for c in scarce.rows(t.cases, kind="short") if c["state"] == "open"]
    assert case["title"] == "Order 1002 is short of 3 × mug-red."
    told = [event["kind"] for event in scarce.rows(t.event, command_id=receipt.command_id)]
    assert "PromiseBroken" in told
    (work,) = scarce.rows(t.fulfillment_order, number="1002-1")
    assert work["stage"] == "canceled"


def test_the_second_figure_counts_even_when_it_is_another(scarce):
    count(scarce, 2)
    assert count(scarce, 8, EVA).facts["orders"] == ["1003"]
    assert level(scarce) == (8, 8)
    assert line(scarce, 1003)["backordered"] == 1


def test_a_second_count_that_finds_everything_breaks_nothing(scarce):
    count(scarce, 2)
    assert count(scarce, 10, EVA).facts == {
        "sku": "mug-red",
        "location": "BER",
        "served": [],
        "took_effect": True,
        "orders": [],
    }
    assert [row["state"] for row in scarce.rows(t.stock_count)] == ["done"]


def test_a_first_count_of_long_ago_confirms_nothing(scarce):
    count(scarce, 6)
    scarce.clock.advance(hours=25)
    assert count(scarce, 6, EVA).facts["took_effect"] is False
    assert count(scarce, 6, EVA).facts["took_effect"] is True


def test_a_broken_promise_is_mended_where_there_is_other_stock(scarce):
    scarce.do(ReceiveStock("mug-red", "ham", 5), BO)
    count(scarce, 4)
    assert count(scarce, 4).facts["orders"] == ["1003", "1002"]
    assert level(scarce) == (4, 4)
    assert level(scarce, HAM) == (5, 5)
    assert [line(scarce, n)["backordered"] for n in (1001, 1002, 1003)] == [0, 0, 0]
    assert "short" not in open_cases(scarce)


def test_goods_in_a_packed_box_are_the_last_to_be_missed(scarce):
    scarce.do(PrintPicks("ber"), BO)
    for step in (PickWork, PackWork):
        scarce.do(step("1003"), BO)
    count(scarce, 4, picked=Picked.WITHOUT)
    receipt = count(scarce, 4, EVA, picked=Picked.WITHOUT)
    assert receipt.facts["orders"] == ["1002"]
    assert level(scarce) == (6, 6)
    assert line(scarce, 1003)["packed"] == 2
    assert "edit_after_print" in open_cases(scarce)


def test_even_packed_goods_may_be_gone(scarce):
    for step in (PrintPicks("ber"), PickWork("1003"), PackWork("1003")):
        scarce.do(step, BO)
    count(scarce, 0, picked=Picked.WITH)
    assert count(scarce, 0, EVA, picked=Picked.WITH).ok
    assert level(scarce) == (0, 0)
    assert line(scarce, 1003)["packed"] == 0
    assert scarce.ask(ShowOrder("1003")).lines[0].backordered == 2


def test_a_stale_look_at_the_book_is_refused_before_anything_is_kept(scarce):
    receipt = count(scarce, 6, expected=9)
    assert (receipt.outcome, receipt.code) == ("refused", "stale_stock")
    assert scarce.rows(t.stock_count) == []


# --- trust ---------------------------------------------------------------------------------------


def buffer(shop: Shop) -> int:
    return int(shop.rows(t.stock_level, sku="mug-red", location_id=BER)[0]["buffer"])


def test_a_count_far_from_the_book_opens_a_case_and_routing_takes_less(shop):
    receipt = count(shop, 7)
    assert receipt.sentence == (
        "BER has 7 × mug-red on hand. Routing leaves 3 of them alone until the next count."
    )
    assert not receipt.can_undo
    (case,) = shop.rows(t.cases, kind="count_off")
    assert case["title"] == (
        "BER counted 7 × mug-red; the book said 10. Find out why, then count again."
    )
    assert (case["location_id"], buffer(shop)) == (BER, 3)


def test_the_next_good_count_closes_the_case_and_gives_the_trust_back(shop):
    count(shop, 7)
    count(shop, 5)
    assert buffer(shop) == 3
    count(shop, 1)
    assert len(shop.rows(t.cases, kind="count_off")) == 1
    assert count(shop, 1).ok
    assert (open_cases(shop), buffer(shop)) == (set(), 0)


def test_more_than_the_book_is_a_case_but_costs_no_trust(shop):
    count(shop, 15)
    assert (open_cases(shop), buffer(shop)) == ({"count_off"}, 0)


def test_a_count_within_the_tolerance_opens_nothing(shop):
    count(shop, 9)
    assert (shop.rows(t.cases, kind="count_off"), buffer(shop)) == ([], 0)
