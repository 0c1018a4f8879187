"""Money given back by a person's word: previewed, approved, withdrawn, counted once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from core.commands.access import ChangeConnection
from core.commands.asking_money import RequestPayment
from core.commands.choosing import Units
from core.commands.fulfillment import ShipWork
from core.commands.orders import CancelOrder
from core.commands.outside import RecordChannelRefund
from core.commands.payouts import SettleRefundPart
from core.commands.refunding import (
    ApproveOrderRefund,
    RefundOrder,
    RetryRefund,
    To,
    WithdrawRefund,
)
from core.commands.refunds import RecordOrderRefund
from core.commands.replacing import Sure
from core.commands.returns import RequestReturn
from core.commands.setup import SetPolicy
from core.commands.tracking import DeliverParcel
from core.commands.undo import UndoLast
from core.db import tables as t
from core.domain.access import Role
from core.domain.refund_wish import What
from core.engine import Receipt
from core.queries.money import ShowMoney
from core.queries.orders import ShowOrder
from core.queries.refunds import PreviewRefund
from tests.shop import CHANNEL, SHOPIFY, Shop, make_shop, staff

MUG = (Units("mug-red", 1),)
BEN = staff(Role.LEAD, "Ben")
SUE = staff(Role.SUPPORT, "Sue")


@pytest.fixture
def shop(database: str) -> Iterator[Shop]:
    shop = make_shop(database)
    shop.place(1001, ("mug-red", 3), ("tee-black-m", 1), shipping=490, total=8450, captured=8450)
    yield shop
    shop.close()


def listening(shop: Shop) -> None:
    """The store gives money back on our word."""
    name = shop.rows(t.connection, id=SHOPIFY)[0]["name"]
    assert shop.do(ChangeConnection(name, {"refunds": True}), staff(Role.OWNER)).ok


def refund(
    shop: Shop, reason: str = "", *, units: Any = (), caller: Any = None, **more: Any
) -> Receipt:
    return shop.do(RefundOrder("1001", units, reason=reason, **more), caller)


def told(shop: Shop, amount: int, name: str, **more: Any) -> Receipt:
    word = RecordChannelRefund(SHOPIFY, "gid-1001", name, amount, "EUR", shop.clock(), **more)
    return shop.do(word, CHANNEL)


def answered(shop: Shop, part: int, state: Any, external_id: str = "", reason: str = "") -> Receipt:
    return shop.do(SettleRefundPart(part, state, external_id, reason), CHANNEL)


def money(shop: Shop) -> tuple[int, int]:
    """(gone back, still owed)"""
    view = shop.ask(ShowMoney("1001"))
    return view.refunded, view.owed


def open_kinds(shop: Shop) -> list[str]:
    return [c["kind"] for c in shop.rows(t.cases) if c["state"] != "resolved"]


def parts(shop: Shop) -> list[dict[str, Any]]:
    return shop.rows(t.refund_part)


def test_a_refund_is_shown_first_and_then_made_as_it_was_shown(shop: Shop) -> None:
    view = shop.ask(PreviewRefund("1001", MUG))
    assert (view.amount, view.left, [p.gateway for p in view.parts]) == (1990, 6460, ["manual"])
    assert shop.rows(t.refund) == []
    late = refund(shop, units=MUG, expects=1989)
    assert late.code == "preview_changed"
    made = refund(shop, units=MUG, expects=1990)
    assert made.ok
    assert money(shop) == (0, 1990)
    assert open_kinds(shop) == ["refund_task"]
    assert shop.do(RecordOrderRefund("1001", "re_1")).ok
    assert money(shop) == (1990, 0)
    assert open_kinds(shop) == []
    assert shop.do(RecordOrderRefund("1001", "re_1")).outcome == "refused"


def test_shipping_and_goodwill_go_back_once_and_never_above_what_was_paid(shop: Shop) -> None:
    assert refund(shop, what=What.SHIPPING).ok
    assert refund(shop, what=What.SHIPPING).outcome == "refused"
    assert refund(shop, "5.00").outcome == "refused"  # an amount needs a reason
    assert refund(shop, "-5.00 goodwill").outcome == "refused"
    assert refund(shop, "5.00 late parcel").ok
    over = refund(shop, "74.61 all of it")
    assert over.code == "over_refund"
    assert refund(shop, units=(Units("mug-red", 4),)).outcome == "refused"
    assert refund(shop, what=What.ALL).ok
    assert money(shop) == (0, 8450)
    assert refund(shop, what=What.ALL).outcome == "refused"
    assert sum(row["amount"] for row in shop.rows(t.refund)) == 8450


def returnable(shop: Shop) -> int:
    return next(x.returnable for x in shop.ask(ShowOrder("1001")).lines if x.sku == "mug-red")


def test_what_was_paid_back_and_kept_cannot_be_returned(shop: Shop) -> None:
    assert shop.do(ShipWork("1001", "T1001", "DHL")).ok
    assert shop.do(DeliverParcel("1001")).ok
    assert refund(shop, "5.00 a scratch").ok  # a part of a price is no unit
    assert returnable(shop) == 3
    (goods, *_) = shop.ask(PreviewRefund("1001", MUG)).items
    assert goods.kept == 1
    assert refund(shop, units=MUG).ok
    assert returnable(shop) == 2
    assert shop.do(UndoLast()).ok
    assert returnable(shop) == 3
    assert shop.do(RequestReturn("1001", "mug-red", 1)).ok
    assert refund(shop, units=(Units("mug-red", 3),)).ok  # of one the goods come back
    assert (returnable(shop), shop.rows(t.order_line, sku="mug-red")[0]["return_kept"]) == (0, 2)
    over = shop.do(RequestReturn("1001", "mug-red", 1))
    assert over.outcome == "refused"


def test_undo_takes_a_refund_back_that_nobody_has_paid(shop: Shop) -> None:
    listening(shop)
    assert refund(shop, units=MUG).ok
    assert [row["state"] for row in shop.rows(t.outbox, kind="shopify.refund")] == ["waiting"]
    assert shop.do(UndoLast()).ok
    assert money(shop) == (0, 0)
    assert [row["state"] for row in shop.rows(t.outbox, kind="shopify.refund")] == ["suppressed"]
    assert refund(shop, units=MUG).ok  # and it can be made again
    refund_id = shop.rows(t.refund, state="due")[0]["id"]
    answered(shop, parts(shop)[-1]["id"], "refunded", "r9")
    assert shop.do(WithdrawRefund("1001", refund_id)).outcome == "refused"


def test_above_the_limit_a_second_person_approves(shop: Shop) -> None:
    assert shop.do(SetPolicy("refund_approve_above", "3000"), staff(Role.OWNER)).ok
    assert refund(shop, units=(Units("mug-red", 2),)).ok
    assert open_kinds(shop) == ["refund_approval"]
    assert shop.do(ApproveOrderRefund("1001")).code == "own_refund"
    assert shop.do(RecordOrderRefund("1001", "re_1")).code == "own_refund"
    assert shop.do(ApproveOrderRefund("1001"), SUE).outcome == "refused"
    assert shop.do(ApproveOrderRefund("1001"), BEN).ok
    assert open_kinds(shop) == ["refund_task"]
    assert shop.do(ApproveOrderRefund("1001"), BEN).outcome == "refused"


def test_a_large_refund_is_not_cut_into_small_ones(shop: Shop) -> None:
    """Of one order sums count, whoever gave them; a person has a day's limit beside that."""
    assert shop.do(SetPolicy("refund_approve_above", "3000"), staff(Role.OWNER)).ok
    assert refund(shop, "29.00 late").ok
    assert refund(shop, "1.00 late", caller=BEN).ok
    assert open_kinds(shop) == ["refund_task", "refund_task"]
    assert shop.ask(PreviewRefund("1001", reason="0.01 more")).needs_approval
    assert refund(shop, "10.00 late", caller=BEN).ok
    assert open_kinds(shop) == ["refund_task", "refund_task", "refund_approval"]
    assert shop.do(ApproveOrderRefund("1001")).ok  # what Ann lets go is Ben's word no more
    assert shop.do(SetPolicy("refund_approve_above", "0"), staff(Role.OWNER)).ok
    assert shop.do(SetPolicy("refund_person_day_above", "3000"), staff(Role.OWNER)).ok
    assert refund(shop, "1.01 late").ok  # 29.00 before it on this day
    assert shop.do(UndoLast()).ok  # what was taken back is not counted
    assert refund(shop, "1.00 late", sure=Sure.AGAIN).ok
    shop.place(1002, ("mug-red", 1))
    again = RefundOrder("1002", reason="0.01 late")
    assert shop.do(again).ok
    assert shop.do(again, BEN).code == "confirm"
    assert shop.do(replace(again, sure=Sure.AGAIN), BEN).ok
    assert open_kinds(shop)[3:] == ["refund_task", "refund_approval", "refund_task"]
    shop.clock.advance(hours=14, minutes=1)  # midnight has passed in Berlin
    assert not shop.ask(PreviewRefund("1002", reason="19.00 late")).needs_approval


