"""One Slack workspace in memory: who is in it, what was said, which views stand open."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any, Literal

from bot.sandbox.slack.blocks import completed
from bot.sandbox.slack.faults import Faults
from bot.sandbox.slack.limits import RateLimits
from bot.sandbox.slack.model import (
    Call,
    Channel,
    Json,
    Message,
    ResponseUrl,
    SlackRefusal,
    Token,
    Trigger,
    User,
    UserGroup,
)
from bot.sandbox.slack.sockets import Sockets
from bot.sandbox.slack.views import Views

BOT_SCOPES = frozenset(
    {
        "channels:history",
        "channels:read",
        "chat:write",
        "chat:write.public",
        "commands",
        "app_mentions:read",
        "groups:history",
        "groups:read",
        "im:history",
        "im:read",
        "im:write",
        "files:read",
        "files:write",
        "links:read",
        "links:write",
        "team:read",
        "usergroups:read",
        "users:read",
        "users:read.email",
    }
)
SIGNING_SECRET = "sandbox-signing-secret"
BOT_TOKEN = "xoxb-sandbox"
APP_TOKEN = "xapp-sandbox"
EVENTS = frozenset({"app_mention", "message", "app_home_opened", "link_shared"})


class Workspace:
    """The whole state, and the only way to change it.

    `request_url` is where interactions go, `base_url` where the stand-in itself is reached:
    set it once the port is known, for response and upload addresses.
    """

    def __init__(
        self,
        clock: Callable[[], datetime],
        *,
        signing_secret: str = SIGNING_SECRET,
        bot_token: str = BOT_TOKEN,
        app_token: str = APP_TOKEN,
        scopes: Iterable[str] = BOT_SCOPES,
        base_url: str = "http://127.0.0.1",
        request_url: str = "http://127.0.0.1/hooks/slack/1",
    ) -> None:
        self.clock = clock
        self.signing_secret = signing_secret
        self.base_url = base_url
        self.request_url = request_url
        self.team = {"id": "T00000001", "name": "Sandbox", "domain": "sandbox"}
        self.app_id = "A00000001"
        self.bot_id = "B00000001"
        self.events: frozenset[str] = EVENTS
        self.unfurl_domains: frozenset[str] = frozenset()
        self.edit_window_seconds: int | None = None
        self.tokens = {
            bot_token: Token(bot_token, "bot", frozenset(scopes)),
            app_token: Token(app_token, "app", frozenset({"connections:write"})),
        }
        self.users: dict[str, User] = {}
        self.groups: dict[str, UserGroup] = {}
        self.channels: dict[str, Channel] = {}
        self.limits = RateLimits(clock)
        self.faults = Faults()
        self.sockets = Sockets(self.new_id)
        self._last_ids: dict[str, int] = {}
        self._begin_empty()
        self.bot_user = self.add_user("wismo", "wismo", is_bot=True).id

    def _begin_empty(self) -> None:
        self.messages: dict[tuple[str, str], Message] = {}
        self.ephemerals: list[Message] = []
        self.views = Views(self.new_id)
        self.triggers: dict[str, Trigger] = {}
        self.spent_triggers: set[str] = set()
        self.response_urls: dict[str, ResponseUrl] = {}
        self.files: dict[str, Json] = {}
        self.transcript: list[Call] = []
        self.mistakes: list[str] = []

    def reset(self) -> None:
        """Forget everything said and open; people, channels and tokens stay."""
        self._begin_empty()
        self.faults.clear()
        self.limits.clear()

    # Seeding

    def new_id(self, prefix: str) -> str:
        self._last_ids[prefix] = self._last_ids.get(prefix, 0) + 1
        return f"{prefix}{self._last_ids[prefix]:08d}"

    def add_user(self, name: str, real_name: str = "", **more: Any) -> User:
        user = User(self.new_id("U"), name, real_name or name.title(), **more)
        self.users[user.id] = user
        return user

    def change_user(self, user_id: str, **changes: Any) -> User:
        self.users[user_id] = replace(self.users[user_id], **changes)
        return self.users[user_id]

    def add_group(self, handle: str, *users: str, name: str = "") -> UserGroup:
        group = UserGroup(self.new_id("S"), handle, name or handle.title(), users)
        self.groups[group.id] = group
        return group

    def add_channel(self, name: str, *members: str, bot: bool = True, **more: Any) -> Channel:
        """A channel with these people in it and, unless `bot` is False, the app."""
        inside = frozenset(members) | ({self.bot_user} if bot else frozenset())
        channel = Channel(self.new_id("C"), name, inside, **more)
        self.channels[channel.id] = channel
        return channel

    def change_channel(self, channel_id: str, **changes: Any) -> Channel:
        self.channels[channel_id] = replace(self.channels[channel_id], **changes)
        return self.channels[channel_id]

    def direct_channel(self, user: str) -> Channel:
        """The one conversation between this person and the app."""
        for channel in self.channels.values():
            if channel.is_im and user in channel.members:
                return channel
        members = frozenset({user, self.bot_user})
        channel = Channel(self.new_id("D"), "", members, is_im=True)
        self.channels[channel.id] = channel
        return channel

    # Messages

    def new_ts(self) -> str:
        number = int(self.new_id("ts")[2:])
        return f"{int(self.clock().timestamp())}.{number:06d}"

    def post(self, channel: str, user: str, text: str, **more: Any) -> Message:
        message = self._built(channel, user, text, **more)
        self.messages[channel, message.ts] = message
        return message

    def whisper(self, channel: str, to: str, text: str, **more: Any) -> Message:
        """An ephemeral message: one person sees it, nothing else can find it."""
        message = self._built(channel, self.bot_user, text, ephemeral_to=to, **more)
        self.ephemerals.append(message)
        return message

    def _built(self, channel: str, user: str, text: str, **more: Any) -> Message:
        blocks = completed(more.pop("blocks", None) or (), self.new_id)
        bot_id = self.bot_id if user == self.bot_user else None
        return Message(channel, self.new_ts(), user, text, blocks, bot_id=bot_id, **more)

    def change_message(self, old: Message, **changes: Any) -> Message:
        """Replace a message or ephemeral; what it said before stays in `earlier`."""
        if changes.get("blocks") is not None:
            changes["blocks"] = completed(changes["blocks"], self.new_id)
        new = replace(old, **changes, earlier=(*old.earlier, replace(old, earlier=())))
        if old.ephemeral_to:
            self.ephemerals = [new if each.ts == old.ts else each for each in self.ephemerals]
        else:
            self.messages[old.channel, old.ts] = new
        return new

    def remove_message(self, message: Message) -> None:
        if message.ephemeral_to:
            self.ephemerals = [each for each in self.ephemerals if each.ts != message.ts]
        else:
            del self.messages[message.channel, message.ts]

    def message(self, channel: str, ts: str) -> Message:
        """The message as it stands now."""
        return self.messages[channel, ts]

    def messages_in(self, channel: str, thread_ts: str | None = None) -> list[Message]:
        """What everybody in the channel sees, oldest first; or one thread with its root."""
        found = [message for (where, _), message in self.messages.items() if where == channel]
        if thread_ts is None:
            return [m for m in found if m.thread_ts in (None, m.ts)]
        return [m for m in found if thread_ts in (m.ts, m.thread_ts)]

    def ephemerals_of(self, user: str) -> list[Message]:
        return [message for message in self.ephemerals if message.ephemeral_to == user]

    # Permissions that an interaction hands out

    def new_trigger(self, user: str, view_id: str | None = None) -> Trigger:
        trigger = Trigger(self.new_id("trigger."), user, self.clock(), view_id)
        self.triggers[trigger.id] = trigger
        return trigger

    def spend_trigger(self, trigger_id: str) -> Trigger:
        """Use a trigger: known, not older than three seconds, never used before."""
        trigger = self.triggers.get(trigger_id)
        if trigger is None:
            raise SlackRefusal("invalid_trigger_id")
        if trigger_id in self.spent_triggers:
            raise SlackRefusal("exchanged_trigger_id")
        if (self.clock() - trigger.sent_at).total_seconds() > 3:
            raise SlackRefusal("expired_trigger_id")
        self.spent_triggers.add(trigger_id)
        return trigger

    def new_response_url(self, user: str, channel: str, origin: Message | None = None) -> str:
        found = ResponseUrl(self.new_id("r"), user, channel, self.clock(), origin)
        self.response_urls[found.id] = found
        return f"{self.base_url}/response/{found.id}"

    # Record

    def record(
        self,
        direction: Literal["in", "out"],
        name: str,
        request: Json,
        status: int,
        response: Any,
        problems: Iterable[str] = (),
    ) -> None:
        number = len(self.transcript) + 1
        call = Call(
            number, self.clock(), direction, name, request, status, response, tuple(problems)
        )
        self.transcript.append(call)
