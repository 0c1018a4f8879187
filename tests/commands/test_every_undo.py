"""Every step that can be taken back, and its undo: all is as it was, and nobody heard of it.

That no command is left out is looked at in tests/house/test_undo.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from core.commands.access import AddConnection
from core.commands.arrivals import ExpectStock
from core.commands.aside import Aside, SellAgain, SetAside
from core.commands.asking_money import RequestPayment
from core.commands.calendars import KeepHolidays
from core.commands.canceling import Goods
from core.commands.cases import ResolveCase, SnoozeCase, TakeCase
from core.commands.channel_stock import KeepBackStock, TellEndless
from core.commands.choosing import Units
from core.commands.counts import SetStock
from core.commands.crediting import AddCredit
from core.commands.edits import ConfirmEdit, EditOrder
from core.commands.exchanging import ExchangeOrder
from core.commands.fulfillment import PackWork, PickWork, ShipWork
from core.commands.holds import HoldOrder, ReleaseOrder
from core.commands.imports import ImportedRow, ImportProducts
from core.commands.joining import MergeOrders, UnmergeOrder
from core.commands.kits import SetKit, UnsetKit
from core.commands.lanes import DropLane, ImportLanes, NameShipping
from core.commands.marking import GiftOrder, Priority, SetPriority, UngiftOrder
from core.commands.orders import CancelOrder, MoveOrder, TagOrder, UntagOrder
from core.commands.partners import HandOff
from core.commands.pausing import StartPause
from core.commands.pickups import ReadyForPickup
from core.commands.preorders import SetVendor, VendorStock
from core.commands.refunding import RefundOrder
from core.commands.replacing import ResendOrder, Why
from core.commands.restock import SetLowStock
from core.commands.return_rules import (
    ActivateReturnRules,
    DraftReturnRules,
    RollBackReturnRules,
    SwitchReturnRulesOff,
)
from core.commands.routing import (
    ActivateRules,
    DraftRules,
    RollBackRules,
    Sure,
    SwitchRulesOff,
)
from core.commands.screening import SetScreening
from core.commands.setup import ChangeLocation, PauseMessages, SetPolicy, SetSwitch
from core.commands.splitting import RerouteOrder, SplitOrder
from core.commands.stock import AdjustStock, SetBuffer, SetSafety
from core.commands.tracking import DeliverParcel
from core.commands.undo import UndoLast
from core.db import tables as t
from core.domain.access import Role
from core.domain.holds import HoldReason
from tests.commands.undoing import differs, leaving, plan_all, state
from tests.shop import START, Shop, make_shop, staff

OWNER = staff(Role.OWNER, "Olga")
Step = Callable[[str, int], Any]  # given an order and the newest open case of the shop
SOON = START + timedelta(days=2)
MUG = (("mug-red", 2), ("tee-black-m", 1))
MANY = (("poster-sun", 240),)  # forty more than there are


@dataclass(frozen=True)
class Try:
    """A step and what goes before it, each made for an order of the try's own."""

    name: str
    step: Step
    first: tuple[Step, ...] = ()
    lines: tuple[tuple[str, int], ...] = MUG
    pickup_at: str = ""


def plain(command: Any) -> Step:
    return lambda _order, _case: command


def box(**parts: int) -> Any:
    return SetKit("box", " ".join(f"{sku.replace('_', '-')}:{n}" for sku, n in parts.items()))


def confirmed(order: str, _case: int) -> ConfirmEdit:
    return ConfirmEdit(order)


