"""Looking after a running house: migrate, doctor, backup, restore, reconcile."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from bot.cli import session

Json = Annotated[bool, typer.Option("--json", help="For machines.")]


def enter(app: typer.Typer) -> None:
    for command in (migrate, doctor, backup, restore, reconcile):
        app.command()(command)


def migrate() -> None:
    """Bring the database to this version."""
    from bot.local import database_path, ownership
    from bot.main import bring_up
    from core.db.connection import Database
    from core.db.migrate import migrate as upgrade
    from core.db.migrate import revision

    settings = session.settings()
    path = database_path(settings.database_url)
    with ownership(path):
        database = Database(settings.database_url)
        try:
            if path is not None:
                bring_up(database)
            else:
                upgrade(database)
            print(f"The database is at {revision(database)}.")
        finally:
            database.close()


def doctor(
    context: typer.Context,
    as_json: Json = False,
    online: Annotated[bool, typer.Option("--online", help="Also ask the connected Slack.")] = False,
) -> None:
    """Is everything in order? Exit code 0: yes, 1: warnings, 2: something is broken."""
    import asyncio

    from bot.doctor import FAIL, WARN, ask_outside, examine, worst_first

    with session.house(context) as house:
        findings = examine(house.house)
        if online:
            findings = worst_first([*findings, *asyncio.run(ask_outside(house.house))])
    worst = {finding.state for finding in findings}
    if as_json:
        session.print_json({"ok": FAIL not in worst, "findings": findings})
    else:
        for finding in findings:
            print(f"{finding.state:5} {finding.sentence}")
            if finding.next:
                print(f"      {finding.next}")
    sys.exit(2 if FAIL in worst else 1 if WARN in worst else 0)


def backup(context: typer.Context, file: Path) -> None:
    """Copy the database into a new file, while it is in use."""
    from core.db.backup import backup as copy

    with session.house(context) as house, session.progress("backup") as progress:
        size = copy(house.house.engine.database, file, progress)
        house.note_backup()
    print(f"{file} holds {size:,} bytes, checked.")


def restore(
    file: Path,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Put a backup in place of the database. Nothing that waited then is sent by itself."""
    from bot.restoring import restore as put_back

    settings = session.settings()
    if not yes and sys.stdin.isatty():
        typer.confirm(f"Replace {settings.database_url.rpartition('@')[2]} by {file}?", abort=True)
    done = put_back(settings, file)
    print(f"Restored from {file}. {done.held} waiting messages and calls are held.")
    if done.kept:
        print(f"What was there before is kept as {done.kept}.")
    print("Messages to customers are paused: some may have been sent after this backup was made.")
    print("Next: `wismo doctor`, `wismo outbox list --state held`, then `wismo messages resume`.")


def reconcile(context: typer.Context, as_json: Json = False) -> None:
    """Compare every order and stock level with the connected shops. Exit code 1: differences."""
    import asyncio

    from bot.duties import compare_all

    with session.house(context) as house:
        found = asyncio.run(compare_all(house.house, house.shop_id))
    if as_json:
        session.print_json(found)
    else:
        for name, listed in found.items():
            print(f"{name}: {len(listed)} differences")
            for difference in listed:
                print(f"  {difference}")
        if not found:
            print("No shop is connected.")
    sys.exit(1 if any(found.values()) else 0)
