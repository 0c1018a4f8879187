"""What every Web API method needs: its scope and tier, and checks shared between methods."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from bot.sandbox.slack.model import Channel, Json, SlackRefusal, Token
from bot.sandbox.slack.workspace import Workspace
from bot.slack.validate import HOUSE_RULES, Problem, problems_of_message, problems_of_view

TEXT_MAX = 40_000


@dataclass(frozen=True, slots=True)
class Request:
    """One authenticated call: its arguments are plain JSON, whatever form they came in."""

    workspace: Workspace
    token: Token
    args: Mapping[str, Any]

    def need(self, name: str, error: str = "invalid_arguments") -> str:
        value = self.args.get(name)
        if not isinstance(value, str) or not value:
            message = f"[ERROR] missing required field: {name}"
            raise SlackRefusal(error, response_metadata={"messages": [message]})
        return value

    def flag(self, name: str) -> bool:
        return str(self.args.get(name, "")).lower() in ("true", "1")


@dataclass(frozen=True, slots=True)
class Method:
    run: Callable[[Request], Json]
    scope: str | None = None
    tier: int = 4
    kind: Literal["bot", "app", "none"] = "bot"


def channel_to_read(request: Request) -> Channel:
    """A channel the app may know of: public, or private with the app inside."""
    workspace = request.workspace
    channel = workspace.channels.get(request.need("channel", "channel_not_found"))
    if channel is None or _is_hidden(channel, workspace):
        raise SlackRefusal("channel_not_found")
    return channel


def channel_to_write(request: Request) -> Channel:
    """A channel the app may post to; a person's id means the conversation with them."""
    workspace = request.workspace
    name = request.args.get("channel")
    if isinstance(name, str) and name in workspace.users:
        return workspace.direct_channel(name)
    channel = channel_to_read(request)
    if channel.is_archived:
        raise SlackRefusal("is_archived")
    inside = workspace.bot_user in channel.members
    if not inside and "chat:write.public" not in request.token.scopes:
        raise SlackRefusal("not_in_channel")
    return channel


def _is_hidden(channel: Channel, workspace: Workspace) -> bool:
    return (channel.is_private or channel.is_im) and workspace.bot_user not in channel.members


def check_message(text: object, blocks: object, with_budget: bool = True) -> None:
    """Refuse what Slack refuses; our own stricter rules only appear in the transcript.

    The sum of all texts is not counted in answers to commands and to response addresses.
    """
    if blocks is not None and not isinstance(blocks, list):
        raise SlackRefusal("invalid_blocks_format")
    if not text and not blocks:
        raise SlackRefusal("no_text")
    if isinstance(text, str) and len(text) > TEXT_MAX:
        raise SlackRefusal("msg_too_long")
    problems = _slacks_own(problems_of_message({"text": text, "blocks": blocks}))
    structural = [problem for problem in problems if problem.code != "text_budget"]
    if structural:
        raise refusal_of("invalid_blocks", structural)
    if problems and with_budget:
        raise SlackRefusal("msg_blocks_too_long", errors=[str(each) for each in problems])


def check_view(view: object, kinds: Collection[str] = ("modal",)) -> Json:
    if not isinstance(view, dict) or view.get("type") not in kinds:
        raise refusal_of("invalid_arguments", [Problem("/type", "wrong_value", "wrong view type")])
    problems = _slacks_own(problems_of_view(view))
    if problems:
        raise refusal_of("invalid_arguments", problems, "/view")
    return view


def _slacks_own(problems: list[Problem]) -> list[Problem]:
    return [problem for problem in problems if problem.code not in HOUSE_RULES]


def refusal_of(error: str, problems: Iterable[Problem], at: str = "") -> SlackRefusal:
    """Slack's wording: the rule, then the pointer, once bare and once marked as an error."""
    placed = [str(Problem(f"{at}{each.pointer}", each.code, each.message)) for each in problems]
    marked = [f"[ERROR] {each}" for each in placed]
    return SlackRefusal(error, errors=placed, response_metadata={"messages": marked})


def page_of(request: Request, items: list[Any], limit_default: int = 100) -> tuple[list[Any], Json]:
    """A slice of a list and the cursor to its next; the cursor is the position."""
    cursor, limit = str(request.args.get("cursor") or "0"), request.args.get("limit")
    if not cursor.isdigit():
        raise SlackRefusal("invalid_cursor")
    if limit is not None and not str(limit).isdigit():
        raise SlackRefusal("invalid_limit")
    start, end = int(cursor), int(cursor) + (int(limit or 0) or limit_default)
    following = str(end) if end < len(items) else ""
    return items[start:end], {"response_metadata": {"next_cursor": following}}
