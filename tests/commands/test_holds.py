"""Holds through the engine: what stops, who is asked, what is too late, and who owns the wait."""

from __future__ import annotations

import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from core.commands.cases import ResolveCase
from core.commands.fulfillment import PackWork, PickWork, PrintPicks, PutBack, ShipWork
from core.commands.holds import AnswerHold, HoldOrder, RecallParcel, ReleaseOrder
from core.commands.kits import SetKit
from core.commands.labels import LabelParcel, VoidLabel
from core.commands.orders import CancelOrder, MoveOrder
from core.commands.scans import ReleaseExpiredHolds, ScanForCases
from core.commands.setup import SetPolicy
from core.commands.shipping import FulfilledLine, RecordFulfillment
from core.commands.stock import ReceiveStock
from core.commands.undo import UndoLast
from core.db import tables as t
from core.db.blocking import facts_of
from core.db.orders import order_by_external
from core.domain.access import Role, system
from core.domain.cases import CaseKind
from core.domain.fulfillment import OPEN_STAGES
from core.domain.holds import Exit, HoldReason, Party, gate
from core.domain.order import Order
from core.domain.refusals import NotPossible
from core.engine import Caller, Receipt
from core.queries.cases import ListCases
from core.queries.finding import FindOrders
from core.queries.holds import ListBlocked
from core.queries.order_view import OrderView
from core.queries.orders import ShowOrder
from core.queries.picks import ListPicks
from tests.shop import BER, CHANNEL, SHOP, SHOPIFY, Shop, make_shop, staff

CLOCK = Caller(system(SHOP, "clock"), "clock")
WARD = staff(Role.WAREHOUSE, "Ward")
OWNER = staff(Role.OWNER, "Olga")


@pytest.fixture
def shop(database: str) -> Iterator[Shop]:
    shop = make_shop(database)
    shop.place(1001, ("mug-red", 2), ("tee-black-m", 1))
    yield shop
    shop.close()


def answers(shop: Shop, number: str = "1001") -> list[tuple[str, str]]:
    view = shop.ask(ShowOrder(number))
    return [(each.box, each.answer.value) for hold in view.holds for each in hold.answers]


def scan(shop: Shop, kind: CaseKind) -> Receipt:
    return shop.do(ScanForCases(kind), CLOCK)


def open_cases(shop: Shop, kind: CaseKind) -> list[dict[str, Any]]:
    return [row for row in shop.rows(t.cases, kind=kind.value) if row["state"] != "resolved"]


def boxes(shop: Shop) -> dict[str, str]:
    return {row["number"]: row["stage"] for row in shop.rows(t.fulfillment_order)}


def ok(receipt: Receipt) -> Receipt:
    assert receipt.ok, receipt
    return receipt


# --- before and after paper ----------------------------------------------------------------------


def test_before_it_is_printed_a_held_order_is_stopped_and_nobody_is_asked(shop: Shop) -> None:
    ok(shop.do(HoldOrder("1001", HoldReason.FRAUD)))
    assert answers(shop) == [("1001-1", "stopped")]
    assert shop.do(PrintPicks("BER")).code == "already"
    for step in (
        PickWork("1001"),
        PackWork("1001"),
        ShipWork("1001"),
        LabelParcel("1001", "DHL", "0034"),
    ):
        assert shop.do(step).code == "held"
    assert open_cases(shop, CaseKind.HOLD_ASKED) == []
    assert boxes(shop) == {"1001-1": "ready"}


def test_on_paper_the_location_is_asked_and_got_it_stops_it(shop: Shop) -> None:
    shop.do(PrintPicks("BER"))
    said = ok(shop.do(HoldOrder("1001", HoldReason.FRAUD))).sentence
    assert said == "Order 1001 is on hold for fraud. BER is asked to put 1001-1 aside."
    assert answers(shop) == [("1001-1", "asked")]
    assert shop.ask(ShowOrder("1001")).next.party == "BER"
    case = open_cases(shop, CaseKind.HOLD_ASKED)[0]
    assert case["location_id"] == BER
    assert shop.do(PickWork("1001"), WARD).code == "held"
    ok(shop.do(AnswerHold("1001"), WARD))
    assert answers(shop) == [("1001-1", "stopped")]
    assert open_cases(shop, CaseKind.HOLD_ASKED) == []
    assert shop.do(AnswerHold("1001"), WARD).code == "already"
    assert shop.do(PickWork("1001"), WARD).code == "held"
    assert shop.ask(ShowOrder("1001")).next.party == "finance"


