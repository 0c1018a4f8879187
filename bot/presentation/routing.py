"""Routing rules: what is in force in plain words, versions, ready rules, diffs, plans to choose."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from bot.grammar.desk import Desk
from bot.presentation.buttons import button, kept
from bot.presentation.model import Action, Card, Field, Page, Section
from bot.presentation.words import ago, count, money
from core.queries.routing import PresetView, RulesDiff, RulesView, VersionBrief

VERSIONS_SHOWN = 5
LINES_SHOWN = 40


def rules_card(view: RulesView, desk: Desk) -> Card:
    """The rules in force, or a version, one line each."""
    versions = Section(tuple(_version(v, desk) for v in view.versions[:VERSIONS_SHOWN]), "Versions")
    if not view.number:
        told = f"Orders ship by the policy `objective`: {view.objective}."
        sections = (Section((told, "Ready rules to begin with: `rules presets`.")), versions)
        return Card(
            "No routing rules are in force",
            tuple(each for each in sections if each.lines),
            actions=kept(button(desk, "rules presets", text="Show Ready Rules")),
        )
    odd = Section(view.odd, "Look at this", "warn")
    return Card(
        f"Routing rules, version {view.number}: {view.name} ({view.state})",
        tuple(each for each in (Section(view.words), odd, versions) if each.lines),
        actions=kept(*_buttons(view, desk)),
        note=_signed(view, desk),
    )


def _signed(view: RulesView, desk: Desk) -> str:
    when = f" {ago(view.at, desk.now)}" if view.at else ""
    return f"Written by {view.by}{when}{f': {view.reason}' if view.reason else ''}."


def _buttons(view: RulesView, desk: Desk) -> Iterator[Action | None]:
    number = {"number": view.number}
    if view.state != "active":
        yield button(desk, "simulate", text="Simulate", more=number)
        yield button(desk, "rules diff", text="Show Differences", more=number)
        activate = f"Put in Force {view.number}"
        yield button(desk, "rules activate", text=activate, more=number, confirm=_CONFIRM)


_CONFIRM = "Every order from now on is routed by these rules. Undo takes it back."


def _version(version: VersionBrief, desk: Desk) -> str:
    why = f" — {version.reason}" if version.reason else ""
    told = f"{version.number} · {version.name} · {version.state}"
    return f"{told} · {version.by}, {ago(version.at, desk.now)}{why}"


def presets_page(presets: list[PresetView]) -> Page:
    return Page(
        "Ready routing rules",
        tuple(f"`rules draft {preset.name}` — {preset.says}" for preset in presets),
        note="Several go one after another: `rules draft stay-in-market nearest`.",
    )


def diff_card(view: RulesDiff, desk: Desk) -> Card:
    than = f"version {view.against}" if view.against else "no rules"
    lines = view.lines[:LINES_SHOWN] or ("They say the same.",)
    return Card(
        f"Version {view.number} beside {than}",
        (Section(lines),),
        actions=kept(button(desk, "rules", text="Show Version", more={"number": view.number})),
    )


# --- plans that a person chooses from ------------------------------------------------------------


def plan_fields(facts: Mapping[str, Any], desk: Desk) -> Iterator[Field]:
    """The plans that a rule offers, each with what it costs."""
    currency = str(facts.get("currency", desk.currency))
    for number, plan in enumerate(facts.get("plans", ()), 1):
        short = f", {count(plan['short'], 'unit')} would wait" if plan["short"] else ""
        told = f"{count(plan['parcels'], 'parcel')}, {money(plan['cost'], currency, desk)}{short}"
        yield Field(f"Plan {number}", f"{' + '.join(plan['locations'])}: {told}")


def plan_buttons(order: str, facts: Mapping[str, Any], desk: Desk) -> Iterable[Action | None]:
    for number, plan in enumerate(facts.get("plans", ()), 1):
        text = f"Ship from {' + '.join(plan['locations'])}"[:60]
        style = "primary" if number == 1 else "plain"
        yield button(desk, "choose", order, text=text, style=style, more={"plan": number})  # type: ignore[arg-type]
