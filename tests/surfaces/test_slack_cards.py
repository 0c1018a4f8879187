"""Cards in channels: one per case, posted once, changed in place, honest when Slack says no."""

from __future__ import annotations

from typing import Any

import pytest

from bot.sandbox.slack.faults import Fault
from core.db import tables as t
from core.db.unit_of_work import UnitOfWork
from core.domain.cases import CaseKind, Finding
from tests.shop import BER, SHOP
from tests.slack.house import SLACK, SlackHouse, buttons_of, slack_house, words_of


def open_case(there: SlackHouse, name: str = "stuck-1", **more: Any) -> int:
    """A case about order 1001, announced in Slack."""
    if not there.shop.rows(t.orders, number="1001"):
        there.shop.place(1001, ("mug-red", 2))
    (order,) = there.shop.rows(t.orders, number="1001")

    def work(uow: UnitOfWork) -> int:
        title = more.pop("title", "Order 1001 waits too long at BER.")
        finding = Finding(CaseKind.STUCK, name, title, order_id=order["id"], **more)
        return uow.cases.open(finding).id

    return there.shop.engine.chore(work, SHOP)


def announce(there: SlackHouse, case_id: int, **payload: Any) -> None:
    def work(uow: UnitOfWork) -> None:
        uow.outbox.add(
            "slack.card",
            f"slack.card:{uow.new_id()}",
            {"subject": f"case:{case_id}", **payload},
            lane=f"slack:case:{case_id}",
            connection_id=SLACK,
            fresh=True,
        )

    there.shop.engine.chore(work, SHOP)


def outbox(there: SlackHouse) -> list[tuple[str, str]]:
    return [(row["state"], row["reason"]) for row in there.shop.rows(t.outbox, kind="slack.card")]


def calls(there: SlackHouse, name: str) -> int:
    return len([call for call in there.workspace.transcript if call.name == name])


async def test_a_case_has_one_card_that_is_taken_and_resolved_in_place(database: str) -> None:
    async with slack_house(database) as there:
        open_case(there)
        await there.work()
        (card,) = there.posts()
        assert "Order 1001 waits too long at BER." in words_of(card)
        assert {"Take Case", "Snooze Case", "Resolve Case"} <= set(buttons_of(card))
        await there.user("ann").click(card, "Take Case")
        await there.slack.drain()
        (card,) = there.posts()
        assert "Ann" in words_of(card)
        seen = await there.user("ann").click(card, "Resolve Case")
        assert seen.view is not None
        await there.user("ann").submit(seen.view, {"note": "called the <!channel> carrier"})
        await there.slack.drain()
        (card,) = there.posts()
        assert buttons_of(card) == []
        assert "Resolved: Ann: called the" in words_of(card)


async def test_an_unchanged_card_is_not_sent_again(sqlite_database: str) -> None:
    async with slack_house(sqlite_database) as there:
        case_id = open_case(there)
        announce(there, case_id)
        await there.work()
        assert (calls(there, "chat.postMessage"), calls(there, "chat.update")) == (1, 0)


async def test_a_case_that_closed_before_it_was_shown_is_not_shown(sqlite_database: str) -> None:
    async with slack_house(sqlite_database) as there:
        open_case(there)
        there.shop.engine.chore(
            lambda uow: uow.cases.close(CaseKind.STUCK, "stuck-1", "shipped"), SHOP
        )
        await there.work()
        assert there.posts() == []
        assert {state for state, _ in outbox(there)} == {"done"}


async def test_a_locations_case_goes_to_its_own_channel(sqlite_database: str) -> None:
    async with slack_house(sqlite_database) as there:
        there.shop.engine.chore(
            lambda uow: uow.people.put(t.location, {"id": BER}, {"channel": there.channel.id}),
            SHOP,
        )
        open_case(there, location_id=BER)
        await there.work()
        assert len(there.posts(there.channel.id)) == 1
        assert there.posts() == []


async def test_after_a_lost_answer_the_card_is_found_and_not_posted_twice(database: str) -> None:
    async with slack_house(database) as there:
        open_case(there)
        there.workspace.faults.add(Fault("chat.postMessage", drop="after"))
        await there.work()
        assert len(there.posts()) == 1
        there.shop.clock.advance(minutes=2)
        await there.work()
        assert len(there.posts()) == 1
        assert outbox(there) == [("done", "")]
        await there.user("ann").click(there.posts()[0], "Take Case")
        await there.slack.drain()
        assert len(there.posts()) == 1
        assert "Ann" in words_of(there.posts()[0])


async def test_after_a_post_that_never_arrived_it_is_posted_once(sqlite_database: str) -> None:
    async with slack_house(sqlite_database) as there:
        open_case(there)
        there.workspace.faults.add(Fault("chat.postMessage", drop="before"))
        await there.work()
        assert there.posts() == []
        there.shop.clock.advance(minutes=2)
        await there.work()
        assert len(there.posts()) == 1


async def test_a_pause_that_slack_asks_for_is_kept(sqlite_database: str) -> None:
    async with slack_house(sqlite_database) as there:
        open_case(there)
        there.workspace.faults.add(Fault("chat.postMessage", status=429, retry_after=30))
        await there.work()
        assert outbox(there) == [("waiting", "Slack asks for a pause.")]
        there.shop.clock.advance(seconds=29)
        assert await there.work() == 0
        there.shop.clock.advance(seconds=2)
        await there.work()
        assert len(there.posts()) == 1


@pytest.mark.parametrize(
    ("error", "words"),
    [
        ("invalid_auth", "connect the workspace again"),
        ("channel_not_found", "/invite"),
        ("not_in_channel", "/invite"),
        ("is_archived", "archived"),
        ("restricted_action", "another channel"),
    ],
)
async def test_what_only_a_person_can_mend_is_dead_and_says_how(
    sqlite_database: str, error: str, words: str
) -> None:
    async with slack_house(sqlite_database) as there:
        open_case(there)
        there.workspace.faults.add(Fault("chat.postMessage", error=error))
        await there.work()
        ((state, reason),) = outbox(there)
        assert state == "dead"
        assert words in reason


@pytest.mark.parametrize(
    "error", ["message_not_found", "cant_update_message", "edit_window_closed"]
)
async def test_a_card_that_can_no_longer_be_changed_is_posted_anew(
    sqlite_database: str, error: str
) -> None:
    async with slack_house(sqlite_database) as there:
        case_id = open_case(there)
        await there.work()
        (old,) = there.posts()
        if error == "message_not_found":
            there.workspace.remove_message(old)
        else:
            there.workspace.faults.add(Fault("chat.update", error=error))
        there.shop.clock.advance(hours=3)
        announce(there, case_id)
        await there.work()
        assert there.posts()[-1].ts != old.ts
        (known,) = there.shop.rows(t.surface_message)
        assert known["ts"] == there.posts()[-1].ts


async def test_without_any_channel_it_says_what_to_set(sqlite_database: str) -> None:
    async with slack_house(sqlite_database) as there:
        there.shop.engine.chore(
            lambda uow: uow.people.put(t.connection, {"id": SLACK}, {"config": {}}), SHOP
        )
        open_case(there)
        await there.work()
        ((state, reason),) = outbox(there)
        assert state == "dead"
        assert "cases_channel" in reason


async def test_a_storm_of_long_titles_still_fits(sqlite_database: str) -> None:
    async with slack_house(sqlite_database) as there:
        open_case(there, title="<!channel> " + "x" * 3000)
        await there.work()
        (card,) = there.posts()
        assert "Take Case" in buttons_of(card)
