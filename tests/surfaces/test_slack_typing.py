"""Staff type in Slack: every phrase is answered, to the one who typed it, within the limits."""

from __future__ import annotations

import pytest

from bot.sandbox.slack.delivery import Policy
from core.db import tables as t
from tests.slack.house import buttons_of, slack_house, words_of


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1001", "Order 1001"),
        ("order 1001", "Order 1001"),
        ("#1001", "Order 1001"),
        ("anna schmidt", "1001"),
        ("late ber", "Late orders"),
        ("hold 1001 address until fri", "on hold for address"),
        ("hold 1001", "on hold"),
        ("release 1001", "is not on hold"),
        ("cancel 1001 changed mind", "is canceled"),
        ("move 1001 to ham", "moved from BER to HAM"),
        ("why 1001", "Why order 1001"),
        ("note 1001 ring twice", "Noted"),
        ("tag 1001 vip", "tagged vip"),
        ("stock mug-red", "mug-red"),
        ("picks ber", "1001"),
        ("picked 1001", "1001"),
        ("returns", "eturn"),
        ("cases", "ase"),
        ("mine", "ase"),
        ("today", "oday"),
        ("undo", "nothing of yours to undo"),
        ("help", "What you can write"),
        ("help hold", "hold"),
        ("help about routing", "whatif 1001"),
        ("help about nothing", "Topics: orders"),
        ("roles", "owner"),
        ("hodl 1001", "hold"),
        ("1001 payload", "I understand only the number. Nothing was changed"),
        ("payload", "payload"),
    ],
)
async def test_every_phrase_is_answered_in_the_acknowledgement(
    sqlite_database: str, text: str, expected: str
) -> None:
    async with slack_house(sqlite_database) as there:
        there.shop.place(1001, ("mug-red", 2))
        assert expected in await there.says("ann", text)
        assert there.posts(there.channel.id) == []


async def test_both_roots_and_both_databases_understand_the_same(database: str) -> None:
    async with slack_house(database) as there:
        there.shop.place(1001, ("mug-red", 2))
        seen = await there.user("ann").slash("/order", "hold 1001 address", there.channel)
        assert seen.said is not None
        assert "on hold" in words_of(seen.said)
        assert there.holds("1001") == ["address"]
        assert "ON HOLD" in await there.says("bob", "1001")


async def test_many_numbers_are_done_one_by_one_and_a_repeat_changes_nothing(
    sqlite_database: str,
) -> None:
    async with slack_house(sqlite_database) as there:
        for number in (1001, 1004):
            there.shop.place(number, ("mug-red", 1))
        ann = there.user("ann", policy=Policy.TRIPLICATE)
        seen = await ann.slash("/wismo", "hold 1001 1004 fraud", there.channel)
        assert seen.said is not None
        assert "1001" in words_of(seen.said)
        assert "1004" in words_of(seen.said)
        assert (there.holds("1001"), there.holds("1004")) == (["fraud"], ["fraud"])
        bodies = [ack.body for ack in seen.answer.acks]
        assert b"nothing was done twice" in bodies[1]
        assert b"is on hold for fraud" in bodies[2]
        kept = [row["delivery_id"] for row in there.shop.rows(t.inbox)]
        assert len(kept) == 2
        assert kept[1] == f"{kept[0]}#2"


async def test_two_copies_at_the_same_moment_act_once(database: str) -> None:
    async with slack_house(database) as there:
        there.shop.place(1001, ("mug-red", 2))
        ann = there.user("ann", policy=Policy.CONCURRENT)
        await ann.slash("/wismo", "hold 1001 address", there.channel)
        assert there.holds("1001") == ["address"]
        assert len(there.shop.rows(t.audit, command="hold_order")) == 1


async def test_the_answer_was_lost_after_the_commit_and_the_repeat_gets_it_again(
    sqlite_database: str,
) -> None:
    """The process is killed between commit and answer: a fresh one answers from the inbox."""
    async with slack_house(sqlite_database) as there:
        there.shop.place(1001, ("mug-red", 2))
        there.user("ann")
        await there.says("ann", "hold 1001 address")
        (call,) = [c for c in there.workspace.transcript if c.name == "slash_commands"]
        version = there.shop.rows(t.orders, number="1001")[0]["version"]
        again = there.user("ann")
        answer = await again.postman.send("slash_commands", call.request)
        assert b"is on hold for address" in answer.acks[0].body
        assert there.shop.rows(t.orders, number="1001")[0]["version"] == version


async def test_a_refusal_says_what_to_do_next(sqlite_database: str) -> None:
    async with slack_house(sqlite_database) as there:
        there.shop.place(1001, ("mug-red", 2))
        told = await there.says("sue", "move 1001 to ham")
        assert "As support you cannot move, split or merge orders." in told
        assert "Ask a " in told


