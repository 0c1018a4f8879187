"""Routing rules as people see them: what is in force in plain words, versions, presets, diffs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from difflib import unified_diff
from typing import Annotated, Any

from core.db import routing
from core.db.reading import Reader
from core.domain.access import Right
from core.domain.money import Money
from core.domain.refusals import Invalid, NotFound
from core.domain.routing.document import Document, to_plain
from core.domain.routing.explain import document_in_words
from core.domain.routing.lint import lint
from core.domain.routing.presets import PRESETS
from core.registry import Arg, question

VERSIONS_SHOWN = 10


@dataclass(frozen=True, slots=True)
class VersionBrief:
    number: int
    name: str
    state: str  # draft, active, archived
    by: str
    at: datetime
    reason: str = ""


@dataclass(frozen=True, slots=True)
class RulesView:
    """One version in words and as its document; number 0: no rules are in force."""

    number: int
    name: str
    state: str
    words: tuple[str, ...]
    odd: tuple[str, ...]
    by: str
    at: datetime | None
    reason: str
    document: dict[str, Any]
    versions: tuple[VersionBrief, ...]
    objective: str = ""


@dataclass(frozen=True, slots=True)
class ShowRules:
    """Show the routing rules in force, or another version, in plain words."""

    number: Annotated[int, Arg.QUANTITY] = 0


@question(
    "rules", ShowRules, Right.VIEW, aliases=("rules show",), examples=("rules", "rules show 3")
)
def show_rules(ask: ShowRules, reader: Reader) -> RulesView:
    shop, session = reader.shop, reader.session
    states = states_of(reader)
    versions = tuple(
        VersionBrief(
            v.number, v.document.name, states.get(v.number, "draft"), v.actor, v.at, v.reason
        )
        for v in routing.versions(session, shop.id, VERSIONS_SHOWN)
    )
    objective = str(shop.policy["objective"]).replace("_", " ")
    wanted = ask.number or (shop.rules.number if shop.rules else 0)
    if not wanted:
        return RulesView(0, "", "", (), (), "", None, "", {}, versions, objective)
    found = routing.version_of(session, shop.id, wanted)
    return RulesView(
        found.number,
        found.document.name,
        states.get(found.number, "draft"),
        tuple(in_words(found.document, reader)),
        tuple(lint(found.document, shop.locations.values())),
        found.actor,
        found.at,
        found.reason,
        to_plain(found.document),
        versions,
        objective,
    )


def in_words(document: Document, reader: Reader) -> list[str]:
    currency = reader.shop.currency
    return document_in_words(document, lambda amount: str(Money(amount, currency)))


def states_of(reader: Reader) -> dict[int, str]:
    """The state of every version that was ever in force; all others are drafts."""
    history = routing.activations(reader.session, reader.shop.id)
    states = {each.number: "archived" for each in history}
    if history:
        states[history[0].number] = "active"
    return states


@dataclass(frozen=True, slots=True)
class PresetView:
    name: str
    says: str


@dataclass(frozen=True, slots=True)
class ListPresets:
    """List the ready rules that `rules draft` takes."""


@question("rules presets", ListPresets, Right.VIEW, examples=("rules presets",))
def list_presets(_ask: ListPresets, _reader: Reader) -> list[PresetView]:
    return [PresetView(preset.name, preset.says) for preset in PRESETS.values()]


@dataclass(frozen=True, slots=True)
class RulesDiff:
    """What a version says that another does not: lines with + and -."""

    number: int
    against: int
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DiffRules:
    """Compare a version of the rules with those in force, or with another version."""

    number: Annotated[int, Arg.QUANTITY] = 0
    against: Annotated[int, Arg.QUANTITY] = 0


@question("rules diff", DiffRules, Right.VIEW, examples=("rules diff 4", "rules diff 4 2"))
def diff_rules(ask: DiffRules, reader: Reader) -> RulesDiff:
    newest = routing.versions(reader.session, reader.shop.id, 1)
    if not newest:
        raise NotFound("No rules were written yet.", "Draft some: `rules presets`.")
    number = ask.number or newest[0].number
    active = reader.shop.rules.number if reader.shop.rules else 0
    against = ask.against or (active if active != number else 0)
    if number == against:
        raise Invalid("That is the same version twice.", "Write `rules diff 4 2`.")
    before = _lines(reader, against) if against else []
    changed = unified_diff(before, _lines(reader, number), n=0, lineterm="")
    told = [line for line in changed if line[:3] not in ("---", "+++") and line[:2] != "@@"]
    return RulesDiff(number, against, tuple(told))


def _lines(reader: Reader, number: int) -> list[str]:
    return in_words(routing.version_of(reader.session, reader.shop.id, number).document, reader)
