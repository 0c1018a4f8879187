"""The part of the machine that concerns shelves: carts that come and go, kits, goods sold ahead."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from core.commands.carts import (
    CartLine,
    ExtendCart,
    ReleaseCart,
    ReleaseExpiredCarts,
    ReserveCart,
)
from core.commands.counting import Counted, CountList, OpenCountTask
from core.commands.kits import SetKit, UnsetKit
from core.commands.preorders import EndPreorder, SetPreorder, WatchAwaited
from core.commands.stock import AdjustStock
from core.db import tables as t
from core.domain.counts import Picked
from tests.shop import BER, CHANNEL, SKUS
from tests.stateful.channel import CODE, FEW, ChannelMachine
from tests.stateful.world import OPENING

BOX = "poster-sun"  # stands on no shelf once it is a kit
CART = st.sampled_from(("c1", "c2"))
WANTED = st.lists(st.tuples(st.sampled_from((*SKUS[:3], BOX)), st.integers(0, 4)), max_size=3)


class ShelfMachine(ChannelMachine):
    # --- carts -----------------------------------------------------------------------------------

    @rule(cart=CART, wanted=WANTED, minutes=st.sampled_from((0, 5, 600)))
    def reserve_cart(self, cart: str, wanted: list[tuple[str, int]], minutes: int) -> None:
        lines = tuple(CartLine(*line) for line in wanted)
        self.w.do(ReserveCart(cart, lines, minutes))

    @rule(cart=CART)
    def extend_cart(self, cart: str) -> None:
        self.staff(ExtendCart(cart))

    @rule(cart=CART)
    def release_cart(self, cart: str) -> None:
        self.staff(ReleaseCart(cart))

    @rule(cart=CART, wanted=WANTED.filter(lambda lines: any(n for _, n in lines)))
    def order_cart(self, cart: str, wanted: list[tuple[str, int]]) -> None:
        number, self.next = str(self.next), self.next + 1
        lines = [(sku, units) for sku, units in wanted if units]
        self.told[number] = ask = self.ask(number, lines, cart=cart)
        assert self.w.hear(ask).ok

    @rule()
    def end_carts(self) -> None:
        assert self.w.do(ReleaseExpiredCarts(), CHANNEL).ok

    # --- kits ------------------------------------------------------------------------------------

    @precondition(lambda self: self.w.units[BOX])
    @rule()
    def make_a_kit(self) -> None:
        levels = self.rows(t.stock_level, sku=BOX)
        if any((row["on_hand"], row["reserved"]) != (OPENING, 0) for row in levels):
            return  # somebody wants it as it stands
        for place in ("ber", "ham"):
            assert self.w.do(AdjustStock(BOX, place, -OPENING, "taken apart")).ok
        self.w.units[BOX] = 0
        assert self.w.do(SetKit(BOX, "mug-red:2 mug-blue")).ok

    @precondition(lambda self: not self.w.units[BOX])
    @rule(units=FEW, more=st.booleans())
    def place_a_kit(self, units: int, more: bool) -> None:
        self.place([(BOX, units), *([("mug-red", 1)] if more else [])], paid=True)

    @precondition(lambda self: not self.w.units[BOX])
    @rule(parts=st.sampled_from(("", "mug-red", "mug-blue:3 tee-black-m")))
    def change_the_kit(self, parts: str) -> None:
        self.staff(SetKit(BOX, parts) if parts else UnsetKit(BOX))

    # --- lists and announcements -----------------------------------------------------------------

    @rule(where=CODE)
    def ask_for_a_count(self, where: str) -> None:
        self.staff(OpenCountTask(where, "mug-red mug-blue"))

    @rule(figure=st.integers(0, 9), picked=st.sampled_from(Picked))
    def count_a_list(self, figure: int, picked: Picked) -> None:
        (task,) = self.rows(t.count_task, state="open")[:1] or (None,)
        if task is None:
            return
        before = self._on_hand(task["location_id"])
        self.staff(CountList(task["number"], (Counted("mug-red", figure),), picked))
        self.w.units["mug-red"] += self._on_hand(task["location_id"]) - before

    def _on_hand(self, place: int = BER) -> int:
        return int(self.rows(t.stock_level, sku="mug-red", location_id=place)[0]["on_hand"])

    @rule(days=st.integers(1, 9), limit=st.sampled_from((None, 5)))
    def announce(self, days: int, limit: int | None) -> None:
        self.staff(SetPreorder("tee-black-m", self.w.clock() + timedelta(days=days), limit))

    @rule(ended=st.booleans())
    def follow_what_is_announced(self, ended: bool) -> None:
        if ended:
            self.staff(EndPreorder("tee-black-m"))
        assert self.w.do(WatchAwaited(), CHANNEL).ok
