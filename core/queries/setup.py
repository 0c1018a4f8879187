"""What was set up and what waits in the machine room: for the CLI and the owner."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from core.db import machinery, roster
from core.db.reading import Reader
from core.db.rows import from_json, moment
from core.domain.access import Right
from core.domain.hours import show_hours
from core.domain.policy import KINDS
from core.domain.refusals import Invalid, NotFound
from core.domain.shop import Location, Shop
from core.domain.values import dataclass
from core.registry import question

STATES = {
    "inbox": ("", "done", "refused", "retry", "dead"),
    "outbox": ("", "waiting", "leased", "done", "suppressed", "dead", "held"),
}


@dataclass(frozen=True, slots=True)
class LocationView:
    code: str
    name: str
    kind: str
    city: str
    country: str
    hours: str
    cut_off: str
    state: str
    external_ids: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ConnectionView:
    """A connection without its secrets."""

    id: int
    kind: str
    name: str
    active: bool
    has_secrets: bool
    config: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ShopView:
    id: int
    name: str
    currency: str
    time_zone: str
    language: str
    address_form: str
    email: str
    url: str
    mode: str
    live_since: datetime | None
    paused_at: datetime | None
    policy: Mapping[str, Any]
    switches: Mapping[str, bool]
    locations: tuple[LocationView, ...]
    connections: tuple[ConnectionView, ...]


@dataclass(frozen=True, slots=True)
class ShowShop:
    """The shop with its locations, connections, policy and switches."""


@question("shop", ShowShop, Right.MANAGE, in_chat=False)
def show_shop(_ask: ShowShop, reader: Reader) -> ShopView:
    shop = reader.shop
    return ShopView(
        id=shop.id,
        name=shop.name,
        currency=shop.currency,
        time_zone=shop.time_zone,
        language=shop.language,
        address_form=shop.address_form,
        email=shop.email,
        url=shop.url,
        mode=shop.mode.value,
        live_since=shop.live_since,
        paused_at=shop.paused_at,
        policy=dict(shop.policy),
        switches={kind: shop.switches.get(kind, True) for kind in KINDS},
        locations=tuple(_location(place, reader.now) for place in shop.locations.values()),
        connections=_connections(shop),
    )


def _location(place: Location, now: datetime) -> LocationView:
    paused = place.paused_until is not None and place.paused_until > now
    state = "closed" if not place.active else "paused" if paused else "open"
    return LocationView(
        place.code,
        place.name,
        place.kind,
        place.city,
        place.country,
        show_hours(place.hours),
        place.cut_off or "",
        state,
        place.external_ids,
    )


def _connections(shop: Shop) -> tuple[ConnectionView, ...]:
    return tuple(
        ConnectionView(c.id, c.kind, c.name, c.active, bool(c.secrets), c.config)
        for c in shop.connections.values()
    )


@dataclass(frozen=True, slots=True)
class StaffView:
    id: int
    name: str
    role: str
    email: str
    slack_user: str
    locations: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ListStaff:
    """Everybody with access."""


@question("staff", ListStaff, Right.MANAGE, in_chat=False)
def list_staff(_ask: ListStaff, reader: Reader) -> tuple[StaffView, ...]:
    return tuple(
        StaffView(
            row["id"],
            row["name"],
            row["role"],
            row["email"] or "",
            row["slack_user"] or "",
            tuple(from_json(row["locations"])),
        )
        for row in roster.staff_rows(reader.session, reader.shop.id)
    )


@dataclass(frozen=True, slots=True)
class KeyView:
    name: str
    prefix: str
    role: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class ListKeys:
    """The API keys that open, by their first characters."""


@question("keys", ListKeys, Right.MANAGE, in_chat=False)
def list_keys(_ask: ListKeys, reader: Reader) -> tuple[KeyView, ...]:
    return tuple(
        KeyView(row["name"], row["prefix"], row["role"], moment(row["created_at"]))
        for row in roster.keys(reader.session, reader.shop.id)
    )


# --- the machine room ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ListBox:
    """What was received (`inbox`) or must leave (`outbox`), newest first."""

    box: str
    state: str = ""
    most: int = 50


@question("box", ListBox, Right.MANAGE, in_chat=False)
def list_box(ask: ListBox, reader: Reader) -> list[dict[str, Any]]:
    look = machinery.inbox_rows if _checked(ask.box, ask.state) else machinery.outbox_rows
    return [_readable(row) for row in look(reader.session, reader.shop.id, ask.state, ask.most)]


@dataclass(frozen=True, slots=True)
class ShowBox:
    """One row of inbox or outbox, whole."""

    box: str
    id: int


@question("box row", ShowBox, Right.MANAGE, in_chat=False)
def show_box(ask: ShowBox, reader: Reader) -> dict[str, Any]:
    look = machinery.inbox_one if _checked(ask.box, "") else machinery.outbox_one
    row = look(reader.session, reader.shop.id, ask.id)
    if row is None:
        raise NotFound(f"There is no {ask.id} in the {ask.box}.", f"See `wismo {ask.box} list`.")
    return _readable(row)


def _checked(box: str, state: str) -> bool:
    """Whether it is the inbox that is asked about."""
    if box not in STATES:
        raise Invalid(f"There is no box {box}.", "Ask for inbox or outbox.")
    if state not in STATES[box]:
        known = ", ".join(filter(None, STATES[box]))
        raise Invalid(f"Nothing in the {box} is {state}.", f"States: {known}.")
    return box == "inbox"


def _readable(row: Any) -> dict[str, Any]:
    """Moments as moments, JSON as data, raw bytes as text where they are text."""
    shown = {}
    for name, value in row._mapping.items():
        if value is not None and (name.endswith("_at") or name == "leased_until"):
            value = moment(value)
        elif name in ("payload", "result", "answer"):
            value = from_json(value)
        elif name == "raw":
            value = bytes(value).decode("utf-8", "backslashreplace")
        shown[name] = value
    return shown
