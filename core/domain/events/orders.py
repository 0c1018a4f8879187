"""What happened to an order: it came, was held, changed, joined, promised; and its cases."""

from __future__ import annotations

from dataclasses import field
from typing import Any

from core.domain.events.base import Event
from core.domain.values import dataclass


@dataclass(frozen=True, slots=True)
class OrderCaptured(Event):
    channel: str
    total: int
    currency: str
    units: int


@dataclass(frozen=True, slots=True)
class OrderUpdated(Event):
    changes: dict[str, Any]


@dataclass(frozen=True, slots=True)
class OrderCanceled(Event):
    reason: str
    by_channel: bool = False


@dataclass(frozen=True, slots=True)
class OrderHeld(Event):
    """`what` names the line or box that is meant; empty: the whole order."""

    reason: str
    note: str = ""
    until: str | None = None
    what: str = ""


@dataclass(frozen=True, slots=True)
class OrderReleased(Event):
    reason: str
    note: str = ""
    what: str = ""


@dataclass(frozen=True, slots=True)
class HoldAnswered(Event):
    """Somebody at the location pressed Got it: the box is put aside."""

    work: str
    location: str


@dataclass(frozen=True, slots=True)
class OrderNoted(Event):
    text: str


@dataclass(frozen=True, slots=True)
class OrderTagged(Event):
    tag: str
    removed: bool = False


@dataclass(frozen=True, slots=True)
class OrderWaits(Event):
    """A routing rule found no place: the order waits as it says (queue, backorder, …)."""

    rule: str
    does: str
    reason: str = ""
    at: str = ""
    days: int = 0


@dataclass(frozen=True, slots=True)
class PromiseBroken(Event):
    """Units that were promised at a location turned out to be missing there."""

    location: str
    sku: str
    quantity: int
    reason: str


@dataclass(frozen=True, slots=True)
class UnitsCanceled(Event):
    """Part of an order is not wanted any more: {sku: units}, and what became of the goods.

    `lines` is {line id: units}, `refund` the money that is due for them, in minor units.
    """

    units: dict[str, int]
    reason: str
    goods: str
    lines: dict[str, int] = field(default_factory=dict)
    refund: int = 0


@dataclass(frozen=True, slots=True)
class OrdersJoined(Event):
    """The open work of this order and of another goes into one parcel (or no more)."""

    other: str
    ended: bool = False


@dataclass(frozen=True, slots=True)
class ReplacementSent(Event):
    """Units go out once more, free of charge, as an order of their own."""

    number: str
    units: dict[str, int]
    reason: str


@dataclass(frozen=True, slots=True)
class ReplacementMade(Event):
    """This order replaces units of another."""

    original: str
    reason: str


@dataclass(frozen=True, slots=True)
class PrioritySet(Event):
    priority: str


@dataclass(frozen=True, slots=True)
class OrderGifted(Event):
    """It is a gift now, with or without a note to print, or none any more."""

    note: str = ""
    removed: bool = False


@dataclass(frozen=True, slots=True)
class PromiseChanged(Event):
    """The date shown to the customer cannot be kept, or is better now."""

    promised: str | None
    expected: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class SoldAtTill(Event):
    location: str


@dataclass(frozen=True, slots=True)
class CaseOpened(Event):
    """`grouped` cases belong to a storm, whose own card tells of them."""

    case_id: int
    case_kind: str
    title: str
    grouped: bool = False


@dataclass(frozen=True, slots=True)
class CaseChanged(Event):
    """Taken, snoozed or resolved: `state` is the new one."""

    case_id: int
    case_kind: str
    state: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class OrderEdited(Event):
    """An edit was confirmed: units more or less by SKU, what else is new, and the money of it.

    `refund` goes back to the customer, `due` is asked of them; `undone` says that an earlier edit
    was taken back.
    """

    change_id: int
    units: dict[str, int]
    fields: tuple[str, ...]
    difference: int
    refund: int
    due: int
    currency: str
    undone: bool = False


@dataclass(frozen=True, slots=True)
class CustomerAsked(Event):
    """Staff asked the customer something; `about` chooses the words, `text` are our own."""

    about: str
    text: str = ""