def test_support_refunds_small_sums_alone_and_not_many_of_them(shop: Shop) -> None:
    assert refund(shop, "15.00 late", caller=SUE).ok
    assert refund(shop, "5.01 still late", caller=SUE).ok
    assert open_kinds(shop) == ["refund_task", "refund_approval"]


def test_the_store_is_asked_and_its_webhook_may_come_before_its_answer(shop: Shop) -> None:
    listening(shop)
    assert refund(shop, units=MUG).ok
    (effect,) = shop.rows(t.outbox, kind="shopify.refund")
    (part,) = parts(shop)
    assert effect["key"] == part["key"]
    assert told(shop, 1990, "r1", note=f"wismo {part['key']} late").ok
    assert answered(shop, part["id"], "refunded", "r1").ok
    assert told(shop, 1990, "r1").ok
    assert money(shop) == (1990, 0)
    assert open_kinds(shop) == []
    assert len(shop.rows(t.refund)) == 1


def test_money_that_went_back_twice_is_counted_twice_and_told(shop: Shop) -> None:
    """A colleague refunds the same sum in the shop's admin while our own call is under way."""
    listening(shop)
    refund(shop, units=MUG)
    (part,) = parts(shop)
    assert told(shop, 1990, "r1").ok
    assert answered(shop, part["id"], "refunded", "r2").ok
    assert money(shop) == (2 * 1990, 0)
    assert open_kinds(shop) == ["outside_refund"]
    assert told(shop, 1990, "r2").ok
    assert money(shop) == (2 * 1990, 0)


