"""The payloads that Slack sends to an app, built from what the app itself has sent before."""

from __future__ import annotations

from typing import Any

from bot.sandbox.slack.model import Channel, Json, Message, User, View
from bot.sandbox.slack.values import state_of
from bot.sandbox.slack.view_methods import view_json
from bot.sandbox.slack.workspace import Workspace

VERIFICATION_TOKEN = "deprecated-verification-token"


def slash(workspace: Workspace, user: User, channel: Channel, command: str, text: str) -> Json:
    return {
        "token": VERIFICATION_TOKEN,
        "team_id": workspace.team["id"],
        "team_domain": workspace.team["domain"],
        "channel_id": channel.id,
        "channel_name": _channel_name(channel),
        "user_id": user.id,
        "user_name": user.name,
        "command": command,
        "text": text,
        "api_app_id": workspace.app_id,
        "is_enterprise_install": "false",
        "response_url": workspace.new_response_url(user.id, channel.id),
        "trigger_id": workspace.new_trigger(user.id).id,
    }


def message_action(
    workspace: Workspace, user: User, message: Message, actions: list[Json], state: Json
) -> Json:
    """A press in a message. Of an ephemeral one Slack tells where it stood, not what it said."""
    channel = workspace.channels[message.channel]
    container = {
        "type": "message",
        "message_ts": message.ts,
        "channel_id": channel.id,
        "is_ephemeral": message.ephemeral_to is not None,
    }
    if message.thread_ts:
        container["thread_ts"] = message.thread_ts
    payload = _interaction(workspace, user, "block_actions") | {
        "container": container,
        "trigger_id": workspace.new_trigger(user.id).id,
        "channel": {"id": channel.id, "name": _channel_name(channel)},
        "state": {"values": state},
        "response_url": workspace.new_response_url(user.id, channel.id, message),
        "actions": actions,
    }
    return payload if message.ephemeral_to else payload | {"message": message.as_json()}


def view_action(workspace: Workspace, user: User, view: View, actions: list[Json]) -> Json:
    return _interaction(workspace, user, "block_actions") | {
        "container": {"type": "view", "view_id": view.id},
        "trigger_id": workspace.new_trigger(user.id, view.id).id,
        "view": _shown(workspace, view),
        "actions": actions,
    }


def view_submission(workspace: Workspace, user: User, view: View, values: Json) -> Json:
    return _interaction(workspace, user, "view_submission") | {
        "trigger_id": workspace.new_trigger(user.id, view.id).id,
        "view": view_json(workspace, view) | {"state": {"values": values}},
        "response_urls": _response_urls(workspace, user, view, values),
    }


def _response_urls(workspace: Workspace, user: User, view: View, values: Json) -> list[Json]:
    """One for each conversation the person chose where the app asked for an answer address."""
    found = []
    for block in view.blocks:
        element = block.get("element", {})
        if not element.get("response_url_enabled"):
            continue
        value = values[block["block_id"]][element["action_id"]]
        channel = value.get("selected_conversation") or value.get("selected_channel")
        if channel:
            place = {"block_id": block["block_id"], "action_id": element["action_id"]}
            url = workspace.new_response_url(user.id, channel)
            found.append({**place, "channel_id": channel, "response_url": url})
    return found


def view_closed(workspace: Workspace, user: User, view: View, is_cleared: bool) -> Json:
    return _interaction(workspace, user, "view_closed") | {
        "view": _shown(workspace, view),
        "is_cleared": is_cleared,
    }


def options_request(
    workspace: Workspace, user: User, where: Message | View, block: Json, element: Json, text: str
) -> Json:
    payload = _interaction(workspace, user, "block_suggestion") | {
        "action_id": element["action_id"],
        "block_id": block["block_id"],
        "value": text,
    }
    if isinstance(where, View):
        container: Json = {"type": "view", "view_id": where.id}
        return payload | {"container": container, "view": _shown(workspace, where)}
    container = {"type": "message", "message_ts": where.ts, "channel_id": where.channel}
    channel = {"id": where.channel, "name": _channel_name(workspace.channels[where.channel])}
    return payload | {"container": container, "channel": channel, "message": where.as_json()}


