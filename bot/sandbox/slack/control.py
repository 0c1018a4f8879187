"""The stand-in's remote control: what the demo page shows, and what its visitor does."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Any

from starlette.requests import Request as HttpRequest
from starlette.responses import JSONResponse, Response

from bot.sandbox.slack.delivery import Deliver, Policy
from bot.sandbox.slack.faults import Fault
from bot.sandbox.slack.model import Json, Message, SlackRefusal, View
from bot.sandbox.slack.user import Seen, SlackUser
from bot.sandbox.slack.view_methods import view_json
from bot.sandbox.slack.web_api import arguments_of
from bot.sandbox.slack.workspace import Workspace

ACTS = (
    "slash",
    "say",
    "mention",
    "reply_in_thread",
    "share_link",
    "click",
    "choose",
    "type_in",
    "shortcut",
    "message_shortcut",
    "open_home",
    "submit",
    "close",
)


class Control:
    """Every visitor is one of the workspace's people; their drivers live as long as this."""

    def __init__(self, workspace: Workspace, deliver: Deliver) -> None:
        self._workspace = workspace
        self._deliver = deliver
        self._people: dict[str, SlackUser] = {}

    async def state(self, request: HttpRequest) -> Response:
        user = request.query_params.get("user", "")
        return JSONResponse(workspace_json(self._workspace, user))

    async def transcript(self, request: HttpRequest) -> Response:
        after = int(request.query_params.get("after", "0"))
        calls = self._workspace.transcript[after:]
        return JSONResponse({"calls": [call.as_json() for call in calls]})

    async def act(self, request: HttpRequest) -> Response:
        """{"user": id, "act": name, "with": arguments, "policy": how it is delivered}"""
        order = await arguments_of(request)
        person = self._person(order)
        name = order.get("act")
        if name not in ACTS:
            raise ValueError(f"unknown act {name!r}, try one of {', '.join(ACTS)}")
        arguments = self._arguments(order.get("with") or {})
        seen: Seen = await getattr(person, name)(**arguments)
        return JSONResponse(seen_json(self._workspace, seen))

    async def release(self, request: HttpRequest) -> Response:
        """{"user": id}: what the reordered policy has held back arrives, the latest first."""
        person = self._person(await arguments_of(request))
        seen = await person.release()
        return JSONResponse({"seen": [seen_json(self._workspace, each) for each in seen]})

    async def fault(self, request: HttpRequest) -> Response:
        wanted = await arguments_of(request)
        times = int(wanted.pop("times", 1))
        self._workspace.faults.add(Fault(**wanted), times)
        return await self.faults(request)

    async def faults(self, _request: HttpRequest) -> Response:
        return JSONResponse(
            {"waiting": [asdict(each) for each in self._workspace.faults.waiting()]}
        )

    async def reset(self, _request: HttpRequest) -> Response:
        self._workspace.reset()
        self._people.clear()
        return JSONResponse({"ok": True})

    def _person(self, order: Json) -> SlackUser:
        user = self._workspace.users[str(order.get("user"))]
        if user.id not in self._people:
            self._people[user.id] = SlackUser(self._workspace, self._deliver, user, strict=False)
        person = self._people[user.id]
        person.postman.policy = Policy(order.get("policy", "once"))
        return person

    def _arguments(self, given: Json) -> Json:
        """`message` {channel, ts} and `view` (an id) become what stands there now."""
        arguments: Json = dict(given)
        place = "where" if "where" in given else "message"
        if isinstance(given.get(place), dict):
            arguments[place] = self._message(given[place])
        elif isinstance(given.get("where"), str):
            arguments["where"] = self._workspace.views.find(given["where"])
        if isinstance(given.get("view"), str):
            arguments["view"] = self._workspace.views.find(given["view"])
        return arguments

    def _message(self, place: Json) -> Message:
        channel, ts = str(place.get("channel")), str(place.get("ts"))
        for message in self._workspace.ephemerals:
            if (message.channel, message.ts) == (channel, ts):
                return message
        return self._workspace.message(channel, ts)


Endpoint = Callable[[HttpRequest], Awaitable[Response]]


def explained(endpoint: Endpoint) -> Endpoint:
    """What cannot be done is answered with 422 and the reason, not with a broken page."""

    async def answer(request: HttpRequest) -> Response:
        try:
            return await endpoint(request)
        except (LookupError, TypeError, ValueError, SlackRefusal) as impossible:
            reason = f"{type(impossible).__name__}: {impossible}"
            return JSONResponse({"error": reason}, 422)

    return answer


def workspace_json(workspace: Workspace, user: str = "") -> Json:
    """Everything to draw the screen of one person."""
    home = workspace.views.home_of(user)
    return {
        "users": [asdict(each) for each in workspace.users.values()],
        "channels": [_channel_json(workspace, channel_id) for channel_id in workspace.channels],
        "ephemerals": [_message_json(each) for each in workspace.ephemerals_of(user)],
        "views": [view_json(workspace, view) for view in workspace.views.stack_of(user)],
        "home": view_json(workspace, home) if home else None,
        "mistakes": workspace.mistakes,
        "calls": len(workspace.transcript),
    }


def _channel_json(workspace: Workspace, channel_id: str) -> Json:
    channel = workspace.channels[channel_id]
    messages = [m for (where, _), m in workspace.messages.items() if where == channel_id]
    return {
        "id": channel.id,
        "name": channel.name,
        "members": sorted(channel.members),
        "is_im": channel.is_im,
        "is_archived": channel.is_archived,
        "messages": [_message_json(message) for message in messages],
    }


def _message_json(message: Message) -> Json:
    return message.as_json() | {
        "channel": message.channel,
        "ephemeral_to": message.ephemeral_to,
        "versions": len(message.earlier) + 1,
        "metadata": message.metadata,
    }


def seen_json(workspace: Workspace, seen: Seen) -> Json:
    view: View | None = seen.view
    found: dict[str, Any] = {
        "trouble": seen.trouble,
        "seconds": seen.answer.seconds,
        "acks": [ack.status for ack in seen.answer.acks],
        "said": _message_json(seen.said) if seen.said else None,
        "view": view_json(workspace, view) if view else None,
        "errors": seen.errors,
        "options": list(seen.options),
        "mistakes": list(seen.mistakes),
    }
    return found
