"""Loading one language's lexicon file: word groups, ordered rules, control words, ordinals."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from bot.chat.understanding.intents import INTENTS, Intent

LANGUAGES = ("en", "de")
_HERE = Path(__file__).parent
_GROUP = re.compile(r"<(\w+)>")
_WORD = re.compile(r"[^\W\d_]{5,}")


@dataclass(frozen=True, slots=True)
class Rule:
    """One sentence shape and what it means; `unless` shapes veto it."""

    intent: Intent
    sure: float
    any: re.Pattern[str]
    unless: re.Pattern[str] | None


@dataclass(frozen=True, slots=True)
class Lexicon:
    language: str
    marks: frozenset[str]
    known: frozenset[str]
    targets: tuple[str, ...]
    spellings: dict[str, str]
    rules: tuple[Rule, ...]
    controls: dict[str, str]
    ordinals: dict[str, int]


@cache
def lexicon(language: str) -> Lexicon:
    """The lexicon of `language`, read once from its file beside this module."""
    data = tomllib.loads((_HERE / f"{language}.toml").read_text("utf-8"))
    groups = {name: "|".join(words) for name, words in data["words"].items()}
    targets = frozenset(_targets(data))
    return Lexicon(
        language=language,
        marks=frozenset(data["marks"]),
        known=targets | _words(data["plain"]) | frozenset(data["marks"]),
        targets=tuple(sorted(targets)),
        spellings=data["spellings"],
        rules=tuple(_rule(row, groups) for row in data["rules"]),
        controls={text: name for name, texts in data["controls"].items() for text in texts},
        ordinals=data["ordinals"],
    )


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _targets(data: dict[str, Any]) -> list[str]:
    """Words worth correcting a typo towards: every whole word that a rule can see."""
    shapes = [shape for words in data["words"].values() for shape in words]
    shapes += [shape for row in data["rules"] for shape in row["any"]]
    whole = (re.sub(r"\\w[*+?]?|\w+\?|\w*\[[^\]]*\]\w*|\w+\(", " ", shape) for shape in shapes)
    return [word for shape in whole for word in _WORD.findall(_GROUP.sub(" ", shape))]


def _rule(row: dict[str, Any], groups: dict[str, str]) -> Rule:
    if row["intent"] not in INTENTS:
        raise ValueError(f"{row['intent']} is no intent; use one of {', '.join(INTENTS)}.")
    unless = row.get("unless")
    return Rule(
        intent=row["intent"],
        sure=row.get("sure", 0.85),
        any=_shape(row["any"], groups),
        unless=_shape(unless, groups) if unless else None,
    )


def _shape(shapes: list[str], groups: dict[str, str]) -> re.Pattern[str]:
    """`<group>` stands for any of its words, ` ~ ` for up to six words between."""
    filled = (_GROUP.sub(lambda found: f"(?:{groups[found[1]]})", shape) for shape in shapes)
    gapped = (shape.replace(" ~ ", r" (?:\S+ ){0,6}?") for shape in filled)
    return re.compile(r"(?<!\S)(?:" + "|".join(gapped) + r")(?!\S)")
