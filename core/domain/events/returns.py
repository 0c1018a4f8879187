"""What happened to goods that come back: returns, claims and exchanges."""

from __future__ import annotations

from core.domain.events.base import Event
from core.domain.values import dataclass


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
class KeptGoodsCame(Event):
    """Units (by SKU) that were refunded and kept came back: nothing more is owed for them."""

    goods: dict[str, int]
    location: str


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
