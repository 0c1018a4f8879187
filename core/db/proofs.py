"""What the house has kept about an order that a bank would want to read: words, talk, the chain."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from core.db import tables as t
from core.db.audit import broken_link
from core.db.connection import Session
from core.db.rows import from_json, micros, moment
from core.domain.values import dataclass

_b, _m, _v, _a = t.outbox.c, t.conversation_message.c, t.conversation.c, t.audit.c
MOST = 100


@dataclass(frozen=True, slots=True)
class Said:
    """Words that left, or came: when, by which way, who said them, and the words (masked)."""

    at: datetime
    way: str
    who: str
    text: str


@dataclass(frozen=True, slots=True)
class Chain:
    """The order's audit: how many steps, the hash of the last, and the first that does not fit."""

    steps: int
    last: str
    broken_at: int | None


def order_anywhere(session: Session, order_id: int) -> tuple[int, str] | None:
    """(shop id, number) of an order, in whichever shop it is."""
    c = t.orders.c
    rows = session.select(sa.select(c.shop_id, c.number).where(c.id == order_id))
    return (rows[0][0], rows[0][1]) if rows else None


def messages_sent(session: Session, order_id: int) -> list[Said]:
    """What was sent to the customer about an order, as it was kept, oldest first."""
    clause = (
        sa.select(_b.kind, _b.result, _b.ended_at)
        .where(
            _b.order_id == order_id,
            _b.kind.in_(("message.email", "message.telegram")),
            _b.state == "done",
        )
        .order_by(_b.ended_at, _b.id)
        .limit(MOST)
    )
    found = []
    for kind, result, ended in session.select(clause):
        kept = from_json(result)
        text = "\n".join(filter(None, (kept.get("subject"), kept.get("text"))))
        if text and ended is not None:
            found.append(Said(moment(ended), kind.removeprefix("message."), "we", text))
    return found


def talk_with(session: Session, shop_id: int, customer_id: int, since: datetime) -> list[Said]:
    """What was said with a customer since they ordered, on every surface, oldest first."""
    clause = (
        sa.select(_m.at, _v.surface, _m.author, _m.words)
        .join(t.conversation, _v.id == _m.conversation_id)
        .where(_v.shop_id == shop_id, _v.customer_id == customer_id, _m.at >= micros(since))
        .order_by(_m.id)
        .limit(MOST)
    )
    return [Said(moment(at), way, who, text) for at, way, who, text in session.select(clause)]


def chain_of(session: Session, order_id: int) -> Chain:
    clause = (
        sa.select(_a.version, _a.hash)
        .where(_a.order_id == order_id, _a.version.is_not(None))
        .order_by(_a.version.desc())
        .limit(1)
    )
    rows: Sequence[tuple[int, str]] = [(row[0], row[1]) for row in session.select(clause)]
    steps, last = rows[0] if rows else (0, "")
    return Chain(steps, last, broken_link(session, order_id))
