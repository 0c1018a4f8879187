"""What setting up asks about: own decisions of a shop, its people, keys and connections."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from core.db import setup
from core.db import tables as t
from core.db.connection import Session
from core.db.rows import from_json
from core.domain.access import Actor, Role


def shops(session: Session) -> list[tuple[int, str]]:
    """Every shop's number and name."""
    return [(row[0], row[1]) for row in session.select(sa.select(t.shop.c.id, t.shop.c.name))]


def settings_of(session: Session, shop_id: int) -> dict[str, Any]:
    """Only what was decided here, without the defaults."""
    found = session.select(sa.select(t.shop.c.settings).where(t.shop.c.id == shop_id))
    return dict(from_json(found[0][0])) if found else {}


def staff_rows(session: Session, shop_id: int) -> list[dict[str, Any]]:
    """Everybody with access, by name."""
    c = t.staff.c
    clause = sa.select(t.staff).where(c.shop_id == shop_id, c.active == 1).order_by(c.name, c.id)
    return [dict(row._mapping) for row in session.select(clause)]


def staff_named(session: Session, shop_id: int, name: str) -> dict[str, Any] | None:
    wanted = name.casefold()
    return next((r for r in staff_rows(session, shop_id) if r["name"].casefold() == wanted), None)


def actor_named(session: Session, shop_id: int, name: str) -> Actor | None:
    """The person of the staff called so, ready to act."""
    found = staff_named(session, shop_id, name)
    return None if found is None else setup.staff_by_id(session, shop_id, found["id"])


def owners(session: Session, shop_id: int) -> list[int]:
    return [r["id"] for r in staff_rows(session, shop_id) if r["role"] == Role.OWNER.value]


def keys(session: Session, shop_id: int) -> list[dict[str, Any]]:
    """The keys that open, without their hashes."""
    c = t.api_key.c
    clause = sa.select(c.id, c.name, c.prefix, c.role, c.created_at).where(
        c.shop_id == shop_id, c.revoked_at.is_(None)
    )
    return [dict(row._mapping) for row in session.select(clause.order_by(c.id))]


def connection_id(session: Session, shop_id: int, name: str) -> int | None:
    c = t.connection.c
    found = session.select(sa.select(c.id).where(c.shop_id == shop_id, c.name == name))
    return found[0][0] if found else None
