"""Searching and reading lists of orders: put together at run time, keyset pages, no offsets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from core.db import tables as t
from core.db.connection import Row, Session, Statement
from core.domain.refusals import Invalid
from core.domain.values import dataclass

WORDS_MAX = 6
_o, _f, _p, _v, _b, _r = (
    t.orders.c,
    t.fulfillment_order.c,
    t.parcel.c,
    t.event.c,
    t.outbox.c,
    t.routing_trace.c,
)
_BRIEF = (
    _o.id,
    _o.number,
    _o.customer_name,
    _o.ship_to,
    _o.total,
    _o.currency,
    _o.status,
    _o.payment_status,
    _o.fulfillment_status,
    _o.held,
    _o.placed_at,
    _o.promise,
)
_OPEN_STAGES = ("ready", "printed", "picked", "packed")
_WORDS = Statement(
    sa.select(_b.kind, _b.payload, _b.state, _b.created_at, _b.ended_at, _b.reason)
    .where(_b.order_id == sa.bindparam("order"), _b.kind.like("message.%"))
    .order_by(_b.id.desc())
    .limit(10)
)
_TIMELINE = Statement(
    sa.select(_v.at, _v.kind, _v.data, _v.actor, _v.surface)
    .where(_v.order_id == sa.bindparam("order"))
    .order_by(_v.id)
    .limit(500)
)
_NOTES = Statement(
    sa.select(_v.at, _v.data, _v.actor)
    .where(_v.order_id == sa.bindparam("order"), _v.kind == "OrderNoted")
    .order_by(_v.id.desc())
    .limit(sa.bindparam("most"))
)
_TRACES = Statement(
    sa.select(_r.trace, _r.at)
    .where(_r.order_id == sa.bindparam("order"))
    .order_by(_r.id.desc())
    .limit(sa.bindparam("most"))
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to look for; `places` are location ids (None: everywhere), `among` order ids."""

    shop_id: int
    text: str = ""
    status: str = ""
    held: bool | None = None
    places: Sequence[int] | None = None
    among: Sequence[int] | None = None
    after: str | None = None
    limit: int = 20


def find_orders(session: Session, wanted: Wanted) -> tuple[list[Any], str | None]:
    """Rows of `_BRIEF`, newest first, and the mark that continues the page (None: the end)."""
    clause = _narrowed(sa.select(*_BRIEF).where(_o.shop_id == wanted.shop_id), wanted)
    if wanted.after:
        placed, order_id = page_mark(wanted.after)
        clause = clause.where(sa.tuple_(_o.placed_at, _o.id) < sa.tuple_(placed, order_id))
    newest = clause.order_by(_o.placed_at.desc(), _o.id.desc()).limit(wanted.limit + 1)
    rows = list(session.select(newest))
    if len(rows) <= wanted.limit:
        return rows, None
    last = rows[wanted.limit - 1]
    return rows[: wanted.limit], f"{last.placed_at}.{last.id}"


def _narrowed(clause: Any, wanted: Wanted) -> Any:
    if wanted.text:
        clause = clause.where(_matches(wanted.text, wanted.shop_id))
    if wanted.status:
        clause = clause.where(_o.status == wanted.status)
    if wanted.held is not None:
        clause = clause.where(_o.held == int(wanted.held))
    if wanted.among is not None:
        clause = clause.where(_o.id.in_(wanted.among))
    elif wanted.places is not None:
        clause = clause.where(_o.id.in_(_open_work(wanted.shop_id, wanted.places)))
    return clause


def _open_work(shop_id: int, places: Sequence[int]) -> Any:
    return sa.select(_f.order_id).where(
        _f.shop_id == shop_id, _f.stage.in_(_OPEN_STAGES), _f.location_id.in_(places)
    )


def _matches(text: str, shop_id: int) -> sa.ColumnElement[bool]:
    """Every word of the text occurs, or it is a tracking number or the shop's own order id."""
    clean = text.strip().casefold()
    words = [_escaped(word) for word in clean.lstrip("#").split()[:WORDS_MAX]]
    everywhere = sa.and_(*(_o.find.like(f"%{word}%", escape="\\") for word in words))
    last = clean.rstrip("/").split("/")[-1].split("?")[0]
    tracked = sa.select(_p.order_id).where(
        _p.shop_id == shop_id, sa.func.lower(_p.tracking_number) == clean
    )
    return sa.or_(everywhere, _o.external_id == last, _o.id.in_(tracked))


def _escaped(word: str) -> str:
    return word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def page_mark(text: str) -> tuple[int, int]:
    """A moment and an id, by which a page goes on. Raises Invalid."""
    placed, _, order_id = text.partition(".")
    try:
        return int(placed), int(order_id)
    except ValueError:
        raise Invalid("That page mark is not one of ours.", "Start again without it.") from None


def words_about(session: Session, order_id: int) -> list[Row]:
    """(kind, payload, state, created, ended, reason) of messages about an order, newest first."""
    return session.rows(_WORDS, order=order_id)


def facts_about(session: Session, order_id: int) -> list[Row]:
    """(at, kind, data, actor, surface) of an order's events, oldest first."""
    return session.rows(_TIMELINE, order=order_id)


def notes_about(session: Session, order_id: int, most: int) -> list[Row]:
    """(at, data, actor) of the last notes of an order, newest first."""
    return session.rows(_NOTES, order=order_id, most=most)


def traces_of(session: Session, order_id: int, most: int) -> list[Row]:
    """(trace as JSON, at) of the last routing decisions about an order, the newest first."""
    return session.rows(_TRACES, order=order_id, most=most)
