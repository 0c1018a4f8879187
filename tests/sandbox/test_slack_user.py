"""What people do in the local Slack reaches the app signed and complete, and its answer counts."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bot.sandbox.slack.delivery import Policy
from bot.sandbox.slack.model import Message, View
from bot.sandbox.slack.user import AppMistake, SlackUser
from bot.sandbox.slack.values import CannotDo
from tests.sandbox.slack_kit import (
    EchoApp,
    Shop,
    actions,
    button,
    field,
    modal,
    note_field,
    option,
    plain,
    section,
    silent,
)


class Stage:
    """Ann before a small app; `patience` is what her stopwatch adds per look."""

    def __init__(self, answer: Any = silent, **more: Any) -> None:
        self.shop = Shop()
        self.workspace = self.shop.workspace
        self.app = EchoApp(self.shop.clock, answer)
        self.ann = SlackUser(self.workspace, self.app.deliver(), self.shop.ann, **more)

    def card(self, *blocks: dict[str, Any]) -> Message:
        """A message of the app in the orders channel."""
        bot = self.workspace.bot_user
        return self.workspace.post(self.shop.orders.id, bot, "1001", blocks=list(blocks))

    def modal(self, *blocks: dict[str, Any], **more: Any) -> View:
        return self.workspace.views.open(self.ann.id, modal(*blocks, **more))

    @property
    def got(self) -> dict[str, Any]:
        return self.app.received[-1]


# Typing


async def test_a_slash_command_arrives_as_a_signed_form_and_its_answer_is_seen_by_one() -> None:
    stage = Stage(lambda got: f"you said {got['text']}")
    seen = await stage.ann.slash("/order", "hold 1001 payload & more", stage.shop.orders)
    assert stage.got["text"] == "hold 1001 payload & more"
    assert (stage.got["user_id"], stage.got["is_enterprise_install"]) == (stage.ann.id, "false")
    assert stage.got["response_url"].startswith(stage.workspace.base_url)
    assert seen.said is not None
    assert [m.text for m in stage.ann.ephemerals()] == ["you said hold 1001 payload & more"]
    assert stage.workspace.ephemerals_of(stage.shop.bob.id) == []
    assert stage.workspace.messages == {}


async def test_an_answer_can_be_for_the_channel() -> None:
    answer = {"response_type": "in_channel", "text": "1001", "blocks": [section("1001")]}
    stage = Stage(lambda _got: answer)
    await stage.ann.slash("/order", "1001", stage.shop.orders)
    assert [m.text for m in stage.workspace.messages_in(stage.shop.orders.id)] == ["1001"]


async def test_an_answer_with_broken_blocks_is_a_mistake_and_shows_nothing() -> None:
    stage = Stage(lambda _got: {"text": "1001", "blocks": [section("")]})
    with pytest.raises(AppMistake, match="json-pointer:/blocks/0/text/text"):
        await stage.ann.slash("/order", "1001", stage.shop.orders)
    assert stage.ann.ephemerals() == []
    assert len(stage.workspace.mistakes) == 1


async def test_an_app_that_takes_more_than_three_seconds_is_seen_as_a_timeout() -> None:
    times = iter([0.0, 3.2])
    stage = Stage(lambda _got: "too late", strict=False, monotonic=lambda: next(times))
    seen = await stage.ann.slash("/order", "1001", stage.shop.orders)
    assert seen.trouble == "operation_timeout"
    assert seen.said is None
    assert stage.ann.ephemerals() == []


async def test_an_app_that_fails_is_seen_as_failed() -> None:
    stage = Stage()
    stage.app.status = 500
    with pytest.raises(AppMistake, match="dispatch_failed"):
        await stage.ann.slash("/order", "1001", stage.shop.orders)


async def test_a_wrong_signing_secret_gets_no_further_than_the_door() -> None:
    stage = Stage(strict=False)
    stage.workspace.signing_secret = "another secret"
    seen = await stage.ann.slash("/order", "1001", stage.shop.orders)
    assert [ack.status for ack in seen.answer.acks] == [401]
    assert stage.app.received == []


async def test_nobody_can_type_where_they_are_not_or_in_the_archive() -> None:
    stage = Stage()
    bob = SlackUser(stage.workspace, stage.app.deliver(), stage.shop.bob)
    with pytest.raises(CannotDo):
        await bob.slash("/order", "1001", stage.shop.secret)
    with pytest.raises(CannotDo):
        await stage.ann.say("hello", stage.shop.old)
    assert stage.app.received == []


async def test_a_mention_is_two_events_and_each_has_its_own_id() -> None:
    stage = Stage()
    await stage.ann.mention("where is 1001", stage.shop.orders)
    mention, message = stage.app.received
    assert (mention["type"], mention["event"]["type"]) == ("event_callback", "app_mention")
    assert message["event"]["type"] == "message"
    assert mention["event_id"] != message["event_id"]
    assert mention["event"]["ts"] == message["event"]["ts"]
    assert mention["event"]["text"] == f"<@{stage.workspace.bot_user}> where is 1001"


async def test_a_reply_in_a_thread_carries_the_thread() -> None:
    stage = Stage()
    card = stage.card(section("a customer asks"))
    await stage.ann.reply_in_thread(stage.shop.orders, card.ts, "it ships today")
    assert stage.got["event"]["thread_ts"] == card.ts
    assert stage.got["event"]["channel_type"] == "channel"


async def test_the_app_hears_nothing_from_rooms_it_is_not_in_or_events_it_did_not_want() -> None:
    stage = Stage()
    await stage.ann.mention("hello", stage.shop.secret)
    stage.workspace.events = frozenset({"app_mention"})
    await stage.ann.say("hello", stage.shop.orders)
    assert stage.app.received == []


async def test_a_shared_link_is_told_for_our_own_domains_only() -> None:
    stage = Stage()
    stage.workspace.unfurl_domains = frozenset({"shop.test"})
    await stage.ann.share_link("https://elsewhere.test/1", stage.shop.orders)
    assert [got["event"]["type"] for got in stage.app.received] == ["message"]
    await stage.ann.share_link("https://shop.test/orders/1001", stage.shop.orders)
    assert stage.got["event"]["links"] == [
        {"domain": "shop.test", "url": "https://shop.test/orders/1001"}
    ]


# Pressing


async def test_a_click_carries_the_message_as_it_was_sent() -> None:
    stage = Stage()
    card = stage.card(section("held"), actions(button(value="token-7")))
    await stage.ann.click(card, "Release Order")
    (action,) = stage.got["actions"]
    assert (action["action_id"], action["block_id"]) == ("v1:release", "acts")
    assert action["value"] == "token-7"
    assert stage.got["message"]["blocks"] == list(card.blocks)
    assert stage.got["container"]["message_ts"] == card.ts
    assert stage.got["trigger_id"] in stage.workspace.triggers


async def test_an_old_copy_of_a_message_can_still_be_pressed() -> None:
    stage = Stage()
    stale = stage.card(actions(button(value="version-1")))
    stage.workspace.change_message(stale, blocks=[actions(button(value="version-2"))])
    await stage.ann.click(stale, "v1:release")
    assert stage.got["actions"][0]["value"] == "version-1"


async def test_a_click_in_an_ephemeral_message_does_not_carry_its_words() -> None:
    stage = Stage()
    whisper = stage.workspace.whisper(
        stage.shop.orders.id, stage.ann.id, "only you", blocks=[actions(button())]
    )
    await stage.ann.click(whisper, "v1:release")
    assert "message" not in stage.got
    assert stage.got["container"]["is_ephemeral"] is True


async def test_only_what_is_on_the_screen_can_be_pressed() -> None:
    stage = Stage()
    twins = stage.card(
        {**section("1001"), "block_id": "a", "accessory": button()},
        {**section("1002"), "block_id": "b", "accessory": button(value="second")},
    )
    with pytest.raises(LookupError, match="Release Order"):
        await stage.ann.click(twins, "Cancel Order")
    with pytest.raises(LookupError, match="2 places"):
        await stage.ann.click(twins, "v1:release")
    assert stage.app.received == []
    await stage.ann.click(twins, "v1:release", block_id="b")
    assert stage.got["actions"][0]["value"] == "second"


async def test_a_choice_in_a_message_is_an_action_and_its_state() -> None:
    stage = Stage()
    menu = {"type": "static_select", "action_id": "why", "options": [option("fraud")]}
    card = stage.card(actions(menu, button()))
    await stage.ann.choose(card, "why", "Fraud")
    assert stage.got["actions"][0]["selected_option"] == option("fraud")
    assert stage.got["state"]["values"]["acts"]["why"]["selected_option"] == option("fraud")
    with pytest.raises(CannotDo, match="only Fraud"):
        await stage.ann.choose(card, "why", "weather")


async def test_shortcuts_carry_the_message_or_nothing() -> None:
    stage = Stage()
    card = stage.card(section("1001"))
    await stage.ann.message_shortcut(card, "v1:note")
    assert (stage.got["type"], stage.got["message"]["ts"]) == ("message_action", card.ts)
    await stage.ann.shortcut("v1:find")
    assert stage.got["type"] == "shortcut"
    assert "channel" not in stage.got
    assert "response_url" not in stage.got


async def test_opening_home_shows_the_app_what_stands_there() -> None:
    stage = Stage()
    await stage.ann.open_home()
    assert "view" not in stage.got["event"]
    stage.workspace.views.publish(stage.ann.id, {"type": "home", "blocks": [section("x")]}, None)
    await stage.ann.open_home()
    assert stage.got["event"]["view"]["type"] == "home"


# Forms


async def test_a_form_is_sent_with_every_input_also_the_empty_ones() -> None:
    stage = Stage()
    days = {"type": "datepicker", "action_id": "until"}
    tags = {"type": "checkboxes", "action_id": "tags", "options": [option("vip"), option("gift")]}
    view = stage.modal(
        note_field(),
        field("day", days, optional=True),
        field("tags", tags, optional=True),
        private_metadata="order=1001",
    )
    seen = await stage.ann.submit(view, {"Note": "ring twice", "tags": ["vip"]})
    assert stage.got["view"]["state"]["values"] == {
        "note": {"note_text": {"type": "plain_text_input", "value": "ring twice"}},
        "day": {"until": {"type": "datepicker", "selected_date": None}},
        "tags": {"tags": {"type": "checkboxes", "selected_options": [option("vip")]}},
    }
    assert (stage.got["view"]["hash"], stage.got["view"]["private_metadata"]) == (
        view.hash,
        "order=1001",
    )
    assert seen.view is None


async def test_a_required_field_must_be_filled_before_anything_is_sent() -> None:
    stage = Stage()
    view = stage.modal()
    with pytest.raises(CannotDo, match="Note"):
        await stage.ann.submit(view)
    assert stage.app.received == []
    assert stage.ann.view == view


async def test_field_errors_keep_the_form_and_what_was_typed() -> None:
    errors = {"response_action": "errors", "errors": {"note": "too short"}}
    stage = Stage(lambda _got: errors)
    seen = await stage.ann.submit(stage.modal(), {"note": "x"})
    assert seen.errors == {"note": "too short"}
    assert seen.view is not None
    assert seen.view.values["note"]["note_text"]["value"] == "x"


@pytest.mark.parametrize(
    ("answer", "complaint"),
    [
        ({"response_action": "errors", "errors": {"note_text": "x"}}, "no input of this view"),
        ({"response_action": "errors", "errors": {}}, "at least one block_id"),
        ({"response_action": "explode"}, "unknown answer"),
        ({"text": "thanks"}, "unknown answer"),
        ("thanks", "not a JSON object"),
        ({"response_action": "update", "view": {"type": "modal"}}, "view in the answer is refused"),
    ],
)
async def test_an_answer_that_slack_would_not_take_is_a_mistake(
    answer: Any, complaint: str
) -> None:
    stage = Stage(lambda _got: answer)
    view = stage.modal()
    with pytest.raises(AppMistake, match=complaint):
        await stage.ann.submit(view, {"note": "x"})
    assert [each.id for each in stage.workspace.views.stack_of(stage.ann.id)] == [view.id]


async def test_the_answer_to_a_form_moves_the_stack() -> None:
    stage = Stage()
    view = stage.modal()
    stage.app.answer = lambda _got: {"response_action": "push", "view": modal(title="Sure?")}
    pushed = (await stage.ann.submit(view, {"note": "x"})).view
    assert pushed is not None
    assert pushed.previous_view_id == view.id
    done = modal(section("done"), title="Done")
    stage.app.answer = lambda _got: {"response_action": "update", "view": done}
    updated = (await stage.ann.submit(pushed, {"note": "y"})).view
    assert updated is not None
    assert (updated.id, updated.payload["title"]["text"]) == (pushed.id, "Done")
    stage.app.answer = silent
    assert (await stage.ann.submit(updated)).view is not None
    stage.app.answer = lambda _got: {"response_action": "clear"}
    below = stage.ann.view
    assert below is not None
    assert (await stage.ann.submit(below)).view is None
    with pytest.raises(CannotDo, match="no longer open"):
        await stage.ann.submit(view, {"note": "x"})


async def test_closing_is_told_only_where_the_app_asked_for_it() -> None:
    stage = Stage()
    await stage.ann.close(stage.modal())
    assert stage.app.received == []
    first = stage.modal(notify_on_close=True)
    stage.workspace.views.push(stage.ann.id, modal(notify_on_close=True))
    await stage.ann.close(first, whole_stack=True)
    assert [got["is_cleared"] for got in stage.app.received] == [True, True]
    assert "trigger_id" not in stage.got
    assert stage.ann.view is None


async def test_what_the_app_offers_while_typing_can_be_chosen_and_nothing_else() -> None:
    stage = Stage(lambda _got: {"options": [option("mug-red")]})
    view = stage.modal(field("sku", {"type": "external_select", "action_id": "sku"}))
    with pytest.raises(CannotDo):
        await stage.ann.choose(view, "sku", "mug-red")
    seen = await stage.ann.type_in(view, "sku", "mug")
    assert (stage.got["type"], stage.got["value"]) == ("block_suggestion", "mug")
    assert "trigger_id" not in stage.got
    assert seen.options == (option("mug-red"),)
    stage.app.answer = silent
    await stage.ann.submit(view, {"sku": "mug-red"})
    assert stage.got["view"]["state"]["values"]["sku"]["sku"]["selected_option"] == option(
        "mug-red"
    )


async def test_the_app_is_not_asked_before_the_shortest_query_and_must_answer_with_options() -> (
    None
):
    stage = Stage(lambda _got: {"options": [option(str(n)) for n in range(101)]})
    view = stage.modal(field("sku", {"type": "external_select", "action_id": "sku"}))
    await stage.ann.type_in(view, "sku", "mu")
    assert stage.app.received == []
    with pytest.raises(AppMistake, match="1 to 100"):
        await stage.ann.type_in(view, "sku", "mug")
    stage.app.answer = lambda _got: {"ok": True}
    with pytest.raises(AppMistake, match="either options or option_groups"):
        await stage.ann.type_in(view, "sku", "mug")
    stage.app.answer = lambda _got: {"options": []}
    assert (await stage.ann.type_in(view, "sku", "mug")).options == ()


async def test_choosing_in_a_form_is_remembered_and_told_only_on_request() -> None:
    stage = Stage()
    menu = {"type": "static_select", "action_id": "why", "options": [option("fraud")]}
    quiet = stage.modal(field("why", menu))
    await stage.ann.choose(quiet, "why", "fraud")
    assert stage.app.received == []
    assert stage.ann.view is not None
    await stage.ann.submit(stage.ann.view)
    loud = stage.modal(field("why", menu, dispatch_action=True))
    await stage.ann.choose(loud, "why", "fraud")
    assert stage.got["type"] == "block_actions"
    state = stage.got["view"]["state"]["values"]
    assert state["why"]["why"]["selected_option"] == option("fraud")


# Delivery


async def test_a_duplicate_is_the_same_bytes_twice_and_the_person_sees_the_first_answer() -> None:
    answers = iter(["first", "second"])
    stage = Stage(lambda _got: next(answers), policy=Policy.DUPLICATE)
    await stage.ann.slash("/order", "1001", stage.shop.orders)
    assert stage.app.received[0] == stage.app.received[1]
    assert [m.text for m in stage.ann.ephemerals()] == ["first"]


async def test_retries_repeat_the_event_id_and_say_that_they_are_retries() -> None:
    stage = Stage(policy=Policy.TRIPLICATE)
    await stage.ann.say("hello", stage.shop.orders)
    assert stage.app.retries == [None, "1", "2"]
    assert len({got["event_id"] for got in stage.app.received}) == 1


async def test_a_double_click_arrives_twice_at_once() -> None:
    stage = Stage(policy=Policy.CONCURRENT)
    seen = await stage.ann.click(stage.card(actions(button())), "v1:release")
    assert len(seen.answer.acks) == 2
    assert stage.app.received[0] == stage.app.received[1]


async def test_reordered_events_arrive_the_latest_first() -> None:
    stage = Stage(policy=Policy.REORDERED)
    for text in ("one", "two"):
        assert (await stage.ann.say(text, stage.shop.orders)).trouble == "held"
    assert stage.app.received == []
    await stage.ann.release()
    assert [got["event"]["text"] for got in stage.app.received] == ["two", "one"]


async def test_every_delivery_stands_in_the_transcript() -> None:
    stage = Stage(lambda _got: "hello")
    await stage.ann.slash("/order", "1001", stage.shop.orders)
    (call,) = stage.workspace.transcript
    assert (call.direction, call.name, call.status) == ("out", "slash_commands", 200)
    assert call.response == "hello"
    assert json.dumps(call.as_json())


async def test_payloads_are_plain_json_with_the_app_and_team_named() -> None:
    stage = Stage()
    await stage.ann.click(stage.card(actions(button())), "v1:release")
    assert stage.got["api_app_id"] == stage.workspace.app_id
    assert stage.got["team"]["id"] == stage.workspace.team["id"]
    assert stage.got["actions"][0]["text"] == plain("Release Order") | {}
