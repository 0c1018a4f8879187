"""Slack's markup as a type: words of other people can only get in escaped."""

from __future__ import annotations

import re
from datetime import datetime

from bot.slack.checks import CONTROL

_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
_LINK = re.compile(r"<(?:[@#!][^>|]*\|([^>]+)|((?:https?|mailto|tel):[^>|]+)(?:\|[^>]*)?)>")


def clean(text: str) -> str:
    """Text without the characters that no screen shows and Slack refuses."""
    return CONTROL.sub("", text)


def escaped(text: str) -> str:
    return clean(text).translate(_ESCAPES)


class Mrkdwn:
    """Text in Slack's markup. Strings given to it are escaped; only the methods here add markup."""

    __slots__ = ("text",)

    def __init__(self, *parts: str | Mrkdwn) -> None:
        self.text: str = "".join(p.text if isinstance(p, Mrkdwn) else escaped(p) for p in parts)

    @classmethod
    def bold(cls, text: str) -> Mrkdwn:
        """An asterisk inside would end the bold early, so none stays."""
        words = text.replace("*", "∗").strip()
        return cls._made(f"*{escaped(words)}*" if words else "")

    @classmethod
    def date(cls, moment: datetime, shape: str, instead: str) -> Mrkdwn:
        """A moment that every reader sees in their own zone."""
        return cls._made(f"<!date^{int(moment.timestamp())}^{shape}|{escaped(instead)}>")

    @classmethod
    def person(cls, user_id: str) -> Mrkdwn:
        return cls._made(f"<@{user_id}>" if re.fullmatch(r"[UW][A-Z0-9]+", user_id) else "")

    @classmethod
    def _made(cls, markup: str) -> Mrkdwn:
        made = cls()
        made.text = markup
        return made

    def __str__(self) -> str:
        return self.text


def plain_words(text: str) -> str:
    """What a person typed, out of Slack's markup: links and names as words, signs unescaped."""
    words = _LINK.sub(lambda found: found[1] or found[2].removeprefix("mailto:"), text)
    return words.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&").strip()
