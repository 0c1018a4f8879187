"""Loading one language's lexicon file: word groups, ordered rules, control words, ordinals."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from bot.chat.understanding.intents import INTENTS, Intent
from core.domain.values import dataclass

LANGUAGES = ("en", "de")
_HERE = Path(__file__).parent
_GROUP = re.compile(r"<(\w+)>")
# A stem, its endings in brackets, a question mark; nothing that goes on as an open pattern.
_WORD = re.compile(r"([^\W\d_]++)(?:\(\?:((?:[^\W\d_]|\|)++)\))?+(\??+)(?![\\\[(\w*+])")


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
    reasons: tuple[tuple[re.Pattern[str], str], ...]
    faults: tuple[tuple[re.Pattern[str], str], ...]


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
        reasons=tuple((_shape(shapes, groups), name) for name, shapes in data["reasons"].items()),
        faults=tuple((_shape(shapes, groups), name) for name, shapes in data["faults"].items()),
    )


@cache
def goods() -> dict[str, frozenset[str]]:
    """What a word for an item is called in the other language."""
    named = tomllib.loads((_HERE / "goods.toml").read_text("utf-8"))
    found: dict[str, set[str]] = {}
    for english, others in named.items():
        for german in others:
            found.setdefault(german, set()).add(english)
            found.setdefault(english, set()).add(german)
    return {word: frozenset(others) for word, others in found.items()}


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _targets(data: dict[str, Any]) -> Iterator[str]:
    """Words worth correcting a typo towards: every whole word that a rule can see."""
    shapes = [shape for words in data["words"].values() for shape in words]
    shapes += [shape for row in data["rules"] for shape in row["any"]]
    for shape in shapes:
        for stem, endings, optional in _WORD.findall(_GROUP.sub(" ", shape)):
            yield from (word for word in _spelled_out(stem, endings, optional) if len(word) > 4)


def _spelled_out(stem: str, endings: str, optional: str) -> list[str]:
    """`orders?` is order and orders; `deliver(?:y|ies)` is delivery and deliveries."""
    if endings:
        return [stem + ending for ending in endings.split("|")] + [stem] * bool(optional)
    return [stem, stem[:-1]] if optional else [stem]


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
