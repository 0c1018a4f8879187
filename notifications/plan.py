"""From facts to intents: who is told what, by which route, and why somebody is not told."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Any

from core.db import house
from core.db.contacts import Customer, customer_by_id
from core.db.events import Fact
from core.db.refunds import paid_together
from core.db.undo import is_taken_back
from core.db.unit_of_work import UnitOfWork
from core.domain.cases import Case, CaseKind
from core.domain.order import Order
from core.domain.shop import Shop
from core.domain.undo import TAKEN_BACK, window_of
from core.domain.values import dataclass
from notifications.preferences import Allowed, may_send

# What happened longer ago is not told any more: a restored backup must not write to anybody.
TOLD_WITHIN = timedelta(days=2)
EVIDENCE = ("handed_over", "scanned")

Payload = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Route:
    """One way to reach a customer."""

    name: str
    address: str
    lane: str
    connection_id: int | None = None

    @property
    def mark(self) -> str:
        return hashlib.sha256(self.address.encode()).hexdigest()[:16]


def plan(uow: UnitOfWork, fact: Fact) -> None:
    """The worker's planner: one fact becomes the messages and cards that it asks for."""
    if fact.kind in ("CaseOpened", "CaseChanged"):
        _plan_case(uow, fact)
    elif fact.kind in MESSAGES and fact.order_id is not None:
        kind, told = MESSAGES[fact.kind]
        payload = told(fact)
        if payload is not None:
            _plan_message(uow, fact, uow.orders.by_id(fact.order_id), {"kind": kind, **payload})
    if fact.order_id is not None and fact.kind != "OrderCaptured":
        _renew_shared_card(uow, fact)


# --- which fact is told to customers, and as what -------------------------------------------------


def _always(_: Fact) -> Payload | None:
    return {}


def _shipped(fact: Fact) -> Payload | None:
    """A label is no evidence that anything has left."""
    if fact.data.get("evidence") not in EVIDENCE:
        return None
    return {"parcel": fact.data["parcel_id"], "evidence": fact.data["evidence"]}


def _delivered(fact: Fact) -> Payload | None:
    return {"parcel": fact.data["parcel_id"]}


def _delayed(fact: Fact) -> Payload | None:
    """Good news (an earlier date) is no delay."""
    promised, expected = fact.data.get("promised"), fact.data.get("expected")
    if promised and expected and date.fromisoformat(expected) <= date.fromisoformat(promised):
        return None
    return {"promised": promised, "expected": expected, "reason": fact.data.get("reason", "")}


def _changed(fact: Fact) -> Payload | None:
    """An edit that was taken back says nothing; a note or another place is our own business."""
    data = fact.data
    told = set(data.get("fields", ())) & {"address", "method", "shipping"}
    if data.get("undone") or not (data.get("units") or data.get("difference") or told):
        return None
    return {"change": data["change_id"], "fields": sorted(told)}


def _less(fact: Fact) -> Payload | None:
    return {"canceled": fact.data.get("lines", {}), "refund": fact.data.get("refund", 0)}


def _ready(fact: Fact) -> Payload:
    """`told` says why: it lies ready, time has passed, or a new code was asked for."""
    why = {"time": "reminder", "new_code": "new_code"}.get(str(fact.data.get("why")), "ready")
    return {"told": why, "issue": fact.data["issue"], "works": list(fact.data.get("works", ()))}


def _gone(fact: Fact) -> Payload | None:
    """What the shop itself has canceled, it tells its customers itself."""
    return None if fact.data.get("by_channel") else {"whole": True}


def _asked(fact: Fact) -> Payload:
    return {"about": fact.data["about"], "text": fact.data.get("text", "")}


def _return(status: str) -> Callable[[Fact], Payload | None]:
    def told(fact: Fact) -> Payload | None:
        return_id = fact.data.get("return_id")
        if return_id is None:
            return None
        return {"return": return_id, "status": status, "amount": fact.data.get("amount")}

    return told


def _refunded(fact: Fact) -> Payload | None:
    """Of a return in its own words; other money that the house has given back in short ones."""
    of_return = _return("refunded")(fact)
    if of_return is not None:
        return {"kind": "return_status", **of_return, "refund": fact.data["refund_id"]}
    return {"refund": fact.data["refund_id"]} if fact.data.get("ours") else None


def _claim(fact: Fact) -> Payload | None:
    data = fact.data
    return {"claim": data["number"], "status": data.get("remedy") or _CLAIMS[fact.kind]}


_CLAIMS = {"ClaimAsked": "requested", "ClaimRejected": "rejected"}

