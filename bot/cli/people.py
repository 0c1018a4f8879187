"""`wismo staff|keys`: who may do what."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli import session

if TYPE_CHECKING:
    from bot.local import Local
    from core.domain.access import Role

staff = typer.Typer(help="People with access.", no_args_is_help=True)
keys = typer.Typer(help="Keys for programs.", no_args_is_help=True)

Places = Annotated[list[str] | None, typer.Option("--location", help="Only these locations.")]


def _role(word: str) -> Role:
    from core.domain.access import Role
    from core.domain.refusals import Invalid

    if word not in [role.value for role in Role]:
        raise Invalid(f"There is no role {word}.", "See `wismo staff matrix`.")
    return Role(word)


@staff.command("list")
def list_staff(context: typer.Context) -> None:
    """Everybody with access."""
    from core.queries.setup import ListStaff

    with session.house(context) as house:
        people = house.query(ListStaff())
    session.table(
        ("name", "role", "e-mail", "Slack", "locations"),
        [(p.name, p.role, p.email, p.slack_user, p.locations) for p in people],
        "Nobody yet: `wismo staff add NAME ROLE`.",
    )


@staff.command("add")
def add_staff(
    context: typer.Context,
    name: str,
    role: str,
    email: Annotated[str, typer.Option(help="As in Slack.")] = "",
    slack: Annotated[str, typer.Option(help="The Slack user id.")] = "",
    location: Places = None,
) -> None:
    """Let a person work here."""
    from core.commands.access import AddStaff

    session.do(context, AddStaff(name, _role(role), email, slack, tuple(location or ())))
    if not (email or slack):
        print(
            f"Slack cannot recognize {name} yet. Tell how it can: "
            f'wismo staff set "{name}" --email ADDRESS, or --slack USER_ID.'
        )


@staff.command("set")
def set_staff(
    context: typer.Context,
    name: str,
    role: Annotated[str, typer.Option()] = "",
    email: Annotated[str | None, typer.Option()] = None,
    slack: Annotated[str | None, typer.Option()] = None,
    location: Places = None,
) -> None:
    """Change a person's role, addresses or locations."""
    from core.commands.access import ChangeStaff

    places = tuple(location) if location else None
    wanted = _role(role) if role else None
    session.do(context, ChangeStaff(name, wanted, email, slack, places))


@staff.command("remove")
def remove_staff(context: typer.Context, name: str) -> None:
    """Take a person's access away."""
    from core.commands.access import RemoveStaff

    session.do(context, RemoveStaff(name))


@staff.command()
def matrix() -> None:
    """Which role may do what."""
    from core.domain.access import STAFF_ROLES, matrix_rows

    heads = ("may", *(role.value for role in STAFF_ROLES))
    session.table(heads, [(right, *may) for right, may in matrix_rows()], "")


@keys.command("list")
def list_keys(context: typer.Context) -> None:
    """The keys that open."""
    from core.queries.setup import ListKeys

    with session.house(context) as house:
        found = house.query(ListKeys())
    session.table(
        ("name", "begins with", "role", "since"),
        [(key.name, key.prefix, key.role, key.created_at) for key in found],
        "No key yet: `wismo keys add NAME`.",
    )


@keys.command("add")
def add_key(
    context: typer.Context,
    name: str,
    role: Annotated[str, typer.Option(help="machine, or a role of the staff")] = "machine",
) -> None:
    """Make a key; it is shown only this once."""
    with session.house(context) as house:
        print(make_and_add(house, name, role))


def make_and_add(house: Local, name: str, role: str) -> str:
    """A new key, of which the house keeps the hash only."""
    from bot.api.keys import make_key
    from core.commands.access import AddKey

    new = make_key()
    house.execute(AddKey(name, _role(role), new.prefix, new.hash))
    return new.key


@keys.command("revoke")
def revoke_key(context: typer.Context, key: str) -> None:
    """Lock a key out, by its name or its first characters."""
    from core.commands.access import RevokeKey

    session.do(context, RevokeKey(key))
