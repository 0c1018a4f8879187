"""chat.*: posting, updating, deleting, whispering and unfurling messages."""

from __future__ import annotations

from typing import Any

from bot.sandbox.slack.methods import (
    Method,
    Request,
    channel_to_read,
    channel_to_write,
    check_message,
)
from bot.sandbox.slack.model import Channel, Json, Message, SlackRefusal

EXTRAS = ("attachments", "unfurl_links", "unfurl_media", "reply_broadcast", "mrkdwn")


def post_message(request: Request) -> Json:
    channel = channel_to_write(request)
    workspace, args = request.workspace, request.args
    check_message(args.get("text"), args.get("blocks"))
    thread = _thread(request, channel)
    metadata = _metadata(args.get("metadata"))
    workspace.limits.count_post(channel.id)
    message = workspace.post(
        channel.id,
        workspace.bot_user,
        args.get("text") or "",
        blocks=args.get("blocks"),
        thread_ts=thread,
        metadata=metadata,
        extras={name: args[name] for name in EXTRAS if name in args},
    )
    return {"channel": channel.id, "ts": message.ts, "message": message.as_json()}


def _thread(request: Request, channel: Channel) -> str | None:
    thread = request.args.get("thread_ts")
    if thread and (channel.id, thread) not in request.workspace.messages:
        raise SlackRefusal("thread_not_found")
    return thread or None


def _metadata(given: Any) -> Json | None:
    if given in (None, {}):
        return None
    shaped = isinstance(given, dict) and isinstance(given.get("event_type"), str)
    if not shaped or not isinstance(given.get("event_payload"), dict):
        raise SlackRefusal("invalid_metadata_format")
    return {"event_type": given["event_type"], "event_payload": given["event_payload"]}


def update(request: Request) -> Json:
    """Blocks, metadata and attachments that are not mentioned stay as they are."""
    message, args = _own_message(request, "cant_update_message"), request.args
    blocks = args.get("blocks")
    check_message(
        args.get("text"), message.blocks and list(message.blocks) if blocks is None else blocks
    )
    changes: Json = {"blocks": blocks, "text": args.get("text", message.text)}
    if blocks is None:
        del changes["blocks"]
    if "metadata" in args:
        changes["metadata"] = _metadata(args["metadata"])
    new = request.workspace.change_message(message, **changes)
    return {"channel": new.channel, "ts": new.ts, "text": new.text, "message": new.as_json()}


def delete(request: Request) -> Json:
    message = _own_message(request, "cant_delete_message")
    request.workspace.remove_message(message)
    return {"channel": message.channel, "ts": message.ts}


def _own_message(request: Request, refused_with: str) -> Message:
    workspace = request.workspace
    channel = channel_to_read(request)
    if channel.is_archived:
        raise SlackRefusal("is_archived")
    message = workspace.messages.get((channel.id, request.need("ts", "message_not_found")))
    if message is None:
        raise SlackRefusal("message_not_found")
    if message.user != workspace.bot_user:
        raise SlackRefusal(refused_with)
    age = workspace.clock().timestamp() - float(message.ts)
    if workspace.edit_window_seconds is not None and age > workspace.edit_window_seconds:
        raise SlackRefusal("edit_window_closed")
    return message


def post_ephemeral(request: Request) -> Json:
    channel = channel_to_write(request)
    workspace, args = request.workspace, request.args
    user = request.need("user", "user_not_in_channel")
    if user not in channel.members:
        raise SlackRefusal("user_not_in_channel")
    check_message(args.get("text"), args.get("blocks"))
    thread = _thread(request, channel)
    workspace.limits.count_post(channel.id)
    text, blocks = args.get("text") or "", args.get("blocks")
    message = workspace.whisper(channel.id, user, text, blocks=blocks, thread_ts=thread)
    return {"message_ts": message.ts}


def get_permalink(request: Request) -> Json:
    channel = channel_to_read(request)
    ts = request.need("message_ts", "message_not_found")
    if (channel.id, ts) not in request.workspace.messages:
        raise SlackRefusal("message_not_found")
    domain = request.workspace.team["domain"]
    link = f"https://{domain}.slack.com/archives/{channel.id}/p{ts.replace('.', '')}"
    return {"channel": channel.id, "permalink": link}


def unfurl(request: Request) -> Json:
    """Cards under links in somebody's message; a repeated call replaces the earlier cards."""
    channel = channel_to_read(request)
    ts, unfurls = request.need("ts", "cannot_find_message"), request.args.get("unfurls")
    message = request.workspace.messages.get((channel.id, ts))
    if message is None:
        raise SlackRefusal("cannot_find_message")
    if not isinstance(unfurls, dict) or not all(link in message.text for link in unfurls):
        raise SlackRefusal("cannot_unfurl_url")
    for card in unfurls.values():
        check_message("unfurl", card.get("blocks"))
    request.workspace.change_message(message, extras=message.extras | {"unfurls": unfurls})
    return {}


METHODS = {
    "chat.postMessage": Method(post_message, "chat:write"),
    "chat.update": Method(update, "chat:write", tier=3),
    "chat.delete": Method(delete, "chat:write", tier=3),
    "chat.postEphemeral": Method(post_ephemeral, "chat:write"),
    "chat.getPermalink": Method(get_permalink),
    "chat.unfurl": Method(unfurl, "links:write", tier=3),
}
