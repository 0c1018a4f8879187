"""HTTP for strangers: a request has to come in time and with short headers, or the line is cut."""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

REQUEST_SECONDS = 30.0
HEAD_BYTES_MAX = 65_536


class PatientProtocol(HttpToolsProtocol):
    """uvicorn's protocol, which by itself waits for ever and takes headers without end."""

    request_seconds = REQUEST_SECONDS
    _deadline: asyncio.TimerHandle | None = None
    _head_bytes = 0
    _is_head_whole = False

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        self._rest()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._deadline is None:
            self._wait()
        self._head_bytes += len(data)
        super().data_received(data)
        if not self._is_head_whole and self._head_bytes > HEAD_BYTES_MAX:
            self.transport.abort()

    def on_message_begin(self) -> None:
        if self._deadline is None:
            self._wait()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._is_head_whole = True
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._rest()
        super().on_message_complete()

    def _wait(self) -> None:
        self._head_bytes, self._is_head_whole = 0, False
        self._deadline = self.loop.call_later(self.request_seconds, self.transport.close)

    def _rest(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
        self._deadline = None
