"""Orders that belong together: one replaces units of another, or both ship in one parcel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from core.db import tables as t
from core.db.connection import Row, Session, Statement
from core.db.rows import from_json, micros, to_json
from core.domain.values import dataclass

if TYPE_CHECKING:
    from core.db.unit_of_work import UnitOfWork

REPLACES, TOGETHER, EXCHANGES = "replaces", "together", "exchanges"

_k, _o = t.order_link.c, t.orders.c
_FIELDS = (_k.id, _k.kind, _k.order_id, _k.other_id, _k.data)
_OF_ORDER = Statement(
    sa.select(*_FIELDS)
    .where(
        sa.or_(_k.order_id == sa.bindparam("order"), _k.other_id == sa.bindparam("order2")),
        _k.ended_at.is_(None),
    )
    .order_by(_k.id)
)
_END = Statement(
    t.order_link.update()
    .where(_k.id == sa.bindparam("row_id"), _k.ended_at.is_(None))
    .values(ended_at=sa.bindparam("at"))
)


@dataclass(frozen=True, slots=True)
class Link:
    """`order_id` was there first; `data` of a replacement is {line id: units}."""

    id: int
    kind: str
    order_id: int
    other_id: int
    data: Mapping[str, Any]

    def other_than(self, order_id: int) -> int:
        return self.other_id if order_id == self.order_id else self.order_id


def links_of(session: Session, order_id: int) -> list[Link]:
    """The links of an order that still hold, oldest first."""
    return [_link(row) for row in session.rows(_OF_ORDER, order=order_id, order2=order_id)]


def together_with(session: Session, order_id: int) -> list[int]:
    """The ids of all orders of one parcel, the first of them in front; [] for a single order."""
    own = [link for link in links_of(session, order_id) if link.kind == TOGETHER]
    if not own:
        return []
    first = own[0].order_id
    every = [link for link in links_of(session, first) if link.kind == TOGETHER]
    return [first, *(link.other_id for link in every)]


def parcel_mates(session: Session, order_ids: Sequence[int]) -> dict[int, list[str]]:
    """By order id, the numbers of the other orders that ship in its parcel."""
    if not order_ids:
        return {}
    mate, first = t.orders.alias("mate"), _k.order_id
    ours = sa.or_(first.in_(order_ids), _k.other_id.in_(order_ids))
    groups = sa.select(first).where(ours, _k.kind == TOGETHER, _k.ended_at.is_(None)).distinct()
    rows = session.select(
        sa.select(first, _k.other_id, _o.number.label("first_number"), mate.c.number)
        .join(t.orders, _o.id == first)
        .join(mate, mate.c.id == _k.other_id)
        .where(first.in_(groups), _k.kind == TOGETHER, _k.ended_at.is_(None))
        .order_by(_k.id)
    )
    named: dict[int, dict[int, str]] = {}
    for group, other, first_number, number in rows:
        named.setdefault(group, {group: first_number})[other] = number
    return {
        one: [number for other, number in members.items() if other != one]
        for members in named.values()
        for one in members
        if one in order_ids
    }


def _link(row: Row) -> Link:
    link_id, kind, order_id, other_id, data = row
    return Link(link_id, kind, order_id, other_id, from_json(data))


def add(uow: UnitOfWork, kind: str, order_id: int, other_id: int, data: Mapping[str, Any]) -> int:
    link_id: int = uow.new_id()
    uow.insert(
        t.order_link,
        {
            "id": link_id,
            "shop_id": uow.shop.id,
            "kind": kind,
            "order_id": order_id,
            "other_id": other_id,
            "data": to_json(dict(data)),
            "at": micros(uow.now),
        },
    )
    return link_id


def end(uow: UnitOfWork, link: Link) -> None:
    uow.session.run(_END, row_id=link.id, at=micros(uow.now))
