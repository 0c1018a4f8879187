"""The half of the machine that the outside plays: channels, tills, and all that comes twice."""

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
from core.commands.fulfillment import ShipWork
from core.commands.outside import RecordChannelRefund
from core.commands.shipping import FulfilledLine, RecordFulfillment
from core.commands.tracking import DeliverParcel
from core.db import tables as t
from core.domain.fulfillment import OPEN_STAGES
from core.domain.order import Address
from tests.shop import BER, HAM, SHOPIFY, SKUS
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


def one(of: list[T], pick: int) -> T:
    return of[pick % len(of)]


class ChannelMachine(RuleBasedStateMachine):
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
