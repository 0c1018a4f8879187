"""Checks of what is sent to Slack, put together from small ones: each yields what is wrong."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from core.domain.values import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One broken rule: where (a JSON pointer), which (a stable code), and what to change."""

    pointer: str
    code: str
    message: str

    def __str__(self) -> str:
        return f"{self.message} [json-pointer:{self.pointer}]"


Check = Callable[[str, Any], Iterator[Problem]]
"""Given a pointer and the value found there, yields what is wrong with it."""
Fields = Mapping[str, Check]

CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
DATE = re.compile(r"\d{4}-\d\d-\d\d")
TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d")
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


def length(text: str) -> int:
    """UTF-16 units: never fewer than code points, so safe under either way of counting."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def string(most: int, least: int = 1, pattern: re.Pattern[str] | None = None) -> Check:
    def check(at: str, value: Any) -> Iterator[Problem]:
        if not isinstance(value, str):
            yield Problem(at, "wrong_type", "must be a string")
            return
        if length(value) > most:
            yield Problem(at, "too_long", f"must be less than {most + 1} characters")
        if len(value.strip()) < least:
            yield Problem(at, "too_short", f"must be more than {least - 1} characters")
        if CONTROL.search(value):
            yield Problem(at, "control_character", "must not contain control characters")
        if pattern is not None and not pattern.fullmatch(value):
            yield Problem(at, "wrong_format", f"must look like {pattern.pattern}")

    return check


def whole(least: int, most: int) -> Check:
    def check(at: str, value: Any) -> Iterator[Problem]:
        if type(value) is not int or not least <= value <= most:
            yield Problem(at, "wrong_value", f"must be a whole number from {least} to {most}")

    return check


def one_of(*allowed: object) -> Check:
    def check(at: str, value: Any) -> Iterator[Problem]:
        if value not in allowed:
            yield Problem(at, "wrong_value", f"must be one of {', '.join(map(str, allowed))}")

    return check


def anything(_at: str, _value: Any) -> Iterator[Problem]:
    yield from ()


def url(at: str, value: Any) -> Iterator[Problem]:
    problems = list(string(3000)(at, value))
    yield from problems
    if not problems and not _is_safe_url(value):
        yield Problem(at, "unsafe_url", "must be an https address (http only for loopback)")


def _is_safe_url(value: str) -> bool:
    try:
        parts = urlsplit(value)
    except ValueError:
        return False
    loopback = parts.scheme == "http" and parts.hostname in LOOPBACK
    return bool(parts.hostname) and (parts.scheme == "https" or loopback)


def many(check: Check, least: int, most: int) -> Check:
    def check_all(at: str, value: Any) -> Iterator[Problem]:
        if not isinstance(value, list):
            yield Problem(at, "wrong_type", "must be a list")
            return
        if not least <= len(value) <= most:
            yield Problem(at, "wrong_count", f"must have {least} to {most} items")
        for index, item in enumerate(value):
            yield from check(f"{at}/{index}", item)

    return check_all


def shape(required: Fields, optional: Fields | None = None, *rules: Check) -> Check:
    """An object with these fields and no others (Slack refuses what it does not know).

    `rules` compare fields with each other and only see an object whose fields are sound.
    """
    known: Fields = {"type": anything, **required, **(optional or {})}

    def fields(at: str, value: Any) -> Iterator[Problem]:
        if not isinstance(value, dict):
            yield Problem(at, "wrong_type", "must be an object")
            return
        for name in sorted(required.keys() - value.keys()):
            yield Problem(at, "missing_field", f"missing required field: {name}")
        for name, item in value.items():
            if name in known:
                yield from known[name](f"{at}/{name}", item)
            else:
                yield Problem(f"{at}/{name}", "unknown_field", f"unknown field: {name}")

    def check(at: str, value: Any) -> Iterator[Problem]:
        problems = list(fields(at, value))
        yield from problems
        for rule in () if problems else rules:
            yield from rule(at, value)

    return check


def kinds(shapes: Mapping[str, Check]) -> Check:
    """An object whose `type` chooses its shape."""

    def check(at: str, value: Any) -> Iterator[Problem]:
        kind = value.get("type") if isinstance(value, dict) else None
        if isinstance(kind, str) and kind in shapes:
            yield from shapes[kind](at, value)
        else:
            yield Problem(at, "unsupported_type", f"unsupported type: {kind}")

    return check
