"""The lane table: rows ↔ domain."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from core.db import tables as t
from core.db.connection import Session, Statement
from core.domain.lanes import Lane, LaneBook

if TYPE_CHECKING:
    from core.db.unit_of_work import UnitOfWork

_c = t.lane.c
_LANES = Statement(
    sa.select(_c.origin, _c.country, _c.zip_prefix, _c.method, _c.days, _c.cost, _c.carrier)
    .where(_c.shop_id == sa.bindparam("shop"))
    .order_by(_c.country, _c.zip_prefix, _c.origin, _c.method, _c.carrier),
    apart=True,
)


def book_of(session: Session, shop_id: int) -> LaneBook:
    return LaneBook(tuple(Lane(*row) for row in session.rows(_LANES, shop=shop_id)))


def put_lane(uow: UnitOfWork, lane: Lane) -> str:
    """Make or change one lane; returns made, changed or same."""
    return uow.people.put(t.lane, _key(lane), {"days": lane.days, "cost": lane.cost})


def drop_lane(uow: UnitOfWork, lane: Lane) -> bool:
    clause = t.lane.delete().where(_c.shop_id == uow.actor.shop_id)
    for name, value in _key(lane).items():
        clause = clause.where(_c[name] == value)
    if uow.session.connection.execute(clause).rowcount == 0:
        return False
    uow.people.touch()
    return True


def _key(lane: Lane) -> dict[str, str]:
    return {
        "origin": lane.origin,
        "country": lane.country,
        "zip_prefix": lane.zip_prefix,
        "method": lane.method,
        "carrier": lane.carrier,
    }