NEW_BOX = plain(ImportProducts((ImportedRow(2, "box", {}),)))
LANE = plain(ImportLanes((ImportedRow(2, "FR", {"days": 3, "cost": 900}),)))
DROPPED = SetAside("sock-grey", "ber", 2, Aside.DAMAGED, "dropped")
AT_HAM = {"url": "https://wms.packwerk.example/wismo", "location": "HAM"}
TRIES = (
    Try("hold", lambda n, _: HoldOrder(n, HoldReason.ADDRESS, note="ring")),
    Try("release", lambda n, _: ReleaseOrder(n), (lambda n, _: HoldOrder(n, note="new"),)),
    Try("cancel", lambda n, _: CancelOrder(n, "changed mind")),
    Try("cancel held", lambda n, _: CancelOrder(n), (lambda n, _: HoldOrder(n, note="why"),)),
    Try("cancel with a case", lambda n, _: CancelOrder(n), (), MANY),
    Try(
        "cancel with a case in hand",
        lambda n, _: CancelOrder(n),
        (lambda _, case: TakeCase(case),),
        MANY,
    ),
    Try("cancel units", lambda n, _: CancelOrder(n, "no", (Units("mug-red", 1),))),
    Try("scrap units", lambda n, _: CancelOrder(n, "", (Units("mug-red", 1),), Goods.SCRAP)),
    Try(
        "cancel what waits",
        lambda n, _: CancelOrder(n, "no", (Units("poster-sun", 40),)),
        (),
        MANY,
    ),
    # Units that an edit brings back have a box of their own, as new ones have.
    Try("less", confirmed, (lambda n, _: EditOrder(n, "mug-red 1"),)),
    Try("more", confirmed, (lambda n, _: EditOrder(n, "mug-red 4"),)),
    Try("move", lambda n, _: MoveOrder(n, "ham")),
    Try("split", lambda n, _: SplitOrder(n, (Units("mug-red", 1),))),
    Try("split to", lambda n, _: SplitOrder(n, (Units("tee-black-m", 1),), "ham")),
    Try("reroute", lambda n, _: RerouteOrder(n, "ber")),
    Try("tag", lambda n, _: TagOrder(n, "vip")),
    Try("untag", lambda n, _: UntagOrder(n, "vip"), (lambda n, _: TagOrder(n, "vip"),)),
    Try("picked", lambda n, _: PickWork(n)),
    Try("packed", lambda n, _: PackWork(n), (lambda n, _: PickWork(n),)),
    Try("merge", lambda n, _: MergeOrders(("1", n)), (lambda n, _: MoveOrder(n, "ham"),)),
    Try("unmerge", lambda n, _: UnmergeOrder(n), (lambda n, _: MergeOrders(("1", n)),)),
    Try("priority", lambda n, _: SetPriority(n, Priority.VIP)),
    Try("gift", lambda n, _: GiftOrder(n, "for you")),
    Try("gift again", lambda n, _: GiftOrder(n, "two"), (lambda n, _: GiftOrder(n, "one"),)),
    Try("ungift", lambda n, _: UngiftOrder(n), (lambda n, _: GiftOrder(n, "one"),)),
    Try("resend", lambda n, _: ResendOrder(n, Why.LOST), (lambda n, _: ShipWork(n),)),
    Try(
        "exchange",
        lambda n, _: ExchangeOrder(n, "for mug-blue", (Units("mug-red", 1),)),
        (lambda n, _: ShipWork(n), lambda n, _: DeliverParcel(n)),
    ),
    Try("ready", lambda n, _: ReadyForPickup(n), (lambda n, _: PickWork(n),), pickup_at="ham"),
    Try("request payment", lambda n, _: RequestPayment(n, "5.00", "express")),
    Try("refund", lambda n, _: RefundOrder(n, (Units("mug-red", 1),))),
    Try("credit", lambda n, _: AddCredit(n, "5.00", "sorry")),
    Try("take", lambda _, case: TakeCase(case), (), MANY),
    Try("snooze", lambda _, case: SnoozeCase(case, SOON), (lambda _, case: TakeCase(case),), MANY),
    Try("resolve", lambda _, case: ResolveCase(case, "called"), (), MANY),
    Try("adjust", plain(AdjustStock("sock-grey", "ber", 3, "found"))),
    Try("count", plain(SetStock("sock-grey", "ber", 99))),
    Try(
        "count an empty shelf",
        plain(SetStock("sock-grey", "vie", 9)),
        tuple(plain(AdjustStock("sock-grey", "vie", n, "moved")) for n in (1, -1)),
    ),
    Try("expect", plain(ExpectStock("sock-grey", "ber", 8, reference="PO-1"))),
    Try("buffer", plain(SetBuffer("sock-grey", "ber", 2))),
    Try("safety", plain(SetSafety("sock-grey", "ber", 3))),
    Try("low-at", plain(SetLowStock("sock-grey", 3, "ham"))),
    Try("keep-back", plain(KeepBackStock("2", "nordlicht", "mug-red"))),
    Try("tell-endless", plain(TellEndless(50, "nordlicht"))),
    Try("aside", plain(DROPPED)),
    Try(
        "sell again",
        plain(SellAgain("sock-grey", "ber", 1, Aside.DAMAGED, "fine")),
        (plain(DROPPED),),
    ),
    Try("kit", plain(box(mug_red=2)), (NEW_BOX,)),
    Try("other kit", plain(box(mug_red=1)), (NEW_BOX, plain(box(mug_red=2)))),
    Try("no kit", plain(UnsetKit("box")), (NEW_BOX, plain(box(mug_red=2)))),
    Try(
        "supplier",
        plain(SetVendor("vie", 3, VendorStock.ENDLESS)),
        (plain(ChangeLocation("vie", kind="dropship")),),
    ),
    Try("lane drop", plain(DropLane("FR")), (LANE,)),
    Try("shipping", plain(NameShipping("express", "Blitz"))),
    Try("holidays", plain(KeepHolidays("ber", "DE-BE"))),
    Try("rules", plain(ActivateRules(1, Sure.SURE)), (plain(DraftRules("nearest")),)),
    Try("rules back", plain(RollBackRules()), (plain(ActivateRules(1, Sure.SURE)),)),
    Try("no rules", plain(SwitchRulesOff())),
    Try("return rules", plain(ActivateReturnRules(1)), (plain(DraftReturnRules("two-weeks")),)),
    Try("return rules back", plain(RollBackReturnRules()), (plain(ActivateReturnRules(1)),)),
    Try("no return rules", plain(SwitchReturnRulesOff())),
    Try("screening", plain(SetScreening("many_by_email", "hold 4 points 35"))),
    Try("pause now", plain(StartPause("vie"))),
    Try("policy", plain(SetPolicy("storm_size", "7"))),
    Try("switch", plain(SetSwitch("shipped", "off"))),
    Try("pause", plain(PauseMessages())),
    Try(
        "hand off",
        lambda n, _: HandOff(n),
        (plain(AddConnection("partner", "packwerk", AT_HAM)),),
    ),
)


