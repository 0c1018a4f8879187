"""The local Slack says yes and no as the real one does, to Slack's own client."""

from __future__ import annotations

from typing import Any

import pytest
from aiohttp import ServerDisconnectedError
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.async_handler import AsyncRetryHandler
from slack_sdk.http_retry.builtin_async_handlers import AsyncConnectionErrorRetryHandler

from bot.sandbox.slack.faults import Fault
from bot.sandbox.slack.model import Token
from tests.sandbox.slack_kit import (
    Shop,
    actions,
    button,
    modal,
    section,
    served_slack,
    web_client,
)


async def refused(call: Any) -> dict[str, Any]:
    """The body of a no."""
    with pytest.raises(SlackApiError) as no:
        await call
    assert isinstance(no.value.response.data, dict)
    return {"status": no.value.response.status_code, **no.value.response.data}


async def error(call: Any) -> str:
    return str((await refused(call))["error"])


async def test_a_posted_message_is_there_for_everybody_and_can_be_found_by_its_metadata() -> None:
    shop = Shop()
    metadata = {"event_type": "wismo_card", "event_payload": {"effect": "17"}}
    async with served_slack(shop.workspace) as slack:
        posted = await slack.chat_postMessage(
            channel=shop.orders.id, text="1001 held", blocks=[section("1001")], metadata=metadata
        )
        found = await slack.conversations_history(channel=shop.orders.id, include_all_metadata=True)
        bare = await slack.conversations_history(channel=shop.orders.id)
    assert found["messages"][0]["ts"] == posted["ts"]
    assert found["messages"][0]["metadata"] == metadata
    assert found["messages"][0]["blocks"][0]["block_id"]
    assert "metadata" not in bare["messages"][0]


async def test_who_calls_is_checked_before_what_is_asked() -> None:
    shop = Shop(scopes=["chat:write"])
    shop.workspace.tokens["xoxb-gone"] = Token("xoxb-gone", "bot", frozenset(), "revoked")
    async with served_slack(shop.workspace) as slack:
        address = shop.workspace.base_url
        assert await error(web_client(address, token=None).auth_test()) == "not_authed"
        assert await error(web_client(address, token="xoxb-x").auth_test()) == "invalid_auth"
        assert await error(web_client(address, token="xoxb-gone").auth_test()) == "token_revoked"
        scope = await refused(slack.users_info(user=shop.ann.id))
        assert (scope["error"], scope["needed"]) == ("missing_scope", "users:read")
        assert scope["provided"] == "chat:write"
        assert await error(slack.api_call("chat.shout")) == "unknown_method"
        assert (await slack.auth_test())["user_id"] == shop.workspace.bot_user


async def test_channels_refuse_strangers_and_the_archive() -> None:
    shop = Shop(scopes=["chat:write"])
    outside = shop.workspace.add_channel("outside", shop.ann.id, bot=False)
    async with served_slack(shop.workspace) as slack:

        def post(channel: str) -> Any:
            return slack.chat_postMessage(channel=channel, text="hello")

        assert await error(post("C404")) == "channel_not_found"
        assert await error(post(shop.secret.id)) == "channel_not_found"
        assert await error(post(outside.id)) == "not_in_channel"
        assert await error(post(shop.old.id)) == "is_archived"
        whisper = slack.chat_postEphemeral(channel=shop.orders.id, user="U404", text="hello")
        assert await error(whisper) == "user_not_in_channel"
    assert shop.workspace.messages == {}
    assert shop.workspace.ephemerals == []


async def test_broken_blocks_are_refused_with_a_pointer_and_nothing_is_posted() -> None:
    shop = Shop()
    async with served_slack(shop.workspace) as slack:

        def post(**what: Any) -> Any:
            return slack.chat_postMessage(channel=shop.orders.id, **what)

        long = await refused(post(text="x", blocks=[section("ok"), section("x" * 3001)]))
        assert long["error"] == "invalid_blocks"
        expected = "must be less than 3001 characters [json-pointer:/blocks/1/text/text]"
        assert long["response_metadata"]["messages"] == [f"[ERROR] {expected}"]
        assert (
            await error(post(text="x", blocks=[section("x" * 2600)] * 4)) == "msg_blocks_too_long"
        )
        assert await error(post(text="x" * 40_001)) == "msg_too_long"
        assert await error(post(text="x", blocks="[")) == "invalid_blocks_format"
        empty = slack.api_call("chat.postMessage", json={"channel": shop.orders.id})
        assert await error(empty) == "no_text"
    assert shop.workspace.messages == {}


