"""Pickup and local delivery from the order to the customer's hands, and what is refused."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from core.commands.edits import ConfirmEdit, EditOrder
from core.commands.fulfillment import PickWork, PutBack, ShipWork
from core.commands.holds import HoldOrder, ReleaseOrder
from core.commands.orders import MoveOrder
from core.commands.pickups import (
    CollectOrder,
    HandOverWithoutCode,
    NewPickupCode,
    ReadyForPickup,
    RemindPickups,
    ReturnToShelf,
)
from core.commands.routing import ActivateRules, PutRules, Sure
from core.commands.scans import ScanForCases
from core.commands.setup import ChangeLocation, SetPolicy
from core.commands.shipping import FulfilledLine, RecordFulfillment
from core.commands.tracking import DeliverParcel
from core.db import tables as t
from core.db.rows import from_json
from core.domain.access import Role, system
from core.domain.cases import CaseKind
from core.domain.holds import HoldReason
from core.domain.order import Address
from core.domain.pickup import code_of
from core.engine import Caller
from core.queries.order_view import OrderView
from core.queries.orders import ShowOrder
from core.queries.pickups import ListDeliveries, ListPickups
from core.queries.why import WhyRouted
from tests.shop import BER, CHANNEL, HAM, SHOP, SHOPIFY, Shop, make_shop, staff

KEYS = ("a-key-for-tests-only-a-key-for-tests-only",)
OWNER = staff(Role.OWNER, "Olga")
LEA = staff(Role.STORE, "Lea", locations=("HAM",))
CLOCK = Caller(system(SHOP, "clock"), "clock")


@pytest.fixture
def shop(database: str) -> Iterator[Shop]:
    made = make_shop(database)
    made.engine.keys = KEYS
    yield made
    made.close()


def show(shop: Shop, number: str = "1001") -> OrderView:
    found: OrderView = shop.ask(ShowOrder(number))
    return found


def code(shop: Shop, issue: int = 1) -> str:
    (order,) = shop.rows(t.orders, number="1001")
    return code_of(KEYS, SHOP, order["id"], issue)


def level(shop: Shop, place: int) -> tuple[int, int]:
    (row,) = shop.rows(t.stock_level, sku="mug-red", location_id=place)
    return row["on_hand"], row["reserved"]


def lies_ready(shop: Shop, **more: Any) -> None:
    shop.place(1001, ("mug-red", 2), **{"pickup_at": "ham", **more})
    for step in (PickWork("1001"), ReadyForPickup("1001")):
        receipt = shop.do(step, LEA)
        assert receipt.ok, receipt


def facts(shop: Shop, kind: str) -> list[dict[str, Any]]:
    return [from_json(row["data"]) for row in shop.rows(t.event, kind=kind)]


# --- collected ------------------------------------------------------------------------------------


def test_an_order_is_collected_with_its_code_and_only_with_it(shop: Shop) -> None:
    """Routed to the chosen store although another is nearer; nothing of it can be sent."""
    lies_ready(shop)
    view = show(shop)
    assert ([work.location for work in view.works], view.actions[0]) == (["HAM"], "collected")
    assert [row["until"] for row in shop.rows(t.pickup)] == ["2026-11-30"]
    refused = [shop.do(ShipWork("1001"), LEA), shop.do(ReadyForPickup("1001"), LEA)]
    refused += [shop.do(MoveOrder("1001", "BER")), shop.do(CollectOrder("1001", "123"), LEA)]
    assert [r.code for r in refused] == ["is_pickup", "already", "wrong_place", "wrong_code"]
    assert "4 tries left" in refused[-1].next
    assert level(shop, HAM) == (10, 2)

    done = shop.do(CollectOrder("#1001", code(shop)), LEA)
    assert done.ok, done
    assert (level(shop, HAM), level(shop, BER)) == ((8, 0), (10, 0))
    after = show(shop)
    assert (after.fulfillment_status, after.lines[0].delivered) == ("delivered", 2)
    assert facts(shop, "PickupCollected") == [{"location": "HAM", "how": "collected", "reason": ""}]
    told = [row["kind"] for row in shop.rows(t.outbox)]
    assert "shopify.fulfillment" in told
    assert "shopify.pickup" not in told  # Shopify would write to the customer a second time
    assert shop.do(CollectOrder("1001", code(shop)), LEA).code == "already"
    kept = [row["arguments"] for row in shop.rows(t.audit, command="collect_order")]
    assert not any(code(shop) in arguments for arguments in kept)


def test_guessing_ends_and_a_lead_or_a_new_code_helps(shop: Shop) -> None:
    lies_ready(shop)
    tries = [f"{n:06d}" for n in range(5) if f"{n:06d}" != code(shop)][:4]
    spelled = ("1001", "#1001", " 1001", "1001-1")
    codes = [shop.do(CollectOrder(*pair), LEA).code for pair in zip(spelled, tries, strict=True)]
    assert codes == ["wrong_code"] * 4
    assert shop.do(CollectOrder("1001", "9"), LEA).code == "wrong_code"
    assert shop.do(CollectOrder("1001", code(shop)), LEA).code == "too_many_codes"
    assert level(shop, HAM) == (10, 2)

    shop.clock.advance(minutes=1)
    assert shop.do(NewPickupCode("1001"), LEA).ok
    assert shop.do(CollectOrder("1001", code(shop)), LEA).code == "wrong_code"
    assert shop.do(HandOverWithoutCode("1001", "passport"), LEA).code == "not_allowed"
    assert shop.do(HandOverWithoutCode("1001", " ")).code == "invalid"
    assert shop.do(HandOverWithoutCode("1001", "passport")).ok
    assert facts(shop, "PickupCollected")[0]["reason"] == "passport"
    assert level(shop, HAM) == (8, 0)


def test_a_hold_stops_ready_and_collected(shop: Shop) -> None:
    shop.place(1001, ("mug-red", 2), pickup_at="ham")
    shop.do(HoldOrder("1001", HoldReason.FRAUD))
    assert shop.do(ReadyForPickup("1001"), LEA).code == "held"
    shop.do(ReleaseOrder("1001"))
    assert shop.do(ReadyForPickup("1001"), LEA).ok
    shop.do(HoldOrder("1001", HoldReason.FRAUD))
    refused = [
        shop.do(CollectOrder("1001", code(shop)), LEA),
        shop.do(HandOverWithoutCode("1001", "x")),
    ]
    assert [r.code for r in refused] == ["held", "held"]
    assert level(shop, HAM) == (10, 2)


def test_another_stores_people_know_nothing_of_it(shop: Shop) -> None:
    lies_ready(shop)
    other = staff(Role.STORE, "Max", locations=("VIE",))
    for step in (CollectOrder("1001", code(shop)), ReturnToShelf("1001")):
        assert not shop.do(step, other).ok
    assert shop.ask(ListPickups(), other).waiting == ()
    (row,) = shop.ask(ListPickups(), LEA).waiting
    assert (row.order, row.until, row.over) == ("1001", date(2026, 11, 30), False)


def test_put_back_takes_the_pickup_away_and_its_code_with_it(shop: Shop) -> None:
    lies_ready(shop)
    assert shop.do(PutBack("1001"), LEA).ok
    assert shop.rows(t.pickup) == []
    assert shop.do(CollectOrder("1001", code(shop)), LEA).code == "not_ready"
    assert shop.do(ReadyForPickup("1001"), LEA).ok
    assert shop.do(CollectOrder("1001", code(shop)), LEA).ok


def test_what_the_shop_says_ends_the_waiting(shop: Shop) -> None:
    """Fulfilled there: collected. Canceled there: its code is worth nothing, its goods are free."""
    lies_ready(shop)
    part = (FulfilledLine("1001-1", 1),)
    told = RecordFulfillment(SHOPIFY, "gid-1001", "F-1", part, shop.clock())
    assert shop.do(told, CHANNEL).ok
    assert (show(shop).lines[0].delivered, len(shop.ask(ListPickups()).waiting)) == (1, 1)
    assert "shipped" not in [from_json(r["payload"]).get("kind") for r in shop.rows(t.outbox)]
    shop.clock.advance(minutes=5)
    gone = shop.order(1001, ("mug-red", 2), canceled_at=shop.clock(), pickup_at="ham")
    assert shop.do(gone, CHANNEL).ok
    assert shop.ask(ListPickups()).waiting == ()
    assert shop.do(CollectOrder("1001", code(shop)), LEA).code == "canceled"
    assert level(shop, HAM) == (9, 0)


def test_rules_neither_move_a_pickup_nor_forget_what_to_do_when_it_is_short(shop: Shop) -> None:
    rule = {"name": "no stores", "only": {"groups": ["warehouse"]}, "otherwise": {"do": "queue"}}
    written = shop.do(PutRules({"name": "test", "rules": [rule]}, "a test"), OWNER)
    assert written.ok, written
    assert shop.do(ActivateRules(int(written.facts["number"]), Sure.SURE), OWNER).ok
    shop.place(1001, ("mug-red", 2), pickup_at="ham")
    assert [work.location for work in show(shop).works] == ["HAM"]
    shop.place(1002, ("sock-grey", 12), pickup_at="ham")
    assert (show(shop, "1002").works, show(shop, "1002").lines[0].backordered) == ((), 12)
    why = shop.ask(WhyRouted("1001"))
    assert "collected_elsewhere" in str(why)


# --- which store ----------------------------------------------------------------------------------


def test_a_short_store_waits_and_is_never_silently_sent_from_elsewhere(shop: Shop) -> None:
    shop.place(1001, ("mug-red", 12), shipping_line="Hamburg store")
    view = show(shop)
    assert [(work.location, work.units) for work in view.works] == [("HAM", 10)]
    assert (view.method, view.lines[0].backordered) == ("pickup", 2)
    assert [case.title for case in view.cases] == [
        "Order 1001 is short of 2 × mug-red. "
        "Let it be brought: `transfer mug-red 2 from ber to ham`."
    ]


def test_a_store_that_nobody_knows_is_asked_for_and_an_edit_names_it(shop: Shop) -> None:
    shop.place(1001, ("mug-red", 1), method="pickup", pickup_at="Rome")
    view = show(shop)
    assert (view.works, [case.title for case in view.cases]) == (
        (),
        ["Nobody knows where order 1001 is collected (“Rome”)."],
    )
    refused = shop.do(EditOrder("1001", "method pickup at vie"))
    assert "HAM" in refused.next
    for step in (EditOrder("1001", "method pickup at ham"), ConfirmEdit("1001")):
        receipt = shop.do(step)
        assert receipt.ok, receipt
    view = show(shop)
    assert ([work.location for work in view.works], view.cases) == (["HAM"], ())
    for step in (EditOrder("1001", "method Standard"), ConfirmEdit("1001")):
        assert shop.do(step).ok
    assert [work.location for work in show(shop).works if work.stage == "ready"] == ["BER"]
    assert shop.do(ReadyForPickup("1001")).code == "not_pickup"


# --- not collected --------------------------------------------------------------------------------


def scan(shop: Shop) -> list[str]:
    receipt = shop.do(ScanForCases(CaseKind.PICKUP_LATE), CLOCK)
    assert receipt.ok, receipt
    return [row["state"] for row in shop.rows(t.cases, kind="pickup_not_collected")]


def test_nobody_comes(shop: Shop) -> None:
    """One reminder, then a case, then the shelf: canceled, its money owed, its goods for others."""
    lies_ready(shop)
    shop.clock.advance(days=3, minutes=1)
    assert shop.do(RemindPickups(), CLOCK).facts["reminded"] == 1
    assert shop.do(RemindPickups(), CLOCK).facts["reminded"] == 0
    assert [fact["why"] for fact in facts(shop, "PickupReminded")] == ["time"]
    assert scan(shop) == []
    shop.clock.advance(days=5)
    assert scan(shop) == ["open"]
    done = shop.do(ReturnToShelf("1001"), LEA)
    assert done.ok, done
    assert "canceled" in done.sentence
    assert (level(shop, HAM), show(shop).status) == ((10, 0), "canceled")
    assert [row["amount"] for row in shop.rows(t.refund)] == [3980]
    assert scan(shop) == ["resolved"]
    assert shop.do(CollectOrder("1001", code(shop)), LEA).code == "canceled"


def test_the_shop_may_rather_ask(shop: Shop) -> None:
    assert shop.do(SetPolicy("pickup_uncollected", "hold"), OWNER).ok
    lies_ready(shop)
    assert shop.do(ReturnToShelf("1001", "she will not come"), LEA).ok
    view = show(shop)
    assert ([hold.reason for hold in view.holds], view.works[0].stage) == (["customer"], "ready")
    assert level(shop, HAM) == (10, 2)
    assert shop.rows(t.refund) == []


# --- local delivery -------------------------------------------------------------------------------


def test_a_neighbor_is_brought_to_and_nobody_else(shop: Shop) -> None:
    shop.do(ChangeLocation("HAM", delivers_to=("10", "20"), delivery_window="16:00-20:00"), OWNER)
    shop.place(1001, ("mug-red", 1), shipping_line="Local Delivery")
    far = Address("Ada", "", "Ring 1", "", "80331", "München", "", "DE")
    shop.place(1002, ("sock-grey", 1), method="local", ship_to=far)
    assert show(shop, "1002").cases[0].title == (
        "Order 1002 waits. No location delivers to 80331 München."
    )
    assert shop.do(EditOrder("1001", "address Ring 1, 80331 München")).code == "out_of_area"
    assert shop.do(MoveOrder("1001", "BER")).code == "wrong_place"

    shop.clock.advance(days=1)
    run = shop.ask(ListDeliveries(), LEA)
    assert (run.window, [stop.order for stop in run.stops]) == ("16:00-20:00", ["1001"])
    assert shop.do(ShipWork("1001"), LEA).ok
    assert shop.ask(ListDeliveries(), LEA).stops[0].stage == "under_way"
    assert show(shop).parcels[0].carrier == "Local"
    assert shop.do(DeliverParcel("1001", to="to neighbor Schmidt"), LEA).ok
    assert show(shop).parcels[0].last_place == "neighbor Schmidt"
    assert shop.ask(ListDeliveries(), LEA).stops == ()
