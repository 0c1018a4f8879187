"""What the machine, the races and a careful reading have found once: never again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest

from core import registry
from core.commands.fulfillment import PickWork, PutBack, ShipWork
from core.commands.orders import CancelOrder, MoveOrder
from core.commands.outside import RecordChannelRefund
from core.commands.receiving import ReceiveReturn
from core.commands.returns import RequestReturn
from core.commands.scans import ScanForCases
from core.commands.shipping import FulfilledLine, RecordFulfillment
from core.commands.tracking import DeliverParcel
from core.db import tables as t
from core.db.inbox import Delivery
from core.db.unit_of_work import UnitOfWork
from core.domain.access import Right, Role
from core.domain.cases import CaseKind, Finding
from core.domain.fulfillment import Stage
from core.domain.refusals import Conflict, NotPossible
from core.domain.stock import Move, Short, StockMove
from core.engine import Unreadable
from core.registry import Done
from tests.shop import BER, CHANNEL, HAM, SHOP, SHOPIFY, Shop, make_shop, staff
from tests.stateful.crowd import MANY


@pytest.fixture
def shop(database: str) -> Iterator[Shop]:
    made = make_shop(database)
    yield made
    made.close()


def reserved(shop: Shop, sku: str) -> int:
    return sum(row["reserved"] for row in shop.rows(t.stock_level, sku=sku))


def open_kinds(shop: Shop) -> list[str]:
    return [row["kind"] for row in shop.rows(t.cases) if row["state"] != "resolved"]


# --- stock ---------------------------------------------------------------------------------------


def test_moves_of_which_one_is_short_leave_no_level_touched(shop: Shop) -> None:
    def both(uow):
        moves = [
            StockMove(Move.RESERVE, "mug-red", BER, 1),
            StockMove(Move.SELL, "tee-black-m", BER, 99),
        ]
        with pytest.raises(Short):
            uow.stock.move(moves)

    shop.engine.chore(both, SHOP)
    assert reserved(shop, "mug-red") == 0


def test_a_till_sale_with_one_sku_twice_above_the_book_is_one_case(shop: Shop) -> None:
    lines = (("mug-red", 8), ("mug-red", 7))
    assert shop.place(1, *lines, handed_over=True, sold_at="HAM").ok
    (case,) = shop.rows(t.cases, kind="till_above_book")
    assert "15 × mug-red; the book was 5 short" in case["title"]


def test_units_of_a_canceled_order_go_to_who_waits_longest(shop: Shop) -> None:
    shop.place(1, ("mug-red", 20))
    shop.place(2, ("mug-red", 3))
    assert open_kinds(shop) == ["short"]
    assert shop.do(CancelOrder("1")).ok
    assert open_kinds(shop) == ["refund_task"]
    shop.place(3, ("mug-red", 18))
    assert [row["backordered"] for row in shop.rows(t.order_line)] == [0, 0, 1]


def test_a_store_may_receive_what_an_order_of_others_waits_for(shop: Shop) -> None:
    """The waiting order is not theirs to see, but it is served."""
    hamburg = staff(Role.STORE, "Hilde", locations=("HAM",))
    shop.place(1, ("mug-red", 20))
    shop.do(ShipWork("1", location="BER"))
    shop.do(ShipWork("1", location="HAM"))
    shop.do(DeliverParcel("1"))
    shop.do(RequestReturn("1", "mug-red", 1))
    shop.do(RequestReturn("1", "mug-red", 2))
    shop.place(2, ("mug-red", 3))
    assert shop.do(ReceiveReturn("R1-1", "HAM"), hamburg).ok
    assert shop.rows(t.order_line, sku="mug-red")[1]["backordered"] == 2


def test_an_edit_that_ends_a_shortage_closes_its_case(shop: Shop) -> None:
    shop.place(1, ("mug-red", 25))
    assert open_kinds(shop) == ["short"]
    shop.do(shop.order(1, ("mug-red", 20)), CHANNEL)
    assert open_kinds(shop) == []


def test_a_parcel_of_the_shop_that_ends_a_shortage_closes_its_case(shop: Shop) -> None:
    shop.place(1, ("mug-red", 21))
    gone = RecordFulfillment(
        SHOPIFY, "gid-1", "f1", (FulfilledLine("1-1", 21),), shop.clock(), location=str(7000 + HAM)
    )
    assert shop.do(gone, CHANNEL).ok
    assert "short" not in open_kinds(shop)


# --- orders --------------------------------------------------------------------------------------


def test_an_order_with_an_unknown_sku_can_be_moved(shop: Shop) -> None:
    shop.place(1, ("mug-red", 1), ("ghost", 1))
    assert shop.do(MoveOrder("1", "HAM")).ok


def test_goods_are_put_back_to_an_open_stage_only(shop: Shop) -> None:
    shop.place(1, ("mug-red", 1))
    shop.do(PickWork("1"))
    for stage in (Stage.CANCELED, Stage.SHIPPED, Stage.PICKED):
        assert shop.do(PutBack("1", to=stage)).code == "not_possible"
    assert shop.do(PutBack("1", to=Stage.PRINTED)).ok


def test_a_number_that_three_channels_use_is_told_apart(shop: Shop) -> None:
    for n in range(3):
        order = replace(shop.order(1001, ("mug-red", 1)), external_id=f"other-{n}")
        assert shop.do(order, CHANNEL).ok
    assert [row["number"] for row in shop.rows(t.orders)] == ["1001", "NORD-1001", "NORD-1001-2"]


def test_a_seen_version_is_that_of_the_order_and_not_of_those_it_serves(shop: Shop) -> None:
    shop.place(1, ("mug-red", 20))
    shop.place(2, ("mug-red", 1))
    shop.do(MoveOrder("2", "BER"))
    assert shop.do(CancelOrder("1"), replace(staff(), version=1)).ok
    assert shop.rows(t.orders, number="2")[0]["version"] == 2


# --- money ---------------------------------------------------------------------------------------


def test_a_canceled_order_that_is_refunded_beside_what_is_due_is_news(shop: Shop) -> None:
    """One mug left, came back and is to be paid; then the shop pays everything for both."""
    shop.place(1, ("mug-red", 1), ("sock-grey", 25))
    shop.do(ShipWork("1", location="BER"))
    shop.do(DeliverParcel("1"))
    shop.do(RequestReturn("1", "mug-red"))
    shop.do(ReceiveReturn("R1-1", "BER"))
    shop.do(replace(shop.order(1, ("mug-red", 1)), canceled_at=shop.clock()), CHANNEL)
    everything = RecordChannelRefund(SHOPIFY, "gid-1", "r1", 26 * 1990, "EUR", shop.clock())
    assert shop.do(everything, CHANNEL).ok
    assert "outside_refund" in open_kinds(shop)


def test_a_line_that_grew_after_it_shrank_costs_what_all_its_units_cost(shop: Shop) -> None:
    """Three, then two, then four mugs: five were ordered and one was removed."""
    for quantity in (3, 2, 4):
        assert shop.do(shop.order(1, ("mug-red", quantity)), CHANNEL).ok
    (line,) = shop.rows(t.order_line)
    assert (line["ordered"], line["canceled"], line["total"]) == (5, 1, 5 * 1990)


# --- the machine room ----------------------------------------------------------------------------


def test_a_scan_leaves_alone_what_only_a_person_can_end(shop: Shop) -> None:
    finding = Finding(CaseKind.DELIVERY_DEAD, "event:7", "No message could be made.")
    shop.engine.chore(lambda uow: uow.cases.open(finding), SHOP)
    assert shop.do(ScanForCases(CaseKind.DELIVERY_DEAD), CHANNEL).facts["closed"] == 0
    assert open_kinds(shop) == ["delivery_dead"]


def test_what_a_refused_command_saw_of_the_shop_is_forgotten(sqlite_database: str) -> None:
    """A change of policy that is taken back decides nothing for the next command of its batch."""
    shop = make_shop(sqlite_database)
    wishes = [Sway("5"), AskPolicy(), Sway("7"), AskPolicy()] * 4
    futures = [shop.engine.submit(wish, CHANNEL) for wish in wishes]
    seen = {future.result().facts.get("storm_size") for future in futures[1::2]}
    assert seen == {shop.engine.chore(lambda uow: uow.shop.policy["storm_size"], SHOP)} == {5}
    shop.close()


@dataclass(frozen=True, slots=True)
class Sway:
    """Change a policy, look at it, and meet a refusal."""

    size: str


@registry.command("sway", Sway, Right.MACHINERY, in_chat=False)
def _sway(ask: Sway, uow: UnitOfWork) -> Done:
    uow.people.set_shop(settings={"policy": {"storm_size": 10 + int(ask.size)}})
    raise NotPossible(f"It is {uow.shop.policy['storm_size']} now, and that is no good.")


@dataclass(frozen=True, slots=True)
class AskPolicy:
    """Say what the policy is."""


@registry.command("ask policy", AskPolicy, Right.MACHINERY, in_chat=False)
def _ask_policy(_: AskPolicy, uow: UnitOfWork) -> Done:
    return Done("So it is.", {"storm_size": uow.shop.policy["storm_size"]})


@dataclass(frozen=True, slots=True)
class Collide:
    """Meet somebody else's change."""


@registry.command("collide", Collide, Right.MACHINERY, in_chat=False)
def _collide(_: Collide, _uow: UnitOfWork) -> Done:
    raise Conflict("Somebody was faster.")


def test_a_machine_that_met_a_change_of_others_is_heard_again(shop: Shop) -> None:
    """A person presses once more; a delivery has nobody who could."""
    delivery = Delivery(SHOPIFY, "orders/updated", "d1", b"{}")
    assert shop.do(Collide(), replace(CHANNEL, delivery=delivery)).outcome == "deferred"
    assert shop.do(Collide(), CHANNEL).outcome == "refused"


def test_after_the_last_word_nobody_comes_in(shop: Shop) -> None:
    """Commands that meet a closing writer are answered or turned away, never left waiting."""
    futures = [shop.engine.submit(shop.order(n, ("mug-red", 1)), CHANNEL) for n in range(MANY)]
    shop.engine.close()
    assert all(future.result(timeout=20).ok for future in futures)
    with pytest.raises(Exception, match="shut"):
        shop.do(Unreadable("late"), CHANNEL)
