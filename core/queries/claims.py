"""Claims as staff see them: those that wait for a decision, with what looked wrong."""

from __future__ import annotations

from datetime import datetime

from core.db.claims import open_claims
from core.db.orders import numbers_of
from core.db.reading import Reader
from core.domain.access import Right
from core.domain.values import dataclass
from core.registry import question

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


@dataclass(frozen=True, slots=True)
class ClaimList:
    claims: tuple[ClaimBrief, ...]


@dataclass(frozen=True, slots=True)
class ListClaims:
    """List the claims that wait for a decision, oldest first."""


@question("claims", ListClaims, Right.VIEW, examples=("claims",))
def claims(_: ListClaims, reader: Reader) -> ClaimList:
    found = open_claims(reader, MOST)
    numbers = numbers_of(reader.session, {claim.order_id for claim in found})
    return ClaimList(
        tuple(
            ClaimBrief(
                claim.number,
                numbers[claim.order_id],
                claim.reason.value,
                claim.wish.value,
                {line.sku: line.quantity for line in claim.lines},
                claim.requested_by,
                claim.requested_at,
                len(claim.photos),
                claim.flags,
            )
            for claim in found
        )
    )
