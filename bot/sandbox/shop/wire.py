"""What the stand-ins share: transcript, scripted faults, control API, loopback server."""

from __future__ import annotations

import asyncio
import inspect
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Literal

import uvicorn
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

Clock = Callable[[], datetime]
FaultKind = Literal["status", "delay", "drop", "accept_then_drop", "rate", "throttle"]
FAULT_KINDS = ("status", "delay", "drop", "accept_then_drop", "rate", "throttle")


class ControlError(ValueError):
    """The driver of a stand-in asked for something that makes no sense; the text says what."""


@dataclass(frozen=True, slots=True)
class Call:
    """One line of a transcript: `direction` is "in" (we were called) or "out" (we called)."""

    at: datetime
    direction: Literal["in", "out"]
    endpoint: str
    request: Any
    status: int | None
    response: Any = None


@dataclass(slots=True)
class Transcript:
    clock: Clock
    calls: list[Call] = field(default_factory=list)

    def record(
        self,
        direction: Literal["in", "out"],
        endpoint: str,
        request: Any,
        status: int | None,
        response: Any = None,
    ) -> None:
        self.calls.append(Call(self.clock(), direction, endpoint, request, status, response))

    def of(self, endpoint: str) -> list[Call]:
        return [call for call in self.calls if call.endpoint == endpoint]


@dataclass(frozen=True, slots=True)
class Fault:
    """A misfortune for the next `times` calls of `endpoint` ("*" means any).

    status: answer `status`, nothing is done. delay: wait `seconds`, then do it. drop: hang up,
    nothing is done. accept_then_drop: do it, then hang up before the answer. rate: 429 with
    `retry_after`. throttle: the shop's GraphQL THROTTLED.
    """

    endpoint: str
    kind: FaultKind
    status: int = 500
    seconds: float = 0.0
    retry_after: int = 1
    times: int = 1
    text: str = ""


class Faults:
    """Scripted faults, used up in the order in which they were written."""

    def __init__(self) -> None:
        self._left: list[tuple[Fault, int]] = []

    def script(self, fault: Fault) -> None:
        if fault.kind not in FAULT_KINDS:
            raise ControlError(f"No fault is called {fault.kind!r}; choose one of {FAULT_KINDS}.")
        self._left.append((fault, fault.times))

    def take(self, endpoint: str) -> Fault | None:
        for place, (fault, left) in enumerate(self._left):
            if fault.endpoint in ("*", endpoint):
                self._left[place : place + 1] = [(fault, left - 1)] if left > 1 else []
                return fault
        return None

    def clear(self) -> None:
        self._left.clear()


class HangUp(Response):
    """Begins an answer and cuts the connection, so that the caller cannot know what happened."""

    status_code = 200

    def __init__(self, after: Response | None = None) -> None:
        super().__init__()
        self.background = after.background if after else None

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        head = [(b"content-length", b"1000000")]
        await send({"type": "http.response.start", "status": 200, "headers": head})
        await send({"type": "http.response.body", "body": b"{", "more_body": True})
        if self.background is not None:
            await self.background()


async def answer(
    faults: Faults,
    endpoint: str,
    act: Callable[[], Awaitable[Response]],
    refuse: Callable[[Fault], Response],
) -> Response:
    """Carry out one call of `endpoint`, under the fault that was scripted for it, if any."""
    fault = faults.take(endpoint)
    if fault is None:
        return await act()
    if fault.kind == "delay":
        await asyncio.sleep(fault.seconds)
        return await act()
    if fault.kind == "drop":
        return HangUp()
    if fault.kind == "accept_then_drop":
        return HangUp(await act())
    return refuse(fault)


Act = Callable[..., Any]


def control_routes(
    acts: Mapping[str, Act],
    faults: Faults,
    transcript: Transcript,
    state: Callable[[], Any],
) -> list[Route]:
    """`GET /control/state|transcript`, `POST /control/faults`, `POST /control/{act}` with JSON."""

    async def act(request: Request) -> Response:
        name = request.path_params["act"]
        if name not in acts:
            return problem(f"No act is called {name!r}; choose one of {sorted(acts)}.", 404)
        return await _carry_out(acts[name], request)

    async def script(request: Request) -> Response:
        def write(**words: Any) -> None:
            faults.script(Fault(**words))

        return await _carry_out(write, request, Fault)

    async def forget(_: Request) -> Response:
        faults.clear()
        return JSONResponse({"ok": True})

    async def show(_: Request) -> Response:
        return JSONResponse(plain(state()))

    async def listen(_: Request) -> Response:
        return JSONResponse([plain(call) for call in transcript.calls])

    return [
        Route("/control/state", show),
        Route("/control/transcript", listen),
        Route("/control/faults", script, methods=["POST"]),
        Route("/control/faults", forget, methods=["DELETE"]),
        Route("/control/{act}", act, methods=["POST"]),
    ]


async def _carry_out(act: Act, request: Request, like: Act | None = None) -> Response:
    try:
        words = await request.json() if await request.body() else {}
        if not isinstance(words, dict):
            raise ControlError("The body must be a JSON object with the act's arguments.")
        inspect.signature(like or act).bind(**words)
    except (ValueError, TypeError) as error:
        return problem(str(error))
    try:
        result = act(**words)
        if inspect.isawaitable(result):
            result = await result
    except ControlError as error:
        return problem(str(error))
    return JSONResponse({"ok": True, "result": plain(result)})


def problem(sentence: str, status: int = 400) -> Response:
    return JSONResponse({"ok": False, "error": sentence}, status)


def plain(value: Any) -> Any:
    """The value as JSON data: dataclasses become objects, datetimes ISO text, bytes text."""
    if hasattr(value, "__dataclass_fields__"):
        return plain(asdict(value))
    if isinstance(value, Mapping):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(inner) for inner in value]
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return value


@asynccontextmanager
async def served(app: ASGIApp, port: int = 0) -> AsyncIterator[str]:
    """Serve `app` on loopback within this event loop; gives its base URL."""
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False, lifespan="off"))
    server.config.load()
    server.lifespan = server.config.lifespan_class(server.config)
    with socket.create_server(("127.0.0.1", port)) as listener:
        await server.startup(sockets=[listener])
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.force_exit = True
            await server.shutdown(sockets=[listener])
