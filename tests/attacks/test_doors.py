"""Every route, asked wrongly: no bug, no row, no foreign word, and a limit before any reading."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bot.bridge import NOBODY, number_in
from core.domain.access import Role
from tests.attacks.fortress import CANARY, Fortress, fortress
from tests.shop import SHOPIFY

pytestmark = pytest.mark.anyio
SESSION = {"Cookie": "__Host-wismo-chat=" + "a" * 43, "Content-Type": "application/json"}
MANY, ENDLESS = "9" * 30, "9" * 5000
READS = (
    *("/", "/metrics", "/docs", "/redoc", "/openapi.json", "/api/v1/openapi.json", "/sandbox"),
    *("/.git/config", "/chat/%2e%2e/%2e%2e/etc/passwd", "/papers/x", "/static/x", "/sandbox/clock"),
    *("/chat", f"/chat?shop={MANY}", f"/chat?shop={ENDLESS}", "/chat?shop=%00", "/chat?lang=%00"),
    *("/chat/messages", "/chat/messages?after=9999999999999999", f"/chat/messages?shop={ENDLESS}"),
    *("/track/x", "/track/%00", f"/track/{ENDLESS}", "/preferences/%0a", f"/preferences/{ENDLESS}"),
    *(f"/api/v1/{name}/{MANY}" for name in ("orders", "stock", "returns", "cases")),
    *(f"/api/v1/cases/{ENDLESS}", f"/api/v1/orders?limit={ENDLESS}", "/api/v1/orders/%00"),
    *(f"/api/v1/orders?text={x}" for x in ("%25_%25", "%F0%9F%98%80", "%E2%80%AE", "%ED%A0%80")),
    *(f"/api/v1/orders?text={'a' * 30000}", "/api/v1/events?after=%C2%B2", "/api/v1/events"),
)
HOOKS = tuple(
    f"/hooks/{name}/{number}"
    for name in ("shopify", "carriers", "slack", "telegram")
    for number in ("1", "x", "-1", "%D9%A3", MANY, ENDLESS)
)
WRITES = (
    *("/chat/messages", "/chat/start", "/preferences/x", "/sandbox/clock", "/hooks/slack"),
    *("/api/v1/orders", "/api/v1/commands/hold_order", "/api/v1/commands/%00"),
    *HOOKS,
)
BODIES = (
    b"",
    b"[" * 10_000,
    b'{"a":' * 10_000,
    b'{"a":NaN}',
    b'{"order":1e999}',
    b'{"order":' + b"9" * 5000 + b"}",
    b"\xff\xfe",
    b'{"order":"1001\\u0000"}',
    b'{"order":"\\ud800"}',
    b'{"text":"a\\ud800b","id":"s"}',
    b'{"order":"1001","note":"\\ud83d\\ude00 \\u202e"}',
)


@pytest.fixture
async def fort(database: str) -> AsyncIterator[Fortress]:
    async with fortress(database) as made:
        yield made


async def test_no_question_of_a_stranger_is_a_bug_or_leaves_a_row(fort: Fortress):
    fort.shop.place(1001, ("mug-red", 1))
    before, key = fort.rows() | {"api_key": 1}, fort.key(Role.LEAD)
    for path in (*READS, *HOOKS):
        for verb in ("GET", "HEAD", "PUT", "DELETE", "TRACE"):
            for headers in (SESSION, SESSION | key):
                answer = await fort.http.request(verb, path, headers=headers)
                assert answer.status_code < 500, (verb, path[:50], answer.text)
                assert CANARY not in answer.text, path
    assert fort.rows() == before


async def test_no_body_of_a_stranger_is_a_bug_or_leaves_a_row(fort: Fortress):
    before, key = fort.rows() | {"api_key": 1}, fort.key(Role.OWNER)
    for path in WRITES:
        for body in BODIES:
            for headers in (SESSION, SESSION | key):
                if path.startswith("/chat") and (not body or b'"id"' in body):
                    continue
                answer = await fort.http.post(path, content=body, headers=headers)
                assert 400 <= answer.status_code < 500, (path[:50], body[:30], answer.text)
    assert fort.rows() == before


async def _endless() -> AsyncIterator[bytes]:
    for _ in range(10_000):
        yield b"x" * 1024


@pytest.mark.parametrize(
    "path",
    [
        f"/hooks/shopify/{SHOPIFY}",
        "/hooks/carriers/33",
        "/hooks/slack/31",
        "/chat/messages",
        "/chat/start",
        "/api/v1/orders",
        "/api/v1/commands/hold_order",
    ],
)
async def test_ten_megabytes_without_a_length_are_413(fort: Fortress, path: str):
    answer = await fort.http.post(path, content=_endless(), headers=SESSION | fort.key(Role.OWNER))
    assert answer.status_code == 413


async def test_links_are_ours_whatever_host_is_named(fort: Fortress):
    forged = {"Host": "evil.example", "X-Forwarded-Host": "evil.example", **SESSION}
    for path in ("/chat", "/track/x", "/preferences/x"):
        assert "evil.example" not in (await fort.http.get(path, headers=forged)).text


async def test_a_forged_address_of_origin_does_not_open_the_figures(fort: Fortress):
    for name in ("X-Forwarded-For", "x-forwarded-for"):
        answer = await fort.http.get("/metrics", headers={name: "127.0.0.1"})
        assert answer.status_code == 401


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://[", "https://shop.example.evil.example", ""]
)
async def test_a_post_of_another_site_is_a_no(fort: Fortress, origin: str):
    before = fort.rows()
    answer = await fort.http.post(
        "/chat/messages", json={"text": "hello"}, headers=SESSION | {"Origin": origin}
    )
    assert answer.status_code == 403
    assert fort.rows() == before


async def test_nothing_of_the_sandbox_exists_outside_it(fort: Fortress):
    for path in ("/sandbox", "/sandbox/clock", "/sandbox/state", "/docs"):
        for verb in ("GET", "POST"):
            assert (await fort.http.request(verb, path, json={})).status_code in (404, 405)


@pytest.mark.parametrize("text", ["", "-1", "1.5", "٣", "²", " 1", "1" * 16, ENDLESS, "x"])
def test_a_number_in_an_address_is_short_and_plain(text: str):
    assert number_in(text) == NOBODY


def test_a_real_number_is_read():
    assert number_in("9" * 15) == 999_999_999_999_999
