"""Stock by hand: every change has a reason, promises stand, who waits is served, channels hear."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from core.commands.counts import SetStock
from core.commands.setup import SetMode
from core.commands.stock import (
    AdjustStock,
    ReceiveStock,
    SetSafety,
    plan_stock_pushes,
)
from core.commands.undo import UndoLast
from core.db import tables as t
from core.db.rows import from_json
from core.domain.access import Role
from core.domain.refusals import NotFound
from core.domain.shop import Mode
from core.engine import Receipt
from core.queries.stock import ShowStock, StockView
from tests.shop import BER, HAM, SHOP, SHOPIFY, VIE, Shop, make_shop, staff

WAREHOUSE = staff(Role.WAREHOUSE, "Bo")


@pytest.fixture
def shop(database: str) -> Iterator[Shop]:
    made = make_shop(database)
    yield made
    made.close()


def level(shop: Shop, sku: str = "mug-red", place: int = BER) -> tuple[int, int, int]:
    (row,) = shop.rows(t.stock_level, sku=sku, location_id=place)
    return row["on_hand"], row["reserved"], row["safety"]


def assert_refused(shop: Shop, receipt: Receipt, code: str) -> None:
    assert (receipt.outcome, receipt.code) == ("refused", code)
    assert receipt.next
    assert shop.rows(t.stock_move, command_id=receipt.command_id) == []


# --- goods come in -------------------------------------------------------------------------------


def test_what_arrives_is_on_hand_with_its_reference(shop):
    receipt = shop.do(ReceiveStock("mug-red", "ber", 24, "PO-7731"), WAREHOUSE)
    assert receipt.sentence == (
        "24 × mug-red received at BER. Miscounted? `adjust mug-red ber -24 miscounted`."
    )
    assert level(shop) == (34, 0, 0)
    (move,) = shop.rows(t.stock_move, command_id=receipt.command_id)
    assert (move["kind"], move["quantity"], move["reason"]) == ("receive", 24, "PO-7731")


def test_a_location_that_never_had_it_can_receive_it(shop):
    assert shop.do(ReceiveStock("mug-red", "vie", 3), WAREHOUSE).ok
    assert level(shop, place=VIE) == (3, 0, 0)


def test_arriving_stock_serves_the_queue_by_priority_and_age(shop):
    shop.place(1000, ("mug-red", 20))
    for number in (1001, 1002, 1003):
        shop.place(number, ("mug-red", 3))
        shop.clock.advance(minutes=1)
    shop.engine.chore(_prefer("1003"), SHOP)
    receipt = shop.do(ReceiveStock("mug-red", "ber", 5), WAREHOUSE)
    assert receipt.facts["served"] == ["1003", "1001"]
    waiting = {w.order: w.quantity for w in shop.ask(ShowStock("mug-red")).waiting}
    assert waiting == {"1001": 1, "1002": 3}
    assert level(shop) == (15, 15, 0)


def _prefer(number: str):
    def change(uow) -> None:
        clause = t.orders.update().where(t.orders.c.number == number).values(priority=5)
        uow.session.connection.execute(clause)

    return change


def test_orders_for_which_nothing_is_left_are_not_touched(shop):
    shop.place(1000, ("mug-red", 20))
    for number in (1001, 1002):
        shop.place(number, ("mug-red", 3))
    receipt = shop.do(ReceiveStock("mug-red", "ber", 3), WAREHOUSE)
    assert [number for number, _ in receipt.subjects] == ["1001"]


@pytest.mark.parametrize("quantity", [0, -3, 1_000_001])
def test_a_quantity_that_makes_no_sense_is_refused(shop, quantity):
    assert_refused(shop, shop.do(ReceiveStock("mug-red", "ber", quantity)), "invalid")


def test_an_unknown_sku_is_refused_with_what_may_have_been_meant(shop):
    receipt = shop.do(ReceiveStock("mug-rde", "ber", 3))
    assert_refused(shop, receipt, "not_found")
    assert receipt.next == "Did you mean mug-red, mug-blue?"


def test_an_unknown_location_is_refused_with_the_known_ones(shop):
    receipt = shop.do(ReceiveStock("mug-red", "rom", 3))
    assert_refused(shop, receipt, "invalid")
    assert "BER, HAM, VIE" in receipt.next


@pytest.mark.parametrize("role", [Role.SUPPORT, Role.STORE])
def test_only_some_roles_correct_stock(shop, role):
    someone = staff(role, "Sue", locations=("BER",))
    correct = AdjustStock("mug-red", "ber", 3, "found")
    assert_refused(shop, shop.do(correct, someone), "not_allowed")


# --- corrections ---------------------------------------------------------------------------------


def test_a_correction_needs_a_reason(shop):
    assert_refused(shop, shop.do(AdjustStock("mug-red", "ber", -2, "")), "invalid")
    assert shop.do(AdjustStock("mug-red", "ber", -2, "broken")).ok
    assert level(shop) == (8, 0, 0)


def test_what_is_promised_cannot_be_corrected_away(shop):
    shop.place(1001, ("mug-red", 8))
    receipt = shop.do(AdjustStock("mug-red", "ber", -3, "stolen"))
    assert_refused(shop, receipt, "short")
    assert receipt.sentence == "BER has 10 × mug-red, and 8 of them are promised."
    assert level(shop) == (10, 8, 0)


def test_a_correction_can_be_undone_with_a_second_line_in_the_ledger(shop):
    shop.do(AdjustStock("mug-red", "ber", -2, "broken"))
    assert shop.do(UndoLast()).ok
    assert level(shop) == (10, 0, 0)
    moves = shop.rows(t.stock_move, sku="mug-red", location_id=BER, kind="adjust")
    assert [(m["quantity"], m["reason"]) for m in moves] == [
        (-2, "broken"),
        (2, "taken back: broken"),
    ]


def test_a_count_that_looked_at_an_old_figure_is_refused_with_the_new_one(shop):
    shop.do(AdjustStock("mug-red", "ber", -2, "broken"))
    receipt = shop.do(SetStock("mug-red", "ber", 12, 10))
    assert_refused(shop, receipt, "stale_stock")
    assert receipt.sentence == "mug-red has 8 on hand, not 10."
    assert shop.do(SetStock("mug-red", "ber", 12, 8)).ok
    assert level(shop) == (12, 0, 0)


def test_the_level_is_the_sum_of_its_moves(shop):
    shop.place(1001, ("mug-red", 4))
    shop.do(ReceiveStock("mug-red", "ber", 5))
    shop.do(SetStock("mug-red", "ber", 9, 15))
    shop.do(SetSafety("mug-red", "ber", 2))
    moves = shop.rows(t.stock_move, sku="mug-red", location_id=BER)
    sums = tuple(sum(m[name] for m in moves) for name in ("on_hand", "reserved", "safety"))
    assert sums == level(shop) == (9, 4, 2)


# --- the floor -----------------------------------------------------------------------------------


def test_safety_stock_is_not_sold_and_lowering_it_serves_who_waits(shop):
    for place in ("ber", "ham"):
        shop.do(SetSafety("mug-red", place, 8))
    shop.place(1001, ("mug-red", 6))
    assert shop.ask(ShowStock("mug-red")).backordered == 2
    receipt = shop.do(SetSafety("mug-red", "ber", 0))
    assert receipt.facts["served"] == ["1001"]
    assert shop.ask(ShowStock("mug-red")).backordered == 0


def test_the_same_floor_twice_and_a_floor_on_nothing_are_refused(shop):
    shop.do(SetSafety("mug-red", "ber", 3))
    assert shop.do(SetSafety("mug-red", "ber", 3)).outcome == "refused"
    assert "never had any" in shop.do(SetSafety("mug-red", "vie", 3)).sentence


# --- looking -------------------------------------------------------------------------------------


def test_stock_shows_every_location_totals_and_the_last_moves(shop):
    shop.place(1001, ("mug-red", 4))
    view: StockView = shop.ask(ShowStock("MUG-Red"))
    assert [(lv.location, lv.on_hand, lv.reserved, lv.available) for lv in view.levels] == [
        ("BER", 10, 4, 6),
        ("HAM", 10, 0, 10),
    ]
    assert (view.sku, view.on_hand, view.reserved, view.available) == ("mug-red", 20, 4, 16)
    newest = view.moves[0]
    assert (newest.kind, newest.quantity, newest.location) == ("reserve", 4, "BER")


def test_stock_of_what_there_is_not_says_what_is_near(shop):
    with pytest.raises(NotFound, match="Did you mean tee-black-m"):
        shop.ask(ShowStock("tee-black"))


def test_a_percent_sign_finds_nothing_by_accident(shop):
    with pytest.raises(NotFound, match="Check how it is written"):
        shop.ask(ShowStock("%"))


# --- telling the channels ------------------------------------------------------------------------


def told(shop: Shop) -> list[tuple[str, int]]:
    rows = shop.rows(t.outbox, kind="shopify.stock")
    return [(from_json(r["payload"])["sku"], from_json(r["payload"])["location_id"]) for r in rows]


def push(shop: Shop) -> int:
    return shop.engine.chore(plan_stock_pushes, SHOP)


def test_every_level_that_moved_is_told_once(shop):
    assert push(shop) == 10
    assert push(shop) == 0
    shop.do(AdjustStock("mug-red", "ham", -1, "broken"))
    assert push(shop) == 1
    assert told(shop)[10:] == [("mug-red", HAM)]
    last = shop.rows(t.outbox, kind="shopify.stock")[-1]
    assert last["lane"] == f"stock:{SHOPIFY}:mug-red:{HAM}"
    assert (last["state"], last["connection_id"]) == ("waiting", SHOPIFY)


def test_a_product_or_location_that_the_shop_does_not_know_is_not_told(shop):
    shop.engine.chore(_forget, SHOP)
    push(shop)
    assert ("mug-red", BER) not in told(shop)
    assert ("sock-grey", HAM) not in told(shop)
    assert ("sock-grey", BER) in told(shop)


def _forget(uow) -> None:
    product, place = t.product, t.location
    execute = uow.session.connection.execute
    execute(product.update().where(product.c.sku == "mug-red").values(external_ids="{}"))
    execute(place.update().where(place.c.id == HAM).values(external_ids="{}"))
    uow.people.touch()


@pytest.mark.parametrize("mode", ["staff", "live"])
def test_what_watch_mode_kept_back_is_told_when_the_shop_leaves_it(database, mode):
    watching = make_shop(database, mode="watch")
    assert push(watching) == 0
    assert told(watching) == []
    watching.do(SetMode(Mode(mode)), staff(Role.OWNER))
    assert push(watching) == 10
    assert {row["state"] for row in watching.rows(t.outbox, kind="shopify.stock")} == {"waiting"}
    watching.close()
