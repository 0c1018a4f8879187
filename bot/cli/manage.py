"""`wismo shop|location|policy|messages`: what the shop decides for itself."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from bot.cli import session

shop = typer.Typer(help="The shop and its mode.", no_args_is_help=True)
location = typer.Typer(help="Where goods are and leave from.", no_args_is_help=True)
policy = typer.Typer(help="Policies and message switches.", no_args_is_help=True)
messages = typer.Typer(help="Stop and resume all messages.", no_args_is_help=True)

Text = Annotated[str | None, typer.Option()]
Hours = Annotated[str | None, typer.Option(help="mon-fri 08:00-18:00; sat 10:00-14:00")]
CutOff = Annotated[str | None, typer.Option(help="14:00; empty: closing time")]
Rank = Annotated[int | None, typer.Option(help="Lower is preferred.")]
Cents = Annotated[int | None, typer.Option(help="In cents.")]
Channel = Annotated[str | None, typer.Option(help="Its Slack channel.")]
Group = Annotated[
    list[str] | None, typer.Option("--group", help="A word that rules mean it by; several times.")
]
Ability = Annotated[
    list[str] | None, typer.Option("--able", help="What it can handle: cold, hazmat; several.")
]
Kilometers = Annotated[int | None, typer.Option(help="How far it delivers itself; 0: not at all.")]
Area = Annotated[
    list[str] | None,
    typer.Option("--delivers-to", help="A beginning of postal codes it delivers to; several."),
]
Window = Annotated[str | None, typer.Option(help="When it delivers, such as 16:00-20:00.")]


# --- shop --------------------------------------------------------------------------------------


@shop.command("show")
def show_shop(context: typer.Context) -> None:
    """What is set up."""
    from core.queries.setup import ShowShop

    with session.house(context) as house:
        view = house.query(ShowShop())
    rows = [
        ("number", view.id),
        ("name", view.name),
        ("mode", view.mode),
        ("live since", view.live_since),
        ("messages paused", view.paused_at),
        ("time zone", view.time_zone),
        ("currency", view.currency),
        ("language", f"{view.language}, {view.address_form}"),
        ("e-mail", view.email),
        ("page", view.url),
        ("locations", [place.code for place in view.locations]),
        ("connections", [f"{one.name} ({one.kind})" for one in view.connections]),
    ]
    session.table(("", ""), rows, "")


@shop.command("set")
def set_shop(
    context: typer.Context,
    name: Text = None,
    email: Text = None,
    url: Text = None,
    language: Text = None,
    address_form: Text = None,
) -> None:
    """Change what the shop says about itself."""
    from core.commands.setup import ChangeShop

    session.do(context, ChangeShop(name, language, address_form, email, url))


@shop.command()
def mode(
    context: typer.Context, mode: Annotated[str, typer.Argument(help="watch, staff or live")]
) -> None:
    """Watch only, write back for the staff, or live with messages to customers."""
    from core.commands.setup import SetMode
    from core.domain.refusals import Invalid
    from core.domain.shop import Mode

    if mode not in [known.value for known in Mode]:
        raise Invalid(f"There is no mode {mode}.", "Choose watch, staff or live.")
    session.do(context, SetMode(Mode(mode)))


# --- locations ---------------------------------------------------------------------------------


@location.command("list")
def list_locations(context: typer.Context) -> None:
    """Every location with its hours."""
    from core.queries.setup import ShowShop

    with session.house(context) as house:
        view = house.query(ShowShop())
    session.table(
        ("code", "name", "kind", "city", "hours", "cut-off", "state"),
        [(p.code, p.name, p.kind, p.city, p.hours, p.cut_off, p.state) for p in view.locations],
        "No location yet: `wismo location add CODE`.",
    )


@location.command("add")
def add_location(
    context: typer.Context,
    code: str,
    name: Text = None,
    kind: Text = None,
    street: Text = None,
    zip: Text = None,
    city: Text = None,
    country: Text = None,
    hours: Hours = None,
    cut_off: CutOff = None,
    time_zone: Text = None,
    rank: Rank = None,
    parcel_cost: Cents = None,
    unit_cost: Cents = None,
    channel: Channel = None,
    groups: Group = None,
    abilities: Ability = None,
    delivers_km: Kilometers = None,
    delivers_to: Area = None,
    delivery_fee: Cents = None,
    delivery_window: Window = None,
) -> None:
    """Add a location."""
    from core.commands.setup import AddLocation

    session.do(context, AddLocation(code, **_told(locals(), "code")))


@location.command("set")
def set_location(
    context: typer.Context,
    code: str,
    name: Text = None,
    kind: Text = None,
    street: Text = None,
    zip: Text = None,
    city: Text = None,
    country: Text = None,
    hours: Hours = None,
    cut_off: CutOff = None,
    time_zone: Text = None,
    rank: Rank = None,
    parcel_cost: Cents = None,
    unit_cost: Cents = None,
    channel: Channel = None,
    groups: Group = None,
    abilities: Ability = None,
    delivers_km: Kilometers = None,
    delivers_to: Area = None,
    delivery_fee: Cents = None,
    delivery_window: Window = None,
    active: Annotated[bool | None, typer.Option("--open/--closed")] = None,
) -> None:
    """Change a location; what is left out stays."""
    from core.commands.setup import ChangeLocation

    session.do(context, ChangeLocation(code, **_told(locals(), "code")))


def _told(given: dict[str, Any], *without: str) -> dict[str, Any]:
    left_out = ("context", *without)
    told = {n: v for n, v in given.items() if v is not None and n not in left_out and n.islower()}
    return {n: tuple(v) if isinstance(v, list) else v for n, v in told.items()}


@location.command("pause")
def pause_location(
    context: typer.Context,
    code: str,
    until: Annotated[
        str, typer.Option(help="2026-12-01T08:00, the shop's time; empty: until resumed")
    ] = "",
) -> None:
    """Route nothing new to a location."""
    from bot.running import moment_of
    from core.commands.pausing import StartPause
    from core.queries.setup import ShowShop

    with session.house(context) as house:
        zone = house.query(ShowShop()).time_zone
        ends = moment_of(until, zone) if until else None
        print(house.execute(StartPause(code, ends)).sentence)


@location.command("resume")
def resume_location(context: typer.Context, code: str) -> None:
    """Route orders to a paused location again."""
    from core.commands.pausing import EndPause

    session.do(context, EndPause(code))


# --- policy and messages -------------------------------------------------------------------------


@policy.command("list", hidden=True)
@policy.command("show")
def show_policy(context: typer.Context) -> None:
    """Every policy and switch, with what it means."""
    from core.domain.policy import KINDS, rule_of
    from core.queries.setup import ShowShop

    with session.house(context) as house:
        view = house.query(ShowShop())
    rows = [(key, value, rule_of(key).says) for key, value in view.policy.items()]
    rows += [(f"message {kind}", on, KINDS[kind]) for kind, on in view.switches.items()]
    session.table(("what", "value", "meaning"), rows, "")


@policy.command("set")
def set_policy(context: typer.Context, key: str, value: str) -> None:
    """Decide one policy."""
    from core.commands.setup import SetPolicy

    session.do(context, SetPolicy(key, value))


@policy.command("switch")
def switch(
    context: typer.Context, kind: str, on: Annotated[str, typer.Argument(help="on or off")]
) -> None:
    """Switch one kind of message on or off."""
    from core.commands.setup import SetSwitch

    session.do(context, SetSwitch(kind, on))


@messages.command()
def pause(context: typer.Context) -> None:
    """Let no message to customers out; they wait."""
    from core.commands.setup import PauseMessages

    session.do(context, PauseMessages())


@messages.command()
def resume(context: typer.Context) -> None:
    """Let the waiting messages go."""
    from core.commands.setup import ResumeMessages

    session.do(context, ResumeMessages())
