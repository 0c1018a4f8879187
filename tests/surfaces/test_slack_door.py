"""The door for Slack: only genuine requests of the last five minutes, and never a crash."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import httpx2
import pytest

from bot.sandbox.slack.workspace import SIGNING_SECRET
from core.db import tables as t
from tests.slack.house import SLACK, SlackHouse, slack_house

FORM = "application/x-www-form-urlencoded"
JSON = "application/json"


async def post(
    there: SlackHouse,
    body: bytes,
    kind: str = FORM,
    *,
    secret: str = SIGNING_SECRET,
    age: int = 0,
    connection: Any = SLACK,
    headers: Mapping[str, str | bytes] | None = None,
) -> httpx2.Response:
    stamp = str(int(there.shop.clock().timestamp()) - age)
    signed = f"v0:{stamp}:".encode() + body
    sign = "v0=" + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
    own = {"x-slack-request-timestamp": stamp, "x-slack-signature": sign, "content-type": kind}
    raw = {
        name.encode(): value.encode() if isinstance(value, str) else value
        for name, value in {**own, **(headers or {})}.items()
    }
    return await there.client.post(
        f"http://wismo/hooks/slack/{connection}", content=body, headers=raw
    )


def slash(there: SlackHouse, text: str, **more: str) -> bytes:
    ann = there.user("ann").user
    fields = {
        "command": "/wismo",
        "text": text,
        "user_id": ann.id,
        "team_id": "T00000001",
        "channel_id": there.channel.id,
        "trigger_id": f"trigger.{text}",
        "response_url": "http://127.0.0.1:9/response/none",
    }
    return urlencode(fields | more).encode()


def stored(there: SlackHouse) -> int:
    return len(there.shop.rows(t.inbox)) + len(there.shop.rows(t.audit))


async def test_a_wrong_signature_leaves_nothing_but_a_count(database: str) -> None:
    async with slack_house(database) as there:
        there.shop.place(1001, ("mug-red", 2))
        before = stored(there)
        body = slash(there, "hold 1001")
        wrong = [
            await post(there, body, secret="guessed"),
            await post(there, body, secret=""),
            await post(there, body, headers={"x-slack-signature": "v0=ä".encode("latin-1")}),
            await post(there, body, headers={"x-slack-request-timestamp": "soon"}),
            await post(there, body, headers={"x-slack-request-timestamp": "9" * 400}),
            await post(there, body, headers={"x-slack-request-timestamp": "٣٣٣".encode()}),
        ]
        assert [answer.status_code for answer in wrong] == [401] * 6
        assert stored(there) == before
        (count,) = there.shop.rows(t.counter, name="refused.slack")
        assert count["value"] == 6


@pytest.mark.parametrize(("age", "status"), [(299, 200), (301, 401), (-299, 200), (-301, 401)])
async def test_a_request_is_good_for_five_minutes_by_our_clock(
    sqlite_database: str, age: int, status: int
) -> None:
    async with slack_house(sqlite_database) as there:
        assert (await post(there, slash(there, "today"), age=age)).status_code == status


async def test_a_changed_byte_breaks_the_signature(sqlite_database: str) -> None:
    async with slack_house(sqlite_database) as there:
        there.shop.place(1001, ("mug-red", 2))
        body = slash(there, "hold 1001")
        good = await post(there, body)
        request = good.request
        altered = await there.client.post(
            str(request.url), content=body + b"&text=release", headers=dict(request.headers)
        )
        assert (good.status_code, altered.status_code) == (200, 401)


async def test_an_unknown_connection_and_a_switched_off_one_are_not_there(
    sqlite_database: str,
) -> None:
    async with slack_house(sqlite_database) as there:
        body = slash(there, "today")
        assert (await post(there, body, connection=999)).status_code == 404
        assert (await post(there, body, connection="x")).status_code == 404
        there.shop.engine.chore(
            lambda uow: uow.people.put(t.connection, {"id": SLACK}, {"active": 0}), 1
        )
        assert (await post(there, body)).status_code == 404


async def test_a_body_over_one_megabyte_is_refused(sqlite_database: str) -> None:
    async with slack_house(sqlite_database) as there:
        assert (await post(there, b"x" * 1_000_001)).status_code == 413


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"\xff\xfe", FORM),
        (b"text=%ff&command=%2Fwismo", FORM),
        (b"", FORM),
        (b"a=b", FORM),
        (b"payload=not+json", FORM),
        (b"payload=%5B%5D", FORM),
        (b"payload=%7B%7D", FORM),
        (b'payload={"type":"block_actions","actions":[]}', FORM),
        (b'payload={"type":"view_submission","view":{"id":"V1"}}', FORM),
        (b"command=%2Fwismo", FORM),
        (b"{", JSON),
        (b"[1]", JSON),
        (b"{}", JSON),
        (b'{"type":"event_callback"}', JSON),
        (b"[" * 100_000, JSON),
        (b"{}", "text/plain"),
        (b"&".join(b"a=b" for _ in range(100)), FORM),
    ],
)
async def test_what_slack_never_sends_is_a_bad_request_not_a_crash(
    sqlite_database: str, body: bytes, kind: str
) -> None:
    async with slack_house(sqlite_database) as there:
        assert (await post(there, body, kind)).status_code == 400
        assert (await post(there, body, kind, secret="guessed")).status_code == 401


async def test_slack_can_verify_the_address(sqlite_database: str) -> None:
    async with slack_house(sqlite_database) as there:
        challenge = json.dumps({"type": "url_verification", "challenge": "abc"}).encode()
        answer = await post(there, challenge, JSON)
        assert answer.json() == {"challenge": "abc"}
        assert (await post(there, b"ssl_check=1&token=x")).status_code == 200
        assert (await post(there, challenge, JSON, secret="guessed")).status_code == 401


async def test_a_command_that_contains_the_word_payload_is_read_as_typed(
    sqlite_database: str,
) -> None:
    async with slack_house(sqlite_database) as there:
        there.shop.place(1001, ("mug-red", 2))
        for text in ("note 1001 payload=broken", 'note 1001 {"payload": "x"}'):
            assert "Noted" in (await post(there, slash(there, text))).text


async def test_somebody_of_another_workspace_is_a_stranger_here(sqlite_database: str) -> None:
    async with slack_house(sqlite_database) as there:
        answer = await post(there, slash(there, "today", team_id="T_FOREIGN"))
        assert "I do not know you yet" in answer.text


async def test_unknown_events_and_actions_are_acknowledged(sqlite_database: str) -> None:
    async with slack_house(sqlite_database) as there:
        event = {"type": "event_callback", "event_id": "Ev1", "event": {"type": "team_join"}}
        assert (await post(there, json.dumps(event).encode(), JSON)).status_code == 200
        limited = {"type": "app_rate_limited", "minute_rate_limited": 1}
        assert (await post(there, json.dumps(limited).encode(), JSON)).status_code == 200
        seen = await there.user("ann").shortcut("v0:old")
        assert seen.view is not None


async def test_a_bug_of_ours_is_answered_with_a_reference_and_nothing_is_changed(
    sqlite_database: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with slack_house(sqlite_database) as there:
        there.shop.place(1001, ("mug-red", 2))
        there.shop.engine.chore(
            lambda uow: uow.session.plain("ALTER TABLE hold RENAME TO hold_away"), 1
        )
        answer = await post(there, slash(there, "hold 1001"))
        assert answer.status_code == 200
        assert "Something went wrong inside wismo" in answer.text
        assert "reference" in answer.text
        assert "no such table" not in answer.text
        there.shop.engine.chore(
            lambda uow: uow.session.plain("ALTER TABLE hold_away RENAME TO hold"), 1
        )
        assert there.holds("1001") == []
    caplog.clear()
