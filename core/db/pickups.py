"""Work that waits for its customer in a store: rows ↔ domain."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import msgspec
import sqlalchemy as sa

from core.db import tables as t
from core.db.connection import Row, Session, Statement
from core.db.rows import from_json, micros, moment, moment_or_none
from core.domain.lanes import LOCAL
from core.domain.order import Address
from core.domain.pickup import Pickup, is_about
from core.domain.values import dataclass

if TYPE_CHECKING:
    from core.db.unit_of_work import UnitOfWork

_address = msgspec.json.Decoder(Address).decode
_p, _o, _a, _f = t.pickup.c, t.orders.c, t.audit.c, t.fulfillment_order.c
_FIELDS = (
    _p.id,
    _p.work_id,
    _p.order_id,
    _p.location_id,
    _p.ready_at,
    _p.until,
    _p.issue,
    _p.issued_at,
    _p.reminded_at,
)
_WAITING = Statement(
    sa.select(*_FIELDS)
    .where(_p.order_id == sa.bindparam("order"), _p.ended_at.is_(None))
    .order_by(_p.id)
)
_ISSUES = Statement(sa.select(sa.func.max(_p.issue)).where(_p.order_id == sa.bindparam("order")))
_END = Statement(
    t.pickup.update().where(_p.id == sa.bindparam("row_id"), _p.ended_at.is_(None)),
    sets=("ended_at", "ended", "ended_by", "reason"),
)
_DROP = Statement(
    t.pickup.delete().where(_p.work_id == sa.bindparam("work"), _p.ended_at.is_(None))
)
_ISSUE = Statement(
    t.pickup.update().where(_p.order_id == sa.bindparam("of_order"), _p.ended_at.is_(None)),
    sets=("issue", "issued_at"),
)
_REMIND = Statement(t.pickup.update().where(_p.id == sa.bindparam("row_id")), sets=("reminded_at",))
_OF_SHOP = Statement(
    sa.select(*_FIELDS, _o.number, _o.customer_name)
    .join(t.orders, _o.id == _p.order_id)
    .where(_p.shop_id == sa.bindparam("shop"), _p.ended_at.is_(None))
    .order_by(_p.until, _p.id)
)
_WRONG = Statement(
    sa.select(_a.arguments).where(
        _a.shop_id == sa.bindparam("shop"),
        _a.code == "wrong_code",
        _a.at >= sa.bindparam("since"),
    )
)
_TO_REMIND = Statement(
    sa.select(_p.order_id)
    .where(
        _p.shop_id == sa.bindparam("shop"),
        _p.ended_at.is_(None),
        _p.reminded_at.is_(None),
        _p.ready_at <= sa.bindparam("before"),
    )
    .group_by(_p.order_id)
    .order_by(_p.order_id)
    .limit(sa.bindparam("most"))
)


def lies_ready() -> sa.ColumnElement[bool]:
    """Of a fulfillment order in a query: it waits for its customer."""
    return sa.exists().where(_p.work_id == _f.id, _p.ended_at.is_(None))


def _pickup(row: Row) -> Pickup:
    row_id, work, order, place, ready, until, issue, issued, reminded = row[: len(_FIELDS)]
    until_day, reminded_at = date.fromisoformat(until), moment_or_none(reminded)
    ids = (row_id, work, order, place)
    return Pickup(*ids, moment(ready), until_day, issue, moment(issued), reminded_at)


def waiting_of(session: Session, order_id: int) -> list[Pickup]:
    """What of an order lies ready and was not collected yet."""
    return [_pickup(row) for row in session.rows(_WAITING, order=order_id)]


def waiting_in(session: Session, shop_id: int) -> list[tuple[Pickup, str, str]]:
    """Everything that waits, with order number and name; what is over first."""
    return [(_pickup(row), row[-2], row[-1]) for row in session.rows(_OF_SHOP, shop=shop_id)]


def to_remind(session: Session, shop_id: int, before: datetime, most: int) -> list[int]:
    """Ids of orders that have been ready since before a moment, and nobody was reminded."""
    rows = session.rows(_TO_REMIND, shop=shop_id, before=micros(before), most=most)
    return [row[0] for row in rows]


def last_issue(session: Session, order_id: int) -> int:
    row = session.row(_ISSUES, order=order_id)
    return int(row[0] or 0) if row else 0


def wrong_codes(session: Session, shop_id: int, argument: str, number: str, since: datetime) -> int:
    """How often a wrong code was typed since then for what this argument of a command names.

    A refusal changes nothing but leaves its line in the audit, so that is where they are counted.
    """
    rows = session.rows(_WRONG, shop=shop_id, since=micros(since))
    return sum(is_about(str(from_json(row[0]).get(argument, "")), number) for row in rows)


def begin(uow: UnitOfWork, pickup: Pickup) -> None:
    uow.insert(
        t.pickup,
        {
            "id": pickup.id,
            "shop_id": uow.shop.id,
            "work_id": pickup.work_id,
            "order_id": pickup.order_id,
            "location_id": pickup.location_id,
            "ready_at": micros(pickup.ready_at),
            "until": pickup.until.isoformat(),
            "issue": pickup.issue,
            "issued_at": micros(pickup.issued_at),
        },
    )


def end(uow: UnitOfWork, found: Iterable[Pickup], how: str, reason: str = "") -> None:
    told: dict[str, Any] = {"ended": how, "ended_by": uow.actor.name, "reason": reason[:200]}
    for pickup in found:
        uow.session.run(_END, row_id=pickup.id, ended_at=micros(uow.now), **told)


def withdraw(uow: UnitOfWork, work_ids: Iterable[int]) -> None:
    """As if it had never been ready: its code is worth nothing."""
    for work_id in work_ids:
        uow.session.run(_DROP, work=work_id)


def issue_again(uow: UnitOfWork, order_id: int, issue: int) -> None:
    uow.session.run(_ISSUE, of_order=order_id, issue=issue, issued_at=micros(uow.now))


def note_reminded(uow: UnitOfWork, found: Iterable[Pickup]) -> None:
    for pickup in found:
        uow.session.run(_REMIND, row_id=pickup.id, reminded_at=micros(uow.now))


# --- local delivery -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LocalWork:
    """Open work that a location brings itself, or a parcel of it that is under way."""

    number: str
    version: int
    stage: str
    customer_name: str
    phone: str
    address: Address
    note: str
    units: int
    promise: date | None
    held: bool


_r, _x = t.reservation.c, t.parcel.c
_UNITS = (
    sa.select(sa.func.coalesce(sa.func.sum(_r.quantity), 0))
    .where(_r.fulfillment_id == _f.id, _r.state != "released")
    .scalar_subquery()
)
_LOCAL = Statement(
    sa.select(
        _o.number,
        _o.version,
        _f.stage,
        _o.customer_name,
        _o.phone,
        _o.ship_to,
        _o.note,
        _UNITS,
        _o.promise,
        _o.held,
    )
    .join(t.orders, _o.id == _f.order_id)
    .where(
        _f.location_id == sa.bindparam("place"),
        _f.shop_id == _o.shop_id,
        _o.method == LOCAL,
        _o.canceled_at.is_(None),
        sa.or_(
            _f.stage.in_(
                [sa.literal_column(f"'{s}'") for s in ("ready", "printed", "picked", "packed")]
            ),
            sa.and_(
                _f.stage == "shipped",
                sa.exists().where(
                    _x.order_id == _o.id, _x.fulfillment_id == _f.id, _x.delivered_at.is_(None)
                ),
            ),
        ),
    )
    .order_by(_f.id)
    .limit(500)
)


def local_work(session: Session, location_id: int) -> list[LocalWork]:
    """What this location has to bring, oldest first."""
    return [_local(row) for row in session.rows(_LOCAL, place=location_id)]


def _local(row: Row) -> LocalWork:
    number, version, stage, name, phone, ship_to, note, units, promise, held = row
    return LocalWork(
        number,
        version,
        "under_way" if stage == "shipped" else stage,
        name,
        phone,
        _address(ship_to),
        note,
        int(units),
        date.fromisoformat(promise) if promise else None,
        bool(held),
    )


# --- what must always be true --------------------------------------------------------------------

SENTENCES = {
    "what waits to be collected is packed and of an order that stands": (
        "I-29",
        """select p.order_id from pickup p
            join fulfillment_order f on f.id = p.work_id join orders o on o.id = p.order_id
            where p.ended_at is null and (f.stage <> 'packed' or o.canceled_at is not null)""",
    ),
    "what was collected has left, and arrived": (
        "I-29b",
        """select p.order_id from pickup p join fulfillment_order f on f.id = p.work_id
            where p.ended in ('collected', 'handed_over') and f.stage <> 'shipped'""",
    ),
}
