"""The figures of a day: counts of orders, parcels, returns and refunds within a span of time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from core.db import tables as t
from core.db.connection import Session
from core.db.rows import from_json, micros
from core.domain.metrics import Day, Tally

_o, _f, _p, _m, _r, _n = (
    t.orders.c,
    t.fulfillment_order.c,
    t.parcel.c,
    t.rma.c,
    t.refund.c,
    t.connection.c,
)
Places = Sequence[int] | None  # location ids; None means the whole shop
Rule = sa.ColumnElement[bool]


def placed(session: Session, shop_id: int, day: Day, places: Places) -> int:
    return _count(
        session,
        sa.select(sa.func.count()).where(
            _o.shop_id == shop_id, _within(_o.placed_at, day), _worked_at(_o.id, places)
        ),
    )


def held(session: Session, shop_id: int, places: Places) -> int:
    return _count(
        session,
        sa.select(sa.func.count()).where(
            _o.shop_id == shop_id, _o.status == "open", _o.held == 1, _worked_at(_o.id, places)
        ),
    )


def shipped(session: Session, shop_id: int, day: Day, places: Places) -> int:
    """Orders of which a parcel left that day: by hand-over, or else by its first scan."""
    left = sa.func.coalesce(_p.handed_over_at, _p.first_scan_at)
    return _parcels(session, shop_id, _within(left, day), places)


def delivered(session: Session, shop_id: int, day: Day, places: Places) -> int:
    return _parcels(session, shop_id, _within(_p.delivered_at, day), places)


def _parcels(session: Session, shop_id: int, rule: Rule, places: Places) -> int:
    clause = sa.select(sa.func.count(sa.distinct(_p.order_id))).where(_p.shop_id == shop_id, rule)
    if places is not None:
        clause = clause.join(t.fulfillment_order, _f.id == _p.fulfillment_id).where(
            _f.location_id.in_(places)
        )
    return _count(session, clause)


def returns_requested(session: Session, shop_id: int, day: Day, places: Places) -> int:
    return _returns(session, shop_id, _within(_m.requested_at, day), places)


def returns_received(session: Session, shop_id: int, day: Day, places: Places) -> int:
    return _returns(session, shop_id, _within(_m.received_at, day), places)


def _returns(session: Session, shop_id: int, rule: Rule, places: Places) -> int:
    clause = sa.select(sa.func.count()).where(
        _m.shop_id == shop_id, rule, _worked_at(_m.order_id, places)
    )
    return _count(session, clause)


def refunds_due(session: Session, shop_id: int, places: Places) -> Tally:
    return _refunds(session, shop_id, _r.state == "due", places)


def refunds_recorded(session: Session, shop_id: int, day: Day, places: Places) -> Tally:
    rule = sa.and_(_r.state == "refunded", _within(_r.settled_at, day))
    return _refunds(session, shop_id, rule, places)


def _refunds(session: Session, shop_id: int, rule: Rule, places: Places) -> Tally:
    rows = session.select(
        sa.select(_r.currency, sa.func.count(), sa.func.sum(_r.amount))
        .where(_r.shop_id == shop_id, rule, _worked_at(_r.order_id, places))
        .group_by(_r.currency)
        .order_by(_r.currency)
    )
    money = tuple((currency, int(amount)) for currency, _, amount in rows)
    return Tally(sum(count for _, count, _ in rows), money)


def shops_counts(session: Session, shop_id: int, day: Day) -> list[tuple[str, object, int]]:
    """(connection, what it noted as its own count, our count of its orders) of every channel."""
    ours = (
        sa.select(sa.func.count())
        .where(_o.connection_id == _n.id, _within(_o.placed_at, day))
        .scalar_subquery()
    )
    rows = session.select(
        sa.select(_n.name, _n.state, ours)
        .where(_n.shop_id == shop_id, _n.active == 1, _n.kind.in_(("shopify", "woocommerce")))
        .order_by(_n.id)
    )
    return [(name, from_json(state).get("their_count"), count) for name, state, count in rows]


def _within(moment: Any, day: Day) -> Rule:
    return sa.and_(moment >= micros(day.start), moment < micros(day.end))


def _worked_at(order_id: Any, places: Places) -> Rule:
    """The order has, or had, work at one of these places."""
    if places is None:
        return sa.true()
    return sa.exists().where(
        _f.order_id == order_id, _f.location_id.in_(places), _f.stage != "canceled"
    )


def _count(session: Session, clause: sa.Select[Any]) -> int:
    return int(session.select(clause)[0][0])