async def test_an_update_keeps_the_blocks_that_it_does_not_mention() -> None:
    shop = Shop()
    channel = shop.orders.id
    async with served_slack(shop.workspace) as slack:
        card = [section("held"), actions(button())]
        ts = (await slack.chat_postMessage(channel=channel, text="held", blocks=card))["ts"]
        await slack.chat_update(channel=channel, ts=ts, text="released")
        kept = shop.workspace.message(channel, ts)
        await slack.chat_update(channel=channel, ts=ts, text="done", blocks=[section("done")])
    assert [block["type"] for block in kept.blocks] == ["section", "actions"]
    now = shop.workspace.message(channel, ts)
    assert [version.text for version in now.earlier] == ["held", "released"]
    assert [block["type"] for block in now.blocks] == ["section"]


async def test_only_ones_own_lasting_messages_can_be_changed() -> None:
    shop = Shop()
    others = shop.workspace.post(shop.orders.id, shop.ann.id, "mine")
    async with served_slack(shop.workspace) as slack:
        channel = shop.orders.id
        whispered = await slack.chat_postEphemeral(channel=channel, user=shop.ann.id, text="psst")
        own = await slack.chat_postMessage(channel=channel, text="card")

        def update(ts: str) -> Any:
            return slack.chat_update(channel=channel, ts=ts, text="new")

        assert await error(update(whispered["message_ts"])) == "message_not_found"
        assert await error(update("1.000001")) == "message_not_found"
        assert await error(update(others.ts)) == "cant_update_message"
        assert (
            await error(slack.chat_delete(channel=channel, ts=others.ts)) == "cant_delete_message"
        )
        shop.workspace.edit_window_seconds = 60
        shop.clock.advance(61)
        assert await error(update(own["ts"])) == "edit_window_closed"
    assert [m.text for m in shop.workspace.ephemerals_of(shop.ann.id)] == ["psst"]
    assert shop.workspace.ephemerals_of(shop.bob.id) == []


async def test_threads_permalinks_and_private_conversations() -> None:
    shop = Shop()
    async with served_slack(shop.workspace) as slack:
        channel = shop.orders.id
        root = await slack.chat_postMessage(channel=channel, text="case")
        await slack.chat_postMessage(channel=channel, text="evidence", thread_ts=root["ts"])
        lost = slack.chat_postMessage(channel=channel, text="x", thread_ts="1.1")
        assert await error(lost) == "thread_not_found"
        history = await slack.conversations_history(channel=channel)
        replies = await slack.conversations_replies(channel=channel, ts=root["ts"])
        link = await slack.chat_getPermalink(channel=channel, message_ts=root["ts"])
        direct = await slack.chat_postMessage(channel=shop.bob.id, text="for you")
        opened = await slack.conversations_open(users=shop.bob.id)
    assert [m["text"] for m in history["messages"]] == ["case"]
    assert history["messages"][0]["reply_count"] == 1
    assert [m["text"] for m in replies["messages"]] == ["case", "evidence"]
    assert link["permalink"].endswith(f"/{channel}/p{root['ts'].replace('.', '')}")
    assert direct["channel"] == opened["channel"]["id"]


async def test_a_trigger_opens_one_modal_within_three_seconds() -> None:
    shop = Shop()
    async with served_slack(shop.workspace) as slack:
        late, once = (shop.workspace.new_trigger(shop.ann.id).id for _ in range(2))
        opened = await slack.views_open(trigger_id=once, view=modal())
        again = slack.views_open(trigger_id=once, view=modal())
        assert await error(again) == "exchanged_trigger_id"
        shop.clock.advance(3.1)
        assert await error(slack.views_open(trigger_id=late, view=modal())) == "expired_trigger_id"
        unknown = slack.views_open(trigger_id="1.2", view=modal())
        assert await error(unknown) == "invalid_trigger_id"
    assert [view.id for view in shop.workspace.views.stack_of(shop.ann.id)] == [
        opened["view"]["id"]
    ]


