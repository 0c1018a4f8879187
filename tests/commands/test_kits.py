"""Kits through the engine: sold as one line, picked as parts, never oversold by sharing them."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from core.commands.carts import CartLine, ReserveCart
from core.commands.choosing import Units
from core.commands.fulfillment import PickWork, PrintPicks, ShipWork
from core.commands.kits import SetKit, UnsetKit
from core.commands.missing import ShortOrder
from core.commands.orders import CancelOrder
from core.commands.receiving import ReceiveReturn
from core.commands.return_decisions import ApproveReturn
from core.commands.returns import RequestReturn
from core.commands.shipping import FulfilledLine, RecordFulfillment
from core.commands.stock import ReceiveStock
from core.commands.tracking import DeliverParcel
from core.commands.undo import UndoLast
from core.db import tables as t
from core.db.rows import from_json
from core.db.setup import load_shop
from core.domain.access import Role, system
from core.engine import Caller
from core.queries.order_view import OrderView
from core.queries.orders import ShowOrder
from core.queries.picks import ListPicks
from core.queries.stock import ShowStock
from core.queries.tracking import TrackByLink
from tests.shop import BER, CHANNEL, SHOP, SHOPIFY, Shop, make_shop, staff

BO = staff(Role.WAREHOUSE, "Bo")
BOX = "poster-sun"  # in these tests a kit of two red mugs and a pair of socks


@pytest.fixture
def shop(database: str) -> Iterator[Shop]:
    made = make_shop(database, stock=0)
    for sku, units in (("mug-red", 6), ("sock-grey", 5)):
        made.do(ReceiveStock(sku, "ber", units), BO)
    assert made.do(SetKit(BOX, "mug-red:2 sock-grey"), BO).ok
    yield made
    made.close()


def lines(shop: Shop, number: int) -> dict[tuple[str, str], dict[str, int]]:
    (order,) = shop.rows(t.orders, number=str(number))
    return {(row["kind"], row["sku"]): row for row in shop.rows(t.order_line, order_id=order["id"])}


def reserved(shop: Shop, sku: str = "mug-red") -> tuple[int, int]:
    (row,) = shop.rows(t.stock_level, sku=sku, location_id=BER)
    return row["on_hand"], row["reserved"]


def view(shop: Shop, number: int) -> OrderView:
    found: OrderView = shop.ask(ShowOrder(str(number)))
    return found


def ship(shop: Shop, number: int) -> None:
    for step in (PrintPicks(orders=(str(number),)), PickWork(str(number)), ShipWork(str(number))):
        receipt = shop.do(step, BO)
        assert receipt.ok, receipt


# --- selling -------------------------------------------------------------------------------------


def test_a_kit_reserves_its_parts_and_stays_one_line_with_its_price(shop):
    receipt = shop.place(1001, (BOX, 2))
    found = lines(shop, 1001)
    assert found["kit", BOX]["total"] == 2 * 1990
    assert found["part", "mug-red"]["allocated"] == 4
    assert found["part", "sock-grey"]["allocated"] == 2
    assert (reserved(shop), reserved(shop, "sock-grey")) == ((6, 4), (5, 2))
    (captured,) = shop.rows(t.event, command_id=receipt.command_id, kind="OrderCaptured")
    assert from_json(captured["data"])["units"] == 2


def test_pickers_see_the_parts(shop):
    shop.place(1001, (BOX, 1))
    (pick,) = shop.ask(ListPicks("ber"), BO).picks
    assert sorted((item.sku, item.quantity) for item in pick.items) == [
        ("mug-red", 2),
        ("sock-grey", 1),
    ]


def test_what_lacks_a_part_waits_for_it(shop):
    shop.place(1001, (BOX, 4))
    found = lines(shop, 1001)
    assert found["part", "mug-red"]["backordered"] == 2
    assert found["part", "sock-grey"]["backordered"] == 0
    assert shop.do(ReceiveStock("mug-red", "ber", 2), BO).facts["served"] == ["1001"]


def test_a_kit_that_has_left_is_told_to_the_shop_as_one_line(shop):
    shop.place(1001, (BOX, 1), ("mug-red", 1))
    ship(shop, 1001)
    (row,) = shop.rows(t.outbox, kind="shopify.fulfillment")
    told = {(x["line"], x["quantity"]) for x in from_json(row["payload"])["lines"]}
    assert told == {("1001-1", 1), ("1001-2", 1)}
    found = view(shop, 1001)
    assert (found.status, found.fulfillment_status) == ("closed", "shipped")
    assert lines(shop, 1001)["kit", BOX]["shipped"] == 1


def test_a_kit_that_the_shop_sent_is_known_by_its_parts(shop):
    shop.place(1001, (BOX, 1))
    told = RecordFulfillment(
        SHOPIFY, "gid-1001", "f-1", (FulfilledLine("1001-1", 1),), shop.clock()
    )
    assert shop.do(told, CHANNEL).ok
    assert reserved(shop) == (4, 0)
    assert view(shop, 1001).fulfillment_status == "shipped"


def test_the_stock_of_a_kit_is_what_its_parts_would_make(shop):
    found = shop.ask(ShowStock(BOX))
    assert (found.available, found.made_of) == (3, (("mug-red", 2), ("sock-grey", 1)))
    shop.place(1001, ("mug-red", 3))
    assert shop.ask(ShowStock(BOX)).kits_at == (("BER", 1),)


def test_customers_read_of_the_kit_and_not_of_its_parts(shop):
    shop.place(1001, (BOX, 2))
    (row,) = shop.rows(t.orders, number="1001")
    ask = TrackByLink(row["id"], row["links_version"])
    clock = Caller(system(SHOP, "clock"), "clock")
    waiting = [(w.title, w.quantity, w.stage) for w in shop.ask(ask, clock).facts.waiting]
    assert waiting == [("Poster-Sun", 2, "ready")]
    ship(shop, 1001)
    facts = shop.ask(ask, clock).facts
    assert ([parcel.lines for parcel in facts.parcels], facts.waiting) == (
        [(("Poster-Sun", 2),)],
        (),
    )


def test_a_part_that_a_picker_misses_is_found_elsewhere_or_waited_for(shop):
    shop.place(1001, (BOX, 2))
    receipt = shop.do(ShortOrder("1001", (Units("mug-red", 3),)), staff())
    assert receipt.ok, receipt
    part = lines(shop, 1001)["part", "mug-red"]
    assert (part["allocated"], part["backordered"]) == (3, 1)
    assert lines(shop, 1001)["kit", BOX]["backordered"] == 0


# --- changing ------------------------------------------------------------------------------------


def test_an_edit_in_the_shop_moves_the_parts_with_the_kit(shop):
    shop.place(1001, (BOX, 1))
    shop.clock.advance(minutes=1)
    shop.place(1001, (BOX, 2))
    assert reserved(shop) == (6, 4)
    shop.clock.advance(minutes=1)
    shop.place(1001, (BOX, 1))
    assert reserved(shop) == (6, 2)
    assert lines(shop, 1001)["part", "sock-grey"]["canceled"] == 1


def test_a_canceled_kit_gives_its_parts_back(shop):
    shop.place(1001, (BOX, 2))
    assert shop.do(CancelOrder("1001", "changed mind")).ok
    assert (reserved(shop), reserved(shop, "sock-grey")) == ((6, 0), (5, 0))
    assert view(shop, 1001).status == "canceled"


def test_a_kit_comes_back_as_a_kit_and_its_parts_go_on_their_shelves(shop):
    shop.place(1001, (BOX, 2))
    ship(shop, 1001)
    assert shop.do(DeliverParcel("1001"), BO).ok
    refused = shop.do(RequestReturn("1001", "mug-red", 1))
    assert refused.outcome == "refused"
    asked = shop.do(RequestReturn("1001", BOX, 1))
    assert asked.ok, asked
    number = asked.facts["return"]
    shop.do(ApproveReturn(number))
    assert shop.do(ReceiveReturn(number, location="ber"), BO).ok
    assert (reserved(shop), reserved(shop, "sock-grey")) == ((4, 0), (4, 0))
    assert view(shop, 1001).return_status == "partial"


# --- defining ------------------------------------------------------------------------------------


def test_a_cart_holds_the_parts_of_a_kit(shop):
    front = Caller(system(SHOP, "front"), "api")
    assert shop.do(ReserveCart("c1", (CartLine(BOX, 2),)), front).ok
    assert (reserved(shop), reserved(shop, "sock-grey")) == ((6, 4), (5, 2))
    assert shop.do(ReserveCart("c1", (CartLine(BOX, 4),)), front).code == "short"
    shop.place(1001, (BOX, 3), cart="c1")
    assert (reserved(shop), reserved(shop, "sock-grey")) == ((6, 6), (5, 3))


def test_orders_keep_the_parts_that_they_were_placed_with(shop):
    shop.place(1001, (BOX, 1))
    assert shop.do(UnsetKit(BOX), BO).ok
    shop.place(1002, (BOX, 1))
    assert ("part", "mug-red") in lines(shop, 1001)
    assert [kind for kind, _ in lines(shop, 1002)] == [""]
    assert shop.do(UnsetKit(BOX), BO).code == "already"
    assert shop.do(UndoLast(), BO).ok


@pytest.mark.parametrize(
    ("sku", "parts"),
    [
        (BOX, "nothing:2"),
        ("mug-blue", f"{BOX}:1"),
        ("mug-red", "mug-blue:1"),
        ("mug-blue", "mug-blue:1"),
        ("mug-blue", "mug-red:0"),
        ("sock-grey", "tee-black-m"),
    ],
)
def test_kits_that_make_no_sense_are_refused(shop, sku, parts):
    receipt = shop.do(SetKit(sku, parts), BO)
    assert receipt.outcome == "refused"
    assert receipt.next
    shop_now = shop.engine.read(lambda session: load_shop(session, SHOP))
    assert set(shop_now.kits) == {BOX}


# --- racing --------------------------------------------------------------------------------------


def test_kits_that_share_parts_with_each_other_and_with_single_sales_never_oversell(shop):
    shop.do(SetKit("mug-blue", "mug-red sock-grey:2"), BO)
    skus = (BOX, "mug-blue", "mug-red")
    wishes = [shop.order(f"{n}-{sku}", (sku, 1)) for n in range(8) for sku in skus]
    with ThreadPoolExecutor(8) as many:
        receipts = list(many.map(lambda wish: shop.engine.execute(wish, CHANNEL), wishes))
    assert all(receipt.ok for receipt in receipts)
    for sku, units in (("mug-red", 6), ("sock-grey", 5)):
        promised = sum(r["quantity"] for r in shop.rows(t.reservation, sku=sku, state="promised"))
        assert promised <= units
        assert reserved(shop, sku) == (units, promised)
    waiting = sum(row["backordered"] for row in shop.rows(t.order_line))
    asked = sum(row["ordered"] for row in shop.rows(t.order_line) if row["kind"] != "kit")
    allocated = sum(row["allocated"] for row in shop.rows(t.order_line))
    assert (asked, allocated + waiting) == (8 * (3 + 3 + 1), asked)
