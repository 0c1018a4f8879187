"""What the stand-in remembers: payment intents with their charge, and refunds, in minor units."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from bot.sandbox.shop.wire import Clock, ControlError, Faults, Transcript
from bot.sandbox.stripe.webhooks import Post

HELD_DAYS, DISPUTE_DAYS = 7, 9
DISPUTE_STATUSES = (
    "warning_needs_response", "warning_under_review", "warning_closed", "needs_response",
    "under_review", "won", "lost",
)  # fmt: skip
Json = dict[str, Any]


class No(Exception):
    """Stripe says no: HTTP status, its error code, and a sentence."""

    def __init__(self, sentence: str, code: str = "", status: int = 400, param: str = "") -> None:
        super().__init__(sentence)
        self.code, self.status, self.param = code, status, param

    def shown(self) -> Json:
        error = {"type": "invalid_request_error", "message": str(self)}
        named = {"code": self.code, "param": self.param}
        return {"error": error | {name: value for name, value in named.items() if value}}


@dataclass(slots=True)
class Intent:
    """`amount` was asked for; `received` was captured; `refunded` went back of that."""

    id: str
    amount: int
    currency: str
    status: str
    created: datetime
    multicapture: bool = False
    manual: bool = True
    received: int = 0
    refunded: int = 0
    capturable: int = 0
    capture_before: datetime | None = None
    metadata: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Refund:
    id: str
    intent: Intent
    amount: int
    created: datetime
    status: str = "succeeded"
    reason: str | None = None
    failure_reason: str | None = None
    metadata: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Dispute:
    id: str
    intent: Intent
    amount: int
    reason: str
    status: str
    created: datetime
    due_by: datetime


class Account:
    """One Stripe account; `refunds_stay_pending` is the bank that takes its time."""

    def __init__(self, clock: Clock) -> None:
        self.clock, self.key = clock, "sk_test_sandbox"
        self.transcript, self.faults = Transcript(clock), Faults()
        self.post = Post("whsec_sandbox", clock, self.transcript)
        self.intents: dict[str, Intent] = {}
        self.refunds: dict[str, Refund] = {}
        self.disputes: dict[str, Dispute] = {}
        self.refunds_stay_pending = False
        self._made = 0

    def new_id(self, prefix: str) -> str:
        self._made += 1
        return f"{prefix}_{self._made:08d}"

    # --- what customers do ------------------------------------------------------------------------

    def pay(
        self,
        amount: int,
        currency: str = "EUR",
        *,
        order: str = "",
        manual: bool = True,
        multicapture: bool = False,
    ) -> Intent:
        """A customer pays at the checkout; with `manual` the money is only set aside."""
        if amount < 1:
            raise ControlError("A payment is more than nothing.")
        metadata = {"wismo_order": order} if order else {}
        made = self.hold(amount, currency.lower(), metadata, multicapture=multicapture)
        made.manual = manual
        if not manual:
            self.take(made, amount, last=True)
        return made

    def hold(
        self, amount: int, currency: str, metadata: dict[str, str], *, multicapture: bool = False
    ) -> Intent:
        now = self.clock()
        made = Intent(
            self.new_id("pi"),
            amount,
            currency,
            "requires_capture",
            now,
            multicapture,
            capturable=amount,
            capture_before=now + timedelta(days=HELD_DAYS),
            metadata=dict(metadata),
        )
        self.intents[made.id] = made
        self.tell("payment_intent.amount_capturable_updated", intent_object(made))
        return made

    # --- what the API and the dashboard do --------------------------------------------------------

    def take(self, intent: Intent, amount: int, *, last: bool) -> None:
        if intent.status != "requires_capture":
            message = f"This PaymentIntent could not be captured because it is {intent.status}."
            raise No(message, "payment_intent_unexpected_state")
        if not 0 < amount <= intent.capturable:
            message = "The amount to capture is more than what is left of this PaymentIntent."
            raise No(message, "amount_too_large", param="amount_to_capture")
        if not last and not intent.multicapture:
            raise No("This account cannot capture a payment more than once.", param="final_capture")
        intent.received += amount
        intent.capturable -= amount
        if last or not intent.capturable:
            intent.capturable, intent.status = 0, "succeeded"
            self.tell("payment_intent.succeeded", intent_object(intent))
        self.tell("charge.captured", charge_object(intent))

    def let_go(self, intent: Intent, reason: str | None) -> None:
        if intent.status != "requires_capture":
            message = f"You cannot cancel this PaymentIntent because it is {intent.status}."
            raise No(message, "payment_intent_unexpected_state")
        intent.capturable = 0
        intent.status = "succeeded" if intent.received else "canceled"
        self.tell("payment_intent.canceled", intent_object(intent, reason))

    def give_back(self, intent: Intent, amount: int, metadata: dict[str, str]) -> Refund:
        left = intent.received - intent.refunded
        if not left:
            raise No("This payment has already been refunded.", "charge_already_refunded")
        if not 0 < amount <= left:
            message = f"Refund amount ({amount}) is greater than unrefunded amount ({left})"
            raise No(message, "amount_too_large", param="amount")
        status = "pending" if self.refunds_stay_pending else "succeeded"
        made = Refund(
            self.new_id("re"), intent, amount, self.clock(), status, metadata=dict(metadata)
        )
        intent.refunded += amount
        self.refunds[made.id] = made
        self.tell("refund.created", refund_object(made))
        self.tell("charge.refunded", charge_object(intent))
        return made

    def refund_in_dashboard(self, payment: str, amount: int) -> Refund:
        try:
            return self.give_back(self.intent(payment), amount, {})
        except No as no:
            raise ControlError(str(no)) from no

    def end_refund(self, refund: str, *, failed: bool = False) -> Refund:
        """The bank has decided about a refund that was pending, or gives a paid one back."""
        found = self.refunds.get(refund)
        if found is None or found.status == "failed":
            raise ControlError(f"There is no refund {refund} that could end.")
        found.status = "failed" if failed else "succeeded"
        if failed:
            found.failure_reason = "expired_or_canceled_card"
            found.intent.refunded -= found.amount
        self.tell("refund.failed" if failed else "refund.updated", refund_object(found))
        return found

    def dispute(
        self,
        payment: str,
        amount: int | None = None,
        reason: str = "fraudulent",
        *,
        inquiry: bool = False,
    ) -> Dispute:
        """A customer goes to their bank, which asks the money back, or first asks about it."""
        intent = self.intent(payment)
        status = "warning_needs_response" if inquiry else "needs_response"
        now = self.clock()
        made = Dispute(
            self.new_id("du"),
            intent,
            intent.received if amount is None else amount,
            reason,
            status,
            now,
            now + timedelta(days=DISPUTE_DAYS),
        )
        self.disputes[made.id] = made
        self.tell("charge.dispute.created", dispute_object(made))
        return made

    def move_dispute(self, dispute: str, status: str) -> Dispute:
        """Evidence was sent, or the bank has decided."""
        if dispute not in self.disputes or status not in DISPUTE_STATUSES:
            raise ControlError(f"There is no dispute {dispute} that could be {status}.")
        found = self.disputes[dispute]
        found.status = status
        is_over = status in ("won", "lost", "warning_closed")
        kind = "charge.dispute.closed" if is_over else "charge.dispute.updated"
        self.tell(kind, dispute_object(found))
        return found

    def expire(self) -> list[str]:
        """What was held too long is given up, as Stripe does by itself."""
        now, gone = self.clock(), []
        for intent in self.intents.values():
            ends = intent.capture_before
            if intent.status == "requires_capture" and ends is not None and ends <= now:
                self.let_go(intent, "automatic")
                gone.append(intent.id)
        return gone

    def intent(self, name: str) -> Intent:
        if name not in self.intents:
            raise No(f"No such payment_intent: '{name}'", "resource_missing", 404, "intent")
        return self.intents[name]

    def tell(self, kind: str, thing: Json) -> None:
        self.post.emit(self.new_id("evt"), kind, thing)


# --- as the API shows them ------------------------------------------------------------------------


def intent_object(intent: Intent, reason: str | None = None, *, whole: bool = False) -> Json:
    charge = charge_object(intent)
    return {
        "id": intent.id,
        "object": "payment_intent",
        "amount": intent.amount,
        "amount_capturable": intent.capturable,
        "amount_received": intent.received,
        "cancellation_reason": reason,
        "capture_method": "manual" if intent.manual else "automatic",
        "created": _seconds(intent.created),
        "currency": intent.currency,
        "latest_charge": charge if whole else charge["id"],
        "livemode": False,
        "metadata": dict(intent.metadata),
        "status": intent.status,
    }


def charge_object(intent: Intent) -> Json:
    before = intent.capture_before
    return {
        "id": f"ch{intent.id[2:]}",
        "object": "charge",
        "amount": intent.amount,
        "amount_captured": intent.received,
        "amount_refunded": intent.refunded,
        "captured": intent.status == "succeeded",
        "currency": intent.currency,
        "payment_intent": intent.id,
        "payment_method_details": {
            "type": "card",
            "card": {"capture_before": _seconds(before) if before else None},
        },
    }


def refund_object(refund: Refund) -> Json:
    shown = {
        "id": refund.id,
        "object": "refund",
        "amount": refund.amount,
        "charge": f"ch{refund.intent.id[2:]}",
        "created": _seconds(refund.created),
        "currency": refund.intent.currency,
        "metadata": dict(refund.metadata),
        "payment_intent": refund.intent.id,
        "reason": refund.reason,
        "status": refund.status,
    }
    return shown | ({"failure_reason": refund.failure_reason} if refund.failure_reason else {})


def dispute_object(dispute: Dispute) -> Json:
    return {
        "id": dispute.id,
        "object": "dispute",
        "amount": dispute.amount,
        "charge": f"ch{dispute.intent.id[2:]}",
        "created": _seconds(dispute.created),
        "currency": dispute.intent.currency,
        "evidence_details": {
            "due_by": _seconds(dispute.due_by),
            "has_evidence": dispute.status.endswith("under_review"),
            "past_due": False,
            "submission_count": 0,
        },
        "is_charge_refundable": dispute.status.startswith("warning_"),
        "livemode": False,
        "metadata": {},
        "payment_intent": dispute.intent.id,
        "reason": dispute.reason,
        "status": dispute.status,
    }


def _seconds(moment: datetime) -> int:
    return int(moment.timestamp())