async def test_views_stack_up_to_three_and_know_their_hash() -> None:
    shop = Shop()
    async with served_slack(shop.workspace) as slack:
        trigger = shop.workspace.new_trigger(shop.ann.id)
        first = (await slack.views_open(trigger_id=trigger.id, view=modal()))["view"]
        for _ in range(2):
            inner = shop.workspace.new_trigger(shop.ann.id, first["id"]).id
            last = (await slack.views_push(trigger_id=inner, view=modal()))["view"]
        inner = shop.workspace.new_trigger(shop.ann.id, first["id"]).id
        full = slack.views_push(trigger_id=inner, view=modal())
        assert await error(full) == "push_limit_reached"
        updated = await slack.views_update(view_id=last["id"], hash=last["hash"], view=modal())
        stale = slack.views_update(view_id=last["id"], hash=last["hash"], view=modal())
        assert await error(stale) == "hash_conflict"
        assert await error(slack.views_update(view_id="V404", view=modal())) == "not_found"
    assert updated["view"]["hash"] != last["hash"]
    assert last["root_view_id"] == first["id"]


async def test_a_broken_view_is_refused_with_a_pointer_and_the_trigger_stays_good() -> None:
    shop = Shop()
    trigger = shop.workspace.new_trigger(shop.ann.id).id
    async with served_slack(shop.workspace) as slack:
        broken = modal(title="A title that is much too long")
        no = await refused(slack.views_open(trigger_id=trigger, view=broken))
        await slack.views_open(trigger_id=trigger, view=modal())
    assert no["error"] == "invalid_arguments"
    assert "[json-pointer:/view/title/text]" in no["response_metadata"]["messages"][0]


async def test_home_is_published_per_person() -> None:
    shop = Shop()
    home = {"type": "home", "blocks": [section("nothing waits for you")]}
    async with served_slack(shop.workspace) as slack:
        first = (await slack.views_publish(user_id=shop.ann.id, view=home))["view"]
        await slack.views_publish(user_id=shop.ann.id, view=home, hash=first["hash"])
        stale = slack.views_publish(user_id=shop.ann.id, view=home, hash=first["hash"])
        assert await error(stale) == "hash_conflict"
        assert await error(slack.views_publish(user_id="U404", view=home)) == "user_not_found"
    assert shop.workspace.views.home_of(shop.ann.id) is not None
    assert shop.workspace.views.home_of(shop.bob.id) is None


async def test_people_and_groups_are_found_with_time_zone_and_language() -> None:
    shop = Shop()
    leads = shop.workspace.add_group("leads", shop.ann.id)
    async with served_slack(shop.workspace) as slack:
        bob = (await slack.users_info(user=shop.bob.id, include_locale=True))["user"]
        ann = (await slack.users_lookupByEmail(email="Ann@shop.test"))["user"]
        nobody = slack.users_lookupByEmail(email="eve@shop.test")
        assert await error(nobody) == "users_not_found"
        pages = [page["members"] async for page in await slack.users_list(limit=2)]
        groups = (await slack.usergroups_list(include_users=True))["usergroups"]
        members = (await slack.usergroups_users_list(usergroup=leads.id))["users"]
        channels = (await slack.conversations_list(exclude_archived=True))["channels"]
        inside = (await slack.conversations_members(channel=shop.orders.id))["members"]
        assert (await slack.bots_info(bot=shop.workspace.bot_id))["bot"]["name"] == "wismo"
        assert (await slack.team_info())["team"]["domain"] == "sandbox"
    assert (bob["tz"], bob["locale"]) == ("America/New_York", "en-US")
    assert ann["id"] == shop.ann.id
    assert [len(page) for page in pages] == [2, 1]
    assert groups[0]["users"] == members == [shop.ann.id]
    assert [channel["name"] for channel in channels] == ["orders"]
    assert shop.bob.id in inside


async def test_a_channel_takes_a_small_burst_and_then_one_message_a_second() -> None:
    shop = Shop()
    async with served_slack(shop.workspace) as slack:

        async def post() -> None:
            await slack.chat_postMessage(channel=shop.orders.id, text="card")

        for _ in range(4):
            await post()
        with pytest.raises(SlackApiError) as limited:
            await post()
        assert limited.value.response.status_code == 429
        assert limited.value.response.headers["Retry-After"] == "1"
        await slack.chat_postMessage(channel=shop.bob.id, text="another channel is free")
        shop.clock.advance(1)
        await post()
    assert len(shop.workspace.messages_in(shop.orders.id)) == 5


async def test_a_method_has_its_tier() -> None:
    shop = Shop()
    async with served_slack(shop.workspace) as slack:
        for _ in range(20):
            await slack.usergroups_list()
        limited = await refused(slack.usergroups_list())
        shop.workspace.limits.enabled = False
        await slack.usergroups_list()
    assert (limited["status"], limited["error"]) == (429, "ratelimited")


