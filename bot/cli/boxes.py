"""`wismo inbox|outbox`: what came in, what must leave, and putting right what went wrong."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from bot.cli import session

inbox = typer.Typer(help="What connected machines sent.", no_args_is_help=True)
outbox = typer.Typer(help="Messages and calls that leave the house.", no_args_is_help=True)

State = Annotated[str, typer.Option(help="Only rows in this state.")]
Most = Annotated[int, typer.Option(min=1, max=1000)]
Json = Annotated[bool, typer.Option("--json")]


INBOX_COLUMNS = ("id", "state", "topic", "received_at", "attempts", "due_at", "error")
OUTBOX_COLUMNS = ("id", "state", "kind", "created_at", "due_at", "attempts", "reason")


def _list(
    context: typer.Context, ask: tuple[str, str, int], names: Sequence[str], as_json: bool
) -> None:
    """Rows of a box (its name, a state, how many at most), newest first."""
    from core.queries.setup import ListBox

    with session.house(context) as house:
        rows: list[dict[str, Any]] = house.query(ListBox(*ask))
    if as_json:
        session.print_json(rows)
        return
    session.table(names, [[row[name] for name in names] for row in rows], "Nothing is here.")


def _shown(context: typer.Context, box: str, number: int) -> None:
    from core.queries.setup import ShowBox

    with session.house(context) as house:
        session.print_json(house.query(ShowBox(box, number)))


@inbox.command("list")
def list_inbox(
    context: typer.Context, state: State = "", most: Most = 50, as_json: Json = False
) -> None:
    """What was received, newest first."""
    _list(context, ("inbox", state, most), INBOX_COLUMNS, as_json)


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
    _list(context, ("outbox", state, most), OUTBOX_COLUMNS, as_json)


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
