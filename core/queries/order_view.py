"""One order as staff see it: its lines, where they are, and everything that belongs to it."""

from __future__ import annotations

from dataclasses import field
from datetime import date, datetime

from core.domain.blocking import Next
from core.domain.gift import Gift
from core.domain.order import Address
from core.domain.values import dataclass
from core.queries.holds import HoldView
from core.queries.linked import Linked
from core.queries.timelines import Told


@dataclass(frozen=True, slots=True)
class Place:
    """Where units of a line are: `stage` is ready … shipped, delivered, backordered, unknown."""

    location: str
    quantity: int
    stage: str


@dataclass(frozen=True, slots=True)
class LineView:
    id: int
    sku: str
    title: str
    ordered: int
    canceled: int
    backordered: int
    allocated: int
    shipped: int
    delivered: int
    return_requested: int
    return_received: int
    return_kept: int
    refunded: int
    returnable: int
    unit_price: int
    total: int
    places: tuple[Place, ...]
    awaits: str = ""  # the day (ISO) for which what it waits for is announced
    kind: str = ""  # kit, or part: a part stands behind the kit before it


@dataclass(frozen=True, slots=True)
class WorkView:
    number: str
    location: str
    stage: str
    units: int
    ready_at: datetime


@dataclass(frozen=True, slots=True)
class ParcelView:
    id: int
    position: int
    carrier: str
    tracking_number: str | None
    tracking_url: str
    status: str
    reason: str
    location: str
    handed_over_at: datetime | None
    last_scan_at: datetime | None
    last_place: str
    delivered_at: datetime | None
    lines: tuple[tuple[int, str, int], ...]
    recalled: bool = False  # its carrier was asked to stop it, and has not answered yet


@dataclass(frozen=True, slots=True)
class CaseBrief:
    number: int
    kind: str
    title: str
    state: str
    assignee: str
    due_at: datetime | None


@dataclass(frozen=True, slots=True)
class NoteView:
    text: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class WordSent:
    kind: str
    route: str
    state: str
    at: datetime
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ReturnBrief:
    number: str
    status: str
    units: int
    reason: str


@dataclass(frozen=True, slots=True)
class RefundBrief:
    """`waits`: a second person has to approve it first."""

    id: int
    amount: int
    currency: str
    state: str
    reference: str
    waits: bool = False


@dataclass(frozen=True, slots=True)
class OpenEdit:
    """An edit that nobody has confirmed yet; `difference` in minor units."""

    by: str
    at: datetime
    difference: int


@dataclass(frozen=True, slots=True)
class OrderView:
    id: int
    number: str
    version: int
    channel: str
    external_id: str | None
    customer_name: str
    email: str
    phone: str
    language: str
    ship_to: Address
    currency: str
    subtotal: int
    discount: int
    shipping: int
    tax: int
    total: int
    worth: int  # what it costs without the units that were canceled
    captured: int
    refunded: int
    status: str
    payment_status: str
    fulfillment_status: str
    return_status: str
    placed_at: datetime
    promise: date | None
    note: str
    tags: tuple[str, ...]
    priority: int
    canceled_at: datetime | None
    cancel_reason: str
    holds: tuple[HoldView, ...]
    lines: tuple[LineView, ...]
    works: tuple[WorkView, ...]
    parcels: tuple[ParcelView, ...]
    cases: tuple[CaseBrief, ...]
    returns: tuple[ReturnBrief, ...]
    refunds: tuple[RefundBrief, ...]
    words: tuple[WordSent, ...]
    next: Next | None
    actions: tuple[str, ...]
    notes: tuple[NoteView, ...] = ()
    timeline: tuple[Told, ...] = field(default=())
    gift: Gift | None = None
    linked: tuple[Linked, ...] = ()
    method: str = "standard"
    promise_basis: str = ""  # how the promised day was counted
    asked: int = 0  # what the customer is asked to pay more, in minor units
    beside: int = 0  # what was asked for beside the order's total, and paid
    collected_at: str = ""  # the store that hands it out, once that is known
    edit: OpenEdit | None = None

    @property
    def last_scan_at(self) -> datetime | None:
        scans = [p.last_scan_at for p in self.parcels if p.last_scan_at]
        return max(scans, default=None)
