"""Text as people type it, cut into words: quotes, odd spaces, mentions, links, lists of numbers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

from core.domain.values import dataclass

Kind = Literal["word", "quoted", "person", "channel", "link"]

_INVISIBLE = re.compile("[\u200b-\u200d\u2060\ufeff\u00ad]")
_TOKEN = re.compile(
    r"<(?P<mark>[@#!]?)(?P<target>[^<>|\s]+)(?:\|(?P<label>[^<>]*))?>"
    r"|[\"“”„«»](?P<double>[^\"“”„«»]*)[\"“”„«»](?=[\s,;.!?]|$)"
    r"|(?<!\S)['‘’‚](?P<single>[^'‘’‚]*)['‘’](?=[\s,;.!?]|$)"
    r"|(?P<number>#?[A-Za-z]{0,5}-?\d+)(?=[,;+]\s*#?[A-Za-z]{0,5}-?\d)[,;+]"
    r"|(?P<bare>[^\s<]+|<)"
)
_JOINERS = ("", "and", "und", "&", "into", "with", "mit")
_EDGES = ",;:?!.()"
_ORDER = re.compile(r"#?[A-Za-z]{0,5}[-_]?\d{1,11}(?:[-/][A-Za-z0-9]{1,6})*", re.ASCII)
_TRACKING = re.compile(
    r"\d{12,40}|1Z[0-9A-Z]{16}|[A-Z]{2}\d{9}[A-Z]{2}|[A-Z]{2,5}\d{12,30}", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Token:
    """One word with its place in the text; `text` is what it says, `word` what it means."""

    text: str
    start: int
    end: int
    kind: Kind = "word"
    listed: bool = False  # a comma follows

    @property
    def word(self) -> str:
        return self.text.strip(_EDGES).casefold()

    @property
    def order(self) -> str:
        """The order number that this may be, or nothing."""
        clean = self.text.strip(_EDGES)
        fits = self.kind == "word" and _ORDER.fullmatch(clean) and not self.is_tracking
        return clean.lstrip("#") if fits else ""

    @property
    def is_tracking(self) -> bool:
        return self.kind == "word" and is_tracking_number(self.text.strip(_EDGES))


def is_tracking_number(text: str) -> bool:
    return bool(_TRACKING.fullmatch(text))


def cleaned(text: str) -> str:
    """The text without what nobody can see, odd spaces made plain."""
    visible = _INVISIBLE.sub("", text)
    return "".join(" " if char.isspace() else char for char in visible).strip()


def tokenize(text: str) -> list[Token]:
    """Words of a cleaned text. "and" between two numbers is a comma."""
    found = [_token(match) for match in _TOKEN.finditer(text)]
    return [token for place, token in enumerate(found) if not _joins(found, place)]


def wording(text: str, tokens: Sequence[Token]) -> str:
    """What these tokens say, as it was typed; a text all in quotes loses them."""
    if len(tokens) == 1 and tokens[0].kind != "word":
        return tokens[0].text.strip()
    pieces = [text[run[0].start : run[-1].end] for run in _runs(text, tokens)]
    return " ".join(_TOKEN.sub(_readable, piece).strip() for piece in pieces).strip()


def _token(match: re.Match[str]) -> Token:
    start, end = match.span()
    if (target := match["target"]) is not None:
        kind: Kind = {"@": "person", "#": "channel"}.get(match["mark"], "link")  # type: ignore[assignment]
        name = target if kind == "link" else match["label"] or target
        return Token({"person": "@", "channel": "#"}.get(kind, "") + name, start, end, kind)
    for quoted in (match["double"], match["single"]):
        if quoted is not None:
            return Token(quoted, start, end, "quoted")
    if match["number"] is not None:
        return Token(match["number"], start, end, listed=True)
    bare = match["bare"]
    kind = "link" if re.match(r"https?://", bare) else "word"
    return Token(bare, start, end, kind, listed=bare.endswith((",", ";")))


def _joins(tokens: list[Token], place: int) -> bool:
    if tokens[place].word in _JOINERS and 0 < place < len(tokens) - 1:
        return bool(tokens[place - 1].order and tokens[place + 1].order)
    return False


def _runs(text: str, tokens: Sequence[Token]) -> list[list[Token]]:
    """Tokens that stand together in the text: something may have been taken out between them."""
    runs: list[list[Token]] = []
    for token in tokens:
        if runs and not text[runs[-1][-1].end : token.start].strip():
            runs[-1].append(token)
        else:
            runs.append([token])
    return runs


def _readable(match: re.Match[str]) -> str:
    return _token(match).text if match["target"] is not None else match[0]