def test_goods_put_back_are_stopped_without_a_word(shop: Shop) -> None:
    shop.do(PrintPicks("BER"))
    shop.do(PickWork("1001"))
    shop.do(HoldOrder("1001"))
    ok(shop.do(PutBack("1001")))
    assert answers(shop) == [("1001-1", "stopped")]
    assert open_cases(shop, CaseKind.HOLD_ASKED) == []


def test_only_people_who_may_touch_the_goods_say_got_it(shop: Shop) -> None:
    shop.do(PrintPicks("BER"))
    shop.do(HoldOrder("1001"))
    assert shop.do(AnswerHold("1001"), staff(Role.SUPPORT, "Mia")).code == "not_allowed"
    lea = staff(Role.STORE, "Lea", locations=("HAM",))
    assert shop.do(AnswerHold("1001"), lea).code == "not_found"
    assert shop.rows(t.hold_answer) == []


def test_resolving_the_card_is_no_answer_and_the_scan_asks_again(shop: Shop) -> None:
    shop.do(PrintPicks("BER"))
    shop.do(HoldOrder("1001"))
    number = open_cases(shop, CaseKind.HOLD_ASKED)[0]["number"]
    ok(shop.do(ResolveCase(number)))
    assert answers(shop) == [("1001-1", "asked")]
    scan(shop, CaseKind.HOLD_ASKED)
    assert len(open_cases(shop, CaseKind.HOLD_ASKED)) == 1


def test_a_release_ends_the_asking(shop: Shop) -> None:
    shop.do(PrintPicks("BER"))
    shop.do(HoldOrder("1001"))
    ok(shop.do(ReleaseOrder("1001")))
    assert open_cases(shop, CaseKind.HOLD_ASKED) == []
    ok(shop.do(PickWork("1001")))


# --- scopes --------------------------------------------------------------------------------------


def test_a_held_line_stays_and_the_rest_of_its_box_leaves(shop: Shop) -> None:
    ok(shop.do(HoldOrder("1001", HoldReason.STOCK, line="mug-red")))
    queue = shop.ask(ListPicks("BER"))
    (pick,) = queue.picks
    assert [item.sku for item in pick.items] == ["tee-black-m"]
    assert [item.sku for item in pick.stays] == ["mug-red"]
    ok(shop.do(PrintPicks("BER")))
    assert boxes(shop) == {"1001-1": "printed", "1001-2": "ready"}
    ok(shop.do(ShipWork("1001")))
    assert boxes(shop) == {"1001-1": "shipped", "1001-2": "ready"}
    shipped = {line.sku: line.shipped for line in shop.ask(ShowOrder("1001")).lines}
    assert shipped == {"mug-red": 0, "tee-black-m": 1}
    assert shop.do(ShipWork("1001")).code == "held"
    ok(shop.do(ReleaseOrder("1001", line="mug-red")))
    ok(shop.do(ShipWork("1001")))
    assert shop.ask(ShowOrder("1001")).fulfillment_status == "shipped"


def test_a_line_held_on_paper_is_taken_out_before_the_rest_goes_on(shop: Shop) -> None:
    shop.do(PackWork("1001"))
    shop.do(HoldOrder("1001", HoldReason.STOCK, line="mug-red"))
    assert shop.do(ShipWork("1001")).code == "held"
    ok(shop.do(AnswerHold("1001")))
    ok(shop.do(ShipWork("1001")))
    lines = {line.sku: (line.shipped, line.allocated) for line in shop.ask(ShowOrder("1001")).lines}
    assert lines == {"mug-red": (0, 2), "tee-black-m": (1, 0)}


