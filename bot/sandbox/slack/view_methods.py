"""views.* and blocks.validate: modals and Home tabs from the app's side."""

from __future__ import annotations

from bot.sandbox.slack.methods import Method, Request, check_view
from bot.sandbox.slack.model import Json, SlackRefusal, View
from bot.sandbox.slack.workspace import Workspace
from bot.slack.validate import (
    HOUSE_RULES,
    Problem,
    problems_of_blocks,
    problems_of_message,
    problems_of_view,
)


def open_view(request: Request) -> Json:
    payload = check_view(request.args.get("view"))
    trigger = request.workspace.spend_trigger(request.need("trigger_id"))
    view = request.workspace.views.open(trigger.user, payload)
    return {"view": view_json(request.workspace, view)}


def push_view(request: Request) -> Json:
    payload = check_view(request.args.get("view"))
    trigger = request.workspace.spend_trigger(request.need("trigger_id"))
    if trigger.view_id is None:
        raise SlackRefusal("invalid_trigger_id")
    view = request.workspace.views.push(trigger.user, payload)
    return {"view": view_json(request.workspace, view)}


def update_view(request: Request) -> Json:
    payload, args = check_view(request.args.get("view")), request.args
    views = request.workspace.views
    current = views.find(args.get("view_id"), args.get("external_id"))
    view = views.update(current, payload, args.get("hash"))
    return {"view": view_json(request.workspace, view)}


def publish_view(request: Request) -> Json:
    payload, user = check_view(request.args.get("view"), ("home",)), request.need("user_id")
    if user not in request.workspace.users:
        raise SlackRefusal("user_not_found")
    view = request.workspace.views.publish(user, payload, request.args.get("hash"))
    return {"view": view_json(request.workspace, view)}


def validate_blocks(request: Request) -> Json:
    given = [name for name in ("blocks", "message", "view") if name in request.args]
    if len(given) != 1:
        raise SlackRefusal("invalid_arguments")
    found = _problems(given[0], request)
    errors = [
        {"pointer": each.pointer, "code": each.code, "message": each.message} for each in found
    ]
    if errors:
        raise SlackRefusal("invalid_blocks", errors=errors)
    return {}


def _problems(kind: str, request: Request) -> list[Problem]:
    value = request.args[kind]
    if kind == "blocks":
        return problems_of_blocks(value, "message")
    if not isinstance(value, dict):
        raise SlackRefusal("invalid_arguments")
    problems = problems_of_view(value) if kind == "view" else problems_of_message(value)
    return [problem for problem in problems if problem.code not in HOUSE_RULES]


def view_json(workspace: Workspace, view: View) -> Json:
    """A view as Slack shows it to apps: what was sent, completed with what Slack knows."""
    defaults = {
        "private_metadata": "",
        "callback_id": "",
        "external_id": "",
        "clear_on_close": False,
        "notify_on_close": False,
        "submit_disabled": False,
        "submit": None,
        "close": None,
    }
    return {
        **defaults,
        **view.payload,
        "id": view.id,
        "team_id": workspace.team["id"],
        "hash": view.hash,
        "state": {"values": view.values},
        "root_view_id": view.root_view_id,
        "previous_view_id": view.previous_view_id,
        "app_id": workspace.app_id,
        "app_installed_team_id": workspace.team["id"],
        "bot_id": workspace.bot_id,
    }


METHODS = {
    "views.open": Method(open_view),
    "views.push": Method(push_view),
    "views.update": Method(update_view),
    "views.publish": Method(publish_view),
    "blocks.validate": Method(validate_blocks, kind="none"),
}
