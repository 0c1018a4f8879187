"""The feed of facts for programs: in one order without gaps, read on from a position."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from core.db import events
from core.db.orders import numbers_of
from core.db.reading import Reader
from core.domain.access import Right, Role
from core.domain.refusals import Invalid, NotAllowed
from core.domain.values import dataclass
from core.registry import Arg, question


@dataclass(frozen=True, slots=True)
class FeedEvent:
    """One fact; `position` is where to read on from, `order` its order's number, if it has one."""

    position: int
    id: int
    at: datetime
    kind: str
    order: str | None
    data: dict[str, Any]
    actor: str
    surface: str


@dataclass(frozen=True, slots=True)
class FeedPage:
    """Facts after a position, oldest first; `after` is the position to continue with."""

    events: tuple[FeedEvent, ...]
    after: int


@dataclass(frozen=True, slots=True)
class ReadEvents:
    """Read what happened since a position; begin with 0 and go on with the page's `after`."""

    after: Annotated[int, Arg.NONE] = 0
    limit: Annotated[int, Arg.NONE] = 100


@question("events", ReadEvents, Right.VIEW, in_chat=False)
def read_events(ask: ReadEvents, reader: Reader) -> FeedPage:
    if not 1 <= ask.limit <= 200:
        raise Invalid("A page has 1 to 200 events.")
    if ask.after < 0:
        raise Invalid("The first position is 0.")
    if reader.actor.role is Role.STORE:
        raise NotAllowed("The feed is about the whole shop.", "Use the key of another role.")
    facts = events.after(reader.session, reader.actor.shop_id, ask.after, ask.limit)
    numbers = numbers_of(reader.session, [f.order_id for f in facts if f.order_id is not None])
    found = tuple(
        FeedEvent(
            fact.position or 0,
            fact.id,
            fact.at,
            fact.kind,
            numbers.get(fact.order_id or 0),
            fact.data,
            fact.actor,
            fact.surface,
        )
        for fact in facts
    )
    return FeedPage(found, found[-1].position if found else ask.after)
