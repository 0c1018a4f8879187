"""What partners have of ours just now: asked or accepted, since when, and what has to wait."""

from __future__ import annotations

from datetime import datetime

from core.db import partners as book
from core.db.reading import Reader
from core.domain.access import Right
from core.domain.values import dataclass
from core.registry import question

LISTED_MOST = 100


@dataclass(frozen=True, slots=True)
class HandoffView:
    """`state` is asked or accepted, `stop` nothing, asked or stopped."""

    partner: str
    location: str
    order: str
    work: str
    state: str
    stop: str
    asked_at: datetime


@dataclass(frozen=True, slots=True)
class HandoffList:
    handoffs: tuple[HandoffView, ...]


@dataclass(frozen=True, slots=True)
class ListHandoffs:
    """Show the work that partners have, the longest first."""


@question("handoffs", ListHandoffs, Right.VIEW, examples=("handoffs",))
def list_handoffs(_: ListHandoffs, reader: Reader) -> HandoffList:
    shop = reader.shop
    found = book.listed(reader.session, shop.id, LISTED_MOST)
    return HandoffList(
        tuple(
            HandoffView(
                shop.connections[one.connection_id].name,
                shop.locations[place].code,
                order,
                work,
                one.state.value,
                one.stop.value,
                one.asked_at,
            )
            for one, work, place, order in found
            if reader.actor.works_at(shop.locations[place].code)
        )
    )
