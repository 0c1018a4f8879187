"""Calls to addresses that a shop has named: looked up once, never into anybody's own house."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Collection, Mapping

import httpx2

from core.domain.refusals import Invalid
from core.domain.values import dataclass
from core.domain.web_address import all_public, host_of

ANSWER_MAX = 64_000  # bytes of an answer that are read
Resolve = Callable[[str, int], Awaitable[list[str]]]


class Refused(Exception):
    """An address that is never called, whatever it once was."""


class NotReached(Exception):
    """Nobody answered, or not in time; whether it arrived is not known."""


@dataclass(frozen=True, slots=True)
class Answered:
    status: int
    body: bytes
    retry_after: float | None = None


async def resolve(host: str, port: int) -> list[str]:
    """Every IP address behind a name."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return sorted({str(entry[4][0]) for entry in found})


@dataclass(frozen=True, slots=True)
class Outside:
    """`allowed` are the hosts that the operator trusts although they may be in the house.

    `http` must follow no redirects.
    """

    http: httpx2.AsyncClient
    allowed: Collection[str] = ()
    resolve: Resolve = resolve

    async def post(self, url: str, raw: bytes, headers: Mapping[str, str]) -> Answered:
        """Send once. Raises Refused or NotReached; every status is an answer."""
        request = await self._request(url, raw, headers)
        try:
            answer = await self.http.send(request, stream=True, follow_redirects=False)
            try:
                return Answered(answer.status_code, await _some(answer), _wait(answer))
            finally:
                await answer.aclose()
        except httpx2.HTTPError as problem:
            raise NotReached(f"{type(problem).__name__}: {problem}"[:200]) from problem

    async def _request(self, url: str, raw: bytes, headers: Mapping[str, str]) -> httpx2.Request:
        """The name is looked up here and not again: the call goes to the address that was seen,
        with the certificate of the name."""
        try:
            host = host_of(url)
        except Invalid as problem:
            raise Refused(problem.sentence) from problem
        target = httpx2.URL(url)
        if host in self.allowed:
            return self.http.build_request("POST", target, content=raw, headers=dict(headers))
        try:
            found = await self.resolve(host, target.port or 443)
        except OSError as problem:
            raise NotReached(f"{host} was not found") from problem
        if not all_public(found):
            raise Refused(f"{host} leads into a private network")
        told = {**headers, "Host": target.netloc.decode("ascii")}
        extensions = {"sni_hostname": host}
        return self.http.build_request(
            "POST",
            target.copy_with(host=found[0]),
            content=raw,
            headers=told,
            extensions=extensions,
        )


async def _some(answer: httpx2.Response) -> bytes:
    body = b""
    async for chunk in answer.aiter_bytes():
        body += chunk
        if len(body) >= ANSWER_MAX:
            break
    return body[:ANSWER_MAX]


def _wait(answer: httpx2.Response) -> float | None:
    told = answer.headers.get("retry-after", "")
    return float(told) if told.isascii() and told.isdecimal() and len(told) < 6 else None
