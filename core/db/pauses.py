"""Pauses of shipping: rows ↔ domain, and the open work that one may be in the way of."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from typing import TYPE_CHECKING

import sqlalchemy as sa

from core.db import tables as t
from core.db.connection import Session, Statement
from core.db.rows import micros, moment
from core.domain.pauses import Pause
from core.domain.values import dataclass

if TYPE_CHECKING:
    from core.db.unit_of_work import UnitOfWork

LISTED_AT_ONCE = 200
_c, _f, _o, _p, _d = (
    t.shipping_pause.c,
    t.fulfillment_order.c,
    t.orders.c,
    t.parcel.c,
    t.paused_order.c,
)
_FIELDS = (
    _c.carrier,
    _c.origin,
    _c.country,
    _c.until,
    _c.reason,
    _c.started_by,
    _c.since,
    _c.id,
)
_OPEN = Statement(
    sa.select(*_FIELDS)
    .where(_c.shop_id == sa.bindparam("shop"), _c.ended_at.is_(None))
    .order_by(_c.id),
    apart=True,
)
_UNSETTLED = Statement(
    sa.select(*_FIELDS)
    .where(
        _c.shop_id == sa.bindparam("shop"),
        _c.ended_at.is_(None),
        _c.settled == 0,
    )
    .order_by(_c.id)
    .limit(1)
)
_SETTLED_TO = Statement(sa.select(_c.settled_to).where(_c.id == sa.bindparam("pause")))
_NOTE = Statement(
    t.shipping_pause.update().where(_c.id == sa.bindparam("pause")),
    sets=("settled_to", "settled"),
)
_END = Statement(
    t.shipping_pause.update().where(_c.id == sa.bindparam("pause"), _c.ended_at.is_(None)),
    sets=("ended_at", "ended_by"),
)
# Ids of orders with open work that was there before; a location's code narrows it.
_WORK = Statement(
    sa.select(_f.order_id)
    .join(t.orders, _o.id == _f.order_id)
    .join(t.location, t.location.c.id == _f.location_id)
    .where(
        _f.shop_id == sa.bindparam("shop"),
        _f.stage.in_(
            [sa.literal_column(f"'{s}'") for s in ("ready", "printed", "picked", "packed")]
        ),
        _f.ready_at <= sa.bindparam("since"),
        _f.order_id > sa.bindparam("after"),
        _o.canceled_at.is_(None),
        sa.or_(sa.bindparam("place") == "", t.location.c.code == sa.bindparam("place2")),
    )
    .group_by(_f.order_id)
    .order_by(_f.order_id)
    .limit(LISTED_AT_ONCE)
)
_LABELS = Statement(
    sa.select(_p.fulfillment_id, _p.carrier).where(
        _p.order_id == sa.bindparam("order"),
        _p.fulfillment_id.is_not(None),
        _p.voided_at.is_(None),
        _p.handed_over_at.is_(None),
        _p.carrier != "",
    )
)
_OF_PAUSE = Statement(
    sa.select(
        sa.func.count(),
        sa.func.sum(sa.case((_d.expected.is_not(None), 1), else_=0)),
        sa.func.sum(sa.case((_d.moved_to != "", 1), else_=0)),
    ).where(_d.pause_id == sa.bindparam("pause"))
)
_LOOK_AGAIN = Statement(
    t.routing_look.delete().where(
        t.routing_look.c.order_id.in_(
            sa.select(_d.order_id).where(_d.pause_id == sa.bindparam("pause"))
        )
    )
)


def pauses_of(session: Session, shop_id: int) -> tuple[Pause, ...]:
    """Every pause that nobody has ended; its time may be over."""
    return tuple(_pause(row) for row in session.rows(_OPEN, shop=shop_id))


def _pause(row: tuple[object, ...]) -> Pause:
    carrier, origin, country, until, reason, by, since, pause_id = row
    told = (str(carrier), str(origin), str(country))
    since_at = moment(int(str(since)))
    return Pause(*told, moment(int(str(until))), str(reason), str(by), since_at, int(str(pause_id)))


def start(uow: UnitOfWork, pause: Pause) -> int:
    """Keep a pause; from this moment on the whole shop knows it."""
    pause_id = uow.new_id()
    uow.insert_now(
        t.shipping_pause,
        {
            "id": pause_id,
            "shop_id": uow.actor.shop_id,
            "carrier": pause.carrier,
            "origin": pause.origin,
            "country": pause.country,
            "until": micros(pause.until),
            "reason": pause.reason,
            "started_by": pause.by,
            "since": micros(uow.now),
        },
    )
    uow.people.touch()
    return pause_id


def end(uow: UnitOfWork, pause: Pause, by: str) -> None:
    """Its orders are looked at once more: what had to go elsewhere may ship better now."""
    uow.session.run(_END, pause=pause.id, ended_at=micros(uow.now), ended_by=by)
    uow.session.run(_LOOK_AGAIN, pause=pause.id)
    uow.people.touch()


def unsettled(session: Session, shop_id: int) -> Pause | None:
    """The first pause whose orders have not all been thought through."""
    row = session.row(_UNSETTLED, shop=shop_id)
    return None if row is None else _pause(row)


def settled_to(session: Session, pause: Pause) -> int:
    row = session.row(_SETTLED_TO, pause=pause.id)
    return int(row[0]) if row else 0


def note_settled(uow: UnitOfWork, pause: Pause, to: int, *, is_all: bool) -> None:
    uow.session.run(_NOTE, pause=pause.id, settled_to=to, settled=int(is_all))


def orders_behind(
    session: Session, shop_id: int, pause: Pause, since: datetime, after: int = 0
) -> Iterator[int]:
    """Ids of the orders that had open work before the pause, and may be behind it."""
    while True:
        rows = session.rows(
            _WORK,
            shop=shop_id,
            since=micros(since),
            after=after,
            place=pause.origin,
            place2=pause.origin,
        )
        yield from (row[0] for row in rows)
        if len(rows) < LISTED_AT_ONCE:
            return
        after = rows[-1][0]


def labels_of(session: Session, order_id: int) -> dict[int, str]:
    """Carriers by fulfillment order, of labels whose parcels have not left."""
    return {row[0]: row[1] for row in session.rows(_LABELS, order=order_id)}


def note_order(
    uow: UnitOfWork, pause: Pause, order_id: int, dates: tuple[date | None, date | None], to: str
) -> None:
    """Thought through: `dates` are the promise before and, where it moves, after."""
    promised, expected = (day.isoformat() if day else None for day in dates)
    uow.insert(
        t.paused_order,
        {
            "pause_id": pause.id,
            "order_id": order_id,
            "shop_id": uow.shop.id,
            "promised": promised,
            "expected": expected,
            "moved_to": to,
            "at": micros(uow.now),
        },
    )


@dataclass(frozen=True, slots=True)
class Figures:
    orders: int
    dates: int
    moved: int


def figures(session: Session, pause: Pause) -> Figures:
    """What a pause has come to so far."""
    row = session.row(_OF_PAUSE, pause=pause.id)
    return Figures(*(int(n or 0) for n in row)) if row else Figures(0, 0, 0)


# --- what must always be true --------------------------------------------------------------------

SENTENCES = {
    "a pause that has ended says who ended it, one in force has ended nowhere": (
        "I-27",
        "select id from shipping_pause where (ended_at is null) <> (ended_by = '')",
    ),
    "no pause moves a date forward": (
        "I-27b",
        """select p.order_id from paused_order p
        where p.expected is not null and p.promised is not null and p.expected <= p.promised""",
    ),
    "every order behind a pause is an order of its shop": (
        "I-27c",
        """select p.order_id from paused_order p join orders o on o.id = p.order_id
            join shipping_pause s on s.id = p.pause_id
        where o.shop_id <> p.shop_id or s.shop_id <> p.shop_id""",
    ),
}
