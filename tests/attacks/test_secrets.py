"""Canaries: secrets where they belong; then everything is made to fail, and nothing sings."""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncIterator
from urllib.parse import urlencode

import pytest
from pydantic import SecretStr

from bot.settings import Settings
from core.db.backup import backup
from core.domain.access import Role
from tests.attacks.fortress import CANARY, CARRIER, KEY, SECRETS, SLACK, Fortress, fortress
from tests.shop import SHOPIFY

pytestmark = pytest.mark.anyio
PLANTED = {KEY, "metrics-canary-token", CANARY} | {
    value for _, secrets in SECRETS.values() for value in secrets.values()
}


@pytest.fixture
async def fort(database: str) -> AsyncIterator[Fortress]:
    # Nothing listens on port 9: every call to the outside fails.
    nobody = "http://127.0.0.1:9"
    async with fortress(
        database,
        metrics_token=SecretStr("metrics-canary-token"),
        slack_api_url=f"{nobody}/api/",
        telegram_api_url=nobody,
        shopify_api_url=nobody,
    ) as made:
        yield made


def _sings(text: str, *allowed: str) -> list[str]:
    return [secret for secret in PLANTED - set(allowed) if secret in text]


async def _make_everything_fail(fort: Fortress, key: dict[str, str]) -> str:
    """Answers to requests that carry secrets and break in every way there is."""
    held = {"Authorization": f"Bearer {KEY}", "X-Telegram-Bot-Api-Secret-Token": KEY}
    paths = (f"/hooks/shopify/{SHOPIFY}", f"/hooks/carriers/{CARRIER}", "/api/v1/orders")
    told = [await fort.http.post(path, content=KEY.encode(), headers=held) for path in paths]
    told.append(await fort.http.get("/metrics", headers=held))
    told.append(await fort.http.get("/metrics"))
    told.append(await fort.slack("show 1001"))
    told.append(await fort.slack_raw(b"nonsense=" + KEY.encode()))
    told.append(await fort.telegram({"update_id": 1, "message": {"text": KEY}}))
    told.append(await fort.telegram(b"[" * 10_000))
    press = {"update_id": 2, "callback_query": {"id": "1", "from": _sender(), "chat_instance": "c"}}
    told.append(await fort.telegram(press))
    connection = {"kind": "smtp", "name": "mail", "config": {}, "secrets": CANARY}
    bodies = (connection, connection, {**connection, "kind": "no"}, {**connection, "x": 1})
    act = "/api/v1/commands/add_connection"
    told += [await fort.http.post(act, content=json.dumps(body), headers=key) for body in bodies]
    return "\n".join(str(one.headers) + one.text for one in told)


def _sender() -> dict[str, object]:
    return {"id": 7, "is_bot": False, "first_name": "Eve"}


async def test_no_answer_log_line_or_row_holds_a_secret(
    fort: Fortress, caplog: pytest.LogCaptureFixture
):
    caplog.set_level(logging.INFO)
    fort.shop.place(1001, ("mug-red", 1))
    key = fort.key(Role.OWNER)
    answers = await _make_everything_fail(fort, key)
    said = "\n".join(
        str(record.__dict__) + caplog.handler.format(record) for record in caplog.records
    )
    # The second shop is called so, and what an owner sends to be kept as sealed is kept as sent.
    rows = "\n".join(line for line in fort.dump().splitlines() if CANARY not in line)
    assert _sings(answers, KEY) == []
    assert _sings(said) == []
    assert _sings(rows) == []
    assert sum(CANARY in line for line in fort.dump().splitlines()) == 2
    assert key["Authorization"].removeprefix("Bearer ") not in fort.dump() + said


async def test_a_backup_holds_no_secret_in_the_clear(sqlite_database: str, tmp_path):
    async with fortress(sqlite_database) as fort:
        kept = tmp_path / "kept.db"
        backup(fort.shop.engine.database, kept)
    raw = kept.read_bytes()
    secrets = {KEY, *(x for _, told in SECRETS.values() for x in told.values() if x != CANARY)}
    assert [secret for secret in secrets if secret.encode() in raw] == []


def test_settings_say_no_secret_when_they_are_printed():
    settings = Settings(
        _env_file=None,  # type: ignore[call-arg]
        secret_key=SecretStr(KEY),
        metrics_token=SecretStr("metrics-canary-token"),
        smtp_url=f"smtp://user:{CANARY}@mail.example",
    )
    assert _sings(repr(settings)) == []
    assert _sings(str(settings)) == []


def test_a_weak_key_is_refused_without_repeating_it():
    with pytest.raises(ValueError, match="32 characters") as raised:
        Settings(_env_file=None, secret_key=SecretStr("weak-canary"))  # type: ignore[call-arg]
    assert "weak-canary" not in str(raised.value)


# --- the signatures of machines ---------------------------------------------------------------


async def test_slack_takes_no_signature_that_was_not_made_for_it(fort: Fortress):
    before = fort.rows()
    raw = urlencode({"command": "/wismo", "text": "cancel 1001", "user_id": "U1"}).encode()
    tricks = [
        await fort.slack_raw(raw, secret=""),
        await fort.slack_raw(raw, secret="other-slack"),
        await fort.slack_raw(raw, ago=301),
        await fort.slack_raw(raw, ago=-301),
        await fort.http.post(f"/hooks/slack/{SLACK}", content=raw),
    ]
    assert {one.status_code for one in tricks} == {401}
    assert len({one.text for one in tricks}) == 1
    assert fort.rows() == before


@pytest.mark.parametrize("secret", ["", "wrong", "telegram-says-s", "telegram-says-soo", "\xff"])
async def test_telegram_without_its_secret_is_nobody(fort: Fortress, secret: str):
    before = fort.rows()
    headers = [(b"X-Telegram-Bot-Api-Secret-Token", secret.encode("latin-1"))]
    answer = await fort.http.post("/hooks/telegram/32", content=b"{}", headers=headers)
    assert answer.status_code == 401
    assert fort.rows() == before


@pytest.mark.parametrize(
    "update",
    [
        b"",
        b"[]",
        b"{}",
        b"[" * 10_000,
        b'{"update_id":1e999}',
        b'{"update_id":"' + b"9" * 5000 + b'"}',
        b'{"update_id":NaN}',
        b'{"update_id":{}}',
        b'{"update_id":1,"message":{"text":"\\ud800"}}',
        b'{"update_id":1,"message":[]}',
    ],
)
async def test_an_update_that_makes_no_sense_is_let_go(fort: Fortress, update: bytes):
    before = fort.rows()
    assert (await fort.telegram(update)).status_code == 200
    assert fort.rows() == before


@pytest.mark.parametrize("words", ["a\\u0000b", "a\\ud800b", "\\u202eabc"])
async def test_a_telegram_message_with_impossible_letters_is_heard(fort: Fortress, words: str):
    raw = (
        '{"update_id":5,"message":{"message_id":1,"date":1764000000,'
        '"chat":{"id":7,"type":"private"},"from":{"id":7,"is_bot":false,"first_name":"E"},'
        f'"text":"{words}"}}}}'
    )
    assert (await fort.telegram(raw.encode())).status_code == 200
    assert fort.rows()["conversation"] == 1