async def test_a_stranger_gets_a_polite_no_that_names_whom_to_ask(sqlite_database: str) -> None:
    async with slack_house(sqlite_database) as there:
        there.shop.place(1001, ("mug-red", 2))
        told = await there.says("mallory", "1001")
        assert "I do not know you yet" in told
        assert "Ask Eve" in told
        assert "Schmidt" not in told


async def test_a_colleague_without_a_link_is_known_by_e_mail_and_linked_for_good(
    sqlite_database: str,
) -> None:
    async with slack_house(sqlite_database) as there:
        there.shop.place(1001, ("mug-red", 2))
        _unlink(there, "sue")
        assert "Order 1001" in await there.says("sue", "1001")
        (row,) = there.shop.rows(t.staff, name="Sue")
        assert row["slack_user"] == there.user("sue").id
        there.workspace.change_user(there.user("sue").id, email="other@elsewhere.example")
        there.shop.clock.advance(minutes=11)
        assert "Order 1001" in await there.says("sue", "1001")


async def test_who_was_demoted_or_left_loses_the_right_at_once(sqlite_database: str) -> None:
    async with slack_house(sqlite_database) as there:
        there.shop.place(1001, ("mug-red", 2))
        assert "moved" in await there.says("ann", "move 1001 to ham")
        _change(there, "ann", role="support")
        assert "As support you cannot" in await there.says("ann", "move 1001 to ber")
        _change(there, "ann", active=0)
        assert "I do not know you yet" in await there.says("ann", "1001")


async def test_a_closed_slack_account_and_a_bot_are_refused(sqlite_database: str) -> None:
    async with slack_house(sqlite_database) as there:
        there.workspace.change_user(there.user("ann").id, deleted=True)
        there.workspace.change_user(there.user("bob").id, is_bot=True)
        assert "Only people of the team" in await there.says("ann", "today")
        assert "Only people of the team" in await there.says("bob", "today")


async def test_customer_words_cannot_become_markup(sqlite_database: str) -> None:
    async with slack_house(sqlite_database) as there:
        name = "<!channel> <https://evil.example|Click> *bold* & <@U00000002>"
        there.shop.place(1001, ("mug-red", 1), customer_name=name, note="<!here> `x` " + name)
        card = await there.card("ann", "1001")
        for block in card.blocks:
            text = str(block)
            if "mrkdwn" in text:
                assert "<!channel>" not in text
                assert "<https://evil" not in text
        assert "<!channel>" not in card.text
        assert "&lt;!channel&gt;" in card.text


async def test_long_words_are_kept_within_slacks_limits_and_the_rest_is_counted(
    sqlite_database: str,
) -> None:
    async with slack_house(sqlite_database) as there:
        there.shop.place(1001, ("mug-red", 1), note="😀 " * 2000)
        assert "Order 1001" in await there.says("ann", "1001")
        for number in range(2000, 2060):
            there.shop.place(number, ("mug-red", 1), customer_name="N" * 240)
        assert "and more" in await there.says("ann", "nnnn")
        await there.says("ann", "note 1001 " + "long words " * 360)


async def test_a_card_shows_the_point_at_first_glance(sqlite_database: str) -> None:
    async with slack_house(sqlite_database) as there:
        there.shop.place(1001, ("mug-red", 2))
        await there.says("ann", "hold 1001 address")
        card = await there.card("ann", "1001")
        told = words_of(card)
        for word in ("1001", "Anna Schmidt", "Berlin", "39.80", "On hold", "Ann", "Mug-Red"):
            assert word in told, word
        assert buttons_of(card)[0] == "Release Order"
        assert "Share in Channel" in buttons_of(card)


async def test_a_bare_verb_opens_a_form_and_needs_no_words(sqlite_database: str) -> None:
    async with slack_house(sqlite_database) as there:
        there.shop.place(1001, ("mug-red", 2))
        seen = await there.user("ann").slash("/wismo", "hold", there.channel)
        assert seen.said is None
        assert seen.view is not None
        done = await there.user("ann").submit(seen.view, {"order": "1001", "reason": "fraud"})
        assert done.view is None
        await there.slack.drain()
        assert there.holds("1001") == ["fraud"]
        assert "on hold for fraud" in there.whispers("ann")[-1]


async def test_what_takes_too_long_says_so_and_answers_later(sqlite_database: str) -> None:
    async with slack_house(sqlite_database, answer_seconds=0) as there:
        there.shop.place(1001, ("mug-red", 2))
        seen = await there.user("ann").slash("/wismo", "hold 1001 address", there.channel)
        assert seen.said is not None
        assert "Working" in words_of(seen.said)
        await there.slack.drain()
        assert "on hold for address" in there.whispers("ann")[-1]


def _unlink(there: object, name: str) -> None:
    _change(there, name, slack_user=None)


def _change(there: object, name: str, **values: object) -> None:
    shop = there.shop  # type: ignore[attr-defined]
    shop.engine.chore(
        lambda uow: uow.session.connection.execute(
            t.staff.update().where(t.staff.c.name == name.title()).values(**values)
        ),
        1,
    )
