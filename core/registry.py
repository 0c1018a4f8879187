"""The one list of what can be asked and done: it feeds Slack's grammar, the CLI, REST and help.

It knows no handler; the modules in core/commands and core/queries enter themselves here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import field, replace
from enum import StrEnum
from functools import cache
from typing import Any, TypeVar, get_type_hints

import msgspec

from core.domain.access import Right
from core.domain.masking import mask_cards
from core.domain.refusals import Invalid
from core.domain.storable import require_storable
from core.domain.values import dataclass

H = TypeVar("H", bound=Callable[..., Any])
NOTES = ("note", "payment_note")
NO_WORDS = ("reference", "value")  # somebody else's number, a setting: kept as it was written


class Arg(StrEnum):
    """What kind of word an argument is; `Annotated[str, Arg.ORDER]` tells the grammar."""

    ORDER = "order"
    CASE = "case"
    RETURN = "return"
    LOCATION = "location"
    SKU = "sku"
    LINE = "line"  # one line of the order by its SKU: “line mug-red”
    QUANTITY = "quantity"
    UNITS = "units"  # lines with their units: “mug-red 1 card 2”
    CHOICE = "choice"
    UNTIL = "until"
    DAY = "day"  # a calendar day, in its place among the other words
    TAG = "tag"
    WORD = "word"
    TEXT = "text"  # the rest of what was typed
    NONE = "none"  # not typed: filled by forms, buttons and machines


class Risk(StrEnum):
    READ = "read"
    REVERSIBLE = "reversible"
    GRAVE = "grave"  # shown once more before it is done, and undone only inside the undo window
    IRREVERSIBLE = "irreversible"

    @property
    def asks_first(self) -> bool:
        return self in (Risk.GRAVE, Risk.IRREVERSIBLE)


@dataclass(frozen=True, slots=True)
class Done:
    """What a handler answers: a sentence without personal data, and small facts for machines."""

    sentence: str
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Spec:
    """One command or question. `name` is for machines, `verb` and `aliases` for people."""

    name: str
    verb: str
    shape: type
    handler: Callable[..., Any]
    right: Right
    summary: str
    risk: Risk = Risk.READ
    aliases: tuple[str, ...] = ()
    examples: tuple[str, ...] = ()
    many: bool = False
    prepare: Callable[..., Any] | None = None
    in_chat: bool = True
    looks_first: bool = False  # `prepare` is too slow for the writer, however small the shop is
    questions: Callable[..., Any] | None = None  # (command, shop id): what it will ask for certain
    asks_for: str = ""  # the argument without which a form is opened
    turn: Callable[[Any], str] | None = None  # whose refusals are counted: they come one by one

    @property
    def is_question(self) -> bool:
        return self.risk is Risk.READ

    def read(self, arguments: Mapping[str, Any]) -> Any:
        """Arguments as JSON data into the command; raises Invalid naming the wrong field."""
        try:
            found: Any = msgspec.convert(dict(arguments), self.shape, strict=False)
        except msgspec.ValidationError as problem:
            raise Invalid(f"{self.name}: {problem}.", "See /api/v1/openapi.json.") from problem
        require_storable(found)
        return found

    def schema(self) -> dict[str, Any]:
        return msgspec.json.schema(self.shape)


COMMANDS: dict[str, Spec] = {}
QUESTIONS: dict[str, Spec] = {}
_BY_SHAPE: dict[type, Spec] = {}


def command(
    verb: str,
    shape: type,
    right: Right,
    *,
    risk: Risk = Risk.REVERSIBLE,
    prepare: Callable[..., Any] | None = None,
    aliases: tuple[str, ...] = (),
    examples: tuple[str, ...] = (),
    many: bool = False,
    in_chat: bool = True,
    looks_first: bool = False,
    questions: Callable[..., Any] | None = None,
    asks_for: str = "",
    turn: Callable[[Any], str] | None = None,
) -> Callable[[H], H]:
    """Enter a handler `(command, uow) -> Done` for a command; its docstring is the summary."""

    def enter(handler: H) -> H:
        spec = Spec(
            _snake(shape),
            verb,
            shape,
            handler,
            right,
            _summary(shape),
            risk,
            aliases,
            examples,
            many,
            prepare,
            in_chat,
            looks_first,
            questions,
            asks_for,
            turn,
        )
        _enter(COMMANDS, spec)
        return handler

    return enter


def question(
    verb: str,
    shape: type,
    right: Right,
    *,
    aliases: tuple[str, ...] = (),
    examples: tuple[str, ...] = (),
    in_chat: bool = True,
) -> Callable[[H], H]:
    """Enter a handler `(question, reader) -> view` for a question."""

    def enter(handler: H) -> H:
        spec = Spec(
            _snake(shape),
            verb,
            shape,
            handler,
            right,
            _summary(shape),
            Risk.READ,
            aliases,
            examples,
            in_chat=in_chat,
        )
        _enter(QUESTIONS, spec)
        return handler

    return enter


def spec_of(asked: object) -> Spec:
    """The entry of a command or question by its own class."""
    return _BY_SHAPE[type(asked)]


def command_named(name: str) -> Spec:
    found = COMMANDS.get(name.replace("-", "_"))
    if found is None:
        known = ", ".join(sorted(COMMANDS))
        raise Invalid(f"There is no command {name}.", f"Commands: {known}.", code="unknown_command")
    return found


def without_cards(asked: Any) -> Any:
    """A command as it may be kept: no number of a payment card in what people wrote."""
    told = {name: getattr(asked, name) for name in _words_of(asked.__class__)}
    kept = {name: mask_cards(words) for name, words in told.items() if words}
    return replace(asked, **kept) if any(kept[name] != told[name] for name in kept) else asked


@cache
def _words_of(shape: Any) -> tuple[str, ...]:
    """The fields of a command that hold free text."""
    hints = get_type_hints(shape, include_extras=True)
    free = (n for n, kind in hints.items() if Arg.TEXT in getattr(kind, "__metadata__", ()))
    return tuple(n for n in (*free, *(n for n in NOTES if n in hints)) if n not in NO_WORDS)


def _enter(book: dict[str, Spec], spec: Spec) -> None:
    if spec.name in book or spec.shape in _BY_SHAPE:
        raise ValueError(f"{spec.name} is entered twice")
    book[spec.name] = spec
    _BY_SHAPE[spec.shape] = spec


def _snake(shape: type) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", shape.__name__).lower()


def _summary(shape: type) -> str:
    """The first paragraph of what it says about itself, in one line."""
    return " ".join((shape.__doc__ or "").strip().partition("\n\n")[0].split())
