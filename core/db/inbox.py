"""The inbox and idempotency: what was received, kept raw, answered once and answered again."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from core.db import tables as t
from core.db.connection import Question, Session, Statement
from core.db.rows import micros
from core.db.writer import Batch
from core.domain.values import dataclass

ATTEMPTS_MAX = 6
RETRY_SECONDS = (30, 120, 600, 3600, 14400)

_i, _k = t.inbox.c, t.idempotency.c
_KNOWN = Statement(
    sa.select(_i.id, _i.state, _i.answer).where(
        _i.connection_id == sa.bindparam("connection"),
        sa.or_(
            _i.delivery_id == sa.bindparam("delivery"),
            sa.and_(_i.topic == sa.bindparam("topic"), _i.event_id == sa.bindparam("event")),
        ),
    ),
    apart=True,
)
_BY_ID = Statement(
    sa.select(
        _i.id,
        _i.shop_id,
        _i.connection_id,
        _i.topic,
        _i.delivery_id,
        _i.event_id,
        _i.raw,
        _i.received_at,
        _i.attempts,
        _i.state,
    ).where(_i.id == sa.bindparam("id"))
)
_DUE = Statement(
    sa.select(_i.id)
    .where(_i.state == "retry", _i.due_at <= sa.bindparam("now"))
    .order_by(_i.due_at)
    .limit(sa.bindparam("most"))
)
_TRIED = Statement(
    sa.select(_i.state, _i.attempts, _i.answer)
    .where(_i.id == sa.bindparam("id"))
    .with_for_update(),
    apart=True,
)
_SETTLE = Statement(
    t.inbox.update().where(_i.id == sa.bindparam("row_id")),
    sets=("state", "attempts", "due_at", "error", "answer"),
)
_KEY = Statement(
    sa.select(_k.hash, _k.answer).where(
        _k.shop_id == sa.bindparam("shop"),
        _k.scope == sa.bindparam("scope"),
        _k.key == sa.bindparam("key"),
    ),
    apart=True,
)


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message of a connected machine as it came: `raw` is kept byte by byte."""

    connection_id: int
    topic: str
    delivery_id: str
    raw: bytes
    event_id: str | None = None
    inbox_id: int | None = None  # set when it is tried again from the inbox
    attempts: int = 0


def question(delivery: Delivery) -> Question:
    """What `find` asks the database."""
    return _KNOWN, {
        "connection": delivery.connection_id,
        "delivery": delivery.delivery_id,
        "topic": delivery.topic,
        "event": delivery.event_id,
    }


def find(batch: Batch, delivery: Delivery) -> tuple[int, str, str] | None:
    """(id, state, answer) of a delivery that was received before, also under its event's id."""
    keys = {(delivery.connection_id, delivery.delivery_id)}
    if delivery.event_id:
        keys.add((delivery.connection_id, f"{delivery.topic}\n{delivery.event_id}"))
    if keys & batch.seen:
        batch.flush()
    batch.seen |= keys
    statement, params = question(delivery)
    row = batch.session.row(statement, **params)
    return None if row is None else (row[0], row[1], row[2])


def tried_meanwhile(session: Session, delivery: Delivery) -> str | None:
    """The answer of another worker who was faster with this kept delivery; None: it is ours."""
    row = session.row(_TRIED, id=delivery.inbox_id)
    if row is None or (row[0] != "done" and row[1] == delivery.attempts):
        return None
    return str(row[2])


def keep(
    batch: Batch,
    delivery: Delivery,
    *,
    row_id: int,
    shop_id: int,
    now: datetime,
    state: str,
    answer: str,
    error: str = "",
) -> None:
    """Store a delivery with its end, or record the end of another try."""
    attempts = delivery.attempts + 1
    due = None
    if state == "retry":
        if attempts >= ATTEMPTS_MAX:
            state = "dead"
        else:
            wait = RETRY_SECONDS[min(attempts, len(RETRY_SECONDS)) - 1]
            due = micros(now + timedelta(seconds=wait))
    ending: dict[str, Any] = {
        "state": state,
        "attempts": attempts,
        "due_at": due,
        "error": error[:500],
        "answer": answer,
    }
    if delivery.inbox_id is not None:
        batch.session.run(_SETTLE, row_id=delivery.inbox_id, **ending)
        return
    row = {
        "id": row_id,
        "shop_id": shop_id,
        "connection_id": delivery.connection_id,
        "topic": delivery.topic,
        "delivery_id": delivery.delivery_id,
        "event_id": delivery.event_id,
        "raw": delivery.raw,
        "received_at": micros(now),
        **ending,
    }
    batch.add(t.inbox, [row])


def is_last_try(delivery: Delivery) -> bool:
    return delivery.attempts + 1 >= ATTEMPTS_MAX


def due(session: Session, now: datetime, most: int = 50) -> list[int]:
    """Ids of deliveries whose next try is due."""
    return [row[0] for row in session.rows(_DUE, now=micros(now), most=most)]


def load(session: Session, inbox_id: int) -> tuple[int, Delivery] | None:
    """(shop id, delivery) of an inbox row, ready to be tried again."""
    row = session.row(_BY_ID, id=inbox_id)
    if row is None:
        return None
    row_id, shop_id, connection, topic, delivery_id, event_id, raw, _, attempts, _ = row
    return shop_id, Delivery(
        connection, topic, delivery_id, bytes(raw), event_id, inbox_id=row_id, attempts=attempts
    )


# --- idempotency keys of commands that come without a delivery -----------------------------------


def find_key(batch: Batch, shop_id: int, scope: str, key: str) -> tuple[str, str] | None:
    """(input hash, answer) of an earlier command under this key."""
    mark = (shop_id, scope, key)
    if mark in batch.seen:
        batch.flush()
    batch.seen.add(mark)
    row = batch.session.row(_KEY, shop=shop_id, scope=scope, key=key)
    return None if row is None else (row[0], row[1])


def keep_key(
    batch: Batch, shop_id: int, scope: str, key: str, hashed: str, answer: str, now: datetime
) -> None:
    row = {
        "shop_id": shop_id,
        "scope": scope,
        "key": key,
        "hash": hashed,
        "answer": answer,
        "at": micros(now),
    }
    batch.add(t.idempotency, [row])
