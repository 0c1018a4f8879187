"""What each kind of message tells besides the order itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from core.db.claims import claim_numbered
from core.db.reading import Reader
from core.db.refunds import paid_together, refunds_of
from core.db.returns import rmas_of
from core.domain.claims import ClaimStatus
from core.domain.order import Order
from core.domain.returns import Rma, RmaStatus
from notifications.changed import changed
from notifications.facts import Payload, Stale, money
from notifications.returned import claim_facts, return_facts
from notifications.sent import confirmation, delayed, delivered, shipped

# A return only ever moves on: what came before its present state is old news.
_STEPS = [RmaStatus.REQUESTED, RmaStatus.APPROVED, RmaStatus.RECEIVED, RmaStatus.REFUNDED]


def _asked(_: Reader, order: Order, payload: Payload) -> dict[str, Any]:
    if order.is_canceled:
        raise Stale("The order was canceled meanwhile.")
    return {
        "question": {
            "about": payload["about"],
            "text": payload.get("text") or None,
            "held": order.is_held,
        }
    }


def _returned(reader: Reader, order: Order, payload: Payload) -> dict[str, Any]:
    rma = rma_of(rmas_of(reader.session, order.id), payload)
    status = payload["status"]
    if _is_past(rma, status):
        raise Stale(f"The return is {rma.status.value} meanwhile.")
    paid = _paid(reader, order, payload) or payload.get("amount")
    return {"return": return_facts(reader.shop, order, rma, status, paid)}


def _claimed(reader: Reader, order: Order, payload: Payload) -> dict[str, Any]:
    claim = claim_numbered(reader.session, reader.shop.id, payload["claim"])
    status = payload["status"]
    if status == "requested" and claim.status is not ClaimStatus.REQUESTED:
        raise Stale(f"The claim is {claim.status.value} meanwhile.")
    return {"claim": claim_facts(order, claim, status)}


def _refunded(reader: Reader, order: Order, payload: Payload) -> dict[str, Any]:
    refunds = refunds_of(reader.session, order.id)
    found = next((r for r in refunds if r.id == payload["refund"]), None)
    if found is None or found.state != "refunded":
        raise Stale("The refund was taken back, or has come back.")
    return {
        "refund": {
            "paid": money(_paid(reader, order, payload), found.currency),
            "as_credit": found.target == "credit",
        }
    }


def _paid(reader: Reader, order: Order, payload: Payload) -> int:
    """What one payout came to, in minor units: a message tells of all that it has settled."""
    paid = paid_together(reader.session, order.id, payload.get("refund", 0))
    return sum(refund.amount for refund in paid)


def rma_of(rmas: Sequence[Rma], payload: Payload) -> Rma:
    for rma in rmas:
        if rma.id == payload["return"]:
            return rma
    raise Stale("The return does not exist any more.")


def _is_past(rma: Rma, told: str) -> bool:
    if told == "reminder":
        return not rma.waits_for_goods
    if told == "expired":
        return False
    status = RmaStatus(told)
    if status not in _STEPS or rma.status not in _STEPS:
        return rma.status is not status
    return _STEPS.index(rma.status) > _STEPS.index(status)


ABOUT: Mapping[str, Callable[[Reader, Order, Payload], dict[str, Any]]] = {
    "order_confirmation": confirmation,
    "shipped": shipped,
    "delivered": delivered,
    "delayed": delayed,
    "order_changed": changed,
    "question": _asked,
    "return_status": _returned,
    "claim_status": _claimed,
    "refund_status": _refunded,
}
