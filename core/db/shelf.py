"""Stock as people and channels look at it: products, waiting orders, last moves, untold levels."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from core.db import tables as t
from core.db.connection import Session, Statement
from core.db.rows import from_json, micros
from core.domain.stock import COLUMNS
from core.domain.values import dataclass

if TYPE_CHECKING:
    from core.db.unit_of_work import UnitOfWork

LOOKED_AT = 50
_p, _s, _m, _l, _o = t.product.c, t.stock_level.c, t.stock_move.c, t.order_line.c, t.orders.c
_PRODUCT = Statement(
    sa.select(_p.sku, _p.title, _p.barcode)
    .where(
        _p.shop_id == sa.bindparam("shop"),
        sa.or_(
            _p.sku == sa.bindparam("exact"),
            sa.func.lower(_p.sku) == sa.bindparam("lower"),
            sa.and_(_p.barcode != "", _p.barcode == sa.bindparam("code")),
        ),
    )
    .order_by((_p.sku == sa.bindparam("first")).desc(), _p.sku)
)
_TOLD = Statement(
    t.stock_level.update()
    .where(
        _s.shop_id == sa.bindparam("p_shop"),
        _s.sku == sa.bindparam("p_sku"),
        _s.location_id == sa.bindparam("p_location"),
        _s.version == sa.bindparam("p_version"),
        _s.told_version != sa.bindparam("p_version2"),
    )
    .values(told_version=sa.bindparam("p_version3"))
)
_UNTELL = Statement(
    t.stock_level.update()
    .where(
        _s.shop_id == sa.bindparam("p_shop"),
        _s.sku == sa.bindparam("p_sku"),
        _s.location_id == sa.bindparam("p_location"),
    )
    .values(version=_s.version + 1)
)


@dataclass(frozen=True, slots=True)
class Product:
    sku: str
    title: str
    barcode: str


@dataclass(frozen=True, slots=True)
class Untold:
    """A level that the channels do not know yet; `product_ids` are theirs, by connection id.

    `moved_at` (UTC microseconds) is when the first of its moves was made that they do not know.
    """

    sku: str
    location_id: int
    version: int
    moved_at: int | None
    product_ids: dict[str, str]


def find_product(session: Session, shop_id: int, word: str) -> Product | None:
    """A product by its SKU, however it was typed, or by its barcode."""
    clean = word.strip()
    row = session.row(
        _PRODUCT, shop=shop_id, exact=clean, lower=clean.lower(), code=clean, first=clean
    )
    return None if row is None else Product(*row)


def similar_skus(session: Session, shop_id: int, word: str, most: int = 3) -> list[str]:
    """SKUs that begin like a word which is none: what somebody may have meant, the likest first."""
    start = sa.func.lower(_p.sku).startswith(word.strip().lower()[:3], autoescape=True)
    found = session.select(
        sa.select(_p.sku).where(_p.shop_id == shop_id, start).order_by(_p.sku).limit(LOOKED_AT)
    )
    wanted = word.strip().casefold()
    ranked = sorted(
        found, key=lambda row: -SequenceMatcher(None, wanted, row.sku.casefold()).ratio()
    )
    return [row.sku for row in ranked[:most]]


def waiting_for(session: Session, shop_id: int, sku: str, most: int) -> Sequence[sa.Row[Any]]:
    """Orders that wait for this SKU in the order in which they will be served."""
    return session.select(
        sa.select(_o.number, sa.func.sum(_l.backordered).label("quantity"), _o.placed_at)
        .join(t.orders, _o.id == _l.order_id)
        .where(_l.shop_id == shop_id, _l.sku == sku, _l.backordered > 0)
        .group_by(_o.id, _o.number, _o.placed_at, _o.priority)
        .order_by(_o.priority.desc(), _o.placed_at, _o.id)
        .limit(most)
    )


def last_moves(session: Session, shop_id: int, sku: str, most: int) -> Sequence[sa.Row[Any]]:
    return session.select(
        sa.select(_m.at, _m.kind, _m.quantity, _m.location_id, _m.reason, _m.actor)
        .where(_m.shop_id == shop_id, _m.sku == sku)
        .order_by(_m.id.desc())
        .limit(most)
    )


def ledger_rows(
    session: Session, shop_id: int, sku: str, location_id: int | None, before: int, most: int
) -> Sequence[sa.Row[Any]]:
    """The newest moves of a SKU, at one location or at all; `before` is the id to go on from."""
    clause = (
        sa.select(t.stock_move, _o.number.label("order_number"))
        .join(t.order_line, _l.id == _m.line_id, isouter=True)
        .join(t.orders, _o.id == _l.order_id, isouter=True)
        .where(_m.shop_id == shop_id, _m.sku == sku)
        .order_by(_m.id.desc())
        .limit(most)
    )
    if location_id is not None:
        clause = clause.where(_m.location_id == location_id)
    return session.select(clause.where(_m.id < before) if before else clause)


def moved_since(
    session: Session, shop_id: int, sku: str, move_id: int
) -> dict[int, dict[str, int]]:
    """What the moves from this one on did to each location's quantities."""
    sums = [sa.func.sum(_m[name]).label(name) for name in COLUMNS]
    rows = session.select(
        sa.select(_m.location_id, *sums)
        .where(_m.shop_id == shop_id, _m.sku == sku, _m.id >= move_id)
        .group_by(_m.location_id)
    )
    return {row.location_id: {name: int(getattr(row, name)) for name in COLUMNS} for row in rows}


def untold_levels(session: Session, shop_id: int, most: int) -> list[Untold]:
    """Levels that moved since they were last told, with the channels' ids of their product."""
    found = session.select(
        sa.select(_s.sku, _s.location_id, _s.version, _s.moved_at, _p.external_ids)
        .join(t.product, sa.and_(_p.shop_id == _s.shop_id, _p.sku == _s.sku))
        .where(_s.shop_id == shop_id, _s.version != _s.told_version)
        .order_by(_s.sku, _s.location_id)
        .limit(most)
    )
    return [
        Untold(sku, place, version, moved_at, from_json(ids))
        for sku, place, version, moved_at, ids in found
    ]


def mark_told(session: Session, shop_id: int, level: Untold) -> bool:
    """False when the level moved meanwhile, or somebody else told it."""
    told = level.version
    params = {"p_shop": shop_id, "p_sku": level.sku, "p_location": level.location_id}
    return session.run(_TOLD, **params, p_version=told, p_version2=told, p_version3=told) == 1


def move_nothing(uow: UnitOfWork, sku: str) -> None:
    """Another figure will be told of the same stock (of one SKU, or of all): tell it anew."""
    clause = t.stock_level.update().where(_s.shop_id == uow.shop.id)
    if sku:
        clause = clause.where(_s.sku == sku)
    moved_at = sa.case((_s.version == _s.told_version, micros(uow.now)), else_=_s.moved_at)
    uow.session.connection.execute(clause.values(version=_s.version + 1, moved_at=moved_at))


def untell(session: Session, shop_id: int, sku: str, location_id: int) -> None:
    """What was to be told was not: the level is told anew, under a key of its own."""
    session.run(_UNTELL, p_shop=shop_id, p_sku=sku, p_location=location_id)
