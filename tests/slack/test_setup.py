"""The manifest is one that Slack takes; the self-check finds what was forgotten."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bot.sandbox.slack.workspace import BOT_SCOPES
from bot.settings import Settings
from bot.slack.setup import EVENTS, SCOPES, check, clock_check, manifest, usage_hint
from tests.shop import START
from tests.slack.house import slack_house


def settings(**more: Any) -> Settings:
    return Settings(sandbox=True, base_url="https://shop.example/", **more)


def test_the_manifest_stays_within_slacks_limits() -> None:
    made = json.loads(json.dumps(manifest(settings())))
    shown = made["display_information"]
    assert len(shown["name"]) <= 35
    assert len(shown["description"]) <= 140
    assert 175 <= len(shown["long_description"]) <= 4000
    assert [c["command"] for c in made["features"]["slash_commands"]] == ["/wismo", "/order"]
    for command in made["features"]["slash_commands"]:
        assert command["url"] == "https://shop.example/hooks/slack"
        assert len(command["description"]) <= 2000
        assert len(command["usage_hint"]) <= 1000
    assert len(EVENTS) <= 100
    assert set(SCOPES) <= BOT_SCOPES | {"im:write"}


def test_socket_mode_needs_no_address() -> None:
    made = manifest(settings(), socket=True)
    assert made["settings"]["socket_mode_enabled"] is True
    assert "shop.example" not in json.dumps(made)


def test_aliases_come_from_settings_and_a_name_that_slack_refuses_is_refused_here() -> None:
    made = manifest(settings(slack_commands=("bestellung",)), connection=7)
    (command,) = made["features"]["slash_commands"]
    assert command["command"] == "/bestellung"
    assert command["url"].endswith("/hooks/slack/7")
    with pytest.raises(ValueError, match="2 to 32 characters"):
        manifest(settings(slack_commands=("x" * 40,)))


def test_the_hint_shows_words_that_really_work() -> None:
    assert usage_hint().startswith("1001 | ")
    assert "hold 1001 address" in usage_hint()


async def test_the_self_check_is_content_with_a_good_setup(sqlite_database: str) -> None:
    async with slack_house(sqlite_database) as there:
        found = await check(there.house, await there.account())
        assert [each.name for each in found if not each.ok] == []
        assert any("#cases" in each.words for each in found)


async def test_the_self_check_says_what_is_wrong_and_what_to_do(sqlite_database: str) -> None:
    async with slack_house(sqlite_database) as there:
        cases = there.cases
        there.workspace.change_channel(cases.id, members=frozenset({there.user("ann").id}))
        words = [each.words for each in await check(there.house, await there.account())]
        assert any("/invite @wismo" in each for each in words)
        for token in list(there.workspace.tokens):
            del there.workspace.tokens[token]
        (_, told) = await check(there.house, await there.account())
        assert not told.ok
        assert "connect the workspace again" in told.words


@pytest.mark.parametrize(
    ("told", "ok"),
    [
        ("Mon, 23 Nov 2026 09:04:59 GMT", True),
        ("Mon, 23 Nov 2026 09:05:01 GMT", False),
        ("Mon, 23 Nov 2026 08:00:00 GMT", False),
        ("", True),
    ],
)
def test_a_clock_that_would_refuse_every_request_is_found(told: str, ok: bool) -> None:
    found = clock_check(told, START)
    assert found.ok is ok
    assert ok or "set the clock" in found.words


async def test_without_a_number_the_address_serves_the_only_connection(
    sqlite_database: str,
) -> None:
    async with slack_house(sqlite_database) as there:
        there.workspace.request_url = "http://wismo/hooks/slack"
        assert "oday" in await there.says("ann", "today")
