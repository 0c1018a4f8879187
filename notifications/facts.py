"""Facts made safe for templates: plain data only, cleaned of what could change its place."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from notifications import formats

Payload = Mapping[str, Any]  # what an event left for the message about it
LANGUAGES = ("en", "de")
DEFAULT_ACCENT = "#1f5eff"
MULTILINE = frozenset({"text", "instructions", "note", "reason"})
_UNPRINTABLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)


class Stale(Exception):
    """The message is not sent: its sentence says what has made it untrue or unwanted."""


class CannotRender(Exception):
    """The template and its facts do not fit together: our mistake, never the customer's."""


def money(amount: int, currency: str) -> dict[str, Any]:
    return {"amount": amount, "currency": currency}


def ready_for_templates(facts: Mapping[str, Any], language: str) -> dict[str, Any]:
    """Plain, clean copies of the facts, and what every template may use besides."""
    ready: dict[str, Any] = _plain(facts)
    shop = ready["shop"]
    if not re.fullmatch("#[0-9a-fA-F]{6}", shop["accent"] or ""):
        shop["accent"] = DEFAULT_ACCENT
    formal = shop["address_form"] == "Sie"
    base = formats.locale_of(language).language
    words = base if base in LANGUAGES else LANGUAGES[0]
    on_accent = _readable_on(shop["accent"])
    return ready | {
        "language": language if base == words else words,
        "words_language": words,
        "accent_text": on_accent,
        "accent_ink": shop["accent"] if on_accent == "#ffffff" else "#24292f",
        "you": lambda polite, familiar: polite if formal else familiar,
    }


def _plain(value: Any, key: str = "") -> Any:
    """Nothing but plain data reaches a template: no object whose methods it could call."""
    if isinstance(value, Mapping):
        return {str(name): _plain(item, str(name)) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item, key) for item in value]
    if isinstance(value, str):
        return _clean(value, key)
    if value is None or isinstance(value, bool | int | float):
        return value
    raise CannotRender(f"The fact {key!r} is a {type(value).__name__}, not plain data.")


def _clean(value: str, key: str) -> str | None:
    """No control or direction-turning characters, no line breaks in a name, no odd links."""
    if key == "url" or key.endswith("_url"):
        return value if re.fullmatch(r"https?://[^\s\"'<>\\]+", value) else None
    value = _UNPRINTABLE.sub("", value.replace("\r\n", "\n"))
    return value.strip() if key in MULTILINE else " ".join(value.split())


def _readable_on(accent: str) -> str:
    red, green, blue = (int(accent[start : start + 2], 16) for start in (1, 3, 5))
    return "#111111" if 299 * red + 587 * green + 114 * blue > 150_000 else "#ffffff"
