"""Mentions, direct messages, the thread that reaches a customer, and the Home tab."""

from __future__ import annotations

from bot.sandbox.slack.delivery import Policy
from bot.sandbox.slack.faults import Fault
from bot.slack.outbound import LOOK_MESSAGES
from core.db import tables as t
from core.db.unit_of_work import UnitOfWork
from core.domain.cases import CaseKind, Finding
from tests.shop import SHOP
from tests.slack.house import SLACK, SlackHouse, slack_house, words_of


async def talk(there: SlackHouse, text: str = "Where is it?") -> str:
    """A customer asks for a person; returns the thread in which staff see it."""

    def ask(uow: UnitOfWork) -> int:
        found = uow.conversations.at("web", "browser-1")
        finding = Finding(CaseKind.CUSTOMER_CHAT, f"conversation:{found.id}", "A customer asks.")
        case = uow.cases.open(finding)
        uow.write_rows()
        uow.conversations.save(found, case_id=case.id, mode="human")
        return case.id

    case_id = there.shop.engine.chore(ask, SHOP)
    await say(there, case_id, text)
    (root,) = there.posts()
    return root.ts


async def say(there: SlackHouse, case_id: int, text: str) -> None:
    def add(uow: UnitOfWork) -> None:
        uow.outbox.add(
            "slack.thread",
            f"slack.thread:{uow.new_id()}",
            {"case_id": case_id, "text": text, "author": "Anna <!here>"},
            lane=f"slack:thread:{case_id}",
            connection_id=SLACK,
            fresh=True,
        )

    there.shop.engine.chore(add, SHOP)
    await there.work()
    there.shop.clock.advance(seconds=2)
    await there.work()


def said_to_customer(there: SlackHouse) -> list[tuple[str, str]]:
    rows = there.shop.rows(t.conversation_message)
    return [(row["author"], row["words"]) for row in rows]


def thread(there: SlackHouse, ts: str) -> list[str]:
    return [words_of(each) for each in there.workspace.messages_in(there.cases.id, ts)][1:]


async def test_a_customers_words_stand_in_the_thread_of_their_case_as_plain_text(
    sqlite_database: str,
) -> None:
    async with slack_house(sqlite_database) as there:
        ts = await talk(there, "<!channel> *where* " + "is it? " * 900)
        (told,) = thread(there, ts)
        assert told.startswith("Anna <!here> writes")
        assert "<!channel> *where*" in told
        (message,) = there.workspace.messages_in(there.cases.id, ts)[1:]
        assert "mrkdwn" not in str(message.blocks)
        assert "<!channel>" not in message.text


async def test_a_lost_answer_does_not_say_a_customers_words_twice(sqlite_database: str) -> None:
    async with slack_house(sqlite_database) as there:
        ts = await talk(there)
        (case,) = there.shop.rows(t.cases)
        there.workspace.faults.add(Fault("chat.postMessage", drop="after"))
        await say(there, case["id"], "Hello?")
        there.shop.clock.advance(minutes=2)
        await there.work()
        assert len(thread(there, ts)) == 2


async def test_in_a_long_thread_words_are_looked_for_to_its_end(sqlite_database: str) -> None:
    async with slack_house(sqlite_database) as there:
        ts = await talk(there)
        (case,) = there.shop.rows(t.cases)
        for number in range(LOOK_MESSAGES):
            there.workspace.post(there.cases.id, there.user("ann").id, f"{number}", thread_ts=ts)
        there.workspace.faults.add(Fault("chat.postMessage", drop="after"))
        await say(there, case["id"], "Hello?")
        there.shop.clock.advance(minutes=2)
        await there.work()
        assert len([words for words in thread(there, ts) if "Hello?" in words]) == 1


async def test_a_thread_that_was_deleted_begins_anew(sqlite_database: str) -> None:
    async with slack_house(sqlite_database) as there:
        ts = await talk(there)
        (case,) = there.shop.rows(t.cases)
        there.workspace.remove_message(there.workspace.message(there.cases.id, ts))
        await say(there, case["id"], "Hello?")
        for _ in range(3):
            there.shop.clock.advance(seconds=5)
            await there.work()
        (root,) = [m for m in there.posts() if m.thread_ts is None]
        assert any("Hello?" in told for told in thread(there, root.ts))


async def test_a_reply_in_the_thread_reaches_the_customer_once(database: str) -> None:
    async with slack_house(database) as there:
        ts = await talk(there)
        ann = there.user("ann", policy=Policy.TRIPLICATE)
        await ann.reply_in_thread(there.cases, ts, "It leaves &amp; arrives &lt;today&gt;")
        await there.slack.drain()
        assert said_to_customer(there) == [("Ann", "It leaves & arrives <today>")]
        assert "Sent to the customer." in there.whispers("ann")[-1]


async def test_our_own_talk_elsewhere_never_reaches_a_customer(sqlite_database: str) -> None:
    async with slack_house(sqlite_database) as there:
        ts = await talk(there)
        await there.user("ann").say("not in a thread", there.cases)
        other = there.workspace.post(there.cases.id, there.user("ann").id, "lunch?")
        await there.user("bob").reply_in_thread(there.cases, other.ts, "pizza")
        await there.user("ann").mention("today", there.cases, ts)
        await there.slack.drain()
        assert said_to_customer(there) == []
        assert "Today" in there.whispers("ann")[-1]


