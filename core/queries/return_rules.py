"""Return rules as people see them: what holds in plain words, versions, presets, differences."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from difflib import unified_diff
from typing import Annotated, Any

from core.db import return_rules as rows
from core.db.reading import Reader
from core.domain.access import Right
from core.domain.money import Money
from core.domain.refusals import Invalid, NotFound
from core.domain.returning.explain import document_in_words, lint
from core.domain.returning.presets import PRESETS
from core.domain.returning.rules import Document, Terms, default_terms, to_plain
from core.registry import Arg, question

VERSIONS_SHOWN = 10


@dataclass(frozen=True, slots=True)
class ReturnRulesVersion:
    number: int
    name: str
    state: str  # draft, active, archived
    by: str
    at: datetime
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ReturnRulesView:
    """One version in words and as its document; number 0: no rules are in force. `otherwise` is
    what holds where no rule says anything."""

    number: int
    name: str
    state: str
    words: tuple[str, ...]
    odd: tuple[str, ...]
    otherwise: str
    document: dict[str, Any]
    versions: tuple[ReturnRulesVersion, ...]


@dataclass(frozen=True, slots=True)
class ShowReturnRules:
    """Show the return rules in force, or another version, in plain words."""

    number: Annotated[int, Arg.QUANTITY] = 0


@question(
    "return-rules",
    ShowReturnRules,
    Right.VIEW,
    aliases=("return-rules show",),
    examples=("return-rules", "return-rules show 2"),
)
def show_rules(ask: ShowReturnRules, reader: Reader) -> ReturnRulesView:
    session, shop = reader.session, reader.shop
    states = _states(reader)
    versions = tuple(
        ReturnRulesVersion(
            v.number, v.document.name, states.get(v.number, "draft"), v.actor, v.at, v.reason
        )
        for v in rows.versions(session, shop.id, VERSIONS_SHOWN)
    )
    otherwise = _otherwise(default_terms(shop.policy), reader)
    wanted = ask.number or (shop.return_rules.number if shop.return_rules else 0)
    if not wanted:
        return ReturnRulesView(0, "", "", (), (), otherwise, {}, versions)
    found = rows.version_of(session, shop.id, wanted)
    return ReturnRulesView(
        found.number,
        found.document.name,
        states.get(found.number, "draft"),
        tuple(_in_words(found.document, reader)),
        tuple(lint(found.document, rows.categories_of(session, shop.id))),
        otherwise,
        to_plain(found.document),
        versions,
    )


def _otherwise(terms: Terms, reader: Reader) -> str:
    money = Money(terms.staff_above, reader.shop.currency)
    return (
        f"Otherwise: within {terms.window_days} days of delivery; a person decides above {money}."
    )


def _in_words(document: Document, reader: Reader) -> list[str]:
    return document_in_words(document, lambda minor: str(Money(minor, reader.shop.currency)))


def _states(reader: Reader) -> dict[int, str]:
    """The state of every version that was ever in force; all others are drafts."""
    history = rows.activations(reader.session, reader.shop.id)
    states = dict.fromkeys(history, "archived")
    if history:
        states[history[0]] = "active"
    return states


@dataclass(frozen=True, slots=True)
class ReturnPreset:
    name: str
    says: str


@dataclass(frozen=True, slots=True)
class ListReturnPresets:
    """List the ready rules that `return-rules draft` takes."""


@question("return-rules presets", ListReturnPresets, Right.VIEW, examples=("return-rules presets",))
def list_presets(_ask: ListReturnPresets, _reader: Reader) -> list[ReturnPreset]:
    return [ReturnPreset(name, preset.says) for name, preset in PRESETS.items()]


@dataclass(frozen=True, slots=True)
class ReturnRulesDiff:
    """What a version says that another does not: lines with + and -."""

    number: int
    against: int
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DiffReturnRules:
    """Compare a version of the return rules with those in force, or with another version."""

    number: Annotated[int, Arg.QUANTITY] = 0
    against: Annotated[int, Arg.QUANTITY] = 0


@question(
    "return-rules diff",
    DiffReturnRules,
    Right.VIEW,
    examples=("return-rules diff 3", "return-rules diff 3 1"),
)
def diff_rules(ask: DiffReturnRules, reader: Reader) -> ReturnRulesDiff:
    newest = rows.versions(reader.session, reader.shop.id, 1)
    if not newest:
        raise NotFound("No return rules were written yet.", "Draft some: `return-rules presets`.")
    number = ask.number or newest[0].number
    active = reader.shop.return_rules.number if reader.shop.return_rules else 0
    against = ask.against or (active if active != number else 0)
    if number == against:
        raise Invalid("That is the same version twice.", "Write `return-rules diff 3 1`.")
    before = _lines(reader, against) if against else []
    changed = unified_diff(before, _lines(reader, number), n=0, lineterm="")
    told = [line for line in changed if line[:3] not in ("---", "+++") and line[:2] != "@@"]
    return ReturnRulesDiff(number, against, tuple(told))


def _lines(reader: Reader, number: int) -> list[str]:
    found = rows.version_of(reader.session, reader.shop.id, number)
    return _in_words(found.document, reader)
