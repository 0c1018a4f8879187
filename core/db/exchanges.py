"""Exchanges: rows ↔ domain."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from core.db import tables as t
from core.db.connection import Row, Session, Statement
from core.db.rows import micros, micros_or_none, moment, moment_or_none
from core.domain.exchanges import Exchange, ExchangeState
from core.domain.refusals import Conflict

if TYPE_CHECKING:
    from core.db.unit_of_work import UnitOfWork

MOST = 50  # that are looked at in one go

_x = t.exchange.c
_FIELDS = (
    _x.id,
    _x.rma_id,
    _x.order_id,
    _x.new_order_id,
    _x.state,
    _x.moved,
    _x.at,
    _x.deadline,
    _x.asked,
)
_OF_RMA = Statement(sa.select(*_FIELDS).where(_x.rma_id == sa.bindparam("rma")))
_OF_NEW = Statement(sa.select(*_FIELDS).where(_x.new_order_id == sa.bindparam("order")))
_r, _n, _l = t.rma.c, t.orders.c, t.rma_line.c
_MOVING = Statement(
    sa.select(_x.order_id, _x.rma_id)
    .join(t.rma, _r.id == _x.rma_id)
    .join(t.orders, _n.id == _x.new_order_id)
    .where(
        _x.shop_id == sa.bindparam("shop"),
        _x.state == "open",
        sa.or_(
            sa.and_(_r.closed_at.is_not(None), _x.asked == 0),
            sa.and_(_r.closed_at.is_not(None), _n.captured >= _n.total),
            sa.and_(_n.held == 1, _n.captured >= _n.total),
            _n.canceled_at.is_not(None),
            sa.and_(_x.deadline <= sa.bindparam("now"), _x.asked == 0),
            sa.exists().where(_l.rma_id == _r.id, _l.received + _l.kept > _l.paid),
        ),
    )
    .order_by(_x.order_id, _x.id)
    .limit(MOST)
)
_SAVE = Statement(
    t.exchange.update().where(
        _x.id == sa.bindparam("row_id"), _x.state == "open", _x.moved == sa.bindparam("seen")
    ),
    sets=("state", "moved", "asked", "ended_at"),
)


def exchange_of(session: Session, rma_id: int) -> Exchange | None:
    """The exchange that a return is for."""
    row = session.row(_OF_RMA, rma=rma_id)
    return None if row is None else _read(row)


def exchange_with(session: Session, new_order_id: int) -> Exchange | None:
    """The exchange whose new goods this order holds."""
    row = session.row(_OF_NEW, order=new_order_id)
    return None if row is None else _read(row)


def moving_exchanges(uow: UnitOfWork) -> list[tuple[int, int]]:
    """(order id, return id) of open exchanges of which a side has changed, in locking order."""
    rows = uow.session.rows(_MOVING, shop=uow.shop.id, now=micros(uow.now))
    return [(row[0], row[1]) for row in rows]


def _read(row: Row) -> Exchange:
    row_id, rma_id, order_id, new_id, state, moved, at, deadline, asked = row
    return Exchange(
        row_id,
        rma_id,
        order_id,
        new_id,
        ExchangeState(state),
        moved,
        moment(at),
        moment_or_none(deadline),
        bool(asked),
    )


def add(uow: UnitOfWork, exchange: Exchange) -> None:
    uow.insert(
        t.exchange,
        {
            "id": exchange.id,
            "shop_id": uow.shop.id,
            "rma_id": exchange.rma_id,
            "order_id": exchange.order_id,
            "new_order_id": exchange.new_order_id,
            "deadline": micros_or_none(exchange.deadline),
            "opened_by": uow.actor.name,
            "at": micros(exchange.at),
        },
    )


def save(uow: UnitOfWork, before: Exchange, after: Exchange) -> Exchange:
    """Raises Conflict when it has ended, or was paid, meanwhile."""
    is_open = after.state is ExchangeState.OPEN
    changed = uow.session.run(
        _SAVE,
        row_id=after.id,
        seen=before.moved,
        state=after.state.value,
        moved=after.moved,
        asked=int(after.asked),
        ended_at=None if is_open else micros(uow.now),
    )
    if changed != 1:
        raise Conflict("That exchange changed meanwhile.", "Look at the order again.")
    return after


# --- what must always be true --------------------------------------------------------------------

SENTENCES = {
    "what an exchange has paid is what the new order was paid with": (
        "I-62",
        """select x.id from exchange x left join (
            select order_id, sum(captured) as paid from payment where gateway = 'credit'
                and external_id like 'exchange:%' group by order_id
        ) p on p.order_id = x.new_order_id where x.moved <> coalesce(p.paid, 0)""",
    ),
    "both sides of an exchange belong to its shop and to one customer": (
        "I-62b",
        """select x.id from exchange x join orders o on o.id = x.order_id
            join orders n on n.id = x.new_order_id join rma r on r.id = x.rma_id
        where o.shop_id <> x.shop_id or n.shop_id <> x.shop_id or r.order_id <> x.order_id
            or o.currency <> n.currency or o.email <> n.email""",
    ),
}
