"""Rows of whole tables that are brought in: what is known of them, and what would change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import sqlalchemy as sa

from core.db import tables as t
from core.db.connection import Session
from core.db.rows import from_json, to_json
from core.db.unit_of_work import UnitOfWork

Outcome = Literal["made", "changed", "same"]


def products(session: Session, shop_id: int, skus: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Known products by SKU, as rows."""
    c = t.product.c
    found = session.select(sa.select(t.product).where(c.shop_id == shop_id, c.sku.in_(skus)))
    return {row.sku: dict(row._mapping) for row in found}


def locations(session: Session, shop_id: int) -> dict[str, dict[str, Any]]:
    """Known locations by code, as rows."""
    found = session.select(sa.select(t.location).where(t.location.c.shop_id == shop_id))
    return {row.code: dict(row._mapping) for row in found}


def order_sources(session: Session, shop_id: int, numbers: Sequence[str]) -> dict[str, int | None]:
    """Which of these order numbers are taken, and through which connection they came."""
    c = t.orders.c
    clause = sa.select(c.number, c.connection_id).where(c.shop_id == shop_id, c.number.in_(numbers))
    return {row[0]: row[1] for row in session.select(clause)}


def moved_otherwise(
    session: Session, shop_id: int, skus: Sequence[str], reason: str
) -> set[tuple[str, int]]:
    """The levels (SKU and location) of these SKUs that ever moved for another reason."""
    c = t.stock_move.c
    clause = (
        sa.select(c.sku, c.location_id)
        .distinct()
        .where(c.shop_id == shop_id, c.sku.in_(skus), c.reason != reason)
    )
    return {(row[0], row[1]) for row in session.select(clause)}


def as_row(values: Mapping[str, Any]) -> dict[str, Any]:
    """Lists and dicts as the JSON text in which they are stored."""
    return {
        name: to_json(value) if isinstance(value, dict | list | tuple) else value
        for name, value in values.items()
    }


def ids_of(known: Mapping[str, Any] | None) -> dict[str, str]:
    """The ids that a row has in connected systems, by connection id."""
    return {} if known is None else dict(from_json(known["external_ids"]))


def outcome(known: Mapping[str, Any] | None, values: Mapping[str, Any]) -> Outcome:
    """What writing these values over the known row would come to."""
    if known is None:
        return "made"
    return "same" if all(known[name] == value for name, value in values.items()) else "changed"


def put_product(
    uow: UnitOfWork, sku: str, known: Mapping[str, Any] | None, values: Mapping[str, Any]
) -> None:
    """Products are no part of the shop that processes keep in memory: nobody need be told."""
    if known is None:
        own = {"id": uow.new_id(), "shop_id": uow.actor.shop_id, "sku": sku}
        uow.insert_now(t.product, {**own, "title": sku, **values})
        return
    clause = t.product.update().where(t.product.c.id == known["id"]).values(**values)
    uow.session.connection.execute(clause)
