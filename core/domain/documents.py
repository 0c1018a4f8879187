"""Strict reading of documents that people write as JSON: what is wrong is said, and where."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from difflib import get_close_matches
from enum import StrEnum
from typing import Any, TypeVar

from core.domain.refusals import Invalid

WORDS_MOST = 200
NUMBER_MOST = 10**9
T = TypeVar("T")
Read = Callable[[Any, str], Any]


def wrong(place: str, what: str) -> Invalid:
    end = "" if what.endswith("?") else "."
    return Invalid(f"{place or 'The document'}: {what}{end}", code="bad_rules")


def read_object(value: Any, place: str, known: Mapping[str, Read]) -> Mapping[str, Any]:
    """The value as an object that has no key but the known ones."""
    if not isinstance(value, Mapping):
        raise wrong(place, f"write an object with {', '.join(known)}")
    for name in value:
        if name not in known:
            near = get_close_matches(str(name), known, 1)
            hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(known)}"
            raise wrong(f"{place}.{name}".removeprefix("."), f"there is no such key; {hint}")
    return value


def build(shape: Callable[..., T], value: Any, place: str, known: Mapping[str, Read]) -> T:
    return shape(**read_fields(value, place, known))


def read_fields(value: Any, place: str, known: Mapping[str, Read]) -> dict[str, Any]:
    given = read_object(value, place, known)
    return {name: known[name](each, f"{place}.{name}".lstrip(".")) for name, each in given.items()}


def read_name(value: Any, place: str) -> str:
    if not isinstance(value, str) or not 1 <= len(value.strip()) <= 100:
        raise wrong(place, "write a name of 1 to 100 characters")
    return value.strip()


def read_text(value: Any, place: str) -> str:
    if not isinstance(value, str) or len(value) > 200:
        raise wrong(place, "write a text of 200 characters at most")
    return value.strip()


def read_yes(value: Any, place: str) -> bool:
    if not isinstance(value, bool):
        raise wrong(place, "write true or false")
    return value


def read_whole(least: int, most: int = NUMBER_MOST) -> Read:
    def read(value: Any, place: str) -> int:
        is_whole = isinstance(value, int) and not isinstance(value, bool)
        if not is_whole or not least <= value <= most:
            raise wrong(place, f"write a whole number from {least} to {most}")
        return int(value)

    return read


def read_words(fold: Callable[[str], str]) -> Read:
    def read(value: Any, place: str) -> tuple[str, ...]:
        if not isinstance(value, list) or not 1 <= len(value) <= WORDS_MOST:
            raise wrong(place, f"write a list of 1 to {WORDS_MOST} words")
        words = [read_name(each, f"{place}[{n}]") for n, each in enumerate(value)]
        return tuple(dict.fromkeys(fold(word) for word in words))

    return read


def read_choice(choices: type[StrEnum]) -> Read:
    def read(value: Any, place: str) -> StrEnum:
        known = [each.value for each in choices]
        if value not in known:
            raise wrong(place, f"“{value}” is not known; write {' or '.join(known)}")
        return choices(value)

    return read


def read_list(read_one: Read, most: int) -> Read:
    def read(value: Any, place: str) -> tuple[Any, ...]:
        if not isinstance(value, list) or len(value) > most:
            raise wrong(place, f"write a list of {most} at most")
        return tuple(read_one(each, f"{place}[{n}]") for n, each in enumerate(value))

    return read
