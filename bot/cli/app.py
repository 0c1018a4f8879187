"""The root of the command line: its groups, and how every refusal ends in one line."""

from __future__ import annotations

import logging
import sys
from typing import Annotated

import typer

from bot.cli import (
    boxes,
    care,
    connect,
    data,
    manage,
    papers,
    people,
    return_rules,
    rules,
    run,
    setup,
    stores,
)
from bot.cli.session import Given

app = typer.Typer(
    name="wismo",
    help="An order management system that a shop runs from chat.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
)


@app.callback()
def root(
    context: typer.Context,
    shop: Annotated[
        str, typer.Option(help="The shop, when there are several: number or name.")
    ] = "",
) -> None:
    """Run it from chat, look after it from here."""
    context.obj = Given(shop)


for room in (setup, run, care, data, papers):
    room.enter(app)
app.add_typer(manage.shop, name="shop")
app.add_typer(manage.location, name="location")
app.add_typer(manage.policy, name="policy")
app.add_typer(manage.messages, name="messages")
app.add_typer(rules.rules, name="rules")
app.add_typer(return_rules.return_rules, name="return-rules")
stores.enter(connect.connection)
app.add_typer(connect.connection, name="connection")
app.add_typer(connect.slack, name="slack")
app.add_typer(people.staff, name="staff")
app.add_typer(people.keys, name="keys")
app.add_typer(boxes.inbox, name="inbox")
app.add_typer(boxes.outbox, name="outbox")
app.add_typer(run.clock, name="clock")


def main() -> None:
    """Run one command; a refusal is one line that says what to do next, and exit code 2."""
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as problem:  # noqa: BLE001 (nobody at a terminal can use a traceback)
        told = refusal_in(problem)
        if told is None:
            told = _mistake(problem)
        print(f"wismo: {told}", file=sys.stderr)
        sys.exit(2)


def _mistake(problem: Exception) -> str:
    """A bug of ours in one line; the whole of it for who asks."""
    log = logging.getLogger("wismo.cli")
    log.debug("the command failed", exc_info=problem)
    said = f"{type(problem).__name__}: {problem}"
    return f"This is a mistake in wismo ({said}). WISMO_LOG_LEVEL=debug shows where."


def refusal_in(problem: Exception) -> str | None:
    """What an expected problem says in one line; None for a bug of ours."""
    from pydantic import ValidationError

    from core.db.errors import is_transient
    from core.domain.refusals import Refusal

    if isinstance(problem, Refusal):
        return str(problem)
    if isinstance(problem, ValidationError):
        first = problem.errors()[0]
        where = "".join(f"WISMO_{part}: ".upper() for part in first["loc"])
        return where + first["msg"].removeprefix("Value error, ")
    if is_transient(problem):
        return "The database cannot be reached. Check WISMO_DATABASE_URL and that it runs."
    return None
