"""What the Bot API accepts: lengths, entities, buttons and commands; the rest is a BotError."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping, Sequence
from typing import Any

TEXT_MAX = 4096
CALLBACK_BYTES_MAX = 64
ANSWER_MAX = 200
COMMANDS_MAX = 100
ACTIONS = ("url", "callback_data", "copy_text", "web_app", "login_url", "pay")
STYLES = ("danger", "success", "primary")
TAGS = {
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "u": "underline",
    "ins": "underline",
    "s": "strikethrough",
    "strike": "strikethrough",
    "del": "strikethrough",
    "code": "code",
    "pre": "pre",
    "a": "text_link",
    "blockquote": "blockquote",
    "tg-spoiler": "spoiler",
}
ENTITIES = {*TAGS.values(), "mention", "hashtag", "url", "email", "phone_number", "bot_command"}
_TAG = re.compile(r"""<(?P<end>/?)(?P<name>[a-zA-Z0-9-]*)(?:\s+href="(?P<href>[^"]*)")?\s*>""")


class BotError(Exception):
    """A refusal in the Bot API's shape."""

    def __init__(self, code: int, description: str, retry_after: int | None = None) -> None:
        super().__init__(description)
        self.code, self.description, self.retry_after = code, description, retry_after


def bad_request(why: str) -> BotError:
    return BotError(400, f"Bad Request: {why}")


def units(text: str) -> int:
    """Telegram counts UTF-16 code units: an emoji is two."""
    return len(text.encode("utf-16-le")) // 2


def read_text(words: Mapping[str, Any]) -> tuple[str, list[dict[str, Any]]]:
    """The text that people will see, and its entities; refuses what Telegram refuses."""
    raw, mode = str(words.get("text", "")), words.get("parse_mode")
    if mode and mode.lower() != "html":
        raise bad_request(f"unsupported parse_mode {mode} (this stand-in reads HTML only)")
    text, entities = parse_html(raw) if mode else (raw, list(words.get("entities") or []))
    if not text.strip():
        raise bad_request("message text is empty")
    if units(text) > TEXT_MAX:
        raise bad_request("message is too long")
    for entity in entities:
        _check_entity(entity, units(text))
    return text, entities


def _check_entity(entity: Mapping[str, Any], length: int) -> None:
    if entity.get("type") not in ENTITIES:
        raise bad_request(f"can't parse entities: unknown entity type {entity.get('type')}")
    start, size = entity.get("offset", -1), entity.get("length", 0)
    if start < 0 or size < 1 or start + size > length:
        raise bad_request("can't parse entities: entity is outside of the text")


def parse_html(raw: str) -> tuple[str, list[dict[str, Any]]]:
    text, place = "", 0
    open_tags: list[tuple[str, int, str | None]] = []
    entities: list[dict[str, Any]] = []
    while (start := raw.find("<", place)) >= 0:
        text += html.unescape(raw[place:start])
        tag = _TAG.match(raw, start)
        if tag is None or tag["name"].lower() not in TAGS:
            name = tag["name"] if tag else ""
            offset = len(raw[:start].encode())
            raise bad_request(
                f'can\'t parse entities: Unsupported start tag "{name}" at byte offset {offset}'
            )
        name, place = tag["name"].lower(), tag.end()
        if not tag["end"]:
            open_tags.append((name, units(text), tag["href"]))
        else:
            entities += _closed(open_tags, name, units(text))
    if open_tags:
        name = open_tags[-1][0]
        raise bad_request(f"can't parse entities: Can't find end tag corresponding to \"{name}\"")
    return text + html.unescape(raw[place:]), entities


def _closed(
    open_tags: list[tuple[str, int, str | None]], name: str, end: int
) -> list[dict[str, Any]]:
    if not open_tags or open_tags[-1][0] != name:
        raise bad_request(f'can\'t parse entities: Unexpected end tag "{name}"')
    _, start, href = open_tags.pop()
    if end == start:
        return []
    link = {"url": href} if TAGS[name] == "text_link" else {}
    return [{"type": TAGS[name], "offset": start, "length": end - start, **link}]


def check_markup(markup: Mapping[str, Any] | None) -> None:
    """Inline and reply keyboards: every button complete, exactly one action each."""
    for row in (markup or {}).get("inline_keyboard", ()):
        for button in row:
            _check_inline(button)
    for row in (markup or {}).get("keyboard", ()):
        for button in row:
            if not (button if isinstance(button, str) else button.get("text")):
                raise bad_request("text buttons must have a text")


def _check_inline(button: Mapping[str, Any]) -> None:
    if not button.get("text"):
        raise bad_request("inline keyboard button text must be non-empty")
    if sum(button.get(action) is not None for action in ACTIONS) != 1:
        raise bad_request("exactly one action must be chosen for an inline keyboard button")
    if not 1 <= len(str(button.get("callback_data", "x")).encode()) <= CALLBACK_BYTES_MAX:
        raise bad_request("BUTTON_DATA_INVALID")
    if button.get("style", "primary") not in STYLES:
        raise bad_request("unknown button style")


def check_commands(commands: Sequence[Mapping[str, Any]]) -> None:
    if len(commands) > COMMANDS_MAX:
        raise bad_request("BOT_COMMANDS_TOO_MUCH")
    for one in commands:
        if not re.fullmatch(r"[a-z0-9_]{1,32}", str(one.get("command", ""))):
            raise bad_request("BOT_COMMAND_INVALID")
        if not 1 <= len(str(one.get("description", ""))) <= 256:
            raise bad_request("BOT_COMMAND_DESCRIPTION_INVALID")
