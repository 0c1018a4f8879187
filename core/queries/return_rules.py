"""Return rules as people see them: what holds in plain words, versions, presets, differences."""

from __future__ import annotations

from typing import Annotated, Any

from core.db.reading import Reader
from core.db.return_rules import RETURN_RULES, categories_of
from core.domain.access import Right
from core.domain.money import Money
from core.domain.returning.explain import document_in_words, lint
from core.domain.returning.presets import PRESETS
from core.domain.returning.rules import Document, Terms, default_terms, to_plain
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
    versions: tuple[VersionBrief, ...]


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
    states = states_of(RETURN_RULES, reader)
    versions = briefs(RETURN_RULES, reader, states)
    otherwise = _otherwise(default_terms(shop.policy), reader)
    wanted = ask.number or RETURN_RULES.in_force(shop)
    if not wanted:
        return ReturnRulesView(0, "", "", (), (), otherwise, {}, versions)
    found = RETURN_RULES.one(session, shop.id, wanted)
    return ReturnRulesView(
        found.number,
        found.document.name,
        states.get(found.number, DRAFT),
        tuple(_in_words(found.document, reader)),
        tuple(lint(found.document, categories_of(session, shop.id))),
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


@dataclass(frozen=True, slots=True)
class ListReturnPresets:
    """List the ready rules that `return-rules draft` takes."""


@question("return-rules presets", ListReturnPresets, Right.VIEW, examples=("return-rules presets",))
def list_presets(_ask: ListReturnPresets, _reader: Reader) -> list[PresetView]:
    return [PresetView(name, preset.says) for name, preset in PRESETS.items()]


@dataclass(frozen=True, slots=True)
class ReturnRulesDiff(Difference):
    """What a version of the return rules says that another does not."""


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
    return ReturnRulesDiff(*difference(RETURN_RULES, reader, ask, _in_words))
