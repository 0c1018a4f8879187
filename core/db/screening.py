"""What the screening asks the past, and what it writes down: each question is one statement."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from core.db import tables as t
from core.db.connection import Session, Statement, one_of
from core.db.rows import from_json, micros, moment, to_json
from core.domain.concerns import line_key
from core.domain.order import Order
from core.domain.screening import Concern, Then
from core.domain.values import dataclass

if TYPE_CHECKING:
    from core.db.unit_of_work import UnitOfWork

KEPT = timedelta(hours=2)  # marks are counted for an hour

_o, _l, _m, _s = t.orders.c, t.order_line.c, t.screening_mark.c, t.screening.c
# Whoever asks knows the customer, and looking for a customer writes what waits for them.
_NEAR = Statement(
    sa.select(_o.number, _l.sku, _l.ordered)
    .join_from(t.orders, t.order_line, _l.order_id == _o.id)
    .where(
        _o.customer_id == sa.bindparam("customer"),
        _o.placed_at.between(sa.bindparam("begin"), sa.bindparam("end")),
        _o.canceled_at.is_(None),
    )
    .order_by(_o.placed_at, _o.id),
    apart=True,
)
_ENTRIES = Statement(
    sa.select(_s.at, _s.cause, _s.points, _s.concerns, _s.gone)
    .where(_s.order_id == sa.bindparam("order"))
    .order_by(_s.id)
)
_FORGET = Statement(
    t.screening_mark.delete().where(
        _m.shop_id == sa.bindparam("shop"), _m.at < sa.bindparam("before")
    )
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One look at an order that saw something; `gone` are keys of concerns that are settled."""

    at: datetime
    cause: str
    points: int
    concerns: tuple[Concern, ...]
    gone: tuple[tuple[str, str], ...]


def twins(session: Session, order: Order, minutes: int) -> tuple[str, ...]:
    """Numbers of other orders of this customer, so near in time, with the same lines."""
    reach = timedelta(minutes=minutes)
    begin, end = micros(order.placed_at - reach), micros(order.placed_at + reach)
    near: dict[str, list[tuple[str, int]]] = defaultdict(list)
    rows = session.rows(_NEAR, customer=order.customer_id, begin=begin, end=end)
    for number, sku, ordered in rows:
        near[number].append((sku, ordered))
    own = line_key((line.sku, line.ordered) for line in order.lines)
    return tuple(n for n, lines in near.items() if n != order.number and line_key(lines) == own)


def count_marks(
    session: Session, shop_id: int, marks: Sequence[str], since: datetime
) -> dict[str, int]:
    if not marks:
        return {}
    named = {f"mark{n}": mark for n, mark in enumerate(marks)}
    rows = session.rows(_counted(len(marks)), shop=shop_id, since=micros(since), **named)
    return {mark: int(count) for mark, count in rows}


@cache
def _counted(size: int) -> Statement:
    wanted = one_of(_m.mark, [sa.bindparam(f"mark{n}") for n in range(size)])
    return Statement(
        sa.select(_m.mark, sa.func.count())
        .where(_m.shop_id == sa.bindparam("shop"), wanted, _m.at > sa.bindparam("since"))
        .group_by(_m.mark)
    )


def add_marks(uow: UnitOfWork, order: Order, marks: Iterable[str]) -> None:
    for mark in marks:
        uow.log(
            t.screening_mark,
            {
                "id": uow.new_id(),
                "shop_id": uow.shop.id,
                "order_id": order.id,
                "mark": mark,
                "at": micros(uow.now),
            },
        )


def forget_marks(uow: UnitOfWork) -> int:
    """Marks that nothing counts any more; returns how many they were."""
    return uow.session.run(_FORGET, shop=uow.shop.id, before=micros(uow.now - KEPT))


def costs_of(session: Session, shop_id: int, skus: Sequence[str]) -> dict[str, int]:
    """What a unit costs the shop, for the SKUs of which that is known."""
    c = t.product.c
    rows = session.select(
        sa.select(c.sku, c.cost).where(c.shop_id == shop_id, c.sku.in_(skus), c.cost > 0)
    )
    return {row[0]: int(row[1]) for row in rows}


def write_down(
    uow: UnitOfWork,
    order: Order,
    cause: str,
    points: int,
    concerns: Sequence[Concern],
    gone: Sequence[tuple[str, str]],
) -> None:
    uow.log(
        t.screening,
        {
            "id": uow.new_id(),
            "shop_id": uow.shop.id,
            "order_id": order.id,
            "cause": cause,
            "points": points,
            "concerns": to_json(concerns),
            "gone": to_json(gone),
            "at": micros(uow.now),
        },
    )


def entries_of(session: Session, order_id: int) -> list[Entry]:
    """What was seen in an order, oldest first."""
    return [
        Entry(
            moment(at),
            cause,
            points,
            tuple(_concern(one) for one in from_json(concerns)),
            tuple((rule, detail) for rule, detail in from_json(gone)),
        )
        for at, cause, points, concerns, gone in session.rows(_ENTRIES, order=order_id)
    ]


def _concern(told: dict[str, Any]) -> Concern:
    return Concern(**{**told, "then": Then(told["then"])})
