"""The one file that knows Bolt's listeners: a catch-all per kind, each with its one handler."""

from __future__ import annotations

import re
from typing import Any

from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.response import BoltResponse

from bot.slack.account import Account
from bot.slack.handlers import Handlers
from bot.slack.incoming import Incoming
from bot.slack.render import Json

ANY = re.compile(".*", re.DOTALL)
_ACTION = re.compile(r"v1:press:\d+|v1:link:\d+|v1:more|v1:input")


def is_routed(action_id: str) -> bool:
    """Whether something happens when this element is used."""
    return _ACTION.fullmatch(action_id) is not None


def bolt_app(account: Account, handlers: Handlers) -> AsyncApp:
    """Bolt dispatches; what it would verify or parse has been done at our own door already."""

    async def authorize() -> AuthorizeResult:
        return AuthorizeResult(enterprise_id=None, team_id=None, bot_token=account.client.token)

    app = AsyncApp(
        name="wismo",
        authorize=authorize,
        process_before_response=True,
        request_verification_enabled=False,
        ssl_check_enabled=False,
        url_verification_enabled=False,
    )
    _listen_to_people(app, handlers)
    _listen_to_the_rest(app, handlers)
    return app


def _listen_to_people(app: AsyncApp, handlers: Handlers) -> None:
    @app.command(ANY)
    async def slash(context: dict[str, Any]) -> BoltResponse:
        return answered(await handlers.slash(_incoming(context)))

    @app.action(ANY)
    async def press(context: dict[str, Any]) -> BoltResponse:
        return answered(await handlers.press(_incoming(context)))

    @app.view(ANY)
    async def submit(context: dict[str, Any]) -> BoltResponse:
        return answered(await handlers.submit(_incoming(context)))

    @app.event(ANY)
    async def event(context: dict[str, Any]) -> BoltResponse:
        return answered(await handlers.event(_incoming(context)))


def _listen_to_the_rest(app: AsyncApp, handlers: Handlers) -> None:
    @app.view_closed(ANY)
    async def closed() -> BoltResponse:
        return answered(None)

    @app.options(ANY)
    async def options() -> BoltResponse:
        return answered({"options": []})

    @app.shortcut(ANY)
    async def shortcut(context: dict[str, Any]) -> BoltResponse:
        return answered(await handlers.shortcut(_incoming(context)))


def answered(body: Json | None) -> BoltResponse:
    return BoltResponse(status=200, body=body or "")


def _incoming(context: dict[str, Any]) -> Incoming:
    found: Incoming = context["incoming"]
    return found
