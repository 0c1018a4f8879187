"""Surface-neutral words and forms: what a card, a form or an answer says, not how it looks."""

from __future__ import annotations

from dataclasses import field
from typing import Any, Literal

from core.domain.values import dataclass

Tone = Literal["plain", "good", "warn", "bad", "quiet"]


@dataclass(frozen=True, slots=True)
class Field:
    """A label and its value, side by side."""

    label: str
    value: str
    tone: Tone = "plain"


@dataclass(frozen=True, slots=True)
class Action:
    """A button: what it does when pressed.

    `verb` is a registry verb; `arguments` complete the command (plain JSON). `form` opens the
    prefilled form instead of acting at once. `version` is the order's version that was shown.
    """

    label: str
    verb: str
    arguments: dict[str, Any] = field(default_factory=dict)
    form: bool = False
    version: int | None = None
    style: Literal["plain", "primary", "danger"] = "plain"
    confirm: str = ""
    url: str = ""  # a page that opens; then nothing else happens


@dataclass(frozen=True, slots=True)
class Section:
    """A paragraph or a list of lines, with an optional heading."""

    lines: tuple[str, ...]
    heading: str = ""
    tone: Tone = "plain"


@dataclass(frozen=True, slots=True)
class Card:
    """One thing at a glance. `title` states the point by itself (it is the fallback text too).

    `subject` (order:<id>, case:<id>) lets a surface keep one message per thing up to date.
    """

    title: str
    sections: tuple[Section, ...] = ()
    fields: tuple[Field, ...] = ()
    actions: tuple[Action, ...] = ()
    more: tuple[Action, ...] = ()
    subject: str = ""
    note: str = ""
    tone: Tone = "plain"


@dataclass(frozen=True, slots=True)
class Choice:
    value: str
    label: str


@dataclass(frozen=True, slots=True)
class Input:
    """One question of a form; `name` is the command's argument."""

    name: str
    label: str
    kind: Literal["text", "long", "choice", "number", "date", "moment", "check"]
    value: str = ""
    choices: tuple[Choice, ...] = ()
    optional: bool = False
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Form:
    """A short form that ends in one command; `fixed` are arguments that are not asked."""

    title: str
    verb: str
    inputs: tuple[Input, ...]
    submit: str
    fixed: dict[str, Any] = field(default_factory=dict)
    version: int | None = None
    note: str = ""
    live: bool = False  # what is entered is looked at while the form is open


@dataclass(frozen=True, slots=True)
class Page:
    """A list of cards in brief: lines with a number each, and how to get more."""

    title: str
    lines: tuple[str, ...]
    actions: tuple[Action, ...] = ()
    empty: str = "Nothing here."
    note: str = ""


Answer = Card | Page | Form
