"""`wismo rules`: routing rules from files, shown, compared, tried out and put in force."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from bot.cli import session

rules = typer.Typer(help="Routing rules as versions.", no_args_is_help=True)
CHUNK = 500
Number = Annotated[int, typer.Argument(help="A version; 0: the one in force.")]


@rules.command("show")
def show(
    context: typer.Context,
    number: Number = 0,
    as_json: Annotated[bool, typer.Option("--json", help="The document itself.")] = False,
) -> None:
    """The rules in force, or a version, in plain words."""
    from core.queries.routing import ShowRules

    with session.house(context) as house:
        view = house.query(ShowRules(number))
    if as_json:
        session.print_json(view.document)
        return
    if not view.number:
        print(f"No routing rules are in force; the policy objective is {view.objective}.")
    print("\n".join([*view.words, *(f"Look at this: {line}" for line in view.odd)]))
    rows = [(v.number, v.name, v.state, v.by, v.at, v.reason) for v in view.versions]
    session.table(("version", "name", "state", "by", "at", "why"), rows, "No version yet.")


@rules.command("put")
def put(
    context: typer.Context,
    file: Annotated[str, typer.Argument(help="A JSON document; - reads standard input.")],
    reason: Annotated[str, typer.Option(help="Why.")] = "",
) -> None:
    """Write a new version from a file; it is a draft until it is activated."""
    from core.commands.routing import PutRules

    session.do(context, PutRules(document(file), reason))


def document(file: str) -> Any:
    from core.domain.refusals import Invalid

    try:
        text = sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8")
        return json.loads(text)
    except OSError as problem:
        raise Invalid(f"{file} cannot be read ({problem.strerror}).") from problem
    except ValueError as problem:
        raise Invalid(f"{file} is no JSON document: {problem}.") from problem


@rules.command("presets")
def presets(context: typer.Context) -> None:
    """The ready rules that `draft` takes."""
    from core.queries.routing import ListPresets

    with session.house(context) as house:
        found = house.query(ListPresets())
    session.table(("name", "what it does"), [(each.name, each.says) for each in found], "")


@rules.command("draft")
def draft(context: typer.Context, names: list[str]) -> None:
    """A new version from ready rules, one after another."""
    from core.commands.routing import DraftRules

    session.do(context, DraftRules(" ".join(names)))


@rules.command("diff")
def diff(
    context: typer.Context,
    number: Number = 0,
    against: Annotated[int, typer.Argument(help="Another version; 0: the one in force.")] = 0,
) -> None:
    """What a version says that another does not."""
    from core.queries.routing import DiffRules

    with session.house(context) as house:
        print("\n".join(house.query(DiffRules(number, against)).lines))


@rules.command("activate")
def activate(
    context: typer.Context,
    number: int,
    sure: Annotated[bool, typer.Option("--sure", help="Without a look at the effect.")] = False,
    reason: Annotated[str, typer.Option(help="Why.")] = "",
) -> None:
    """Put a version in force; without --sure the effect on the last orders is shown first."""
    from core.commands.routing import ActivateRules, Sure

    session.do(context, ActivateRules(number, Sure.SURE if sure else None, reason))


@rules.command("rollback")
def rollback(context: typer.Context) -> None:
    """Put the rules in force again that were so before."""
    from core.commands.routing import RollBackRules

    session.do(context, RollBackRules())


@rules.command("off")
def off(context: typer.Context) -> None:
    """Route without rules: the policy `objective` decides."""
    from core.commands.routing import SwitchRulesOff

    session.do(context, SwitchRulesOff())


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
