"""The audit: one row per command, done or refused, and a hash chain per order."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from core.db import tables as t
from core.db.connection import Row, Session, Statement
from core.db.rows import micros, to_json

_a = t.audit.c
_LAST = (
    sa.select(_a.id, _a.command, _a.undo, _a.order_id, _a.version)
    .where(
        _a.shop_id == sa.bindparam("shop"),
        _a.actor == sa.bindparam("who"),
        _a.outcome == "done",
        _a.at >= sa.bindparam("since"),
    )
    .order_by(_a.id.desc())
    .limit(1)
)
_LAST_DONE = Statement(_LAST)
_WAIT_FOR_LAST = Statement(_LAST.with_for_update())
_OF_ORDER = Statement(
    sa.select(
        _a.version, _a.command, _a.arguments, _a.actor, _a.surface, _a.at, _a.previous, _a.hash
    )
    .where(_a.order_id == sa.bindparam("order"), _a.version.is_not(None))
    .order_by(_a.version)
)


def link(
    previous: str,
    order_id: int,
    version: int,
    command: str,
    arguments: str,
    actor: str,
    surface: str,
    at: int,
) -> str:
    """The hash of one audit row over its content and the row before it."""
    text = "\x1f".join(
        (previous, str(order_id), str(version), command, arguments, actor, surface, str(at))
    )
    return hashlib.sha256(text.encode()).hexdigest()


def row(
    *,
    row_id: int,
    shop_id: int,
    command_id: int,
    command: str,
    arguments: str,
    actor: str,
    role: str,
    surface: str,
    delivery: str,
    outcome: str,
    code: str,
    at: datetime,
    undo: Any = None,
    order: tuple[int, int, str] | None = None,
) -> dict[str, Any]:
    """An audit row; `order` is (id, new version, previous hash) when it changed one."""
    written = micros(at)
    base: dict[str, Any] = {
        "id": row_id,
        "shop_id": shop_id,
        "command_id": command_id,
        "command": command,
        "arguments": arguments,
        "actor": actor,
        "role": role,
        "surface": surface,
        "delivery": delivery,
        "outcome": outcome,
        "code": code,
        "undo": to_json(undo),
        "at": written,
    }
    if order is not None:
        order_id, version, previous = order
        hashed = link(previous, order_id, version, command, arguments, actor, surface, written)
        base |= {"order_id": order_id, "version": version, "previous": previous, "hash": hashed}
    return base


def last_done(session: Session, shop_id: int, actor: str, since: datetime) -> Row | None:
    """(id, command, undo as JSON, order id, version) of the last thing that the actor did.

    Two presses of `undo` at once: the second waits here for the first, and then sees it.
    """
    asked = {"shop": shop_id, "who": actor, "since": micros(since)}
    session.row(_WAIT_FOR_LAST, **asked)
    return session.row(_LAST_DONE, **asked)


def broken_link(session: Session, order_id: int) -> int | None:
    """The first version whose audit row does not follow from the one before it, or None."""
    previous = ""
    expected = 1
    for version, command, arguments, actor, surface, at, before, hashed in session.rows(
        _OF_ORDER, order=order_id
    ):
        right = link(previous, order_id, version, command, arguments, actor, surface, at)
        if version != expected or before != previous or hashed != right:
            return int(version)
        previous, expected = hashed, expected + 1
    return None
