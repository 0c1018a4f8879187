"""Which other orders an order belongs to, and how: for its card."""

from __future__ import annotations

from core.db.connection import Session
from core.db.links import EXCHANGES, REPLACES, TOGETHER, links_of, together_with
from core.db.orders import numbers_of
from core.domain.values import dataclass

_AFTER = {REPLACES: "replaced_by", EXCHANGES: "exchanged_by"}  # as the first of both orders says it


@dataclass(frozen=True, slots=True)
class Linked:
    """`how` is replaces, replaced_by, exchanges, exchanged_by or together."""

    how: str
    order: str


def linked_to(session: Session, order_id: int) -> tuple[Linked, ...]:
    """Every other order, oldest link first."""
    found = [
        (_AFTER[link.kind] if link.order_id == order_id else link.kind, link.other_than(order_id))
        for link in links_of(session, order_id)
        if link.kind in _AFTER
    ]
    found += [(TOGETHER, other) for other in together_with(session, order_id) if other != order_id]
    numbers = numbers_of(session, [other for _, other in found]) if found else {}
    return tuple(Linked(how, numbers[other]) for how, other in found)
