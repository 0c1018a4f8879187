"""Return rules as rows: documents that never change, and which of them is in force."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from core.db import tables as t
from core.db.connection import Session, Statement
from core.db.rows import from_json, micros, moment, to_json
from core.domain.refusals import NotFound
from core.domain.returning.rules import Document, ReturnRules, read_document, to_plain

if TYPE_CHECKING:
    from core.db.unit_of_work import UnitOfWork

_r, _a = t.return_rules.c, t.return_rules_activation.c
_LAST = (
    sa.select(_a.number)
    .where(_a.shop_id == sa.bindparam("shop"))
    .order_by(_a.id.desc())
    .limit(1)
    .scalar_subquery()
)
_ACTIVE = Statement(
    sa.select(_r.number, _r.document).where(
        _r.shop_id == sa.bindparam("shop2"), _r.number == _LAST
    ),
    apart=True,
)
_FIELDS = (_r.number, _r.document, _r.based_on, _r.reason, _r.actor, _r.at)
_ONE = Statement(
    sa.select(*_FIELDS).where(
        _r.shop_id == sa.bindparam("shop"), _r.number == sa.bindparam("number")
    )
)
_ALL = Statement(
    sa.select(*_FIELDS)
    .where(_r.shop_id == sa.bindparam("shop"))
    .order_by(_r.number.desc())
    .limit(sa.bindparam("most"))
)
_MOST = Statement(sa.select(sa.func.max(_r.number)).where(_r.shop_id == sa.bindparam("shop")))
_ACTIVATIONS = Statement(
    sa.select(_a.number)
    .where(_a.shop_id == sa.bindparam("shop"))
    .order_by(_a.id.desc())
    .limit(sa.bindparam("most"))
)
_CATEGORIES = Statement(
    sa.select(t.product.c.category)
    .distinct()
    .where(t.product.c.shop_id == sa.bindparam("shop"), t.product.c.category != "")
)


@dataclass(frozen=True, slots=True)
class Written:
    """One version of the return rules: what it says, who wrote it, when and why."""

    number: int
    document: Document
    based_on: int | None
    reason: str
    actor: str
    at: datetime


def active_rules(session: Session, shop_id: int) -> ReturnRules | None:
    row = session.row(_ACTIVE, shop=shop_id, shop2=shop_id)
    return None if row is None else ReturnRules(row[0], read_document(from_json(row[1])))


def version_of(session: Session, shop_id: int, number: int) -> Written:
    row = session.row(_ONE, shop=shop_id, number=number)
    if row is None:
        raise NotFound(
            f"There is no version {number} of the return rules.", "Look at `return-rules`."
        )
    return _written(row)


def versions(session: Session, shop_id: int, most: int = 20) -> list[Written]:
    """The newest first."""
    return [_written(row) for row in session.rows(_ALL, shop=shop_id, most=most)]


def activations(session: Session, shop_id: int, most: int = 50) -> list[int]:
    """The numbers that were put in force, the newest first; 0: no rules at all."""
    return [row[0] for row in session.rows(_ACTIVATIONS, shop=shop_id, most=most)]


def write_rules(uow: UnitOfWork, document: Document, based_on: int | None, reason: str) -> int:
    """A new version, which is only a draft; returns its number."""
    found = uow.session.row(_MOST, shop=uow.shop.id)
    number = int((found[0] if found else 0) or 0) + 1
    row = {"number": number, "document": to_json(to_plain(document)), "based_on": based_on}
    uow.insert_now(t.return_rules, {**_signed(uow, reason), **row})
    return number


def activate(uow: UnitOfWork, number: int, reason: str) -> None:
    uow.insert_now(t.return_rules_activation, {**_signed(uow, reason), "number": number})
    uow.people.touch()


def categories_of(session: Session, shop_id: int) -> frozenset[str]:
    """The categories of the catalog, folded."""
    return frozenset(row[0].casefold() for row in session.rows(_CATEGORIES, shop=shop_id))


def _signed(uow: UnitOfWork, reason: str) -> dict[str, Any]:
    return {
        "id": uow.new_id(),
        "shop_id": uow.shop.id,
        "reason": reason,
        "actor": uow.actor.name,
        "at": micros(uow.now),
    }


def _written(row: Sequence[Any]) -> Written:
    number, document, based_on, reason, actor, at = row
    return Written(number, read_document(from_json(document)), based_on, reason, actor, moment(at))
