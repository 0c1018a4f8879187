"""Work given to a partner (a 3PL, a supplier's system): how far a hand-off is, and what it is to
be told next."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from enum import StrEnum

from core.domain.fulfillment import FulfillmentOrder, Stage
from core.domain.holds import Hold, box_of, concerns
from core.domain.refusals import NotPossible
from core.domain.shop import Connection, Shop
from core.domain.values import dataclass

KIND = "partner"


class State(StrEnum):
    ASKED = "asked"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    SHIPPED = "shipped"
    WITHDRAWN = "withdrawn"


class Stop(StrEnum):
    """Whether the partner is asked to wait with a box that it has already."""

    NO = ""
    ASKED = "asked"
    STOPPED = "stopped"


class Tell(StrEnum):
    """What a partner is told, by the name that its messages carry."""

    REQUESTED = "fulfillment.requested"
    STOP = "fulfillment.stop"
    GO_ON = "fulfillment.go_on"
    WITHDRAWN = "fulfillment.withdrawn"
    RECALL = "fulfillment.recall"


class Answer(StrEnum):
    """What a partner may say."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    STOPPED = "stopped"
    SHIPPED = "shipped"


OPEN = (State.ASKED, State.ACCEPTED)


@dataclass(frozen=True, slots=True)
class Handoff:
    """One piece of work at one partner; `stops` counts how often it was asked to wait."""

    id: int
    work_id: int
    order_id: int
    connection_id: int
    state: State
    stop: Stop
    stops: int
    reason: str
    asked_at: datetime
    answered_at: datetime | None = None

    @property
    def is_open(self) -> bool:
        return self.state in OPEN

    def answered(self, answer: Answer, at: datetime, reason: str = "") -> Handoff:
        """After the partner's word. Raises NotPossible when it has none left to say."""
        if not self.is_open:
            raise NotPossible(f"This hand-off is {self.state.value} already.", code="already")
        if answer is Answer.STOPPED:
            stop = Stop.STOPPED if self.stop is not Stop.NO else Stop.NO
            return replace(self, stop=stop, answered_at=at)
        return replace(self, state=State(answer.value), reason=reason, answered_at=at)

    def told(self, what: Tell) -> Handoff:
        """After we have told it."""
        if what is Tell.STOP:
            return replace(self, stop=Stop.ASKED, stops=self.stops + 1)
        if what is Tell.GO_ON:
            return replace(self, stop=Stop.NO)
        return replace(self, state=State.WITHDRAWN)


def due_word(handoff: Handoff, work: FulfillmentOrder, holds: Iterable[Hold]) -> Tell | None:
    """What the partner has to hear now: its work was taken away, has to wait, or may go on.

    None when what it knows is still true. Work that went back on the shelf in our book, was
    declined or canceled is no work of the partner's any more.
    """
    if not handoff.is_open or work.stage is Stage.SHIPPED:
        return None
    if work.stage in (Stage.READY, Stage.CANCELED):
        return Tell.WITHDRAWN
    waits = any(concerns(hold, box_of(work)) for hold in holds)
    if waits and handoff.stop is Stop.NO:
        return Tell.STOP
    return Tell.GO_ON if not waits and handoff.stop is not Stop.NO else None


def partner_at(shop: Shop, location_id: int) -> Connection | None:
    """Who works at a location on our behalf and hears of its work by messages."""
    place = shop.locations.get(location_id)
    return next(
        (
            one
            for one in shop.connections.values()
            if one.kind == KIND
            and one.active
            and place
            and one.config.get("location") == place.code
        ),
        None,
    )


def partner_places(shop: Shop) -> tuple[int, ...]:
    """Ids of the locations at which a partner works."""
    return tuple(place for place in shop.locations if partner_at(shop, place) is not None)
