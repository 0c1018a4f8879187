"""The facts of one message, read when it is sent; or the reason why it is not true any more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from babel import Locale

from core.db.bought_labels import has_content, living_label
from core.db.cases import case_by_id
from core.db.connection import Session
from core.db.contacts import Customer, customer_by_id, link_target
from core.db.conversations import conversation_by_id
from core.db.reading import Reader
from core.db.returns import rmas_of
from core.domain.access import system
from core.domain.edit_money import kept
from core.domain.effects import Effect
from core.domain.order import Address, Line, Order
from core.domain.pickup import is_pickup, pickup_place
from core.domain.shop import Shop
from core.domain.values import dataclass
from notifications import links
from notifications.about import ABOUT, rma_of
from notifications.facts import LANGUAGES, Payload, Stale, money
from notifications.papers import paper_url, papers_for
from notifications.pickups import pickup_facts
from notifications.plan import allowed_for
from notifications.preferences import may_send
from notifications.returned import way_back


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
            if effect.payload["status"] == "label":
                facts["track_url"] = self._label_url(reader, order, int(effect.payload["return"]))
        facts["papers"] = papers_for(self._secrets, self._base_url, reader, order, effect.payload)
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
        rma = rma_of(rmas_of(reader.session, order.id), payload)
        return way_back(self._secrets, reader.shop, order, rma)

    def _label_url(self, reader: Reader, order: Order, rma_id: int) -> str:
        label = living_label(reader.session, rma_id)
        if label is None or not has_content(reader.session, label.id):
            raise Stale("The label was given back meanwhile.")
        return paper_url(self._secrets, self._base_url, reader, order.id, f"b{label.id}")

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
            "papers": [],
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
