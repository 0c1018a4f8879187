"""Carts through the engine: held, changed, extended, given back, expired, and ordered."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from core.commands.carts import (
    CartLine,
    ExtendCart,
    ReleaseCart,
    ReleaseExpiredCarts,
    ReserveCart,
)
from core.commands.counts import SetStock
from core.commands.orders import CancelOrder
from core.commands.stock import AdjustStock, ReceiveStock
from core.db import tables as t
from core.domain.access import Role, system
from core.domain.refusals import NotFound
from core.engine import Caller, Receipt
from core.queries.carts import CartView, ShowCart
from tests.shop import BER, HAM, SHOP, Shop, make_shop, staff

FRONT = Caller(system(SHOP, "front"), "api")
CLOCK = Caller(system(SHOP, "clock"), "clock")
BO = staff(Role.WAREHOUSE, "Bo")


@pytest.fixture
def shop(database: str) -> Iterator[Shop]:
    made = make_shop(database)
    yield made
    made.close()


def reserve(shop: Shop, cart: str, *lines: tuple[str, int], minutes: int = 0) -> Receipt:
    ask = ReserveCart(cart, tuple(CartLine(*line) for line in lines), minutes)
    return shop.do(ask, FRONT)


def reserved(shop: Shop, place: int = BER, sku: str = "mug-red") -> int:
    return int(shop.rows(t.stock_level, sku=sku, location_id=place)[0]["reserved"])


def cart(shop: Shop, name: str = "c1") -> CartView:
    found: CartView = shop.ask(ShowCart(name), FRONT)
    return found


def live(shop: Shop, state: str) -> list[tuple[int, int]]:
    rows = shop.rows(t.reservation, state=state, sku="mug-red")
    return [(row["location_id"], row["quantity"]) for row in rows]


def fill(shop: Shop) -> None:
    """Nothing but mugs at BER is left to sell."""
    shop.do(SetStock("mug-red", "ham", 0, 10), BO)


# --- holding -------------------------------------------------------------------------------------


def test_a_cart_holds_its_stock_for_the_shops_minutes(shop):
    receipt = reserve(shop, "c1", ("mug-red", 4), ("tee-black-m", 1))
    assert receipt.ok
    assert receipt.facts["expires_at"] == (shop.clock() + timedelta(minutes=15)).isoformat()
    assert (reserved(shop), reserved(shop, sku="tee-black-m")) == (4, 1)
    assert [(line.sku, line.wanted, line.held) for line in cart(shop).lines] == [
        ("mug-red", 4, 4),
        ("tee-black-m", 1, 1),
    ]


def test_a_cart_may_be_held_at_several_places(shop):
    assert reserve(shop, "c1", ("mug-red", 15)).ok
    assert (reserved(shop), reserved(shop, HAM)) == (10, 5)


def test_what_cannot_be_held_as_a_whole_is_not_held_at_all(shop):
    receipt = reserve(shop, "c1", ("tee-black-m", 1), ("mug-red", 21))
    assert (receipt.code, receipt.sentence) == ("short", "Only 20 × mug-red can be held.")
    assert (reserved(shop), reserved(shop, sku="tee-black-m")) == (0, 0)
    with pytest.raises(NotFound):
        cart(shop)


def test_only_the_difference_moves(shop):
    reserve(shop, "c1", ("mug-red", 4))
    more = reserve(shop, "c1", ("mug-red", 6))
    (move,) = shop.rows(t.stock_move, command_id=more.command_id)
    assert (move["kind"], move["quantity"]) == ("reserve", 2)
    less = reserve(shop, "c1", ("mug-red", 1), ("tee-black-m", 0))
    assert {m["kind"]: m["quantity"] for m in shop.rows(t.stock_move, command_id=less.command_id)}
    assert (reserved(shop), [line.sku for line in cart(shop).lines]) == (1, ["mug-red"])


def test_growth_that_fails_leaves_what_is_held(shop):
    reserve(shop, "c1", ("mug-red", 12))
    assert reserve(shop, "c1", ("mug-red", 30)).code == "short"
    assert reserved(shop) + reserved(shop, HAM) == 12


@pytest.mark.parametrize(
    "lines", [(), (("mug-red", -1),), (("mug-gren", 1),), (("mug-red", 10_001),)]
)
def test_what_makes_no_sense_is_refused(shop, lines):
    receipt = reserve(shop, "c1", *lines)
    assert receipt.outcome == "refused"
    assert receipt.next
    assert shop.rows(t.cart) == []


@pytest.mark.parametrize("role", [Role.SUPPORT, Role.WAREHOUSE, Role.CUSTOMER])
def test_only_machines_of_the_shop_hold_carts(shop, role):
    ask = ReserveCart("c1", (CartLine("mug-red", 1),))
    assert shop.do(ask, staff(role)).code == "not_allowed"


# --- time ----------------------------------------------------------------------------------------


def test_what_is_over_is_given_back_by_the_clock_and_serves_who_waits(shop):
    fill(shop)
    reserve(shop, "c1", ("mug-red", 10))
    shop.place(1001, ("mug-red", 3))
    shop.clock.advance(minutes=14)
    assert shop.do(ReleaseExpiredCarts(), CLOCK).facts["released"] == 0
    shop.clock.advance(minutes=1)
    assert shop.do(ReleaseExpiredCarts(), CLOCK).facts["released"] == 1
    assert (live(shop, "held"), live(shop, "promised")) == ([], [(BER, 3)])
    assert cart(shop).state == "expired"


def test_before_the_clock_comes_an_order_takes_what_is_over(shop):
    fill(shop)
    reserve(shop, "c1", ("mug-red", 10))
    shop.clock.advance(minutes=15)
    shop.place(1001, ("mug-red", 3))
    assert (live(shop, "promised"), reserved(shop)) == ([(BER, 3)], 3)


def test_before_its_end_nobody_takes_what_is_held(shop):
    fill(shop)
    reserve(shop, "c1", ("mug-red", 8))
    shop.clock.advance(minutes=14)
    shop.place(1001, ("mug-red", 3))
    assert live(shop, "promised") == [(BER, 2)]
    assert shop.do(AdjustStock("mug-red", "ber", -1, "broken"), BO).code == "short"


def test_a_correction_frees_what_is_over(shop):
    fill(shop)
    reserve(shop, "c1", ("mug-red", 10))
    shop.clock.advance(minutes=15)
    assert shop.do(AdjustStock("mug-red", "ber", -1, "broken"), BO).ok
    assert reserved(shop) == 0


def test_an_extended_cart_lives_on(shop):
    reserve(shop, "c1", ("mug-red", 4))
    shop.clock.advance(minutes=14)
    assert shop.do(ExtendCart("c1"), FRONT).ok
    shop.clock.advance(minutes=14)
    shop.do(ReleaseExpiredCarts(), CLOCK)
    assert (reserved(shop), cart(shop).state) == (4, "held")


def test_an_expired_cart_is_taken_again_if_there_is_any(shop):
    fill(shop)
    reserve(shop, "c1", ("mug-red", 6))
    shop.clock.advance(minutes=20)
    shop.do(ReleaseExpiredCarts(), CLOCK)
    assert shop.do(ExtendCart("c1", 5), FRONT).ok
    assert (reserved(shop), cart(shop).state) == (6, "held")
    shop.clock.advance(minutes=20)
    shop.do(ReleaseExpiredCarts(), CLOCK)
    shop.place(1001, ("mug-red", 5))
    assert shop.do(ExtendCart("c1"), FRONT).sentence == "Only 5 × mug-red can be held."


def test_what_is_given_back_serves_who_waits(shop):
    fill(shop)
    reserve(shop, "c1", ("mug-red", 10))
    shop.place(1001, ("mug-red", 3))
    assert shop.do(ReleaseCart("c1"), FRONT).ok
    assert live(shop, "promised") == [(BER, 3)]
    assert shop.do(ReleaseCart("c1"), FRONT).ok, "a second time changes nothing"
    assert shop.do(ExtendCart("c1"), FRONT).code == "released"
    assert shop.do(ReleaseCart("c2"), FRONT).code == "not_found"


# --- ordering ------------------------------------------------------------------------------------


def test_what_a_cart_held_becomes_the_orders_promise_in_one_step(shop):
    fill(shop)
    reserve(shop, "c1", ("mug-red", 10))
    receipt = shop.place(1001, ("mug-red", 10), cart="c1")
    assert (live(shop, "held"), live(shop, "promised")) == ([], [(BER, 10)])
    kinds = [m["kind"] for m in shop.rows(t.stock_move, command_id=receipt.command_id)]
    assert sorted(kinds) == ["release", "reserve"]
    assert (cart(shop).state, cart(shop).order) == ("ordered", "1001")
    assert shop.do(ExtendCart("c1"), FRONT).code == "ordered"
    assert reserve(shop, "c1", ("mug-red", 1)).code == "ordered"


def test_routing_pins_it_where_it_wants_it(shop):
    """Held at two places, it ships from the one that has it all by now."""
    reserve(shop, "c1", ("mug-red", 12))
    shop.do(ReceiveStock("mug-red", "ham", 30), BO)
    shop.place(1001, ("mug-red", 12), cart="c1")
    assert live(shop, "promised") == [(HAM, 12)]
    assert (reserved(shop), reserved(shop, HAM)) == (0, 12)


def test_an_order_for_more_than_the_cart_held_is_short_of_the_rest_only(shop):
    fill(shop)
    reserve(shop, "c1", ("mug-red", 6))
    shop.place(1000, ("mug-red", 4))
    shop.place(1001, ("mug-red", 8), cart="c1")
    (order,) = shop.rows(t.orders, number="1001")
    (line,) = shop.rows(t.order_line, order_id=order["id"])
    assert (line["allocated"], line["backordered"]) == (6, 2)


def test_what_the_order_did_not_want_serves_who_waits_within_a_minute(shop):
    fill(shop)
    reserve(shop, "c1", ("mug-red", 10))
    shop.place(1000, ("mug-red", 3))
    shop.place(1001, ("mug-red", 4), cart="c1")
    shop.do(ReleaseExpiredCarts(), CLOCK)
    assert sorted(live(shop, "promised")) == [(BER, 3), (BER, 4)]
    assert reserved(shop) == 7


@pytest.mark.parametrize("name", ["nobody's", "c1"])
def test_a_cart_that_holds_nothing_is_placed_as_any_order(shop, name):
    fill(shop)
    reserve(shop, "c1", ("mug-red", 10))
    shop.clock.advance(minutes=20)
    shop.do(ReleaseExpiredCarts(), CLOCK)
    assert shop.place(1001, ("mug-red", 3), cart=name).ok
    assert live(shop, "promised") == [(BER, 3)]


def test_a_cart_is_ordered_once(shop):
    fill(shop)
    reserve(shop, "c1", ("mug-red", 10))
    shop.place(1001, ("mug-red", 10), cart="c1")
    shop.place(1002, ("mug-red", 10), cart="c1")
    assert live(shop, "promised") == [(BER, 10)]
    shop.do(CancelOrder("1001", "no"))
    assert live(shop, "promised") == [(BER, 10)]


def test_an_order_of_goods_unknown_to_us_gives_back_what_its_cart_held(shop):
    reserve(shop, "c1", ("mug-red", 2))
    shop.place(1001, ("mug-gren", 2), cart="c1")
    assert (reserved(shop), live(shop, "held")) == (0, [])


# --- counting ------------------------------------------------------------------------------------


def test_a_count_takes_from_carts_before_any_order_loses(shop):
    fill(shop)
    shop.place(1001, ("mug-red", 4))
    reserve(shop, "c1", ("mug-red", 6))
    receipt = shop.do(SetStock("mug-red", "ber", 7), BO)
    assert receipt.facts["took_effect"] is True
    assert (receipt.facts["orders"], reserved(shop)) == ([], 7)
    assert [(line.wanted, line.held) for line in cart(shop).lines] == [(6, 3)]
    doubted = shop.do(SetStock("mug-red", "ber", 3), BO)
    assert (doubted.facts["missing"], doubted.facts["orders"]) == (1, ["1001"])
    shop.do(SetStock("mug-red", "ber", 3), BO)
    assert (reserved(shop), live(shop, "held")) == (3, [])


def test_a_shop_without_carts_has_nothing_to_release(shop):
    shop.place(1001, ("mug-red", 99))
    assert shop.do(ReleaseExpiredCarts(), CLOCK).facts == {"released": 0, "more": False}


# --- racing --------------------------------------------------------------------------------------


def test_carts_and_orders_that_race_never_hold_or_promise_more_than_there_is(shop):
    def wish(n: int) -> Receipt:
        if n % 3 == 0:
            return shop.place(2000 + n, ("mug-red", 2), cart=f"c{n - 1}")
        if n % 3 == 1:
            return reserve(shop, f"c{n}", ("mug-red", 3))
        return reserve(shop, f"c{n}", ("mug-red", 1), ("tee-black-m", 1))

    with ThreadPoolExecutor(8) as many:
        receipts = list(many.map(wish, range(1, 25)))
    assert {receipt.code for receipt in receipts} <= {"", "short"}
    live_units = sum(units for state in ("held", "promised") for _, units in live(shop, state))
    assert live_units == reserved(shop) + reserved(shop, HAM) <= 20
    held = [row["cart_id"] for row in shop.rows(t.reservation, state="held")]
    ordered = {row["id"] for row in shop.rows(t.cart, state="ordered")}
    assert not ordered & set(held)
