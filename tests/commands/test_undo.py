"""The undo window: what waits for it, who may undo what until when, and what makes it too late."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from core.commands.asking_money import RequestPayment
from core.commands.cases import ResolveCase, TakeCase
from core.commands.choosing import Units
from core.commands.edits import ConfirmEdit, EditOrder
from core.commands.holds import HoldOrder, ReleaseOrder
from core.commands.orders import (
    CancelOrder,
    NoteOrder,
    TagOrder,
)
from core.commands.setup import SetPolicy
from core.commands.undo import UndoLast
from core.db import tables as t
from core.db.rows import to_json
from core.db.unit_of_work import UnitOfWork
from core.domain import events as e
from core.domain.access import Role
from core.domain.holds import HoldReason
from core.domain.undo import TAKEN_BACK, in_words
from core.engine import Receipt
from tests.commands.undoing import differs, leaving, plan_all, state
from tests.shop import BER, SHOP, Shop, make_shop, staff

LEAD = staff()
OWNER = staff(Role.OWNER, "Olga")


@pytest.fixture
def shop(database: str) -> Iterator[Shop]:
    shop = make_shop(database)
    shop.place(1001, ("mug-red", 2), ("tee-black-m", 1))
    shop.place(1002, ("mug-red", 12))
    shop.place(1003, ("sock-grey", 1))
    yield shop
    shop.close()


# --- the window -----------------------------------------------------------------------------------


def cancel(shop: Shop) -> Receipt:
    plan_all(shop)
    leaving(shop)
    receipt = shop.do(CancelOrder("1001", "changed mind"))
    assert receipt.ok
    return receipt


def test_a_write_back_waits_until_the_window_has_closed(shop: Shop) -> None:
    assert cancel(shop).undo_seconds == 60
    shop.clock.advance(seconds=59)
    assert leaving(shop) == []
    shop.clock.advance(seconds=1)
    assert shop.do(UndoLast()).code == "not_possible"
    assert leaving(shop) == ["shopify.cancel"]


def test_what_was_taken_back_says_so_and_may_be_done_again(shop: Shop) -> None:
    cancel(shop)
    assert shop.do(UndoLast()).ok
    (row,) = shop.rows(t.outbox, kind="shopify.cancel")
    assert (row["state"], row["reason"]) == ("suppressed", TAKEN_BACK)
    assert shop.do(CancelOrder("1001", "now really")).ok
    shop.clock.advance(seconds=60)
    assert leaving(shop) == ["shopify.cancel"]


def test_what_a_customer_was_asked_for_is_asked_again_when_the_step_is_taken_back(
    shop: Shop,
) -> None:
    for amount in ("5.00", "7.00"):
        assert shop.do(RequestPayment("1001", amount, "express")).ok
    assert shop.do(EditOrder("1001", "discount 90%")).ok
    before = state(shop)
    steps = (
        ConfirmEdit("1001"),
        CancelOrder("1001", "", (Units("mug-red", 1),)),
        CancelOrder("1001", "changed mind"),
    )
    for step in steps:
        assert shop.do(step).ok
        assert shop.do(UndoLast()).ok
        assert differs(state(shop), before) == {}, step


def test_a_message_about_a_reversible_step_waits_too(shop: Shop) -> None:
    _tell_delay(shop)
    shop.clock.advance(seconds=59)
    assert leaving(shop) == []
    shop.clock.advance(seconds=1)
    assert leaving(shop) == ["message.email"]


@pytest.mark.parametrize("planned", [True, False], ids=["planned", "not yet planned"])
def test_undo_stops_a_message_whether_it_is_planned_or_not(shop: Shop, planned: bool) -> None:
    receipt = _tell_delay(shop, planned=planned)
    assert shop.do(UndoLast(receipt.command_id)).ok
    plan_all(shop)
    shop.clock.advance(minutes=5)
    assert leaving(shop) == []
    message = shop.rows(t.outbox, kind="message.email")[-1]
    assert (message["state"], message["reason"]) == ("suppressed", TAKEN_BACK)


def _tell_delay(shop: Shop, *, planned: bool = True) -> Receipt:
    """A reversible step, and a fact of the same command that customers are told of."""
    plan_all(shop)
    leaving(shop)
    receipt = shop.do(TagOrder("1001", "late"))
    order = shop.rows(t.orders, number="1001")[0]
    (fact,) = shop.rows(t.event, kind="OrderTagged")

    def emit(uow: UnitOfWork) -> None:
        changed = e.PromiseChanged("2026-11-24", "2026-11-30", "storm")
        row = fact | {"id": uow.new_id(), "kind": changed.kind, "data": to_json(changed)}
        uow.insert(t.event, row | {"position": None, "order_id": order["id"]})

    shop.engine.chore(emit, SHOP)
    if planned:
        plan_all(shop)
    return receipt


def test_word_that_has_left_cannot_be_taken_back(shop: Shop) -> None:
    receipt = cancel(shop)
    shop.clock.advance(seconds=60)
    leaving(shop)  # a worker whose clock is a little ahead
    shop.clock.advance(seconds=-2)
    before = state(shop)
    refused = shop.do(UndoLast(receipt.command_id))
    assert (refused.code, refused.sentence) == ("conflict", "It has been told outside already.")
    assert state(shop) == before


def test_the_button_undoes_its_own_step_not_the_last_one(shop: Shop) -> None:
    first = shop.do(TagOrder("1001", "vip"))
    shop.do(TagOrder("1002", "b2b"))
    assert shop.do(UndoLast(first.command_id)).sentence == (
        "Taken back (tag): Order 1001 lost the tag vip."
    )
    again = shop.do(UndoLast(first.command_id))
    assert (again.code, again.sentence) == ("not_possible", "That was taken back already.")


def test_nobody_undoes_the_step_of_another(shop: Shop) -> None:
    receipt = shop.do(TagOrder("1001", "vip"))
    bob = staff(Role.LEAD, "Bob")
    assert shop.do(UndoLast(receipt.command_id), bob).code == "not_possible"


def test_a_case_that_changed_since_is_left_as_it_is(shop: Shop) -> None:
    shop.place(1004, ("mug-red", 99))  # too many: a case is opened
    case = shop.rows(t.cases)[0]["number"]
    receipt = shop.do(TakeCase(case))
    assert shop.do(ResolveCase(case, "called"), OWNER).ok
    refused = shop.do(UndoLast(receipt.command_id))
    assert refused.code == "conflict"
    assert [row["state"] for row in shop.rows(t.cases)] == ["resolved"]


def test_a_hold_is_put_back_as_it_was_with_its_owner_and_its_answer(shop: Shop) -> None:
    """Two holds of two people: one release, one undo, and neither is anybody else's now."""
    shop.do(HoldOrder("1001", HoldReason.FRAUD, note="odd"), OWNER)
    shop.do(HoldOrder("1001", HoldReason.ADDRESS, line="mug-red"))
    before = shop.rows(t.hold)
    assert shop.do(ReleaseOrder("1001"), OWNER).ok
    assert shop.do(UndoLast(), OWNER).sentence == (
        "Taken back (release): Order 1001 is on hold as before."
    )
    assert shop.rows(t.hold) == before