def global_shortcut(workspace: Workspace, user: User, callback_id: str) -> Json:
    return _interaction(workspace, user, "shortcut") | {
        "callback_id": callback_id,
        "action_ts": workspace.new_ts(),
        "trigger_id": workspace.new_trigger(user.id).id,
    }


def message_shortcut(workspace: Workspace, user: User, message: Message, callback_id: str) -> Json:
    channel = workspace.channels[message.channel]
    return _interaction(workspace, user, "message_action") | {
        "callback_id": callback_id,
        "action_ts": workspace.new_ts(),
        "trigger_id": workspace.new_trigger(user.id).id,
        "channel": {"id": channel.id, "name": _channel_name(channel)},
        "message_ts": message.ts,
        "message": message.as_json(),
        "response_url": workspace.new_response_url(user.id, channel.id, message),
    }


def event(workspace: Workspace, inner: Json) -> Json:
    team = workspace.team["id"]
    authorization = {
        "enterprise_id": None,
        "team_id": team,
        "user_id": workspace.bot_user,
        "is_bot": True,
        "is_enterprise_install": False,
    }
    return {
        "token": VERIFICATION_TOKEN,
        "team_id": team,
        "api_app_id": workspace.app_id,
        "type": "event_callback",
        "event": inner,
        "event_id": workspace.new_id("Ev"),
        "event_time": int(workspace.clock().timestamp()),
        "authorizations": [authorization],
        "is_ext_shared_channel": False,
        "event_context": workspace.new_id("context."),
    }


def message_event(workspace: Workspace, message: Message, kind: str = "message") -> Json:
    channel = workspace.channels[message.channel]
    found = message.as_json() | {
        "type": kind,
        "channel": channel.id,
        "event_ts": message.ts,
        "team": workspace.team["id"],
    }
    if kind == "message":
        private = "group" if channel.is_private else "channel"
        found["channel_type"] = "im" if channel.is_im else private
    return found


def file_of(workspace: Workspace, user: str, content: bytes, name: str, mimetype: str) -> Json:
    """A file that a person has uploaded, as messages tell of it."""
    file_id = workspace.new_id("F")
    address = f"{workspace.base_url}/files-pri/{file_id}"
    told = {
        "id": file_id,
        "name": name,
        "title": name,
        "mimetype": mimetype,
        "filetype": mimetype.rpartition("/")[2],
        "user": user,
        "size": len(content),
        "mode": "hosted",
        "is_external": False,
        "is_public": False,
        "url_private": address,
        "url_private_download": f"{address}/download",
        "file_access": "visible",
    }
    workspace.files[file_id] = {**told, "content": content}
    return told


def _interaction(workspace: Workspace, user: User, kind: str) -> Json:
    team = {"id": workspace.team["id"], "domain": workspace.team["domain"]}
    person = {"id": user.id, "username": user.name, "name": user.name, "team_id": team["id"]}
    return {
        "type": kind,
        "team": team,
        "user": person,
        "enterprise": None,
        "is_enterprise_install": False,
        "api_app_id": workspace.app_id,
        "token": VERIFICATION_TOKEN,
    }


def _shown(workspace: Workspace, view: View) -> Json:
    return view_json(workspace, view) | {"state": {"values": state_of(view.blocks, view.values)}}


def _channel_name(channel: Channel) -> str:
    if channel.is_im:
        return "directmessage"
    return "privategroup" if channel.is_private else channel.name


def action(workspace: Workspace, block: Json, element: Json, value: Json) -> Json:
    """The entry of `actions` for one press or choice."""
    copied = ("type", "action_id", "text", "value", "placeholder")
    found: dict[str, Any] = {name: element[name] for name in copied if name in element}
    return found | {"block_id": block["block_id"], "action_ts": workspace.new_ts()} | value
