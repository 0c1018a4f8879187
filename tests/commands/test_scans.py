"""Scans: what is stuck, late, silent, owed or given up becomes a case, and closes by itself."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.commands.access import ReplayDelivery
from core.commands.cases import ResolveCase, SnoozeCase
from core.commands.fulfillment import PickWork, PrintPicks, ShipWork
from core.commands.holds import HoldOrder, ReleaseOrder
from core.commands.orders import CancelOrder
from core.commands.receiving import ReceiveReturn
from core.commands.refunds import RecordRefund
from core.commands.returns import RequestReturn
from core.commands.scans import ReleaseExpiredHolds, ScanForCases, WakeCases
from core.commands.tracking import DeliverParcel
from core.db import inbox, outbox
from core.db import tables as t
from core.db.inbox import ATTEMPTS_MAX, Delivery
from core.db.rows import micros
from core.domain.access import Role
from core.domain.cases import CaseKind
from core.domain.effects import dead
from core.domain.holds import HoldReason
from core.engine import Caller, Unreadable
from core.queries.cases import ListCases, ShowCase
from core.queries.orders import ShowOrder
from tests.shop import BER, CHANNEL, HAM, SHOPIFY, SKUS, Shop, make_shop, staff


@pytest.fixture
def shop(database):
    shop = make_shop(database)
    yield shop
    shop.close()


def scan(shop: Shop, kind: CaseKind, run: str = "") -> dict:
    receipt = shop.do(ScanForCases(kind, run), CHANNEL)
    assert receipt.ok, receipt
    return dict(receipt.facts)


def opened(shop: Shop, kind: CaseKind) -> int:
    return scan(shop, kind)["opened"]


def open_cases(shop: Shop, kind: CaseKind) -> list[dict]:
    return [c for c in shop.rows(t.cases, kind=kind.value) if c["state"] != "resolved"]


def from_hamburg(shop: Shop, number: int) -> None:
    """An order that ships from HAM, which is always open: BER has not enough of it."""
    if number == 1001:
        shop.place(999, ("sock-grey", 10))
    shop.place(number, ("sock-grey", 1), email=f"c{number}@example.org")


# --- stuck ---------------------------------------------------------------------------------------


def test_exactly_eight_hours_is_not_stuck_and_a_moment_later_is(shop):
    from_hamburg(shop, 1001)
    shop.clock.advance(hours=8)
    assert opened(shop, CaseKind.STUCK) == 0
    shop.clock.advance(microseconds=1)
    assert opened(shop, CaseKind.STUCK) == 1
    (case,) = open_cases(shop, CaseKind.STUCK)
    assert case["title"] == "Order 1001 has waited at HAM for more than 8 open hours."
    assert (case["location_id"], case["party"]) == (HAM, "location")


def test_one_order_has_one_card_however_often_we_look(shop):
    from_hamburg(shop, 1001)
    shop.clock.advance(hours=9)
    assert opened(shop, CaseKind.STUCK) == 1
    shop.clock.advance(minutes=5)
    assert scan(shop, CaseKind.STUCK) == {"kind": "stuck", "opened": 0, "closed": 0, "more": False}
    assert len(shop.rows(t.cases)) == 1


def test_the_night_does_not_count_where_there_are_opening_hours(shop):
    """BER opens 8 to 18 in Berlin; the order came Monday at 10."""
    shop.place(1001, ("mug-red", 1))
    shop.clock.advance(hours=8)  # Monday 18:00: closing time, exactly eight hours
    assert opened(shop, CaseKind.STUCK) == 0
    shop.clock.advance(hours=14)  # Tuesday 8:00: the doors open
    assert opened(shop, CaseKind.STUCK) == 0
    shop.clock.advance(minutes=1)
    assert opened(shop, CaseKind.STUCK) == 1


def test_paper_alone_is_no_progress_but_picking_is(shop):
    from_hamburg(shop, 1001)
    shop.do(PrintPicks("ham"))
    shop.clock.advance(hours=9)
    assert opened(shop, CaseKind.STUCK) == 1
    shop.do(PickWork("1001"))
    assert scan(shop, CaseKind.STUCK)["closed"] == 1
    (case,) = shop.rows(t.cases)
    assert (case["state"], case["resolution"]) == ("resolved", "the cause is gone")


@pytest.mark.parametrize("act", [CancelOrder("1001"), HoldOrder("1001"), ShipWork("1001")])
def test_the_card_closes_when_the_order_is_no_longer_waiting(shop, act):
    from_hamburg(shop, 1001)
    shop.clock.advance(hours=9)
    opened(shop, CaseKind.STUCK)
    assert shop.do(act).ok
    scan(shop, CaseKind.STUCK)
    assert open_cases(shop, CaseKind.STUCK) == []


def test_held_orders_do_not_count(shop):
    from_hamburg(shop, 1001)
    shop.do(HoldOrder("1001", HoldReason.ADDRESS))
    shop.clock.advance(hours=20)
    assert opened(shop, CaseKind.STUCK) == 0


def test_the_time_under_a_hold_is_not_the_locations_fault(shop):
    """Three hours of work, five on hold (twice at once), five more of work: eight in all."""
    from_hamburg(shop, 1001)
    shop.clock.advance(hours=3)
    shop.do(HoldOrder("1001", HoldReason.ADDRESS))
    shop.clock.advance(hours=2)
    shop.do(HoldOrder("1001", HoldReason.FRAUD))
    shop.clock.advance(hours=3)
    shop.do(ReleaseOrder("1001"))
    shop.clock.advance(hours=5)
    assert opened(shop, CaseKind.STUCK) == 0
    shop.clock.advance(seconds=1)
    assert opened(shop, CaseKind.STUCK) == 1


# --- past cut-off --------------------------------------------------------------------------------


def test_an_order_in_time_for_the_cut_off_should_leave_by_it(shop):
    """BER's cut-off is 14:00 in Berlin; the order came at 10."""
    shop.place(1001, ("mug-red", 1))
    shop.clock.advance(hours=4)
    assert opened(shop, CaseKind.PAST_CUTOFF) == 0
    shop.clock.advance(seconds=1)
    assert opened(shop, CaseKind.PAST_CUTOFF) == 1
    shop.do(ShipWork("1001"))
    scan(shop, CaseKind.PAST_CUTOFF)
    assert open_cases(shop, CaseKind.PAST_CUTOFF) == []


