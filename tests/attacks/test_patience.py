"""Strangers who hold the line: a real listener on loopback, cut when a request does not come."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
import uvicorn
from starlette.requests import Request
from starlette.responses import PlainTextResponse

from bot.patience import HEAD_BYTES_MAX, PatientProtocol

pytestmark = pytest.mark.anyio


async def app(scope, receive, send):
    """Reads the whole body, then answers with its length."""
    raw = await Request(scope, receive).body()
    await PlainTextResponse(str(len(raw)))(scope, receive, send)


class Hasty(PatientProtocol):
    request_seconds = 0.05


class Announced(uvicorn.Server):
    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listens = asyncio.Event()

    async def startup(self, sockets=None):
        await super().startup(sockets=sockets)
        self.listens.set()


@asynccontextmanager
async def listening(protocol: type[PatientProtocol]) -> AsyncIterator[Callable]:
    config = uvicorn.Config(
        app, port=0, http=protocol, ws="none", lifespan="off", log_config=None, access_log=False
    )
    server = Announced(config)
    task = asyncio.create_task(server.serve())
    await server.listens.wait()
    port = server.servers[0].sockets[0].getsockname()[1]
    yield lambda: asyncio.open_connection("127.0.0.1", port)
    server.should_exit = True
    await task


@pytest.mark.parametrize(
    "begun",
    [
        b"",
        b"\r\n",
        b"GET /",
        b"GET / HTTP/1.1\r\nHost: x\r\nX-A: ",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc",
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n",
    ],
)
async def test_a_request_that_never_ends_is_cut(begun: bytes):
    async with listening(Hasty) as connect:
        reader, writer = await connect()
        writer.write(begun)
        assert b"200" not in await reader.read()
        writer.close()


async def test_headers_without_end_are_cut():
    async with listening(PatientProtocol) as connect:
        reader, writer = await connect()
        writer.write(b"GET / HTTP/1.1\r\nX-A: " + b"a" * (4 * HEAD_BYTES_MAX))
        try:
            assert await reader.read() == b""
        except ConnectionError:
            cut = True
        else:
            cut = reader.at_eof()
        assert cut
        writer.close()


async def test_a_request_that_comes_whole_is_answered_and_the_line_stays():
    async with listening(PatientProtocol) as connect:
        reader, writer = await connect()
        for body in (b"abc", b"a" * 200_000):
            head = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body)
            writer.write(head + body)
            told = await reader.readuntil(b"\r\n\r\n")
            assert told.startswith(b"HTTP/1.1 200")
            assert await reader.readexactly(len(str(len(body)))) == str(len(body)).encode()
        writer.close()


@pytest.mark.parametrize(
    "line", [b"CONNECT a:1 HTTP/1.1", b"GET \x00 HTTP/1.1", b"GET / HTTP/9.9", b"\x16\x03\x01"]
)
async def test_what_is_no_http_is_refused(line: bytes):
    async with listening(Hasty) as connect:
        reader, writer = await connect()
        writer.write(line + b"\r\n\r\n")
        assert b" 200 " not in await reader.read()
        writer.close()
