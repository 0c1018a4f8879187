"""`wismo return-rules`: return rules from files, shown, compared and put in force."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import typer

from bot.cli import session
from bot.cli.versions import Family, Reason, add_versions

if TYPE_CHECKING:
    from core.queries.return_rules import ReturnRulesView

return_rules = typer.Typer(help="Return rules as versions.", no_args_is_help=True)


def _family() -> Family:
    from core.commands import return_rules as commands
    from core.queries import return_rules as questions

    return Family(
        questions.ShowReturnRules,
        commands.PutReturnRules,
        questions.ListReturnPresets,
        commands.DraftReturnRules,
        questions.DiffReturnRules,
        commands.RollBackReturnRules,
        commands.SwitchReturnRulesOff,
    )


def _words(view: ReturnRulesView) -> Iterable[str]:
    return (*view.words, view.otherwise)


add_versions(
    return_rules, _family, _words, off="Judge returns without rules: the policies decide alone."
)


@return_rules.command("activate")
def activate(context: typer.Context, number: int, reason: Reason = "") -> None:
    """Put a version in force; returns that were asked for keep their terms."""
    from core.commands.return_rules import ActivateReturnRules

    session.do(context, ActivateReturnRules(number, reason))
