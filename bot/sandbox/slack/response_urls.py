"""The addresses for answers to one interaction: five uses within thirty minutes, then gone."""

from __future__ import annotations

from dataclasses import replace

from starlette.requests import Request as HttpRequest
from starlette.responses import JSONResponse, PlainTextResponse, Response

from bot.sandbox.slack.methods import check_message
from bot.sandbox.slack.model import Json, Message, ResponseUrl, SlackRefusal
from bot.sandbox.slack.web_api import Sleep, arguments_of, house_problems, through_faults
from bot.sandbox.slack.workspace import Workspace

USES_MAX = 5
SECONDS_MAX = 30 * 60


class ResponseUrls:
    def __init__(self, workspace: Workspace, sleep: Sleep) -> None:
        self._workspace = workspace
        self._sleep = sleep

    async def handle(self, request: HttpRequest) -> Response:
        return await through_faults(
            self._workspace, self._sleep, "response_url", lambda: self._answer(request)
        )

    async def _answer(self, request: HttpRequest) -> Response:
        name, args = request.path_params["id"], {}
        try:
            url = self._used(name)
            args = await _arguments(request)
            self._carry_out(url, args)
        except SlackRefusal as refused:
            self._record(name, args, refused.status, refused.body)
            return JSONResponse(refused.body, refused.status)
        self._record(name, args, 200, "ok")
        return PlainTextResponse("ok")

    def _record(self, name: str, args: Json, status: int, body: object) -> None:
        request = {"id": name, **args}
        self._workspace.record("in", "response_url", request, status, body, house_problems(args))

    def _used(self, name: str) -> ResponseUrl:
        found = self._workspace.response_urls.get(name)
        if found is None:
            raise SlackRefusal("invalid_url", 404)
        if (self._workspace.clock() - found.sent_at).total_seconds() > SECONDS_MAX:
            raise SlackRefusal("expired_url", 404)
        if found.uses >= USES_MAX:
            raise SlackRefusal("used_url", 404)
        used = replace(found, uses=found.uses + 1)
        self._workspace.response_urls[name] = used
        return used

    def _carry_out(self, url: ResponseUrl, args: Json) -> None:
        origin = self._origin(url)
        if args.get("delete_original"):
            self._workspace.remove_message(_needed(origin))
            return
        text, blocks = args.get("text") or "", args.get("blocks")
        if args.get("replace_original"):
            self._workspace.change_message(_needed(origin), text=text, blocks=blocks or ())
        elif args.get("response_type") == "in_channel":
            thread = args.get("thread_ts")
            bot = self._workspace.bot_user
            self._workspace.post(url.channel, bot, text, blocks=blocks, thread_ts=thread)
        else:
            thread = origin.thread_ts if origin else None
            self._workspace.whisper(url.channel, url.user, text, blocks=blocks, thread_ts=thread)

    def _origin(self, url: ResponseUrl) -> Message | None:
        """The message the interaction came from, as it stands now."""
        if url.origin is None:
            return None
        if url.origin.ephemeral_to is None:
            return self._workspace.messages.get((url.channel, url.origin.ts))
        mine = self._workspace.ephemerals_of(url.user)
        return next((each for each in mine if each.ts == url.origin.ts), None)


def _needed(origin: Message | None) -> Message:
    if origin is None:
        raise SlackRefusal("no_original", 404)
    return origin


async def _arguments(request: HttpRequest) -> Json:
    """The message; what is wrong with it is a bad request here, not a polite no."""
    try:
        args = await arguments_of(request)
        if not args.get("delete_original"):
            check_message(args.get("text"), args.get("blocks"), with_budget=False)
    except SlackRefusal as refused:
        refused.status = 400
        raise
    return args