async def test_who_may_not_talk_to_customers_is_told_and_nothing_is_sent(
    sqlite_database: str,
) -> None:
    async with slack_house(sqlite_database) as there:
        ts = await talk(there)
        await there.user("bob").reply_in_thread(there.cases, ts, "hi")
        await there.user("mallory").reply_in_thread(there.cases, ts, "hi")
        await there.user("sue").reply_in_thread(there.cases, ts, "x" * 4001)
        await there.slack.drain()
        assert said_to_customer(there) == []
        assert "Not sent." in there.whispers("bob")[-1]
        assert "I do not know you yet" in there.whispers("mallory")[-1]
        assert "1 to 4000 characters" in there.whispers("sue")[-1]


async def test_a_mention_is_answered_in_its_thread_to_the_asker_only(sqlite_database: str) -> None:
    async with slack_house(sqlite_database) as there:
        there.shop.place(1001, ("mug-red", 2))
        root = there.workspace.post(there.channel.id, there.user("bob").id, "what about 1001?")
        await there.user("ann").mention("1001", there.channel, root.ts)
        await there.slack.drain()
        answer = there.user("ann").ephemerals()[-1]
        assert answer.thread_ts == root.ts
        assert "Order 1001" in words_of(answer)
        assert len(there.workspace.messages_in(there.channel.id, root.ts)) == 2


async def test_a_repeated_mention_acts_and_answers_once(sqlite_database: str) -> None:
    async with slack_house(sqlite_database) as there:
        there.shop.place(1001, ("mug-red", 2))
        await there.user("ann", policy=Policy.TRIPLICATE).mention("hold 1001", there.channel)
        await there.slack.drain()
        assert there.holds("1001") == ["manual"]
        assert len(there.whispers("ann")) == 1


async def test_a_direct_message_is_the_same_grammar(sqlite_database: str) -> None:
    async with slack_house(sqlite_database) as there:
        there.shop.place(1001, ("mug-red", 2))
        direct = there.workspace.direct_channel(there.user("ann").id)
        await there.user("ann").say("hold 1001 address", direct)
        await there.slack.drain()
        assert there.holds("1001") == ["address"]
        assert "on hold for address" in words_of(there.posts(direct.id)[-1])


async def test_what_needs_more_words_is_answered_with_a_button_that_opens_the_form(
    sqlite_database: str,
) -> None:
    async with slack_house(sqlite_database) as there:
        there.shop.place(1001, ("mug-red", 2))
        ann = there.user("ann")
        direct = there.workspace.direct_channel(ann.id)
        await ann.say("tag 1001 1004", direct)
        await there.slack.drain()
        offered = there.posts(direct.id)[-1]
        assert "Tag Order 1001" in words_of(offered)
        assert "Something is still missing." in words_of(offered)
        seen = await ann.click(offered, "Tag Order")
        assert seen.view is not None
        await ann.submit(seen.view, {"tag": "vip"})
        await there.slack.drain()
        assert "tagged vip" in words_of(there.posts(direct.id)[-1])


async def test_a_tag_that_looks_like_a_number_is_a_tag(sqlite_database: str) -> None:
    async with slack_house(sqlite_database) as there:
        there.shop.place(1001, ("mug-red", 2))
        assert "tagged x10" in await there.says("ann", "tag 1001 x10")
        await there.user("ann").mention("untag 1001 x10", there.channel)
        await there.slack.drain()
        assert "1001" in there.whispers("ann")[-1]
        assert there.shop.rows(t.orders, number="1001")[0]["tags"] == "[]"


async def test_the_home_tab_shows_what_waits_and_the_day(sqlite_database: str) -> None:
    async with slack_house(sqlite_database) as there:
        await talk(there)
        await there.user("ann").open_home()
        await there.slack.drain()
        home = there.workspace.views.home_of(there.user("ann").id)
        assert home is not None
        told = words_of(home)
        assert "A customer asks." in told
        assert "Today" in told
        assert "As of" in told
        await there.user("mallory").open_home()
        await there.slack.drain()
        other = there.workspace.views.home_of(there.user("mallory").id)
        assert other is not None
        assert "Ask Eve" in words_of(other)


async def test_a_press_in_the_home_tab_answers_in_a_modal_and_renews_the_tab(
    sqlite_database: str,
) -> None:
    async with slack_house(sqlite_database) as there:
        there.shop.place(1001, ("mug-red", 2))
        await there.says("ann", "hold 1001")
        await there.user("ann").open_home()
        await there.slack.drain()
        home = there.workspace.views.home_of(there.user("ann").id)
        assert home is not None
        seen = await there.user("ann").click(home, "Show Held Orders")
        assert seen.view is not None
        assert "1001" in words_of(seen.view)
        opened = await there.user("ann").click(seen.view, "Open 1001")
        assert opened.view is not None
        assert "Anna Schmidt" in words_of(opened.view)
        done = await there.user("ann").click(opened.view, "Release Order")
        assert done.view is not None
        assert "is released" in words_of(done.view)


async def test_a_changed_profile_is_read_again(sqlite_database: str) -> None:
    async with slack_house(sqlite_database) as there:
        there.workspace.events = there.workspace.events | {"user_change"}
        assert "oday" in await there.says("ann", "today")
        there.workspace.change_user(there.user("ann").id, deleted=True)
        person = {"id": there.user("ann").id}
        await there.user("bob").event({"type": "user_change", "user": person})
        assert "Only people of the team" in await there.says("ann", "today")
