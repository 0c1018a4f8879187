"""Every command there is, tried on held orders: none of them lets anything get further."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from bot.grammar.lexicon import Slot, slots_of
from core.commands.fulfillment import PackWork, PrintPicks
from core.commands.holds import HoldOrder
from core.db import tables as t
from core.domain.access import Role
from core.domain.holds import HoldReason
from core.domain.refusals import Invalid
from core.registry import COMMANDS, Arg, Spec
from tests.shop import Shop, make_shop, staff

# A person's own fact about goods, not a way out: it is believed, and a case is opened.
BELIEVED = {"deliver_order", "deliver"}
OWNER = staff(Role.OWNER, "Olga")
STEPS = ["ready", "printed", "picked", "packed", "shipped"]
WORDS = {
    Arg.LOCATION: "BER",
    Arg.SKU: "mug-red",
    Arg.QUANTITY: 1,
    Arg.TEXT: "because",
    Arg.TAG: "vip",
    Arg.WORD: "00340434161094000009",
}


@pytest.fixture
def shop(database: str) -> Iterator[Shop]:
    shop = make_shop(database, stock=500)
    yield shop
    shop.close()


@pytest.mark.parametrize("reached", ["ready", "printed", "packed"])
def test_no_command_moves_a_held_order_on(shop: Shop, reached: str) -> None:
    tried = set()
    for number, spec in enumerate(_about_orders(), 3001):
        asked = _asked(spec, str(number))
        if asked is None:
            continue
        _hold(shop, number, reached)
        before = _stand(shop, number)
        shop.do(asked, OWNER)
        after = _stand(shop, number)
        if "canceled" not in after:
            assert max(map(STEPS.index, after)) <= max(map(STEPS.index, before)), spec.name
        assert "shipped" not in after, spec.name
        tried.add(spec.verb)
    assert {"picked", "packed", "shipped", "label", "tracking"} <= tried
    told = [row for row in shop.rows(t.outbox) if row["kind"].endswith(".fulfillment")]
    assert (shop.rows(t.parcel), told) == ([], [])


def _about_orders() -> list[Spec]:
    """The commands that begin with an order, but those that release or believe."""
    return [
        spec
        for name, spec in COMMANDS.items()
        if any(slot.kind is Arg.ORDER for slot in slots_of(spec.shape))
        and name not in {*BELIEVED, "release_order"}
    ]


def _asked(spec: Spec, number: str) -> Any:
    """The command with an order and whatever else it needs; None when that needs a person."""
    slots = slots_of(spec.shape)
    told = {s.name: _word(s, number) for s in slots if s.required or s.kind is Arg.ORDER}
    try:
        return spec.read(told)
    except Invalid:
        return None


def _word(slot: Slot, number: str) -> Any:
    if slot.kind is Arg.ORDER:
        return [number] if slot.gathers else number
    return slot.choices[0] if slot.choices else WORDS.get(slot.kind)


def _hold(shop: Shop, number: int, reached: str) -> None:
    shop.place(number, ("mug-red", 1))
    if reached == "printed":
        assert shop.do(PrintPicks(orders=(str(number),))).ok
    elif reached == "packed":
        assert shop.do(PackWork(str(number))).ok
    assert shop.do(HoldOrder(str(number), HoldReason.FRAUD)).ok


def _stand(shop: Shop, number: int) -> list[str]:
    rows = shop.rows(t.fulfillment_order)
    return [row["stage"] for row in rows if row["number"].startswith(f"{number}-")]