def test_a_label_for_all_of_a_box_waits_until_it_is_voided(shop: Shop) -> None:
    shop.do(PackWork("1001"))
    ok(shop.do(LabelParcel("1001", "DHL", "00340434161094000001")))
    shop.do(HoldOrder("1001", line="mug-red"))
    shop.do(AnswerHold("1001"))
    refused = shop.do(ShipWork("1001"))
    assert (refused.code, "void 1001" in refused.next) == ("held", True)
    ok(shop.do(VoidLabel("1001")))
    assert shop.ask(ShowOrder("1001")).parcels == ()
    ok(shop.do(ShipWork("1001")))
    assert shop.do(VoidLabel("1001")).code == "not_possible"


def test_the_hold_of_one_box_lets_the_other_go(shop: Shop) -> None:
    shop.place(1002, ("mug-blue", 15))  # ten at BER, five at HAM
    works = {row["number"]: row["location_id"] for row in shop.rows(t.fulfillment_order)}
    here = next(n for n, place in works.items() if n.startswith("1002") and place == BER)
    ok(shop.do(HoldOrder(here, HoldReason.CUSTOMER)))
    assert shop.do(ShipWork("1002", location="ber")).code == "held"
    ok(shop.do(ShipWork("1002", location="ham")))
    assert answers(shop, "1002") == [(here, "stopped")]
    assert shop.ask(ListPicks("BER")).held[0].number == here
    ok(shop.do(ReleaseOrder(here)))
    ok(shop.do(ShipWork("1002", location="ber")))


def test_the_hold_of_a_box_that_moves_away_holds_the_order(shop: Shop) -> None:
    shop.do(HoldOrder("1001-1", HoldReason.CUSTOMER))
    ok(shop.do(MoveOrder("1001", "ham")))
    hold = shop.ask(ShowOrder("1001")).holds[0]
    assert hold.what == ""
    assert shop.do(ShipWork("1001")).code == "held"


def test_several_holds_of_one_type_differ_by_what_they_stop(shop: Shop) -> None:
    ok(shop.do(HoldOrder("1001", HoldReason.STOCK, line="mug-red")))
    ok(shop.do(HoldOrder("1001", HoldReason.STOCK, line="tee-black-m")))
    assert shop.do(HoldOrder("1001", HoldReason.STOCK, line="mug-red")).code == "not_possible"
    assert shop.do(HoldOrder("1001", line="sock-grey")).code == "invalid"
    said = ok(shop.do(ReleaseOrder("1001", line="mug-red"))).sentence
    assert said == "mug-red of order 1001 is released. It stays on hold for stock."


def test_a_sku_on_two_lines_is_held_on_both(shop: Shop) -> None:
    shop.place(1002, ("mug-red", 1), ("mug-red", 2), ("sock-grey", 1))
    ok(shop.do(HoldOrder("1002", HoldReason.STOCK, line="mug-red")))
    ok(shop.do(ShipWork("1002")))
    shipped = [(line.sku, line.shipped) for line in shop.ask(ShowOrder("1002")).lines]
    assert shipped == [("mug-red", 0), ("mug-red", 0), ("sock-grey", 1)]
    ok(shop.do(ReleaseOrder("1002", line="mug-red")))
    assert shop.ask(ShowOrder("1002")).holds == ()


def test_a_held_kit_holds_its_parts(database: str) -> None:
    shop = make_shop(database, stock=0)
    for sku in ("mug-red", "sock-grey", "tee-black-m"):
        ok(shop.do(ReceiveStock(sku, "ber", 5)))
    ok(shop.do(SetKit("poster-sun", "mug-red:1 sock-grey:2"), OWNER))
    shop.place(1002, ("poster-sun", 1), ("tee-black-m", 1))
    ok(shop.do(HoldOrder("1002", line="poster-sun")))
    ok(shop.do(ShipWork("1002")))
    left = {line.sku: line.shipped for line in shop.ask(ShowOrder("1002")).lines}
    assert (left["tee-black-m"], left["poster-sun"]) == (1, 0)
    assert shop.do(ShipWork("1002")).code == "held"
    shop.close()


