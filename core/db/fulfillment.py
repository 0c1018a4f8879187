"""Fulfillment orders, parcels and tracking events: rows ↔ domain."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from core.db import capacity
from core.db import tables as t
from core.db.connection import Row, Session, Statement
from core.db.rows import micros, micros_or_none, moment, moment_or_none
from core.domain.fulfillment import FulfillmentOrder, Item, Parcel, Stage
from core.domain.refusals import Conflict, NotFound
from core.domain.tracking import ParcelStatus, TrackingEvent

if TYPE_CHECKING:
    from core.db.unit_of_work import UnitOfWork

_f, _r, _p = t.fulfillment_order.c, t.reservation.c, t.parcel.c
_FIELDS = [c for c in t.fulfillment_order.columns if c.name != "shop_id"]
_OF_ORDER = Statement(
    sa.select(*_FIELDS).where(_f.order_id == sa.bindparam("order")).order_by(_f.id)
)
_BY_ID = Statement(sa.select(*_FIELDS).where(_f.id == sa.bindparam("id")))
_BY_NUMBER = Statement(
    sa.select(*_FIELDS).where(
        _f.shop_id == sa.bindparam("shop"), _f.number == sa.bindparam("number")
    )
)
_ITEMS = Statement(
    sa.select(_r.id, _r.line_id, _r.sku, _r.quantity)
    .where(_r.fulfillment_id == sa.bindparam("fulfillment"), _r.state != "released")
    .order_by(_r.id)
)
_UPDATE = Statement(
    t.fulfillment_order.update().where(
        _f.id == sa.bindparam("row_id"), _f.stage == sa.bindparam("seen")
    ),
    sets=("stage", "printed_at", "picked_at", "packed_at", "shipped_at", "canceled_at"),
)
_PARCEL_FIELDS = [c for c in t.parcel.columns if c.name != "shop_id"]
# A voided label is no parcel any more, unless it left all the same.
_IS_THERE = sa.or_(
    _p.voided_at.is_(None), _p.handed_over_at.is_not(None), _p.first_scan_at.is_not(None)
)
_PARCELS = Statement(
    sa.select(*_PARCEL_FIELDS)
    .where(_p.order_id == sa.bindparam("order"), _IS_THERE)
    .order_by(_p.position)
)
_PARCEL_BY_ID = Statement(sa.select(*_PARCEL_FIELDS).where(_p.id == sa.bindparam("id")))
_PARCEL_BY_NUMBER = Statement(
    sa.select(*_PARCEL_FIELDS)
    .where(_p.shop_id == sa.bindparam("shop"), _p.tracking_number == sa.bindparam("number"))
    .order_by(_p.id.desc())
)
_PARCEL_BY_EXTERNAL = Statement(
    sa.select(*_PARCEL_FIELDS).where(
        _p.shop_id == sa.bindparam("shop"), _p.external_id == sa.bindparam("external")
    )
)
_PARCEL_LINES = Statement(
    sa.select(t.parcel_line.c.line_id, t.parcel_line.c.sku, t.parcel_line.c.quantity)
    .where(t.parcel_line.c.parcel_id == sa.bindparam("parcel"))
    .order_by(t.parcel_line.c.line_id)
)
_EMPTY_PARCEL = Statement(
    t.parcel_line.delete().where(t.parcel_line.c.parcel_id == sa.bindparam("parcel"))
)
_PARCEL_MUTABLE = [
    c.name
    for c in t.parcel.columns
    if c.name not in ("id", "shop_id", "order_id", "fulfillment_id", "position", "created_at")
]
_UPDATE_PARCEL = Statement(
    t.parcel.update().where(_p.id == sa.bindparam("row_id")),
    sets=_PARCEL_MUTABLE,
)
_e = t.tracking_event.c
_EVENTS = Statement(
    sa.select(_e.status, _e.reason, _e.at, _e.place, _e.words, _e.raw_code)
    .where(_e.parcel_id == sa.bindparam("parcel"))
    .order_by(_e.at, _e.id)
)
_TOLD = Statement(
    sa.select(_e.status, _e.reason, _e.at, _e.place, _e.words, _e.raw_code, _e.known)
    .where(_e.parcel_id == sa.bindparam("parcel"))
    .order_by(_e.at, _e.id)
)
_EVENT_THERE = Statement(
    sa.select(_e.id).where(
        _e.parcel_id == sa.bindparam("parcel"),
        _e.at == sa.bindparam("at"),
        _e.status == sa.bindparam("status"),
        _e.reason == sa.bindparam("reason"),
        _e.raw_code == sa.bindparam("raw"),
    )
)
_TIMES = ("ready_at", "printed_at", "picked_at", "packed_at", "shipped_at", "canceled_at")
_PARCEL_TIMES = (
    "created_at",
    "handed_over_at",
    "first_scan_at",
    "last_scan_at",
    "delivered_at",
    "voided_at",
)


def fulfillments_of(session: Session, order_id: int) -> list[FulfillmentOrder]:
    return [_fulfillment(session, row) for row in session.rows(_OF_ORDER, order=order_id)]


def parcels_of(session: Session, order_id: int) -> list[Parcel]:
    return [_parcel(session, row) for row in session.rows(_PARCELS, order=order_id)]


def tracking_events_of(session: Session, parcel_id: int) -> list[Row]:
    """(status, reason, at in microseconds, place, words, raw code) in order of time."""
    return session.rows(_EVENTS, parcel=parcel_id)


def _fulfillment(session: Session, row: Row) -> FulfillmentOrder:
    r: dict[str, Any] = dict(zip((c.name for c in _FIELDS), row, strict=True))
    items = tuple(Item(*found) for found in session.rows(_ITEMS, fulfillment=r["id"]))
    times = {name: moment_or_none(r[name]) for name in _TIMES}
    return FulfillmentOrder(**{**r, **times, "stage": Stage(r["stage"]), "items": items})


def _parcel(session: Session, row: Row) -> Parcel:
    r: dict[str, Any] = dict(zip((c.name for c in _PARCEL_FIELDS), row, strict=True))
    items = tuple((row[0], row[1], row[2]) for row in session.rows(_PARCEL_LINES, parcel=r["id"]))
    times = {name: moment_or_none(r[name]) for name in _PARCEL_TIMES}
    return Parcel(**{**r, **times, "items": items})


class Fulfillments:
    """Work and parcels within one command."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow
        self._session = uow.session

    # --- work ------------------------------------------------------------------------------------

    def of(self, order_id: int) -> list[FulfillmentOrder]:
        self._uow.write_rows()
        return fulfillments_of(self._session, order_id)

    def by_id(self, fulfillment_id: int) -> FulfillmentOrder:
        row = self._session.row(_BY_ID, id=fulfillment_id)
        if row is None:
            raise NotFound("I cannot find that work.")
        return _fulfillment(self._session, row)

    def by_number(self, number: str) -> FulfillmentOrder | None:
        row = self._session.row(_BY_NUMBER, shop=self._uow.shop.id, number=number)
        return None if row is None else _fulfillment(self._session, row)

    def add(self, work: FulfillmentOrder) -> None:
        self._uow.insert(
            t.fulfillment_order,
            {
                "id": work.id,
                "shop_id": self._uow.shop.id,
                "order_id": work.order_id,
                "location_id": work.location_id,
                "number": work.number,
                "ready_at": micros(work.ready_at),
            },
        )

    def save(self, before: FulfillmentOrder, after: FulfillmentOrder) -> FulfillmentOrder:
        values = {name: micros_or_none(getattr(after, name)) for name in _TIMES[1:]}
        changed = self._session.run(
            _UPDATE, row_id=after.id, seen=before.stage.value, stage=after.stage.value, **values
        )
        if changed != 1:
            raise Conflict(f"{after.number} changed meanwhile.", "Look again and repeat.")
        if after.stage is Stage.CANCELED and self._uow.shop.rules is not None:
            capacity.give_back(self._uow, after.id)
        return after

    # --- parcels ---------------------------------------------------------------------------------

    def parcels(self, order_id: int) -> list[Parcel]:
        self._uow.write_rows()
        return parcels_of(self._session, order_id)

    def parcel(self, parcel_id: int) -> Parcel:
        row = self._session.row(_PARCEL_BY_ID, id=parcel_id)
        if row is None:
            raise NotFound("I cannot find that parcel.")
        return _parcel(self._session, row)

    def parcels_by_number(self, tracking_number: str) -> list[Parcel]:
        """The parcels under this number, the newest first: two orders may share one box."""
        found = self._session.rows(
            _PARCEL_BY_NUMBER, shop=self._uow.shop.id, number=tracking_number
        )
        return [_parcel(self._session, row) for row in found]

    def parcel_by_external(self, external_id: str) -> Parcel | None:
        row = self._session.row(_PARCEL_BY_EXTERNAL, shop=self._uow.shop.id, external=external_id)
        return None if row is None else _parcel(self._session, row)

    def add_parcel(self, parcel: Parcel) -> Parcel:
        row = {name: getattr(parcel, name) for name in _PARCEL_MUTABLE}
        times = {name: micros_or_none(getattr(parcel, name)) for name in _PARCEL_TIMES}
        head = {
            "id": parcel.id,
            "shop_id": self._uow.shop.id,
            "order_id": parcel.order_id,
            "fulfillment_id": parcel.fulfillment_id,
            "position": parcel.position,
        }
        self._uow.insert(t.parcel, {**row, **times, **head})
        self._add_items(parcel)
        return parcel

    def set_items(self, parcel: Parcel) -> None:
        """Correct what a parcel holds."""
        self._uow.write_rows()
        self._session.run(_EMPTY_PARCEL, parcel=parcel.id)
        self._add_items(parcel)

    def _add_items(self, parcel: Parcel) -> None:
        for line_id, sku, quantity in parcel.items:
            self._uow.insert(
                t.parcel_line,
                {
                    "parcel_id": parcel.id,
                    "line_id": line_id,
                    "shop_id": self._uow.shop.id,
                    "sku": sku,
                    "quantity": quantity,
                },
            )

    def save_parcel(self, parcel: Parcel) -> Parcel:
        values = {name: getattr(parcel, name) for name in _PARCEL_MUTABLE}
        times = {
            name: micros_or_none(getattr(parcel, name))
            for name in _PARCEL_TIMES
            if name in _PARCEL_MUTABLE
        }
        self._session.run(_UPDATE_PARCEL, row_id=parcel.id, **{**values, **times})
        return parcel

    def record_scan(
        self,
        parcel: Parcel,
        status: str,
        reason: str,
        at: int,
        place: str,
        words: str,
        raw: str,
        known_code: bool = True,
    ) -> bool:
        """Keep one carrier event; False when it was known already (`at` in microseconds)."""
        self._uow.write_rows()
        known = self._session.row(
            _EVENT_THERE, parcel=parcel.id, at=at, status=status, reason=reason, raw=raw
        )
        if known is not None:
            return False
        self._uow.insert_now(
            t.tracking_event,
            {
                "id": self._uow.new_id(),
                "shop_id": self._uow.shop.id,
                "parcel_id": parcel.id,
                "status": status,
                "reason": reason,
                "at": at,
                "place": place,
                "words": words,
                "raw_code": raw,
                "known": int(known_code),
            },
        )
        return True

    def told_of(self, parcel_id: int) -> list[TrackingEvent]:
        """Everything a carrier ever said about this parcel."""
        return [
            TrackingEvent(
                ParcelStatus(status), reason, moment(at), place, words, raw, bool(known_code)
            )
            for status, reason, at, place, words, raw, known_code in self._session.rows(
                _TOLD, parcel=parcel_id
            )
        ]

    def events(self, parcel_id: int) -> list[Row]:
        return tracking_events_of(self._session, parcel_id)
