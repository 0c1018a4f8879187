"""Return rules: what holds in plain words, versions, ready rules, differences."""

from __future__ import annotations

from collections.abc import Iterator

from bot.grammar.desk import Desk
from bot.presentation.buttons import button, kept
from bot.presentation.model import Action, Card, Page, Section
from bot.presentation.words import ago
from core.queries.return_rules import (
    ReturnPreset,
    ReturnRulesDiff,
    ReturnRulesVersion,
    ReturnRulesView,
)

VERSIONS_SHOWN = 5
LINES_SHOWN = 40
_CONFIRM = "Every return from now on is judged by these rules. Undo takes it back."


def return_rules_card(view: ReturnRulesView, desk: Desk) -> Card:
    """The rules in force, or a version, one line each."""
    versions = Section(tuple(_version(v, desk) for v in view.versions[:VERSIONS_SHOWN]), "Versions")
    if not view.number:
        ready = "Ready rules to begin with: `return-rules presets`."
        sections = (Section((view.otherwise, ready)), versions)
        return Card(
            "No return rules are in force",
            tuple(each for each in sections if each.lines),
            actions=kept(button(desk, "return-rules presets", text="Show Ready Rules")),
        )
    odd = Section(view.odd, "Look at this", "warn")
    words = Section((*view.words, view.otherwise))
    return Card(
        f"Return rules, version {view.number}: {view.name} ({view.state})",
        tuple(each for each in (words, odd, versions) if each.lines),
        actions=kept(*_buttons(view, desk)),
    )


def _buttons(view: ReturnRulesView, desk: Desk) -> Iterator[Action | None]:
    number = {"number": view.number}
    if view.state != "active":
        yield button(desk, "return-rules diff", text="Show Differences", more=number)
        yield button(
            desk,
            "return-rules activate",
            text=f"Put in Force {view.number}",
            more=number,
            confirm=_CONFIRM,
        )


def _version(version: ReturnRulesVersion, desk: Desk) -> str:
    why = f" — {version.reason}" if version.reason else ""
    told = f"{version.number} · {version.name} · {version.state}"
    return f"{told} · {version.by}, {ago(version.at, desk.now)}{why}"


def return_presets(presets: list[ReturnPreset]) -> Page:
    return Page(
        "Ready return rules",
        tuple(f"`return-rules draft {preset.name}` — {preset.says}" for preset in presets),
        note="Several go one after another: `return-rules draft vip-longer two-weeks`.",
    )


def return_rules_diff(view: ReturnRulesDiff, desk: Desk) -> Card:
    than = f"version {view.against}" if view.against else "no rules"
    lines = view.lines[:LINES_SHOWN] or ("They say the same.",)
    show = button(desk, "return-rules", text="Show Version", more={"number": view.number})
    return Card(f"Version {view.number} beside {than}", (Section(lines),), actions=kept(show))