def test_undo_of_a_line_hold_leaves_the_work_as_it_was(shop: Shop) -> None:
    before = shop.rows(t.fulfillment_order)
    shop.do(HoldOrder("1001", line="mug-red"))
    ok(shop.do(UndoLast()))
    assert shop.rows(t.fulfillment_order) == before
    assert shop.ask(ShowOrder("1001")).holds == ()


# --- too late ------------------------------------------------------------------------------------


def test_after_hand_over_it_is_too_late_and_the_way_back_is_named(shop: Shop) -> None:
    shop.do(ShipWork("1001", "00340434161094000002", "DHL"))
    refused = shop.do(HoldOrder("1001", HoldReason.FRAUD))
    assert refused.code == "too_late"
    assert "recall 1001" in refused.next
    ok(shop.do(RecallParcel("1001", "wrong address")))
    case = open_cases(shop, CaseKind.RECALL)[0]
    assert "DHL 00340434161094000002" in case["title"]
    assert shop.ask(ShowOrder("1001")).next.owner is Party.CARRIER


def test_nothing_on_its_way_is_not_recalled(shop: Shop) -> None:
    assert shop.do(RecallParcel("1001")).code == "not_possible"
    assert open_cases(shop, CaseKind.RECALL) == []


def test_what_left_all_the_same_is_believed_and_a_case_tells_of_it(shop: Shop) -> None:
    shop.do(PrintPicks("BER"))
    shop.do(HoldOrder("1001", HoldReason.FRAUD, line="mug-red"))
    shop.clock.advance(minutes=5)
    gone = RecordFulfillment(
        SHOPIFY, "gid-1001", "f-1", (FulfilledLine("1001-1", 2),), shop.clock()
    )
    ok(shop.do(gone, CHANNEL))
    trouble = open_cases(shop, CaseKind.PARCEL_TROUBLE)
    assert [case["subject"].endswith(":held") for case in trouble] == [True]
    assert shop.ask(ShowOrder("1001")).holds == ()
    assert open_cases(shop, CaseKind.HOLD_ASKED) == []


def test_a_line_that_is_not_held_may_leave_elsewhere_without_a_case(shop: Shop) -> None:
    shop.do(HoldOrder("1001", HoldReason.FRAUD, line="mug-red"))
    gone = RecordFulfillment(
        SHOPIFY, "gid-1001", "f-1", (FulfilledLine("1001-2", 1),), shop.clock()
    )
    ok(shop.do(gone, CHANNEL))
    assert open_cases(shop, CaseKind.PARCEL_TROUBLE) == []
    assert len(shop.ask(ShowOrder("1001")).holds) == 1


# --- who releases --------------------------------------------------------------------------------


def test_above_the_shops_limit_only_the_named_roles_release(shop: Shop) -> None:
    ok(shop.do(SetPolicy("hold_release", "fraud > 5000: owner"), OWNER))
    ok(shop.do(HoldOrder("1001", HoldReason.FRAUD), staff(Role.SUPPORT, "Mia")))
    refused = shop.do(ReleaseOrder("1001"))
    assert (refused.code, "by owner" in refused.sentence) == ("not_allowed", True)
    assert shop.ask(ShowOrder("1001")).holds
    ok(shop.do(ReleaseOrder("1001"), OWNER))


def test_whoever_slipped_may_take_a_hold_back_at_once_and_later_not(shop: Shop) -> None:
    shop.do(SetPolicy("hold_release", "fraud > 5000: owner"), OWNER)
    mia = staff(Role.SUPPORT, "Mia")
    shop.do(HoldOrder("1001", HoldReason.FRAUD), mia)
    ok(shop.do(UndoLast(), mia))
    shop.do(HoldOrder("1001", HoldReason.FRAUD), mia)
    shop.clock.advance(minutes=5)
    assert shop.do(ReleaseOrder("1001"), mia).code == "not_allowed"


def test_a_policy_that_makes_no_sense_is_refused(shop: Shop) -> None:
    for key, value in (("hold_release", "fraud"), ("hold_hours", "x"), ("desk_hours", "noon")):
        assert shop.do(SetPolicy(key, value), OWNER).code in ("invalid", "bad_hours")


