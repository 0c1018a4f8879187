"""`wismo connection|slack`: outside accounts and their secrets."""

from __future__ import annotations

import secrets
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.cli import session

if TYPE_CHECKING:
    from bot.local import Local

connection = typer.Typer(help="Outside accounts.", no_args_is_help=True)
slack = typer.Typer(help="Setting up the Slack app.", no_args_is_help=True)

# What each kind of account needs, and under which address it calls us.
SECRETS = {
    "shopify": ("access_token", "webhook_secret"),
    "slack": ("bot_token", "signing_secret"),
    "telegram": ("token",),
    "carrier": ("key",),
    "stripe": ("secret_key", "webhook_secret"),
    "smtp": ("url",),
    "partner": ("webhook_secret",),
    "easypost": ("key",),
}
CONFIG = {"shopify": ("shop_domain",), "partner": ("url", "location")}
HOOKS = {
    "shopify": "/hooks/shopify",
    "slack": "/hooks/slack",
    "telegram": "/hooks/telegram",
    "carrier": "/hooks/carriers",
    "stripe": "/hooks/stripe",
    "partner": "/hooks/partners",
}

Config = Annotated[
    list[str] | None, typer.Option("--set", help="name=value; an empty value takes it away.")
]
Secret = Annotated[
    list[str] | None,
    typer.Option(help="name=value, or only the name to be asked for it (or read from stdin)."),
]
Ours = Annotated[
    str | None,
    typer.Option(help="Messages about its orders that wismo sends: shipped,delivered or none."),
]


@connection.command("list")
def list_connections(context: typer.Context) -> None:
    """Every outside account, without its secrets."""
    from core.queries.setup import ShowShop

    with session.house(context) as house:
        view = house.query(ShowShop())
    session.table(
        ("number", "kind", "name", "active", "secrets", "settings"),
        [
            (
                c.id,
                c.kind,
                c.name,
                c.active,
                c.has_secrets,
                [f"{name}={_in_words(value)}" for name, value in c.config.items()],
            )
            for c in view.connections
        ],
        "None yet: `wismo connection add KIND NAME`.",
    )


def _in_words(value: Any) -> str:
    if isinstance(value, dict):  # what is switched on, as an option takes it
        return ",".join(name for name, on in value.items() if on) or "none"
    if isinstance(value, list | tuple):
        return " and ".join(map(_in_words, value)) or "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "not set" if value is None else str(value)


@connection.command("add")
def add_connection(
    context: typer.Context,
    kind: Annotated[
        str,
        typer.Argument(
            help="shopify, slack, telegram, carrier, stripe, partner, easypost, smtp, api, files"
        ),
    ],
    name: str,
    config: Config = None,
    secret: Secret = None,
    ours: Ours = None,
) -> None:
    """Connect an outside account; secrets that are not given are asked for."""
    from core.commands.access import AddConnection

    told = _pairs(config)
    for wanted in CONFIG.get(kind, ()):
        told.setdefault(wanted, None)
    settings = {n: v or _asked(n, hidden=False) for n, v in told.items()}
    given = _pairs(secret) or dict.fromkeys(SECRETS.get(kind, ()))
    values = {n: v or _asked(n, hidden=True) for n, v in given.items()}
    if kind == "telegram":
        # Telegram lets us choose it: what proves that a call comes from there.
        values.setdefault("webhook_secret", secrets.token_urlsafe(32))
    with session.house(context) as house:
        sealed = _sealed(house, values)
        receipt = house.execute(AddConnection(kind, name, settings, sealed, _kinds(ours)))
        print(receipt.sentence)
        if kind in HOOKS:
            base = house.house.settings.base_url.rstrip("/")
            print(f"It calls {base}{HOOKS[kind]}/{receipt.facts['connection']}")


@connection.command("set")
def set_connection(
    context: typer.Context,
    name: str,
    config: Config = None,
    secret: Secret = None,
    ours: Ours = None,
    active: Annotated[bool | None, typer.Option("--active/--paused")] = None,
) -> None:
    """Change a connection; new secrets are added to those that are there."""
    from core.commands.access import ChangeConnection

    given = {n: v or _asked(n, hidden=True) for n, v in _pairs(secret).items()}
    told: Any = {n: v or None for n, v in _pairs(config).items()} or None
    with session.house(context) as house:
        sealed = _sealed(house, _opened(house, name) | given) if given else None
        command = ChangeConnection(name, told, sealed, _kinds(ours), active)
        print(house.execute(command).sentence)


@connection.command("pause")
def pause_connection(context: typer.Context, name: str) -> None:
    """Send nothing there and take nothing from there."""
    from core.commands.access import ChangeConnection

    session.do(context, ChangeConnection(name, active=False))


def _pairs(given: list[str] | None) -> dict[str, str | None]:
    pairs = (pair.partition("=") for pair in given or ())
    return {name.strip(): value if equals else None for name, equals, value in pairs}


def _asked(name: str, *, hidden: bool) -> str:
    """A value from the person, or a line from stdin where there is none."""
    if sys.stdin.isatty():
        return str(typer.prompt(name.replace("_", " "), hide_input=hidden))
    line = sys.stdin.readline().strip()
    if not line:
        from core.domain.refusals import Invalid

        option = "--secret" if hidden else "--set"
        raise Invalid(f"{name} is missing.", f"Give it with {option} {name}=… or on stdin.")
    return line


def _sealed(house: Local, values: dict[str, str]) -> str:
    """Sealed before the command is made: neither audit nor socket ever sees them open."""
    from core.integrations.secrets import seal_secrets

    return seal_secrets(values, house.house.settings.secrets) if values else ""


def _opened(house: Local, name: str) -> dict[str, str]:
    from core.db.setup import load_shop
    from core.integrations.secrets import open_secrets

    shop = house.read(lambda session: load_shop(session, house.shop_id))
    known = next((c for c in shop.connections.values() if c.name == name), None)
    return open_secrets(known, house.house.settings.secrets) if known else {}


def _kinds(ours: str | None) -> tuple[str, ...] | None:
    if ours is None:
        return None
    return tuple(kind.strip() for kind in ours.split(",") if kind.strip() not in ("", "none"))


# --- slack -------------------------------------------------------------------------------------


@slack.command()
def manifest(
    socket: Annotated[
        bool, typer.Option(help="For Socket Mode: no public address needed.")
    ] = False,
) -> None:
    """What to paste where Slack asks for an app manifest."""
    from bot.slack.setup import manifest as made

    session.print_json(made(session.settings(), socket=socket))


@slack.command()
def check(context: typer.Context) -> None:
    """Ask Slack itself whether all is set up: token, rights, channels, clock. Exit code 1: no."""
    import asyncio

    from bot.doctor import OK, ask_outside

    with session.house(context) as house:
        found = asyncio.run(ask_outside(house.house))
    for one in found:
        print(f"{one.state:5} {one.sentence}")
    if not found:
        print("No Slack is connected: `wismo connection add slack NAME`.")
    sys.exit(0 if found and all(one.state == OK for one in found) else 1)