def test_undo_of_a_hold_lifts_that_hold_only(shop: Shop) -> None:
    shop.do(HoldOrder("1001", HoldReason.FRAUD, line="mug-red"), OWNER)
    shop.do(HoldOrder("1001", HoldReason.FRAUD))
    assert shop.do(UndoLast()).ok
    (left,) = shop.rows(t.hold, released_at=None)
    assert left["scope"] == "line"


def test_who_may_not_do_it_any_more_may_not_undo_it_either(shop: Shop) -> None:
    shop.place(1001, ("mug-red", 1))
    receipt = shop.do(CancelOrder("1001", "changed mind"))
    demoted = shop.do(UndoLast(receipt.command_id), staff(Role.WAREHOUSE))
    assert (demoted.outcome, demoted.code) == ("refused", "not_allowed")
    assert shop.do(UndoLast(receipt.command_id)).ok


def test_a_policy_of_zero_switches_it_off(shop: Shop) -> None:
    shop.do(SetPolicy("undo_seconds", "0"), OWNER)
    receipt = cancel(shop)
    assert not receipt.can_undo
    assert leaving(shop) == ["shopify.cancel"]
    assert shop.do(UndoLast()).next == "Undo is switched off here."


def test_what_cannot_be_undone_does_not_wait(shop: Shop) -> None:
    receipt = shop.do(NoteOrder("1001", "hello"))
    assert (receipt.can_undo, receipt.undo_seconds) == (False, 0)


def test_stock_that_went_to_another_order_is_not_taken_from_it(shop: Shop) -> None:
    """1002 waits for mugs; canceling 1001 feeds it, and undo does not starve it again."""
    shop.place(1004, ("mug-red", 8))
    cancel(shop)
    served = {line["order_id"]: line["allocated"] for line in shop.rows(t.order_line)}
    refused = shop.do(UndoLast())
    assert refused.code == "not_possible"
    assert "given to another order" in refused.sentence
    assert {line["order_id"]: line["allocated"] for line in shop.rows(t.order_line)} == served
    assert shop.rows(t.stock_level, sku="mug-red", location_id=BER)[0]["reserved"] == 10


@pytest.mark.parametrize(("seconds", "words"), [(60, "60 s"), (90, "90 s"), (300, "5 min")])
def test_the_window_is_said_shortly(seconds: int, words: str) -> None:
    assert in_words(timedelta(seconds=seconds)) == words
