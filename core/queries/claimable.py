"""What customers may report as wrong, and how their reports stand, as plain facts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from core.domain.claims import Claim, never_came
from core.domain.fulfillment import Parcel
from core.domain.order import Order
from core.domain.shop import Shop
from core.queries.facts import ClaimableFacts, ClaimFacts


def claimable_facts(
    shop: Shop, order: Order, parcels: Sequence[Parcel], now: datetime
) -> tuple[ClaimableFacts, ...]:
    """Lines of which something is left to report; a replacement is no order of its own here."""
    gone = never_came(order, parcels, now, int(shop.policy["claim_lost_days"]))
    found = (
        ClaimableFacts(
            str(line.id),
            line.title or line.sku,
            line.sku,
            min(line.claimable, line.delivered),
            gone[line.id],
        )
        for line in order.bought
    )
    return tuple(each for each in found if each.arrived or each.never_came)


def claim_facts(order: Order, claims: Sequence[Claim]) -> tuple[ClaimFacts, ...]:
    titles = {line.id: line.title or line.sku for line in order.lines}
    return tuple(
        ClaimFacts(
            claim.number,
            claim.status.value,
            claim.reason.value,
            tuple((titles[line.line_id], line.quantity) for line in claim.lines),
            claim.remedy.value if claim.remedy else "",
            claim.result,
            claim.decision if claim.decided_by != "policy" else "",
        )
        for claim in claims
    )
