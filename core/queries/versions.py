"""Versioned rules as people see them: the newest versions with their state, and differences."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from difflib import unified_diff
from typing import Any, Protocol

from core.db.reading import Reader
from core.db.versions import D, Versions, Written
from core.domain.refusals import Invalid, NotFound
from core.domain.values import dataclass
from core.registry import spec_of

VERSIONS_SHOWN = 10
DRAFT = "draft"


@dataclass(frozen=True, slots=True)
class VersionBrief:
    number: int
    name: str
    state: str  # draft, active, archived
    by: str
    at: datetime
    reason: str = ""


@dataclass(frozen=True, slots=True)
class PresetView:
    name: str
    says: str


@dataclass(frozen=True, slots=True)
class Difference:
    """What a version says that another does not: lines with + and -."""

    number: int
    against: int
    lines: tuple[str, ...]


InWords = Callable[[D, Reader], Sequence[str]]


def briefs(
    rules: Versions[Any], reader: Reader, states: Mapping[int, str]
) -> tuple[VersionBrief, ...]:
    """The newest versions, the newest first."""
    return tuple(
        VersionBrief(
            v.number, v.document.name, states.get(v.number, DRAFT), v.actor, v.at, v.reason
        )
        for v in rules.newest(reader.session, reader.shop.id, VERSIONS_SHOWN)
    )


def states_of(rules: Versions[Any], reader: Reader) -> dict[int, str]:
    """The state of every version that was ever in force; all others are drafts."""
    history = rules.activations(reader.session, reader.shop.id)
    states = {each.number: "archived" for each in history}
    if history:
        states[history[0].number] = "active"
    return states


def newest_of(rules: Versions[D], reader: Reader) -> Written[D]:
    """The newest version, a draft or not; NotFound where none was ever written."""
    found = rules.newest(reader.session, reader.shop.id, 1)
    if not found:
        raise NotFound(f"No {rules.name} were written yet.", f"Draft some: `{rules.verb} presets`.")
    return found[0]


class Compared(Protocol):
    """A question about two versions; 0 is the newest, and the one in force."""

    @property
    def number(self) -> int: ...

    @property
    def against(self) -> int: ...


def difference(
    rules: Versions[D], reader: Reader, ask: Compared, in_words: InWords[D]
) -> tuple[int, int, tuple[str, ...]]:
    """Both numbers and the lines that differ; Invalid where they are the same version."""
    newest, active = newest_of(rules, reader), rules.in_force(reader.shop)
    number = ask.number or newest.number
    against = ask.against or (active if active != number else 0)
    if number == against:
        raise Invalid("That is the same version twice.", f"Write `{spec_of(ask).examples[-1]}`.")

    def lines(wanted: int) -> Sequence[str]:
        return in_words(rules.one(reader.session, reader.shop.id, wanted).document, reader)

    before = lines(against) if against else ()
    changed = unified_diff(before, lines(number), n=0, lineterm="")
    told = [line for line in changed if line[:3] not in ("---", "+++") and line[:2] != "@@"]
    return number, against, tuple(told)
