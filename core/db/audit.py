"""The audit: one row per command, done or refused, and a hash chain per order."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from core.db import tables as t
from core.db.connection import Session, Statement
from core.db.rows import micros, to_json

_a = t.audit.c
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
