"""Staff press buttons and fill in forms: it happens once, for whom it may, never on old news."""

from __future__ import annotations

import msgspec
import pytest

from bot.sandbox.slack.delivery import Policy
from bot.sandbox.slack.faults import Fault
from bot.slack.tokens import FormState, Press
from core.db import tables as t
from tests.slack.house import SlackHouse, buttons_of, slack_house, words_of


async def test_a_pressed_button_acts_and_its_own_card_shows_the_new_state(database: str) -> None:
    async with slack_house(database) as there:
        there.shop.place(1001, ("mug-red", 2))
        card = await there.card("ann", "1001")
        await there.user("ann").click(card, "Mark Picked")
        await there.slack.drain()
        shown = there.whispers("ann")
        assert len(shown) == 1, "the card was replaced, not repeated"
        assert "picked" in shown[0]
        assert "Mark Packed" in buttons_of(there.user("ann").ephemerals()[0])


@pytest.mark.parametrize("policy", [Policy.DUPLICATE, Policy.TRIPLICATE, Policy.CONCURRENT])
async def test_however_often_a_press_arrives_it_acts_once(
    sqlite_database: str, policy: Policy
) -> None:
    async with slack_house(sqlite_database) as there:
        there.shop.place(1001, ("mug-red", 2))
        card = await there.card("ann", "1001")
        await there.user("ann", policy=policy).click(card, "Mark Picked")
        await there.slack.drain()
        assert len([e for e in there.shop.rows(t.event) if e["kind"] == "WorkPicked"]) == 1


async def test_a_press_on_an_old_card_does_nothing_and_shows_how_old_it_was(database: str) -> None:
    async with slack_house(database) as there:
        there.shop.place(1001, ("mug-red", 2))
        old = await there.card("ann", "1001")
        await there.says("bob", "tag 1001 vip")
        await there.says("bob", "tag 1001 gift")
        await there.user("ann").click(old, "Mark Picked")
        await there.slack.drain()
        told = there.whispers("ann")[-1]
        assert "This card is 2 changes old, so nothing was done." in told
        assert "vip, gift" in told or "gift, vip" in told
        assert [e for e in there.shop.rows(t.event) if e["kind"] == "WorkPicked"] == []
        fresh = there.user("ann").ephemerals()[-1]
        await there.user("ann").click(fresh, "Mark Picked")
        assert [e for e in there.shop.rows(t.event) if e["kind"] == "WorkPicked"]


async def test_who_sees_somebody_elses_button_still_needs_the_right(sqlite_database: str) -> None:
    async with slack_house(sqlite_database) as there:
        there.shop.place(1001, ("mug-red", 2))
        card = await there.card("ann", "1001")
        await there.user("ann").choose(card, "v1:more", "Share in Channel")
        await there.work()
        (shared,) = there.posts(there.channel.id)
        await there.user("sue").click(shared, "Mark Picked")
        await there.user("mallory").click(shared, "Mark Picked")
        await there.slack.drain()
        assert "As support you cannot pick, pack and ship." in there.whispers("sue")[-1]
        assert "I do not know you yet" in there.whispers("mallory")[-1]
        assert [e for e in there.shop.rows(t.event) if e["kind"] == "WorkPicked"] == []


async def test_a_shared_card_is_posted_once_and_kept_up_to_date_by_a_press(
    sqlite_database: str,
) -> None:
    async with slack_house(sqlite_database) as there:
        there.shop.place(1001, ("mug-red", 2))
        card = await there.card("ann", "1001")
        twice = there.user("ann", policy=Policy.DUPLICATE)
        await twice.choose(card, "v1:more", "Share in Channel")
        await there.work()
        (shared,) = there.posts(there.channel.id)
        assert "Share in Channel" not in buttons_of(shared)
        await there.user("bob").click(shared, "Mark Picked")
        await there.slack.drain()
        (now,) = there.posts(there.channel.id)
        assert now.ts == shared.ts
        assert "Mark Packed" in buttons_of(now)
        assert "picked" in there.whispers("bob")[-1]


async def test_a_shared_card_follows_what_happens_anywhere_else(sqlite_database: str) -> None:
    async with slack_house(sqlite_database) as there:
        there.shop.place(1001, ("mug-red", 2))
        card = await there.card("ann", "1001")
        await there.user("ann").choose(card, "v1:more", "Share in Channel")
        await there.work()
        await there.says("bob", "hold 1001 fraud")
        await there.work()
        (shared,) = there.posts(there.channel.id)
        assert "ON HOLD" in words_of(shared)


