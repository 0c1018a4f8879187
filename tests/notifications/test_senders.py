"""Senders against scripted servers: what arrives, and how every way of failing is reported."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from core.domain.effects import Effect, Outcome
from core.domain.refusals import Invalid
from core.integrations.calling import new_http
from notifications.render import Button, Words
from notifications.senders.email import EmailSender, SmtpServer, mailbox, parse_smtp_url
from notifications.senders.telegram import TelegramSender, shorten, utf16_length
from tests.notifications.wire import DROP, FakeSmtp, FakeTelegram, listening

NOW = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
EFFECT = Effect(1, 1, None, "message", "message:order:1:shipped", 1, {})
MAIL = Words(
    "Ihre Bestellung ist unterwegs: Größe 38",
    "Guten Tag,\n\n3 × Becher\n.ein Punkt am Anfang",
    "<p>3 × Becher</p>",
    Button("See where it is", "https://shop.example/track/abc"),
    "https://shop.example/messages/abc",
)
CHAT = replace(MAIL, text="On its way\n\nMug & lid", html="<b>On its way</b>\n\nMug &amp; lid")


async def mail(smtp: FakeSmtp, words: Words = MAIL, to: str = "anna@example.org") -> Outcome:
    async with listening(smtp.serve) as port:
        server = SmtpServer("127.0.0.1", port, start_tls=False)
        sender = EmailSender(
            server, "orders@shop.example", "Teehaus Nörd", lambda: NOW, "help@shop.example"
        )
        return await sender.send(EFFECT, words, to)


# --- e-mail -------------------------------------------------------------------------------------


async def test_a_mail_arrives_with_text_html_and_the_headers_of_an_automatic_message() -> None:
    smtp = FakeSmtp()
    outcome = await mail(smtp)
    (arrived,) = smtp.mails
    text, html = arrived.get_body(("plain",)), arrived.get_body(("html",))
    assert outcome.state == "done"
    assert outcome.result["message_id"] == arrived["Message-ID"]
    assert arrived["Subject"] == MAIL.subject
    assert arrived["From"] == "Teehaus Nörd <orders@shop.example>"
    assert arrived["To"] == "anna@example.org"
    assert arrived["Reply-To"] == "help@shop.example"
    assert arrived["Auto-Submitted"] == "auto-generated"
    assert arrived["List-Unsubscribe"] == "<https://shop.example/messages/abc>"
    assert arrived["Date"].datetime == NOW
    assert text is not None
    assert "\n.ein Punkt am Anfang" in text.get_content()
    assert "See where it is:\nhttps://shop.example/track/abc" in text.get_content()
    assert html is not None
    assert html.get_content().strip() == MAIL.html


async def test_a_mail_without_html_or_preferences_is_plain() -> None:
    smtp = FakeSmtp()
    await mail(smtp, Words("A case", "Look at 1001"))
    (arrived,) = smtp.mails
    assert arrived.get_content_type() == "text/plain"
    assert arrived["List-Unsubscribe"] is None


@pytest.mark.parametrize("verb", ["MAIL", "RCPT", "DATA", "."])
@pytest.mark.parametrize(("reply", "state"), [("451 busy", "later"), ("552 full", "dead")])
async def test_4xx_waits_and_5xx_is_never_tried_again(verb: str, reply: str, state: str) -> None:
    outcome = await mail(FakeSmtp({verb: reply}))
    assert outcome.state == state
    assert reply[:3] in outcome.reason


async def test_only_a_refused_address_is_to_be_suppressed() -> None:
    assert (await mail(FakeSmtp({"RCPT": "550 unknown"}))).result == {"suppress": True}
    assert (await mail(FakeSmtp({"RCPT": "450 later"}))).result == {}
    assert (await mail(FakeSmtp({"MAIL": "550 not you"}))).result == {}


@pytest.mark.parametrize("verb", ["", "EHLO", "MAIL", "RCPT"])
async def test_a_connection_lost_before_the_mail_is_certainly_not_sent(verb: str) -> None:
    smtp = FakeSmtp({verb: DROP})
    assert (await mail(smtp)).state == "later"
    assert smtp.mails == []


async def test_a_connection_lost_after_the_final_dot_is_unknown_and_repeats_the_same_id() -> None:
    smtp = FakeSmtp({".": DROP})
    assert (await mail(smtp)).state == "unknown"
    assert (await mail(smtp)).state == "unknown"
    first, second = smtp.mails
    assert first["Message-ID"] == second["Message-ID"]


async def test_a_server_that_says_no_good_bye_has_still_taken_the_mail() -> None:
    assert (await mail(FakeSmtp({"QUIT": DROP}))).state == "done"


@pytest.mark.parametrize("greeting", ["421 shutting down", "554 no service"])
async def test_a_server_that_does_not_want_to_talk_is_tried_later(greeting: str) -> None:
    assert (await mail(FakeSmtp({"": greeting}))).state == "later"


async def test_a_wrong_password_loses_no_mail() -> None:
    smtp = FakeSmtp({"EHLO": "250-hello\r\n250 AUTH PLAIN", "AUTH": "535 wrong"})
    async with listening(smtp.serve) as port:
        server = SmtpServer("127.0.0.1", port, "u", "p", start_tls=False)
        sender = EmailSender(server, "orders@shop.example", "Shop", lambda: NOW)
        assert (await sender.send(EFFECT, MAIL, "anna@example.org")).state == "later"
    assert smtp.mails == []


async def test_a_server_that_is_not_there_is_tried_later() -> None:
    async with listening(FakeSmtp().serve) as port:
        pass
    server = SmtpServer("127.0.0.1", port, start_tls=False)
    sender = EmailSender(server, "orders@shop.example", "Shop", lambda: NOW)
    assert (await sender.send(EFFECT, MAIL, "anna@example.org")).state == "later"


@pytest.mark.parametrize(
    "address",
    [
        "anna@example.org\r\nBcc: all@example.org",
        "anna@example.org\n",
        "anna@example.org, eve@example.org",
        "Anna <anna@example.org>",
        "anna",
        "@example.org",
        "anna@",
        "a nna@example.org",
        "ännä@example.org",
        "anna@exa..mple.org",
        "",
    ],
)
async def test_what_is_not_one_plain_address_reaches_no_server(address: str) -> None:
    smtp = FakeSmtp()
    assert (await mail(smtp, to=address)).state == "dead"
    assert smtp.verbs == []


async def test_a_subject_with_a_line_break_reaches_no_server() -> None:
    smtp = FakeSmtp()
    outcome = await mail(smtp, replace(MAIL, subject="Hello\r\nBcc: all@example.org"))
    assert outcome.state == "dead"
    assert smtp.verbs == []


def test_an_international_domain_is_encoded() -> None:
    assert mailbox("anna@bücher.example") == "anna@xn--bcher-kva.example"


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("smtp://localhost:1025", SmtpServer("localhost", 1025)),
        (
            "smtp://u:p%40ss@mail.example?starttls=1",
            SmtpServer("mail.example", 587, "u", "p@ss", start_tls=True),
        ),
        ("smtp://u:p@mail.example", SmtpServer("mail.example", 587, "u", "p", start_tls=True)),
        (
            "smtp://u:p@mail.example?starttls=0",
            SmtpServer("mail.example", 587, "u", "p", start_tls=False),
        ),
        (
            "smtps://u:p@mail.example",
            SmtpServer("mail.example", 465, "u", "p", use_tls=True, start_tls=False),
        ),
    ],
)
def test_a_mail_server_is_named_by_one_url(url: str, server: SmtpServer) -> None:
    assert parse_smtp_url(url) == server
    assert "p@ss" not in repr(server)


@pytest.mark.parametrize("url", ["mail.example", "http://mail.example", "smtp://", ""])
def test_a_url_that_names_no_mail_server_is_refused(url: str) -> None:
    with pytest.raises(Invalid):
        parse_smtp_url(url)


# --- Telegram -----------------------------------------------------------------------------------


async def chat(telegram: FakeTelegram, words: Words = CHAT) -> Outcome:
    async with listening(telegram.serve) as port, new_http(5) as client:
        sender = TelegramSender(client, "123:secret", f"http://127.0.0.1:{port}/")
        return await sender.send(EFFECT, words, "4711")


def refused(code: int, description: str, **parameters: Any) -> tuple[int, Any]:
    body = {"ok": False, "error_code": code, "description": description}
    return code, body | ({"parameters": parameters} if parameters else {})


async def test_a_telegram_message_carries_its_button_and_previews_nothing() -> None:
    telegram = FakeTelegram()
    outcome = await chat(telegram)
    assert outcome == Outcome(
        "done", result={"message_id": "77", "chat_id": "4711", "sent_again": False}
    )
    assert telegram.paths == ["/bot123:secret/sendmessage"]
    assert telegram.calls == [
        {
            "chat_id": "4711",
            "text": CHAT.html,
            "parse_mode": "HTML",
            "link_preview_options": {"is_disabled": True},
            "reply_markup": {
                "inline_keyboard": [
                    [{"text": "See where it is", "url": "https://shop.example/track/abc"}]
                ]
            },
        }
    ]


async def test_429_waits_as_long_as_telegram_asks() -> None:
    outcome = await chat(FakeTelegram([refused(429, "Too Many Requests", retry_after=17)]))
    assert (outcome.state, outcome.retry_after) == ("later", 17)


async def test_a_customer_who_blocked_the_bot_is_never_tried_again() -> None:
    telegram = FakeTelegram([refused(403, "Forbidden: bot was blocked by the user")])
    outcome = await chat(telegram)
    assert (outcome.state, outcome.reason, len(telegram.calls)) == ("dead", "blocked", 1)
    assert outcome.result == {"suppress": True}


async def test_a_chat_that_does_not_exist_is_dead() -> None:
    telegram = FakeTelegram([refused(400, "Bad Request: chat not found")])
    assert (await chat(telegram)).state == "dead"
    assert len(telegram.calls) == 1


@pytest.mark.parametrize("said", ["can't parse entities: bad tag", "BUTTON_URL_INVALID"])
async def test_what_telegram_cannot_read_goes_out_once_as_plain_text(said: str) -> None:
    telegram = FakeTelegram([refused(400, f"Bad Request: {said}")])
    assert (await chat(telegram)).state == "done"
    _, plain = telegram.calls
    assert "parse_mode" not in plain
    assert "reply_markup" not in plain
    assert plain["text"] == f"{CHAT.text}\n\nSee where it is: https://shop.example/track/abc"


async def test_plain_text_is_tried_only_once() -> None:
    telegram = FakeTelegram([refused(400, "can't parse entities")] * 3)
    assert (await chat(telegram)).state == "dead"
    assert len(telegram.calls) == 2


async def test_a_group_that_moved_gets_the_message_where_it_is_now() -> None:
    telegram = FakeTelegram([refused(400, "group upgraded", migrate_to_chat_id=-100123)])
    outcome = await chat(telegram)
    assert telegram.calls[1]["chat_id"] == outcome.result["chat_id"] == "-100123"


@pytest.mark.parametrize("answer", [(500, "oops"), (502, "<html>"), (0, ""), (200, "not json")])
async def test_a_call_that_may_have_worked_is_unknown(answer: tuple[int, Any]) -> None:
    assert (await chat(FakeTelegram([answer]))).state == "unknown"


async def test_a_telegram_that_cannot_be_reached_has_nothing() -> None:
    async with listening(FakeTelegram().serve) as port:
        pass
    async with new_http(5) as client:
        sender = TelegramSender(client, "123:secret", f"http://127.0.0.1:{port}")
        assert (await sender.send(EFFECT, CHAT, "4711")).state == "later"


async def test_a_wrong_token_loses_no_message_and_is_never_told() -> None:
    outcome = await chat(FakeTelegram([refused(401, "Unauthorized")]))
    assert outcome.state == "later"
    assert "secret" not in outcome.reason


async def test_a_text_beyond_the_limit_is_cut_and_sent_plain() -> None:
    telegram = FakeTelegram()
    await chat(telegram, replace(CHAT, text="😀" * 3000, html="<b>" + "😀" * 3000 + "</b>"))
    (call,) = telegram.calls
    assert "parse_mode" not in call
    assert utf16_length(call["text"]) <= 4096
    assert call["text"].endswith("😀…")


@pytest.mark.parametrize("character", ["a", "😀"])
def test_cutting_never_splits_a_character(character: str) -> None:
    for length in range(1, 12):
        cut = shorten(character * length, 7)
        assert utf16_length(cut) <= 7
        assert set(cut.removesuffix("…")) == {character}
