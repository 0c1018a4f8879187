"""Reading what people see: cards read aloud, buttons by their words, codes in mails."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

Json = dict[str, Any]


def aloud(thing: Json) -> str:
    """A Slack message or view as somebody would read it out: text only, without markup."""
    words = list(_texts(thing.get("blocks") or []))
    title = thing.get("title") or {}
    head = title.get("text", "") if isinstance(title, dict) else ""
    spoken = "\n".join([head, *words]) if words else thing.get("text", "")
    return _plain(str(spoken))


def _texts(part: Any) -> Iterator[str]:
    if isinstance(part, list):
        for one in part:
            yield from _texts(one)
    elif isinstance(part, dict):
        if isinstance(part.get("text"), str):
            yield part["text"]
        else:
            yield from _texts(list(part.values()))
        if isinstance(part.get("text"), dict) and part.get("type") == "button":
            return


def _plain(text: str) -> str:
    text = re.sub(r"<!date\^[^|>]*\|([^>]*)>", r"\1", text)
    text = re.sub(r"<[^|>]*\|([^>]*)>", r"\1", text)
    return text.replace("&amp;", "&").replace("&lt;", "<").replace("&gt;", ">").replace("*", "")


def button_labels(message: Json) -> list[str]:
    return [
        element["text"]["text"]
        for block in message.get("blocks") or []
        for element in [*block.get("elements", []), block.get("accessory") or {}]
        if element.get("type") == "button"
    ]


def mail_text(mail: Json) -> str:
    return f"{mail['subject']}\n{mail['text']}"


def code_in(mail: Json) -> str | None:
    """The six digits of a code mail."""
    found = re.search(r"(?<!\d)(\d{3})[\s-]?(\d{3})(?!\d)", mail_text(mail))
    return found[1] + found[2] if found else None


def short(text: str, most: int = 90) -> str:
    """The beginning of something that was read, on one line."""
    line = " / ".join(part.strip() for part in text.splitlines() if part.strip())
    return line if len(line) <= most else line[: most - 1] + "…"