async def test_undo_takes_back_by_button(sqlite_database: str) -> None:
    async with slack_house(sqlite_database) as there:
        there.shop.place(1001, ("mug-red", 2))
        card = await there.card("ann", "hold 1001 address")
        await there.user("ann").click(card, "Undo (60 s)")
        await there.slack.drain()
        assert "Taken back (hold)" in there.whispers("ann")[-1]
        (row,) = there.shop.rows(t.hold)
        assert row["released_at"] is not None


async def test_a_forged_a_foreign_and_an_aged_button_do_nothing_and_say_so(
    sqlite_database: str,
) -> None:
    async with slack_house(sqlite_database) as there:
        there.shop.place(1001, ("mug-red", 2))
        account = await there.account()
        now = there.shop.clock()
        good = account.tokens.press(Press("cancel", {"order": "1001"}), now)
        forged = good[:-4] + ("AAAA" if not good.endswith("AAAA") else "BBBB")
        other = type(account.tokens)(there.house.settings.secrets, 999)
        foreign = other.press(Press("cancel", {"order": "1001"}), now)
        for value in (forged, foreign, "nonsense", "1001"):
            await _press_value(there, value)
            assert "not one of ours" in there.whispers("ann")[-1]
        there.shop.clock.advance(days=31)
        await _press_value(there, good)
        assert "older than 30 days" in there.whispers("ann")[-1]
        assert there.shop.rows(t.orders, number="1001")[0]["canceled_at"] is None


async def test_a_form_value_is_no_button(sqlite_database: str) -> None:
    async with slack_house(sqlite_database) as there:
        account = await there.account()
        form = account.tokens.form(FormState("cancel", {"order": "1001"}), there.shop.clock())
        await _press_value(there, form)
        assert "not one of ours" in there.whispers("ann")[-1]


async def _press_value(there: SlackHouse, value: str) -> None:
    bot = there.workspace.bot_user
    button = {
        "type": "button",
        "action_id": "v1:press:0",
        "text": {"type": "plain_text", "text": "Cancel Order"},
        "value": value,
    }
    blocks = [{"type": "actions", "elements": [button]}]
    post = there.workspace.post(there.channel.id, bot, "old card", blocks=blocks)
    await there.user("ann").click(post, "Cancel Order")


# --- forms ----------------------------------------------------------------------------------------


async def test_a_button_opens_a_prefilled_form_which_ends_in_one_command(database: str) -> None:
    async with slack_house(database) as there:
        there.shop.place(1001, ("mug-red", 2))
        card = await there.card("ann", "1001")
        seen = await there.user("ann").click(card, "Hold Order")
        assert seen.view is not None
        assert "1001" in str(seen.view.payload["title"])
        values = {"reason": "address", "note": "door code?"}
        done = await there.user("ann", policy=Policy.DUPLICATE).submit(seen.view, values)
        assert (done.view, done.errors) == (None, {})
        await there.slack.drain()
        assert there.holds("1001") == ["address"]
        assert "on hold for address" in there.whispers("ann")[-1]


async def test_a_form_about_an_order_that_changed_meanwhile_asks_to_look_again(
    sqlite_database: str,
) -> None:
    async with slack_house(sqlite_database) as there:
        there.shop.place(1001, ("mug-red", 2))
        card = await there.card("ann", "1001")
        seen = await there.user("ann").click(card, "Hold Order")
        assert seen.view is not None
        await there.says("bob", "tag 1001 vip")
        no = await there.user("ann").submit(seen.view, {"reason": "fraud", "note": "see mail"})
        assert no.view is not None
        assert "has changed since you looked" in words_of(no.view)
        assert there.holds("1001") == []
        (note,) = [b for b in no.view.blocks if b.get("block_id") == "note"]
        assert note["element"]["initial_value"] == "see mail", "nothing has to be typed again"
        yes = await there.user("ann").submit(no.view)
        assert yes.view is None
        assert there.holds("1001") == ["fraud"]


async def test_a_refusal_stays_in_the_form_with_what_was_entered(sqlite_database: str) -> None:
    async with slack_house(sqlite_database) as there:
        there.shop.place(1001, ("mug-red", 2))
        seen = await there.user("ann").slash("/wismo", "hold", there.channel)
        assert seen.view is not None
        no = await there.user("ann").submit(seen.view, {"order": "9999", "note": "keep me"})
        assert no.view is not None
        assert "9999" in words_of(no.view)
        assert "keep me" in str(no.view.payload)
        yes = await there.user("ann").submit(no.view, {"order": "1001"})
        assert yes.view is None
        assert there.holds("1001")


