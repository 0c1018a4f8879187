"""Routing as rows: the versions of the rules, rejections, waits, traces and goods."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from core.db import tables as t
from core.db.connection import Session, Statement, one_of
from core.db.rows import from_json, micros
from core.db.versions import Versions, signed
from core.domain.refusals import NotFound
from core.domain.routing.document import RuleSet, read_document, to_plain
from core.domain.routing.scope import Goods

if TYPE_CHECKING:
    from core.db.unit_of_work import UnitOfWork

_j, _p, _m = t.routing_rejection.c, t.product.c, t.stock_move.c
RULES = Versions(
    t.routing_rules,
    t.routing_activation,
    read_document,
    to_plain,
    name="rules",
    verb="rules",
    kept=lambda shop: shop.rules,
)
_END_WAIT = Statement(
    t.routing_wait.delete().where(t.routing_wait.c.order_id == sa.bindparam("order"))
)
_WAIT = Statement(
    sa.select(t.routing_wait.c.rule).where(t.routing_wait.c.order_id == sa.bindparam("order"))
)
_WAITED_FOR = Statement(
    sa.select(t.routing_wait.c.location_id).where(
        t.routing_wait.c.order_id == sa.bindparam("order")
    )
)
_WAITS_OVER = Statement(
    sa.select(t.routing_wait.c.order_id)
    .where(
        t.routing_wait.c.shop_id == sa.bindparam("shop"),
        t.routing_wait.c.cancel_at <= sa.bindparam("now"),
    )
    .order_by(t.routing_wait.c.cancel_at)
    .limit(sa.bindparam("most"))
)
_TRACE = Statement(
    sa.select(t.routing_trace.c.trace)
    .where(t.routing_trace.c.order_id == sa.bindparam("order"))
    .order_by(t.routing_trace.c.id.desc())
    .limit(1)
)
_REJECTIONS = Statement(sa.select(_j.location_id).where(_j.order_id == sa.bindparam("order")))


def active_rules(session: Session, shop_id: int) -> RuleSet | None:
    found = RULES.active(session, shop_id)
    return None if found is None else RuleSet(*found)


# --- rejections and goods ------------------------------------------------------------------------


def rejected_by(session: Session, order_id: int) -> set[int]:
    """Locations that gave this order back."""
    return {row[0] for row in session.rows(_REJECTIONS, order=order_id)}


def note_rejection(uow: UnitOfWork, order_id: int, location_id: int, reason: str) -> None:
    row = {"order_id": order_id, "location_id": location_id}
    uow.insert(t.routing_rejection, {**signed(uow, reason), **row})


def end_wait(uow: UnitOfWork, order_id: int) -> None:
    """The order waits for nothing that the rules asked for."""
    uow.write_rows()
    uow.session.run(_END_WAIT, order=order_id)


def waiting_orders(session: Session, shop_id: int, most: int) -> list[int]:
    """Orders of which units wait for stock or room: the most urgent first, then the oldest."""
    line, head = t.order_line.c, t.orders.c
    found = session.select(
        sa.select(head.id, head.priority, head.placed_at)
        .distinct()
        .join(t.order_line, line.order_id == head.id)
        .where(line.shop_id == shop_id, line.backordered > 0)
        .order_by(head.priority.desc(), head.placed_at, head.id)
        .limit(most)
    )
    return [row[0] for row in found]


def location_waited_for(session: Session, order_id: int) -> int | None:
    """The location that a rule lets an order wait for."""
    row = session.row(_WAITED_FOR, order=order_id)
    return None if row is None else row[0]


def rule_of_wait(session: Session, order_id: int) -> str:
    """The rule because of which an order waits."""
    row = session.row(_WAIT, order=order_id)
    return "" if row is None else str(row[0])


def waits_over(session: Session, shop_id: int, now: datetime, most: int) -> list[int]:
    """Orders that have waited as long as their rule lets them, the longest first."""
    rows = session.rows(_WAITS_OVER, shop=shop_id, now=micros(now), most=most)
    return [row[0] for row in rows]


def last_trace(uow: UnitOfWork, order_id: int) -> dict[str, Any]:
    """The newest routing decision about an order, as JSON data."""
    row = uow.session.row(_TRACE, order=order_id)
    if row is None:
        raise NotFound("That order was never routed.")
    plain: dict[str, Any] = from_json(row[0])
    return plain


@cache
def _goods(count: int) -> Statement:
    names: list[Any] = [sa.bindparam(f"sku{i}") for i in range(count)]
    return Statement(
        sa.select(_p.sku, _p.category, _p.flags, _p.weight, _p.price).where(
            _p.shop_id == sa.bindparam("shop"), one_of(_p.sku, names)
        ),
        apart=True,
    )


def goods_of(session: Session, shop_id: int, skus: Iterable[str]) -> dict[str, Goods]:
    """What the catalog says of some SKUs; `price` is the catalog's."""
    names = {f"sku{i}": sku for i, sku in enumerate(sorted(set(skus)))}
    if not names:
        return {}
    return {
        sku: Goods(category, tuple(from_json(flags)), weight, price)
        for sku, category, flags, weight, price in session.rows(
            _goods(len(names)), shop=shop_id, **names
        )
    }


def received_at(session: Session, shop_id: int, skus: Iterable[str]) -> Mapping[int, int]:
    """When each location last received any of these SKUs, in microseconds."""
    clause = (
        sa.select(_m.location_id, sa.func.max(_m.at))
        .where(_m.shop_id == shop_id, _m.sku.in_(sorted(set(skus))), _m.kind == "receive")
        .group_by(_m.location_id)
    )
    return {row[0]: row[1] for row in session.select(clause)}