def test_an_order_after_the_cut_off_has_until_the_next_one(shop):
    shop.clock.advance(hours=5)
    shop.place(1001, ("mug-red", 1))
    shop.clock.advance(hours=23)
    assert opened(shop, CaseKind.PAST_CUTOFF) == 0
    shop.clock.advance(hours=1)
    assert opened(shop, CaseKind.PAST_CUTOFF) == 1


def test_a_place_without_a_cut_off_misses_none(shop):
    from_hamburg(shop, 1001)
    shop.do(ShipWork("999"))
    shop.clock.advance(days=3)
    assert opened(shop, CaseKind.PAST_CUTOFF) == 0


# --- parcels and refunds -------------------------------------------------------------------------


def test_a_silent_parcel_is_asked_about_until_it_arrives(shop):
    shop.place(1001, ("mug-red", 1))
    shop.do(ShipWork("1001", "0034043416", "DHL"))
    shop.clock.advance(hours=72)
    assert opened(shop, CaseKind.TRACKING_STALE) == 0
    shop.clock.advance(seconds=1)
    assert opened(shop, CaseKind.TRACKING_STALE) == 1
    shop.do(DeliverParcel("1001"))
    assert scan(shop, CaseKind.TRACKING_STALE)["closed"] == 1


def test_a_parcel_without_a_number_cannot_give_a_sign(shop):
    shop.place(1001, ("mug-red", 1))
    shop.do(ShipWork("1001"))
    shop.clock.advance(days=9)
    assert opened(shop, CaseKind.TRACKING_STALE) == 0


def test_a_refund_that_nobody_pays_becomes_a_case_of_its_own(shop):
    shop.place(1001, ("mug-red", 1))
    shop.do(ShipWork("1001"))
    shop.do(DeliverParcel("1001"))
    shop.do(RequestReturn("1001"))
    shop.do(ReceiveReturn("R1001-1"))
    shop.clock.advance(hours=48)
    assert opened(shop, CaseKind.REFUND_OPEN) == 0
    shop.clock.advance(minutes=1)
    assert opened(shop, CaseKind.REFUND_OPEN) == 1
    shop.do(RecordRefund("R1001-1", "re_1"))
    assert open_cases(shop, CaseKind.REFUND_OPEN) == []


# --- what was given up ---------------------------------------------------------------------------


def give_up(shop: Shop, key: str = "call-1") -> None:
    """An effect that is claimed and then declared dead, as the worker does."""
    order_id = shop.rows(t.orders)[0]["id"]

    def die(uow):
        uow.outbox.add("shopify.fulfillment", key, {}, order_id=order_id)
        (claim,) = outbox.claim(uow.session, uow.now, 1)
        assert outbox.settle(uow.session, claim, dead("no such order there"), uow.now) == "dead"

    shop.engine.chore(die, 1)


def test_a_call_that_was_given_up_is_a_case_until_it_is_tried_again(shop):
    shop.place(1001, ("mug-red", 1))
    give_up(shop)
    assert opened(shop, CaseKind.DELIVERY_DEAD) == 1
    (case,) = open_cases(shop, CaseKind.DELIVERY_DEAD)
    assert case["title"] == "shopify.fulfillment for order 1001 was given up."
    (row,) = shop.rows(t.outbox)
    shop.engine.chore(lambda uow: uow.outbox.again(row["id"]), 1)
    assert scan(shop, CaseKind.DELIVERY_DEAD)["closed"] == 1


