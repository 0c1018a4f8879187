"""Reading the app's answer as Slack does: words to show, field errors, the next view."""

from __future__ import annotations

import json
from typing import Any

from bot.sandbox.slack.blocks import inputs
from bot.sandbox.slack.delivery import Answer
from bot.sandbox.slack.methods import check_message, check_view
from bot.sandbox.slack.model import Json, Message, SlackRefusal, View
from bot.sandbox.slack.workspace import Workspace
from bot.slack.block_shapes import GROUPS, OPTIONS

EMPTY: tuple[dict[str, str], tuple[str, ...]] = ({}, ())


class AckReader:
    """Applies acks to the workspace for one person; what Slack would not take is a mistake."""

    def __init__(self, workspace: Workspace, user: str) -> None:
        self._workspace = workspace
        self._user = user
        self._mistakes: list[str] = []

    def take_mistakes(self) -> tuple[str, ...]:
        taken, self._mistakes = tuple(self._mistakes), []
        return taken

    def command(self, answer: Answer, channel: str) -> Message | None:
        """The answer to a slash command: nothing, plain words, or a message."""
        body = _body(answer)
        if not body:
            return None
        message = as_json_body(body)
        if message is None:
            message = {"text": body.decode(errors="replace")}
        try:
            check_message(message.get("text"), message.get("blocks"), with_budget=False)
        except SlackRefusal as refused:
            self._mistakes.append(f"the answer to the command is refused: {refused.body}")
            return None
        return self._show(message, channel)

    def _show(self, message: Json, channel: str) -> Message:
        text, blocks = message.get("text") or "", message.get("blocks")
        if message.get("response_type") == "in_channel":
            return self._workspace.post(channel, self._workspace.bot_user, text, blocks=blocks)
        return self._workspace.whisper(channel, self._user, text, blocks=blocks)

    def submission(self, answer: Answer, view: View) -> tuple[dict[str, str], tuple[str, ...]]:
        """The answer to a form: field errors and mistakes; views change as it says."""
        if answer.trouble:
            return EMPTY
        body = _body(answer)
        reply = as_json_body(body) if body else {}
        if reply is None:
            return {}, ("the answer to the form is not a JSON object",)
        try:
            return self._respond(reply, view)
        except SlackRefusal as refused:
            return {}, (f"the view in the answer is refused: {refused.body}",)

    def _respond(self, reply: Json, view: View) -> tuple[dict[str, str], tuple[str, ...]]:
        views, action = self._workspace.views, reply.get("response_action")
        if action is None and not reply:
            views.close(view)
        elif action == "clear":
            views.close(view, whole_stack=True)
        elif action == "update":
            views.update(views.find(view.id), check_view(reply.get("view")))
        elif action == "push":
            views.push(self._user, check_view(reply.get("view")))
        elif action == "errors":
            return _field_errors(reply.get("errors"), view)
        else:
            return {}, (f"unknown answer to the form: {reply}",)
        return EMPTY


def _field_errors(errors: Any, view: View) -> tuple[dict[str, str], tuple[str, ...]]:
    if not isinstance(errors, dict) or not errors:
        return {}, ("errors must name at least one block_id",)
    known = {block["block_id"] for block in inputs(view.blocks)}
    strangers = tuple(
        f"the error names {name!r}, which is no input of this view"
        for name in errors.keys() - known
    )
    return {str(name): str(words) for name, words in errors.items()}, strangers


def offered_options(answer: Answer) -> tuple[list[Json], tuple[str, ...]]:
    """The options in an app's answer to typing, and what is wrong with them."""
    body = _body(answer)
    if answer.trouble:
        return [], ()
    reply = as_json_body(body) or {}
    if ("options" in reply) == ("option_groups" in reply):
        return [], ("the answer must have either options or option_groups",)
    check, name = (OPTIONS, "options") if "options" in reply else (GROUPS, "option_groups")
    items = reply[name]
    problems = tuple(str(each) for each in check(f"/{name}", items)) if items else ()
    if problems:
        return [], problems
    groups = [{"options": items}] if name == "options" else items
    return [option for group in groups for option in group["options"]], ()


def _body(answer: Answer) -> bytes:
    return answer.acks[0].body.strip() if answer.acks and not answer.trouble else b""


def as_json_body(body: bytes) -> Json | None:
    try:
        value = json.loads(body)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None