def test_only_what_has_ended_is_released_by_the_clock(shop: Shop) -> None:
    until = shop.clock() + timedelta(hours=1)
    shop.do(HoldOrder("1001", HoldReason.STOCK, until, line="mug-red"))
    shop.do(HoldOrder("1001", HoldReason.STOCK, line="tee-black-m"))
    shop.clock.advance(hours=1)
    ok(shop.do(ReleaseExpiredHolds(), CLOCK))
    assert [hold.what for hold in shop.ask(ShowOrder("1001")).holds] == ["tee-black-m"]
    told = shop.ask(ShowOrder("1001", timeline=True)).timeline[-1]
    assert (told.kind, told.data["note"]) == ("OrderReleased", "its time has passed")


def test_money_is_not_taken_for_an_order_that_is_doubted(shop: Shop) -> None:
    def order() -> Order:
        found = shop.engine.read(lambda session: order_by_external(session, SHOPIFY, "gid-1001"))
        assert found is not None
        return found

    shop.do(HoldOrder("1001", HoldReason.PAYMENT))
    order().require_free_of_holds(Exit.CAPTURE)
    shop.do(HoldOrder("1001", HoldReason.FRAUD))
    with pytest.raises(NotPossible, match="cannot have its money taken"):
        order().require_free_of_holds(Exit.CAPTURE)


# --- owner and clock -----------------------------------------------------------------------------


def test_a_hold_has_an_owner_and_a_clock_in_working_hours(shop: Shop) -> None:
    shop.do(SetPolicy("desk_hours", "mon-fri 09:00-17:00"), OWNER)
    shop.clock.advance(hours=6)  # Monday 15:00 UTC, 16:00 in Berlin
    shop.do(HoldOrder("1001", HoldReason.PAYMENT, owner=Party.FINANCE))
    step = shop.ask(ShowOrder("1001")).next
    assert (step.owner, step.why, step.blocked) == (Party.FINANCE, "held", True)
    # 24 working hours: one on Monday, eight on each of the next days, seven on Thursday
    assert step.until.isoformat() == "2026-11-26T15:00:00+00:00"


def test_a_hold_that_nobody_decides_goes_to_the_next_role_on_one_card(shop: Shop) -> None:
    shop.do(HoldOrder("1001", HoldReason.ADDRESS))
    shop.clock.advance(hours=4)
    scan(shop, CaseKind.OVERDUE)
    assert open_cases(shop, CaseKind.OVERDUE) == []
    shop.clock.advance(minutes=1)
    scan(shop, CaseKind.OVERDUE)
    (case,) = open_cases(shop, CaseKind.OVERDUE)
    assert '"lead"' in case["facts"]
    shop.clock.advance(hours=4)
    scan(shop, CaseKind.OVERDUE)
    (later,) = open_cases(shop, CaseKind.OVERDUE)
    assert (later["id"], '"owner"' in later["facts"]) == (case["id"], True)
    assert shop.ask(ShowOrder("1001")).next.escalated == "owner"
    shop.do(ReleaseOrder("1001"))
    scan(shop, CaseKind.OVERDUE)
    assert open_cases(shop, CaseKind.OVERDUE) == []


def test_an_ask_that_nobody_answers_is_escalated_in_the_locations_hours(shop: Shop) -> None:
    shop.do(PrintPicks("BER"))
    shop.clock.advance(hours=7, minutes=50)  # 17:50 in Berlin, where they go home at 18:00
    shop.do(HoldOrder("1001"))
    assert shop.ask(ShowOrder("1001")).next.until.isoformat() == "2026-11-24T07:20:00+00:00"
    shop.clock.advance(hours=14)
    scan(shop, CaseKind.OVERDUE)
    assert open_cases(shop, CaseKind.OVERDUE) == []
    shop.clock.advance(minutes=31)
    scan(shop, CaseKind.OVERDUE)
    (case,) = open_cases(shop, CaseKind.OVERDUE)
    assert "BER" in case["title"]


