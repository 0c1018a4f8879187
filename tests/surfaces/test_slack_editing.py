"""An order is edited in Slack: a form with a live preview, a button that carries what was seen."""

from __future__ import annotations

from typing import Any

from bot.sandbox.slack.model import View
from core.commands.orders import TagOrder
from core.db import tables as t
from tests.slack.house import SlackHouse, buttons_of, slack_house, words_of


def wanted(there: SlackHouse, number: str = "1001") -> dict[str, int]:
    (order,) = there.shop.rows(t.orders, number=number)
    rows = there.shop.rows(t.order_line, order_id=order["id"])
    return {row["sku"]: row["ordered"] - row["canceled"] for row in rows}


def line_input(there: SlackHouse, sku: str) -> str:
    (row,) = there.shop.rows(t.order_line, sku=sku)
    return f"wanted.{row['id']}"


async def opened(there: SlackHouse) -> View:
    there.shop.place(1001, ("mug-red", 2), ("tee-black-m", 1))
    seen = await there.user("ann").slash("/wismo", "edit 1001", there.channel)
    assert seen.view is not None
    return seen.view


async def test_the_form_becomes_a_preview_and_its_button_confirms(database: str) -> None:
    async with slack_house(database) as there:
        view = await opened(there)
        values = {line_input(there, "mug-red"): "1", "add_sku": "sock-grey", "add_quantity": "2"}
        seen = await there.user("ann").submit(view, values)
        assert seen.view is not None
        told = words_of(seen.view)
        assert "mug-red: 2 → 1" in told
        assert "sock-grey: 2 added" in told
        assert wanted(there) == {"mug-red": 2, "tee-black-m": 1}, "nothing has changed yet"
        assert "Confirm Edit" in buttons_of(seen.view)
        await there.user("ann").click(seen.view, "Confirm Edit")
        await there.slack.drain()
        assert wanted(there) == {"mug-red": 1, "tee-black-m": 1, "sock-grey": 2}


async def test_the_preview_follows_what_is_entered(sqlite_database: str) -> None:
    async with slack_house(sqlite_database) as there:
        view = await opened(there)
        field = line_input(there, "mug-red")
        await there.user("ann").choose(view, "v1:input", "5", block_id=field)
        await there.slack.drain()
        now = there.user("ann").view
        assert now is not None
        assert "Edit of order 1001: €59.70 more" in words_of(now)
        assert there.shop.rows(t.order_change) == [], "looking is not beginning"
        kept = next(b for b in now.blocks if b.get("block_id") == field)
        assert kept["element"]["initial_value"] == "5"


async def test_a_line_set_to_nought_is_removed(sqlite_database: str) -> None:
    async with slack_house(sqlite_database) as there:
        view = await opened(there)
        seen = await there.user("ann").submit(view, {line_input(there, "tee-black-m"): "0"})
        assert seen.view is not None
        assert "tee-black-m: removed" in words_of(seen.view)


async def test_nonsense_stays_in_the_form(sqlite_database: str) -> None:
    async with slack_house(sqlite_database) as there:
        view = await opened(there)
        seen = await there.user("ann").submit(view, {"add_sku": "unicorn"})
        assert seen.view is not None
        assert "The catalog has no unicorn." in words_of(seen.view)
        assert "unicorn" in str(seen.view.payload)
        assert there.shop.rows(t.order_change) == []


async def test_an_old_preview_shows_the_new_one_and_does_nothing(sqlite_database: str) -> None:
    async with slack_house(sqlite_database) as there:
        there.shop.place(1001, ("mug-red", 2))
        old = await there.card("ann", "edit 1001 mug-red 3")
        there.shop.do(TagOrder("1001", "vip"))
        await there.user("ann").click(old, "Confirm Edit")
        await there.slack.drain()
        told = there.whispers("ann")[-1]
        assert "has changed since you looked; nothing was done" in told
        assert "mug-red: 2 → 3" in told
        assert wanted(there) == {"mug-red": 2}
        fresh: Any = there.user("ann").ephemerals()[-1]
        await there.user("ann").click(fresh, "Confirm Edit")
        await there.slack.drain()
        assert wanted(there) == {"mug-red": 3}


async def test_the_answers_to_an_edit_of_paper_are_buttons(sqlite_database: str) -> None:
    async with slack_house(sqlite_database) as there:
        there.shop.place(1001, ("mug-red", 2))
        await there.says("ann", "print ber")
        await there.says("ann", "edit 1001 mug-red 1")
        await there.says("ann", "confirm 1001")
        card = await there.card("ann", "case 1")
        assert {"Accept Edit", "Keep Ours"} <= set(buttons_of(card))
        await there.user("ann").click(card, "Accept Edit")
        await there.slack.drain()
        assert wanted(there) == {"mug-red": 1}