@pytest.fixture
def shop(database: str) -> Iterator[Shop]:
    shop = make_shop(database, stock=100)
    shop.place("1", ("mug-red", 1))
    yield shop
    shop.close()


def test_a_step_and_its_undo_leave_everything_as_it_was_and_nobody_hears_of_it(shop: Shop) -> None:
    for number, each in enumerate(TRIES, 1001):
        assert_leaves_no_trace(shop, each, str(number))


def assert_leaves_no_trace(shop: Shop, each: Try, order: str) -> None:
    shop.place(order, *each.lines, pickup_at=each.pickup_at)
    cases = [c["number"] for c in shop.rows(t.cases) if c["state"] != "resolved"]
    case = max(cases, default=0)
    for step in each.first:
        assert shop.do(step(order, case), OWNER).ok, each.name
    plan_all(shop)
    leaving(shop)
    before = state(shop)
    receipt = shop.do(each.step(order, case), OWNER)
    assert receipt.can_undo, (each.name, receipt)
    assert differs(state(shop), before), each.name
    plan_all(shop)
    assert leaving(shop) == [], each.name
    shop.clock.advance(seconds=59)
    undone = shop.do(UndoLast(receipt.command_id), OWNER)
    assert undone.ok, (each.name, undone)
    plan_all(shop)
    assert differs(state(shop), before) == {}, each.name
    shop.clock.advance(minutes=10)
    assert leaving(shop) == [], each.name
    if each.lines is MANY:
        assert shop.do(CancelOrder(order), OWNER).ok
        shop.clock.advance(minutes=2)
