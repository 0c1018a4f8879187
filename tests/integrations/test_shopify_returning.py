"""Returns told to the store: made, counted in and closed there; its echo changes nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from bot.sandbox.shop.acts import fulfill_in_admin
from bot.sandbox.shop.returning import Returns
from bot.sandbox.shop.wire import Fault
from core.commands.receiving import CountedLine, ReceiveReturn
from core.commands.return_decisions import ApproveReturn, CancelReturn, RejectReturn
from core.commands.returns import RequestReturn
from core.commands.setup import SetPolicy
from core.commands.telling_returns import plan_return
from core.commands.tracking import DeliverParcel
from core.db import tables as t
from core.domain.access import Role
from core.domain.returning.dispositions import Disposition
from core.domain.returns import ReturnReason
from core.integrations.channels.shopify import effects
from core.worker import Duties, Worker
from tests.shop import SHOP, SHOPIFY, staff
from tests.shopify import Town, make_town

pytestmark = pytest.mark.anyio


@pytest.fixture
async def town(database: str) -> AsyncIterator[Town]:
    town = make_town(database)
    yield town
    await town.close()


async def sent(town: Town, lines: dict[str, int]) -> Any:
    """An order that the store has sent and that has arrived."""
    theirs = town.buy(lines)
    fulfill_in_admin(town.store, theirs.number, tracking="00340434161094000001")
    await town.bring()
    assert town.shop.do(DeliverParcel(str(theirs.number))).ok
    return theirs


async def work(town: Town) -> None:
    town.shop.clock.advance(minutes=2)
    duties = Duties(effects.executors(town.access), plan_return, lambda _session, delivery: None)
    await Worker(town.shop.engine, duties).until_idle()


def returns(town: Town) -> list[tuple[str, list[int]]]:
    return [(one.status, [x.quantity for x in one.lines]) for one in town.store.returns]


def calls(town: Town, name: str) -> int:
    return len(town.store.transcript.of(name))


async def test_a_return_from_its_beginning_to_its_end_is_the_same_there(town: Town):
    theirs = await sent(town, {"mug-red": 3, "mug-blue": 1})
    number = str(theirs.number)
    on_hand = town.store.stock("mug-red", "BER").on_hand
    ask = RequestReturn(number, "mug-red", 2, reason=ReturnReason.SIZE_TOO_SMALL, note="too small")
    assert town.shop.do(ask).facts["status"] == "approved"
    assert returns(town) == []
    await work(town)
    (there,) = town.store.returns
    (line,) = there.lines
    assert (there.status, line.quantity, line.reason) == ("OPEN", 2, "SIZE_TOO_SMALL")
    assert line.note == f"wismo R{number}-1 too small"
    (rma,) = town.shop.rows(t.rma)
    assert rma["external_id"] == str(there.id)

    await town.bring()  # its echo
    assert len(town.shop.rows(t.rma)) == 1

    counted = (
        CountedLine("mug-red", 1, disposition=Disposition.QUARANTINE),
        CountedLine("mug-red", 1, disposition=Disposition.MISSING),
    )
    assert town.shop.do(ReceiveReturn(f"R{number}-1", "BER", lines=counted)).ok
    await work(town)
    assert sorted(line.disposed) == [("MISSING", 1), ("NOT_RESTOCKED", 1)]
    assert there.status == "CLOSED"
    assert town.store.stock("mug-red", "BER").on_hand == on_hand, "the stock is told apart"
    assert calls(town, "returnCreate") == calls(town, "returnClose") == 1
    assert [x["state"] for x in town.shop.rows(t.outbox, kind="shopify.return")] == ["done"] * 3


@pytest.mark.parametrize("name", ["returnCreate", "reverseFulfillmentOrderDispose", "returnClose"])
async def test_an_answer_that_never_came_is_looked_up_and_not_repeated(town: Town, name: str):
    theirs = await sent(town, {"mug-red": 2})
    number = f"R{theirs.number}-1"
    town.store.faults.script(Fault(name, "accept_then_drop"))
    town.shop.do(RequestReturn(str(theirs.number), "mug-red", 1))
    await town.bring()
    town.shop.do(ReceiveReturn(number, "BER"))
    await work(town)
    town.shop.clock.advance(hours=1)
    await work(town)
    await town.bring()  # the echoes come late
    assert returns(town) == [("CLOSED", [1])]
    assert town.store.returns[0].lines[0].disposed == [("NOT_RESTOCKED", 1)]
    assert calls(town, name) == 1
    assert len(town.shop.rows(t.rma)) == 1
    (rma,) = town.shop.rows(t.rma)
    assert rma["external_id"] == str(town.store.returns[0].id)


async def test_an_echo_before_the_answer_is_known_by_the_number_in_its_note(town: Town):
    theirs = await sent(town, {"mug-red": 2})
    town.store.faults.script(Fault("returnCreate", "accept_then_drop"))
    town.shop.do(RequestReturn(str(theirs.number), "mug-red", 1))
    duties = Duties(effects.executors(town.access), plan_return, lambda _s, _d: None)
    town.shop.clock.advance(minutes=2)
    await Worker(town.shop.engine, duties).step()
    assert town.shop.rows(t.rma)[0]["external_id"] is None
    await town.bring()
    (rma,) = town.shop.rows(t.rma)
    assert rma["external_id"] == str(town.store.returns[0].id)


async def test_a_request_of_the_shops_customer_is_decided_here_and_told_there(town: Town):
    assert town.shop.do(SetPolicy("return_auto_approve_below", "1"), staff(Role.OWNER)).ok
    theirs = await sent(town, {"mug-red": 3})
    shelf = Returns(town.store)
    yes, no = shelf.ask(theirs.number, {"mug-red": 1}), shelf.ask(theirs.number, {"mug-red": 1})
    ended = shelf.ask(theirs.number, {"mug-red": 1})
    await town.bring()
    numbers = [f"R{theirs.number}-{n}" for n in (1, 2, 3)]
    assert town.shop.do(ApproveReturn(numbers[0])).ok
    assert town.shop.do(RejectReturn(numbers[1], "It was worn.")).ok
    assert town.shop.do(CancelReturn(numbers[2])).ok
    await work(town)
    assert (yes.status, no.status, ended.status) == ("OPEN", "DECLINED", "DECLINED")
    assert no.decline == ("OTHER", "It was worn.")
    await town.bring()
    assert [row["status"] for row in town.shop.rows(t.rma)] == ["approved", "rejected", "canceled"]

    assert town.shop.do(CancelReturn(numbers[0])).ok
    assert town.shop.do(ApproveReturn(numbers[1], "goodwill")).ok
    await work(town)
    assert yes.status == "CANCELED"
    assert [one.status for one in town.store.returns] == [
        "CANCELED",
        "DECLINED",
        "DECLINED",
        "OPEN",
    ]
    assert len(town.shop.rows(t.rma)) == 3


async def test_a_no_of_the_store_waits_for_a_person_and_a_store_may_be_left_alone(town: Town):
    theirs = await sent(town, {"mug-red": 2})
    shelf = Returns(town.store)
    shelf.decide(
        shelf.ask(theirs.number, {"mug-red": 2}, delivery="dropped").name, "approve", "dropped"
    )
    town.shop.do(RequestReturn(str(theirs.number), "mug-red", 1))
    await work(town)
    (row,) = town.shop.rows(t.outbox, kind="shopify.return")
    assert (row["state"], "cannot come back there" in row["reason"]) == ("dead", True)
    assert "in its admin" in row["reason"]
    town.shop.engine.chore(_leave_alone, SHOP)
    town.shop.do(RequestReturn(str(theirs.number), "mug-red", 1))
    await work(town)
    assert len(town.shop.rows(t.outbox, kind="shopify.return")) == 1


def _leave_alone(uow: Any) -> None:
    (row,) = [c for c in uow.shop.connections.values() if c.id == SHOPIFY]
    uow.people.put(t.connection, {"id": SHOPIFY}, {"config": {**row.config, "returns": "no"}})
    uow.forget_shop()
