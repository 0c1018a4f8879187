"""What customers read about a return: goods, reasons, until when, and what it costs them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

from core.domain.claims import Claim
from core.domain.order import Order
from core.domain.returning.boris import has_code, return_code
from core.domain.returning.places import by_post, counters
from core.domain.returning.rules import Payer, read_terms
from core.domain.returning.verdict import read_why
from core.domain.returning.words import why_text
from core.domain.returns import Rma, RmaLine, Wish
from core.domain.shop import Shop

RULES = "policy"  # who has decided where no person has


def return_facts(
    shop: Shop, order: Order, rma: Rma, status: str, paid: int | None
) -> dict[str, Any]:
    """The facts of one return_status message; `status` may be one that only messages know."""
    titles = {line.id: line.title or line.sku for line in order.lines}
    is_kept = status == "approved" and not rma.expected and any(x.kept for x in rma.lines)
    waits = status in ("approved", "reminder", "label") and not is_kept
    has_come = any(x.received or x.kept for x in rma.lines)
    return {
        "number": rma.number,
        "status": "kept" if is_kept else status,
        "lines": [
            {"title": titles.get(x.line_id, x.sku), "sku": x.sku, "quantity": units}
            for x in rma.lines
            if (units := _units(x, status, waits, has_come))
        ],
        "rest": status == "received" and rma.expected > 0,
        "refund": {"amount": paid, "currency": order.currency} if paid else None,
        "as_credit": rma.wish is Wish.CREDIT,
        "reason": _reason(shop, order, rma) if status == "rejected" else None,
        "until": _send_by(shop, rma) if waits else None,
        "fee": _fee(order, rma) if waits else None,
        "label": _label(rma) if waits else None,
        "carrier": rma.carrier if status == "label" else None,
        "instructions": str(shop.policy.get("return_instructions", "")) or None,
    }


def _send_by(shop: Shop, rma: Rma) -> str | None:
    """The day as the shop counts it, without the days of grace."""
    there = ZoneInfo(shop.time_zone)
    return rma.send_by_at.astimezone(there).date().isoformat() if rma.send_by_at else None


def _units(line: RmaLine, status: str, waits: bool, has_come: bool) -> int:
    """What a message is about: what is still to come, what has come, or all of it."""
    if waits:
        return line.expected
    if status == "refunded" and has_come:  # the rest was given up, or comes later
        return line.received + line.kept
    return line.received if status == "received" else line.quantity


def way_back(keys: Sequence[str], shop: Shop, order: Order, rma: Rma) -> dict[str, Any] | None:
    """Where the goods may be brought or sent, and the code that a store asks for; None when
    nothing is expected any more."""
    if not has_code(rma):
        return None
    places = shop.locations.values()
    to = by_post(places, order.ship_to, [line.reason for line in rma.lines])
    stores = counters(places, order.ship_to)
    return {
        "post": to.words if to else None,
        "label": f"{rma.carrier} {rma.tracking_number}" if rma.tracking_number else None,
        "stores": [store.words for store in stores],
        "code": return_code(keys, shop.id, rma.id) if stores and keys else None,
    }


def _reason(shop: Shop, order: Order, rma: Rma) -> str:
    """Rules speak the customer's language; a person's own words stay as they are."""
    if rma.decided_by != RULES or not rma.why:
        return rma.decision
    language = order.language or shop.language
    return why_text(read_why(rma.why), language, formal=shop.address_form.casefold() != "du")


def _fee(order: Order, rma: Rma) -> dict[str, Any] | None:
    """The fixed fee; a percentage depends on what comes, and is told with the refund."""
    fixed = max((read_terms(line.terms).fixed_fee for line in rma.lines), default=0)
    return {"amount": fixed, "currency": order.currency} if fixed else None


def _label(rma: Rma) -> str | None:
    payers = {read_terms(line.terms).label for line in rma.lines if line.expected}
    return "customer" if payers == {Payer.CUSTOMER} else None


def claim_facts(order: Order, claim: Claim, status: str) -> dict[str, Any]:
    """The facts of one claim_status message."""
    titles = {line.id: line.title or line.sku for line in order.lines}
    return {
        "number": claim.number,
        "status": status,
        "lines": [
            {"title": titles.get(x.line_id, x.sku), "sku": x.sku, "quantity": x.quantity}
            for x in claim.lines
        ],
        "replacement": claim.result or None,
        "reason": claim.decision if status == "rejected" and claim.decided_by != RULES else None,
    }
