"""Hostile words: markup, cards, control characters and links, wherever they are kept or shown."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from html.parser import HTMLParser

import psycopg
import pytest

from bot.logs import PlainLines
from bot.slack.mrkdwn import Mrkdwn
from core.commands.holds import HoldOrder
from core.commands.orders import CancelOrder, NoteOrder
from core.commands.shipping import FulfilledLine, RecordFulfillment
from core.db import tables as t
from core.db.errors import is_transient
from core.domain.access import Role
from core.domain.holds import HoldReason
from core.domain.masking import clean_text, mask_cards
from tests.attacks.fortress import Fortress, fortress
from tests.shop import CHANNEL, SHOP, SHOPIFY, make_shop
from tests.surfaces.customers import Street, street

anyio = pytest.mark.anyio
CARD = "4111 1111 1111 1111"
CARDS = (
    CARD,
    "4111111111111111",
    "4111-1111-1111-1111",
    "4111.1111.1111.1111",
    "4111\u00a01111\u00a01111\u00a01111",
    "4111  1111  1111  1111",
    "４１１１１１１１１１１１１１１１",
    "5555555555554444",
    "2223003122003222",
    "3782 822463 10005",
    "30569309025904",
    "6011111111111117",
    "3530111333300000",
    "6304000000000000",
)
NUMBERS = (
    *("JD014600003828392837", "00340434161094042557", "1Z999AA10123456784", "JJD01234567890123456"),
    *("+49 30 2312 5001", "1001 1004 1010 1022", "2026-11-23 09:00", "DE89370400440532013000"),
    *("420911019405511899560443300077", "4111111111111112", "C-31", "01005099112233"),
)
EVIL = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    '"><script src=//evil.example></script>',
    "' onmouseover='alert(1)",
    "</title><script>alert(1)</script>",
    "</style><script>alert(1)</script>",
    "<!--<script>alert(1)//-->",
    "<iframe srcdoc='<script>alert(1)</script>'>",
    "<a href=javascript:alert(1)>x</a>",
    "<math><mi//xlink:href='data:x,<script>alert(1)</script>'>",
    "<base href=//evil.example>",
    "<meta http-equiv=refresh content='0;url=//evil.example'>",
    "<form action=//evil.example><input name=code>",
    "<object data=//evil.example>",
    "<link rel=stylesheet href=//evil.example>",
    "<style>*{display:none}</style>",
    "<table><tr><td background=javascript:alert(1)>",
    "<details open ontoggle=alert(1)>",
    "<body onload=alert(1)>",
    "<b>bold</b>",
    "{{7*7}}",
    "{% for x in range(9) %}x{% endfor %}",
    "${7*7}",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "&#60;script&#62;",
    "\u202egnp.exe",
    "a\x00b",
    "a\r\nBcc: victim@example.org",
    "[x](javascript:alert(1))",
    "<mj-raw><script>alert(1)</script></mj-raw>",
    "<![CDATA[<script>alert(1)</script>]]>",
    "</mj-text><mj-raw><script>alert(1)</script></mj-raw>",
)
# What no page or mail of ours has; `script` and `style` are there, but only our own.
BAD_TAGS = {"iframe", "object", "base", "svg", "math", "details", "embed"}


class Elements(HTMLParser):
    """What a browser would make of a page: its tags and their attributes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))


def assert_harmless(html: str) -> None:
    for tag, attributes in Elements(html).tags:
        assert tag not in BAD_TAGS, tag
        assert not any(name.startswith("on") for name in attributes), attributes
        for name in ("href", "src", "action"):
            value = attributes.get(name) or ""
            assert not value.lower().strip().startswith(("javascript:", "data:")), value
            assert "evil.example" not in value, value
    assert "alert(1)" not in "".join(re.findall(r"(?s)<script\b.*?</script>", html))


# --- cards ------------------------------------------------------------------------------------


@pytest.mark.parametrize("card", CARDS)
def test_a_card_is_hidden_however_it_is_written(card: str):
    for around in ("{}", "pan {}, thanks", "{} 12/27", "{} 12/27 123", "order 1001: {}", "2 {}"):
        said = mask_cards(around.format(card))
        assert said == around.format("•••"), said


@pytest.mark.parametrize("number", NUMBERS)
def test_what_is_no_card_stays(number: str):
    assert mask_cards(f"see {number} please") == f"see {number} please"


@pytest.fixture
async def fort(database: str) -> AsyncIterator[Fortress]:
    async with fortress(database) as made:
        yield made


def _kept(fort: Fortress) -> str:
    return fort.dump().replace(" ", "")


@anyio
async def test_no_note_of_anybody_keeps_a_card(fort: Fortress):
    fort.shop.place(1001, ("mug-red", 1), note=f"pay with {CARD} 12/27")
    for command in (
        NoteOrder("1001", f"the card is {CARD}"),
        HoldOrder("1001", HoldReason.MANUAL, None, f"card {CARD} 123"),
        CancelOrder("1001", f"card {CARD}"),
    ):
        assert fort.shop.do(command).ok
    assert CARD.replace(" ", "") not in _kept(fort)
    assert "thecardis•••" in _kept(fort)


