"""Who and where: auth, users, user groups, conversations, bots, team and the socket ticket."""

from __future__ import annotations

from bot.sandbox.slack.methods import Method, Request, channel_to_read, page_of
from bot.sandbox.slack.model import Channel, Json, Message, SlackRefusal, User, UserGroup
from bot.sandbox.slack.workspace import Workspace


def auth_test(request: Request) -> Json:
    workspace = request.workspace
    return {
        "url": f"https://{workspace.team['domain']}.slack.com/",
        "team": workspace.team["name"],
        "team_id": workspace.team["id"],
        "user": workspace.users[workspace.bot_user].name,
        "user_id": workspace.bot_user,
        "bot_id": workspace.bot_id,
        "app_id": workspace.app_id,
        "is_enterprise_install": False,
    }


def bots_info(request: Request) -> Json:
    workspace = request.workspace
    if request.args.get("bot", workspace.bot_id) != workspace.bot_id:
        raise SlackRefusal("bot_not_found")
    bot = {
        "id": workspace.bot_id,
        "name": workspace.users[workspace.bot_user].name,
        "app_id": workspace.app_id,
        "user_id": workspace.bot_user,
        "deleted": False,
    }
    return {"bot": bot}


def team_info(request: Request) -> Json:
    return {"team": request.workspace.team}


def users_info(request: Request) -> Json:
    user = request.workspace.users.get(request.need("user", "user_not_found"))
    if user is None:
        raise SlackRefusal("user_not_found")
    return {"user": user_json(request, user)}


def users_list(request: Request) -> Json:
    users, cursor = page_of(request, list(request.workspace.users.values()))
    return {"members": [user_json(request, user) for user in users], **cursor}


def users_by_email(request: Request) -> Json:
    email = request.need("email", "users_not_found").lower()
    for user in request.workspace.users.values():
        if user.email.lower() == email and not user.deleted:
            return {"user": user_json(request, user)}
    raise SlackRefusal("users_not_found")


def user_json(request: Request, user: User) -> Json:
    """The e-mail needs a scope of its own, the locale has to be asked for."""
    profile = {"real_name": user.real_name, "display_name": user.name}
    if "users:read.email" in request.token.scopes and user.email:
        profile["email"] = user.email
    found: Json = {
        "id": user.id,
        "team_id": request.workspace.team["id"],
        "name": user.name,
        "real_name": user.real_name,
        "deleted": user.deleted,
        "is_bot": user.is_bot,
        "tz": user.tz,
        "profile": profile,
    }
    return found | {"locale": user.locale} if request.flag("include_locale") else found


def groups_list(request: Request) -> Json:
    groups = request.workspace.groups.values()
    with_users = request.flag("include_users")
    return {"usergroups": [_group_json(request.workspace, each, with_users) for each in groups]}


def group_users(request: Request) -> Json:
    group = request.workspace.groups.get(request.need("usergroup", "no_such_subteam"))
    if group is None:
        raise SlackRefusal("no_such_subteam")
    return {"users": list(group.users)}


def _group_json(workspace: Workspace, group: UserGroup, with_users: bool) -> Json:
    found: Json = {
        "id": group.id,
        "team_id": workspace.team["id"],
        "is_usergroup": True,
        "handle": group.handle,
        "name": group.name,
        "user_count": len(group.users),
    }
    return found | {"users": list(group.users)} if with_users else found


def conversation_info(request: Request) -> Json:
    return {"channel": _channel_json(request.workspace, channel_to_read(request))}


def conversations_list(request: Request) -> Json:
    workspace = request.workspace
    types = str(request.args.get("types") or "public_channel").split(",")
    seen = [c for c in workspace.channels.values() if _type_of(c) in types]
    if request.flag("exclude_archived"):
        seen = [c for c in seen if not c.is_archived]
    open_to_app = [c for c in seen if not c.is_private or workspace.bot_user in c.members]
    channels, cursor = page_of(request, open_to_app)
    return {"channels": [_channel_json(workspace, each) for each in channels], **cursor}


