"""A lean load generator: keep-alive clients that send prepared requests and time each answer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Run:
    """What a run came to: answers by status, seconds taken, and each answer's milliseconds."""

    statuses: dict[int, int]
    seconds: float
    taken_ms: list[float]

    @property
    def per_second(self) -> float:
        return len(self.taken_ms) / self.seconds


class _Client(asyncio.Protocol):
    """One connection: sends the next request as soon as the last one is answered."""

    def __init__(self, requests: list[bytes], run: dict[int, int], taken: list[float]) -> None:
        self._requests = requests
        self._statuses = run
        self._taken = taken
        self._buffer = b""
        self._sent = 0.0
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: asyncio.Transport = transport  # type: ignore[assignment]
        self._send()

    def _send(self) -> None:
        if not self._requests:
            self._transport.close()
            self.done.set_result(None)
            return
        self._sent = time.perf_counter()
        self._transport.write(self._requests.pop())

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, mark, body = self._buffer.partition(b"\r\n\r\n")
        if not mark or len(body) < _content_length(head):
            return
        self._buffer = b""
        self._taken.append((time.perf_counter() - self._sent) * 1000)
        status = int(head[9:12])
        self._statuses[status] = self._statuses.get(status, 0) + 1
        self._send()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(exc or ConnectionResetError("the server hung up"))


def _content_length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        if line[:15].lower() == b"content-length:":
            return int(line[15:])
    return 0


async def fire(port: int, requests: Sequence[bytes], clients: int) -> Run:
    """Send all requests over so many connections; each waits for its answer before the next."""
    waiting = list(reversed(requests))
    statuses: dict[int, int] = {}
    taken: list[float] = []
    loop = asyncio.get_running_loop()
    started = time.perf_counter()
    made = [
        await loop.create_connection(lambda: _Client(waiting, statuses, taken), "127.0.0.1", port)
        for _ in range(clients)
    ]
    await asyncio.gather(*(client.done for _, client in made))
    return Run(statuses, time.perf_counter() - started, taken)


def post(path: str, body: bytes, headers: dict[str, str]) -> bytes:
    """A whole HTTP/1.1 request, ready to be written."""
    lines = [f"POST {path} HTTP/1.1", "Host: 127.0.0.1", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body
