"""A mailbox for the demo and the drills: a small strict SMTP server and a page of what it took.

Endpoints for scripted faults: connect, MAIL, RCPT, DATA (before the text) and MESSAGE (after the
final dot: "drop" hangs up with nothing kept, "accept_then_drop" keeps the mail and hangs up).
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from functools import partial
from typing import Any

from starlette.applications import Starlette

from bot.sandbox.shop.wire import Clock, ControlError, Faults, Transcript, control_routes

SIZE_MAX = 10 * 1024 * 1024
LINE_MAX = 1000
_PATH = re.compile(r"^(FROM|TO):\s*<([^<>\s]*)>(.*)$", re.IGNORECASE)
_ADDRESS = re.compile(r"^[^@\s]+@[^@\s]+$")
REPLIES = {
    421: "4.3.2 Service shutting down",
    451: "4.3.0 Try again later",
    452: "4.3.1 Mailbox full",
    550: "5.1.1 No such mailbox",
    552: "5.3.4 Message too big",
    554: "5.7.1 Refused",
}


@dataclass(frozen=True, slots=True)
class Mail:
    """One message as a person would see it; `sender` and `recipients` are the envelope's."""

    number: int
    at: datetime
    sender: str
    recipients: tuple[str, ...]
    subject: str
    text: str
    html: str
    headers: dict[str, str]
    links: tuple[str, ...]
    attachments: tuple[str, ...]
    raw: bytes = field(repr=False)


class Mailbox:
    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.mails: list[Mail] = []
        self.transcript, self.faults = Transcript(clock), Faults()
        self.unknown: set[str] = set()

    def to(self, address: str) -> list[Mail]:
        return [one for one in self.mails if address.lower() in map(str.lower, one.recipients)]

    def clear(self) -> None:
        self.mails.clear()

    def keep(self, sender: str, recipients: list[str], raw: bytes) -> Mail:
        number = len(self.mails) + 1
        made = _read(number, self.clock(), sender, tuple(recipients), raw)
        self.mails.append(made)
        return made

    @asynccontextmanager
    async def smtp(self, port: int = 0) -> AsyncIterator[tuple[str, int]]:
        """Listen on loopback; gives host and port."""
        talks: set[asyncio.Task[Any]] = set()

        async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            if task:
                talks.add(task)
                task.add_done_callback(talks.discard)
            await _Talk(self, reader, writer).run()

        server = await asyncio.start_server(talk, "127.0.0.1", port, limit=SIZE_MAX)
        try:
            yield "127.0.0.1", server.sockets[0].getsockname()[1]
        finally:
            server.close()
            for task in list(talks):
                task.cancel()
            await asyncio.gather(*talks, return_exceptions=True)


class _HangUp(Exception):
    """The conversation is over."""