def _type_of(channel: Channel) -> str:
    if channel.is_im:
        return "im"
    return "private_channel" if channel.is_private else "public_channel"


def _channel_json(workspace: Workspace, channel: Channel) -> Json:
    found: Json = {
        "id": channel.id,
        "name": channel.name,
        "is_channel": not channel.is_im,
        "is_private": channel.is_private,
        "is_im": channel.is_im,
        "is_archived": channel.is_archived,
        "is_member": workspace.bot_user in channel.members,
        "num_members": len(channel.members),
    }
    if channel.is_im:
        found["user"] = next(iter(channel.members - {workspace.bot_user}))
    return found


def conversation_members(request: Request) -> Json:
    members, cursor = page_of(request, sorted(channel_to_read(request).members))
    return {"members": members, **cursor}


def conversation_open(request: Request) -> Json:
    users = str(request.need("users")).split(",")
    if len(users) != 1 or users[0] not in request.workspace.users:
        raise SlackRefusal("user_not_found")
    channel = request.workspace.direct_channel(users[0])
    return {"channel": _channel_json(request.workspace, channel)}


def conversation_history(request: Request) -> Json:
    channel = _readable_history(request)
    return _messages(request, request.workspace.messages_in(channel.id)[::-1])


def conversation_replies(request: Request) -> Json:
    channel = _readable_history(request)
    root = request.need("ts", "thread_not_found")
    if (channel.id, root) not in request.workspace.messages:
        raise SlackRefusal("thread_not_found")
    return _messages(request, request.workspace.messages_in(channel.id, thread_ts=root))


def _readable_history(request: Request) -> Channel:
    channel = channel_to_read(request)
    if request.workspace.bot_user not in channel.members:
        raise SlackRefusal("not_in_channel")
    return channel


def _messages(request: Request, messages: list[Message]) -> Json:
    found, cursor = page_of(request, [m for m in messages if _is_in_window(request, m)])
    with_metadata = request.flag("include_all_metadata")
    shown = [_message_json(request.workspace, message, with_metadata) for message in found]
    more = bool(cursor["response_metadata"]["next_cursor"])
    return {"messages": shown, "has_more": more, **cursor}


def _is_in_window(request: Request, message: Message) -> bool:
    oldest, latest = request.args.get("oldest"), request.args.get("latest")
    ts = float(message.ts)
    after, before = float(oldest or 0), float(latest or "inf")
    return after <= ts <= before if request.flag("inclusive") else after < ts < before


def _message_json(workspace: Workspace, message: Message, with_metadata: bool) -> Json:
    found = message.as_json()
    if with_metadata and message.metadata:
        found["metadata"] = message.metadata
    replies = len(workspace.messages_in(message.channel, thread_ts=message.ts)) - 1
    if replies and not message.thread_ts:
        found |= {"thread_ts": message.ts, "reply_count": replies}
    return found


def open_connection(request: Request) -> Json:
    workspace = request.workspace
    address = workspace.base_url.replace("http", "ws", 1)
    return {"url": f"{address}/socket/{workspace.sockets.new_ticket()}"}


METHODS = {
    "auth.test": Method(auth_test),
    "bots.info": Method(bots_info, "users:read", tier=3),
    "team.info": Method(team_info, "team:read", tier=3),
    "users.info": Method(users_info, "users:read"),
    "users.list": Method(users_list, "users:read", tier=2),
    "users.lookupByEmail": Method(users_by_email, "users:read.email", tier=3),
    "usergroups.list": Method(groups_list, "usergroups:read", tier=2),
    "usergroups.users.list": Method(group_users, "usergroups:read", tier=2),
    "conversations.info": Method(conversation_info, "channels:read", tier=3),
    "conversations.list": Method(conversations_list, "channels:read", tier=2),
    "conversations.members": Method(conversation_members, "channels:read"),
    "conversations.open": Method(conversation_open, "im:write", tier=3),
    "conversations.history": Method(conversation_history, "channels:history", tier=3),
    "conversations.replies": Method(conversation_replies, "channels:history", tier=3),
    "apps.connections.open": Method(open_connection, "connections:write", tier=2, kind="app"),
}
