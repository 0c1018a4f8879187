"""Shops, locations, connections, staff and keys: rows ↔ domain, with a cache by revision."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa

from core.db import lanes, return_rules
from core.db import tables as t
from core.db.awaiting import preorders_of
from core.db.connection import Database, Row, Session, Statement
from core.db.kits import kits_of
from core.db.pauses import pauses_of
from core.db.routing import active_rules
from core.db.rows import from_json, moment_or_none
from core.domain.access import Actor, Role
from core.domain.pauses import Pause, location_stopped_until
from core.domain.pickup import pickup_names
from core.domain.refusals import NotFound
from core.domain.screening import Settings
from core.domain.shop import DEFAULT_POLICY, Connection, Location, Mode, Shop

REVISION = Statement(
    sa.select(t.shop.c.revision).where(t.shop.c.id == sa.bindparam("shop")), apart=True
)
_SHOP = Statement(sa.select(t.shop).where(t.shop.c.id == sa.bindparam("shop")), apart=True)
_LOCATIONS = Statement(
    sa.select(t.location)
    .where(t.location.c.shop_id == sa.bindparam("shop"))
    .order_by(t.location.c.rank, t.location.c.id),
    apart=True,
)
_CONNECTIONS = Statement(
    sa.select(t.connection)
    .where(t.connection.c.shop_id == sa.bindparam("shop"))
    .order_by(t.connection.c.id),
    apart=True,
)
_CONNECTION_SHOP = Statement(
    sa.select(t.connection.c.shop_id).where(t.connection.c.id == sa.bindparam("id"))
)
_SHOPS = Statement(sa.select(t.shop.c.id).order_by(t.shop.c.id))
_STAFF_BY_SLACK = Statement(
    sa.select(t.staff).where(
        t.staff.c.shop_id == sa.bindparam("shop"),
        t.staff.c.slack_user == sa.bindparam("user"),
        t.staff.c.active == 1,
    )
)
_STAFF_BY_EMAIL = Statement(
    sa.select(t.staff).where(
        t.staff.c.shop_id == sa.bindparam("shop"),
        sa.func.lower(t.staff.c.email) == sa.bindparam("email"),
        t.staff.c.slack_user.is_(None),
        t.staff.c.active == 1,
    )
)
_LINK_SLACK = Statement(
    t.staff.update()
    .where(
        t.staff.c.shop_id == sa.bindparam("shop"),
        sa.func.lower(t.staff.c.email) == sa.bindparam("mail"),
        t.staff.c.slack_user.is_(None),
        t.staff.c.active == 1,
    )
    .values(slack_user=sa.bindparam("user"))
)
_OWNERS = Statement(
    sa.select(t.staff.c.name)
    .where(
        t.staff.c.shop_id == sa.bindparam("shop"),
        t.staff.c.role == Role.OWNER.value,
        t.staff.c.active == 1,
    )
    .order_by(t.staff.c.id)
)
_STAFF_BY_ID = Statement(
    sa.select(t.staff).where(
        t.staff.c.shop_id == sa.bindparam("shop"),
        t.staff.c.id == sa.bindparam("id"),
        t.staff.c.active == 1,
    )
)
_KEY = Statement(
    sa.select(
        t.api_key.c.id, t.api_key.c.shop_id, t.api_key.c.name, t.api_key.c.hash, t.api_key.c.role
    ).where(t.api_key.c.prefix == sa.bindparam("prefix"), t.api_key.c.revoked_at.is_(None))
)

_cache: dict[tuple[str, int], Shop] = {}
_homes: dict[tuple[str, int], int] = {}  # the shop of each connection that was ever seen


def _named(table: sa.Table, row: Row) -> dict[str, Any]:
    return dict(zip((c.name for c in table.columns), row, strict=True))


def load_shop(session: Session, shop_id: int) -> Shop:
    """The shop as of this transaction; kept in memory until its revision moves."""
    found = session.row(REVISION, shop=shop_id)
    if found is None:
        raise NotFound("There is no such shop.", "Create one with `wismo setup`.")
    key = (session.name, shop_id)
    kept = _cache.get(key)
    if kept is None or kept.revision != found[0]:
        kept = _cache[key] = read_shop(session, shop_id)
        _homes.update(((session.name, each), shop_id) for each in kept.connections)
    return kept


def are_messages_paused(session: Session, shop_id: int) -> bool:
    """For whoever is about to hand a message over: claimed is not yet gone."""
    return load_shop(session, shop_id).paused_at is not None


def remembered(database: Database, shop_id: int) -> Shop | None:
    """The shop as last seen by this process, possibly a moment old; no query is made."""
    return _cache.get((database.name, shop_id))


def connected(database: Database, connection_id: int) -> Shop | None:
    """The shop of a connection, as `remembered`."""
    return remembered(database, _homes.get((database.name, connection_id), 0))


def forget(name: str, shop_ids: Iterable[int]) -> None:
    """What is remembered of these shops is not so any more."""
    for shop_id in shop_ids:
        _cache.pop((name, shop_id), None)


def forget_all(name: str) -> None:
    """This process has done with a database."""
    forget(name, [shop_id for known, shop_id in list(_cache) if known == name])


def read_shop(session: Session, shop_id: int) -> Shop:
    """The shop as this transaction sees it, remembered by nobody: it may yet be taken back."""
    shop = _named(t.shop, session.rows(_SHOP, shop=shop_id)[0])
    settings = from_json(shop["settings"])
    pauses = pauses_of(session, shop_id)
    locations = [
        _location(row, shop["time_zone"], pauses) for row in session.rows(_LOCATIONS, shop=shop_id)
    ]
    connections = [_connection(r) for r in session.rows(_CONNECTIONS, shop=shop_id)]
    return Shop(
        id=shop_id,
        name=shop["name"],
        currency=shop["currency"],
        time_zone=shop["time_zone"],
        language=shop["language"],
        address_form=shop["address_form"],
        mode=Mode(shop["mode"]),
        live_since=moment_or_none(shop["live_since"]),
        paused_at=moment_or_none(shop["paused_at"]),
        email=shop["email"],
        url=shop["url"],
        policy={**DEFAULT_POLICY, **settings.get("policy", {})},
        switches=settings.get("switches", {}),
        locations={place.id: place for place in locations},
        connections={c.id: c for c in connections},
        revision=shop["revision"],
        kits=kits_of(session, shop_id),
        preorders=preorders_of(session, shop_id),
        endless=frozenset(place.id for place in locations if place.endless),
        uses_carts=bool(settings.get("uses_carts", False)),
        lanes=lanes.book_of(session, shop_id),
        pauses=pauses,
        pickups=pickup_names(locations),
        rules=active_rules(session, shop_id),
        return_rules=return_rules.active_rules(session, shop_id),
        shipping=tuple(settings.get("shipping", {}).items()),
        screening=Settings.read(settings.get("screening", {})),
    )


def _location(row: Row, time_zone: str, pauses: Sequence[Pause]) -> Location:
    r = _named(t.location, row)
    return Location(
        id=r["id"],
        code=r["code"],
        name=r["name"],
        kind=r["kind"],
        street=r["street"],
        zip=r["zip"],
        city=r["city"],
        country=r["country"],
        lat=r["lat"],
        lon=r["lon"],
        rank=r["rank"],
        parcel_cost=r["parcel_cost"],
        unit_cost=r["unit_cost"],
        time_zone=r["time_zone"] or time_zone,
        hours=from_json(r["hours"]),
        closing_days=tuple(from_json(r["closing_days"])),
        holidays=r["holidays"],
        holiday_days=tuple(from_json(r["holiday_days"])),
        cut_off=r["cut_off"],
        channel=r["channel"],
        external_ids=from_json(r["external_ids"]),
        groups=tuple(from_json(r["groups"])),
        abilities=tuple(from_json(r["abilities"])),
        active=bool(r["active"]),
        endless=bool(r["endless"]),
        lead_days=r["lead_days"],
        delivers_km=r["delivers_km"],
        delivers_to=tuple(from_json(r["delivers_to"])),
        delivery_fee=r["delivery_fee"],
        delivery_window=r["delivery_window"],
        paused_until=location_stopped_until(pauses, r["code"]),
    )


def _connection(row: Row) -> Connection:
    r = _named(t.connection, row)
    return Connection(
        id=r["id"],
        kind=r["kind"],
        name=r["name"],
        config=from_json(r["config"]),
        secrets=r["secrets"],
        active=bool(r["active"]),
    )


def shop_ids(session: Session) -> list[int]:
    return [row[0] for row in session.rows(_SHOPS)]


def shop_of_connection(session: Session, connection_id: int) -> int | None:
    row = session.row(_CONNECTION_SHOP, id=connection_id)
    return None if row is None else row[0]


def staff_by_slack(session: Session, shop_id: int, slack_user: str) -> Actor | None:
    row = session.row(_STAFF_BY_SLACK, shop=shop_id, user=slack_user)
    return None if row is None else _staff(row)


def staff_without_slack(session: Session, shop_id: int, email: str) -> Actor | None:
    """Somebody of the staff with this e-mail address whom no Slack user was linked to yet."""
    row = session.row(_STAFF_BY_EMAIL, shop=shop_id, email=email.strip().lower())
    return None if row is None else _staff(row)


def link_slack(session: Session, shop_id: int, email: str, slack_user: str) -> bool:
    mail = email.strip().lower()
    return session.run(_LINK_SLACK, shop=shop_id, mail=mail, user=slack_user) == 1


def owner_names(session: Session, shop_id: int) -> list[str]:
    return [row[0] for row in session.rows(_OWNERS, shop=shop_id)]


def staff_by_id(session: Session, shop_id: int, staff_id: int) -> Actor | None:
    row = session.row(_STAFF_BY_ID, shop=shop_id, id=staff_id)
    return None if row is None else _staff(row)


def _staff(row: Row) -> Actor:
    r = _named(t.staff, row)
    return Actor(
        role=Role(r["role"]),
        shop_id=r["shop_id"],
        id=f"staff:{r['id']}",
        name=r["name"],
        locations=tuple(from_json(r["locations"])),
    )


def key_by_prefix(session: Session, prefix: str) -> tuple[Actor, str] | None:
    """The actor behind an API key and the hash to compare the whole key with."""
    row = session.row(_KEY, prefix=prefix)
    if row is None:
        return None
    key_id, shop_id, name, hashed, role = row
    return Actor(Role(role), shop_id, f"key:{key_id}", name), hashed
