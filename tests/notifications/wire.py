"""Scripted servers on loopback: an SMTP server and a Telegram that answer as they are told."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any, ClassVar

DROP = "drop"
Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Coroutine[Any, Any, None]]


@asynccontextmanager
async def listening(handler: Handler) -> AsyncIterator[int]:
    async def once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await handler(reader, writer)
        finally:
            writer.close()

    server = await asyncio.start_server(once, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await server.wait_closed()


@dataclass
class FakeSmtp:
    """Answers each verb with its usual reply, or with `replies[verb]`; DROP hangs up instead.

    The verb "." is the end of the mail: a drop there comes after the mail was kept.
    """

    replies: dict[str, str] = field(default_factory=dict)
    mails: list[EmailMessage] = field(default_factory=list)
    verbs: list[str] = field(default_factory=list)

    USUAL: ClassVar = {"": "220 ready", "EHLO": "250 hello", "DATA": "354 go on", "QUIT": "221 bye"}

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        verb = ""
        while await self._answer(verb, writer) and verb != "QUIT":
            if verb == "DATA" and self._reply("DATA").startswith("354"):
                mail = await reader.readuntil(b"\r\n.\r\n")
                self.mails.append(message_from_bytes(_unstuffed(mail), policy=default))
                verb = "."
            else:
                command = (await reader.readline()).decode().split(None, 1)
                if not command:
                    return
                verb = command[0].upper()
            self.verbs.append(verb)

    def _reply(self, verb: str) -> str:
        return self.replies.get(verb, self.USUAL.get(verb, "250 ok"))

    async def _answer(self, verb: str, writer: asyncio.StreamWriter) -> bool:
        if self._reply(verb) == DROP:
            return False
        writer.write(self._reply(verb).encode() + b"\r\n")
        await writer.drain()
        return True


def _unstuffed(mail: bytes) -> bytes:
    """The mail as its reader gets it: without the final dot and the dots doubled for the way."""
    return mail[:-5].replace(b"\r\n..", b"\r\n.").replace(b"\r\n", b"\n")


@dataclass
class FakeTelegram:
    """Answers sendMessage with the scripted (status, body) pairs in turn, then with success."""

    script: list[tuple[int, Any]] = field(default_factory=list)
    calls: list[dict[str, Any]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        length = int(head.split("content-length:")[1].split("\r\n")[0])
        self.calls.append(json.loads(await reader.readexactly(length)))
        self.paths.append(head.split()[1])
        ok = (200, {"ok": True, "result": {"message_id": 77}})
        status, body = self.script.pop(0) if self.script else ok
        if status == 0:
            return
        raw = body.encode() if isinstance(body, str) else json.dumps(body).encode()
        lines = f"HTTP/1.1 {status} X\r\nContent-Length: {len(raw)}\r\nConnection: close\r\n\r\n"
        writer.write(lines.encode() + raw)
        await writer.drain()
