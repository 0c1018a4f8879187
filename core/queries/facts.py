"""What a customer may be told about an order: plain facts, the same for every surface."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from core.domain.returning.verdict import Why
from core.domain.values import dataclass

ParcelStatus = Literal[
    "NotFound",
    "InfoReceived",
    "InTransit",
    "Expired",
    "AvailableForPickup",
    "OutForDelivery",
    "DeliveryFailure",
    "Delivered",
    "Exception",
]
WaitingStage = Literal[
    "ready",
    "picking",
    "packed",
    "collect",
    "bring",
    "backordered",
    "awaited",
    "supplier",
    "held",
    "arranging",
]


@dataclass(frozen=True, slots=True)
class ParcelFacts:
    """One parcel and what the carrier last said about it.

    `how` is empty for a carrier's, else collected (in the store) or local (we bring it).
    """

    carrier: str
    tracking_number: str
    tracking_url: str
    status: ParcelStatus
    reason: str = ""
    last_scan_at: datetime | None = None
    last_scan_place: str = ""
    handed_over_at: datetime | None = None
    delivered_at: datetime | None = None
    lines: tuple[tuple[str, int], ...] = ()
    how: str = ""


@dataclass(frozen=True, slots=True)
class PickupFacts:
    """Where an order is collected; `until` (the last day) and `issue` once it lies ready there.

    `code` is filled in by whoever may show it: it is derived, not stored.
    """

    name: str
    address: str
    until: date | None = None
    issue: int = 0
    code: str = ""


@dataclass(frozen=True, slots=True)
class WaitingFacts:
    """A quantity that has not left yet, and where it stands."""

    title: str
    quantity: int
    stage: WaitingStage
    expected: date | None = None


@dataclass(frozen=True, slots=True)
class ReturnableFacts:
    """A delivered quantity that may still be sent back."""

    line_id: str
    title: str
    sku: str
    quantity: int
    wishes: tuple[str, ...] = ("refund",)  # what may be had for it
    bonus: int = 0  # percent more for those who take credit


@dataclass(frozen=True, slots=True)
class ClaimableFacts:
    """What may be reported: so many units that have arrived, so many that never came."""

    line_id: str
    title: str
    sku: str
    arrived: int
    never_came: int


@dataclass(frozen=True, slots=True)
class ClaimFacts:
    """A report of something wrong; `result` is the number of what is sent again, `said` the words
    of whoever turned it down."""

    number: str
    status: str
    reason: str
    lines: tuple[tuple[str, int], ...] = ()
    remedy: str = ""
    result: str = ""
    said: str = ""


@dataclass(frozen=True, slots=True)
class ReturnFacts:
    """A return under way or done; `refund` and `fee` in minor units of the order's currency.

    `why` are the rules' reasons, `said` the words of a person who has decided. `stores` take it
    back against a code, which whoever has the house's keys derives from `id`.
    """

    number: str
    status: str
    lines: tuple[tuple[str, int], ...] = ()
    refund: int | None = None
    id: int = 0
    stores: tuple[str, ...] = ()
    why: tuple[Why, ...] = ()
    said: str = ""
    until: date | None = None
    send_to: str = ""
    fee: int = 0
    own_label: bool = False
    as_credit: bool = False
    can_cancel: bool = False


@dataclass(frozen=True, slots=True)
class OrderFacts:
    """One order as its own customer sees it; the two hints only decide which buttons show."""

    number: str
    placed_on: date
    currency: str
    total: int
    canceled: bool = False
    promise: date | None = None
    parcels: tuple[ParcelFacts, ...] = ()
    waiting: tuple[WaitingFacts, ...] = ()
    returnable: tuple[ReturnableFacts, ...] = ()
    returns: tuple[ReturnFacts, ...] = ()
    claimable: tuple[ClaimableFacts, ...] = ()
    claims: tuple[ClaimFacts, ...] = ()
    can_cancel: bool = False
    can_change_address: bool = False
    track_url: str = ""
    pickup: PickupFacts | None = None

    @property
    def is_open(self) -> bool:
        """True while anything of it has still to reach the customer."""
        undelivered = any(parcel.status != "Delivered" for parcel in self.parcels)
        return not self.canceled and (bool(self.waiting) or undelivered)

    @property
    def has_arrived(self) -> bool:
        """True once any parcel of it was delivered."""
        return any(parcel.status == "Delivered" for parcel in self.parcels)

    @property
    def titles(self) -> tuple[str, ...]:
        sent = (title for parcel in self.parcels for title, _ in parcel.lines)
        waiting = (item.title for item in self.waiting)
        returnable = (line.title for line in self.returnable)
        return tuple(dict.fromkeys((*sent, *waiting, *returnable)))
