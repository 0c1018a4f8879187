"""A morning at the desk, written down: `python -m tests.surfaces.desk_story` writes it anew.

Look at the difference in git before you commit it: it is what the staff will read.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bot.bridge import House
from bot.desk import Context, answer
from bot.presentation.model import Answer
from bot.presentation.plain import all_as_text
from bot.settings import Settings
from core.domain.access import Role
from core.domain.order import Address
from core.engine import Caller
from tests.shop import Shop, make_shop, staff

FOLDER = Path(__file__).parent / "golden"
ANN = staff(Role.LEAD, "Ann")
WARD = staff(Role.WAREHOUSE, "Ward")

# What is typed, by whom, and the name under which the answer is kept.
STORY: tuple[tuple[str, str, Caller], ...] = (
    ("order", "1001", ANN),
    ("order_short", "#1002", ANN),
    ("why", "why 1001", ANN),
    ("hold", "hold 1001 address until fri ring first", ANN),
    ("hold_twice", "hold 1001 address", ANN),
    ("order_held", "1001", WARD),
    ("picks", "picks ber", WARD),
    ("tag_many", "tag 1001 9999 1002 vip", ANN),
    ("undo", "undo", ANN),
    ("release", "release 1001", ANN),
    ("search", "anna", ANN),
    ("search_none", "nobody at all", ANN),
    ("held_none", "held ber", ANN),
    ("form_hold", "hold", ANN),
    ("form_cancel", "cancel 1002", ANN),
    ("form_move", "move 1001", ANN),
    ("suggestion", "hodl 1001", ANN),
    ("suggestion_place", "move 1001 to hma", ANN),
    ("unreadable_time", "hold 1001 until blorp", ANN),
    ("not_allowed", "cancel 1001 no", WARD),
    ("stock", "stock mug-red", ANN),
    ("stock_short", "stock poster-sun", ANN),
    ("stock_unknown", "stock mug-rad", ANN),
    ("cases", "cases", ANN),
    ("case", "case 1", ANN),
    ("take", "take 1", ANN),
    ("mine", "mine", ANN),
    ("snooze", "snooze 1 until tomorrow 9am", ANN),
    ("picked", "picked 1003", WARD),
    ("shipped", "shipped 1003 00340434161094042557 DHL", WARD),
    ("order_shipped", "00340434161094042557", ANN),
    ("return_too_early", "return 1003", ANN),
    ("delivered", "delivered 1003", WARD),
    ("return", "return 1003 defective", ANN),
    ("return_card", "R1003-1", ANN),
    ("received", "received R1003-1 ber", WARD),
    ("refund_case", "case 2", ANN),
    ("returns", "returns", ANN),
    ("today", "today", ANN),
    ("help_hold", "help hold", ANN),
    ("help_unknown", "help holt", ANN),
)


@contextmanager
def desk_house(url: str) -> Iterator[tuple[House, Shop]]:
    """A house around a small shop with three orders, two hours old."""
    shop = make_shop(url)
    house = House(shop.engine, Settings.model_validate({"sandbox": True}), shop.clock)
    try:
        shop.place(1001, ("mug-red", 2), ("tee-black-m", 1))
        ben = Address("Ben Okafor", "", "Am Markt 2", "", "20095", "Hamburg", "", "DE")
        told = {
            "customer_name": "Ben Okafor",
            "email": "ben@example.org",
            "ship_to": ben,
            "phone": "+4930901820",
        }
        shop.place(1002, ("poster-sun", 30), **told)
        shop.place(1003, ("sock-grey", 1))
        shop.clock.advance(hours=2)
        yield house, shop
    finally:
        house.close()


def ask(house: House, text: str, caller: Caller, context: Context | None = None) -> list[Answer]:
    return asyncio.run(answer(house, text, caller, context))


def played(url: str) -> dict[str, str]:
    """The whole story: name → what was typed and what came back, as text."""
    told: dict[str, str] = {}
    with desk_house(url) as (house, shop):
        for name, text, caller in STORY:
            said = all_as_text(ask(house, text, caller))
            told[name] = f"{caller.actor.name}> {text}\n\n{said}\n"
            shop.clock.advance(seconds=20)
    return told


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for old in FOLDER.iterdir():
        old.unlink()
    with tempfile.TemporaryDirectory() as folder:
        for story_name, content in played(f"sqlite:///{folder}/desk.db").items():
            (FOLDER / f"{story_name}.txt").write_text(content, encoding="utf-8")