@anyio
async def test_a_card_in_an_order_of_the_api_is_not_kept(fort: Fortress):
    told = {
        "external_id": "a-1",
        "currency": "EUR",
        "placed_at": "2026-11-23T08:00:00Z",
        "lines": [{"sku": "mug-red", "quantity": 1}],
        "note": f"{CARD} 12/27",
    }

    key = fort.key(Role.MACHINE)
    answer = await fort.http.post("/api/v1/orders", content=json.dumps(told), headers=key)
    assert answer.status_code == 201, answer.text
    assert CARD.replace(" ", "") not in _kept(fort)


# --- pages, mails, chat -----------------------------------------------------------------------


@pytest.fixture
async def here(sqlite_database: str) -> AsyncIterator[Street]:
    async with street(sqlite_database) as made:
        yield made


def _hostile(here: Street, number: int, words: str) -> None:
    order = here.shop.order(
        number, ("mug-red", 1), customer_name=words, note=words, email=f"v{number}@example.org"
    )
    place = replace(order.ship_to, name=words, street=words, city=words)
    lines = tuple(replace(line, title=words) for line in order.lines)
    done = here.shop.do(replace(order, ship_to=place, lines=lines), CHANNEL)
    assert done.ok, done


def _ship(here: Street, number: int, words: str) -> None:
    told = RecordFulfillment(
        SHOPIFY,
        f"gid-{number}",
        f"f-{number}",
        (FulfilledLine(f"{number}-1", 1),),
        here.shop.clock(),
        tracking_number="123456",
        carrier=words,
        tracking_url=f"javascript:alert(1)//{words}",
    )
    assert here.shop.do(told, CHANNEL).ok


@anyio
async def test_hostile_words_stay_words_on_every_page_and_in_every_mail(here: Street):
    visitor = here.visitor()
    for number, words in enumerate(EVIL, 5001):
        _hostile(here, number, words.replace("\x00", ""))
        _ship(here, number, words.replace("\x00", ""))
        await here.work()
        address = f"v{number}@example.org"
        assert len(here.mailbox.to(address)) == 2
        for mail in here.mailbox.to(address):
            assert "49" not in mail.subject
            assert_harmless(mail.html or "")
        page = await visitor.opens(here.link_for(address))
        assert page.status_code == 200
        assert_harmless(page.text)
    assert {row["tracking_url"] for row in here.shop.rows(t.parcel)} == {""}


@anyio
async def test_a_page_lets_only_its_own_script_run(here: Street):
    here.shop.place(1001, ("mug-red", 1))
    await here.work()
    visitor = here.visitor()
    for path in ("/chat", here.link_for("anna@example.org"), "/track/none", "/preferences/none"):
        page = await visitor.opens(path)
        policy = page.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        nonces = set(re.findall(r"'nonce-([\w-]+)'", policy))
        for tag, attributes in Elements(page.text).tags:
            if tag in ("script", "style") and "src" not in attributes:
                assert attributes.get("nonce") in nonces
        again = (await visitor.opens(path)).headers["content-security-policy"]
        assert again != policy


@anyio
async def test_hostile_words_in_the_chat_are_shown_as_words_only(here: Street):
    visitor = here.visitor()
    await visitor.opens()
    for number, words in enumerate(EVIL, 1):
        assert (await visitor.post({"id": f"e{number}", "text": words})).status_code == 200
        here.shop.clock.advance(seconds=30)
    assert_harmless((await visitor.opens()).text)


@anyio
@pytest.mark.parametrize("words", ["a\x00b", "\x1b[31mred", "\u202eabc", "a\x07b"])
async def test_what_no_database_holds_is_heard_without_it(database: str, words: str):
    async with street(database) as here:
        visitor = here.visitor()
        await visitor.opens()
        assert (await visitor.post({"id": words, "text": words})).status_code == 200
        (said, *_) = (
            r for r in here.shop.rows(t.conversation_message) if r["author"] == "customer"
        )
        assert said["words"] == clean_text(words)
        assert not {"\x00", "\x1b", "\u202e", "\x07"} & set(said["words"])


def test_a_word_that_cannot_be_sent_is_no_database_that_is_away(postgresql_database: str):
    shop = make_shop(postgresql_database)
    with pytest.raises(psycopg.DataError) as raised:
        shop.engine.chore(lambda uow: uow.people.count("a\x00b"), SHOP)
    assert not is_transient(raised.value)
    shop.close()


# --- Slack and the log ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words", ["<!channel>", "<!here>", "<@U0001>", "<https://evil.example|your bank>", "<#C1>"]
)
def test_slack_sees_no_markup_of_others(words: str):
    for shown in (Mrkdwn(words), Mrkdwn.bold(words)):
        assert "<" not in shown.text
    assert "\u202e" not in Mrkdwn("\u202egnp.exe").text


@pytest.mark.parametrize("words", ["a\nERROR root: forged", "\x1b[2Jgone", "a\r\u2028b", "\u202eb"])
def test_one_record_is_one_line(words: str):
    record = logging.LogRecord("wismo", logging.INFO, "", 1, "path %s", (words,), None)
    line = PlainLines("%(levelname)s %(message)s").format(record)
    assert len(line.splitlines()) == 1
    assert line.isprintable()
