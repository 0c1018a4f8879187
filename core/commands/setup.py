"""Setting up: the shop, its mode, policy, message switches, locations, and the pause of words."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Annotated, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from core.db import roster, setup
from core.db import tables as t
from core.db.reading import Reader
from core.db.rows import micros
from core.db.unit_of_work import UnitOfWork
from core.domain import policy
from core.domain.access import Right
from core.domain.hours import parse_clock, parse_hours
from core.domain.money import exponent
from core.domain.nearby import checked_km, checked_window, checked_zips
from core.domain.refusals import Conflict, Invalid, NotPossible
from core.domain.shop import Mode
from core.domain.values import dataclass
from core.registry import Arg, Done, Risk, command

LOCATION_KINDS = ("warehouse", "store", "3pl", "dropship")
LANGUAGES = ("en", "de")
ADDRESS_FORMS = ("sie", "du")


@dataclass(frozen=True, slots=True)
class SetUpShop:
    """Found a shop in a fresh database; it begins in watch mode."""

    name: str
    time_zone: str = "UTC"
    currency: str = "EUR"
    language: str = "en"
    address_form: str = "sie"
    email: str = ""
    url: str = ""


def check_shop(ask: SetUpShop, reader: Reader) -> None:
    """Everything is refused here: without a shop, not even a refusal could be audited."""
    require_name(ask.name)
    require_zone(ask.time_zone)
    exponent(ask.currency)
    _require(ask.language, LANGUAGES, "language")
    _require(ask.address_form, ADDRESS_FORMS, "form of address")
    if reader.actor.shop_id in setup.shop_ids(reader.session):
        raise Conflict("This shop is set up already.", "Change it with `wismo shop set`.")


@command("set up", SetUpShop, Right.MACHINERY, prepare=check_shop, looks_first=True, in_chat=False)
def set_up_shop(ask: SetUpShop, uow: UnitOfWork, _checked: None) -> Done:
    uow.insert_now(
        t.shop,
        {
            "id": uow.actor.shop_id,
            "name": ask.name.strip(),
            "time_zone": ask.time_zone,
            "currency": ask.currency.upper(),
            "language": ask.language,
            "address_form": ask.address_form,
            "email": ask.email.strip(),
            "url": ask.url.strip(),
            "created_at": micros(uow.now),
        },
    )
    return Done(f"{ask.name.strip()} is set up, in watch mode.", {"shop": uow.actor.shop_id})


@dataclass(frozen=True, slots=True)
class ChangeShop:
    """Change what the shop says about itself; what is left out stays."""

    name: str | None = None
    language: str | None = None
    address_form: str | None = None
    email: str | None = None
    url: str | None = None


@command("change shop", ChangeShop, Right.MANAGE, in_chat=False)
def change_shop(ask: ChangeShop, uow: UnitOfWork) -> Done:
    if ask.name is not None:
        require_name(ask.name)
    _require(ask.language or "en", LANGUAGES, "language")
    _require(ask.address_form or "sie", ADDRESS_FORMS, "form of address")
    changes = given(ask, "name", "language", "address_form", "email", "url")
    if not changes:
        raise Invalid("Nothing to change was named.")
    uow.people.set_shop(**changes)
    return Done(f"Changed: {', '.join(changes)}.")


@dataclass(frozen=True, slots=True)
class SetMode:
    """Watch (decide and show only), staff (no word to customers) or live."""

    mode: Annotated[Mode, Arg.CHOICE]


@command(
    "mode",
    SetMode,
    Right.MANAGE,
    risk=Risk.IRREVERSIBLE,
    examples=("mode watch", "mode live"),
)
def set_mode(ask: SetMode, uow: UnitOfWork) -> Done:
    if ask.mode is uow.shop.mode:
        raise NotPossible(f"{uow.shop.name} is in {ask.mode.value} mode already.")
    if ask.mode is not Mode.LIVE:
        uow.people.set_shop(mode=ask.mode.value)
        return Done(f"{uow.shop.name} is in {ask.mode.value} mode now.")
    uow.people.set_shop(mode="live", live_since=micros(uow.now))
    return Done(f"{uow.shop.name} is live. Orders placed before this moment send no messages.")


@dataclass(frozen=True, slots=True)
class SetPolicy:
    """Decide one thing that the shop may decide for itself."""

    key: Annotated[str, Arg.WORD]
    value: Annotated[str, Arg.TEXT]


@command("policy", SetPolicy, Right.MANAGE, examples=("policy stuck_hours 8",))
def set_policy(ask: SetPolicy, uow: UnitOfWork) -> Done:
    value = policy.read_policy(ask.key, ask.value)
    before = uow.shop.policy[ask.key]
    _set_setting(uow, "policy", ask.key, value)
    uow.undo = SetPolicy(ask.key, _as_typed(before))
    return Done(f"{ask.key} is {_as_typed(value) or 'empty'} now.", {"before": _as_typed(before)})


@dataclass(frozen=True, slots=True)
class SetSwitch:
    """Switch one kind of message on or off."""

    kind: Annotated[str, Arg.WORD]
    on: Annotated[str, Arg.WORD]


@command("switch", SetSwitch, Right.MANAGE, examples=("switch delivered off",))
def set_switch(ask: SetSwitch, uow: UnitOfWork) -> Done:
    kind, on = policy.require_kind(ask.kind), policy.read_yes_or_no(ask.on)
    before = uow.shop.switches.get(kind, True)
    _set_setting(uow, "switches", kind, on)
    uow.undo = SetSwitch(kind, "on" if before else "off")
    return Done(f"Messages of kind {kind} are {'on' if on else 'off'} now.")


def _set_setting(uow: UnitOfWork, part: str, key: str, value: Any) -> None:
    settings = roster.settings_of(uow.session, uow.shop.id)
    uow.people.set_shop(settings=settings | {part: settings.get(part, {}) | {key: value}})


def _as_typed(value: Any) -> str:
    return ("yes" if value else "no") if isinstance(value, bool) else str(value)


@dataclass(frozen=True, slots=True)
class PauseMessages:
    """Stop every message to customers at once; they wait until they are resumed."""


@command("pause messages", PauseMessages, Right.PAUSE, examples=("pause messages",))
def pause_messages(_ask: PauseMessages, uow: UnitOfWork) -> Done:
    if uow.shop.paused_at is not None:
        raise NotPossible("Messages are paused already.", "Let them go with `resume messages`.")
    leaving = uow.outbox.leaving()
    uow.people.set_shop(paused_at=micros(uow.now))
    uow.undo = ResumeMessages()
    return Done(f"No message leaves the house until you say `resume messages`.{_late(leaving)}")


def _late(leaving: int) -> str:
    """Whoever stops messages must know of those that nobody can call back."""
    if not leaving:
        return ""
    were = "message was" if leaving == 1 else "messages were"
    return f" {leaving} {were} on the way out just now and may still arrive."


@dataclass(frozen=True, slots=True)
class ResumeMessages:
    """Let the messages go that waited while they were paused."""


@command("resume messages", ResumeMessages, Right.PAUSE, examples=("resume messages",))
def resume_messages(_ask: ResumeMessages, uow: UnitOfWork) -> Done:
    if uow.shop.paused_at is None:
        raise NotPossible("Messages are not paused.")
    uow.people.set_shop(paused_at=None)
    return Done("Messages go out again.")


# --- locations ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AddLocation:
    """Add a place that ships; hours like `mon-fri 08:00-18:00; sat 10:00-14:00`."""

    code: str
    name: str = ""
    kind: str = "warehouse"
    street: str = ""
    zip: str = ""
    city: str = ""
    country: str = ""
    lat: float | None = None
    lon: float | None = None
    rank: int = 100
    parcel_cost: int = 0
    unit_cost: int = 0
    time_zone: str = ""
    hours: str = "always"
    cut_off: str = ""
    channel: str = ""
    closing_days: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()  # words that routing rules mean it by
    abilities: tuple[str, ...] = ()  # cold, hazmat, pickup, …: what it can handle or do
    delivers_km: int | None = None  # how far it brings goods itself; 0 for no radius
    delivers_to: tuple[str, ...] = ()  # and to which beginnings of postal codes
    delivery_fee: int = 0  # minor units for one delivery
    delivery_window: str = ""  # such as 16:00-20:00


@command("add location", AddLocation, Right.MANAGE, in_chat=False)
def add_location(ask: AddLocation, uow: UnitOfWork) -> Done:
    code = ask.code.strip().upper()
    if not code or not code.replace("-", "").isalnum() or len(code) > 12:
        raise Invalid(f"“{ask.code}” is no code for a location.", "Use letters and digits: BER.")
    if any(place.code == code for place in uow.shop.locations.values()):
        raise Conflict(f"There is a location {code} already.", "Use `wismo location set`.")
    values = location_values(given(ask, *_LOCATION_FIELDS))
    uow.people.put(t.location, {"code": code}, {**values, "name": ask.name.strip() or code})
    return Done(f"Location {code} is added.", {"location": code})


@dataclass(frozen=True, slots=True)
class ChangeLocation:
    """Change a location; what is left out stays."""

    location: Annotated[str, Arg.LOCATION]
    name: str | None = None
    kind: str | None = None
    street: str | None = None
    zip: str | None = None
    city: str | None = None
    country: str | None = None
    lat: float | None = None
    lon: float | None = None
    rank: int | None = None
    parcel_cost: int | None = None
    unit_cost: int | None = None
    time_zone: str | None = None
    hours: str | None = None
    cut_off: str | None = None
    channel: str | None = None
    closing_days: tuple[str, ...] | None = None
    groups: tuple[str, ...] | None = None
    abilities: tuple[str, ...] | None = None
    delivers_km: int | None = None
    delivers_to: tuple[str, ...] | None = None
    delivery_fee: int | None = None
    delivery_window: str | None = None
    external_ids: dict[str, str] | None = None
    active: bool | None = None


@command("change location", ChangeLocation, Right.MANAGE, in_chat=False)
def change_location(ask: ChangeLocation, uow: UnitOfWork) -> Done:
    place = uow.shop.location(ask.location)
    values = location_values(given(ask, *_LOCATION_FIELDS, "external_ids", "active"))
    if "external_ids" in values:
        values["external_ids"] = {**place.external_ids, **values["external_ids"]}
    if not values:
        raise Invalid("Nothing to change was named.")
    outcome = uow.people.put(t.location, {"code": place.code}, values)
    return Done(f"Location {place.code}: {', '.join(values)} {outcome}.", {"outcome": outcome})


_LOCATION_FIELDS = tuple(name for name in AddLocation.__slots__ if name != "code")


def location_values(told: dict[str, Any]) -> dict[str, Any]:
    """What was told about a location as its row holds it. Raises Invalid."""
    values = dict(told)
    _require(values.get("kind", "warehouse"), LOCATION_KINDS, "kind of location")
    if values.get("time_zone"):
        require_zone(values["time_zone"])
    if "hours" in values:
        hours = parse_hours(values["hours"])
        values["hours"] = "null" if hours is None else hours
    if "cut_off" in values:
        values["cut_off"] = parse_clock(values["cut_off"]) if values["cut_off"] else None
    if "country" in values:
        values["country"] = require_country(values["country"])
    if "active" in values:
        values["active"] = int(values["active"])
    for name in ("groups", "abilities"):
        if name in values:
            values[name] = require_words(values[name], name)
    values |= _checked(values)
    for name in ("rank", "parcel_cost", "unit_cost", "delivery_fee"):
        if not 0 <= values.get(name, 0) < 10**9:
            raise Invalid(f"{name} cannot be {values[name]}.", "Use a whole number from 0.")
    _require_on_earth(values)
    return values


def _checked(values: dict[str, Any]) -> dict[str, Any]:
    checks: dict[str, Callable[[Any], Any]] = {
        "closing_days": require_days,
        "delivers_km": checked_km,
        "delivers_to": checked_zips,
        "delivery_window": checked_window,
    }
    return {name: check(values[name]) for name, check in checks.items() if name in values}


# --- what is allowed -----------------------------------------------------------------------------


def given(ask: Any, *names: str) -> dict[str, Any]:
    """The fields of a command that were filled in."""
    told = {name: getattr(ask, name) for name in names}
    return {name: value for name, value in told.items() if value is not None}


def require_name(name: str) -> str:
    if not 1 <= len(name.strip()) <= 100:
        raise Invalid("A name has 1 to 100 characters.")
    return name.strip()


def require_zone(name: str) -> None:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as problem:
        next_ = "Use a name such as Europe/Berlin."
        raise Invalid(f"“{name}” is not a time zone we know.", next_) from problem


def require_words(words: tuple[str, ...], what: str) -> tuple[str, ...]:
    """Single words in small letters, each once."""
    clean = tuple(dict.fromkeys(word.strip().casefold() for word in words if word.strip()))
    if len(clean) > 30 or any(len(word) > 40 or " " in word for word in clean):
        raise Invalid(f"{what} are up to 30 single words.", "For example: national cold.")
    return clean


def require_days(days: tuple[str, ...]) -> tuple[str, ...]:
    """Calendar days as every promise will read them, each once and in their order."""
    try:
        return tuple(sorted({date.fromisoformat(day.strip()).isoformat() for day in days}))
    except ValueError as problem:
        raise Invalid("A closing day is written 2026-12-24.", "Send a list of days.") from problem


def require_country(code: str) -> str:
    wanted = code.strip().upper()
    if wanted and not (len(wanted) == 2 and wanted.isascii() and wanted.isalpha()):
        raise Invalid(f"“{code}” is not a country code.", "Use two letters such as DE.")
    return wanted


def _require(word: str, known: tuple[str, ...], what: str) -> None:
    if word not in known:
        raise Invalid(f"“{word}” is no {what}.", f"Choose {', '.join(known)}.")


def _require_on_earth(values: dict[str, Any]) -> None:
    for name, most in (("lat", 90), ("lon", 180)):
        if name in values and not -most <= values[name] <= most:
            raise Invalid(f"{name} cannot be {values[name]}.", f"Use -{most} to {most}.")
