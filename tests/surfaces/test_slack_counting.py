"""Counting in Slack: the list of a task on a phone, a doubted count, and whom it would short."""

from __future__ import annotations

from core.db import tables as t
from tests.shop import BER
from tests.slack.house import SlackHouse, buttons_of, slack_house, words_of


def on_hand(there: SlackHouse, sku: str = "mug-red") -> int:
    (row,) = there.shop.rows(t.stock_level, sku=sku, location_id=BER)
    return int(row["on_hand"])


async def test_a_list_is_counted_in_a_form_that_does_not_tell_the_book(
    sqlite_database: str,
) -> None:
    async with slack_house(sqlite_database) as there:
        asked = await there.says("bob", "count task ber mug-red tee-black-m")
        assert "BER is asked to count: task 1001." in asked
        card = await there.card("bob", "counts")
        assert "Task 1001 at BER" in words_of(card)
        bob = there.user("bob")
        await bob.click(card, "Count at BER")
        view = bob.view
        assert view is not None
        blocks = [block for block in view.blocks if block["type"] == "input"]
        assert [block["block_id"] for block in blocks] == ["counted.mug-red", "counted.tee-black-m"]
        assert "10" not in str(blocks)
        await bob.submit(view, {"counted.mug-red": "10", "counted.tee-black-m": "0"})
        await there.slack.drain()
        assert (on_hand(there), on_hand(there, "tee-black-m")) == (10, 0)
        assert "Nothing waits to be counted" in await there.says("bob", "counts")


async def test_a_doubted_count_names_the_losers_and_offers_the_second_one(
    sqlite_database: str,
) -> None:
    async with slack_house(sqlite_database) as there:
        there.shop.place(1001, ("mug-red", 9))
        said = await there.card("bob", "count mug-red ber 4")
        assert "1001 would lose 5" in words_of(said)
        assert "Count Stock" in buttons_of(said)
        assert on_hand(there) == 10
        card = await there.card("ann", "counts ber")
        assert "counted by Bob" in words_of(card)
        ann = there.user("ann")
        await ann.click(card, "Count mug-red again")
        assert ann.view is not None
        await ann.submit(ann.view, {"on_hand": "5"})
        await there.slack.drain()
        assert on_hand(there) == 5


async def test_who_may_not_correct_stock_sees_no_button_to_count(sqlite_database: str) -> None:
    async with slack_house(sqlite_database) as there:
        await there.says("bob", "count task ber mug-red")
        card = await there.card("sue", "counts")
        assert "Count at BER" not in buttons_of(card)
