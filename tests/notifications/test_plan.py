"""From facts to messages: who is told what, on which evidence, and who is not, with the reason."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from bot.sandbox.shop.wire import Fault
from core.commands.asking import AskCustomer
from core.commands.cases import ResolveCase, TakeCase
from core.commands.choosing import Units
from core.commands.edits import ConfirmEdit, EditOrder
from core.commands.labels import LabelParcel
from core.commands.orders import CancelOrder
from core.commands.outside import RecordChannelRefund
from core.commands.receiving import CountedLine, ReceiveReturn
from core.commands.refunding import RefundOrder
from core.commands.refunds import RecordOrderRefund
from core.commands.return_decisions import RejectReturn
from core.commands.returns import RequestReturn
from core.commands.scans import ScanForCases
from core.commands.setup import SetSwitch
from core.commands.undo import UndoLast
from core.db import house
from core.db import tables as t
from core.db.connection import Statement
from core.db.rows import from_json
from core.db.unit_of_work import UnitOfWork
from core.domain import events as e
from core.domain.access import Role
from core.domain.asking import About
from core.domain.cases import CaseKind, Finding
from core.domain.undo import TAKEN_BACK
from tests.shop import CHANNEL, SHOP, SHOPIFY, staff
from tests.surfaces.customers import Street, street

pytestmark = pytest.mark.anyio
ANNA = "anna@example.org"
MUGS = ("mug-red", 2)


@pytest.fixture
async def here(database: str) -> AsyncIterator[Street]:
    async with street(database) as street_:
        yield street_


def told(here: Street) -> list[tuple[str, str, str]]:
    """(kind, state, reason) of every message about orders, oldest first."""
    rows = [r for r in here.outbox("message.email") if r["order_id"] is not None]
    return [(from_json(r["payload"])["kind"], r["state"], r["reason"]) for r in rows]


def subjects(here: Street, address: str = ANNA) -> list[str]:
    return [mail.subject for mail in here.mailbox.to(address)]


def tell(here: Street, number: int, *facts: e.Event) -> None:
    """A fact about an order, as some command would have told it."""
    (order,) = here.shop.rows(t.orders, number=str(number))

    def emit(uow: UnitOfWork) -> None:
        uow.emit(order["id"], *facts)

    here.shop.engine.chore(emit, SHOP)


def configure(here: Street, connection_id: int, config: dict[str, Any]) -> None:
    def put(uow: UnitOfWork) -> None:
        uow.people.put(t.connection, {"id": connection_id}, {"config": config})

    here.shop.engine.chore(put, SHOP)


# --- the day's work ------------------------------------------------------------------------------


async def test_an_order_is_confirmed_shipped_and_delivered(here: Street):
    here.shop.place(1001, MUGS)
    await here.work()
    here.ship(1001)
    await here.work()
    here.deliver(1001)
    await here.work()
    assert told(here) == [
        (kind, "done", "") for kind in ("order_confirmation", "shipped", "delivered")
    ]
    assert "We have your order 1001" in subjects(here)


async def test_messages_are_in_the_orders_language(here: Street):
    here.shop.place(1001, MUGS, language="de")
    await here.work()
    assert "Bestellung 1001" in subjects(here)[0]
    assert "Deutschland" in here.mailbox.to(ANNA)[0].text


async def test_a_return_is_told_step_by_step(here: Street):
    here.shop.place(1001, MUGS)
    here.ship(1001)
    here.deliver(1001)
    assert here.shop.do(RequestReturn("1001")).ok
    await here.work()
    assert here.shop.do(ReceiveReturn("R1001-1")).ok
    here.shop.clock.advance(minutes=1)
    await here.work()
    steps = [from_json(r["payload"]).get("status") for r in here.outbox("message.email")]
    assert steps[-2:] == ["approved", "received"]
    assert {state for _, state, _ in told(here)[-2:]} == {"done"}


async def test_two_boxes_of_a_return_counted_within_a_minute_are_one_message(here: Street):
    here.shop.place(1001, ("mug-red", 3))
    here.ship(1001)
    here.deliver(1001)
    assert here.shop.do(RequestReturn("1001", "mug-red", 3)).ok
    await here.work()
    before = len(subjects(here))
    for _ in range(2):
        assert here.shop.do(ReceiveReturn("R1001-1", lines=(CountedLine("mug-red", 1),))).ok
        here.shop.clock.advance(seconds=20)
        await here.work()
    assert len(subjects(here)) == before
    here.shop.clock.advance(seconds=21)
    await here.work()
    assert subjects(here)[before:] == ["Your return R1001-1 has arrived"]
    assert "2 × Mug-Red" in here.mailbox.to(ANNA)[-1].text
    joined = told(here)[-1]
    assert joined == ("return_status", "suppressed", "The message before it tells of both.")
    assert here.shop.do(ReceiveReturn("R1001-1", lines=(CountedLine("mug-red", 1),))).ok
    here.shop.clock.advance(seconds=61)
    await here.work()
    assert len(subjects(here)) == before + 2


async def test_other_money_that_goes_back_is_told_once_it_has_gone(here: Street):
    here.shop.place(1001, MUGS)
    await here.work()
    assert here.shop.do(RefundOrder("1001", reason="5.00 late parcel")).ok
    await here.work()
    assert told(here)[1:] == []
    assert here.shop.do(RecordOrderRefund("1001", "bank-7")).ok
    await here.work()
    assert told(here)[1:] == [("refund_status", "done", "")]
    text = here.mailbox.to(ANNA)[-1].text
    assert "€5.00 of order 1001" in text
    assert "late parcel" not in text  # the reason is the shop's own
    by_shop = RecordChannelRefund(SHOPIFY, "gid-1001", "r1", 500, "EUR", here.shop.clock())
    assert here.shop.do(by_shop, CHANNEL).ok
    await here.work()
    assert len(told(here)) == 2  # the shop has told it itself


async def test_one_payout_of_two_refunds_is_told_once_with_its_sum(here: Street):
    here.shop.place(1001, MUGS)
    await here.work()
    for reason in ("5.00 late parcel", "1.50 a scratch"):
        assert here.shop.do(RefundOrder("1001", reason=reason)).ok
    assert here.shop.do(RecordOrderRefund("1001", "bank-7")).ok
    await here.work()
    assert told(here)[1:] == [
        ("refund_status", "done", ""),
        ("refund_status", "suppressed", "The message before it tells of both."),
    ]
    assert "€6.50 of order 1001" in here.mailbox.to(ANNA)[-1].text
    assert here.shop.do(RefundOrder("1001", reason="2.00 more")).ok
    here.shop.clock.advance(minutes=1)
    assert here.shop.do(RecordOrderRefund("1001", "bank-7")).ok
    await here.work()
    assert "€2.00 of order 1001" in here.mailbox.to(ANNA)[-1].text


async def test_a_rejection_says_the_reason(here: Street):
    here.shop.engine.chore(
        lambda uow: uow.people.set_shop(settings={"policy": {"return_auto_approve_below": 1}}), SHOP
    )
    here.shop.place(1001, MUGS)
    here.ship(1001)
    here.deliver(1001)
    assert here.shop.do(RequestReturn("1001")).ok
    assert here.shop.do(RejectReturn("R1001-1", "The mugs were used.")).ok
    await here.work()
    assert "The mugs were used." in here.mailbox.to(ANNA)[-1].text


async def test_a_delay_is_told_with_the_new_date_or_with_none(here: Street):
    here.shop.place(1001, MUGS)
    await here.work()
    tell(here, 1001, e.PromiseChanged("2026-11-26", "2026-12-01", "carrier"))
    await here.work()
    tell(here, 1001, e.PromiseChanged("2026-12-01", None, "backordered"))
    await here.work()
    assert told(here)[1:] == [("delayed", "done", ""), ("delayed", "done", "")]


async def test_what_was_sent_is_kept_masked(here: Street):
    here.shop.place(1001, MUGS)
    await here.work()
    (row,) = here.outbox("message.email")
    kept = from_json(row["result"])
    assert "2 × Mug-Red" in kept["text"]
    assert "/track/•••" in kept["text"]
    assert ANNA not in row["payload"] + row["key"] + row["lane"]


# --- the no, each with its reason ----------------------------------------------------------------


async def test_a_label_is_no_reason_to_write(here: Street):
    here.shop.place(1001, MUGS)
    assert here.shop.do(LabelParcel("1001", "DHL", "00340434161094000000")).ok
    await here.work()
    assert [kind for kind, _, _ in told(here)] == ["order_confirmation"]


async def test_good_news_about_the_date_is_no_delay(here: Street):
    here.shop.place(1001, MUGS)
    tell(here, 1001, e.PromiseChanged("2026-11-26", "2026-11-25", "carrier"))
    await here.work()
    assert [kind for kind, _, _ in told(here)] == ["order_confirmation"]


@pytest.mark.parametrize("mode", ["watch", "staff"])
async def test_a_shop_that_is_not_live_writes_to_nobody(sqlite_database: str, mode: str):
    async with street(sqlite_database, mode=mode) as quiet:
        quiet.shop.place(1001, MUGS)
        await quiet.work()
        ((_, state, reason),) = told(quiet)
        assert state == "suppressed"
        assert "customers get no messages" in reason
        assert quiet.mailbox.mails == []


async def test_orders_from_before_going_live_never_send(here: Street):
    here.shop.place(1001, MUGS, placed_at=here.shop.clock() - timedelta(days=31))
    here.ship(1001)
    await here.work()
    assert {(state, reason) for _, state, reason in told(here)} == {
        ("suppressed", "The order was placed before the shop went live.")
    }


async def test_what_is_sold_over_the_till_is_not_written_about(here: Street):
    here.shop.place(1001, MUGS, handed_over=True, sold_at="HAM")
    await here.work()
    assert told(here) == [("order_confirmation", "suppressed", "It was sold over the till.")]


async def test_an_order_whose_channel_wants_no_messages_gets_none(here: Street):
    here.shop.place(1001, MUGS, sends_messages=False)
    await here.work()
    assert [state for _, state, _ in told(here)] == ["suppressed"]


async def test_what_the_channel_sends_itself_is_not_ours(here: Street):
    configure(here, SHOPIFY, {"ours": {"order_confirmation": False}})
    here.shop.place(1001, MUGS)
    here.ship(1001)
    await here.work()
    assert [(kind, state) for kind, state, _ in told(here)] == [
        ("order_confirmation", "suppressed"),
        ("shipped", "done"),
    ]


async def test_a_switched_off_kind_is_not_sent(here: Street):
    off = {"switches": {"order_confirmation": False}}
    here.shop.engine.chore(lambda uow: uow.people.set_shop(settings=off), SHOP)
    here.shop.place(1001, MUGS)
    await here.work()
    assert told(here)[0][1:] == ("suppressed", "The shop has switched order_confirmation off.")


async def test_who_has_no_address_is_not_written_to(here: Street):
    here.shop.place(1001, MUGS, email="")
    await here.work()
    assert here.outbox("message") == []


# --- out of date by the time it is sent ----------------------------------------------------------


async def test_shipped_is_not_said_after_delivered(here: Street):
    here.shop.place(1001, MUGS)
    await here.work()
    here.ship(1001)
    here.deliver(1001)
    await here.work()
    assert told(here)[1:] == [
        ("shipped", "suppressed", "The parcel was delivered meanwhile."),
        ("delivered", "done", ""),
    ]


async def test_a_canceled_order_is_not_confirmed_but_its_money_is_told_of(here: Street):
    here.shop.place(1001, MUGS)
    assert here.shop.do(CancelOrder("1001", "changed mind")).ok
    await here.work()
    confirmation = ("order_confirmation", "suppressed", "The order was canceled meanwhile.")
    assert told(here) == [confirmation, ("order_changed", "waiting", "")]
    here.shop.clock.advance(minutes=2)  # beyond the undo window
    await here.work()
    (mail,) = here.mailbox.to(ANNA)
    assert mail.subject == "Your order 1001 is canceled"
    assert "€39.80 goes back to you" in " ".join(mail.text.split())


async def test_canceled_units_are_told_once_they_cannot_come_back(here: Street):
    here.shop.place(1001, MUGS)
    await here.work()
    assert here.shop.do(CancelOrder("1001", "sold out", (Units("mug-red", 1),))).ok
    await here.work()
    assert told(here)[1:] == [("order_changed", "waiting", "")]
    here.shop.clock.advance(seconds=60)
    await here.work()
    mail = here.mailbox.to(ANNA)[-1]
    assert mail.subject == "Your order 1001 was changed"
    assert "Mug-Red: 1 instead of 2." in mail.text
    assert "€19.90 goes back to you" in mail.text


async def test_units_that_came_back_in_time_are_never_spoken_of(here: Street):
    here.shop.place(1001, MUGS)
    await here.work()
    here.shop.do(CancelOrder("1001", "sold out", (Units("mug-red", 1),)))
    await here.work()
    assert here.shop.do(UndoLast()).ok
    here.shop.clock.advance(minutes=5)
    await here.work()
    assert told(here)[1:] == [("order_changed", "suppressed", TAKEN_BACK)]
    assert len(here.mailbox.to(ANNA)) == 1


async def test_an_order_from_before_a_restore_is_not_confirmed_again(here: Street):
    """The backup does not know what was sent after it was made."""
    placed = here.shop.clock()
    here.shop.clock.advance(hours=1)
    here.shop.engine.chore(lambda uow: house.note_at(uow, house.RESTORED_AT, uow.now))
    here.shop.place(1001, MUGS, placed_at=placed)
    here.shop.clock.advance(minutes=1)
    here.shop.place(1002, MUGS)
    await here.work()
    assert [state for _, state, _ in told(here)] == ["suppressed", "done"]


async def test_an_old_step_of_a_return_is_not_told_after_a_newer_one(here: Street):
    here.shop.place(1001, MUGS)
    here.ship(1001)
    here.deliver(1001)
    assert here.shop.do(RequestReturn("1001")).ok
    assert here.shop.do(ReceiveReturn("R1001-1")).ok
    here.shop.clock.advance(minutes=1)
    await here.work()
    assert told(here)[-2:] == [
        ("return_status", "suppressed", "The return is received meanwhile."),
        ("return_status", "done", ""),
    ]


async def test_what_happened_days_ago_is_not_told_now(here: Street):
    here.shop.place(1001, MUGS)
    here.shop.clock.advance(days=3)
    await here.work()
    assert told(here)[0][1:] == ("suppressed", "It happened too long ago to be told now.")


# --- the anomalies -------------------------------------------------------------------------------


async def test_a_pause_holds_messages_and_loses_none(here: Street):
    here.shop.engine.chore(lambda uow: uow.people.set_shop(paused_at=1), SHOP)
    here.shop.place(1001, MUGS)
    await here.work()
    assert here.mailbox.mails == []
    here.shop.engine.chore(lambda uow: uow.people.set_shop(paused_at=None), SHOP)
    await here.work()
    assert len(subjects(here)) == 1


async def test_a_mail_server_that_says_later_gets_it_later(here: Street):
    here.mailbox.faults.script(Fault("RCPT", "status", status=451))
    here.shop.place(1001, MUGS)
    await here.work()
    assert told(here)[0][1] == "waiting"
    here.shop.clock.advance(minutes=1)
    await here.work()
    assert len(subjects(here)) == 1


async def test_a_mail_of_which_nobody_knows_whether_it_left_goes_again_and_says_so(here: Street):
    here.mailbox.faults.script(Fault("MESSAGE", "accept_then_drop"))
    here.shop.place(1001, MUGS)
    await here.work()
    here.shop.clock.advance(minutes=5)
    await here.work()
    first, again = here.mailbox.to(ANNA)
    assert first.headers["Message-ID"] == again.headers["Message-ID"]
    (row,) = here.outbox("message.email")
    assert (row["state"], from_json(row["result"])["sent_again"]) == ("done", True)


async def test_a_dead_mailbox_is_not_written_to_again(here: Street):
    here.mailbox.unknown.add(ANNA)
    here.shop.place(1001, MUGS)
    await here.work()
    here.ship(1001)
    await here.work()
    assert [state for _, state, _ in told(here)] == ["dead", "suppressed"]
    assert told(here)[1][2] == "The customer gets nothing by email."


async def test_the_same_fact_planned_again_is_one_message(here: Street):
    here.shop.place(1001, MUGS)
    await here.work()
    again = Statement(t.event.update().values(position=None))
    here.shop.engine.chore(lambda uow: uow.session.run(again))
    await here.work()
    assert len(told(here)) == 1
    assert len(subjects(here)) == 1


# --- cases ---------------------------------------------------------------------------------------


def open_case(here: Street, group: bool = False) -> int:
    def work(uow: UnitOfWork) -> int:
        first = uow.cases.open(Finding(CaseKind.STORM, "storm:1", "Many orders are stuck."))
        group_id = first.id if group else None
        finding = Finding(CaseKind.STUCK, "work:1", "An order is stuck.")
        return uow.cases.open(finding, group_id).number

    return here.shop.engine.chore(work, SHOP)


async def test_a_case_is_a_card_and_each_change_of_it_too(here: Street):
    number = open_case(here)
    await here.work()
    assert len(here.outbox("slack.card")) == 2
    assert here.shop.do(TakeCase(number), staff(Role.LEAD)).ok
    assert here.shop.do(ResolveCase(number, "it left"), staff(Role.LEAD)).ok
    await here.work()
    (case,) = here.shop.rows(t.cases, number=number)
    cards = [r for r in here.outbox("slack.card") if r["lane"] == f"slack:case:{case['id']}"]
    assert [from_json(r["payload"]) for r in cards] == [{"subject": f"case:{case['id']}"}] * 3


async def test_one_card_speaks_for_a_whole_storm(here: Street):
    open_case(here, group=True)
    await here.work()
    assert len(here.outbox("slack.card")) == 1


async def test_without_slack_the_shop_is_written_to_even_when_it_only_watches(sqlite_database: str):
    async with street(sqlite_database, mode="watch", slack=False) as quiet:
        open_case(quiet)
        await quiet.work()
        assert "An order is stuck." in subjects(quiet, "hello@nordlicht.example")[-1]


# --- without Slack, the shop's own mailbox is told ------------------------------------------------

SHOP_MAIL = "hello@nordlicht.example"


@pytest.fixture(params=["watch", "live"])
async def quiet(database: str, request: pytest.FixtureRequest) -> AsyncIterator[Street]:
    """A shop without Slack; watch mode keeps nothing from its own staff."""
    async with street(database, mode=request.param, slack=False) as street_:
        yield street_


def alerts(here: Street) -> list[tuple[str, str]]:
    rows = here.outbox("message.email")
    return [(r["state"], r["reason"]) for r in rows if "case_alert" in r["payload"]]


async def test_a_stuck_order_is_told_by_e_mail_once(quiet: Street):
    quiet.shop.place(1001, MUGS)
    quiet.shop.clock.advance(days=1)
    for _ in range(2):
        assert quiet.shop.do(ScanForCases(CaseKind.STUCK), CHANNEL).ok
        await quiet.work()
    (mail,) = quiet.mailbox.to(SHOP_MAIL)
    assert mail.subject == f"[Nordlicht] {quiet.shop.rows(t.cases)[0]['title']}"
    assert "1001" in mail.text
    assert quiet.outbox("slack.") == []


async def test_what_closed_before_its_mail_left_is_not_told(quiet: Street):
    number = open_case(quiet)
    assert quiet.shop.do(ResolveCase(number, "it left"), staff(Role.LEAD)).ok
    await quiet.work()
    assert [mail.subject for mail in quiet.mailbox.to(SHOP_MAIL)] == [
        "[Nordlicht] Many orders are stuck."
    ]
    assert ("suppressed", "The case is closed already.") in alerts(quiet)


async def test_one_mail_speaks_for_a_whole_storm(quiet: Street):
    open_case(quiet, group=True)
    await quiet.work()
    assert len(quiet.mailbox.to(SHOP_MAIL)) == 1


async def test_alerts_may_be_switched_off_and_say_so(quiet: Street):
    quiet.shop.do(SetSwitch("case_alert", "off"), staff(Role.OWNER))
    open_case(quiet)
    await quiet.work()
    assert quiet.mailbox.mails == []
    assert {state for state, _ in alerts(quiet)} == {"suppressed"}
    assert all("switched case_alert off" in reason for _, reason in alerts(quiet))


async def test_a_shop_without_an_address_has_its_cases_all_the_same(quiet: Street):
    quiet.shop.engine.chore(lambda uow: uow.people.set_shop(email=""), SHOP)
    open_case(quiet)
    await quiet.work()
    assert (quiet.mailbox.mails, alerts(quiet)) == ([], [])
    assert len(quiet.shop.rows(t.cases)) == 2


# --- edits ----------------------------------------------------------------------------------------


def kinds(here: Street) -> list[str]:
    return [kind for kind, _, _ in told(here)]


async def test_a_confirmed_edit_is_told_with_what_is_asked_for(here: Street) -> None:
    here.shop.place(1001, MUGS)
    here.shop.do(EditOrder("1001", "mug-red 3; add sock-grey 1"))
    await here.work()
    assert kinds(here) == ["order_confirmation"]  # nothing is told of what may still be discarded
    here.shop.do(ConfirmEdit("1001"))
    here.shop.clock.advance(minutes=2)  # beyond the undo window
    await here.work()
    assert kinds(here) == ["order_confirmation", "order_changed"]
    (mail,) = [m for m in here.mailbox.to(ANNA) if "changed" in m.subject]
    assert "Mug-Red: 3 instead of 2. 1 × Sock-Grey added." in " ".join(mail.text.split())
    assert "€39.80 is still to be paid, and we have charged nothing" in " ".join(mail.text.split())


async def test_a_note_for_ourselves_is_told_to_nobody(here: Street) -> None:
    here.shop.place(1001, MUGS)
    here.shop.do(EditOrder("1001", "note ring twice"))
    here.shop.do(ConfirmEdit("1001"))
    here.shop.clock.advance(minutes=2)
    await here.work()
    assert kinds(here) == ["order_confirmation"]


async def test_an_edit_that_was_taken_back_is_never_told(here: Street) -> None:
    here.shop.place(1001, MUGS)
    here.shop.do(EditOrder("1001", "mug-red 1"))
    here.shop.do(ConfirmEdit("1001"))
    assert here.shop.do(UndoLast()).ok
    here.shop.clock.advance(minutes=2)
    await here.work()
    assert [m.subject for m in here.mailbox.to(ANNA) if "changed" in m.subject] == []


async def test_a_question_of_the_staff_reaches_the_customer_once(here: Street) -> None:
    here.shop.place(1001, MUGS)
    here.shop.do(AskCustomer("1001", About.ORDER, "Is it a gift?"))
    await here.work()
    assert kinds(here) == ["order_confirmation", "question"]
    (mail,) = [m for m in here.mailbox.to(ANNA) if "question" in m.subject]
    assert "Is it a gift?" in mail.text
    assert "keep your goods" not in mail.text  # it is on no hold
