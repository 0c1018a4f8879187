"""`wismo connection webhooks`: whether a store's news come to us."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from bot.cli import session


def enter(connection: typer.Typer) -> None:
    connection.command("webhooks")(webhooks)


def webhooks(
    context: typer.Context,
    name: str,
    create: Annotated[
        bool, typer.Option("--create", help="Make the missing ones: this writes to the store.")
    ] = False,
) -> None:
    """Compare a store's webhook subscriptions with those we need. Exit code 1: some are missing."""
    from bot.stores import see_to_webhooks

    with session.house(context) as house:
        ours, listed = see_to_webhooks(house, name, create=create)
    print(f"Our address is {ours}")
    session.table(
        ("topic", "state", "also sent to"),
        [(one.topic, one.state, one.elsewhere) for one in listed],
        "",
    )
    made = sum(one.state == "made" for one in listed)
    missing = sum(one.state == "missing" for one in listed)
    if made:
        print(f"{made} subscriptions were written to the store, because you said --create.")
    if missing:
        print(
            f"{missing} are missing. --create makes them: of all that is written to a store, "
            "only this happens in watch mode too, and never by itself."
        )
        print("Subscriptions made by hand in the store's admin are not shown to an app.")
        sys.exit(1)
