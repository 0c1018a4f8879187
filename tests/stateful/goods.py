"""The part of the machine that moves goods: expected, on their way, set aside, left alone."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import rule

from core.commands.arrivals import ExpectStock, LoseExpected, ReceiveAll, ReceiveStock
from core.commands.aside import Aside, CondemnStock, SellAgain, SetAside, WriteOffStock
from core.commands.stock import SetBuffer
from core.commands.transfers import CancelTransfer, PlanTransfer, SendTransfer
from core.db import tables as t
from tests.shop import SKUS
from tests.stateful.channel import CODE, FEW, PICK, one
from tests.stateful.shelves import ShelfMachine

SKU = st.sampled_from(SKUS[:2])
STATE = st.sampled_from(tuple(Aside))


class GoodsMachine(ShelfMachine):
    """What leaves the shelves without an order, and what comes back to them."""

    @rule(sku=SKU, where=CODE, units=FEW, again=st.booleans())
    def expect(self, sku: str, where: str, units: int, again: bool) -> None:
        assert self.w.do(ExpectStock(sku, where, units, reference="PO-1" if again else "")).ok

    def reference(self, pick: int) -> str:
        known = {row["reference"] for row in self.w.shop.rows(t.expected)}
        return one([*sorted(known), "PO-1"], pick)

    @rule(pick=PICK)
    def arrived(self, pick: int) -> None:
        self.w.do(ReceiveAll(self.reference(pick)))

    @rule(sku=SKU, where=CODE, units=st.integers(1, 5), pick=PICK)
    def arrive_in_part(self, sku: str, where: str, units: int, pick: int) -> None:
        """What is more than expected is as if it had come unannounced."""
        before = self._arrived()
        assert self.w.do(ReceiveStock(sku, where, units, self.reference(pick))).ok
        self.w.units[sku] += units - (self._arrived() - before)

    def _arrived(self) -> int:
        return sum(row["received"] for row in self.w.shop.rows(t.expected))

    @rule(sku=SKU, units=FEW, pick=PICK)
    def missing(self, sku: str, units: int, pick: int) -> None:
        self.w.do(LoseExpected(self.reference(pick), sku, units, reason="lost"))

    @rule(sku=SKU, units=FEW, there=st.booleans())
    def plan_transfer(self, sku: str, units: int, there: bool) -> None:
        way = ("BER", "HAM") if there else ("HAM", "BER")
        self.w.do(PlanTransfer(sku, units, *way))

    def transfer(self, pick: int) -> str:
        return one([*(row["number"] for row in self.w.shop.rows(t.transfer)), "T-1"], pick)

    @rule(pick=PICK)
    def send(self, pick: int) -> None:
        self.w.do(SendTransfer(self.transfer(pick)))

    @rule(pick=PICK)
    def call_off(self, pick: int) -> None:
        self.w.do(CancelTransfer(self.transfer(pick)))

    @rule(sku=SKU, where=CODE, units=FEW, state=STATE)
    def set_aside(self, sku: str, where: str, units: int, state: Aside) -> None:
        self.w.do(SetAside(sku, where, units, state, "dropped"))

    @rule(sku=SKU, where=CODE, units=FEW, state=STATE)
    def sell_again(self, sku: str, where: str, units: int, state: Aside) -> None:
        self.w.do(SellAgain(sku, where, units, state))

    @rule(sku=SKU, where=CODE, units=FEW, gone=st.booleans())
    def give_up(self, sku: str, where: str, units: int, gone: bool) -> None:
        self.w.do((WriteOffStock if gone else CondemnStock)(sku, where, units, "cracked"))

    @rule(sku=SKU, where=CODE, units=st.integers(0, 3))
    def leave_alone(self, sku: str, where: str, units: int) -> None:
        self.w.do(SetBuffer(sku, where, units))
