"""Routing as rows: rule sets that never change, which one is active, rejections, capacity."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from core.db import tables as t
from core.db.connection import Session, Statement, one_of
from core.db.rows import from_json, micros, moment, to_json
from core.domain.refusals import NotFound
from core.domain.routing.document import Document, RuleSet, read_document, to_plain
from core.domain.routing.scope import Goods

if TYPE_CHECKING:
    from core.db.unit_of_work import UnitOfWork

_r, _a, _j, _p = (
    t.routing_rules.c,
    t.routing_activation.c,
    t.routing_rejection.c,
    t.product.c,
)
_LAST = (
    sa.select(_a.number)
    .where(_a.shop_id == sa.bindparam("shop"))
    .order_by(_a.id.desc())
    .limit(1)
    .scalar_subquery()
)
_ACTIVE = Statement(
    sa.select(_r.number, _r.document).where(
        _r.shop_id == sa.bindparam("shop2"), _r.number == _LAST
    ),
    apart=True,
)
_ONE = Statement(
    sa.select(_r.number, _r.document, _r.based_on, _r.reason, _r.actor, _r.at).where(
        _r.shop_id == sa.bindparam("shop"), _r.number == sa.bindparam("number")
    )
)
_ALL = Statement(
    sa.select(_r.number, _r.document, _r.based_on, _r.reason, _r.actor, _r.at)
    .where(_r.shop_id == sa.bindparam("shop"))
    .order_by(_r.number.desc())
    .limit(sa.bindparam("most"))
)
_MOST = Statement(sa.select(sa.func.max(_r.number)).where(_r.shop_id == sa.bindparam("shop")))
_ACTIVATIONS = Statement(
    sa.select(_a.number, _a.reason, _a.actor, _a.at)
    .where(_a.shop_id == sa.bindparam("shop"))
    .order_by(_a.id.desc())
    .limit(sa.bindparam("most"))
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


@dataclass(frozen=True, slots=True)
class Written:
    """One version of the rules: what it says, who wrote it, when and why."""

    number: int
    document: Document
    based_on: int | None
    reason: str
    actor: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Activation:
    """From this moment on a version was in force; number 0 is no rules at all."""

    number: int
    reason: str
    actor: str
    at: datetime


# --- rule sets -----------------------------------------------------------------------------------


def active_rules(session: Session, shop_id: int) -> RuleSet | None:
    row = session.row(_ACTIVE, shop=shop_id, shop2=shop_id)
    return None if row is None else RuleSet(row[0], read_document(from_json(row[1])))


def version_of(session: Session, shop_id: int, number: int) -> Written:
    row = session.row(_ONE, shop=shop_id, number=number)
    if row is None:
        raise NotFound(f"There is no version {number} of the rules.", "Look at `rules`.")
    return _written(row)


def versions(session: Session, shop_id: int, most: int = 20) -> list[Written]:
    """The newest first."""
    return [_written(row) for row in session.rows(_ALL, shop=shop_id, most=most)]


def activations(session: Session, shop_id: int, most: int = 50) -> list[Activation]:
    """The newest first."""
    found = session.rows(_ACTIVATIONS, shop=shop_id, most=most)
    return [Activation(number, reason, actor, moment(at)) for number, reason, actor, at in found]


def write_rules(uow: UnitOfWork, document: Document, based_on: int | None, reason: str) -> int:
    """A new version, which is only a draft; returns its number."""
    found = uow.session.row(_MOST, shop=uow.shop.id)
    number = int((found[0] if found else 0) or 0) + 1
    row = {"number": number, "document": to_json(to_plain(document)), "based_on": based_on}
    uow.insert_now(t.routing_rules, {**_signed(uow, reason), **row})
    return number


def activate(uow: UnitOfWork, number: int, reason: str) -> None:
    uow.insert_now(t.routing_activation, {**_signed(uow, reason), "number": number})
    uow.people.touch()


def _signed(uow: UnitOfWork, reason: str) -> dict[str, Any]:
    return {
        "id": uow.new_id(),
        "shop_id": uow.shop.id,
        "reason": reason,
        "actor": uow.actor.name,
        "at": micros(uow.now),
    }


def _written(row: Sequence[Any]) -> Written:
    number, document, based_on, reason, actor, at = row
    return Written(number, read_document(from_json(document)), based_on, reason, actor, moment(at))


# --- rejections and goods ------------------------------------------------------------------------


def rejected_by(session: Session, order_id: int) -> set[int]:
    """Locations that gave this order back."""
    return {row[0] for row in session.rows(_REJECTIONS, order=order_id)}


def note_rejection(uow: UnitOfWork, order_id: int, location_id: int, reason: str) -> None:
    row = {"order_id": order_id, "location_id": location_id}
    uow.insert(t.routing_rejection, {**_signed(uow, reason), **row})


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


_m = t.stock_move.c


def received_at(session: Session, shop_id: int, skus: Iterable[str]) -> Mapping[int, int]:
    """When each location last received any of these SKUs, in microseconds."""
    clause = (
        sa.select(_m.location_id, sa.func.max(_m.at))
        .where(_m.shop_id == shop_id, _m.sku.in_(sorted(set(skus))), _m.kind == "receive")
        .group_by(_m.location_id)
    )
    return {row[0]: row[1] for row in session.select(clause)}
