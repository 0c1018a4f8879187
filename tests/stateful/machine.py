"""The machine: a day in the shop as rules that Hypothesis may play in any order."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from core.commands.cases import ResolveCase, SnoozeCase, TakeCase
from core.commands.counts import SetStock
from core.commands.edits import ConfirmEdit, DiscardEdit, EditOrder, PreviewEdit
from core.commands.fulfillment import PackWork, PickWork, PrintPicks, PutBack, ShipWork
from core.commands.holds import AnswerHold, HoldOrder, RecallParcel, ReleaseOrder
from core.commands.labels import AddTracking, LabelParcel, VoidLabel
from core.commands.orders import (
    CancelOrder,
    MoveOrder,
    RouteAgain,
    TagOrder,
)
from core.commands.receiving import CountedLine, ReceiveReturn
from core.commands.refunds import RecordRefund
from core.commands.return_decisions import ApproveReturn, CancelReturn, RejectReturn
from core.commands.returns import RequestReturn, ReturnedLine
from core.commands.scans import SCANS, ReleaseExpiredHolds, ScanForCases, WakeCases
from core.commands.settling import Answer, SettleEdit
from core.commands.stock import AdjustStock, ReceiveStock, SetSafety
from core.commands.tracking import DeliverParcel, RecordTracking
from core.commands.undo import UndoLast
from core.db import tables as t
from core.domain.counts import Picked
from core.domain.fulfillment import Stage
from core.domain.holds import HoldReason
from core.domain.tracking import event as tracking_event
from core.domain.tracking_codes import read
from tests.shop import BER, CHANNEL, HAM, SKUS
from tests.stateful.channel import CODE, FEW, PICK, WHERE, one
from tests.stateful.goods import GoodsMachine

HOURS = st.integers(-30, 30)
WORDS = (
    "InfoReceived",
    "InTransit_PickedUp",
    "OutForDelivery",
    "Delivered",
    "Exception_Returning",
    "DeliveryFailure_NoBody",
    "Exception_Delayed",
    "Whatever",
)
EDITS = (
    "add sock-grey 1",
    "add poster-sun 15",
    "remove mug-red",
    "discount 1.00 late",
    "discount 30%",
    "discount off",
    "address Kiez 7, 10999 Berlin",
    "address Ring 1, 1010 Wien, AT",
    "method 9.90 Express",
    "split mug-red 1",
    "move ham",
)
SCANS_SAID = st.lists(st.tuples(st.sampled_from(WORDS), HOURS), min_size=1, max_size=4)


class ShopMachine(GoodsMachine):
    """What people and carriers do with what the channels have said."""

    # --- the desk --------------------------------------------------------------------------------

    @rule(pick=PICK, reason=st.sampled_from(HoldReason), hours=st.integers(0, 3))
    def hold(self, pick: int, reason: HoldReason, hours: int) -> None:
        until = self.w.clock() + timedelta(hours=hours) if hours else None
        self.staff(HoldOrder(self.at_work(pick), reason, until))

    @rule(pick=PICK, reason=st.sampled_from(HoldReason), line=st.booleans())
    def hold_part(self, pick: int, reason: HoldReason, line: bool) -> None:
        """One line of an order, or one box of it."""
        if line:
            number = self.at_work(pick)
            skus = [row["sku"] for row in self.rows(t.order_line)]
            self.staff(HoldOrder(number, reason, line=one(skus, pick) if skus else "mug-red"))
        else:
            self.staff(HoldOrder(self.work(pick, False), reason))

    @rule(pick=PICK, whole=st.booleans())
    def got_it(self, pick: int, whole: bool) -> None:
        self.staff(AnswerHold(self.work(pick, whole)))

    @rule(pick=PICK)
    def void(self, pick: int) -> None:
        self.staff(VoidLabel(self.at_work(pick)))

    @rule(pick=PICK)
    def recall(self, pick: int) -> None:
        self.staff(RecallParcel(self.number(pick), "stop it"))

    @rule(pick=PICK)
    def release(self, pick: int) -> None:
        self.staff(ReleaseOrder(self.aim(pick, t.hold, lambda h: h["released_at"] is None)))

    @rule(pick=PICK)
    def cancel(self, pick: int) -> None:
        self.staff(CancelOrder(self.at_work(pick), "changed mind"))

    @rule(pick=PICK, to=CODE)
    def move(self, pick: int, to: str) -> None:
        self.staff(MoveOrder(self.at_work(pick), to))

    @rule(pick=PICK)
    def route_again(self, pick: int) -> None:
        self.staff(RouteAgain(self.aim(pick, t.order_line, lambda x: x["backordered"] > 0)))

    @rule(pick=PICK)
    def tag(self, pick: int) -> None:
        self.staff(TagOrder(self.number(pick), "vip"))

    @rule()
    def undo(self) -> None:
        self.staff(UndoLast())

    # --- edits -----------------------------------------------------------------------------------

    @rule(pick=PICK, sku=st.sampled_from(SKUS), quantity=st.integers(0, 6))
    def edit_a_line(self, pick: int, sku: str, quantity: int) -> None:
        self.staff(EditOrder(self.at_work(pick), f"{sku} {quantity}"))

    @rule(pick=PICK, words=st.sampled_from(EDITS))
    def edit(self, pick: int, words: str) -> None:
        self.staff(EditOrder(self.at_work(pick), words))

    @rule(pick=PICK, look=st.booleans())
    def confirm(self, pick: int, look: bool) -> None:
        number = self.aim(pick, t.order_change, lambda c: c["status"] == "open")
        if look:
            self.staff(PreviewEdit(number))
        self.staff(ConfirmEdit(number))

    @rule(pick=PICK)
    def discard(self, pick: int) -> None:
        self.staff(DiscardEdit(self.aim(pick, t.order_change, lambda c: c["status"] == "open")))

    @rule(pick=PICK, answer=st.sampled_from(Answer))
    def settle(self, pick: int, answer: Answer) -> None:
        asked = self.rows(t.cases, kind="edit_after_print")
        if asked:
            self.staff(SettleEdit(one(asked, pick)["number"], answer))

    # --- the floor -------------------------------------------------------------------------------

    def work(self, pick: int, whole: bool) -> str:
        """An order's number, or that of one piece of its work."""
        works = [row["number"] for row in self.rows(t.fulfillment_order)]
        return self.at_work(pick) if whole or not works else one(works, pick)

    @rule(where=CODE)
    def print_picks(self, where: str) -> None:
        self.staff(PrintPicks(where))

    @rule(pick=PICK, where=WHERE, whole=st.booleans())
    def pick(self, pick: int, where: str, whole: bool) -> None:
        self.staff(PickWork(self.work(pick, whole), where))

    @rule(pick=PICK, where=WHERE, whole=st.booleans())
    def pack(self, pick: int, where: str, whole: bool) -> None:
        self.staff(PackWork(self.work(pick, whole), where))

    @rule(pick=PICK, where=WHERE, to=st.sampled_from(Stage), whole=st.booleans())
    def put_back(self, pick: int, where: str, to: Stage, whole: bool) -> None:
        self.staff(PutBack(self.work(pick, whole), where, to))

    @rule(pick=PICK, where=WHERE, tracked=st.booleans(), whole=st.booleans())
    def ship(self, pick: int, where: str, tracked: bool, whole: bool) -> None:
        number = f"T{pick % 6}0000" if tracked else ""
        self.staff(ShipWork(self.work(pick, whole), number, "DHL", where))

    @rule(pick=PICK, where=WHERE)
    def label(self, pick: int, where: str) -> None:
        self.staff(LabelParcel(self.at_work(pick), "DHL", f"T{pick % 6}0000", where))

    @rule(pick=PICK, other=PICK)
    def correct_the_number(self, pick: int, other: int) -> None:
        number = self.aim(pick, t.parcel, lambda p: p["delivered_at"] is None)
        self.staff(AddTracking(number, f"T{other % 12}0000", "DHL"))

    @rule(pick=PICK, events=SCANS_SAID)
    def carrier_says(self, pick: int, events: list[tuple[str, int]]) -> None:
        start = self.w.clock()
        told = tuple(
            tracking_event(read("17track", code), start + timedelta(hours=hours), code, "Berlin")
            for code, hours in events
        )
        known = [row["tracking_number"] for row in self.rows(t.parcel) if row["tracking_number"]]
        number = one(known, pick) if known and pick % 8 else f"T{pick % 6}0000"
        self.w.hear(RecordTracking(number, told), "tracking")

    @rule(pick=PICK)
    def deliver(self, pick: int) -> None:
        under_way = self.aim(pick, t.parcel, lambda p: p["handed_over_at"] is not None)
        self.staff(DeliverParcel(under_way))

    @rule(pick=PICK)
    def send_off_and_deliver(self, pick: int) -> None:
        """All of an order, as far as it goes: the road to returns."""
        number = self.at_work(pick)
        for code in ("BER", "HAM"):
            self.staff(ShipWork(number, f"T{self.next % 6}{code}0", "DHL", code))
        self.staff(DeliverParcel(number))

    # --- returns ---------------------------------------------------------------------------------

    def rma(self, pick: int, *states: str) -> str:
        rows = self.rows(t.rma)
        known = [row["number"] for row in rows if pick % 8 == 0 or row["status"] in states]
        return one(known or [row["number"] for row in rows], pick // 8)

    @precondition(lambda self: any(row["delivered"] for row in self.rows(t.order_line)))
    @rule(
        pick=PICK,
        wishes=st.lists(st.tuples(st.sampled_from(SKUS[:3]), st.none() | FEW), max_size=2),
    )
    def request_return(self, pick: int, wishes: list[tuple[str, int | None]]) -> None:
        lines = tuple(ReturnedLine(sku, quantity) for sku, quantity in wishes)
        number = self.aim(pick, t.order_line, lambda x: x["delivered"] > x["return_received"])
        self.staff(RequestReturn(number, lines=lines))

    @rule(pick=PICK, sku=st.sampled_from(SKUS[:3]), units=FEW, come=FEW, paid=st.booleans())
    def bring_back(self, pick: int, sku: str, units: int, come: int, paid: bool) -> None:
        """A return from the wish to the counter, often in parts, and perhaps to the money."""
        number = self.aim(pick, t.order_line, lambda x: x["delivered"] > x["return_received"])
        receipt = self.w.do(RequestReturn(number, sku, units))
        if receipt.ok:
            name = receipt.facts["return"]
            self.staff(ApproveReturn(name))
            self.staff(ReceiveReturn(name, "BER", sku, min(come, units)))
            if paid:
                self.staff(RecordRefund(name, f"re_{pick}"))

    @precondition(lambda self: self.rows(t.rma))
    @rule(pick=PICK)
    def approve(self, pick: int) -> None:
        self.staff(ApproveReturn(self.rma(pick, "requested")))

    @precondition(lambda self: self.rows(t.rma))
    @rule(pick=PICK)
    def reject(self, pick: int) -> None:
        self.staff(RejectReturn(self.rma(pick, "requested"), "it was worn"))

    @precondition(lambda self: self.rows(t.rma))
    @rule(pick=PICK)
    def cancel_return(self, pick: int) -> None:
        self.staff(CancelReturn(self.rma(pick, "approved", "received")))

    @precondition(lambda self: self.rows(t.rma))
    @rule(
        pick=PICK,
        where=WHERE,
        counts=st.lists(
            st.tuples(st.sampled_from(SKUS[:3]), st.none() | FEW, st.booleans()), max_size=2
        ),
    )
    def receive_return(
        self, pick: int, where: str, counts: list[tuple[str, int | None, bool]]
    ) -> None:
        lines = tuple(CountedLine(sku, quantity, shelf) for sku, quantity, shelf in counts)
        self.staff(ReceiveReturn(self.rma(pick, "approved", "received"), where, lines=lines))

    @precondition(lambda self: self.rows(t.rma))
    @rule(pick=PICK)
    def record_refund(self, pick: int) -> None:
        self.staff(RecordRefund(self.rma(pick, "received"), f"re_{pick}"))

    # --- stock -----------------------------------------------------------------------------------

    @rule(sku=st.sampled_from(SKUS[:3]), where=CODE, quantity=st.integers(1, 8))
    def receive_stock(self, sku: str, where: str, quantity: int) -> None:
        assert self.w.do(ReceiveStock(sku, where, quantity)).ok
        self.w.units[sku] += quantity

    @rule(sku=st.sampled_from(SKUS[:3]), where=CODE, change=st.integers(-4, 4))
    def adjust(self, sku: str, where: str, change: int) -> None:
        if self.w.do(AdjustStock(sku, where, change, "broken")).ok:
            self.w.units[sku] += change

    @rule(
        sku=st.sampled_from(SKUS[:3]), where=CODE, on_hand=st.integers(0, 9), off=st.integers(0, 1)
    )
    def count(self, sku: str, where: str, on_hand: int, off: int) -> None:
        place = {"BER": BER, "HAM": HAM}[where]
        now = self.rows(t.stock_level, sku=sku, location_id=place)[0]["on_hand"]
        receipt = self.w.do(SetStock(sku, where, on_hand, now + off, Picked.WITH))
        assert not (receipt.ok and off)
        if receipt.facts.get("took_effect"):
            self.w.units[sku] += on_hand - now

    @rule(sku=st.sampled_from(SKUS[:2]), where=CODE, units=st.integers(0, 2))
    def keep_back(self, sku: str, where: str, units: int) -> None:
        self.staff(SetSafety(sku, where, units))

    # --- cases and time --------------------------------------------------------------------------

    def case(self, pick: int) -> int:
        known = [row["number"] for row in self.rows(t.cases)]
        return int(one(known, pick)) if known else 1

    @precondition(lambda self: self.rows(t.cases))
    @rule(pick=PICK)
    def take(self, pick: int) -> None:
        self.staff(TakeCase(self.case(pick)))

    @rule(pick=PICK, hours=st.integers(0, 20))
    def snooze(self, pick: int, hours: int) -> None:
        self.staff(SnoozeCase(self.case(pick), self.w.clock() + timedelta(hours=hours)))

    @precondition(lambda self: self.rows(t.cases))
    @rule(pick=PICK)
    def resolve(self, pick: int) -> None:
        self.staff(ResolveCase(self.case(pick), "done"))

    @rule(kind=st.sampled_from(tuple(SCANS)))
    def scan(self, kind: Any) -> None:
        assert self.w.do(ScanForCases(kind), CHANNEL).ok

    @rule(hours=st.sampled_from((1, 9, 80)))
    def time_passes(self, hours: int) -> None:
        self.w.clock.advance(hours=hours)
        assert self.w.do(ReleaseExpiredHolds(), CHANNEL).ok
        assert self.w.do(WakeCases(), CHANNEL).ok
