"""What Slack sent, read strictly: one shape for HTTP and Socket Mode, one name for every repeat."""

from __future__ import annotations

import hashlib
import json
from typing import Any, Literal
from urllib.parse import parse_qsl

from core.db.inbox import Delivery
from core.domain.values import dataclass

Kind = Literal["slash", "interactive", "event"]
FIELDS_MAX = 60


class Malformed(ValueError):
    """The request is signed, but it is not what Slack sends."""


@dataclass(frozen=True, slots=True)
class Incoming:
    """One request of Slack: `payload` is what Bolt calls the body, `raw` the bytes as they came."""

    kind: Kind
    payload: dict[str, Any]
    raw: bytes

    @property
    def user(self) -> str:
        found = self.payload.get("user_id") or _inner(self.payload, "user").get("id")
        return str(found or _inner(self.payload, "event").get("user") or "")

    @property
    def team(self) -> str:
        """The team of the person who acts: in a shared channel it may be a foreign one."""
        event, user = _inner(self.payload, "event"), _inner(self.payload, "user")
        found = user.get("team_id") or event.get("user_team") or self.payload.get("team_id")
        return str(found or event.get("team") or _inner(self.payload, "team").get("id") or "")

    def delivery(self, connection_id: int) -> Delivery:
        return Delivery(connection_id, f"slack.{self.kind}", self.delivery_id(), self.raw)

    def reference(self) -> str:
        """A short name of this act, for the log and for the person who has to report it."""
        return hashlib.sha256(self.delivery_id().encode()).hexdigest()[:8]

    def delivery_id(self) -> str:
        """Equal for every repeat of one act, and for nothing else."""
        body = self.payload
        if self.kind == "event":
            return str(body["event_id"])
        if self.kind == "slash" or body.get("type") in ("shortcut", "message_action"):
            return f"{body['type'] if self.kind != 'slash' else 'slash'}:{body['trigger_id']}"
        if body["type"] == "block_actions":
            return _press_id(body, self.user)
        view = body["view"]
        return f"{body['type']}:{view['id']}:{view.get('hash', '')}:{self.user}"


def _press_id(body: dict[str, Any], user: str) -> str:
    container, action = body["container"], body["actions"][0]
    place = container.get("view_id") or f"{container['channel_id']}:{container['message_ts']}"
    return f"press:{user}:{place}:{action['action_id']}:{action['action_ts']}"


def _inner(payload: dict[str, Any], name: str) -> dict[str, Any]:
    found = payload.get(name)
    return found if isinstance(found, dict) else {}


def read_http(content_type: str, raw: bytes) -> Incoming:
    """The body of a signed request. Raises Malformed, never anything else."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as problem:
        raise Malformed("the body is not UTF-8") from problem
    kind = content_type.partition(";")[0].strip().lower()
    if kind == "application/json":
        return _checked("event", _object(text), raw)
    if kind != "application/x-www-form-urlencoded":
        raise Malformed("neither a form nor JSON")
    form = _form(text)
    if "command" in form or "ssl_check" in form:
        return _checked("slash", form, raw)
    if "payload" not in form:
        raise Malformed("neither a command nor a payload")
    return _checked("interactive", _object(form["payload"]), raw)


def read_socket(kind: str, payload: dict[str, Any]) -> Incoming:
    """The payload of a Socket Mode envelope: the same as over HTTP, without a form around it."""
    kinds: dict[str, Kind] = {
        "slash_commands": "slash",
        "interactive": "interactive",
        "events_api": "event",
    }
    if kind not in kinds:
        raise Malformed(f"unknown envelope {kind}")
    return _checked(kinds[kind], payload, json.dumps(payload).encode())


def _form(text: str) -> dict[str, Any]:
    try:
        pairs = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=FIELDS_MAX)
    except ValueError as problem:
        raise Malformed("the form cannot be read") from problem
    return dict(pairs)


def _object(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as problem:
        raise Malformed("the JSON cannot be read") from problem
    if not isinstance(found, dict):
        raise Malformed("the JSON is not an object")
    return found


def _checked(kind: Kind, payload: dict[str, Any], raw: bytes) -> Incoming:
    """What every later step relies on is there and of the right type."""
    incoming = Incoming(kind, payload, raw)
    if kind == "slash" and payload.get("ssl_check"):
        return incoming
    if kind == "event" and payload.get("type") in ("url_verification", "app_rate_limited"):
        return incoming
    try:
        incoming.delivery_id()
        if kind == "interactive" and payload["type"] == "view_submission":
            dict(payload["view"]["state"]["values"])
    except (KeyError, IndexError, TypeError, ValueError) as problem:
        raise Malformed("something that Slack always sends is missing") from problem
    return incoming