MESSAGES: Mapping[str, tuple[str, Callable[[Fact], Payload | None]]] = {
    "OrderCaptured": ("order_confirmation", _always),
    "ParcelShipped": ("shipped", _shipped),
    "ParcelDelivered": ("delivered", _delivered),
    "PromiseChanged": ("delayed", _delayed),
    "OrderEdited": ("order_changed", _changed),
    "UnitsCanceled": ("order_changed", _less),
    "OrderCanceled": ("order_changed", _gone),
    "CustomerAsked": ("question", _asked),
    "PickupReady": ("ready_for_pickup", _ready),
    "PickupReminded": ("ready_for_pickup", _ready),
    "ReturnApproved": ("return_status", _return("approved")),
    "ReturnLabelReady": ("return_status", _return("label")),
    "ReturnRejected": ("return_status", _return("rejected")),
    "ReturnReceived": ("return_status", _return("received")),
    "ReturnCanceled": ("return_status", _return("canceled")),
    "ReturnReminded": ("return_status", _return("reminder")),
    "ReturnExpired": ("return_status", _return("expired")),
    "ClaimAsked": ("claim_status", _claim),
    "ClaimSettled": ("claim_status", _claim),
    "ClaimRejected": ("claim_status", _claim),
    "RefundRecorded": ("refund_status", _refunded),
}


def _plan_message(uow: UnitOfWork, fact: Fact, order: Order, payload: Payload) -> None:
    kind = payload["kind"]
    customer = customer_of(uow, order)
    allowed = allowed_for(uow.shop, order, customer, kind, uow.now)
    if uow.now - fact.at > TOLD_WITHIN:
        allowed = "It happened too long ago to be told now."
    if _was_before_a_restore(uow, fact, order):
        allowed = "It was placed before the last restore and may have been confirmed then."
    if _is_undone(uow, fact):
        allowed = TAKEN_BACK
    if "whole" in payload and not _tells_cancel(uow, order):
        allowed = "The shop tells its customers of a cancellation."
    for route in _routes(uow.shop, order, customer):
        refused = allowed if isinstance(allowed, str) else _unwanted_route(customer, route)
        refused = refused or _told_before(uow, fact, order, payload, route)
        uow.outbox.add(
            f"message.{route.name}",
            f"{fact.id}:{kind}:{route.name}:{route.mark}",
            {**payload, "order": order.id},
            lane=_lane(route, payload),
            connection_id=route.connection_id,
            order_id=order.id,
            event_id=fact.id,
            due_at=_not_before(allowed, fact, _may_be_joined(uow, fact, payload)),
            suppressed=refused,
            cause=_cause(fact),
        )


# Steps that often come twice within a minute, box after box; one message tells of all of them.
GATHERED = ("received",)
TOLD_WITH_IT = "The message before it tells of both."


def _may_be_joined(uow: UnitOfWork, fact: Fact, payload: Payload) -> datetime | None:
    """Such a message waits as long as a step may be taken back, for others like it."""
    if payload.get("status") not in GATHERED:
        return None
    return fact.at + window_of(uow.shop.policy)


def _lane(route: Route, payload: Payload) -> str:
    """What waits for others like it keeps nothing else from leaving."""
    return f"{route.lane}:gathered" if payload.get("status") in GATHERED else route.lane


def _told_before(uow: UnitOfWork, fact: Fact, order: Order, payload: Payload, route: Route) -> str:
    """Why nothing more is sent, where a message that still waits will tell of this, too."""
    if fact.kind == "RefundRecorded":
        paid = paid_together(uow.session, order.id, payload["refund"])
        return TOLD_WITH_IT if paid and paid[0].id != payload["refund"] else ""
    if payload.get("status") not in GATHERED:
        return ""
    same = {name: payload[name] for name in ("kind", "return", "status")}
    joined = uow.outbox.joins(f"message.{route.name}", order.id, same, fact.told_from)
    return TOLD_WITH_IT if joined else ""


def _tells_cancel(uow: UnitOfWork, order: Order) -> bool:
    connection = uow.shop.connection(order.connection_id) if order.connection_id else None
    return connection is None or connection.is_ours("canceled")


def _is_undone(uow: UnitOfWork, fact: Fact) -> bool:
    return fact.told_from is not None and is_taken_back(uow.session, fact.command_id)


def _cause(fact: Fact) -> int | None:
    """The command whose undo stops the telling of this fact."""
    return fact.command_id if fact.told_from is not None else None


def _not_before(
    allowed: Allowed | str, fact: Fact, gathered: datetime | None = None
) -> datetime | None:
    """Neither in quiet hours nor while the step that it tells of may still be taken back."""
    quiet = allowed.not_before if isinstance(allowed, Allowed) else None
    moments = [quiet, fact.told_from, gathered]
    return max(filter(None, moments), default=None)


