"""Disputes of payments: rows ↔ domain."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa

from core.db import tables as t
from core.db.connection import Session, Statement
from core.db.orders import seen_from_own_places
from core.db.reading import Reader
from core.db.rows import micros, micros_or_none, moment, moment_or_none
from core.db.unit_of_work import UnitOfWork
from core.domain.disputes import Dispute, DisputeState

NO_DAY = 2**62  # behind every day that a bank has named

_d = t.dispute.c
_FIELDS = [c for c in t.dispute.columns if c.name != "shop_id"]
_NAMES = [c.name for c in _FIELDS]
_OF_ORDER = Statement(
    sa.select(*_FIELDS).where(_d.order_id == sa.bindparam("order")).order_by(_d.id)
)
_BY_EXTERNAL = Statement(
    sa.select(*_FIELDS).where(
        _d.connection_id == sa.bindparam("connection"),
        _d.external_id == sa.bindparam("external"),
    )
)
_CHANGES = (
    "order_id",
    "gateway",
    "amount",
    "currency",
    "reason",
    "state",
    "is_inquiry",
    "due_at",
    "ended_at",
)
_UPDATE = Statement(
    t.dispute.update().where(_d.id == sa.bindparam("row_id")),
    sets=_CHANGES,
)


def disputes_of(session: Session, order_id: int) -> list[Dispute]:
    return [_dispute(row) for row in session.rows(_OF_ORDER, order=order_id)]


def list_disputes(within: Reader, most: int) -> list[Dispute]:
    """Open ones by their last day for evidence, then ended ones, newest first."""
    clause = sa.select(*_FIELDS).where(_d.shop_id == within.actor.shop_id)
    orders = seen_from_own_places(within)
    if orders is not None:
        clause = clause.where(_d.order_id.in_(orders))
    is_open = _d.ended_at.is_(None)
    last_day = sa.case((is_open, sa.func.coalesce(_d.due_at, NO_DAY)), else_=NO_DAY)
    order = (sa.case((is_open, 0), else_=1), last_day, _d.ended_at.desc(), _d.id)
    return [_dispute(row) for row in within.session.select(clause.order_by(*order).limit(most))]


def dispute_named(session: Session, connection_id: int, external_id: str) -> Dispute | None:
    row = session.row(_BY_EXTERNAL, connection=connection_id, external=external_id)
    return None if row is None else _dispute(row)


def add_dispute(uow: UnitOfWork, dispute: Dispute) -> None:
    uow.insert_now(t.dispute, {"shop_id": uow.shop.id, "id": dispute.id, **_row(dispute)})


def save_dispute(uow: UnitOfWork, dispute: Dispute) -> None:
    row = _row(dispute)
    uow.session.run(_UPDATE, row_id=dispute.id, **{name: row[name] for name in _CHANGES})


def _row(dispute: Dispute) -> dict[str, Any]:
    return {
        "connection_id": dispute.connection_id,
        "external_id": dispute.external_id,
        "order_id": dispute.order_id,
        "gateway": dispute.gateway,
        "amount": dispute.amount,
        "currency": dispute.currency,
        "reason": dispute.reason,
        "state": dispute.state.value,
        "is_inquiry": int(dispute.is_inquiry),
        "opened_at": micros(dispute.opened_at),
        "due_at": micros_or_none(dispute.due_at),
        "ended_at": micros_or_none(dispute.ended_at),
    }


def _dispute(row: Iterable[Any]) -> Dispute:
    r: dict[str, Any] = dict(zip(_NAMES, row, strict=True))
    return Dispute(
        **{
            **r,
            "state": DisputeState(r["state"]),
            "is_inquiry": bool(r["is_inquiry"]),
            "opened_at": moment(r["opened_at"]),
            "due_at": moment_or_none(r["due_at"]),
            "ended_at": moment_or_none(r["ended_at"]),
        }
    )


# --- what must always be true --------------------------------------------------------------------

SENTENCES = {
    "a dispute is in the shop and the currency of its order": (
        "I-64",
        """select d.id from dispute d join orders o on o.id = d.order_id
        where d.currency <> o.currency or d.shop_id <> o.shop_id""",
    ),
    "a dispute has no more money than was ever taken of its order": (
        "I-64b",
        """select d.order_id from dispute d join orders o on o.id = d.order_id
        where d.is_inquiry = 0 and d.state in ('open', 'review', 'lost')
        group by d.order_id, o.captured having sum(d.amount) > o.captured""",
        "warning",
    ),
}
