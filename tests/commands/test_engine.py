"""The engine's own promises: repeats, stale versions, deliveries kept, bugs that lose nothing."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import pytest

from core import registry
from core.commands.fulfillment import ShipWork
from core.commands.holds import HoldOrder
from core.commands.orders import NoteOrder, TagOrder
from core.commands.scans import ScanForCases
from core.commands.tracking import DeliverParcel
from core.db import audit, inbox
from core.db import tables as t
from core.db.inbox import Delivery
from core.db.unit_of_work import UnitOfWork
from core.domain.access import Right, system
from core.domain.cases import CaseKind
from core.domain.holds import HoldReason
from core.engine import Caller, Unreadable
from core.queries.orders import ShowOrder
from core.registry import Done
from tests.shop import BER, CHANNEL, SHOP, SHOPIFY, Shop, make_shop, staff


@pytest.fixture
def shop(database: str) -> Iterator[Shop]:
    shop = make_shop(database)
    yield shop
    shop.close()


def delivered(delivery_id: str, event_id: str | None = None, **more: object) -> Caller:
    return replace(
        CHANNEL,
        delivery=Delivery(SHOPIFY, "orders/create", delivery_id, b"{}", event_id, **more),  # type: ignore[arg-type]
    )


def test_a_repeated_key_gets_the_first_answer_and_acts_once(shop: Shop) -> None:
    shop.place(1001, ("mug-red", 1))
    caller = replace(staff(), key="k1")
    first = shop.do(NoteOrder("1001", "ring twice"), caller)
    second = shop.do(NoteOrder("1001", "ring twice"), caller)
    assert second.repeated
    assert replace(second, repeated=False) == first
    assert shop.ask(ShowOrder("1001")).version == 2


def test_a_key_belongs_to_its_person_and_its_words(shop: Shop) -> None:
    shop.place(1001, ("mug-red", 1))
    shop.do(NoteOrder("1001", "ring twice"), replace(staff(), key="k1"))
    other = shop.do(NoteOrder("1001", "knock"), replace(staff(), key="k1"))
    assert other.code == "key_reused"
    bob = replace(staff(name="Bob"), key="k1")
    assert not shop.do(NoteOrder("1001", "ring twice"), bob).repeated


def test_a_refusal_leaves_the_key_free(shop: Shop) -> None:
    caller = replace(staff(), key="k1")
    assert shop.do(HoldOrder("1001"), caller).code == "not_found"
    shop.place(1001, ("mug-red", 1))
    assert shop.do(HoldOrder("1001"), caller).ok


def test_a_stale_version_is_refused(shop: Shop) -> None:
    shop.place(1001, ("mug-red", 1))
    seen = replace(staff(), version=1)
    assert shop.do(NoteOrder("1001", "a"), seen).ok
    receipt = shop.do(NoteOrder("1001", "b"), seen)
    assert receipt.code == "stale"
    assert shop.ask(ShowOrder("1001")).version == 2


def test_the_same_delivery_is_answered_the_same_and_done_once(shop: Shop) -> None:
    order = shop.order(1001, ("mug-red", 1))
    first = shop.do(order, delivered("d1", "e1"))
    again = shop.do(order, delivered("d1", "e1"))
    same_event = shop.do(order, delivered("d2", "e1"))
    assert again.repeated
    assert same_event.repeated
    assert again.command_id == same_event.command_id == first.command_id
    assert len(shop.rows(t.inbox)) == 1
    assert len(shop.rows(t.event)) == 3


def test_many_of_one_delivery_at_once_are_one(shop: Shop) -> None:
    order = shop.order(1001, ("mug-red", 1))
    barrier = threading.Barrier(8)

    def send(_: int) -> bool:
        barrier.wait()
        return shop.do(order, delivered("d1", "e1")).repeated

    with ThreadPoolExecutor(8) as pool:
        repeated = list(pool.map(send, range(8)))
    assert repeated.count(False) == 1
    assert len(shop.rows(t.orders)) == len(shop.rows(t.inbox)) == 1


def test_a_refused_delivery_keeps_its_answer(shop: Shop) -> None:
    bad = replace(shop.order(1001, ("mug-red", 1)), currency="EURO")
    first = shop.do(bad, delivered("d1"))
    again = shop.do(bad, delivered("d1"))
    assert (first.outcome, again.outcome, again.repeated) == ("refused", "refused", True)
    assert (len(shop.rows(t.inbox)), len(shop.rows(t.cases))) == (1, 1)


def test_a_machines_word_that_cannot_be_applied_is_a_dead_letter_with_a_case(shop: Shop) -> None:
    bad = replace(shop.order(1001, ("mug-red", 1)), currency="EURO")
    receipt = shop.do(bad, delivered("d1"))
    (row,), (case,) = shop.rows(t.inbox), shop.rows(t.cases)
    assert (receipt.outcome, row["state"], row["due_at"]) == ("refused", "dead", None)
    assert (case["kind"], case["title"]) == (
        "dead_letter",
        "A orders/create message could not be applied.",
    )
    assert "EURO" in case["facts"]
    assert shop.do(ScanForCases(CaseKind.DEAD_LETTER), CHANNEL).ok
    assert [case["state"] for case in shop.rows(t.cases)] == ["open"]


def test_what_is_so_already_or_refused_to_a_person_is_no_dead_letter(shop: Shop) -> None:
    shop.place(1001, ("mug-red", 1))
    for step in (ShipWork("1001"), DeliverParcel("1001")):
        assert shop.do(step).ok
    channel = shop.do(DeliverParcel("1001"), delivered("d1"))
    person = shop.do(HoldOrder("1001"), replace(staff(), delivery=delivered("d2").delivery))
    assert (channel.code, person.outcome) == ("already", "refused")
    assert [row["state"] for row in shop.rows(t.inbox)] == ["refused", "refused"]
    assert shop.rows(t.cases) == []


def test_an_unreadable_delivery_is_kept_retried_and_ends_as_a_case(shop: Shop) -> None:
    receipt = shop.do(Unreadable("no json"), delivered("d1"))
    assert receipt.outcome == "deferred"
    row = shop.rows(t.inbox)[0]
    assert (row["state"], bytes(row["raw"])) == ("retry", b"{}")
    for _ in range(inbox.ATTEMPTS_MAX - 1):
        found = shop.engine.read(lambda s: inbox.load(s, row["id"]))
        assert found is not None
        shop.do(Unreadable("no json"), replace(CHANNEL, delivery=found[1]))
    assert shop.rows(t.inbox)[0]["state"] == "dead"
    assert [case["kind"] for case in shop.rows(t.cases)] == ["dead_letter"]


@dataclass(frozen=True, slots=True)
class Stumble:
    """Change something, then meet a bug."""

    order: str


@registry.command("stumble", Stumble, Right.MACHINERY, in_chat=False)
def _stumble(ask: Stumble, uow: UnitOfWork) -> Done:
    uow.orders.save(uow.orders.get(ask.order).tag("half-done"))
    raise ZeroDivisionError("a bug of ours")


def test_a_bug_changes_nothing_and_says_a_reference(shop: Shop) -> None:
    shop.place(1001, ("mug-red", 1))
    receipt = shop.do(Stumble("1001"), CHANNEL)
    assert receipt.outcome == "failed"
    assert str(receipt.command_id) in receipt.next
    assert shop.ask(ShowOrder("1001")).tags == ()


def test_a_bug_behind_a_delivery_keeps_it_for_another_try(shop: Shop) -> None:
    shop.place(1001, ("mug-red", 1))
    assert shop.do(Stumble("1001"), delivered("d9")).outcome == "deferred"
    assert [row["state"] for row in shop.rows(t.inbox)] == ["retry"]


def test_neighbours_in_a_batch_do_not_suffer_from_a_bug(shop: Shop) -> None:
    for number in range(20):
        shop.place(number, ("sock-grey", 1), email=f"c{number}@example.org")
    asked = [Stumble(str(n)) if n % 3 == 0 else TagOrder(str(n), "vip") for n in range(20)]
    futures = [shop.engine.submit(command, CHANNEL) for command in asked]
    outcomes = [future.result().outcome for future in futures]
    assert outcomes == ["failed" if n % 3 == 0 else "done" for n in range(20)]
    tagged = [shop.ask(ShowOrder(str(n))).tags for n in range(20)]
    assert tagged == [() if n % 3 == 0 else ("vip",) for n in range(20)]


def test_refusals_in_a_batch_do_not_take_earlier_captures_with_them(sqlite_database: str) -> None:
    """New rows wait for their batch: a refusal that reads in between must not lose them."""
    shop = make_shop(sqlite_database)
    futures = []
    for number in range(30):
        order = shop.order(number, ("sock-grey", 1), email=f"c{number}@example.org")
        futures.append(shop.engine.submit(order, CHANNEL))
        futures.append(shop.engine.submit(HoldOrder("no-such-order"), staff()))
        futures.append(shop.engine.submit(HoldOrder(str(number), HoldReason.FRAUD), staff()))
    outcomes = [future.result().outcome for future in futures]
    assert outcomes == ["done", "refused", "done"] * 30
    assert len(shop.rows(t.orders)) == len(shop.rows(t.hold)) == 30
    shop.close()


def test_the_last_unit_is_promised_once(database: str) -> None:
    """Sixteen clients want sixty units where there are fifty: exactly fifty are promised."""
    shop = make_shop(database, stock=25)
    orders = [
        shop.order(n, ("mug-red", 1), ("mug-red", 1), email=f"c{n}@example.org") for n in range(60)
    ]
    with ThreadPoolExecutor(16) as pool:
        receipts = list(pool.map(lambda order: shop.do(order, CHANNEL), orders))
    assert all(receipt.ok for receipt in receipts)
    levels = shop.rows(t.stock_level, sku="mug-red")
    assert [(row["on_hand"], row["reserved"]) for row in levels] == [(25, 25), (25, 25)]
    lines = shop.rows(t.order_line)
    assert sum(line["allocated"] for line in lines) == 50
    assert sum(line["backordered"] for line in lines) == 70
    shop.close()


def test_every_change_has_one_audit_row_and_the_chain_holds(shop: Shop) -> None:
    shop.place(1001, ("mug-red", 1))
    shop.do(HoldOrder("1001"))
    shop.do(NoteOrder("1001", "x"))
    order = shop.rows(t.orders)[0]
    rows = shop.rows(t.audit, order_id=order["id"])
    assert [row["version"] for row in rows] == [1, 2, 3]
    assert shop.engine.read(lambda s: audit.broken_link(s, order["id"])) is None


def test_the_ledgers_cannot_be_rewritten(shop: Shop) -> None:
    shop.place(1001, ("mug-red", 1))
    for sql in ("DELETE FROM stock_move", "UPDATE audit SET actor = 'nobody'"):
        receipt_of = shop.engine.database.engine
        with pytest.raises(Exception, match="append-only"), receipt_of.begin() as connection:
            connection.exec_driver_sql(sql)


def test_a_level_is_the_sum_of_its_moves(shop: Shop) -> None:
    shop.place(1001, ("mug-red", 2))
    moves = shop.rows(t.stock_move, sku="mug-red", location_id=BER)
    found = shop.rows(t.stock_level, sku="mug-red", location_id=BER)[0]
    assert sum(m["on_hand"] for m in moves) == found["on_hand"]
    assert sum(m["reserved"] for m in moves) == found["reserved"]


def test_the_house_itself_may_do_everything(shop: Shop) -> None:
    assert all(system(SHOP).may(right) for right in Right)


@pytest.mark.parametrize("end", [SystemExit, KeyboardInterrupt, GeneratorExit])
def test_what_would_end_a_thread_ends_its_own_command_only(
    shop: Shop, end: type[BaseException]
) -> None:
    def leave(uow: UnitOfWork) -> None:
        uow.people.set_shop(email="nobody@example.org")
        raise end

    with pytest.raises(RuntimeError, match=f"ended with {end.__name__}"):
        shop.engine.chore(leave, SHOP)
    assert shop.place(1001, ("mug-red", 1)).ok
    assert shop.rows(t.shop)[0]["email"] == "hello@nordlicht.example"
