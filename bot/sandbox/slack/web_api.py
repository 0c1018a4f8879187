"""The Web API over HTTP: who calls, with which words, how it is refused, and what is recorded."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from starlette.requests import Request as HttpRequest
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from bot.sandbox.slack import chat_methods, directory_methods, file_methods, view_methods
from bot.sandbox.slack.faults import Fault
from bot.sandbox.slack.methods import Method, Request
from bot.sandbox.slack.model import Json, SlackRefusal, Token
from bot.sandbox.slack.workspace import Workspace
from bot.slack.validate import problems_of_message, problems_of_view

METHODS: Mapping[str, Method] = {
    **chat_methods.METHODS,
    **view_methods.METHODS,
    **directory_methods.METHODS,
    **file_methods.METHODS,
}
JSON_ARGUMENTS = ("blocks", "view", "message", "metadata", "attachments", "files", "unfurls")
RAW_SEND = "sandbox.raw_send"

Sleep = Callable[[float], Awaitable[None]]


class WebApi:
    def __init__(self, workspace: Workspace, sleep: Sleep) -> None:
        self._workspace = workspace
        self._sleep = sleep

    async def handle(self, request: HttpRequest) -> Response:
        name = request.path_params["method"]
        return await through_faults(
            self._workspace, self._sleep, name, lambda: self._answer(name, request)
        )

    async def _answer(self, name: str, request: HttpRequest) -> Response:
        args: Json = {}
        try:
            args = await arguments_of(request)
            token = _bearer(request) or args.pop("token", None)
            body: Json = {"ok": True, **self._run(name, token, args)}
            status, headers = 200, {}
        except SlackRefusal as refused:
            body, status, headers = refused.body, refused.status, refused.headers
        self._workspace.record("in", name, args, status, body, house_problems(args))
        return JSONResponse(body, status, headers)

    def _run(self, name: str, token: Any, args: Json) -> Json:
        method = METHODS.get(name)
        if method is None:
            raise SlackRefusal("unknown_method")
        known = self._admitted(method, token)
        self._workspace.limits.count_call(name, method.tier)
        return method.run(Request(self._workspace, known, args))

    def _admitted(self, method: Method, value: Any) -> Token:
        if method.kind == "none":
            return Token("", "bot", frozenset())
        if not value:
            raise SlackRefusal("not_authed")
        token = self._workspace.tokens.get(value)
        if token is None:
            raise SlackRefusal("invalid_auth")
        if token.state != "active":
            raise SlackRefusal("token_revoked" if token.state == "revoked" else "account_inactive")
        if token.kind != method.kind:
            raise SlackRefusal("not_allowed_token_type")
        if method.scope is not None and method.scope not in token.scopes:
            provided = ",".join(sorted(token.scopes))
            raise SlackRefusal("missing_scope", needed=method.scope, provided=provided)
        return token


async def through_faults(
    workspace: Workspace, sleep: Sleep, name: str, answer: Callable[[], Awaitable[Response]]
) -> Response:
    """The answer, unless something was ordered to go wrong with the next call of that name."""
    fault = workspace.faults.next_for(name)
    if fault is None:
        return await answer()
    if fault.delay_seconds:
        await sleep(fault.delay_seconds)
    if fault.drop == "after":
        await answer()
    if fault.drop:
        return DroppedConnection()
    if fault.status is None and fault.error is None:
        return await answer()
    body: Json = {"ok": False, "error": fault.error or "internal_error"}
    status = fault.status or 200
    workspace.record("in", name, {"fault": True}, status, body)
    return JSONResponse(body, status, _retry_after(fault))


async def arguments_of(request: HttpRequest) -> Json:
    """The arguments of a call, from the query and from a JSON or form body."""
    found: Json = dict(request.query_params)
    kind = request.headers.get("content-type", "").split(";")[0]
    if kind == "application/json":
        found |= _json_object(await request.body())
    elif kind in ("application/x-www-form-urlencoded", "multipart/form-data"):
        async with request.form() as form:
            found |= {name: str(value) for name, value in form.items()}
    return {name: _decoded(name, value) for name, value in found.items()}


def _json_object(body: bytes) -> Json:
    try:
        value = json.loads(body or b"{}")
    except ValueError:
        raise SlackRefusal("invalid_json") from None
    if not isinstance(value, dict):
        raise SlackRefusal("json_not_object")
    return value


def _decoded(name: str, value: Any) -> Any:
    if name not in JSON_ARGUMENTS or not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        error = "invalid_blocks_format" if name == "blocks" else "invalid_arguments"
        raise SlackRefusal(error) from None


def _bearer(request: HttpRequest) -> str | None:
    kind, _, value = request.headers.get("authorization", "").partition(" ")
    return value.strip() if kind.lower() == "bearer" else None


def _retry_after(fault: Fault) -> dict[str, str]:
    if fault.retry_after is None and fault.status != 429:
        return {}
    return {"Retry-After": str(fault.retry_after or 1)}


def house_problems(args: Json) -> list[str]:
    """What our own validator says about a call, also where Slack would not mind."""
    if isinstance(args.get("view"), dict):
        return [f"{each.code}: {each}" for each in problems_of_view(args["view"])]
    if "blocks" in args or "text" in args:
        return [f"{each.code}: {each}" for each in problems_of_message(args)]
    return []


class DroppedConnection(Response):
    """No answer at all: the caller cannot know whether its request was carried out."""

    async def __call__(self, scope: Scope, receive: Receive, _send: Send) -> None:
        # Under uvicorn the innermost `send` belongs to the connection: cut it there, and wait
        # until the server has noticed, so that it does not answer on its own.
        transport = getattr(getattr(scope.get(RAW_SEND), "__self__", None), "transport", None)
        if transport is None:
            raise ConnectionResetError("the stand-in dropped the connection, as it was told to")
        transport.abort()
        while (await receive())["type"] != "http.disconnect":
            continue
