"""The acts on orders as staff type and press them in Slack."""

from __future__ import annotations

import pytest

from core.commands.fulfillment import ShipWork
from core.db import tables as t
from tests.slack.house import buttons_of, slack_house, words_of


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("cancel 1001 mug-red 1 changed mind", "€19.90 goes back to the customer"),
        ("short 1001 mug-red 1 damaged", "is served from other stock"),
        ("split 1001 mug-red 1", "goes apart, from BER"),
        ("split 1001 mug-red 9", "2 can be split off, not 9"),
        ("reroute 1001 not ber", "ships from HAM now"),
        ("reroute 1001", "nothing was changed"),
        ("merge 1002 into 1001", "ship in one parcel from BER"),
        ("unmerge 1001", "ships by itself already"),
        ("resend 1001 lost", "has been shipped yet"),
        ("resend 1003 lost", "go out again as 1003-R1"),
        ("priority 1001 vip", "has the priority vip"),
        ("gift 1001 Alles Gute!", "goes out as a gift, with a note"),
        ("timeline 1001 mug-red", "History of mug-red in order 1001"),
        ("help short", "short 1001 mug-red 1 damaged"),
    ],
)
async def test_what_is_typed_is_done_and_said(
    sqlite_database: str, text: str, expected: str
) -> None:
    async with slack_house(sqlite_database) as there:
        for number in (1001, 1002, 1003):
            there.shop.place(number, ("mug-red", 2))
        assert there.shop.do(ShipWork("1003")).ok
        assert expected in await there.says("ann", text)
        there.assert_everything_was_sendable()


async def test_the_cancel_form_takes_units_of_a_line(sqlite_database: str) -> None:
    async with slack_house(sqlite_database) as there:
        there.shop.place(1001, ("mug-red", 2), ("sock-grey", 1))
        card = await there.card("ann", "1001")
        seen = await there.user("ann").choose(card, "v1:more", "Cancel Order")
        assert seen.view is not None
        assert "Mug-Red: how many?" in words_of(seen.view)
        line = there.shop.rows(t.order_line, sku="mug-red")[0]["id"]
        await there.user("ann").submit(seen.view, {f"units.{line}": "1", "reason": "changed mind"})
        await there.slack.drain()
        lines = {x["sku"]: x["canceled"] for x in there.shop.rows(t.order_line)}
        assert lines == {"mug-red": 1, "sock-grey": 0}
        there.assert_everything_was_sendable()


async def test_the_undo_button_undoes_its_own_step_for_so_long(
    sqlite_database: str,
) -> None:
    async with slack_house(sqlite_database) as there:
        there.shop.place(1001, ("mug-red", 2))
        there.shop.place(1002, ("mug-red", 2))
        card = await there.card("ann", "priority 1001 vip")
        assert "Undo (60 s)" in buttons_of(card)
        await there.says("ann", "tag 1002 late")
        await there.user("ann").click(card, "Undo (60 s)")
        await there.slack.drain()
        orders = {o["number"]: (o["priority"], o["tags"]) for o in there.shop.rows(t.orders)}
        assert orders == {"1001": (0, "[]"), "1002": (0, '["late"]')}
