"""Asking Slack itself whether it is set up: from the command line, and with the doctor."""

from __future__ import annotations

import asyncio
import json
import sys

import pytest

from bot.cli import main
from core.db import tables as t
from tests.slack.house import SlackHouse, slack_house


@pytest.fixture
def wismo(sqlite_database, monkeypatch, capsys):
    """Runs `wismo` on the same database, in a thread: the stand-in goes on answering."""

    async def run(there: SlackHouse, *words: str) -> tuple[int, str]:
        monkeypatch.setenv("WISMO_DATABASE_URL", sqlite_database)
        monkeypatch.setenv("WISMO_SANDBOX", "1")
        monkeypatch.setenv("WISMO_SLACK_API_URL", there.house.settings.slack_api_url)
        monkeypatch.setattr(sys, "argv", ["wismo", *words])
        with pytest.raises(SystemExit) as end:
            await asyncio.to_thread(main)
        return int(end.value.code or 0), capsys.readouterr().out

    return run


async def test_a_good_setup_is_said_line_by_line(sqlite_database, wismo):
    async with slack_house(sqlite_database) as there:
        code, told = await wismo(there, "slack", "check")
        assert "There is a signing secret." in told
        assert "#cases can be written to." in told
        assert code == 0


async def test_what_is_wrong_is_said_with_what_to_do(sqlite_database, wismo):
    async with slack_house(sqlite_database) as there:
        there.workspace.tokens.clear()
        code, told = await wismo(there, "slack", "check")
        assert code == 1
        assert "fail" in told
        assert "connect the workspace again" in told


async def test_the_doctor_asks_slack_only_when_told_to(sqlite_database, wismo):
    async with slack_house(sqlite_database) as there:
        there.workspace.tokens.clear()
        _, told = await wismo(there, "doctor", "--json")
        assert not [f for f in json.loads(told)["findings"] if f["check"].startswith("slack")]
        assert there.workspace.transcript == []
        code, told = await wismo(there, "doctor", "--online", "--json")
        states = {f["check"]: f["state"] for f in json.loads(told)["findings"]}
        assert (code, states["slack token"], states["slack secrets"]) == (2, "fail", "ok")


async def test_without_slack_there_is_nothing_to_ask(sqlite_database, wismo):
    async with slack_house(sqlite_database) as there:
        there.shop.engine.chore(
            lambda uow: uow.people.put(t.connection, {"id": 31}, {"active": 0}), 1
        )
        code, told = await wismo(there, "slack", "check")
        assert (code, there.workspace.transcript) == (1, [])
        assert "No Slack is connected" in told
