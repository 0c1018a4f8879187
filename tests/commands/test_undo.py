"""The undo window: action and undo leave the state as it was, and nobody outside hears of it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from core.commands.aside import Aside, SellAgain, SetAside
from core.commands.choosing import Units
from core.commands.fulfillment import PackWork, PickWork, ShipWork
from core.commands.holds import HoldOrder, ReleaseOrder
from core.commands.joining import MergeOrders, UnmergeOrder
from core.commands.marking import GiftOrder, Priority, SetPriority, UngiftOrder
from core.commands.orders import (
    CancelOrder,
    MoveOrder,
    NoteOrder,
    TagOrder,
    UntagOrder,
)
from core.commands.pausing import StartPause
from core.commands.replacing import ResendOrder, Why
from core.commands.setup import PauseMessages, SetPolicy, SetSwitch
from core.commands.splitting import RerouteOrder, SplitOrder
from core.commands.stock import AdjustStock, SetBuffer, SetSafety
from core.commands.undo import UndoLast
from core.db import events, outbox
from core.db import tables as t
from core.db.rows import from_json, to_json
from core.db.unit_of_work import UnitOfWork
from core.domain import events as e
from core.domain.access import Role
from core.domain.effects import done
from core.domain.holds import HoldReason
from core.domain.undo import TAKEN_BACK, in_words
from core.engine import Caller, Receipt
from notifications.plan import plan
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


# --- what is the same before and after ------------------------------------------------------------

_ORDER = (
    *("number", "promise", "note", "tags", "priority", "canceled_at", "cancel_reason", "extra"),
    *("captured", "refunded", "total", "status", "fulfillment_status", "held"),
)
_LINE = ("id", "ordered", "canceled", "backordered", "allocated", "packed", "shipped", "refunded")


def state(shop: Shop) -> list[Any]:
    """All that decides what happens next; not what is only told of the past (ledgers, numbers of
    work, versions)."""
    numbers = {o["id"]: o["number"] for o in shop.rows(t.orders)}
    own = {o["id"] for o in shop.rows(t.orders) if o["channel"] != "replacement"}
    open_works = {
        w["id"]: (numbers[w["order_id"]], w["location_id"], w["stage"])
        for w in shop.rows(t.fulfillment_order)
        if w["stage"] not in ("canceled", "shipped")
    }
    promises = [
        (open_works[r["fulfillment_id"]], r["line_id"], r["quantity"])
        for r in shop.rows(t.reservation, state="promised")
    ]
    level = ("sku", "location_id", "on_hand", "reserved", "safety", "buffer", "damaged")
    (settings,) = (from_json(row["settings"]) for row in shop.rows(t.shop))
    policy = {k: v for k, v in settings.get("policy", {}).items() if k != "storm_size" or v != 5}
    return [
        sorted([_some(o, _ORDER) for o in shop.rows(t.orders) if o["id"] in own]),
        sorted([_some(line, _LINE) for line in shop.rows(t.order_line) if line["order_id"] in own]),
        sorted((h["order_id"], h["reason"], h["note"]) for h in _held(shop)),
        sorted(promises),
        sorted(
            (x["order_id"], x["other_id"])
            for x in shop.rows(t.order_link, ended_at=None)
            if x["kind"] == "together"
        ),
        sorted([_some(row, level) for row in shop.rows(t.stock_level)]),
        sorted((c["kind"], c["subject"]) for c in shop.rows(t.cases) if c["state"] != "resolved"),
        sorted((f["order_id"], f["amount"]) for f in shop.rows(t.refund, state="due")),
        [policy, {k: v for k, v in settings.get("switches", {}).items() if not v}],
        [row["paused_at"] is not None for row in shop.rows(t.shop)],
        [row["origin"] for row in shop.rows(t.shipping_pause, ended_at=None)],
        sorted(row["key"] for row in shop.rows(t.outbox, state="waiting")),
    ]


def hashed(shop: Shop) -> str:
    return hashlib.sha256(to_json(state(shop)).encode()).hexdigest()


def _held(shop: Shop) -> list[dict[str, Any]]:
    return shop.rows(t.hold, released_at=None)


def _some(row: dict[str, Any], names: tuple[str, ...]) -> tuple[Any, ...]:
    return tuple("" if row[name] is None else row[name] for name in names)


def plan_all(shop: Shop) -> None:
    """What the worker does with facts: they become intents."""

    def work(uow: UnitOfWork) -> None:
        facts = events.unplanned(uow.session, 1000)
        for fact in facts:
            own = shop.engine.unit(uow.batch, Caller(uow.actor, "planner"), fact.id)
            plan(own, fact)
            own.finish()
        events.place(uow.session, facts)

    shop.engine.chore(work, SHOP)


def leaving(shop: Shop) -> list[str]:
    """What a worker carries out now, one after the other."""

    def work(uow: UnitOfWork) -> list[str]:
        kinds = []
        while claims := outbox.claim(uow.session, uow.now, 100):
            for claim in claims:
                outbox.settle(uow.session, claim, done(), uow.now)
                kinds.append(claim.effect.kind)
        return kinds

    return shop.engine.chore(work, SHOP)


MOVED = MoveOrder("1003", "ham")

# --- every reversible step ------------------------------------------------------------------------


@dataclass(frozen=True)
class Try:
    name: str
    step: Any
    first: tuple[Any, ...] = ()
    by: Caller = LEAD


STEPS = (
    Try("hold", HoldOrder("1001", HoldReason.ADDRESS, note="ring")),
    Try("release", ReleaseOrder("1001"), (HoldOrder("1001", HoldReason.FRAUD, note="new"),)),
    Try("cancel", CancelOrder("1001", "changed mind")),
    Try("cancel held", CancelOrder("1001"), (HoldOrder("1001", note="why"),)),
    Try("cancel short", CancelOrder("1002"), ()),
    Try("cancel units", CancelOrder("1001", "no", (Units("mug-red", 1),))),
    Try("cancel queued units", CancelOrder("1002", "no", (Units("mug-red", 3),))),
    Try("move", MoveOrder("1001", "ham")),
    Try("split", SplitOrder("1001", (Units("mug-red", 1),))),
    Try("split to", SplitOrder("1001", (Units("tee-black-m", 1),), "ham")),
    Try("reroute", RerouteOrder("1001", "ber")),
    Try("tag", TagOrder("1001", "vip")),
    Try("untag", UntagOrder("1001", "vip"), (TagOrder("1001", "vip"),)),
    Try("picked", PickWork("1001")),
    Try("packed", PackWork("1001"), (PickWork("1001"),)),
    Try("merge", MergeOrders(("1001", "1003")), (MOVED,)),
    Try("unmerge", UnmergeOrder("1003"), (MergeOrders(("1001", "1003")),)),
    Try("priority", SetPriority("1001", Priority.VIP)),
    Try("gift", GiftOrder("1001", "for you")),
    Try("another note", GiftOrder("1001", "two"), (GiftOrder("1001", "one"),)),
    Try("ungift", UngiftOrder("1001"), (GiftOrder("1001", "one"),)),
    Try("resend", ResendOrder("1001", Why.LOST), (ShipWork("1001"),)),
    Try("adjust", AdjustStock("sock-grey", "ber", 3, "found")),
    Try("buffer", SetBuffer("sock-grey", "ber", 2)),
    Try("aside", SetAside("sock-grey", "ber", 2, Aside.DAMAGED, "dropped")),
    Try(
        "sell again",
        SellAgain("sock-grey", "ber", 1, Aside.DAMAGED, "dropped"),
        (SetAside("sock-grey", "ber", 2, Aside.DAMAGED, "dropped"),),
    ),
    Try("pause now", StartPause("vie"), by=OWNER),
    Try("safety", SetSafety("sock-grey", "ber", 3)),
    Try("policy", SetPolicy("storm_size", "7"), by=OWNER),
    Try("switch", SetSwitch("shipped", "off"), by=OWNER),
    Try("pause", PauseMessages(), by=OWNER),
)


@pytest.mark.parametrize("each", STEPS, ids=lambda each: each.name)
def test_action_and_undo_leave_no_trace_outside(shop: Shop, each: Try) -> None:
    for step in each.first:
        assert shop.do(step, each.by).ok
    plan_all(shop)
    leaving(shop)
    before, sealed = state(shop), hashed(shop)
    receipt = shop.do(each.step, each.by)
    assert receipt.can_undo, receipt
    assert hashed(shop) != sealed
    plan_all(shop)
    assert leaving(shop) == []
    shop.clock.advance(seconds=59)
    undone = shop.do(UndoLast(receipt.command_id), each.by)
    assert undone.ok, undone
    plan_all(shop)
    assert state(shop) == before
    assert hashed(shop) == sealed
    shop.clock.advance(minutes=10)
    assert leaving(shop) == []


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
