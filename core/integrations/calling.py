"""How the house calls out over HTTP: no proxy of the environment, no redirect, one trust store."""

from __future__ import annotations

import ssl
from functools import cache
from typing import Any

import httpx2


def new_http(timeout: float | httpx2.Timeout, **more: Any) -> httpx2.AsyncClient:
    """A client with `timeout` seconds for each step of a call; close it when it has done."""
    return httpx2.AsyncClient(
        timeout=timeout, trust_env=False, follow_redirects=False, transport=_Late(), **more
    )


class _Late(httpx2.AsyncBaseTransport):
    """Opens with the first call: the certificates take 50 ms to read, and many never call."""

    def __init__(self) -> None:
        self._opened: httpx2.AsyncHTTPTransport | None = None

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        if self._opened is None:
            self._opened = httpx2.AsyncHTTPTransport(verify=_certificates(), trust_env=False)
        return await self._opened.handle_async_request(request)

    async def aclose(self) -> None:
        if self._opened is not None:
            await self._opened.aclose()


@cache
def _certificates() -> ssl.SSLContext:
    """Read once in a process, whoever calls."""
    return httpx2.create_ssl_context(trust_env=False)
