"""Goods that a location expects, and transfers between locations, as rows; what is true of them."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from core.db import tables as t
from core.db.connection import Session, Statement, one_of
from core.db.rows import micros, micros_or_none, moment, moment_or_none
from core.domain.incoming import Expected, by_due
from core.domain.transfer import Transfer, TransferState

if TYPE_CHECKING:
    from core.db.unit_of_work import UnitOfWork

_x, _w, _r = t.expected.c, t.transfer.c, t.reservation.c


# --- what is expected ----------------------------------------------------------------------------


def expect(uow: UnitOfWork, new: Expected) -> None:
    uow.insert_now(
        t.expected,
        {
            "id": new.id,
            "shop_id": uow.shop.id,
            "sku": new.sku,
            "location_id": new.location_id,
            "reference": new.reference,
            "source": new.source,
            "transfer_id": new.transfer_id,
            "quantity": new.quantity,
            "due_on": new.due_on.isoformat() if new.due_on else None,
            "created_by": uow.actor.name,
            "created_at": micros(uow.now),
        },
    )


def save_expected(uow: UnitOfWork, after: Expected) -> None:
    closed_at = None if after.open else micros(uow.now)
    uow.session.connection.execute(
        t.expected.update()
        .where(_x.id == after.id)
        .values(
            received=after.received,
            missing=after.missing,
            reason=after.reason,
            closed_at=closed_at,
        )
    )


def still_expected(
    session: Session,
    shop_id: int,
    *,
    sku: str = "",
    location_id: int | None = None,
    reference: str = "",
    transfer_id: int | None = None,
    lock: bool = False,
) -> list[Expected]:
    """What is open, the earliest due first. A reference is matched however it was typed."""
    clause = sa.select(t.expected).where(_x.shop_id == shop_id, _x.closed_at.is_(None))
    if sku:
        clause = clause.where(_x.sku == sku)
    if location_id is not None:
        clause = clause.where(_x.location_id == location_id)
    if reference:
        clause = clause.where(sa.func.lower(_x.reference) == reference.strip().lower())
    if transfer_id is not None:
        clause = clause.where(_x.transfer_id == transfer_id)
    clause = clause.order_by(_x.id)
    rows = session.select(clause.with_for_update() if lock else clause)
    return by_due(_expected(row) for row in rows)


def _expected(row: Any) -> Expected:
    return Expected(
        id=row.id,
        sku=row.sku,
        location_id=row.location_id,
        reference=row.reference,
        quantity=row.quantity,
        received=row.received,
        missing=row.missing,
        source=row.source,
        transfer_id=row.transfer_id,
        due_on=date.fromisoformat(row.due_on) if row.due_on else None,
        reason=row.reason,
        created_by=row.created_by,
        created_at=moment(row.created_at),
    )


# --- transfers -----------------------------------------------------------------------------------


def save_transfer(uow: UnitOfWork, after: Transfer, *, new: bool = False) -> None:
    values = {
        "state": after.state.value,
        "reason": after.reason,
        "sent_at": micros_or_none(after.sent_at),
        "closed_at": micros_or_none(after.closed_at),
    }
    if not new:
        uow.session.connection.execute(
            t.transfer.update().where(_w.id == after.id).values(**values)
        )
        return
    fixed = {
        "id": after.id,
        "shop_id": uow.shop.id,
        "number": after.number,
        "from_id": after.from_id,
        "to_id": after.to_id,
        "due_on": after.due_on.isoformat() if after.due_on else None,
        "created_by": uow.actor.name,
        "created_at": micros(uow.now),
    }
    uow.insert_now(t.transfer, {**fixed, **values})


def transfers(
    session: Session,
    shop_id: int,
    *,
    number: str = "",
    transfer_id: int | None = None,
    only_open: bool = False,
    way: tuple[int, int] | None = None,
    most: int = 100,
    lock: bool = False,
) -> list[Transfer]:
    """Transfers, the newest first. `way`: planned from one location to another."""
    clause = sa.select(t.transfer).where(_w.shop_id == shop_id)
    if number:
        clause = clause.where(_w.number == number.strip().upper())
    if transfer_id is not None:
        clause = clause.where(_w.id == transfer_id)
    if way is not None:
        planned = _w.state == TransferState.PLANNED.value
        clause = clause.where(_w.from_id == way[0], _w.to_id == way[1], planned)
    if only_open:
        clause = clause.where(_w.closed_at.is_(None))
    clause = clause.order_by(_w.id.desc()).limit(most)
    return [_transfer(row) for row in session.select(clause.with_for_update() if lock else clause)]


def _transfer(row: Any) -> Transfer:
    return Transfer(
        id=row.id,
        number=row.number,
        from_id=row.from_id,
        to_id=row.to_id,
        state=TransferState(row.state),
        reason=row.reason,
        due_on=date.fromisoformat(row.due_on) if row.due_on else None,
        created_by=row.created_by,
        created_at=moment(row.created_at),
        sent_at=moment_or_none(row.sent_at),
        closed_at=moment_or_none(row.closed_at),
    )


def keep_for(uow: UnitOfWork, transfer: Transfer, sku: str, quantity: int) -> None:
    """The reservation behind planned goods; the move itself goes through `uow.stock.move`."""
    uow.insert_now(
        t.reservation,
        {
            "id": uow.new_id(),
            "shop_id": uow.shop.id,
            "sku": sku,
            "location_id": transfer.from_id,
            "quantity": quantity,
            "state": "held",
            "transfer_id": transfer.id,
        },
    )


def kept_for(session: Session, transfer_id: int) -> list[tuple[int, str, int]]:
    """(reservation id, SKU, quantity) that wait to leave with a transfer."""
    rows = session.select(
        sa.select(_r.id, _r.sku, _r.quantity)
        .where(_r.transfer_id == transfer_id, _r.state == "held")
        .order_by(_r.sku, _r.id)
    )
    return [(row.id, row.sku, row.quantity) for row in rows]


_PLANNED = Statement(
    sa.select(sa.func.coalesce(sa.func.sum(_r.quantity), 0)).where(
        _r.shop_id == sa.bindparam("shop"),
        _r.sku == sa.bindparam("sku"),
        _r.location_id == sa.bindparam("place"),
        one_of(_r.state, ("held", "promised")),  # the words of the index of live reservations
        _r.transfer_id.is_not(None),
    )
)


def units_planned(session: Session, shop_id: int, sku: str, location_id: int) -> int:
    """Units at a place that wait to leave with transfers."""
    row = session.row(_PLANNED, shop=shop_id, sku=sku, place=location_id)
    return int(row[0]) if row else 0


def planned_at(session: Session, shop_id: int, sku: str, location_id: int) -> list[Any]:
    """Transfers whose units of a SKU have not left a place: reservation, quantity and transfer,
    the newest first."""
    return list(
        session.select(
            sa.select(_r.id, _r.quantity, _w.number)
            .join(t.transfer, _w.id == _r.transfer_id)
            .where(
                _r.shop_id == shop_id,
                _r.sku == sku,
                _r.location_id == location_id,
                _r.state == "held",
            )
            .order_by(_r.id.desc())
        )
    )


def contents(session: Session, transfer_id: int) -> list[Any]:
    """What a transfer carries by SKU: kept, then sent, received and missing."""
    kept = (
        sa.select(_r.sku, sa.func.sum(_r.quantity).label("quantity"), sa.literal(0), sa.literal(0))
        .where(_r.transfer_id == transfer_id, _r.state == "held")
        .group_by(_r.sku)
    )
    sent = (
        sa.select(
            _x.sku, sa.func.sum(_x.quantity), sa.func.sum(_x.received), sa.func.sum(_x.missing)
        )
        .where(_x.transfer_id == transfer_id)
        .group_by(_x.sku)
    )
    return sorted((*session.select(kept), *session.select(sent)), key=lambda row: str(row[0]))


# Sentences with their ids and queries for breakers; core/db/invariants.py asks them.
SENTENCES: dict[str, tuple[str, str]] = {
    "what is incoming is what is still expected": (
        "I-37",
        """select s.sku, s.location_id from stock_level s left join (
            select shop_id, sku, location_id, sum(quantity - received - missing) as quantity
            from expected where closed_at is null group by shop_id, sku, location_id
        ) m on m.shop_id = s.shop_id and m.sku = s.sku and m.location_id = s.location_id
        where s.incoming <> coalesce(m.quantity, 0)""",
    ),
    "what is expected is closed once nothing of it is open, and says why something is missing": (
        "I-37b",
        """select id from expected
        where (received + missing = quantity) <> (closed_at is not null)
            or (missing > 0 and reason = '')""",
    ),
    "a transfer is expected at its destination as it left": (
        "I-37c",
        """select w.number from transfer w left join (
            select transfer_id, sum(quantity) as sent,
                sum(quantity - received - missing) as open from expected
            where transfer_id is not null group by transfer_id
        ) x on x.transfer_id = w.id left join (
            select transfer_id, sum(case when state = 'held' then quantity else 0 end) as held,
                sum(case when state = 'consumed' then quantity else 0 end) as gone
            from reservation where transfer_id is not null group by transfer_id
        ) h on h.transfer_id = w.id
        where (w.state = 'planned' and coalesce(h.gone, 0) > 0)
            or (w.state <> 'planned' and coalesce(h.held, 0) > 0)
            or coalesce(x.sent, 0) <> coalesce(h.gone, 0)
            or (w.state = 'sent') <> (coalesce(x.open, 0) > 0)
            or (w.state in ('received', 'canceled')) <> (w.closed_at is not null)""",
    ),
}