async def test_all_wrong_fields_are_told_at_once_under_their_names(sqlite_database: str) -> None:
    async with slack_house(sqlite_database) as there:
        there.shop.place(1001, ("mug-red", 2))
        seen = await there.user("ann").slash("/wismo", "snooze", there.channel)
        assert seen.view is not None
        no = await there.user("ann").submit(seen.view, {"case": "seven", "until": 1_795_500_000})
        assert no.errors == {"case": "Write a whole number, for example 2."}
        assert no.view is not None
        assert no.view.id == seen.view.id


async def test_a_moment_that_has_passed_is_refused_in_the_form(sqlite_database: str) -> None:
    async with slack_house(sqlite_database) as there:
        there.shop.place(1001, ("mug-red", 2))
        card = await there.card("ann", "1001")
        seen = await there.user("ann").click(card, "Hold Order")
        assert seen.view is not None
        past = int(there.shop.clock().timestamp()) - 60
        no = await there.user("ann").submit(seen.view, {"until": past})
        assert no.view is not None
        assert "That moment has passed." in words_of(no.view)
        assert there.holds("1001") == []


async def test_the_right_is_asked_again_when_the_form_is_sent(sqlite_database: str) -> None:
    async with slack_house(sqlite_database) as there:
        there.shop.place(1001, ("mug-red", 2))
        card = await there.card("ann", "1001")
        seen = await there.user("ann").click(card, "Move Order")
        assert seen.view is not None
        there.shop.engine.chore(
            lambda uow: uow.session.connection.execute(
                t.staff.update().where(t.staff.c.name == "Ann").values(role="support")
            ),
            1,
        )
        no = await there.user("ann").submit(seen.view, {"to": "HAM"})
        assert no.view is not None
        assert "As support you cannot" in words_of(no.view)


async def test_a_note_that_is_too_long_is_refused_without_losing_a_word(
    sqlite_database: str,
) -> None:
    async with slack_house(sqlite_database) as there:
        there.shop.place(1001, ("mug-red", 2))
        card = await there.card("ann", "1001")
        await there.user("ann").choose(card, "v1:more", "Write Note")
        view = there.user("ann").view
        assert view is not None
        text = ("äöü<!channel> " * 300)[:2999] + "!"
        no = await there.user("ann").submit(view, {"text": text})
        assert no.view is not None
        assert "2,000" in words_of(no.view)
        (note,) = [b for b in no.view.blocks if b.get("block_id") == "text"]
        assert note["element"]["initial_value"] == text
        assert "2,000" in await there.says("ann", "note 1001 " + "long " * 800)
        yes = await there.user("ann").submit(no.view, {"text": text[:1999]})
        assert yes.view is None
        (noted,) = [e for e in there.shop.rows(t.event) if e["kind"] == "OrderNoted"]
        assert msgspec.json.decode(noted["data"])["text"] == text[:1999]


@pytest.mark.parametrize("error", ["expired_trigger_id", "invalid_arguments", None])
async def test_a_form_that_slack_does_not_open_is_not_passed_over(
    sqlite_database: str, error: str | None
) -> None:
    async with slack_house(sqlite_database) as there:
        there.shop.place(1001, ("mug-red", 2))
        card = await there.card("ann", "1001")
        fault = Fault("views.open", error=error, drop=None if error else "before")
        there.workspace.faults.add(fault)
        await there.user("ann").click(card, "Hold Order")
        assert "Please do it once more" in there.whispers("ann")[-1]


async def test_a_slow_form_says_one_moment_and_then_appears(sqlite_database: str) -> None:
    async with slack_house(sqlite_database, answer_seconds=0) as there:
        there.shop.place(1001, ("mug-red", 2))
        await there.user("ann").slash("/wismo", "1001", there.channel)
        await there.slack.drain()
        card = there.user("ann").ephemerals()[-1]
        seen = await there.user("ann").click(card, "Hold Order")
        assert seen.view is not None
        assert "One moment" in words_of(seen.view)
        await there.slack.drain()
        view = there.user("ann").view
        assert view is not None
        assert view.payload["callback_id"] == "v1:form"
        await there.user("ann").submit(view, {"reason": "fraud"})
        await there.slack.drain()
        assert there.holds("1001") == ["fraud"]
        after = there.user("ann").view
        assert after is not None
        assert "Done." in words_of(after)
