"""The facts of one message, read when it is sent; or the reason why it is not true any more."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from babel import Locale

from core.db.cases import case_by_id
from core.db.changes import change_by_id
from core.db.claims import claim_numbered
from core.db.connection import Session
from core.db.contacts import Customer, customer_by_id, link_target
from core.db.conversations import conversation_by_id
from core.db.fulfillment import fulfillments_of, parcels_of
from core.db.payments import requests_of
from core.db.reading import Reader
from core.db.refunds import refunds_of
from core.db.returns import rmas_of
from core.domain.access import system
from core.domain.claims import ClaimStatus
from core.domain.edit_actions import shipping_title
from core.domain.edit_money import kept
from core.domain.effects import Effect
from core.domain.fulfillment import Parcel, Stage
from core.domain.kits import for_customers
from core.domain.nearby import CARRIER as OUR_DRIVER
from core.domain.order import Address, Line, Order
from core.domain.pickup import is_pickup, pickup_place
from core.domain.returns import Rma, RmaStatus
from core.domain.shop import Shop
from notifications import links
from notifications.facts import LANGUAGES
from notifications.pickups import pickup_facts
from notifications.plan import allowed_for
from notifications.preferences import may_send
from notifications.returned import claim_facts, return_facts, way_back

Payload = Mapping[str, Any]
# A return only ever moves on: what came before its present state is old news.
_STEPS = [RmaStatus.REQUESTED, RmaStatus.APPROVED, RmaStatus.RECEIVED, RmaStatus.REFUNDED]


class Stale(Exception):
    """The message is not sent: its sentence says what has made it untrue or unwanted."""


@dataclass(frozen=True, slots=True)
class Letter:
    """Everything that rendering and sending one message needs."""

    kind: str
    language: str
    address: str
    facts: dict[str, Any]
    customer: Customer | None = None


class Teller:
    """Reads the database at the moment of sending; `base_url` is where our pages are."""

    def __init__(self, secrets: Sequence[str], base_url: str) -> None:
        self._secrets = secrets
        self._base_url = base_url.rstrip("/")

    def letter(self, session: Session, effect: Effect, now: datetime) -> Letter:
        """Raises Stale, or Refusal where something that it tells of does not exist."""
        reader = Reader(session, system(effect.shop_id, "teller"), now)
        kind = effect.payload["kind"]
        if kind == "code":
            return self._code(reader, effect.payload)
        if kind == "case_alert":
            return self._alert(reader, effect.payload)
        return self._order_letter(reader, effect, kind)

    # --- about an order ---------------------------------------------------------------------------

    def _order_letter(self, reader: Reader, effect: Effect, kind: str) -> Letter:
        order = reader.orders.by_id(int(effect.payload["order"]))
        customer = _customer(reader, order.customer_id)
        allowed = allowed_for(reader.shop, order, customer, kind, reader.now)
        if isinstance(allowed, str):
            raise Stale(allowed)
        facts = self._base(reader, customer, order.customer_name)
        facts["order"] = _order(order, order.language)
        facts["order"]["collected_at"] = _store(reader.shop, order)
        facts["track_url"] = self._track_url(reader, order)
        if kind == "ready_for_pickup":
            facts |= self._pickup(reader, order, effect.payload)
        else:
            facts |= ABOUT[kind](reader, order, effect.payload)
        if kind == "return_status":
            facts["return"]["way"] = self._way_back(reader, order, effect.payload)
        address = _address(order, customer, effect.kind)
        return Letter(kind, order.language or reader.shop.language, address, facts, customer)

    def _pickup(self, reader: Reader, order: Order, payload: Payload) -> dict[str, Any]:
        found = pickup_facts(self._secrets, reader, order, payload)
        if found is None:
            raise Stale("It was collected meanwhile, or a newer code was told.")
        return found

    def _way_back(self, reader: Reader, order: Order, payload: Payload) -> dict[str, Any] | None:
        if payload["status"] not in ("approved", "reminder"):
            return None
        rma = _rma_of(rmas_of(reader.session, order.id), payload)
        return way_back(self._secrets, reader.shop, order, rma)

    def _track_url(self, reader: Reader, order: Order) -> str:
        target = link_target(reader.session, order.id)
        version = target.version if target else 0
        token = links.sign("track", str(order.id), reader.now, self._secrets, version)
        return f"{self._base_url}/track/{token}"

    def _base(self, reader: Reader, customer: Customer | None, name: str) -> dict[str, Any]:
        return {
            "shop": shop_facts(reader.shop),
            "customer": {"name": name, "first_name": name.split(" ", maxsplit=1)[0]},
            "preferences_url": self._preferences_url(reader, customer),
        }

    def _preferences_url(self, reader: Reader, customer: Customer | None) -> str | None:
        if customer is None:
            return None
        token = links.sign("preferences", str(customer.id), reader.now, self._secrets)
        return f"{self._base_url}/preferences/{token}"

    # --- the others -------------------------------------------------------------------------------

    def _code(self, reader: Reader, payload: Payload) -> Letter:
        allowed = may_send(
            "code", {}, {}, reader.shop.mode, None, reader.shop.live_since, False, reader.now
        )
        if isinstance(allowed, str):
            raise Stale(allowed)
        talk = conversation_by_id(reader.session, reader.shop.id, int(payload["conversation"]))
        code = talk.proof.get("code") if talk else None
        if talk is None or code is None or code["slot"] != payload["slot"]:
            raise Stale("The code was used, or a newer one was asked for.")
        customer = _customer(reader, code["customer"])
        if customer is None or not customer.email:
            raise Stale("There is no address to send the code to.")
        digits = links.derive_code(self._secrets, str(talk.id), code["contact"], code["slot"])
        facts = self._base(reader, None, customer.name)
        facts["code"] = {"digits": digits, "minutes": 10}
        return Letter("code", talk.language, customer.email, facts, customer)

    def _alert(self, reader: Reader, payload: Payload) -> Letter:
        case = case_by_id(reader.session, reader.shop.id, int(payload["case"]))
        if case is None or not case.is_open:
            raise Stale("The case is closed already.")
        facts = self._base(reader, None, reader.shop.name)
        facts["case"] = {"title": case.title, "text": _listed(case.facts), "url": None}
        return Letter("case_alert", reader.shop.language, reader.shop.email, facts)


def shop_facts(shop: Shop) -> dict[str, Any]:
    """The shop as every template asks for it."""
    return {
        "name": shop.name,
        "url": shop.url,
        "email": shop.email,
        "phone": str(shop.policy.get("phone", "")),
        "time_zone": shop.time_zone,
        "address_form": "du" if shop.address_form.casefold() == "du" else "Sie",
        "accent": str(shop.policy.get("accent", "")),
    }


def _customer(reader: Reader, customer_id: int | None) -> Customer | None:
    if customer_id is None:
        return None
    return customer_by_id(reader.session, reader.shop.id, customer_id)


def _address(order: Order, customer: Customer | None, effect_kind: str) -> str:
    if effect_kind == "message.telegram":
        if customer is None or not customer.telegram_chat:
            raise Stale("The customer has left the chat.")
        return customer.telegram_chat
    return order.email


def _listed(facts: Mapping[str, Any]) -> str:
    return "\n".join(f"{name}: {value}" for name, value in facts.items() if value)


def money(amount: int, currency: str) -> dict[str, Any]:
    return {"amount": amount, "currency": currency}


def _order(order: Order, language: str) -> dict[str, Any]:
    return {
        "number": order.number,
        "placed_at": order.placed_at.isoformat(),
        "currency": order.currency,
        "lines": [_line(order, line) for line in order.bought if line.wanted > 0],
        "subtotal": money(order.subtotal, order.currency),
        "discount": money(order.discount, order.currency),
        "shipping": money(order.shipping, order.currency),
        "tax": money(order.tax, order.currency),
        "total": money(order.total, order.currency),
        "ship_to": _place(order.ship_to, language),
        "promise": _iso(order.promise),
    }


def _store(shop: Shop, order: Order) -> str | None:
    """The store where it is collected, by name."""
    place = pickup_place(shop, order) if is_pickup(order) else None
    return place.name if place else None


def _line(order: Order, line: Line) -> dict[str, Any]:
    return {
        "title": line.title or line.sku,
        "sku": line.sku,
        "quantity": line.wanted,
        "unit_price": money(line.unit_price, order.currency),
        "total": money(kept(line.total, line.ordered, line.canceled), order.currency),
    }


def _place(address: Address, language: str) -> dict[str, str] | None:
    if not address.city:
        return None
    return {
        "name": address.name,
        "street": ", ".join(filter(None, (address.street, address.street2))),
        "zip": address.zip,
        "city": address.city,
        "country": _country(address.country, language),
    }


def _country(code: str, language: str) -> str:
    names = Locale(language[:2]).territories if language[:2] in LANGUAGES else {}
    return str(names.get(code.upper(), code))


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None


# --- what each kind tells besides -----------------------------------------------------------------


def _confirmation(reader: Reader, order: Order, _: Payload) -> dict[str, Any]:
    if order.is_canceled:
        raise Stale("The order was canceled meanwhile.")
    later = list(_later(reader, order))
    units = sum(each["quantity"] for each in later)
    rest = sum(line.wanted - line.shipped for line in order.awaited) - units
    return {"awaited": later, "rest_goes_ahead": bool(later) and rest > 0}


def _later(reader: Reader, order: Order) -> Iterator[dict[str, Any]]:
    """What does not come with the rest: announced goods with their day, and what a supplier
    sends himself."""
    for line in order.lines:
        if line.backordered and line.awaits:
            part = _part(line.title or line.sku, line.sku, line.backordered)
            yield {**part, "expected": line.awaits}
    titles = {line.id: line.title or line.sku for line in order.lines}
    for work in fulfillments_of(reader.session, order.id):
        if work.is_open and reader.shop.locations[work.location_id].kind == "dropship":
            for item in work.items:
                part = _part(titles[item.line_id], item.sku, item.quantity)
                yield {**part, "expected": None}


def _shipped(reader: Reader, order: Order, payload: Payload) -> dict[str, Any]:
    parcels = parcels_of(reader.session, order.id)
    parcel = _parcel_of(parcels, payload)
    if parcel.delivered_at is not None:
        raise Stale("The parcel was delivered meanwhile.")
    return _of_parcel(reader, order, parcels, parcel, payload.get("evidence", "scanned"))


def _delivered(reader: Reader, order: Order, payload: Payload) -> dict[str, Any]:
    parcels = parcels_of(reader.session, order.id)
    parcel = _parcel_of(parcels, payload)
    if parcel.delivered_at is None:
        raise Stale("The carrier has taken the delivery back.")
    return _of_parcel(reader, order, parcels, parcel, "scanned")


def _parcel_of(parcels: Sequence[Parcel], payload: Payload) -> Parcel:
    for parcel in parcels:
        if parcel.id == payload["parcel"]:
            return parcel
    raise Stale("The parcel does not exist any more.")


def _of_parcel(
    reader: Reader, order: Order, parcels: Sequence[Parcel], parcel: Parcel, evidence: str
) -> dict[str, Any]:
    titles = {line.id: line.title or line.sku for line in order.lines}
    lines = [
        _part(titles.get(i, sku), sku, units)
        for i, sku, units in for_customers(order, parcel.items)
    ]
    index = [other.id for other in parcels].index(parcel.id) + 1
    remaining = _remaining(reader, order)
    return {
        "parcel": {
            "carrier": None if parcel.carrier == OUR_DRIVER else parcel.carrier or None,
            "tracking_number": parcel.tracking_number,
            "tracking_url": parcel.tracking_url or None,
            "lines": lines,
            "index": index,
            "count": None if remaining["lines"] else len(parcels),
            "evidence": evidence,
        },
        "remaining": remaining,
    }


def _part(title: str, sku: str, quantity: int) -> dict[str, Any]:
    return {"title": title, "sku": sku, "quantity": quantity}


def _remaining(reader: Reader, order: Order) -> dict[str, Any]:
    """What still comes, and why it is not in this parcel; no date that nobody has given."""
    left = {line.id: line.wanted - line.shipped for line in order.awaited}
    lines = [_part(x.title or x.sku, x.sku, left[x.id]) for x in order.awaited if left[x.id] > 0]
    if order.is_canceled or not lines:
        return {"lines": [], "next_message": None, "reason": None}
    short = any(line.backordered and not line.awaits for line in order.lines)
    ahead = any(line.backordered and line.awaits for line in order.lines)
    works = [w for w in fulfillments_of(reader.session, order.id) if w.stage is not Stage.CANCELED]
    apart = len({w.location_id for w in works}) > 1
    elsewhere = "other_location" if apart else None
    reason = "backordered" if short else "preorder" if ahead else elsewhere
    return {"lines": lines, "next_message": None, "reason": reason}


def _delayed(_: Reader, order: Order, payload: Payload) -> dict[str, Any]:
    if order.is_canceled or not any(line.wanted > line.delivered for line in order.shippable):
        raise Stale("Nothing of this order is still to come.")
    return {
        "delay": {
            "promised": payload.get("promised"),
            "expected": payload.get("expected"),
            "reason": payload.get("reason") or None,
        }
    }


def _changed(reader: Reader, order: Order, payload: Payload) -> dict[str, Any]:
    if "whole" in payload:
        return {"change": _nothing_left(reader, order)}
    if "canceled" in payload:
        return {"change": _less(order, payload)}
    change = change_by_id(reader.session, reader.shop.id, int(payload["change"]))
    if change is None or order.is_canceled:
        raise Stale("The order was canceled meanwhile.")
    fields = payload.get("fields", ())
    return {
        "change": {
            "lines": _changed_lines(order, change.before),
            "refund": money(change.refund, order.currency) if change.refund else None,
            "due": money(change.due, order.currency) if change.due else None,
            **_how_to_pay(reader, order, change.id),
            "canceled": False,
            "address": "address" in fields,
            "method": shipping_title(order) if "method" in fields else None,
        }
    }


_NO_WAY: Mapping[str, str | None] = {"link": None, "payee": None}
_UNCHANGED = {"canceled": False, "due": None, "address": False, "method": None, **_NO_WAY}


def _how_to_pay(reader: Reader, order: Order, change_id: int) -> Mapping[str, str | None]:
    """Where the customer can pay what an edit costs more: a page, or an account."""
    asked = [q for q in requests_of(reader.session, order.id) if q.change_id == change_id]
    return {"link": asked[0].link or None, "payee": asked[0].payee or None} if asked else _NO_WAY


def _less(order: Order, payload: Payload) -> dict[str, Any]:
    """Units that were canceled, in the words of an edit."""
    if order.is_canceled:
        raise Stale("The order was canceled meanwhile.")
    gone = {int(line_id): units for line_id, units in payload["canceled"].items()}
    lines = [
        {"title": x.title or x.sku, "before": x.wanted + gone[x.id], "after": x.wanted}
        for x in order.lines
        if x.id in gone
    ]
    refund = money(payload["refund"], order.currency) if payload["refund"] else None
    return {**_UNCHANGED, "lines": lines, "refund": refund}


def _nothing_left(reader: Reader, order: Order) -> dict[str, Any]:
    """An order that is canceled as a whole, and the money that goes back for it."""
    if not order.is_canceled:
        raise Stale("The cancellation was taken back.")
    refunds = [r for r in refunds_of(reader.session, order.id) if r.state != "canceled"]
    back = sum(r.amount for r in refunds if r.rma_id is None and r.change_id is None)
    lines = [
        {"title": x.title or x.sku, "before": x.canceled, "after": 0}
        for x in order.bought
        if x.canceled
    ]
    refund = money(back, order.currency) if back else None
    return {**_UNCHANGED, "canceled": True, "lines": lines, "refund": refund}


def _changed_lines(order: Order, before: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What is different from how the order was before the edit, as it stands now."""
    was = {line["id"]: line for line in before["lines"]}
    found = []
    for line in order.lines:
        old = was.get(line.id, {"ordered": 0, "canceled": 0, "total": 0})
        units = old["ordered"] - old["canceled"]
        if (units, old["total"]) != (line.wanted, line.total):
            found.append({"title": line.title or line.sku, "before": units, "after": line.wanted})
    return [each for each in found if each["before"] or each["after"]]


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
    rma = _rma_of(rmas_of(reader.session, order.id), payload)
    status = payload["status"]
    if _is_past(rma, status):
        raise Stale(f"The return is {rma.status.value} meanwhile.")
    return {"return": return_facts(reader.shop, order, rma, status, payload.get("amount"))}


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
            "paid": money(found.amount, found.currency),
            "as_credit": found.target == "credit",
        }
    }


def _rma_of(rmas: Sequence[Rma], payload: Payload) -> Rma:
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
    "order_confirmation": _confirmation,
    "shipped": _shipped,
    "delivered": _delivered,
    "delayed": _delayed,
    "order_changed": _changed,
    "question": _asked,
    "return_status": _returned,
    "claim_status": _claimed,
    "refund_status": _refunded,
}
