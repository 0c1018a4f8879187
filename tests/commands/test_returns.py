"""Returns from the wish to the money: decided by policy or people, counted in, refunded once."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.commands.fulfillment import ShipWork
from core.commands.outside import RecordChannelRefund
from core.commands.receiving import CountedLine, ReceiveReturn
from core.commands.refunds import RecordRefund
from core.commands.return_decisions import ApproveReturn, CancelReturn, RejectReturn
from core.commands.returns import RequestOwnReturn, RequestReturn, ReturnedLine
from core.commands.setup import SetPolicy
from core.commands.tracking import DeliverParcel
from core.db import tables as t
from core.db.inbox import Delivery
from core.domain.access import Actor, Role
from core.domain.returns import ReturnReason
from core.engine import Caller
from core.queries.orders import ShowOrder
from core.queries.returns import ListReturns, ShowReturn
from tests.shop import BER, CHANNEL, HAM, SHOP, SHOPIFY, Shop, make_shop, staff


@pytest.fixture
def shop(database):
    """Order 1001 (three red mugs, one tee) has been delivered by BER."""
    shop = make_shop(database)
    shop.place(1001, ("mug-red", 3), ("tee-black-m", 1))
    deliver(shop, 1001)
    yield shop
    shop.close()


def deliver(shop: Shop, number: int) -> None:
    assert shop.do(ShipWork(str(number), f"T{number}", "DHL")).ok
    assert shop.do(DeliverParcel(str(number))).ok


def customer_of(shop: Shop, number: str = "1001") -> Caller:
    customer_id = shop.rows(t.orders, number=number)[0]["customer_id"]
    return Caller(
        Actor(Role.CUSTOMER, SHOP, f"customer:{customer_id}", "Anna", customer_id=customer_id),
        "chat",
    )


def line(shop: Shop, sku: str = "mug-red", order: str = "1001"):
    return next(x for x in shop.ask(ShowOrder(order)).lines if x.sku == sku)


def on_hand(shop: Shop, sku: str, location_id: int = BER) -> int:
    return shop.rows(t.stock_level, sku=sku, location_id=location_id)[0]["on_hand"]


def open_cases(shop: Shop, kind: str) -> list:
    return [c for c in shop.rows(t.cases, kind=kind) if c["state"] != "resolved"]


def events(shop: Shop) -> list[str]:
    return [row["kind"] for row in shop.rows(t.event)]


def told(shop: Shop, amount: int, refund: str = "r1", **more) -> RecordChannelRefund:
    return RecordChannelRefund(SHOPIFY, "gid-1001", refund, amount, "EUR", shop.clock(), **more)


def received(shop: Shop, sku: str = "mug-red", quantity: int = 2) -> None:
    assert shop.do(RequestReturn("1001", sku, quantity)).ok
    assert shop.do(ReceiveReturn("R1001-1")).ok


def decided_by_people(shop: Shop) -> None:
    assert shop.do(SetPolicy("return_auto_approve_below", "1000"), staff(Role.OWNER)).ok


# --- asking --------------------------------------------------------------------------------------


def test_a_return_within_the_policy_is_approved_at_once(shop):
    receipt = shop.do(RequestReturn("1001", "mug-red", 2, ReturnReason.DEFECTIVE))
    assert receipt.facts == {"return": "R1001-1", "order": "1001", "status": "approved"}
    assert line(shop).return_requested == 2
    assert shop.ask(ShowOrder("1001")).return_status == "requested"
    assert events(shop)[-2:] == ["ReturnRequested", "ReturnApproved"]


def test_without_a_sku_everything_that_was_delivered_comes_back(shop):
    shop.do(RequestReturn("1001"))
    view = shop.ask(ShowReturn("r1001-1"))
    assert [(x.sku, x.quantity) for x in view.lines] == [("mug-red", 3), ("tee-black-m", 1)]


def test_the_second_return_takes_only_what_is_left(shop):
    shop.do(RequestReturn("1001", "mug-red", 2))
    refused = shop.do(RequestReturn("1001", "mug-red", 2))
    assert refused.code == "not_possible"
    assert "1 can be returned, not 2" in refused.sentence
    assert shop.do(RequestReturn("1001", "mug-red")).facts["return"] == "R1001-2"
    assert line(shop).return_requested == 3


def test_nothing_can_be_returned_before_it_was_delivered(shop):
    shop.place(1002, ("mug-blue", 1))
    refused = shop.do(RequestReturn("1002"))
    assert refused.code == "not_possible"
    assert shop.rows(t.rma) == []
    assert "ReturnRequested" not in events(shop)


def test_a_line_that_the_order_does_not_have_is_named_with_those_it_has(shop):
    refused = shop.do(RequestReturn("1001", "poster-sun"))
    assert refused.code == "invalid"
    assert refused.next == "Its lines: mug-red, tee-black-m."


def test_a_sku_on_two_lines_is_taken_from_both(shop):
    shop.place(1002, ("sock-grey", 1), ("sock-grey", 2))
    deliver(shop, 1002)
    shop.do(RequestReturn("1002", "sock-grey", 3))
    assert sorted(x.quantity for x in shop.ask(ShowReturn("R1002-1")).lines) == [1, 2]


def test_after_the_window_the_policy_says_no_and_why(shop):
    shop.clock.advance(days=31)
    receipt = shop.do(RequestReturn("1001", "mug-red", 1))
    assert receipt.facts["status"] == "rejected"
    assert "window of 30 days" in receipt.sentence
    assert line(shop).return_requested == 0
    assert events(shop)[-1] == "ReturnRejected"


def test_exactly_at_the_end_of_the_window_it_is_still_in_time(shop):
    shop.clock.advance(days=30)
    assert shop.do(RequestReturn("1001", "mug-red", 1)).facts["status"] == "approved"


def test_what_was_sold_over_the_till_comes_back_without_a_parcel(shop):
    shop.place(1002, ("mug-blue", 1), handed_over=True, sold_at="HAM")
    assert shop.do(RequestReturn("1002")).facts["status"] == "approved"


# --- customers -----------------------------------------------------------------------------------


def test_a_customer_returns_their_own_goods_by_line(shop):
    mug = line(shop)
    wish = RequestOwnReturn("1001", (ReturnedLine(str(mug.id), 1),), ReturnReason.COLOR, "too red")
    assert shop.do(wish, customer_of(shop)).facts["status"] == "approved"
    assert shop.rows(t.rma)[0]["requested_by"] == "customer"
    assert line(shop).return_requested == 1


def test_a_stranger_learns_nothing_about_the_order(shop):
    shop.place(1002, ("mug-blue", 1), email="bo@example.org")
    stranger = customer_of(shop, "1002")
    refused = shop.do(RequestOwnReturn("1001"), stranger)
    missing = shop.do(RequestOwnReturn("9999"), stranger)
    assert refused.code == missing.code == "not_found"
    assert refused.sentence.replace("1001", "9999") == missing.sentence
    assert shop.rows(t.rma) == []


def test_a_customer_cannot_approve_or_count_in_a_return(shop):
    decided_by_people(shop)
    shop.do(RequestOwnReturn("1001"), customer_of(shop))
    assert shop.do(ApproveReturn("R1001-1"), customer_of(shop)).code == "not_allowed"
    assert shop.do(ReceiveReturn("R1001-1"), customer_of(shop)).code == "not_allowed"
    assert shop.rows(t.rma)[0]["status"] == "requested"


def test_the_audit_keeps_no_word_of_the_customers_note(shop):
    shop.do(RequestOwnReturn("1001", note="my neighbor Otto has it"), customer_of(shop))
    assert all("Otto" not in row["arguments"] for row in shop.rows(t.audit))


# --- deciding ------------------------------------------------------------------------------------


def test_a_costly_return_waits_for_a_person_and_a_case_says_so(shop):
    decided_by_people(shop)
    assert shop.do(RequestReturn("1001", "mug-red", 1)).facts["status"] == "requested"
    assert len(open_cases(shop, "return_decision")) == 1
    assert shop.do(ApproveReturn("R1001-1")).ok
    assert open_cases(shop, "return_decision") == []
    assert shop.ask(ShowReturn("R1001-1")).decided_by == "Ann"


def test_rejecting_needs_a_reason_and_frees_the_units(shop):
    decided_by_people(shop)
    shop.do(RequestReturn("1001", "mug-red", 2))
    assert shop.do(RejectReturn("R1001-1", "  ")).code == "invalid"
    assert line(shop).return_requested == 2
    assert shop.do(RejectReturn("R1001-1", "It was worn.")).ok
    assert line(shop).return_requested == 0
    assert open_cases(shop, "return_decision") == []


def test_a_decision_is_made_once(shop):
    decided_by_people(shop)
    shop.do(RequestReturn("1001", "mug-red", 2))
    shop.do(ApproveReturn("R1001-1"))
    assert shop.do(RejectReturn("R1001-1", "no")).code == "not_possible"
    assert shop.do(ApproveReturn("R1001-1")).code == "not_possible"
    assert line(shop).return_requested == 2


def test_support_may_start_a_return_but_not_decide_it(shop):
    decided_by_people(shop)
    support = staff(Role.SUPPORT, "Bo")
    assert shop.do(RequestReturn("1001"), support).ok
    refused = shop.do(ApproveReturn("R1001-1"), support)
    assert refused.code == "not_allowed"
    assert refused.next == "Ask a lead or an owner."


def test_a_canceled_return_can_be_asked_for_again(shop):
    shop.do(RequestReturn("1001", "mug-red", 3))
    assert shop.do(CancelReturn("R1001-1")).ok
    assert line(shop).return_requested == 0
    assert shop.do(RequestReturn("1001", "mug-red", 3)).facts["return"] == "R1001-2"


# --- receiving -----------------------------------------------------------------------------------


def test_what_goes_on_the_shelf_can_be_sold_at_once(shop):
    before = on_hand(shop, "mug-red")
    shop.do(RequestReturn("1001", "mug-red", 2))
    receipt = shop.do(ReceiveReturn("R1001-1"))
    assert receipt.sentence == "Return R1001-1 is received at BER. €39.80 is to be refunded."
    assert on_hand(shop, "mug-red") == before + 2
    assert (line(shop).return_requested, line(shop).return_received) == (0, 2)
    assert shop.ask(ShowOrder("1001")).return_status == "partial"


def test_who_waits_for_the_goods_is_served_first(shop):
    shop.place(1002, ("mug-red", 20))
    assert line(shop, order="1002").backordered == 3
    shop.do(RequestReturn("1001", "mug-red", 3))
    shop.do(ReceiveReturn("R1001-1"))
    assert line(shop, order="1002").backordered == 0
    assert open_cases(shop, "short") == []


def test_damaged_goods_are_refunded_but_not_sold_again(shop):
    before = on_hand(shop, "mug-red")
    shop.do(RequestReturn("1001", "mug-red", 2))
    counted = (
        CountedLine("mug-red", 1),
        CountedLine("mug-red", 1, shelf=False, condition="broken handle"),
    )
    shop.do(ReceiveReturn("R1001-1", lines=counted))
    assert on_hand(shop, "mug-red") == before + 1
    (item,) = shop.ask(ShowReturn("R1001-1")).lines
    assert (item.received, item.restocked, item.condition) == (2, 1, "broken handle")
    assert shop.rows(t.refund)[0]["amount"] == 2 * 1990


def test_goods_may_arrive_at_another_place_than_they_left_from(shop):
    before = on_hand(shop, "mug-red", HAM)
    shop.do(RequestReturn("1001", "mug-red", 1))
    shop.do(ReceiveReturn("R1001-1", "ham"))
    assert on_hand(shop, "mug-red", HAM) == before + 1


def test_a_store_receives_at_its_own_counter_only(shop):
    hamburg = staff(Role.STORE, "Hans", locations=("HAM",))
    shop.place(1002, ("sock-grey", 10))
    shop.place(1003, ("sock-grey", 1))  # BER is empty: HAM ships it
    deliver(shop, 1003)
    shop.do(RequestReturn("1003"))
    assert shop.do(ReceiveReturn("R1003-1", "ber"), hamburg).code == "not_allowed"
    assert shop.do(ReceiveReturn("R1003-1"), hamburg).facts["location"] == "HAM"


def test_a_store_does_not_know_the_returns_of_others(shop):
    hamburg = staff(Role.STORE, "Hans", locations=("HAM",))
    shop.do(RequestReturn("1001", "mug-red", 1))
    assert shop.do(ReceiveReturn("R1001-1"), hamburg).code == "not_found"
    assert shop.ask(ListReturns(), hamburg).returns == ()


def test_more_than_expected_is_refused_and_nothing_moves(shop):
    before = on_hand(shop, "mug-red")
    shop.do(RequestReturn("1001", "mug-red", 1))
    assert shop.do(ReceiveReturn("R1001-1", sku="mug-red", quantity=2)).code == "not_possible"
    assert on_hand(shop, "mug-red") == before
    assert shop.rows(t.refund) == []


def test_a_return_that_nobody_approved_cannot_be_received(shop):
    decided_by_people(shop)
    shop.do(RequestReturn("1001", "mug-red", 1))
    refused = shop.do(ReceiveReturn("R1001-1"))
    assert refused.code == "not_possible"
    assert refused.next == "Write `approve R1001-1` first."


def test_the_same_scan_twice_counts_once(shop):
    shop.do(RequestReturn("1001", "mug-red", 2))
    shop.do(ReceiveReturn("R1001-1"))
    refused = shop.do(ReceiveReturn("R1001-1"))
    assert refused.code == "not_possible"
    assert line(shop).return_received == 2
    assert len(shop.rows(t.refund)) == 1


def test_a_return_in_two_parcels_is_refunded_in_two_parts_that_add_up(shop):
    order = shop.order(1002, ("mug-blue", 3), captured=1000, total=1000)
    shop.do(replace(order, lines=(replace(order.lines[0], total=1000),)), CHANNEL)
    deliver(shop, 1002)
    shop.do(RequestReturn("1002"))
    for _ in range(3):
        assert shop.do(ReceiveReturn("R1002-1", sku="mug-blue", quantity=1)).ok
    assert [row["amount"] for row in shop.rows(t.refund)] == [333, 334, 333]


def test_the_rest_that_never_comes_is_given_up(shop):
    shop.do(RequestReturn("1001", "mug-red", 3))
    shop.do(ReceiveReturn("R1001-1", sku="mug-red", quantity=1))
    shop.do(RecordRefund("R1001-1", "re_1"))
    assert shop.ask(ShowReturn("R1001-1")).brief.status == "received"
    assert shop.do(CancelReturn("R1001-1")).sentence == "Return R1001-1 is closed without the rest."
    assert shop.ask(ShowReturn("R1001-1")).brief.status == "refunded"
    assert (line(shop).return_requested, line(shop).returnable) == (0, 2)
    assert shop.do(ReceiveReturn("R1001-1")).code == "not_possible"


# --- the money -----------------------------------------------------------------------------------


def test_a_refund_is_due_with_a_task_until_somebody_gives_its_reference(shop):
    received(shop)
    (task,) = open_cases(shop, "refund_task")
    assert task["title"] == "Refund €39.80 of order 1001 for return R1001-1."
    receipt = shop.do(RecordRefund("R1001-1", "re_77"))
    assert receipt.sentence == "€39.80 for return R1001-1 is recorded as refunded."
    view = shop.ask(ShowOrder("1001"))
    assert (view.refunded, view.payment_status) == (3980, "part_refunded")
    assert line(shop).refunded == 2
    assert open_cases(shop, "refund_task") == []
    assert shop.ask(ShowReturn("R1001-1")).brief.status == "refunded"
    assert events(shop).count("RefundRecorded") == 1


def test_a_refund_is_recorded_once(shop):
    received(shop)
    shop.do(RecordRefund("R1001-1", "re_77"))
    refused = shop.do(RecordRefund("R1001-1", "re_78"))
    assert refused.code == "not_possible"
    assert "€39.80 (re_77)" in refused.next
    assert shop.ask(ShowOrder("1001")).refunded == 3980


def test_a_reference_is_not_left_out(shop):
    received(shop)
    assert shop.do(RecordRefund("R1001-1", " ")).code == "invalid"
    assert shop.rows(t.refund)[0]["state"] == "due"


def test_nobody_is_refunded_more_than_they_paid(shop):
    shop.place(1002, ("mug-blue", 2), captured=2500)
    deliver(shop, 1002)
    shop.do(RequestReturn("1002"))
    shop.do(ReceiveReturn("R1002-1"))
    assert shop.rows(t.refund)[0]["amount"] == 2500


def test_what_was_never_paid_is_not_owed(shop):
    shop.place(1002, ("mug-blue", 1), captured=0)
    deliver(shop, 1002)
    shop.do(RequestReturn("1002"))
    shop.do(ReceiveReturn("R1002-1"))
    assert shop.rows(t.refund) == []
    assert shop.ask(ListReturns()).returns == ()


# --- the channel's word --------------------------------------------------------------------------


def test_the_channels_refund_pays_what_is_due(shop):
    received(shop)
    assert shop.do(told(shop, 3980), CHANNEL).ok
    (refund,) = shop.rows(t.refund)
    assert (refund["state"], refund["external_id"]) == ("refunded", "r1")
    assert shop.ask(ShowOrder("1001")).refunded == 3980
    assert open_cases(shop, "refund_task") == []
    assert shop.do(RecordRefund("R1001-1", "by hand")).code == "not_possible"


def test_a_persons_word_first_and_the_channels_after_it_count_once(shop):
    received(shop)
    shop.do(RecordRefund("R1001-1", "re_77"))
    assert shop.do(told(shop, 3980), CHANNEL).ok
    assert shop.ask(ShowOrder("1001")).refunded == 3980
    assert len(shop.rows(t.refund)) == 1
    assert open_cases(shop, "outside_refund") == []


def test_the_same_refund_told_twice_changes_nothing(shop):
    received(shop)
    shop.do(told(shop, 3980), CHANNEL)
    version = shop.ask(ShowOrder("1001")).version
    shop.do(told(shop, 3980), CHANNEL)
    view = shop.ask(ShowOrder("1001"))
    assert (view.version, view.refunded) == (version, 3980)


def test_one_payment_for_two_parts_of_a_return_settles_both(shop):
    shop.do(RequestReturn("1001", "mug-red", 2))
    for _ in range(2):
        shop.do(ReceiveReturn("R1001-1", sku="mug-red", quantity=1))
    shop.do(told(shop, 3980), CHANNEL)
    assert [row["state"] for row in shop.rows(t.refund)] == ["refunded", "refunded"]
    shop.do(told(shop, 3980), CHANNEL)
    assert shop.ask(ShowOrder("1001")).refunded == 3980


def test_a_refund_made_in_the_shop_is_recorded_with_a_case(shop):
    assert shop.do(told(shop, 500), CHANNEL).ok
    view = shop.ask(ShowOrder("1001"))
    assert (view.refunded, view.payment_status) == (500, "part_refunded")
    assert len(open_cases(shop, "outside_refund")) == 1
    shop.do(told(shop, 500), CHANNEL)
    assert shop.ask(ShowOrder("1001")).refunded == 500
    assert len(open_cases(shop, "outside_refund")) == 1


def test_another_sum_for_the_same_goods_leaves_nothing_due(shop):
    received(shop)
    shop.do(told(shop, 3000, lines=(("1001-1", 2),)), CHANNEL)
    (refund,) = shop.rows(t.refund)
    assert (refund["state"], refund["amount"]) == ("refunded", 3000)
    assert shop.ask(ShowOrder("1001")).refunded == 3000
    (case,) = open_cases(shop, "outside_refund")
    assert "€39.80 was due" in case["title"]


def test_units_refunded_in_the_shop_are_not_owed_again(shop):
    shop.do(told(shop, 1990, lines=(("1001-1", 1),)), CHANNEL)
    shop.do(RequestReturn("1001", "mug-red", 3))
    shop.do(ReceiveReturn("R1001-1"))
    assert [r["amount"] for r in shop.rows(t.refund) if r["state"] == "due"] == [3980]


def test_more_than_was_paid_is_recorded_too_and_a_person_is_told(shop):
    shop.do(told(shop, 99_000), CHANNEL)
    view = shop.ask(ShowOrder("1001"))
    assert (view.refunded, view.payment_status) == (99_000, "over")
    assert len(open_cases(shop, "outside_refund")) == 1


def test_a_refund_of_an_order_that_is_not_here_yet_waits(shop):
    early = RecordChannelRefund(SHOPIFY, "gid-7", "r7", 100, "EUR", shop.clock())
    delivery = Delivery(SHOPIFY, "refunds/create", "d-1", b"{}")
    receipt = shop.do(early, replace(CHANNEL, delivery=delivery))
    assert receipt.outcome == "deferred"
    assert shop.rows(t.refund) == []
    assert shop.rows(t.inbox)[0]["state"] == "retry"


def test_a_refund_in_another_currency_is_refused(shop):
    wrong = RecordChannelRefund(SHOPIFY, "gid-1001", "r1", 100, "USD", shop.clock())
    assert shop.do(wrong, CHANNEL).code == "invalid"
    assert shop.ask(ShowOrder("1001")).refunded == 0


def test_a_refund_of_nothing_is_no_news(shop):
    assert shop.do(told(shop, 0), CHANNEL).ok
    assert shop.rows(t.refund) == []
    assert shop.rows(t.cases) == []


# --- seeing --------------------------------------------------------------------------------------


def test_open_returns_are_those_that_still_need_something(shop):
    shop.place(1002, ("mug-blue", 1))
    deliver(shop, 1002)
    shop.do(RequestReturn("1002"))
    received(shop)
    assert [r.number for r in shop.ask(ListReturns()).returns] == ["R1002-1", "R1001-1"]
    shop.do(RecordRefund("R1001-1", "re_1"))
    assert [r.number for r in shop.ask(ListReturns()).returns] == ["R1002-1"]


def test_a_page_of_returns_goes_on_where_the_last_one_ended(shop):
    for quantity in (1, 1, 1):
        shop.do(RequestReturn("1001", "mug-red", quantity))
    first = shop.ask(ListReturns(limit=2))
    assert [r.number for r in first.returns] == ["R1001-1", "R1001-2"]
    rest = shop.ask(ListReturns(after=first.after, limit=2))
    assert ([r.number for r in rest.returns], rest.after) == (["R1001-3"], None)


def test_a_return_says_what_comes_next_for_whoever_looks(shop):
    decided_by_people(shop)
    shop.do(RequestReturn("1001", "mug-red", 1))
    assert shop.ask(ShowReturn("R1001-1")).actions == ("approve", "reject", "cancel-return")
    assert shop.ask(ShowReturn("R1001-1"), staff(Role.SUPPORT)).actions == ("cancel-return",)
    shop.do(ApproveReturn("R1001-1"))
    assert shop.ask(ShowReturn("R1001-1")).actions == ("received", "cancel-return")
    shop.do(ReceiveReturn("R1001-1"))
    assert shop.ask(ShowReturn("R1001-1")).actions == ("refunded",)
    shop.do(RecordRefund("R1001-1", "re_1"))
    assert shop.ask(ShowReturn("R1001-1")).actions == ()
