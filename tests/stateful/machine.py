"""The machine: a day in the shop as rules that Hypothesis may play in any order."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from typing import Any, ClassVar, TypeVar

from hypothesis import event as note
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from core.commands.capture import CaptureLine, CaptureOrder
from core.commands.cases import ResolveCase, SnoozeCase, TakeCase
from core.commands.fulfillment import PackWork, PickWork, PrintPicks, PutBack, ShipWork
from core.commands.labels import AddTracking, LabelParcel
from core.commands.orders import (
    CancelOrder,
    HoldOrder,
    MoveOrder,
    ReleaseOrder,
    RouteAgain,
    TagOrder,
    UndoLast,
)
from core.commands.receiving import CountedLine, ReceiveReturn
from core.commands.refunds import RecordChannelRefund, RecordRefund
from core.commands.returns import (
    ApproveReturn,
    CancelReturn,
    RejectReturn,
    RequestReturn,
    ReturnedLine,
)
from core.commands.scans import SCANS, ReleaseExpiredHolds, ScanForCases, WakeCases
from core.commands.shipping import FulfilledLine, RecordFulfillment
from core.commands.stock import AdjustStock, ReceiveStock, SetSafety, SetStock
from core.commands.tracking import DeliverParcel, RecordTracking
from core.db import tables as t
from core.domain.fulfillment import OPEN_STAGES, Stage
from core.domain.order import Address, HoldReason
from core.domain.tracking import event as tracking_event
from core.domain.tracking_codes import read
from tests.shop import BER, CHANNEL, HAM, SHOPIFY, SKUS
from tests.stateful.world import World

T = TypeVar("T")
PRICE = 1990
GHOST = "ghost"  # no product of ours
PICK = st.integers(0, 40)  # which one of those there are
FEW = st.integers(1, 3)
LINES = st.lists(st.tuples(st.sampled_from((*SKUS[:3], GHOST)), st.integers(1, 4)), min_size=1,
                 max_size=5)  # fmt: skip
QUANTITIES = st.lists(st.integers(0, 5), min_size=1, max_size=5)
CODE = st.sampled_from(("BER", "HAM"))
WHERE = st.sampled_from(("", "BER", "HAM"))
HOURS = st.integers(-30, 30)
SCANS_SAID = st.lists(
    st.tuples(
        st.sampled_from(
            ("InfoReceived", "InTransit_PickedUp", "OutForDelivery", "Delivered",
             "Exception_Returning", "DeliveryFailure_NoBody", "Exception_Delayed", "Whatever")
        ),
        HOURS,
    ),
    min_size=1,
    max_size=4,
)  # fmt: skip


def one(of: list[T], pick: int) -> T:
    return of[pick % len(of)]


class ShopMachine(RuleBasedStateMachine):
    """`world` gives the URL of an empty shop; subclasses say on which database."""

    world: ClassVar[Any]

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        self.w = World(self.stack.enter_context(self.world()))
        self.stack.callback(self.w.close)
        self.told: dict[str, CaptureOrder] = {}  # the newest word about each order
        self.next = 1001
        self.refunds = 0
        self.fulfillments = 0

    def teardown(self) -> None:
        self.stack.close()

    @invariant()
    def holds(self) -> None:
        broken = self.w.breakers()
        assert not broken, "\n".join(broken)

    @initialize(lines=LINES)
    def open_the_shop(self, lines: list[tuple[str, int]]) -> None:
        """One order has arrived already, so that returns are never far away."""
        self.place([("mug-red", 3), ("tee-black-m", 2), ("mug-red", 1)], paid=True)
        assert self.w.do(ShipWork("1001", "T0000", "DHL")).ok
        assert self.w.do(DeliverParcel("1001")).ok
        self.place(lines, paid=True)

    # --- small helps -----------------------------------------------------------------------------

    def number(self, pick: int) -> str:
        """An order's number; sometimes of the one that comes next."""
        return one([*self.told, str(self.next)], pick)

    def aim(self, pick: int, table: Any, fits: Callable[[dict[str, Any]], bool]) -> str:
        """The number of an order with a fitting row; now and then any other."""
        fitting = {row["order_id"] for row in self.rows(table) if fits(row)}
        numbers = [row["number"] for row in self.rows(t.orders) if row["id"] in fitting]
        return one(numbers, pick // 8) if numbers and pick % 8 else self.number(pick)

    def at_work(self, pick: int) -> str:
        return self.aim(pick, t.fulfillment_order, lambda w: w["stage"] in OPEN_STAGES)

    def rows(self, table: Any, **where: Any) -> list[dict[str, Any]]:
        return self.w.shop.rows(table, **where)

    def staff(self, command: Any) -> None:
        receipt = self.w.do(command)
        note(f"{type(command).__name__} {receipt.outcome} {receipt.code}")

    def ask(self, number: str, lines: list[tuple[str, int]], **more: Any) -> CaptureOrder:
        return self.w.shop.order(number, *lines, **more)

    # --- the channel -----------------------------------------------------------------------------

    @rule(lines=LINES, paid=st.booleans())
    def place(self, lines: list[tuple[str, int]], paid: bool) -> None:
        number, self.next = str(self.next), self.next + 1
        more = {} if paid else {"captured": 0}
        self.told[number] = ask = self.ask(number, lines, **more)
        assert self.w.hear(ask).ok

    @rule(sku=st.sampled_from(SKUS[:3]), quantity=st.integers(11, 30))
    def place_more_than_there_is(self, sku: str, quantity: int) -> None:
        self.place([(sku, quantity)], paid=True)

    @rule(sku=st.sampled_from(SKUS[:2]), quantities=st.lists(FEW, min_size=1, max_size=3))
    def sell_at_the_till(self, sku: str, quantities: list[int]) -> None:
        number, self.next = str(self.next), self.next + 1
        lines = [(sku, quantity) for quantity in quantities]
        self.told[number] = ask = self.ask(number, lines, handed_over=True, sold_at="HAM")
        assert self.w.hear(ask).ok

    @precondition(lambda self: self.told)
    @rule(
        pick=PICK,
        minutes=st.sampled_from((-30, 0, 30)),
        quantities=QUANTITIES,
        turn=st.booleans(),
        more=LINES,
        extra=st.sampled_from(("", "", "lines", "paid", "cancel", "address", "line")),
    )
    def update(
        self,
        pick: int,
        minutes: int,
        quantities: list[int],
        turn: bool,
        more: list[tuple[str, int]],
        extra: str,
    ) -> None:
        """Older, equal or newer words about an order, with its lines in whatever order."""
        number = one(list(self.told), pick)
        last = self.told[number]
        at = (last.updated_at or last.placed_at) + timedelta(minutes=minutes)
        ask = replace(last, updated_at=at)
        if extra in ("lines", "line"):
            ask = replace(ask, lines=_edited(ask.lines, quantities))
        if extra == "line":
            ask = replace(ask, lines=(*ask.lines, *_added(number, ask.lines, more)))
        if extra == "paid":
            ask = replace(ask, captured=sum(x.quantity * PRICE for x in ask.lines))
        if extra == "cancel":
            ask = replace(ask, canceled_at=self.w.clock(), cancel_reason="customer")
        if extra == "address":
            ask = replace(ask, ship_to=Address(city="Köln", country="DE"))
        if turn:
            ask = replace(ask, lines=ask.lines[::-1])
        assert self.w.hear(ask, "orders/updated").ok
        if minutes >= 0:
            self.told[number] = ask

    @rule(
        pick=PICK,
        amount=st.sampled_from((0, 500, PRICE, 2 * PRICE, 9000)),
        units=st.integers(0, 2),
        again=st.booleans(),
    )
    def refund_in_the_shop(self, pick: int, amount: int, units: int, again: bool) -> None:
        number = self.number(pick)
        self.refunds += not again
        lines = ((f"{number}-1", units),) if units else ()
        told = RecordChannelRefund(
            SHOPIFY, f"gid-{number}", f"r{self.refunds}", amount, "EUR", self.w.clock(), lines
        )
        self.w.hear(told, "refunds/create")

    @precondition(lambda self: self.rows(t.refund, state="due"))
    @rule(pick=PICK, whole_return=st.booleans())
    def pay_in_the_shop_what_is_due(self, pick: int, whole_return: bool) -> None:
        due = one(self.rows(t.refund, state="due"), pick)
        order = self.rows(t.orders, id=due["order_id"])[0]
        others = self.rows(t.refund, state="due", rma_id=due["rma_id"])
        same = others if whole_return else [due]
        self.refunds += 1
        name, amount = f"r{self.refunds}", sum(row["amount"] for row in same)
        told = RecordChannelRefund(
            SHOPIFY, order["external_id"], name, amount, "EUR", self.w.clock()
        )
        assert self.w.hear(told, "refunds/create").ok

    @rule(
        pick=PICK,
        quantities=QUANTITIES,
        where=WHERE,
        tracked=st.booleans(),
        again=st.booleans(),
        status=st.sampled_from(("success", "success", "success", "cancelled")),
        word=st.sampled_from(("", "", "label_printed", "in_transit", "delivered")),
    )
    def fulfill_in_the_shop(
        self,
        pick: int,
        quantities: list[int],
        where: str,
        tracked: bool,
        again: bool,
        status: str,
        word: str,
    ) -> None:
        number = self.number(pick)
        self.fulfillments += not again
        place = {"": "", "BER": str(7000 + BER), "HAM": str(7000 + HAM)}[where]
        told = RecordFulfillment(
            SHOPIFY,
            f"gid-{number}",
            f"f{self.fulfillments}-{number}",
            tuple(FulfilledLine(f"{number}-{n}", q) for n, q in enumerate(quantities, 1)),
            self.w.clock(),
            status,
            word,
            f"T{pick % 6}0000" if tracked else "",
            "DHL",
            location=place,
        )
        self.w.hear(told, "fulfillments/create")

    @precondition(lambda self: self.w.sent)
    @rule(pick=PICK)
    def send_a_delivery_again(self, pick: int) -> None:
        before = self.w.state()
        command, caller = one(self.w.sent, pick)
        assert self.w.do(command, caller).repeated
        assert self.w.state() == before

    @precondition(lambda self: self.w.sent)
    @rule(pick=PICK)
    def say_an_old_thing_under_a_new_name(self, pick: int) -> None:
        self.w.hear(one(self.w.sent, pick)[0])

    @rule()
    def work_off_the_inbox(self) -> None:
        self.w.work_off()

    # --- the desk --------------------------------------------------------------------------------

    @rule(pick=PICK, reason=st.sampled_from(HoldReason), hours=st.integers(0, 3))
    def hold(self, pick: int, reason: HoldReason, hours: int) -> None:
        until = self.w.clock() + timedelta(hours=hours) if hours else None
        self.staff(HoldOrder(self.at_work(pick), reason, until))

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
        receipt = self.w.do(SetStock(sku, where, on_hand, now + off))
        assert not (receipt.ok and off)
        if receipt.ok:
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


def _edited(lines: tuple[CaptureLine, ...], quantities: list[int]) -> tuple[CaptureLine, ...]:
    return tuple(
        replace(line, quantity=quantities[n % len(quantities)]) for n, line in enumerate(lines)
    )


def _added(
    number: str, lines: tuple[CaptureLine, ...], more: list[tuple[str, int]]
) -> list[CaptureLine]:
    return [
        CaptureLine(sku, quantity, f"{number}-{n}", sku.title(), PRICE)
        for n, (sku, quantity) in enumerate(more[:2], len(lines) + 1)
    ]
