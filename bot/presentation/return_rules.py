"""Return rules: what holds in plain words, versions, ready rules, differences."""

from __future__ import annotations

from bot.grammar.desk import Desk
from bot.presentation.buttons import kept
from bot.presentation.model import Card, Page, Section
from bot.presentation.versions import (
    difference_card,
    draft_buttons,
    none_in_force,
    presets_page,
    versions_section,
)
from core.queries.return_rules import ReturnRulesDiff, ReturnRulesView
from core.queries.versions import PresetView

VERB = "return-rules"
_CONFIRM = "Every return from now on is judged by these rules. Undo takes it back."


def return_rules_card(view: ReturnRulesView, desk: Desk) -> Card:
    """The rules in force, or a version, one line each."""
    versions = versions_section(view.versions, desk)
    if not view.number:
        return none_in_force(VERB, "return rules", view.otherwise, versions, desk)
    odd = Section(view.odd, "Look at this", "warn")
    words = Section((*view.words, view.otherwise))
    is_draft = view.state != "active"
    return Card(
        f"Return rules, version {view.number}: {view.name} ({view.state})",
        tuple(each for each in (words, odd, versions) if each.lines),
        actions=kept(*draft_buttons(VERB, view.number, _CONFIRM, desk)) if is_draft else (),
    )


def return_presets(presets: list[PresetView]) -> Page:
    return presets_page(VERB, "Ready return rules", "vip-longer two-weeks", presets)


def return_rules_diff(view: ReturnRulesDiff, desk: Desk) -> Card:
    return difference_card(VERB, view, desk)