def test_an_unknown_outcome_waits_and_a_refused_one_is_tried_again_under_another_key(
    shop: Shop,
) -> None:
    listening(shop)
    refund(shop, units=MUG)
    (part,) = parts(shop)
    assert answered(shop, part["id"], "unknown", reason="no answer").ok
    assert refund(shop, what=What.ALL).ok  # what is under way is not given a second time
    assert money(shop) == (0, 8450)
    assert answered(shop, part["id"], "failed", reason="card closed").ok
    assert "refund_failed" in open_kinds(shop)
    assert shop.do(RetryRefund("1001")).ok
    again = parts(shop)[-1]
    assert (again["key"], again["state"]) == (f"{part['key']}:2", "sent")
    assert answered(shop, part["id"], "failed").ok  # a late word about the first try
    assert answered(shop, again["id"], "refunded", "r1").ok
    assert money(shop) == (1990, 6460)
    assert "refund_failed" not in open_kinds(shop)


def test_credit_instead_of_money_is_given_at_once(shop: Shop) -> None:
    assert refund(shop, units=MUG, to=To.CREDIT).ok
    assert money(shop) == (1990, 0)
    assert [row["amount"] for row in shop.rows(t.credit_entry)] == [1990]
    assert told(shop, 6460, "r1").ok  # the rest in the shop: the way it was paid
    assert money(shop) == (8450, 0)


