"""Versioned rules: their versions, the ready ones and differences, alike for every family."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bot.grammar.desk import Desk
from bot.presentation.buttons import button, kept
from bot.presentation.model import Action, Card, Page, Section
from bot.presentation.words import ago
from core.queries.versions import Difference, PresetView, VersionBrief

VERSIONS_SHOWN = 5
LINES_SHOWN = 40


def versions_section(versions: Sequence[VersionBrief], desk: Desk) -> Section:
    return Section(tuple(_version(v, desk) for v in versions[:VERSIONS_SHOWN]), "Versions")


def _version(version: VersionBrief, desk: Desk) -> str:
    why = f" — {version.reason}" if version.reason else ""
    told = f"{version.number} · {version.name} · {version.state}"
    return f"{told} · {version.by}, {ago(version.at, desk.now)}{why}"


def none_in_force(verb: str, what: str, told: str, versions: Section, desk: Desk) -> Card:
    """The card of a shop without such rules; `told` is what holds instead."""
    sections = (Section((told, f"Ready rules to begin with: `{verb} presets`.")), versions)
    return Card(
        f"No {what} are in force",
        tuple(each for each in sections if each.lines),
        actions=kept(button(desk, f"{verb} presets", text="Show Ready Rules")),
    )


def draft_buttons(verb: str, number: int, confirm: str, desk: Desk) -> Iterable[Action | None]:
    """What to do with a version that is not in force."""
    more = {"number": number}
    yield button(desk, f"{verb} diff", text="Show Differences", more=more)
    activate = f"Put in Force {number}"
    yield button(desk, f"{verb} activate", text=activate, more=more, confirm=confirm)


def presets_page(verb: str, title: str, example: str, presets: Iterable[PresetView]) -> Page:
    return Page(
        title,
        tuple(f"`{verb} draft {preset.name}` — {preset.says}" for preset in presets),
        note=f"Several go one after another: `{verb} draft {example}`.",
    )


def difference_card(verb: str, view: Difference, desk: Desk) -> Card:
    than = f"version {view.against}" if view.against else "no rules"
    lines = view.lines[:LINES_SHOWN] or ("They say the same.",)
    show = button(desk, verb, text="Show Version", more={"number": view.number})
    return Card(f"Version {view.number} beside {than}", (Section(lines),), actions=kept(show))
