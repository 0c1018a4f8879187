"""Which other orders an order belongs to, and how: for its card."""

from __future__ import annotations

from dataclasses import dataclass

from core.db.connection import Session
from core.db.links import REPLACES, TOGETHER, links_of, together_with
from core.db.orders import numbers_of


@dataclass(frozen=True, slots=True)
class Linked:
    """`how` is replaces, replaced_by or together."""

    how: str
    order: str


def linked_to(session: Session, order_id: int) -> tuple[Linked, ...]:
    """Every other order, oldest link first."""
    found = [
        ("replaced_by" if link.order_id == order_id else "replaces", link.other_than(order_id))
        for link in links_of(session, order_id)
        if link.kind == REPLACES
    ]
    found += [(TOGETHER, other) for other in together_with(session, order_id) if other != order_id]
    numbers = numbers_of(session, [other for _, other in found]) if found else {}
    return tuple(Linked(how, numbers[other]) for how, other in found)