def test_a_whole_cancel_owes_all_that_was_paid_and_undo_owes_nothing(shop: Shop) -> None:
    assert shop.do(CancelOrder("1001", "changed mind")).ok
    assert money(shop) == (0, 8450)
    (row,) = shop.rows(t.refund)
    assert row["items"].count('"shipping"') == 1
    assert shop.do(UndoLast()).ok
    assert money(shop) == (0, 0)
    assert shop.do(CancelOrder("1001", "changed mind")).ok
    assert told(shop, 8450, "r1").ok
    assert money(shop) == (8450, 0)
    assert open_kinds(shop) == []


@pytest.mark.parametrize("refund_first", [True, False])
def test_a_cancel_in_the_shop_is_paid_by_the_shop(shop: Shop, refund_first: bool) -> None:
    lines = (("mug-red", 3), ("tee-black-m", 1))
    word = shop.order(
        1001, *lines, shipping=490, total=8450, captured=8450, canceled_at=shop.clock()
    )
    steps = [lambda: told(shop, 8450, "r1"), lambda: shop.do(word, CHANNEL)]
    for step in steps if refund_first else reversed(steps):
        assert step().ok
    assert money(shop) == (8450, 0)
    assert open_kinds(shop) == []
    assert shop.rows(t.outbox, kind="shopify.refund") == []


def test_money_that_is_captured_after_a_cancellation_goes_back(shop: Shop) -> None:
    shop.place(1002, ("mug-red", 2), captured=0)
    assert shop.do(CancelOrder("1002", "", (Units("mug-red", 1),))).ok
    assert shop.ask(ShowMoney("1002")).owed == 0
    assert shop.do(shop.order(1002, ("mug-red", 2), captured=3980), CHANNEL).ok
    assert shop.ask(ShowMoney("1002")).owed == 1990
    assert shop.do(shop.order(1002, ("mug-red", 2), captured=3980), CHANNEL).ok
    assert shop.ask(ShowMoney("1002")).owed == 1990


def test_goodwill_is_no_part_of_what_units_cost(shop: Shop) -> None:
    """30.00 of 39.80 are paid, 5.00 of them given back as a present; then one mug is canceled."""
    shop.place(1003, ("mug-red", 2), captured=3000)
    assert shop.do(RequestPayment("1003", "9.80", "the rest")).ok
    assert shop.do(RefundOrder("1003", reason="5.00 late")).ok
    assert shop.do(CancelOrder("1003", "", (Units("mug-red", 1),))).ok
    view = shop.ask(ShowMoney("1003"))
    assert (view.owed, [q.state for q in view.requests]) == (500 + 1010, ["withdrawn"])
    assert shop.do(shop.order(1003, ("mug-red", 2), captured=3980), CHANNEL).ok
    assert shop.ask(ShowMoney("1003")).owed == 500 + 1990
    assert shop.do(shop.order(1003, ("mug-red", 2), captured=3980), CHANNEL).ok
    assert shop.ask(ShowMoney("1003")).owed == 500 + 1990


@pytest.mark.parametrize(
    ("paid", "asked", "left"), [(3980, 500, 500), (1990, 1990, 0), (0, 500, 500)]
)
def test_canceled_units_are_not_asked_for(shop: Shop, paid: int, asked: int, left: int) -> None:
    """What was not paid of them is not; what is asked for beside them still is."""
    shop.place(1003, ("mug-red", 2), captured=paid)
    assert shop.do(RequestPayment("1003", f"{asked / 100:.2f}", "more")).ok
    assert shop.do(CancelOrder("1003", "", (Units("mug-red", 1),))).ok
    view = shop.ask(ShowMoney("1003"))
    assert sum(q.amount for q in view.requests if q.state == "open") == left


def test_others_orders_and_foreign_refunds_are_not_found(shop: Shop) -> None:
    store = staff(Role.STORE, "Tom", locations=("VIE",))
    assert refund(shop, units=MUG, caller=store).outcome == "refused"
    with pytest.raises(Exception, match="cannot find"):
        shop.ask(ShowMoney("1001"), store)
    assert refund(shop, units=(Units("sock-grey", 1),)).outcome == "refused"
    assert shop.rows(t.refund) == []
