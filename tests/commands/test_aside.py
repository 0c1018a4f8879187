"""Units that are here but not for sale, floors for routing, and the ledger that tells of it all."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from core.commands.aside import Aside, CondemnStock, SellAgain, SetAside, WriteOffStock
from core.commands.orders import MoveOrder
from core.commands.stock import AdjustStock, ReceiveStock, SetBuffer, SetSafety
from core.commands.undo import UndoLast
from core.db import tables as t
from core.domain.access import Role
from core.domain.stock import COLUMNS
from core.engine import Receipt
from core.queries.ledger import PAGE, ShowLedger
from core.queries.stock import LevelView, ShowStock
from tests.shop import BER, Shop, make_shop, staff

WAREHOUSE = staff(Role.WAREHOUSE, "Bo")


@pytest.fixture
def shop(database: str) -> Iterator[Shop]:
    made = make_shop(database)
    yield made
    made.close()


def here(shop: Shop, code: str = "BER") -> LevelView:
    return next(x for x in shop.ask(ShowStock("mug-red")).levels if x.location == code)


def assert_refused(shop: Shop, receipt: Receipt, code: str) -> None:
    assert (receipt.outcome, receipt.code) == ("refused", code), receipt
    assert receipt.next
    assert shop.rows(t.stock_move, command_id=receipt.command_id) == []


# --- set aside -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "on_hand", "column"),
    [(Aside.DAMAGED, 7, "damaged"), (Aside.QUALITY, 7, "quality"), (Aside.FROZEN, 10, "frozen")],
)
def test_units_aside_are_not_sold_and_come_back(shop, state, on_hand, column):
    shop.do(SetAside("mug-red", "ber", 3, state, "dropped"), WAREHOUSE)
    level = here(shop)
    assert (level.on_hand, getattr(level, column), level.available) == (on_hand, 3, 7)
    shop.do(SellAgain("mug-red", "ber", 2, state), WAREHOUSE)
    assert (getattr(here(shop), column), here(shop).available) == (1, 9)


def test_units_that_come_back_serve_who_waits(shop):
    for place in ("ber", "ham"):
        shop.do(SetAside("mug-red", place, 8, Aside.FROZEN))
    shop.place(1001, ("mug-red", 6))
    assert shop.ask(ShowStock("mug-red")).backordered == 2
    receipt = shop.do(SellAgain("mug-red", "ber", 8, Aside.FROZEN), WAREHOUSE)
    assert receipt.facts["served"] == ["1001"]


def test_frozen_units_stay_promised_and_can_be_shipped(shop):
    shop.place(1001, ("mug-red", 4))
    shop.do(SetAside("mug-red", "ber", 6, Aside.FROZEN))
    level = here(shop)
    assert (level.on_hand, level.reserved, level.frozen, level.available) == (10, 4, 6, 0)


@pytest.mark.parametrize("state", list(Aside))
def test_promised_units_cannot_be_set_aside(shop, state):
    shop.place(1001, ("mug-red", 8))
    receipt = shop.do(SetAside("mug-red", "ber", 3, state, "dropped"), WAREHOUSE)
    assert_refused(shop, receipt, "short")
    assert "2 can be set aside" in receipt.sentence


def test_damage_needs_a_reason(shop):
    assert_refused(shop, shop.do(SetAside("mug-red", "ber", 1, Aside.DAMAGED)), "invalid")


def test_quality_control_may_fail_and_what_is_damaged_may_leave(shop):
    shop.do(SetAside("mug-red", "ber", 5, Aside.QUALITY))
    shop.do(CondemnStock("mug-red", "ber", 4, "cracked"))
    assert (here(shop).quality, here(shop).damaged) == (1, 4)
    shop.do(WriteOffStock("mug-red", "ber", 3, "thrown away"))
    assert (here(shop).damaged, here(shop).on_hand) == (1, 5)


@pytest.mark.parametrize(
    "ask",
    [
        SellAgain("mug-red", "ber", 1, Aside.DAMAGED),
        CondemnStock("mug-red", "ber", 1),
        WriteOffStock("mug-red", "ber", 1, "gone"),
    ],
)
def test_what_is_not_there_cannot_be_taken(shop, ask):
    receipt = shop.do(ask, WAREHOUSE)
    assert_refused(shop, receipt, "short")
    assert receipt.sentence.startswith("BER has 0 damaged × mug-red")


def test_a_write_off_needs_a_reason(shop):
    shop.do(SetAside("mug-red", "ber", 1, Aside.DAMAGED, "dropped"))
    assert_refused(shop, shop.do(WriteOffStock("mug-red", "ber", 1, " ")), "invalid")


def test_setting_aside_can_be_undone(shop):
    shop.do(SetAside("mug-red", "ber", 3, Aside.DAMAGED, "dropped"), WAREHOUSE)
    assert shop.do(UndoLast(), WAREHOUSE).ok
    assert (here(shop).damaged, here(shop).available) == (0, 10)


# --- the buffer ----------------------------------------------------------------------------------


def test_routing_leaves_the_buffer_and_a_person_may_still_promise_it(shop):
    shop.do(SetBuffer("mug-red", "ber", 4), WAREHOUSE)
    shop.do(SetBuffer("mug-red", "ham", 10), WAREHOUSE)
    shop.place(1001, ("mug-red", 8))
    assert (here(shop).reserved, here(shop).available, here(shop).routable) == (6, 4, 0)
    assert shop.ask(ShowStock("mug-red")).backordered == 2
    assert shop.do(MoveOrder("1001", "ham")).ok
    assert here(shop, "HAM").reserved == 6


def test_a_lower_buffer_serves_who_waits(shop):
    for place in ("ber", "ham"):
        shop.do(SetBuffer("mug-red", place, 10))
    shop.place(1001, ("mug-red", 2))
    receipt = shop.do(SetBuffer("mug-red", "ber", 0))
    assert receipt.facts["served"] == ["1001"]
    assert_refused(shop, shop.do(SetBuffer("mug-red", "ber", 0)), "not_possible")


# --- the ledger ----------------------------------------------------------------------------------


def test_the_ledger_says_who_when_why_and_from_where(shop):
    shop.place(1001, ("mug-red", 4))
    shop.do(AdjustStock("mug-red", "ber", -2, "broken"), WAREHOUSE)
    view = shop.ask(ShowLedger("mug-red", "ber"))
    newest, promised, opening = view.lines
    assert (newest.kind, newest.quantity, newest.reason) == ("adjust", -2, "broken")
    assert (newest.who, newest.surface) == ("Bo", "slack")
    assert (newest.changes, newest.after) == ({"on_hand": -2}, {"on_hand": 8})
    assert (promised.kind, promised.after, promised.reason) == ("reserve", {"reserved": 4}, "1001")
    assert (promised.surface, opening.after) == ("webhook", {"on_hand": 10})


def test_the_ledger_adds_up_on_every_page_and_at_every_place(shop):
    for number in range(PAGE + 5):
        shop.do(AdjustStock("mug-red", "ber", 1, f"found {number}"))
        shop.do(SetSafety("mug-red", "ham", number + 1))
    first = shop.ask(ShowLedger("mug-red", "ber"))
    second = shop.ask(ShowLedger("mug-red", "ber", first.next))
    lines = (*first.lines, *second.lines)
    assert second.next is None
    assert len(lines) == PAGE + 6
    assert [line.after["on_hand"] for line in lines] == list(range(PAGE + 15, 9, -1))
    everywhere = shop.ask(ShowLedger("mug-red"))
    assert {line.location for line in everywhere.lines} == {"BER", "HAM"}


def test_every_column_is_the_sum_of_its_moves(shop):
    shop.do(SetAside("mug-red", "ber", 3, Aside.DAMAGED, "dropped"))
    shop.do(SetAside("mug-red", "ber", 2, Aside.QUALITY))
    shop.do(SetAside("mug-red", "ber", 1, Aside.FROZEN))
    shop.do(SetBuffer("mug-red", "ber", 2))
    shop.do(ReceiveStock("mug-red", "ber", 5))
    (row,) = shop.rows(t.stock_level, sku="mug-red", location_id=BER)
    moves = shop.rows(t.stock_move, sku="mug-red", location_id=BER)
    assert {name: sum(m[name] for m in moves) for name in COLUMNS} == {
        name: row[name] for name in COLUMNS
    }
