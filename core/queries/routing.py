"""Routing rules as people see them: what is in force in plain words, versions, presets, diffs."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from core.db.reading import Reader
from core.db.routing import RULES
from core.domain.access import Right
from core.domain.money import Money
from core.domain.routing.document import Document, to_plain
from core.domain.routing.explain import document_in_words
from core.domain.routing.lint import lint
from core.domain.routing.presets import PRESETS
from core.domain.values import dataclass
from core.queries.versions import (
    DRAFT,
    Difference,
    PresetView,
    VersionBrief,
    briefs,
    difference,
    states_of,
)
from core.registry import Arg, question


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
    "rules",
    ShowRules,
    Right.VIEW,
    aliases=("rules show", "rules lint", "rules check"),
    examples=("rules", "rules show 3"),
)
def show_rules(ask: ShowRules, reader: Reader) -> RulesView:
    shop, session = reader.shop, reader.session
    states = states_of(RULES, reader)
    versions = briefs(RULES, reader, states)
    objective = str(shop.policy["objective"]).replace("_", " ")
    wanted = ask.number or RULES.in_force(shop)
    if not wanted:
        return RulesView(0, "", "", (), (), "", None, "", {}, versions, objective)
    found = RULES.one(session, shop.id, wanted)
    return RulesView(
        found.number,
        found.document.name,
        states.get(found.number, DRAFT),
        tuple(_in_words(found.document, reader)),
        tuple(lint(found.document, shop.locations.values())),
        found.actor,
        found.at,
        found.reason,
        to_plain(found.document),
        versions,
        objective,
    )


def _in_words(document: Document, reader: Reader) -> list[str]:
    currency = reader.shop.currency
    return document_in_words(document, lambda amount: str(Money(amount, currency)))


@dataclass(frozen=True, slots=True)
class ListPresets:
    """List the ready rules that `rules draft` takes."""


@question("rules presets", ListPresets, Right.VIEW, examples=("rules presets",))
def list_presets(_ask: ListPresets, _reader: Reader) -> list[PresetView]:
    return [PresetView(preset.name, preset.says) for preset in PRESETS.values()]


@dataclass(frozen=True, slots=True)
class RulesDiff(Difference):
    """What a version of the routing rules says that another does not."""


@dataclass(frozen=True, slots=True)
class DiffRules:
    """Compare a version of the rules with those in force, or with another version."""

    number: Annotated[int, Arg.QUANTITY] = 0
    against: Annotated[int, Arg.QUANTITY] = 0


@question("rules diff", DiffRules, Right.VIEW, examples=("rules diff 4", "rules diff 4 2"))
def diff_rules(ask: DiffRules, reader: Reader) -> RulesDiff:
    return RulesDiff(*difference(RULES, reader, ask, _in_words))
