"""Claims as staff see them: what waits for a decision, all of an order, and one by its number."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from core.db.claims import claim_numbered, claims_of, open_claims
from core.db.orders import numbers_of
from core.db.reading import Reader
from core.db.refunds import refunds_of
from core.domain.access import Right
from core.domain.claims import Claim, ClaimStatus
from core.domain.values import dataclass
from core.registry import Arg, question

MOST = 50


@dataclass(frozen=True, slots=True)
class ClaimBrief:
    number: str
    order: str
    reason: str
    wish: str
    units: dict[str, int]
    requested_by: str
    requested_at: datetime
    photos: int
    flags: tuple[str, ...]
    status: str
    remedy: str = ""  # how it was made good, and by which order
    result: str = ""


@dataclass(frozen=True, slots=True)
class ClaimList:
    """`about` is the order whose claims they are; empty: those that wait."""

    claims: tuple[ClaimBrief, ...]
    about: str = ""


@dataclass(frozen=True, slots=True)
class ListClaims:
    """List the claims that wait for a decision, oldest first; of an order, all of its claims."""

    order: Annotated[str, Arg.ORDER] = ""


@question("claims", ListClaims, Right.VIEW, examples=("claims", "claims 1001"))
def claims(ask: ListClaims, reader: Reader) -> ClaimList:
    if ask.order:
        order = reader.orders.get(ask.order)
        found = claims_of(reader.session, order.id)
        return ClaimList(tuple(_brief(each, order.number) for each in found), order.number)
    found = open_claims(reader, MOST)
    numbers = numbers_of(reader.session, {claim.order_id for claim in found})
    return ClaimList(tuple(_brief(claim, numbers[claim.order_id]) for claim in found))


def _brief(claim: Claim, order: str) -> ClaimBrief:
    return ClaimBrief(
        claim.number,
        order,
        claim.reason.value,
        claim.wish.value,
        {line.sku: line.quantity for line in claim.lines},
        claim.requested_by,
        claim.requested_at,
        len(claim.photos),
        claim.flags,
        claim.status.value,
        claim.remedy.value if claim.remedy else "",
        claim.result,
    )


@dataclass(frozen=True, slots=True)
class ClaimView:
    """One claim; `refund` in minor units is what it gave back or owes."""

    brief: ClaimBrief
    customer_name: str
    currency: str
    note: str
    decided_by: str
    decided_at: datetime | None
    decision: str
    refund: int
    refund_state: str
    may_decide: bool


@dataclass(frozen=True, slots=True)
class ShowClaim:
    """Show one claim: what went wrong, who decided how, and what became of it."""

    claim: Annotated[str, Arg.RETURN]


@question("show-claim", ShowClaim, Right.VIEW, examples=("CL1001-1",))
def show(ask: ShowClaim, reader: Reader) -> ClaimView:
    claim = claim_numbered(reader.session, reader.shop.id, ask.claim)
    order = reader.orders.by_id(claim.order_id)  # hides claims of orders one may not see
    refunds = refunds_of(reader.session, order.id)
    back = [r for r in refunds if r.claim_id == claim.id and r.state != "canceled"]
    waits = claim.status is ClaimStatus.REQUESTED
    return ClaimView(
        _brief(claim, order.number),
        order.customer_name,
        order.currency,
        claim.note,
        claim.decided_by,
        claim.decided_at,
        claim.decision,
        sum(refund.amount for refund in back),
        back[-1].state if back else "",
        waits and reader.actor.may(Right.RETURN_DECIDE),
    )