class _Talk:
    """One SMTP conversation, in the order that RFC 5321 demands."""

    def __init__(
        self, box: Mailbox, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._box, self._reader, self._writer = box, reader, writer
        self._greeted = False
        self._sender: str | None = None
        self._recipients: list[str] = []
        self._verbs: dict[str, Callable[[str], Any]] = {
            "EHLO": self._ehlo, "HELO": self._ehlo, "MAIL": self._mail, "RCPT": self._rcpt,
            "DATA": self._data, "RSET": self._rset, "NOOP": self._noop, "QUIT": self._quit,
        }  # fmt: skip

    async def run(self) -> None:
        try:
            if not await self._misfortune("connect"):
                await self._say(220, "mailbox.example.com ESMTP wismo sandbox")
            while True:
                await self._obey(await self._line())
        except (_HangUp, ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            return
        finally:
            self._writer.close()

    async def _obey(self, line: bytes) -> None:
        verb, _, rest = line.decode("utf-8", "replace").strip().partition(" ")
        act = self._verbs.get(verb.upper())
        if len(line) > LINE_MAX:
            await self._say(500, "5.5.2 Line too long")
        elif act is None:
            await self._say(502, "5.5.1 Command not implemented")
        elif not await self._misfortune(verb.upper(), rest):
            await act(rest)

    async def _misfortune(self, endpoint: str, words: str = "") -> bool:
        """Play the fault that was scripted for this step; True when the step is over."""
        fault = self._box.faults.take(endpoint)
        if fault is None:
            return False
        if fault.kind == "delay":
            await asyncio.sleep(fault.seconds)
            return False
        self._box.transcript.record("in", endpoint, words, fault.status, fault.kind)
        if fault.kind != "status":
            raise _HangUp
        await self._say(fault.status, fault.text or REPLIES.get(fault.status, "Refused"))
        if fault.status == 421:
            raise _HangUp
        return True

    async def _line(self) -> bytes:
        return await self._reader.readuntil(b"\r\n")

    async def _say(self, code: int, text: str) -> None:
        self._writer.write(f"{code} {text}\r\n".encode())
        await self._writer.drain()

    async def _ehlo(self, name: str) -> None:
        if not name:
            return await self._say(501, "5.5.4 Say who you are")
        self._greeted = True
        self._reset()
        for word in ("mailbox.example.com", f"SIZE {SIZE_MAX}", "8BITMIME", "SMTPUTF8"):
            self._writer.write(f"250-{word}\r\n".encode())
        return await self._say(250, "ENHANCEDSTATUSCODES")

    async def _mail(self, rest: str) -> None:
        path = _PATH.match(rest)
        if not self._greeted or self._sender is not None:
            return await self._say(503, "5.5.1 Not now")
        if path is None or path[1].upper() != "FROM":
            return await self._say(501, "5.5.4 Expected FROM:<address>")
        size = re.search(r"SIZE=(\d+)", path[3], re.IGNORECASE)
        if size and int(size[1]) > SIZE_MAX:
            return await self._say(552, REPLIES[552])
        self._sender = path[2]
        return await self._say(250, "2.1.0 Ok")

    async def _rcpt(self, rest: str) -> None:
        path = _PATH.match(rest)
        if self._sender is None:
            return await self._say(503, "5.5.1 Who is writing?")
        if path is None or path[1].upper() != "TO" or not _ADDRESS.match(path[2]):
            return await self._say(501, "5.1.3 Expected TO:<address>")
        if path[2].lower() in self._box.unknown:
            self._box.transcript.record("in", "RCPT", path[2], 550)
            return await self._say(550, REPLIES[550])
        self._recipients.append(path[2])
        return await self._say(250, "2.1.5 Ok")

    async def _data(self, _: str) -> None:
        if not self._recipients:
            return await self._say(503, "5.5.1 Nobody to send to")
        await self._say(354, "End with a dot on its own line")
        raw = await self._text()
        if len(raw) > SIZE_MAX:
            self._reset()
            return await self._say(552, REPLIES[552])
        return await self._take(raw)

    async def _text(self) -> bytes:
        """The message, dots unstuffed; what is too big is read to its end, but not kept."""
        lines, size = list[bytes](), 0
        while (line := await self._line()) != b".\r\n":
            size += len(line)
            if size <= SIZE_MAX + LINE_MAX:
                lines.append(line[1:] if line.startswith(b".") else line)
        return b"".join(lines)

    async def _take(self, raw: bytes) -> None:
        fault = self._box.faults.take("MESSAGE")
        sender, recipients = self._sender or "", self._recipients
        self._reset()
        refused = fault is not None and fault.kind in ("status", "drop")
        if not refused:
            self._box.keep(sender, recipients, raw)
        code = fault.status if fault and fault.kind == "status" else 250
        self._box.transcript.record("in", "MESSAGE", {"to": recipients}, code)
        if fault and fault.kind in ("drop", "accept_then_drop"):
            raise _HangUp
        if fault and fault.kind == "delay":
            await asyncio.sleep(fault.seconds)
        await self._say(code, REPLIES.get(code, f"2.0.0 Kept as {len(self._box.mails)}"))

    async def _rset(self, _: str) -> None:
        self._reset()
        await self._say(250, "2.0.0 Ok")

    async def _noop(self, _: str) -> None:
        await self._say(250, "2.0.0 Ok")

    async def _quit(self, _: str) -> None:
        await self._say(221, "2.0.0 Bye")
        raise _HangUp

    def _reset(self) -> None:
        self._sender, self._recipients = None, []


def _read(number: int, at: datetime, sender: str, recipients: tuple[str, ...], raw: bytes) -> Mail:
    parsed = message_from_bytes(raw, policy=policy.default)
    text, html = _body(parsed, "plain"), _body(parsed, "html")
    return Mail(
        number,
        at,
        sender,
        recipients,
        subject=str(parsed.get("Subject", "")),
        text=text,
        html=html,
        headers={name: str(value) for name, value in parsed.items()},
        links=_links(text, html),
        attachments=tuple(one.get_filename() or "" for one in parsed.iter_attachments()),
        raw=raw,
    )


def _body(parsed: EmailMessage, kind: str) -> str:
    part = parsed.get_body(preferencelist=(kind,))
    return str(part.get_content()) if part else ""


def _links(text: str, html: str) -> tuple[str, ...]:
    """Every address once, in the order of appearance."""
    hrefs = [one.replace("&amp;", "&") for one in re.findall(r'href="(https?://[^"]+)"', html)]
    plain = [one.rstrip(".,;:!?)") for one in re.findall(r"https?://[^\s<>\"]+", text)]
    return tuple(dict.fromkeys(plain + hrefs))


def mailbox_app(mailbox: Mailbox) -> Starlette:
    """The control API: `GET /control/state` lists the mails, newest first."""

    def refuse(address: str, refused: bool = True) -> None:
        (mailbox.unknown.add if refused else mailbox.unknown.discard)(address.lower())

    def mail(number: int) -> Mail:
        if not 0 < number <= len(mailbox.mails):
            raise ControlError(f"There is no mail {number}.")
        return mailbox.mails[number - 1]

    acts: dict[str, Callable[..., Any]] = {"refuse": refuse, "mail": mail, "clear": mailbox.clear}
    state = partial(_state, mailbox)
    return Starlette(routes=control_routes(acts, mailbox.faults, mailbox.transcript, state))


def _state(mailbox: Mailbox) -> dict[str, Any]:
    return {"mails": mailbox.mails[::-1], "refused": sorted(mailbox.unknown)}
