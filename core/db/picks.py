"""A location's queue of open work as rows, in the order in which it should be picked."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from core.db import tables as t
from core.db.connection import Session, Statement
from core.db.holds import may_go
from core.db.rows import micros
from core.domain.refusals import NotFound
from core.domain.values import dataclass

_f, _o, _r, _l = t.fulfillment_order.c, t.orders.c, t.reservation.c, t.order_line.c
_OPEN = ("ready", "printed", "picked", "packed")
_QUEUE_ORDER = (_o.priority.desc(), _o.placed_at, _f.id)
_HOLDER = Statement(sa.select(_o.number, _o.customer_id).where(_o.id == sa.bindparam("id")))
_PRINT_NAME = re.compile("([0-9a-f]{1,14})-([0-9a-f]{1,14})")


@dataclass(frozen=True, slots=True)
class Printed:
    """The open work of one location that went on paper together."""

    shop_id: int
    location: str
    works: tuple[int, ...]


def waiting_at(session: Session, shop_id: int, location_id: int, most: int) -> list[int]:
    """Ids of work that may be printed now: ready, and its order free to go."""
    found = session.select(
        sa.select(_f.id, _o.priority, _o.placed_at)
        .join(t.orders, _o.id == _f.order_id)
        .where(_f.shop_id == shop_id, _f.location_id == location_id, _f.stage == "ready")
        .where(may_go(), _o.canceled_at.is_(None))
        .order_by(*_QUEUE_ORDER)
        .limit(most)
    )
    return [row.id for row in found]


def name_of_print(location_id: int, at: datetime) -> str:
    """What one print at one location is called: a name that says nothing to a stranger."""
    return f"{location_id:x}-{micros(at):x}"


def printed_as(session: Session, name: str) -> Printed | None:
    """What a print put on paper, as far as it has not left or been printed again."""
    told = _PRINT_NAME.fullmatch(name)
    if told is None:
        return None
    location_id, at = int(told[1], 16), int(told[2], 16)
    found = session.select(
        sa.select(_f.id, _f.shop_id, t.location.c.code)
        .join(
            t.location,
            sa.and_(t.location.c.id == _f.location_id, _f.shop_id == t.location.c.shop_id),
        )
        .where(t.location.c.id == location_id, _f.stage.in_(_OPEN), _f.printed_at == at)
    )
    if not found:
        return None
    return Printed(found[0].shop_id, found[0].code, tuple(row.id for row in found))


def queue_at(
    session: Session,
    shop_id: int,
    location_id: int,
    most: int,
    *,
    held: bool,
    ids: Sequence[int] = (),
) -> Sequence[sa.Row[Any]]:
    """Open work of one location with its order's words, held or free, the most urgent first."""
    clause = (
        sa.select(
            _f.id,
            _f.number,
            _f.stage,
            _f.ready_at,
            _o.id.label("order_id"),
            _o.number.label("order_number"),
            _o.version,
            _o.held,
            _o.priority,
            _o.placed_at,
            _o.promise,
            _o.customer_name,
            _o.language,
            _o.ship_to,
            _o.note,
            _o.tags,
            _o.extra,
            _o.method,
        )
        .join(t.orders, _o.id == _f.order_id)
        .where(_f.shop_id == shop_id, _f.location_id == location_id, _f.stage.in_(_OPEN))
        .where(sa.not_(may_go()) if held else may_go(), _o.canceled_at.is_(None))
    )
    if ids:
        clause = clause.where(_f.id.in_(ids))
    return session.select(clause.order_by(*_QUEUE_ORDER).limit(most))


def items_of(session: Session, ids: Sequence[int]) -> Sequence[sa.Row[Any]]:
    """What the reservations of this work hold, in the order of the lines."""
    if not ids:
        return []
    return session.select(
        sa.select(_r.fulfillment_id, _l.id, _r.sku, _l.title, _r.quantity)
        .join(t.order_line, _l.id == _r.line_id)
        .where(_r.fulfillment_id.in_(ids), _r.state == "promised")
        .order_by(_r.fulfillment_id, _l.position, _r.id)
    )


def holds_of(session: Session, order_ids: Sequence[int]) -> Sequence[sa.Row[Any]]:
    """The open holds of these orders, the oldest first."""
    if not order_ids:
        return []
    h = t.hold.c
    return session.select(
        sa.select(h.order_id, h.reason, h.placed_by, h.scope, h.scope_id)
        .where(h.order_id.in_(order_ids), h.released_at.is_(None))
        .order_by(h.id)
    )


def holder_of(session: Session, order_id: int) -> tuple[str, int | None]:
    """Number and customer of an order, without loading it."""
    row = session.row(_HOLDER, id=order_id)
    if row is None:
        raise NotFound("I cannot find that order.")
    return row[0], row[1]
