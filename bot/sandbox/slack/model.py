"""The things a Slack workspace consists of: people, channels, messages, views, tokens."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class User:
    id: str
    name: str
    real_name: str
    email: str = ""
    tz: str = "Europe/Berlin"
    locale: str = "en-US"
    deleted: bool = False
    is_bot: bool = False


@dataclass(frozen=True, slots=True)
class UserGroup:
    id: str
    handle: str
    name: str
    users: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Channel:
    id: str
    name: str
    members: frozenset[str] = frozenset()
    is_private: bool = False
    is_archived: bool = False
    is_im: bool = False


@dataclass(frozen=True, slots=True)
class Message:
    """One message as it stands; `earlier` holds what it said before, oldest first.

    A value: whoever keeps a copy keeps it as it was, like a screen that did not refresh.
    """

    channel: str
    ts: str
    user: str
    text: str
    blocks: tuple[Json, ...] = ()
    thread_ts: str | None = None
    metadata: Json | None = None
    bot_id: str | None = None
    extras: Json = field(default_factory=dict)
    ephemeral_to: str | None = None
    earlier: tuple[Message, ...] = ()

    def as_json(self) -> Json:
        """The message as Slack shows it to apps; metadata only on request."""
        found: Json = {"type": "message", "user": self.user, "ts": self.ts, "text": self.text}
        found |= self.extras
        if self.blocks:
            found["blocks"] = list(self.blocks)
        if self.thread_ts:
            found["thread_ts"] = self.thread_ts
        if self.bot_id:
            found["bot_id"] = self.bot_id
        if self.earlier:
            found["edited"] = {"user": self.user, "ts": self.ts}
        return found


@dataclass(frozen=True, slots=True)
class View:
    """A modal or Home tab that `user` has before them; `payload` is what the app sent."""

    id: str
    user: str
    payload: Json
    hash: str
    root_view_id: str
    previous_view_id: str | None = None
    values: Json = field(default_factory=dict)

    @property
    def blocks(self) -> tuple[Json, ...]:
        return tuple(self.payload.get("blocks", ()))


@dataclass(frozen=True, slots=True)
class Token:
    value: str
    kind: Literal["bot", "app"]
    scopes: frozenset[str]
    state: Literal["active", "revoked", "inactive"] = "active"


@dataclass(frozen=True, slots=True)
class Trigger:
    """The permission to open one modal, for three seconds."""

    id: str
    user: str
    sent_at: datetime
    view_id: str | None = None


@dataclass(frozen=True, slots=True)
class ResponseUrl:
    """The address to which an app may answer one interaction: five times in thirty minutes."""

    id: str
    user: str
    channel: str
    sent_at: datetime
    origin: Message | None = None
    uses: int = 0


@dataclass(frozen=True, slots=True)
class Call:
    """One line of the transcript: what crossed the wire, in which direction, how it ended."""

    number: int
    at: datetime
    direction: Literal["in", "out"]
    name: str
    request: Json
    status: int
    response: Any
    problems: tuple[str, ...] = ()

    def as_json(self) -> Json:
        return {
            "number": self.number,
            "at": self.at.isoformat(),
            "direction": self.direction,
            "name": self.name,
            "request": self.request,
            "status": self.status,
            "response": self.response,
            "problems": list(self.problems),
        }


class SlackRefusal(Exception):
    """Slack's no: an error code, the HTTP status it travels with, and further fields."""

    def __init__(
        self,
        error: str,
        status: int = 200,
        *,
        headers: dict[str, str] | None = None,
        **more: Any,
    ) -> None:
        super().__init__(error)
        self.error = error
        self.status = status
        self.headers = headers or {}
        self.body: Json = {"ok": False, "error": error, **more}
