"""The demo's mailbox speaks strict SMTP with aiosmtplib and shows each mail as a person sees it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from email.message import EmailMessage

import aiosmtplib
import httpx2
import pytest

from bot.sandbox.mailbox import SIZE_MAX, Mailbox, mailbox_app
from bot.sandbox.shop.wire import Fault

pytestmark = pytest.mark.anyio
NOW = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def box() -> Mailbox:
    return Mailbox(lambda: NOW)


@pytest.fixture
async def place(box: Mailbox) -> AsyncIterator[tuple[str, int]]:
    async with box.smtp() as where:
        yield where


def letter(**changes: str) -> EmailMessage:
    message = EmailMessage()
    words = {"From": "shop@example.com", "To": "anna@example.com", "Subject": "Ihre Bestellung 🙂"}
    for name, value in {**words, **changes}.items():
        message[name] = value
    message.set_content("Grüße!\n.\n..dots\nTrack: https://shop.example.com/track/abc.\n")
    page = '<a href="https://shop.example.com/track/abc?a=1&amp;b=2">Wo ist es?</a>'
    message.add_alternative(page, subtype="html")
    return message


async def send(place: tuple[str, int], message: EmailMessage | None = None):
    host, port = place
    return await aiosmtplib.send(message or letter(), hostname=host, port=port)


async def test_a_mail_arrives_whole_with_its_links(place, box: Mailbox):
    await send(place)
    (mail,) = box.to("ANNA@example.com")
    assert mail.subject == "Ihre Bestellung 🙂"
    assert mail.text.splitlines()[:3] == ["Grüße!", ".", "..dots"]
    assert "Wo ist es?" in mail.html
    assert mail.links == (
        "https://shop.example.com/track/abc",
        "https://shop.example.com/track/abc?a=1&b=2",
    )
    assert (mail.sender, mail.recipients) == ("shop@example.com", ("anna@example.com",))


async def test_an_attachment_is_named_and_headers_are_kept(place, box: Mailbox):
    message = letter(
        **{"Message-ID": "<k-1@example.com>", "List-Unsubscribe": "<https://x.example.com>"}
    )
    message.add_attachment(b"%PDF", maintype="application", subtype="pdf", filename="label.pdf")
    await send(place, message)
    assert box.mails[0].attachments == ("label.pdf",)
    assert box.mails[0].headers["Message-ID"] == "<k-1@example.com>"


@pytest.mark.parametrize(
    ("endpoint", "status", "error"),
    [
        ("connect", 421, aiosmtplib.SMTPConnectError),
        ("MAIL", 451, aiosmtplib.SMTPSenderRefused),
        ("RCPT", 550, aiosmtplib.SMTPRecipientsRefused),
        ("DATA", 451, aiosmtplib.SMTPDataError),
        ("MESSAGE", 552, aiosmtplib.SMTPDataError),
        ("MESSAGE", 451, aiosmtplib.SMTPDataError),
    ],
)
async def test_a_scripted_refusal_is_heard_and_nothing_is_kept(
    place, box: Mailbox, endpoint, status, error
):
    box.faults.script(Fault(endpoint, "status", status=status))
    with pytest.raises(error, match=str(status)):
        await send(place)
    assert box.mails == []
    await send(place)
    assert len(box.mails) == 1


@pytest.mark.parametrize(("kind", "kept"), [("drop", 0), ("accept_then_drop", 1)])
async def test_a_line_cut_after_the_final_dot_leaves_the_sender_in_doubt(
    place, box: Mailbox, kind, kept
):
    box.faults.script(Fault("MESSAGE", kind))
    with pytest.raises(aiosmtplib.SMTPServerDisconnected):
        await send(place)
    assert len(box.mails) == kept


async def test_an_unknown_address_is_refused_every_time(place, box: Mailbox):
    box.unknown.add("anna@example.com")
    for _ in range(2):
        with pytest.raises(aiosmtplib.SMTPRecipientsRefused):
            await send(place)
    await send(place, letter(To="ben@example.com"))
    assert [mail.recipients for mail in box.mails] == [("ben@example.com",)]


async def speak(place: tuple[str, int], *lines: str) -> list[str]:
    """Say the lines one by one; the code of each answer (the greeting is left out)."""
    reader, writer = await asyncio.open_connection(*place)
    await reader.readline()
    codes = []
    for line in lines:
        writer.write(line.encode() + b"\r\n")
        while (heard := await reader.readline())[3:4] == b"-":
            pass
        codes.append(heard[:3].decode())
    writer.close()
    await writer.wait_closed()
    return codes


@pytest.mark.parametrize(
    ("lines", "codes"),
    [
        (("MAIL FROM:<a@example.com>",), ["503"]),
        (("EHLO x", "RCPT TO:<a@example.com>"), ["250", "503"]),
        (("EHLO x", "MAIL FROM:<a@example.com>", "DATA"), ["250", "250", "503"]),
        (("EHLO x", "MAIL FROM:a@example.com"), ["250", "501"]),
        (("EHLO x", "MAIL FROM:<>", "RCPT TO:<nobody>"), ["250", "250", "501"]),
        (("EHLO x", "MAIL FROM:<>", "RSET", "MAIL FROM:<>"), ["250", "250", "250", "250"]),
        (("EHLO x", "MAIL FROM:<>", "MAIL FROM:<>"), ["250", "250", "503"]),
        (("EHLO x", f"MAIL FROM:<> SIZE={SIZE_MAX + 1}"), ["250", "552"]),
        (("EHLO", "VRFY anna", "NOOP", "x" * 1200, "QUIT"), ["501", "502", "250", "500", "221"]),
    ],
)
async def test_the_order_of_an_smtp_talk_is_kept_strictly(place, box: Mailbox, lines, codes):
    assert await speak(place, *lines) == codes
    assert box.mails == []


async def test_the_control_api_shows_mails_and_scripts_the_post(place, box: Mailbox):
    await send(place)
    await send(place, letter(Subject="second"))
    transport = httpx2.ASGITransport(app=mailbox_app(box))
    async with httpx2.AsyncClient(transport=transport, base_url="http://mail") as client:
        state = (await client.get("/control/state")).json()
        one = (await client.post("/control/mail", json={"number": 1})).json()
        none = await client.post("/control/mail", json={"number": 9})
        await client.post("/control/refuse", json={"address": "Anna@example.com"})
        await client.post("/control/clear")
    assert [mail["subject"] for mail in state["mails"]] == ["second", "Ihre Bestellung 🙂"]
    assert one["result"]["recipients"] == ["anna@example.com"]
    assert none.status_code == 400
    assert box.mails == []
    assert box.unknown == {"anna@example.com"}