def test_what_a_person_has_settled_does_not_come_back(shop):
    shop.place(1001, ("mug-red", 1))
    give_up(shop)
    opened(shop, CaseKind.DELIVERY_DEAD)
    shop.clock.advance(minutes=1)
    assert shop.do(ResolveCase(1, "told the shop by phone")).ok
    assert opened(shop, CaseKind.DELIVERY_DEAD) == 0
    give_up(shop, "call-2")
    assert opened(shop, CaseKind.DELIVERY_DEAD) == 1


def receive_nonsense(shop: Shop, inbox_id: int | None = None) -> None:
    delivery = Delivery(SHOPIFY, "orders/create", "d-1", b"{")
    if inbox_id is not None:
        kept = shop.engine.read(lambda session: inbox.load(session, inbox_id))
        assert kept is not None
        delivery = kept[1]
    caller = Caller(CHANNEL.actor, "webhook", delivery=delivery)
    assert shop.engine.execute(Unreadable("no end of the text"), caller).outcome == "deferred"


def test_a_dead_letter_keeps_its_case_until_it_is_replayed(shop):
    receive_nonsense(shop)
    inbox_id = shop.rows(t.inbox)[0]["id"]
    for _ in range(ATTEMPTS_MAX - 1):
        receive_nonsense(shop, inbox_id)
    assert shop.rows(t.inbox)[0]["state"] == "dead"
    assert scan(shop, CaseKind.DEAD_LETTER)["opened"] == 0  # the last try has opened it
    assert len(open_cases(shop, CaseKind.DEAD_LETTER)) == 1
    assert shop.do(ReplayDelivery(inbox_id), staff(Role.OWNER)).ok
    receive_nonsense(shop, inbox_id)
    assert scan(shop, CaseKind.DEAD_LETTER)["closed"] == 1


# --- invariants ----------------------------------------------------------------------------------


def test_a_healthy_house_opens_no_case(shop):
    shop.place(1001, ("mug-red", 1))
    assert opened(shop, CaseKind.INVARIANT) == 0


def test_a_broken_truth_is_a_case_until_it_is_mended(shop):
    def add(units):
        table = t.stock_level
        here = (table.c.sku == "mug-red", table.c.location_id == BER)
        clause = table.update().where(*here).values(on_hand=table.c.on_hand + units)
        shop.engine.chore(lambda uow: uow.session.connection.execute(clause) and None, 1)

    add(+1)
    assert opened(shop, CaseKind.INVARIANT) == 1
    (case,) = open_cases(shop, CaseKind.INVARIANT)
    assert case["subject"] == "invariant:I-01"
    assert f"mug-red {BER}" in case["facts"]
    add(-1)
    assert scan(shop, CaseKind.INVARIANT)["closed"] == 1


def test_work_that_is_stuck_has_no_second_case_for_its_missed_cut_off(shop):
    shop.place(1001, ("mug-red", 1))
    shop.clock.advance(hours=5)
    assert opened(shop, CaseKind.PAST_CUTOFF) == 1
    shop.clock.advance(hours=24)
    assert opened(shop, CaseKind.STUCK) == 1
    assert scan(shop, CaseKind.PAST_CUTOFF)["closed"] == 1
    assert opened(shop, CaseKind.PAST_CUTOFF) == 0
    (first,) = shop.rows(t.cases, kind="past_cutoff")
    assert first["resolution"] == "it is stuck, which has its own case"


def test_once_it_is_picked_the_missed_cut_off_counts_again(shop):
    shop.place(1001, ("mug-red", 1))
    shop.clock.advance(hours=29)
    assert (opened(shop, CaseKind.STUCK), opened(shop, CaseKind.PAST_CUTOFF)) == (1, 0)
    shop.do(PickWork("1001"))
    assert scan(shop, CaseKind.STUCK)["closed"] == 1
    assert opened(shop, CaseKind.PAST_CUTOFF) == 1


# --- storms --------------------------------------------------------------------------------------


def stuck_in_hamburg(shop: Shop, count: int) -> None:
    for number in range(1001, 1001 + count):
        from_hamburg(shop, number)
    shop.clock.advance(hours=9)


def test_five_alike_are_five_cards(shop):
    stuck_in_hamburg(shop, 5)
    assert opened(shop, CaseKind.STUCK) == 5
    assert open_cases(shop, CaseKind.STORM) == []