async def test_faults_happen_once_each_in_the_asked_order() -> None:
    shop = Shop()
    shop.workspace.faults.add(Fault("chat.postMessage", status=503))
    shop.workspace.faults.add(Fault("chat.postMessage", status=429, retry_after=7))
    shop.workspace.faults.add(Fault("chat.postMessage", error="fatal_error"))
    async with served_slack(shop.workspace) as slack:

        def post() -> Any:
            return slack.chat_postMessage(channel=shop.orders.id, text="card")

        await slack.auth_test()
        assert (await refused(post()))["status"] == 503
        with pytest.raises(SlackApiError) as limited:
            await post()
        assert limited.value.response.headers["Retry-After"] == "7"
        assert await error(post()) == "fatal_error"
        assert shop.workspace.messages == {}
        await post()
    assert len(shop.workspace.messages) == 1


async def test_a_delay_waits_before_the_answer() -> None:
    shop = Shop()
    waited = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    shop.workspace.faults.add(Fault("auth.test", delay_seconds=2.5))
    async with served_slack(shop.workspace, sleep=sleep) as slack:
        assert (await slack.auth_test())["ok"]
    assert waited == [2.5]


async def test_a_dropped_connection_leaves_the_caller_in_doubt() -> None:
    shop = Shop()
    shop.workspace.faults.add(Fault("chat.postMessage", drop="after"))
    shop.workspace.faults.add(Fault("chat.postMessage", drop="before"))
    async with served_slack(shop.workspace) as slack:
        for text in ("posted", "lost"):
            with pytest.raises(ServerDisconnectedError):
                await slack.chat_postMessage(channel=shop.orders.id, text=text)
    assert [m.text for m in shop.workspace.messages.values()] == ["posted"]


async def test_slacks_own_retry_posts_twice_when_the_first_answer_was_lost() -> None:
    """Why our posts go without retry handlers and are looked up instead."""
    shop = Shop()
    shop.workspace.faults.add(Fault("chat.postMessage", drop="after"))
    retries: list[AsyncRetryHandler] = [AsyncConnectionErrorRetryHandler(interval_calculator=_now)]
    async with served_slack(shop.workspace):
        eager = web_client(shop.workspace.base_url, retry_handlers=retries)
        await eager.chat_postMessage(channel=shop.orders.id, text="card")
    assert len(shop.workspace.messages) == 2


class _Now:
    def calculate_sleep_duration(self, current_attempt: int) -> float:
        return 0


_now: Any = _Now()


async def test_a_file_arrives_in_two_steps() -> None:
    shop = Shop()
    async with served_slack(shop.workspace) as slack:
        await slack.files_upload_v2(
            channel=shop.orders.id, content=b"%PDF pick list", filename="picks.pdf", title="Picks"
        )
        unfinished = slack.files_completeUploadExternal(files=[{"id": "F404", "title": "x"}])
        assert await error(unfinished) == "file_not_found"
    (message,) = shop.workspace.messages.values()
    assert message.extras["files"][0]["title"] == "Picks"
    (file,) = shop.workspace.files.values()
    assert file["content"] == b"%PDF pick list"


async def test_blocks_can_be_validated_without_a_token() -> None:
    shop = Shop()
    async with served_slack(shop.workspace):
        stranger = web_client(shop.workspace.base_url, token=None)
        assert (await stranger.blocks_validate(blocks=[section("fine")]))["ok"]
        wrong = await refused(stranger.blocks_validate(view=modal(title="x" * 25)))
        both = stranger.blocks_validate(blocks=[], view=modal())
        assert await error(both) == "invalid_arguments"
    assert wrong["errors"][0]["pointer"] == "/title/text"


async def test_the_transcript_tells_every_call_and_what_our_own_rules_say_about_it() -> None:
    shop = Shop()
    async with served_slack(shop.workspace) as slack:
        loud = actions(button(style="primary"), button("Cancel", "v1:cancel", style="primary"))
        await slack.chat_postMessage(channel=shop.orders.id, text="1001", blocks=[loud])
        await error(slack.chat_postMessage(channel="C404", text="lost"))
    sent, lost = shop.workspace.transcript
    assert (sent.name, sent.response["ok"]) == ("chat.postMessage", True)
    assert sent.problems[0].startswith("primary_twice")
    assert (lost.number, lost.response["error"]) == (2, "channel_not_found")
