"""`wismo rules`: routing rules from files, shown, compared, tried out and put in force."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.cli import session
from bot.cli.versions import Family, Number, Reason, add_versions

if TYPE_CHECKING:
    from core.queries.routing import RulesView

rules = typer.Typer(help="Routing rules as versions.", no_args_is_help=True)
CHUNK = 500


def _family() -> Family:
    from core.commands import routing as commands
    from core.queries import routing as questions

    return Family(
        questions.ShowRules,
        commands.PutRules,
        questions.ListPresets,
        commands.DraftRules,
        questions.DiffRules,
        commands.RollBackRules,
        commands.SwitchRulesOff,
    )


def _words(view: RulesView) -> Iterator[str]:
    if not view.number:
        yield f"No routing rules are in force; the policy objective is {view.objective}."
    yield from view.words


add_versions(rules, _family, _words, off="Route without rules: the policy `objective` decides.")


@rules.command("activate")
def activate(
    context: typer.Context,
    number: int,
    sure: Annotated[bool, typer.Option("--sure", help="Without a look at the effect.")] = False,
    reason: Reason = "",
) -> None:
    """Put a version in force; without --sure the effect on the last orders is shown first."""
    from core.commands.routing import ActivateRules, Sure

    session.do(context, ActivateRules(number, Sure.SURE if sure else None, reason))


@rules.command("simulate")
def simulate(
    context: typer.Context,
    number: Number = 0,
    days: Annotated[int, typer.Option(help="How far back.")] = 90,
) -> None:
    """Try a version on all orders of the last days, beside the present rules; nothing changes."""
    from core.domain.routing.simulate import figures

    with session.house(context) as house, session.progress("Trying the rules") as report:
        now, then, changed = _whole(house, number, days, report)
    rows = [
        (each.name, _shown(before.value), _shown(each.value))
        for before, each in zip(figures(now), figures(then), strict=True)
    ]
    session.table(("", "now", "then"), rows, "")
    print(f"{changed} of {then.orders} orders would ship otherwise. Nothing was changed.")


def _whole(house: Any, number: int, days: int, report: Any) -> tuple[Any, Any, int]:
    """All chunks of a simulation added up; the share done is that of the time gone through."""
    from core.domain.routing.simulate import Tally
    from core.queries.simulation import SimulateRules

    now, then, changed, after, first = Tally(), Tally(), 0, "", 0
    while True:
        part = house.query(SimulateRules(number, days, after, CHUNK))
        now, then, changed = now + part.now, then + part.then, changed + part.changed
        if not part.after:
            return now, then, changed
        after = part.after
        placed = int(after.partition(".")[0])
        first = first or placed
        report(min(0.99, (first - placed) / (days * 86_400_000_000)))


def _shown(value: float | None) -> str:
    return "—" if value is None else f"{value:g}"