def test_whom_blocked_orders_wait_for_is_listed_the_most_urgent_first(shop: Shop) -> None:
    shop.place(1002, ("poster-sun", 25))  # five more than there are
    shop.place(1003, ("sock-grey", 1))
    shop.do(HoldOrder("1001", HoldReason.ADDRESS))
    page = shop.ask(ListBlocked())
    assert [(each.number, each.next.why) for each in page.orders] == [
        ("1001", "held"),
        ("1002", "short"),
    ]
    assert shop.ask(ListBlocked(Party.CUSTOMER)).orders == ()
    briefs = {brief.number: brief.next for brief in shop.ask(FindOrders()).orders}
    assert (briefs["1001"].party, briefs["1003"].blocked) == ("Ann", False)
    assert shop.ask(ListCases()).total == 1


def test_a_canceled_order_waits_for_nobody(shop: Shop) -> None:
    shop.do(HoldOrder("1001"))
    ok(shop.do(CancelOrder("1001", "changed mind")))
    assert shop.ask(ShowOrder("1001")).next is None
    assert shop.ask(ListBlocked()).total == 0


# --- interleavings -------------------------------------------------------------------------------

STEPS: list[Any] = [
    HoldOrder("1001", HoldReason.FRAUD),
    HoldOrder("1001", HoldReason.STOCK, line="mug-red"),
    HoldOrder("1001-1", HoldReason.CUSTOMER),
    PrintPicks("BER"),
    PickWork("1001"),
    PackWork("1001"),
    LabelParcel("1001", "DHL", "00340434161094000003"),
    ShipWork("1001"),
    AnswerHold("1001"),
    ReleaseOrder("1001"),
    ReleaseOrder("1001", HoldReason.STOCK),
    PutBack("1001"),
    VoidLabel("1001"),
]


def test_whatever_people_do_in_whatever_order_nothing_leaves_that_was_stopped(
    shop: Shop, rng: random.Random
) -> None:
    for _ in range(60):
        shop.clock.advance(seconds=1)
        before = shop.ask(ShowOrder("1001"))
        stopped = {
            hold.what
            for hold in before.holds
            for each in hold.answers
            if each.answer.value == "stopped"
        }
        shop.do(rng.choice(STEPS))
        now = shop.ask(ShowOrder("1001"))
        if stopped - {"1001-1"}:
            assert _mugs_sent(now) == _mugs_sent(before)
        if "1001-1" in stopped:  # a hold of this box stops no other
            assert _has_left(now, "1001-1") == _has_left(before, "1001-1")
        _assert_lists_know_the_gate(shop)
        if before.status == "closed":
            break


def _mugs_sent(view: OrderView) -> int:
    return next(line.shipped for line in view.lines if line.sku == "mug-red")


def _has_left(view: OrderView, box: str) -> bool:
    return any(work.number == box and work.stage == "shipped" for work in view.works)


def _assert_lists_know_the_gate(shop: Shop) -> None:
    """The gate in SQL, by which queues are listed, and the gate in the domain: one result."""
    (order,) = shop.rows(t.orders, number="1001")
    facts = shop.engine.read(lambda session: facts_of(session, [order["id"]]))[order["id"]]
    waiting = [each for each in facts.boxes if each.box.stage in OPEN_STAGES]
    held = {b.number for b in waiting if gate(facts.holds, Exit.PICK, b.box).stopped_by}
    queue = shop.ask(ListPicks("BER"))
    assert {pick.number for pick in queue.held} == held
    assert {pick.number for pick in queue.picks} == {each.number for each in waiting} - held


def test_a_hold_and_a_hand_over_at_once_never_both_succeed(postgresql_database: str) -> None:
    """Two writers: whoever is second hears how things stand."""
    shop = make_shop(postgresql_database, stock=50)
    with ThreadPoolExecutor(2) as pool:
        for number in range(2001, 2021):
            shop.place(number, ("mug-red", 1))
            order = str(number)
            held = pool.submit(shop.do, HoldOrder(order, HoldReason.FRAUD))
            gone = pool.submit(shop.do, ShipWork(order))
            said = {held.result().code or "done", gone.result().code or "done"}
            assert said in ({"done", "held"}, {"done", "too_late"}), said
    shop.close()