def _was_before_a_restore(uow: UnitOfWork, fact: Fact, order: Order) -> bool:
    """A backup does not know what was sent after it: an order that comes in again may have been
    confirmed by the wismo that was lost."""
    if fact.kind != "OrderCaptured":
        return False
    restored = house.noted_at(uow.session, house.RESTORED_AT)
    return restored is not None and order.placed_at < restored


def customer_of(uow: UnitOfWork, order: Order) -> Customer | None:
    if order.customer_id is None:
        return None
    return customer_by_id(uow.session, uow.shop.id, order.customer_id)


def allowed_for(
    shop: Shop, order: Order, customer: Customer | None, kind: str, now: datetime
) -> Allowed | str:
    """Asked when a message is planned and again when it is sent."""
    if order.handed_over:
        return "It was sold over the till."
    if not order.sends_messages:
        return "The channel wants no messages for this order."
    connection = shop.connection(order.connection_id) if order.connection_id else None
    if connection is not None and not connection.is_ours(kind):
        return f"{connection.name} sends this message itself."
    return may_send(
        kind,
        customer.preferences if customer else {},
        shop.switches,
        shop.mode,
        order.placed_at,
        shop.live_since,
        False,  # a pause holds messages back where they are claimed; it does not lose them
        now,
    )


def _routes(shop: Shop, order: Order, customer: Customer | None) -> Iterator[Route]:
    if order.email:
        mark = hashlib.sha256(order.email.encode()).hexdigest()[:16]
        yield Route("email", order.email, f"email:{shop.id}:{mark}")
    telegram = shop.first_connection("telegram")
    if customer is not None and customer.telegram_chat and telegram is not None:
        chat = customer.telegram_chat
        yield Route("telegram", chat, f"telegram:{telegram.id}:{chat}", telegram.id)


def _unwanted_route(customer: Customer | None, route: Route) -> str:
    if customer is not None and not customer.preferences.get(route.name, True):
        return f"The customer gets nothing by {route.name}."
    return ""


# --- cases ----------------------------------------------------------------------------------------


def _plan_case(uow: UnitOfWork, fact: Fact) -> None:
    case = uow.cases.by_id(int(fact.data["case_id"]))
    if case.kind is CaseKind.CUSTOMER_CHAT and fact.data.get("state") == "resolved":
        _hand_back(uow, case, fact)
    if case.group_id is not None:
        return  # one card speaks for the whole storm
    slack = uow.shop.first_connection("slack")
    if slack is not None:
        uow.outbox.add(
            "slack.card",
            f"slack.card:case:{case.id}:{fact.id}",
            {"subject": f"case:{case.id}"},
            lane=f"slack:case:{case.id}",
            connection_id=slack.id,
            order_id=case.order_id,
            event_id=fact.id,
        )
    elif fact.kind == "CaseOpened" and uow.shop.email:
        _mail_alert(uow, case, fact)


def _renew_shared_card(uow: UnitOfWork, fact: Fact) -> None:
    """An order's card that somebody shared in a channel keeps up with the order."""
    slack, subject = uow.shop.first_connection("slack"), f"order:{fact.order_id}"
    if slack is not None and uow.conversations.surface(subject, "slack"):
        uow.outbox.add(
            "slack.card",
            f"slack.card:{subject}:{fact.id}",
            {"subject": subject},
            lane=f"slack:{subject}",
            connection_id=slack.id,
            order_id=fact.order_id,
            event_id=fact.id,
        )


def _mail_alert(uow: UnitOfWork, case: Case, fact: Fact) -> None:
    shop = uow.shop
    allowed = may_send("case_alert", {}, shop.switches, shop.mode, None, None, False, uow.now)
    if _is_undone(uow, fact):
        allowed = TAKEN_BACK
    uow.outbox.add(
        "message.email",
        f"{fact.id}:case_alert:email",
        {"kind": "case_alert", "case": case.id},
        lane=f"email:{shop.id}:shop",
        order_id=case.order_id,
        event_id=fact.id,
        due_at=_not_before(allowed, fact),
        suppressed=allowed if isinstance(allowed, str) else "",
        cause=_cause(fact),
    )


def _hand_back(uow: UnitOfWork, case: Case, fact: Fact) -> None:
    uow.outbox.add(
        "chat.hand_back",
        f"chat.hand_back:{case.id}:{fact.id}",
        {"case_id": case.id},
        lane=f"chat:{case.id}",
        event_id=fact.id,
    )
