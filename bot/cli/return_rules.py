"""`wismo return-rules`: return rules from files, shown, compared and put in force."""

from __future__ import annotations

from typing import Annotated

import typer

from bot.cli import session
from bot.cli.rules import document

return_rules = typer.Typer(help="Return rules as versions.", no_args_is_help=True)
Number = Annotated[int, typer.Argument(help="A version; 0: the one in force.")]
Reason = Annotated[str, typer.Option(help="Why.")]


@return_rules.command("show")
def show(
    context: typer.Context,
    number: Number = 0,
    as_json: Annotated[bool, typer.Option("--json", help="The document itself.")] = False,
) -> None:
    """The return rules in force, or a version, in plain words."""
    from core.queries.return_rules import ShowReturnRules

    with session.house(context) as house:
        view = house.query(ShowReturnRules(number))
    if as_json:
        session.print_json(view.document)
        return
    print("\n".join([*view.words, view.otherwise, *(f"Look at this: {line}" for line in view.odd)]))
    rows = [(v.number, v.name, v.state, v.by, v.at, v.reason) for v in view.versions]
    session.table(("version", "name", "state", "by", "at", "why"), rows, "No version yet.")


@return_rules.command("put")
def put(
    context: typer.Context,
    file: Annotated[str, typer.Argument(help="A JSON document; - reads standard input.")],
    reason: Reason = "",
) -> None:
    """Write a new version from a file; it is a draft until it is activated."""
    from core.commands.return_rules import PutReturnRules

    session.do(context, PutReturnRules(document(file), reason))


@return_rules.command("presets")
def presets(context: typer.Context) -> None:
    """The ready rules that `draft` takes."""
    from core.queries.return_rules import ListReturnPresets

    with session.house(context) as house:
        found = house.query(ListReturnPresets())
    session.table(("name", "what it does"), [(each.name, each.says) for each in found], "")


@return_rules.command("draft")
def draft(context: typer.Context, names: list[str]) -> None:
    """A new version from ready rules, one after another."""
    from core.commands.return_rules import DraftReturnRules

    session.do(context, DraftReturnRules(" ".join(names)))


@return_rules.command("diff")
def diff(
    context: typer.Context,
    number: Number = 0,
    against: Annotated[int, typer.Argument(help="Another version; 0: the one in force.")] = 0,
) -> None:
    """What a version says that another does not."""
    from core.queries.return_rules import DiffReturnRules

    with session.house(context) as house:
        print("\n".join(house.query(DiffReturnRules(number, against)).lines))


@return_rules.command("activate")
def activate(context: typer.Context, number: int, reason: Reason = "") -> None:
    """Put a version in force; returns that were asked for keep their terms."""
    from core.commands.return_rules import ActivateReturnRules

    session.do(context, ActivateReturnRules(number, reason))


@return_rules.command("rollback")
def rollback(context: typer.Context) -> None:
    """Put the rules in force again that were so before."""
    from core.commands.return_rules import RollBackReturnRules

    session.do(context, RollBackReturnRules())


@return_rules.command("off")
def off(context: typer.Context) -> None:
    """Judge returns without rules: the policies decide alone."""
    from core.commands.return_rules import SwitchReturnRulesOff

    session.do(context, SwitchReturnRulesOff())
