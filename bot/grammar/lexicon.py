"""The words that the registry knows: phrases of verbs, and the arguments behind each."""

from __future__ import annotations

import types
from collections.abc import Sequence
from dataclasses import MISSING, fields
from enum import Enum
from functools import cache, lru_cache
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

from core.domain.values import dataclass
from core.registry import COMMANDS, QUESTIONS, Arg, Spec

NOUNS = {
    "order": Arg.ORDER,
    "case": Arg.CASE,
    "return": Arg.RETURN,
    "stock": Arg.SKU,
    "sku": Arg.SKU,
    "location": Arg.LOCATION,
}


@dataclass(frozen=True, slots=True)
class Slot:
    """One argument of a command: its name, kind, and the words it allows (none: any)."""

    name: str
    kind: Arg
    required: bool
    choices: tuple[str, ...] = ()
    is_flag: bool = False
    default: object = None
    gathers: bool = False  # one command takes all the numbers


@dataclass(frozen=True, slots=True)
class Phrase:
    """One way to say a verb, with everything it could mean."""

    words: tuple[str, ...]
    specs: tuple[Spec, ...]


def phrases() -> tuple[Phrase, ...]:
    """Every phrase, longest first. The registry only ever grows, so its size is its version."""
    return _phrases(len(COMMANDS) + len(QUESTIONS))


@lru_cache(maxsize=4)
def _phrases(_size: int) -> tuple[Phrase, ...]:
    book: dict[tuple[str, ...], list[Spec]] = {}
    for own_word in (True, False):  # a verb comes before somebody else's alias
        for spec in (*COMMANDS.values(), *QUESTIONS.values()):
            said = (spec.verb,) if own_word else spec.aliases
            for words in said if spec.in_chat else ():
                for way in dict.fromkeys((_words(words), tuple(words.casefold().split()))):
                    book.setdefault(way, []).append(spec)
    longest_first = sorted(book.items(), key=lambda entry: -len(entry[0]))
    return tuple(Phrase(words, tuple(specs)) for words, specs in longest_first)


def _words(said: str) -> tuple[str, ...]:
    return tuple(said.replace("-", " ").replace("_", " ").casefold().split())


def matches(words: Sequence[str]) -> list[Phrase]:
    """Phrases that these words begin with, the longest first."""
    return [p for p in phrases() if tuple(words[: len(p.words)]) == p.words]


def spec_of_verb(verb: str) -> Spec | None:
    """What a verb means by itself: commands first, then questions; names are verbs too."""
    named = COMMANDS.get(verb) or QUESTIONS.get(verb)
    if named is not None:
        return named
    said = _words(verb)
    found = next((p.specs for p in phrases() if p.words == said), ())
    return found[0] if found else None


@cache
def slots_of(shape: type) -> tuple[Slot, ...]:
    hints = get_type_hints(shape, include_extras=True)
    return tuple(
        _slot(
            each.name,
            hints[each.name],
            each.default is MISSING and each.default_factory is MISSING,
            None if each.default is MISSING else each.default,
        )
        for each in fields(shape)
    )


@cache
def as_typed(shape: type) -> tuple[Slot, ...]:
    """The arguments in the order in which people type them: units stand behind the order's
    number, or behind the place that comes first, and a free text takes whatever is left."""
    slots = slots_of(shape)
    ranks = _BEFORE_UNITS if any(slot.kind is Arg.UNITS for slot in slots) else {Arg.TEXT: 3}
    first = slots[0] if slots and slots[0].kind is Arg.LOCATION else None
    return tuple(sorted(slots, key=lambda each: 0 if each is first else ranks.get(each.kind, 2)))


_BEFORE_UNITS = {Arg.ORDER: 0, Arg.UNITS: 1, Arg.TEXT: 3}


def _slot(name: str, hint: Any, required: bool, default: object) -> Slot:
    marks: tuple[Any, ...] = ()
    if get_origin(hint) is Annotated:
        hint, *rest = get_args(hint)
        marks = tuple(rest)
    kind = next((mark for mark in marks if isinstance(mark, Arg)), Arg.NONE)
    options = get_args(hint) if get_origin(hint) in (Union, types.UnionType) else (hint,)
    enums = [o for o in options if isinstance(o, type) and issubclass(o, Enum)]
    choices = tuple(str(member.value) for enum in enums for member in enum)
    gathers = get_origin(hint) is tuple
    return Slot(name, kind, required, choices, bool in options, default, gathers)


def first_kind(spec: Spec) -> Arg | None:
    """The kind of the first argument that people type."""
    return next((s.kind for s in slots_of(spec.shape) if s.kind is not Arg.NONE), None)


def usage(spec: Spec) -> str:
    """`hold <order> [reason] [until …] [note]`"""
    typed = (s for s in as_typed(spec.shape) if s.kind is not Arg.NONE)
    return " ".join((spec.verb, *map(_shown, typed)))


def _shown(slot: Slot) -> str:
    leads = slot.kind in (Arg.UNTIL, Arg.LINE)
    name = f"{slot.kind.value} …" if leads else slot.name.replace("_", " ")
    return f"<{name}>" if slot.required else f"[{name}]"
