"""Signed words that travel through Slack and come back: what a button does, what a form ends in."""

from __future__ import annotations

import dataclasses
import hashlib
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import field, replace
from datetime import datetime, timedelta
from typing import Any

import msgspec

from core.domain.refusals import Invalid
from core.domain.values import dataclass

LIFE = timedelta(days=30)
VALUE_MAX = 2000
_SIGNATURE = 24  # characters: 18 bytes need no padding


@dataclass(frozen=True, slots=True)
class Press:
    """One button: a registry verb with its arguments, and the order's version that was shown.

    `kind` tells what pressing does: act at once, open the form, or share with the channel.
    """

    verb: str
    arguments: dict[str, Any] = field(default_factory=dict)
    version: int | None = None
    kind: str = "act"
    signed_at: int = 0


@dataclass(frozen=True, slots=True)
class FormState:
    """What a form remembers while it is open: no words of people, only what completes the command.

    `channel`, `thread` and `message` say where the form was asked for, so that the answer goes
    there and the card that was pressed is brought up to date.
    """

    verb: str
    fixed: dict[str, Any] = field(default_factory=dict)
    version: int | None = None
    channel: str = ""
    thread: str = ""
    message: str = ""
    signed_at: int = 0


_unpacked = msgspec.json.Decoder(list[Any]).decode


class Tokens:
    """Signs and reads for one connection: a value of another shop's button means nothing here."""

    def __init__(self, keys: Sequence[str], connection_id: int) -> None:
        self._keys = tuple(keys)
        self._scope = str(connection_id)

    def press(self, press: Press, now: datetime) -> str:
        return self._sign("press", replace(press, signed_at=_seconds(now)))

    def form(self, state: FormState, now: datetime) -> str:
        return self._sign("form", replace(state, signed_at=_seconds(now)))

    def read_press(self, value: str, now: datetime) -> Press:
        press = Press(*_unpacked(self._opened("press", value)))
        _require_fresh(press.signed_at, now)
        return press

    def read_form(self, value: str, now: datetime) -> FormState:
        state = FormState(*_unpacked(self._opened("form", value)))
        _require_fresh(state.signed_at, now)
        return state

    def _sign(self, purpose: str, what: Press | FormState) -> str:
        packed = msgspec.json.encode(dataclasses.astuple(what))
        text = urlsafe_b64encode(packed).decode().rstrip("=")
        return self._signature(self._keys[-1], purpose, text) + text

    def _opened(self, purpose: str, value: str) -> bytes:
        signature, text = value[:_SIGNATURE], value[_SIGNATURE:]
        known = (self._signature(key, purpose, text) for key in self._keys)
        if not any(hmac.compare_digest(signature.encode(), each.encode()) for each in known):
            raise Invalid(
                "This button is not one of ours any more.",
                "Ask for the order again and press there.",
                code="not_ours",
            )
        return urlsafe_b64decode(text + "=" * (-len(text) % 4))

    def _signature(self, key: str, purpose: str, text: str) -> str:
        words = f"slack {purpose} {self._scope} {text}"
        digest = hmac.new(key.encode(), words.encode(), hashlib.sha256).digest()
        return urlsafe_b64encode(digest[:18]).decode()


def _seconds(now: datetime) -> int:
    return int(now.timestamp())


def _require_fresh(signed_at: int, now: datetime) -> None:
    if now.timestamp() - signed_at > LIFE.total_seconds():
        raise Invalid(
            "This button is older than 30 days.",
            "Ask for the order again and press there.",
            code="expired",
        )