def test_six_alike_are_one_card_with_a_list(shop):
    stuck_in_hamburg(shop, 6)
    assert opened(shop, CaseKind.STUCK) == 6
    page = shop.ask(ListCases())
    assert [(c.kind, c.title) for c in page.cases] == [("storm", "6 orders are stuck.")]
    assert page.cases[0].location == "HAM"
    view = shop.ask(ShowCase(page.cases[0].number))
    assert [c.order for c in view.members] == [str(n) for n in range(1001, 1007)]
    told = [row["data"] for row in shop.rows(t.event, kind="CaseOpened")]
    assert sum('"grouped":false' in data for data in told) == 1


def test_a_storm_counts_an_order_with_work_at_two_places_once(shop):
    for number, sku in enumerate(SKUS, 1001):
        shop.place(number, (sku, 11))  # ten are at BER, the eleventh comes from HAM
    shop.clock.advance(hours=48)
    assert opened(shop, CaseKind.STUCK) == 10
    (storm,) = open_cases(shop, CaseKind.STORM)
    assert storm["title"] == "5 orders are stuck."
    told = shop.ask(ShowCase(storm["number"])).facts["members"]
    assert len(told) == 5


def test_a_storm_is_over_when_its_last_case_is(shop):
    stuck_in_hamburg(shop, 6)
    opened(shop, CaseKind.STUCK)
    for number in range(1001, 1006):
        shop.do(ShipWork(str(number)))
    scan(shop, CaseKind.STUCK)
    assert len(open_cases(shop, CaseKind.STORM)) == 1
    shop.do(ShipWork("1006"))
    scan(shop, CaseKind.STUCK)
    assert open_cases(shop, CaseKind.STORM) == []


def test_resolving_a_storm_resolves_its_cases(shop):
    stuck_in_hamburg(shop, 6)
    opened(shop, CaseKind.STUCK)
    (storm,) = open_cases(shop, CaseKind.STORM)
    shop.do(ResolveCase(storm["number"], "the road was closed"))
    assert open_cases(shop, CaseKind.STUCK) == []
    assert {c["resolution"] for c in shop.rows(t.cases)} == {"Ann: the road was closed"}


def test_resolving_the_last_case_of_a_storm_ends_it(shop):
    stuck_in_hamburg(shop, 6)
    opened(shop, CaseKind.STUCK)
    for case in open_cases(shop, CaseKind.STUCK):
        shop.do(ResolveCase(case["number"]))
    assert open_cases(shop, CaseKind.STORM) == []


def test_a_great_storm_comes_in_chunks_and_stays_one_card(shop):
    stuck_in_hamburg(shop, 9)
    part = ScanForCases(CaseKind.STUCK, "slot-7", most=4)
    runs = [shop.do(part, CHANNEL).facts for _ in range(3)]
    assert [(run["opened"], run["more"]) for run in runs] == [(4, True), (4, True), (1, False)]
    (storm,) = open_cases(shop, CaseKind.STORM)
    assert {c["group_id"] for c in open_cases(shop, CaseKind.STUCK)} == {storm["id"]}


# --- who may, and what time alone changes --------------------------------------------------------


def test_people_do_not_run_scans(shop):
    from_hamburg(shop, 1001)
    shop.clock.advance(hours=9)
    assert shop.do(ScanForCases(CaseKind.STUCK), staff(Role.OWNER)).code == "not_allowed"
    assert shop.rows(t.cases) == []


def test_snoozed_cases_wake_when_their_time_has_come(shop):
    from_hamburg(shop, 1001)
    shop.clock.advance(hours=9)
    opened(shop, CaseKind.STUCK)
    shop.do(SnoozeCase(1, shop.clock() + timedelta(hours=2)))
    assert scan(shop, CaseKind.STUCK)["opened"] == 0  # asleep, but known
    assert shop.do(WakeCases(), CHANNEL).facts["woken"] == 0
    shop.clock.advance(hours=2)
    assert shop.do(WakeCases(), CHANNEL).facts["woken"] == 1
    assert shop.rows(t.cases)[0]["state"] == "open"


def test_a_hold_with_an_end_lets_go_by_itself(shop):
    shop.place(1001, ("mug-red", 1))
    end = shop.clock() + timedelta(hours=3)
    shop.do(HoldOrder("1001", HoldReason.ADDRESS, until=end))
    shop.do(HoldOrder("1001", HoldReason.FRAUD))
    shop.clock.advance(hours=2)
    assert shop.do(ReleaseExpiredHolds(), CHANNEL).facts["released"] == 0
    shop.clock.advance(hours=1)
    assert shop.do(ReleaseExpiredHolds(), CHANNEL).facts["released"] == 1
    view = shop.ask(ShowOrder("1001", timeline=True))
    assert [h.reason for h in view.holds] == [HoldReason.FRAUD]
    assert (view.timeline[-1].kind, view.timeline[-1].data["reason"]) == (
        "OrderReleased",
        "address",
    )
    assert micros(end) == next(h for h in shop.rows(t.hold) if h["reason"] == "address")["until"]
