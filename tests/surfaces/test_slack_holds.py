"""The location's channel is asked to stop a box, and Got it under the card is the answer."""

from __future__ import annotations

from core.commands.fulfillment import PrintPicks
from core.db import tables as t
from core.queries.orders import ShowOrder
from tests.shop import BER, SHOP
from tests.slack.house import SlackHouse, buttons_of, slack_house, words_of


def give_ber_its_own_channel(there: SlackHouse) -> None:
    there.shop.engine.chore(
        lambda uow: uow.people.put(t.location, {"id": BER}, {"channel": there.channel.id}), SHOP
    )


async def test_a_hold_after_printing_asks_in_the_locations_channel(database: str) -> None:
    async with slack_house(database) as there:
        give_ber_its_own_channel(there)
        there.shop.place(1001, ("mug-red", 2))
        there.shop.do(PrintPicks("BER"))
        said = await there.says("sue", "hold 1001 fraud card stolen")
        assert "BER is asked to put 1001-1 aside." in said
        await there.work()
        (card,) = there.posts(there.channel.id)
        assert "Order 1001 is on hold for fraud: put 1001-1 aside." in words_of(card)
        assert "card stolen" in words_of(card)
        assert buttons_of(card)[0] == "Got it"
        await there.user("bob").click(card, "Got it")
        await there.slack.drain()
        await there.work()
        (card,) = there.posts(there.channel.id)
        assert "BER got it: Bob" in words_of(card)
        assert buttons_of(card) == []
        (hold,) = there.shop.ask(ShowOrder("1001")).holds
        assert [(a.answer.value, a.by) for a in hold.answers] == [("stopped", "Bob")]
        assert "1001-1 at BER: stopped. Bob got it" in await there.says("ann", "1001")
        there.assert_everything_was_sendable()


async def test_people_who_do_not_pack_cannot_say_got_it(sqlite_database: str) -> None:
    async with slack_house(sqlite_database) as there:
        give_ber_its_own_channel(there)
        there.shop.place(1001, ("mug-red", 2))
        there.shop.do(PrintPicks("BER"))
        await there.says("sue", "hold 1001 fraud")
        await there.work()
        await there.user("sue").click(there.posts(there.channel.id)[0], "Got it")
        await there.slack.drain()
        assert there.shop.rows(t.hold_answer) == []
        assert "asked, nobody there has pressed Got it yet" in await there.says("ann", "1001")


async def test_too_late_names_the_ways_that_are_left(sqlite_database: str) -> None:
    async with slack_house(sqlite_database) as there:
        there.shop.place(1001, ("mug-red", 2))
        await there.says("bob", "shipped 1001 00340434161094000002 DHL")
        said = await there.says("sue", "hold 1001 fraud")
        assert "has left the house; a hold is too late" in said
        assert "recall 1001" in said
        assert "is noted; ask the carrier now" in await there.says("sue", "recall 1001 stolen card")


async def test_blocked_orders_are_listed_with_whom_they_wait_for(sqlite_database: str) -> None:
    async with slack_house(sqlite_database) as there:
        there.shop.place(1001, ("mug-red", 2))
        await there.says("sue", "hold 1001 address")
        said = await there.says("ann", "blocked")
        assert "1001 · Sue — decide the address hold until" in said
        assert "waits for Sue" in await there.says("ann", "held")


async def test_mine_shows_the_orders_that_wait_for_me(sqlite_database: str) -> None:
    async with slack_house(sqlite_database) as there:
        there.shop.place(1001, ("mug-red", 2))
        await there.says("sue", "hold 1001 address")
        assert "Order 1001 · Sue — decide the address hold" in await there.says("sue", "mine")
        assert "1001" not in await there.says("ann", "mine")
