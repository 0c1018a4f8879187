"""`wismo inbox|outbox`: what came in, what must leave, and putting right what went wrong."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from bot.cli import session

inbox = typer.Typer(help="What connected machines sent.", no_args_is_help=True)
outbox = typer.Typer(help="Messages and calls that leave the house.", no_args_is_help=True)

State = Annotated[str, typer.Option(help="Only rows in this state.")]
Most = Annotated[int, typer.Option(min=1, max=1000)]
Json = Annotated[bool, typer.Option("--json")]


def _listed(context: typer.Context, box: str, state: str, most: int) -> list[dict[str, Any]]:
    from core.queries.setup import ListBox

    with session.house(context) as house:
        found: list[dict[str, Any]] = house.query(ListBox(box, state, most))
    return found


def _shown(context: typer.Context, box: str, number: int) -> None:
    from core.queries.setup import ShowBox

    with session.house(context) as house:
        session.print_json(house.query(ShowBox(box, number)))


@inbox.command("list")
def list_inbox(
    context: typer.Context, state: State = "", most: Most = 50, as_json: Json = False
) -> None:
    """What was received, newest first."""
    rows = _listed(context, "inbox", state, most)
    if as_json:
        session.print_json(rows)
        return
    names = ("id", "state", "topic", "received_at", "attempts", "due_at", "error")
    session.table(names, [[row[name] for name in names] for row in rows], "Nothing is here.")


@inbox.command("show")
def show_inbox(context: typer.Context, number: int) -> None:
    """One delivery, as it came."""
    _shown(context, "inbox", number)


@inbox.command()
def replay(context: typer.Context, number: int) -> None:
    """Read a delivery again that was refused or given up."""
    from core.commands.access import ReplayDelivery

    session.do(context, ReplayDelivery(number))


inbox.command("retry", hidden=True)(replay)


@outbox.command("list")
def list_outbox(
    context: typer.Context, state: State = "", most: Most = 50, as_json: Json = False
) -> None:
    """What must leave or has left, newest first; `held` came back with a restore."""
    rows = _listed(context, "outbox", state, most)
    if as_json:
        session.print_json(rows)
        return
    names = ("id", "state", "kind", "created_at", "due_at", "attempts", "reason")
    session.table(names, [[row[name] for name in names] for row in rows], "Nothing is here.")


@outbox.command("show")
def show_outbox(context: typer.Context, number: int) -> None:
    """One message or call, whole."""
    _shown(context, "outbox", number)


@outbox.command()
def retry(context: typer.Context, numbers: list[int]) -> None:
    """Put dead, suppressed or held rows back in the queue."""
    from core.commands.access import RetryEffect

    with session.house(context) as house:
        for number in numbers:
            print(house.execute(RetryEffect(number)).sentence)


outbox.command("replay", hidden=True)(retry)
