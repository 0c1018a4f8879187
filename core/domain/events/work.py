"""What happened to the work: where it is done, and how far the floor has come."""

from __future__ import annotations

from core.domain.events.base import Event
from core.domain.values import dataclass


@dataclass(frozen=True, slots=True)
class WorkHandedOff(Event):
    """A partner was asked to do this work."""

    work: str
    location: str
    partner: str


@dataclass(frozen=True, slots=True)
class WorkAccepted(Event):
    """The partner will do it."""

    work: str
    partner: str


@dataclass(frozen=True, slots=True)
class LinesLeftBehind(Event):
    """A box goes on without its held lines; they wait as a piece of work of their own."""

    work: str
    piece: str
    location: str
    units: dict[str, int]


@dataclass(frozen=True, slots=True)
class OrderRouted(Event):
    """`parts` maps a location code to {sku: quantity}."""

    parts: dict[str, dict[str, int]]
    proven: bool = True


@dataclass(frozen=True, slots=True)
class WorkDeclined(Event):
    """A location gave work back; it does not get this order again."""

    number: str
    location: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class PlanChosen(Event):
    """A person chose where an order ships from, among the plans that were offered."""

    locations: str


@dataclass(frozen=True, slots=True)
class OrderShort(Event):
    """What could not be promised from stock: {sku: quantity}."""

    short: dict[str, int]


@dataclass(frozen=True, slots=True)
class OrderMoved(Event):
    origin: str
    target: str


@dataclass(frozen=True, slots=True)
class PlanImproved(Event):
    """A better plan was found for work that nobody had touched; `saved` in minor units."""

    origin: str
    target: str
    saved: int
    currency: str


@dataclass(frozen=True, slots=True)
class OrderPutBack(Event):
    """A step was undone: lines, promises and work are as they were before it."""


@dataclass(frozen=True, slots=True)
class WorkSplit(Event):
    """Units that go in a parcel of their own, from `target`."""

    units: dict[str, int]
    work: str
    target: str


@dataclass(frozen=True, slots=True)
class WorkPrinted(Event):
    work: str
    location: str


@dataclass(frozen=True, slots=True)
class WorkPicked(Event):
    work: str
    location: str


@dataclass(frozen=True, slots=True)
class WorkPacked(Event):
    work: str
    location: str


@dataclass(frozen=True, slots=True)
class WorkPutBack(Event):
    work: str
    location: str
