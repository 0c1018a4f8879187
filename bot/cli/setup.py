"""`wismo setup`: a shop from nothing, by questions or by flags."""

from __future__ import annotations

import secrets
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.cli import session

if TYPE_CHECKING:
    from bot.local import Local

Flag = typer.Option
Read = Callable[[str], str]


def enter(app: typer.Typer) -> None:
    app.command()(setup)


def setup(
    context: typer.Context,
    name: Annotated[str, Flag(help="What the shop is called.")] = "",
    time_zone: Annotated[str, Flag(help="Such as Europe/Berlin.")] = "",
    currency: Annotated[str, Flag(help="Such as EUR.")] = "",
    language: Annotated[str, Flag(help="en or de.")] = "",
    address_form: Annotated[str, Flag(help="German: sie or du.")] = "sie",
    email: Annotated[str, Flag(help="Where customers can write to.")] = "",
    url: Annotated[str, Flag(help="The shop's own page.")] = "",
    location: Annotated[
        list[str] | None,
        Flag(help='"CODE | name | country | hours | cut-off"; may be given several times.'),
    ] = None,
    owner: Annotated[str, Flag(help="Who may change all this.")] = "",
    owner_email: Annotated[str, Flag(help="How the owner is recognized.")] = "",
    owner_slack: Annotated[str, Flag(help="The owner's Slack user id, if known.")] = "",
    key_name: Annotated[str, Flag(help="Name of the first API key; empty for none.")] = "first",
    another: Annotated[bool, Flag(help="Found one more shop in this database.")] = False,
) -> None:
    """Make the database, a shop with its locations, an owner and an API key."""
    from bot.cli import answers as read

    _require_secret_key()
    asks = sys.stdin.isatty()
    if asks:
        _require_room(context, another)
    told = _Told(asks)
    shop = {
        "name": told.text("What is the shop called?", name, "", read.name),
        "time_zone": told.text("In which time zone is it?", time_zone, "Europe/Berlin", read.zone),
        "currency": told.text("Which currency does it sell in?", currency, "EUR", read.currency),
        "language": told.text(
            "Which language do customers read, en or de?", language, "en", read.language
        ),
        "address_form": address_form,
        "email": told.text("Where may customers write to?", email, "", read.mail, optional=True),
        "url": url,
    }
    places = location or told.places()
    person = told.text("Who is the owner?", owner, "", read.name)
    question = "The owner's e-mail, as in Slack?"
    mail = told.text(question, owner_email, "", read.mail, optional=True)
    with session.house(context) as house:
        _found(house, shop, places, (person, mail, owner_slack), another)
        _print_key(house, key_name)
    print(NEXT)


NEXT = """
What comes next:
  wismo connection add shopify NAME                 your shop (watch mode: nothing is written)
  wismo import locations --from NAME --dry-run      where you ship from
  wismo import products --from NAME --dry-run       what you sell
  wismo import stock --from NAME --dry-run          how much of it is where
      (without such a shop: import … FILE.csv)
  wismo connection webhooks NAME                    whether its news come to us
  wismo connection add slack NAME                   your staff
  wismo serve                                       run it
  wismo shop mode staff | live                      when you trust it"""


def _found(
    house: Local,
    shop: dict[str, str],
    places: list[str],
    owner: tuple[str, str, str],
    another: bool,
) -> None:
    """All is checked before the first step: a half-made shop is worse than none."""
    from core.commands.access import AddStaff
    from core.commands.setup import AddLocation, SetUpShop, location_values
    from core.db.roster import shops
    from core.domain.access import Role

    located = [AddLocation(**_location(line)) for line in places]
    for place in located:
        location_values({"hours": place.hours, "cut_off": place.cut_off, "country": place.country})
    if another:
        house.shop_id = max((number for number, _ in house.read(shops)), default=0) + 1
    print(house.execute(SetUpShop(**shop)).sentence)
    for place in located:
        print(house.execute(place).sentence)
    name, email, slack = owner
    if name:
        print(house.execute(AddStaff(name, Role.OWNER, email, slack)).sentence)


def _require_room(context: typer.Context, another: bool) -> None:
    """Nobody answers ten questions only to hear that there is a shop already."""
    from core.db.roster import shops
    from core.domain.refusals import Conflict

    with session.house(context) as house:
        if house.read(shops) and not another:
            raise Conflict("This shop is set up already.", "Add one more with --another.")


def _location(line: str) -> dict[str, Any]:
    """CODE | name | country | hours | cut-off, from the left as far as it is told."""
    from bot.cli import answers as read

    parts = [part.strip() for part in line.split("|")]
    readers = {
        "code": read.code,
        "name": read.name,
        "country": read.country,
        "hours": read.hours,
        "cut_off": read.clock,
    }
    told = zip(readers.items(), parts, strict=False)
    return {name: understood(value) for (name, understood), value in told if value}


def _print_key(house: Local, name: str) -> None:
    from bot.cli.people import make_and_add

    if name:
        print(f"API key (shown only now): {make_and_add(house, name, 'owner')}")


def _require_secret_key() -> None:
    """Outside the sandbox a key is needed: make one and keep it where the settings are read."""
    from pydantic import ValidationError

    from bot.settings import Settings

    try:
        Settings()
    except ValidationError as problem:
        if "WISMO_SECRET_KEY" not in str(problem):
            raise
        file = Path(".env")
        before = file.read_text(encoding="utf-8") if file.exists() else ""
        kept = [line for line in before.splitlines() if line.strip() != "WISMO_SECRET_KEY="]
        file.touch(mode=0o600)
        line = f"WISMO_SECRET_KEY={secrets.token_urlsafe(48)}"
        file.write_text("\n".join([*kept, line, ""]), encoding="utf-8")
        print(f"A secret key was made and written to {file}. Keep it: stored secrets need it.")


class _Told:
    """What flags told; the rest is asked when somebody is there to answer."""

    def __init__(self, asks: bool) -> None:
        self._asks = asks

    def text(
        self, question: str, told: str, default: str, read: Read, *, optional: bool = False
    ) -> str:
        """A wrong answer is asked for again, at once; a wrong flag ends it all."""
        from core.domain.refusals import Refusal

        while True:
            answer = told or self._asked(question, default, optional=optional)
            try:
                return read(answer) if answer else answer
            except Refusal as refusal:
                if not self._asks:
                    raise
                print(f"  {refusal}")
                told = ""

    def _asked(self, question: str, default: str, *, optional: bool) -> str:
        if not self._asks:
            return default
        shown: Any = default or ("" if optional else None)
        return str(typer.prompt(question, default=shown, show_default=bool(default)))

    def places(self) -> list[str]:
        from bot.cli import answers as read

        found: dict[str, str] = {}
        question = "A location's code (empty: that was all)"
        while self._asks and (code := self.text(question, "", "", read.code, optional=True)):
            name = self.text("  its name", "", code, read.name)
            country = self.text("  its country, two letters", "", "DE", read.country)
            hours = self.text("  its opening hours", "", "mon-fri 08:00-18:00", read.hours)
            until = self.text("  orders until when leave the same day", "", "14:00", read.clock)
            print(f"  {code}: {name}, {country}, {hours}, cut-off {until}")
            found[code] = " | ".join((code, name, country, hours, until))
        return list(found.values())
