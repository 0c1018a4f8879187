"""Announced goods as rows: what may be sold before it is here, and which orders await it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING

import sqlalchemy as sa

from core.db import tables as t
from core.db.connection import Session, Statement
from core.domain.awaiting import Preorder

if TYPE_CHECKING:
    from core.db.unit_of_work import UnitOfWork

_p, _l, _c, _s = t.product.c, t.order_line.c, t.cases.c, t.stock_level.c
_ALL = Statement(
    sa.select(_p.sku, _p.available_from, _p.preorder_limit, _p.street_date).where(
        _p.shop_id == sa.bindparam("shop"), _p.available_from.is_not(None)
    ),
    apart=True,
)
_SET = Statement(
    t.product.update().where(_p.shop_id == sa.bindparam("shop"), _p.sku == sa.bindparam("named")),
    sets=("available_from", "preorder_limit", "street_date"),
)
_AWAITED = Statement(
    sa.select(sa.func.coalesce(sa.func.sum(_l.backordered), 0)).where(
        _l.shop_id == sa.bindparam("shop"),
        _l.sku == sa.bindparam("sku"),
        _l.backordered > 0,
        _l.awaits != "",
        _l.order_id != sa.bindparam("but"),
    )
)
_SUBJECT = sa.literal("order:") + sa.cast(_l.order_id, sa.Text)
_h = t.hold.c
_HELD = Statement(
    sa.select(_h.order_id)
    .distinct()
    .join(t.order_line, _l.id == _h.scope_id)
    .where(
        _h.shop_id == sa.bindparam("shop"),
        _h.reason == sa.literal_column("'street_date'"),
        _h.released_at.is_(None),
        _l.sku == sa.bindparam("sku"),
    )
    .order_by(_h.order_id)
)
_OVERDUE = Statement(
    sa.select(_l.order_id)
    .distinct()
    .where(
        _l.shop_id == sa.bindparam("shop"),
        _l.backordered > 0,
        _l.awaits != "",
        _l.awaits <= sa.bindparam("today"),
        ~sa.exists().where(
            _c.shop_id == _l.shop_id,
            _c.kind == "short",
            _c.subject == _SUBJECT,
            _c.state != "resolved",
        ),
    )
    .order_by(_l.order_id)
    .limit(sa.bindparam("most"))
)


def preorders_of(session: Session, shop_id: int) -> dict[str, Preorder]:
    """Every announced product of a shop."""
    rows = session.rows(_ALL, shop=shop_id)
    return {
        sku: Preorder(date.fromisoformat(day), limit, bool(street))
        for sku, day, limit, street in rows
    }


def announce(uow: UnitOfWork, sku: str, preorder: Preorder | None) -> None:
    day = preorder.available_from.isoformat() if preorder else None
    limit = preorder.limit if preorder else None
    told = {"available_from": day, "preorder_limit": limit}
    street = int(preorder.street) if preorder else 0
    uow.session.run(_SET, shop=uow.shop.id, named=sku, street_date=street, **told)
    uow.people.touch()


def held_for_their_day(session: Session, shop_id: int, sku: str) -> list[int]:
    """Ids of orders of which units of this SKU lie here and wait for their day of sale."""
    return [row[0] for row in session.rows(_HELD, shop=shop_id, sku=sku)]


def sold_ahead(
    uow: UnitOfWork, preorders: Mapping[str, Preorder], but_order: int
) -> dict[str, int]:
    """Units that other orders await, of those SKUs that have a limit."""
    limited = sorted(sku for sku, known in preorders.items() if known.limit is not None)
    found = {}
    for sku in limited:
        row = uow.session.row(_AWAITED, shop=uow.shop.id, sku=sku, but=but_order)
        found[sku] = int(row[0]) if row else 0
    return found


def overdue(session: Session, shop_id: int, today: date, most: int) -> list[int]:
    """Orders whose announced goods should be here by now, and which have no case yet."""
    rows = session.rows(_OVERDUE, shop=shop_id, today=today.isoformat(), most=most)
    return [row[0] for row in rows]


def list_at(uow: UnitOfWork, sku: str, location_id: int) -> bool:
    """This location may have this SKU from now on; False when it was on its list already."""
    if any(level.location_id == location_id for level in uow.stock.levels([sku])):
        return False
    row = {"shop_id": uow.shop.id, "sku": sku, "location_id": location_id}
    uow.insert_now(t.stock_level, row)
    return True
