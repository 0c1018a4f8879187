"""What happened to parcels, and to what is collected in a store."""

from __future__ import annotations

from core.domain.events.base import Event
from core.domain.values import dataclass


@dataclass(frozen=True, slots=True)
class RecallAsked(Event):
    """The carrier was asked to stop a parcel that has left."""

    parcel_id: int
    carrier: str
    tracking_number: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class LabelVoided(Event):
    parcel_id: int
    carrier: str
    tracking_number: str


@dataclass(frozen=True, slots=True)
class ParcelTracked(Event):
    """A parcel that had left already was given its tracking number, or a corrected one."""

    parcel_id: int
    carrier: str
    tracking_number: str


@dataclass(frozen=True, slots=True)
class ParcelLabeled(Event):
    parcel_id: int
    carrier: str
    tracking_number: str


@dataclass(frozen=True, slots=True)
class ParcelShipped(Event):
    """The parcel left us. `evidence` is handed_over (our people said so) or scanned."""

    parcel_id: int
    carrier: str
    tracking_number: str
    evidence: str


@dataclass(frozen=True, slots=True)
class ParcelMoved(Event):
    parcel_id: int
    status: str
    reason: str
    place: str
    happened_at: str


@dataclass(frozen=True, slots=True)
class ParcelDelivered(Event):
    parcel_id: int
    happened_at: str


@dataclass(frozen=True, slots=True)
class PickupReady(Event):
    """It lies ready in the store; `until` is the last day (ISO), `issue` the code that counts."""

    works: tuple[str, ...]
    location: str
    until: str
    issue: int


@dataclass(frozen=True, slots=True)
class PickupReminded(Event):
    """The customer is told again; `why` is time, or a new code that was asked for."""

    location: str
    until: str
    issue: int
    why: str


@dataclass(frozen=True, slots=True)
class PickupCollected(Event):
    """The customer has it. `how` is collected (the code was right) or handed_over without one."""

    location: str
    how: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class PickupReturned(Event):
    """Nobody collected it: the goods are back on the shelf."""

    location: str
    reason: str = ""
