"""What scans look at: open work, silent parcels, owed refunds and what was given up, as facts."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from core.db import tables as t
from core.db.connection import Session, Statement
from core.db.holds import may_go
from core.db.pickups import lies_ready
from core.db.rows import micros, moment
from core.domain.cases import CaseKind
from core.domain.detect import DeadFacts, ParcelFacts, RefundFacts, Span, WorkFacts

_f, _o, _h = t.fulfillment_order.c, t.orders.c, t.hold.c
_p, _r, _b, _i, _c = t.parcel.c, t.refund.c, t.outbox.c, t.inbox.c, t.cases.c

# Spelled out instead of bound, so that both databases see that the partial index fits.
_OPEN_STAGE = _f.stage.in_(
    [sa.literal_column(f"'{stage}'") for stage in ("ready", "printed", "picked", "packed")]
)
_WORK = Statement(
    sa.select(_f.id, _f.order_id, _o.number, _f.location_id, _f.stage, _f.ready_at)
    .join(t.orders, _o.id == _f.order_id)
    .where(
        _f.shop_id == sa.bindparam("shop"),
        _f.ready_at < sa.bindparam("before"),
        may_go(),
        _OPEN_STAGE,
        sa.not_(lies_ready()),
    )
    .order_by(_f.ready_at, _f.id)
)
_HELD_SPANS = Statement(
    sa.select(_f.id, _h.placed_at, _h.released_at)
    .join(t.hold, _h.order_id == _f.order_id)
    .where(
        _f.shop_id == sa.bindparam("shop"),
        _f.ready_at < sa.bindparam("before"),
        _h.released_at > _f.ready_at,
        sa.or_(_h.scope != "box", _h.scope_id == _f.id),
        _OPEN_STAGE,
    )
)
_ON_THE_WAY = Statement(
    sa.select(
        _p.id,
        _p.order_id,
        _o.number,
        _p.carrier,
        _p.tracking_number,
        sa.func.coalesce(_p.last_scan_at, _p.handed_over_at, _p.first_scan_at),
    )
    .join(t.orders, _o.id == _p.order_id)
    .where(
        _p.shop_id == sa.bindparam("shop"),
        _p.delivered_at.is_(None),
        _p.tracking_number.is_not(None),
        sa.func.coalesce(_p.last_scan_at, _p.handed_over_at, _p.first_scan_at)
        < sa.bindparam("before"),
    )
    .order_by(_p.id)
)
_REFUNDS_DUE = Statement(
    sa.select(_r.id, _r.order_id, _o.number, _r.amount, _r.currency, _r.due_at)
    .join(t.orders, _o.id == _r.order_id)
    .where(
        _r.shop_id == sa.bindparam("shop"), _r.state == "due", _r.due_at < sa.bindparam("before")
    )
    .order_by(_r.id)
)


def _is_settled(kind: CaseKind, subject: sa.ColumnElement[str], since: Any) -> Any:
    """A person has resolved the case of this dead row: it is not news any more."""
    return sa.exists().where(
        _c.shop_id == sa.bindparam("shop"),
        _c.kind == kind.value,
        _c.subject == subject,
        _c.state == "resolved",
        _c.resolved_at >= since,
    )


_OUTBOX_SUBJECT = sa.literal_column("'outbox:'", sa.Text) + sa.cast(_b.id, sa.Text)
_INBOX_SUBJECT = (
    sa.literal_column("'inbox:'", sa.Text)
    + sa.cast(_i.connection_id, sa.Text)
    + sa.literal_column("':'", sa.Text)
    + _i.delivery_id
)
_DEAD_EFFECTS = Statement(
    sa.select(_OUTBOX_SUBJECT, _b.kind, _b.reason, _b.order_id, _o.number)
    .join(t.orders, _o.id == _b.order_id, isouter=True)
    .where(
        _b.shop_id == sa.bindparam("shop"),
        _b.state == "dead",
        ~_is_settled(CaseKind.DELIVERY_DEAD, _OUTBOX_SUBJECT, _b.ended_at),
    )
    .order_by(_b.id)
)
_DEAD_LETTERS = Statement(
    sa.select(_INBOX_SUBJECT, _i.topic, _i.error)
    .where(
        _i.shop_id == sa.bindparam("shop"),
        _i.state == "dead",
        ~_is_settled(CaseKind.DEAD_LETTER, _INBOX_SUBJECT, _i.received_at),
    )
    .order_by(_i.id)
)
_HOLDS_OVER = Statement(
    sa.select(_h.order_id)
    .distinct()
    .where(
        _h.shop_id == sa.bindparam("shop"),
        _h.released_at.is_(None),
        _h.until <= sa.bindparam("now"),
    )
    .order_by(_h.order_id)
    .limit(sa.bindparam("most"))
)


def open_work(session: Session, shop_id: int, before: datetime) -> list[WorkFacts]:
    """Open work, ready before a moment, of orders that are not held."""
    at = micros(before)
    spans: dict[int, list[Span]] = defaultdict(list)
    for work_id, placed, released in session.rows(_HELD_SPANS, shop=shop_id, before=at):
        spans[work_id].append((moment(placed), moment(released)))
    return [
        WorkFacts(
            work_id, order_id, order, location_id, stage, moment(ready), tuple(spans[work_id])
        )
        for work_id, order_id, order, location_id, stage, ready in session.rows(
            _WORK, shop=shop_id, before=at
        )
    ]


def parcels_without_sign(session: Session, shop_id: int, before: datetime) -> list[ParcelFacts]:
    """Parcels on their way whose last scan, or hand-over, lies before a moment."""
    rows = session.rows(_ON_THE_WAY, shop=shop_id, before=micros(before))
    return [
        ParcelFacts(parcel_id, order_id, order, carrier, number, moment(sign))
        for parcel_id, order_id, order, carrier, number, sign in rows
    ]


def refunds_due(session: Session, shop_id: int, before: datetime) -> list[RefundFacts]:
    rows = session.rows(_REFUNDS_DUE, shop=shop_id, before=micros(before))
    return [
        RefundFacts(refund_id, order_id, order, amount, currency, moment(due))
        for refund_id, order_id, order, amount, currency, due in rows
    ]


def dead_effects(session: Session, shop_id: int) -> list[DeadFacts]:
    """What the outbox gave up, unless a person has resolved that since."""
    return [
        DeadFacts(subject, kind, reason, order_id, number or "")
        for subject, kind, reason, order_id, number in session.rows(_DEAD_EFFECTS, shop=shop_id)
    ]


def dead_letters(session: Session, shop_id: int) -> list[DeadFacts]:
    """What the inbox gave up, unless a person has resolved that since."""
    return [DeadFacts(*row) for row in session.rows(_DEAD_LETTERS, shop=shop_id)]


def holds_over(session: Session, shop_id: int, now: datetime, most: int) -> list[int]:
    """Ids of orders with a hold whose time has passed."""
    rows = session.rows(_HOLDS_OVER, shop=shop_id, now=micros(now), most=most)
    return [row[0] for row in rows]
