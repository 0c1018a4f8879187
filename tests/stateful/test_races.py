"""Many at once: exactly one effect, a refusal for the others, and books that agree afterwards."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace

import pytest

from core.commands.cases import ResolveCase, TakeCase
from core.commands.counts import SetStock
from core.commands.deliveries import LinkParcel
from core.commands.fulfillment import PickWork, PrintPicks, ShipWork
from core.commands.holds import HoldOrder
from core.commands.orders import CancelOrder, MoveOrder, NoteOrder
from core.commands.outside import RecordChannelRefund
from core.commands.receiving import ReceiveReturn
from core.commands.refunds import RecordRefund
from core.commands.return_decisions import ApproveReturn, RejectReturn
from core.commands.returns import RequestReturn
from core.commands.shipping import FulfilledLine, RecordFulfillment
from core.commands.stock import AdjustStock, ReceiveStock, SetSafety
from core.commands.tracking import DeliverParcel, RecordTracking
from core.commands.undo import UndoLast
from core.db import tables as t
from core.db.connection import Database
from core.db.ids import Ids
from core.db.inbox import Delivery
from core.domain.tracking import event
from core.domain.tracking_codes import read
from core.engine import Engine
from tests.shop import BER, CHANNEL, SHOPIFY, SKUS, staff
from tests.stateful.crowd import MANY, Crowd, Tally, done


@pytest.fixture(scope="module")
def tally(request: pytest.FixtureRequest) -> Iterator[Tally]:
    found = Tally()
    yield found
    capture = request.config.pluginmanager.get_plugin("capturemanager")
    assert capture is not None
    with capture.global_and_fixture_disabled():
        sys.stdout.write(f"\nraces of {found.commands} commands: {found}\n")


@pytest.fixture
def crowd(database: str, tally: Tally) -> Iterator[Crowd]:
    made = Crowd(database, tally)
    yield made
    made.close()
    assert (tally.oversold, tally.undersold, tally.drift, tally.deadlocks) == (0, 0, 0, 0)


def delivered(name: str, topic: str = "orders/create"):
    return replace(CHANNEL, delivery=Delivery(SHOPIFY, topic, name, b"{}", f"event-{name}"))


def arrived(crowd: Crowd, number: int, *lines: tuple[str, int]) -> None:
    assert crowd.shop.place(number, *lines).ok
    assert crowd.shop.do(ShipWork(str(number), f"T{number}00", "DHL")).ok
    assert crowd.shop.do(DeliverParcel(str(number))).ok


# --- stock ---------------------------------------------------------------------------------------


def test_the_last_units_of_two_skus_are_promised_once(crowd: Crowd) -> None:
    """Every order wants two units of one SKU, on two lines, and one of another."""
    wanted = [
        crowd.shop.order(n, ("mug-red", 1), ("tee-black-m", 1), ("mug-red", 1), email=f"{n}@x.de")
        for n in range(24)
    ]
    assert done(crowd.rush(wanted, CHANNEL)) == 24
    for sku, demand in (("mug-red", 48), ("tee-black-m", 24)):
        promised = sum(r["quantity"] for r in crowd.shop.rows(t.reservation, sku=sku))
        crowd.tally.oversold += max(0, promised - min(20, demand))
        crowd.tally.undersold += max(0, min(20, demand) - promised)
    assert crowd.shop.rows(t.order_line, sku="mug-red")


def test_a_count_that_somebody_else_changed_is_refused(crowd: Crowd) -> None:
    wishes = [SetStock("mug-red", "BER", 20 + n, 10) for n in range(MANY)]
    receipts = crowd.rush(wishes)
    assert done(receipts) == 1
    (won,) = [wish for wish, receipt in zip(wishes, receipts, strict=True) if receipt.ok]
    assert crowd.shop.rows(t.stock_level, sku="mug-red", location_id=BER)[0]["on_hand"] == (
        won.on_hand
    )


def test_the_first_count_of_a_place_is_made_once(crowd: Crowd) -> None:
    receipts = crowd.rush(SetStock("mug-red", "VIE", 1 + n, 0) for n in range(MANY))
    assert done(receipts) == 1


def test_safety_stock_ends_at_a_figure_that_somebody_wrote(crowd: Crowd) -> None:
    assert done(crowd.rush(SetSafety("mug-red", "BER", 1 + n % 4) for n in range(MANY))) >= 1
    assert crowd.shop.rows(t.stock_level, sku="mug-red", location_id=BER)[0]["safety"] in range(5)


def test_only_as_many_break_as_there_are(crowd: Crowd) -> None:
    assert done(crowd.rush([AdjustStock("mug-red", "BER", -1, "broken")] * MANY)) == 10


def test_a_step_is_taken_back_once(crowd: Crowd) -> None:
    assert crowd.shop.do(AdjustStock("mug-red", "BER", 5, "found")).ok
    assert done(crowd.rush([UndoLast()] * MANY)) == 1
    assert crowd.on_hand("mug-red") == 20


def test_arrivals_and_cancellations_meet_over_a_queue(crowd: Crowd) -> None:
    """Goods arrive for those who wait, while some of them, and some who have, cancel."""
    for number in range(24):
        assert crowd.shop.place(number, ("mug-red", 2), ("mug-blue", 1 + number % 2)).ok
    cancels = [CancelOrder(str(number)) for number in range(4, 24, 3)]
    arrivals = [ReceiveStock(sku, "BER", 1) for sku in SKUS[:2] for _ in range(8)]
    mixed = [x for pair in zip(arrivals, cancels * 3, strict=False) for x in pair]
    receipts = crowd.rush(mixed)
    assert done(receipts) == len(arrivals) + len(cancels)
    waiting = sum(row["backordered"] for row in crowd.shop.rows(t.order_line))
    for sku in SKUS[:2]:
        levels = crowd.shop.rows(t.stock_level, sku=sku)
        free = sum(row["on_hand"] - row["reserved"] for row in levels)
        lines = crowd.shop.rows(t.order_line, sku=sku)
        short = sum(row["backordered"] for row in lines)
        crowd.tally.undersold += min(free, short)
    assert waiting > 0


# --- the same thing from everywhere --------------------------------------------------------------


def test_one_delivery_that_comes_in_everywhere_is_done_once(crowd: Crowd) -> None:
    order = crowd.shop.order(1001, ("mug-red", 2))
    receipts = crowd.rush([order] * MANY, delivered("d1"))
    assert done(receipts) == 1
    assert len({receipt.command_id for receipt in receipts}) == 1
    assert len(crowd.shop.rows(t.orders)) == len(crowd.shop.rows(t.inbox)) == 1


def test_one_order_under_many_delivery_numbers_exists_once(crowd: Crowd) -> None:
    order = crowd.shop.order(1001, ("mug-red", 2))
    assert done(crowd.rush([order] * MANY, [delivered(f"d{n}") for n in range(MANY)])) == MANY
    assert len(crowd.shop.rows(t.orders)) == len(crowd.shop.rows(t.customer)) == 1
    assert crowd.order("1001")["version"] == 1


def test_orders_of_one_new_customer_find_one_customer(crowd: Crowd) -> None:
    orders = [crowd.shop.order(n, ("sock-grey", 1), phone=f"+49{n}") for n in range(MANY)]
    assert done(crowd.rush(orders, CHANNEL)) == MANY
    assert len(crowd.shop.rows(t.customer)) == 1


def test_a_key_that_is_used_everywhere_acts_once(crowd: Crowd) -> None:
    assert crowd.shop.place(1001, ("mug-red", 1)).ok
    receipts = crowd.rush([NoteOrder("1001", "ring twice")] * MANY, replace(staff(), key="k1"))
    assert done(receipts) == 1
    assert crowd.order("1001")["version"] == 2


def test_a_kept_delivery_is_tried_by_one_worker(crowd: Crowd) -> None:
    refund = RecordChannelRefund(
        SHOPIFY, "gid-1001", "r1", 1990, "EUR", crowd.shop.clock(), (("1001-1", 1),)
    )
    first = delivered("d1", "refunds/create")
    assert crowd.shop.do(refund, first).outcome == "deferred"
    (row,) = crowd.shop.rows(t.inbox)
    again = replace(first.delivery, inbox_id=row["id"], attempts=1)
    receipts = crowd.rush([refund] * MANY, replace(first, delivery=again))
    assert [r.outcome for r in receipts] == ["deferred"] * MANY
    assert crowd.shop.rows(t.inbox)[0]["attempts"] == 2


# --- two hands on one order ----------------------------------------------------------------------


def test_an_order_is_canceled_or_shipped_and_never_both(crowd: Crowd) -> None:
    for number in range(8):
        assert crowd.shop.place(number, ("mug-red", 1), ("sock-grey", 1)).ok
    wishes = [kind(str(number)) for number in range(8) for kind in (CancelOrder, ShipWork)]
    assert done(crowd.rush(wishes)) == 8
    for row in crowd.shop.rows(t.orders):
        assert (row["status"], row["fulfillment_status"]) in (
            ("canceled", "not_needed"),
            ("closed", "shipped"),
        )


def test_a_hold_stops_a_pick_or_comes_after_it(crowd: Crowd) -> None:
    for number in range(4):
        assert crowd.shop.place(number, ("mug-red", 1)).ok
        wishes = [HoldOrder(str(number)), PickWork(str(number))] * 8
        receipts = crowd.rush(wishes)
        assert done(receipts[::2]) == 1
        assert done(receipts[1::2]) <= 1
        assert {r.code for r in receipts[1::2]} <= {"", "held", "already"}


def test_work_is_picked_once_wherever_it_was_moved(crowd: Crowd) -> None:
    for number in range(4):
        assert crowd.shop.place(number, ("mug-red", 1)).ok
        receipts = crowd.rush([MoveOrder(str(number), "HAM"), PickWork(str(number))] * 8)
        assert done(receipts[::2]) <= 1
        assert done(receipts[1::2]) == 1
        order_id = crowd.order(str(number))["id"]
        works = crowd.shop.rows(t.fulfillment_order, order_id=order_id)
        assert sorted(w["stage"] for w in works if w["stage"] != "canceled") == ["picked"]


def test_paper_is_printed_once(crowd: Crowd) -> None:
    for number in range(5):
        assert crowd.shop.place(number, ("mug-red", 1)).ok
    receipts = crowd.rush([PrintPicks("BER")] * MANY)
    assert sum(len(r.facts["works"]) for r in receipts if r.ok) == 5
    assert len(crowd.shop.rows(t.event, kind="WorkPrinted")) == 5


def test_a_parcel_leaves_once_whoever_says_so(crowd: Crowd) -> None:
    """Staff, the shop and the carrier tell of the same two mugs."""
    assert crowd.shop.place(1001, ("mug-red", 2)).ok
    told = RecordFulfillment(
        SHOPIFY,
        "gid-1001",
        "f1",
        (FulfilledLine("1001-1", 2),),
        crowd.shop.clock(),
        tracking_number="T100100",
        carrier="DHL",
    )
    receipts = crowd.rush(
        [told, ShipWork("1001", "T100100", "DHL")] * 8,
        [caller for n in range(8) for caller in (delivered(f"f{n}", "fulfillments"), staff())],
    )
    assert done(receipts[::2]) == 8
    assert done(receipts[1::2]) <= 1
    assert crowd.shop.rows(t.order_line)[0]["shipped"] == 2
    assert crowd.on_hand("mug-red") == 18
    left = [p for p in crowd.shop.rows(t.parcel) if p["handed_over_at"]]
    assert len(left) == 1


def test_a_link_to_the_shop_forgets_no_scan(crowd: Crowd) -> None:
    for number in range(4):
        assert crowd.shop.place(number, ("mug-red", 1)).ok
        tracking = f"T{number}000"
        shipped = crowd.shop.do(ShipWork(str(number), tracking, "DHL"))
        at = crowd.shop.clock()
        scan = RecordTracking(tracking, (event(read("17track", "InTransit"), at, "InTransit"),))
        link = LinkParcel(int(shipped.facts["parcel_id"]), f"f{number}")
        assert done(crowd.rush([scan, link], CHANNEL)) == 2
        (parcel,) = crowd.shop.rows(t.parcel, tracking_number=tracking)
        assert (parcel["status"], parcel["external_id"]) == ("InTransit", f"f{number}")


# --- returns, money, cases -----------------------------------------------------------------------


def test_a_return_is_decided_once(crowd: Crowd) -> None:
    arrived(crowd, 1001, ("mug-red", 8))
    assert crowd.shop.do(RequestReturn("1001")).facts["status"] == "requested"
    wishes = [ApproveReturn("R1001-1"), RejectReturn("R1001-1", "worn")] * 8
    assert done(crowd.rush(wishes)) == 1


def test_returned_units_are_asked_back_once(crowd: Crowd) -> None:
    arrived(crowd, 1001, ("mug-red", 4))
    assert done(crowd.rush([RequestReturn("1001", "mug-red", 1)] * MANY)) == 4
    assert crowd.shop.rows(t.order_line)[0]["return_requested"] == 4


def test_returned_units_are_counted_in_once(crowd: Crowd) -> None:
    """Sixteen scanners count one unit each of a parcel with four."""
    arrived(crowd, 1001, ("mug-red", 4))
    assert crowd.shop.do(RequestReturn("1001")).ok
    assert done(crowd.rush([ReceiveReturn("R1001-1", "BER", "mug-red", 1)] * MANY)) == 4
    assert crowd.on_hand("mug-red") == 20
    assert crowd.shop.rows(t.rma_line)[0]["received"] == 4
    assert sum(r["amount"] for r in crowd.shop.rows(t.refund)) == 4 * 1990


def test_a_refund_is_recorded_once_by_people_and_by_the_shop(crowd: Crowd) -> None:
    arrived(crowd, 1001, ("mug-red", 2))
    assert crowd.shop.do(RequestReturn("1001")).ok
    assert crowd.shop.do(ReceiveReturn("R1001-1", "BER")).ok
    told = RecordChannelRefund(
        SHOPIFY, "gid-1001", "r1", 3980, "EUR", crowd.shop.clock(), (("1001-1", 2),)
    )
    receipts = crowd.rush(
        [told, RecordRefund("R1001-1", "re_7")] * 8,
        [caller for n in range(8) for caller in (delivered(f"r{n}", "refunds"), staff())],
    )
    assert done(receipts[::2]) == 8
    assert done(receipts[1::2]) <= 1
    assert crowd.order("1001")["refunded"] == 3980
    assert len(crowd.shop.rows(t.refund)) == 1


def test_a_case_is_taken_once_and_resolved_once(crowd: Crowd) -> None:
    assert crowd.shop.place(1001, ("ghost", 1)).ok
    assert done(crowd.rush([TakeCase(1)] * MANY)) == 1
    assert done(crowd.rush([ResolveCase(1, "called")] * MANY)) == 1


def test_cases_and_their_orders_wait_for_each_other_in_one_order(crowd: Crowd) -> None:
    """People take the cases of orders that are being canceled, which closes those cases."""
    for number in range(8):
        assert crowd.shop.place(number, ("mug-red", 1), ("ghost", 1)).ok
    wishes = [x for n in range(8) for x in (TakeCase(n + 1), CancelOrder(str(n)))]
    receipts = crowd.rush(wishes)
    assert done(receipts[1::2]) == 8
    others = [row for row in crowd.shop.rows(t.cases) if row["kind"] != "refund_task"]
    assert {row["state"] for row in others} == {"resolved"}


# --- processes -----------------------------------------------------------------------------------


def test_two_processes_that_make_the_same_ids_both_get_through(
    postgresql_database: str, tally: Tally
) -> None:
    crowd = Crowd(postgresql_database, tally)
    twins = [Engine(Database(crowd.url), crowd.shop.clock) for _ in range(2)]
    for n, twin in enumerate(twins):
        twin.ids = Ids(crowd.shop.clock, node=7)
        crowd.engines[n] = twin
    for number in range(6):
        orders = [crowd.shop.order(2 * number + n, ("sock-grey", 1)) for n in range(2)]
        callers = [delivered(f"d{number}-{n}") for n in range(2)]
        assert done(crowd.rush(orders, callers)) == 2
    assert len(crowd.shop.rows(t.orders)) == 12
    crowd.close()
