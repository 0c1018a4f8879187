"""Facts: what happened, in the past tense, with the words needed to tell it again."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Event:
    """Base of all facts; the class name is the stored kind."""

    @property
    def kind(self) -> str:
        return type(self).__name__


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
class OrderPaid(Event):
    amount: int
    currency: str


@dataclass(frozen=True, slots=True)
class CaptureAsked(Event):
    """A gateway is asked to take money that was set aside; `why` says who or what wants it."""

    amount: int
    currency: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class AuthorizationReleased(Event):
    """Money that was set aside, and not taken, is the customer's again."""

    amount: int
    currency: str


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
class OrderNoted(Event):
    text: str


@dataclass(frozen=True, slots=True)
class OrderTagged(Event):
    tag: str
    removed: bool = False


@dataclass(frozen=True, slots=True)
class OrderRouted(Event):
    """`parts` maps a location code to {sku: quantity}."""

    parts: dict[str, dict[str, int]]
    proven: bool = True


@dataclass(frozen=True, slots=True)
class OrderWaits(Event):
    """A routing rule found no place: the order waits as it says (queue, backorder, …)."""

    rule: str
    does: str
    reason: str = ""
    at: str = ""
    days: int = 0


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
class PromiseBroken(Event):
    """Units that were promised at a location turned out to be missing there."""

    location: str
    sku: str
    quantity: int
    reason: str


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
class WorkSplit(Event):
    """Units that go in a parcel of their own, from `target`."""

    units: dict[str, int]
    work: str
    target: str


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
class ClaimRequested(Event):
    claim_id: int
    number: str
    reason: str
    units: int


@dataclass(frozen=True, slots=True)
class ClaimAsked(Event):
    """A person has to decide it."""

    claim_id: int
    number: str


@dataclass(frozen=True, slots=True)
class ClaimSettled(Event):
    """`order` is the replacement's number, when goods go out again."""

    claim_id: int
    number: str
    remedy: str
    order: str = ""


@dataclass(frozen=True, slots=True)
class ClaimRejected(Event):
    claim_id: int
    number: str
    reason: str


@dataclass(frozen=True, slots=True)
class ReturnRequested(Event):
    return_id: int
    number: str
    reason: str


@dataclass(frozen=True, slots=True)
class ReturnApproved(Event):
    return_id: int
    number: str
    by_policy: bool = False
    overruled: bool = False  # the rules had turned it down


@dataclass(frozen=True, slots=True)
class ReturnRejected(Event):
    return_id: int
    number: str
    reason: str


@dataclass(frozen=True, slots=True)
class ReturnLabeled(Event):
    return_id: int
    number: str
    carrier: str
    tracking_number: str


@dataclass(frozen=True, slots=True)
class ReturnSent(Event):
    """The carrier has the goods."""

    return_id: int
    number: str
    carrier: str
    tracking_number: str


@dataclass(frozen=True, slots=True)
class ReturnArrived(Event):
    """The goods lie at a location and nobody has counted them yet."""

    return_id: int
    number: str
    location: str


@dataclass(frozen=True, slots=True)
class ReturnReceived(Event):
    return_id: int
    number: str
    location: str
    units: int


@dataclass(frozen=True, slots=True)
class ReturnCanceled(Event):
    return_id: int
    number: str


@dataclass(frozen=True, slots=True)
class ReturnKept(Event):
    """The customer is refunded for units that need not come back."""

    return_id: int
    number: str
    units: int


@dataclass(frozen=True, slots=True)
class ReturnMissing(Event):
    """Units that were announced were not in the parcel."""

    return_id: int
    number: str
    units: int


@dataclass(frozen=True, slots=True)
class ReturnMovedOn(Event):
    """Returned units went from one place to another, as quarantine to shelf."""

    return_id: int
    number: str
    sku: str
    units: int
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class ReturnWished(Event):
    """The customer gets something else for it than was asked for first."""

    return_id: int
    number: str
    wish: str


@dataclass(frozen=True, slots=True)
class ReturnFeeWaived(Event):
    return_id: int
    number: str
    reason: str


@dataclass(frozen=True, slots=True)
class ReturnReminded(Event):
    return_id: int
    number: str


@dataclass(frozen=True, slots=True)
class ReturnExpired(Event):
    return_id: int
    number: str


@dataclass(frozen=True, slots=True)
class ReturnLabelAsked(Event):
    return_id: int
    number: str


@dataclass(frozen=True, slots=True)
class ReturnLabelReady(Event):
    """The paper is here; `cost` in words, for staff."""

    return_id: int
    number: str
    carrier: str
    cost: str


@dataclass(frozen=True, slots=True)
class ReturnLabelVoided(Event):
    return_id: int
    number: str
    carrier: str


@dataclass(frozen=True, slots=True)
class DisputeOpened(Event):
    """The customer's bank asks about a payment, or asks it back."""

    dispute_id: int
    amount: int
    currency: str
    reason: str
    is_inquiry: bool


@dataclass(frozen=True, slots=True)
class DisputeEnded(Event):
    """`outcome` is won, lost or closed."""

    dispute_id: int
    amount: int
    currency: str
    outcome: str


@dataclass(frozen=True, slots=True)
class RefundDue(Event):
    refund_id: int
    amount: int
    currency: str


@dataclass(frozen=True, slots=True)
class RefundRecorded(Event):
    refund_id: int
    amount: int
    currency: str
    reference: str
    return_id: int | None = None
    ours: bool = False  # asked for here: what a channel gives back of its own, it tells itself


@dataclass(frozen=True, slots=True)
class ExchangeOpened(Event):
    """Goods come back for others, which go out as an order of their own, {sku: units} each."""

    number: str
    returned: str
    back: dict[str, int]
    forth: dict[str, int]
    first: bool = False


@dataclass(frozen=True, slots=True)
class ExchangeMade(Event):
    """This order is what somebody gets for goods of another."""

    original: str
    returned: str


@dataclass(frozen=True, slots=True)
class ExchangePaid(Event):
    """What came back has paid so much of this order; `due` is what is still missing."""

    returned: str
    amount: int
    due: int
    currency: str


@dataclass(frozen=True, slots=True)
class ExchangeCanceled(Event):
    """Nothing is exchanged any more; `number` is the order of the new goods."""

    number: str
    reason: str


@dataclass(frozen=True, slots=True)
class DocumentIssued(Event):
    """An invoice or a credit note; `corrects` is the invoice that the note takes back."""

    document_id: int
    document_kind: str
    number: str
    total: int
    currency: str
    corrects: str = ""


@dataclass(frozen=True, slots=True)
class PaymentRequested(Event):
    """The customer is asked for more; nothing is charged."""

    request_id: int
    amount: int
    currency: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class PaymentRequestWithdrawn(Event):
    request_id: int
    amount: int
    currency: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class RefundApproved(Event):
    """A second person let money go that waited for one."""

    refund_id: int
    amount: int
    currency: str


@dataclass(frozen=True, slots=True)
class RefundWithdrawn(Event):
    """Money that was to go back stays here: nobody had paid it out yet."""

    refund_id: int
    amount: int
    currency: str


@dataclass(frozen=True, slots=True)
class RefundFailed(Event):
    """A gateway will not give this money back; `amount` is the part of the refund it had."""

    refund_id: int
    amount: int
    currency: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class RefundReversed(Event):
    """Money that was paid back came back from the customer's bank: it is owed again."""

    refund_id: int
    amount: int
    currency: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class RefundTriedAgain(Event):
    refund_id: int
    amount: int
    currency: str


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
