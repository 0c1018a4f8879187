"""The customer's desk: what the house does for the person in one conversation, in one command."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from core.commands.choosing import Units
from core.commands.claim_terms import needs_photo
from core.commands.claims import ClaimOwnOrder, claim_own
from core.commands.photos import keep_for_customer
from core.commands.return_decisions import CancelOwnReturn, cancel_own
from core.commands.returns import RequestOwnReturn, ReturnedLine, request_own
from core.db.contacts import (
    Contacts,
    Customer,
    customer_by_email,
    customer_by_id,
    customer_by_phone,
    link_target,
    numbers_of,
)
from core.db.conversations import Conversation
from core.db.credit import spendable
from core.db.reading import Reader
from core.db.rows import micros, moment
from core.db.unit_of_work import UnitOfWork
from core.domain.access import Actor, Role
from core.domain.cases import CaseKind, Finding
from core.domain.claims import AS_RETURNED, ClaimReason, Remedy
from core.domain.masking import mask_cards
from core.domain.photos import Picture
from core.domain.refusals import NotFound, NotPossible
from core.domain.returns import ReturnReason, Wish
from core.domain.values import dataclass
from core.queries.facts import OrderFacts
from core.queries.tracking import own_orders

VERIFIED_FOR = timedelta(hours=12)
CODE_GOOD_FOR = timedelta(minutes=10)
FIRST_WORDS = 300  # of a customer, on the card that asks for a person
TRIES_PER_CODE = 5
# How many codes may be asked for within a time: for one contact, number, conversation and shop.
CONTACT_PAUSE = timedelta(seconds=60)
LIMITS = {
    "contact": (10, timedelta(days=1)),
    "number": (10, timedelta(minutes=15)),
    "talk": (10, timedelta(minutes=15)),
    "shop": (500, timedelta(hours=1)),
}
AS_CLAIMED = {reason.value: returned for reason, returned in AS_RETURNED.items()}
UNPICTURED = {reason.value for reason in ClaimReason} - set(AS_CLAIMED)  # there is nothing to see
WISH_TITLES = {
    "address": "Order {}: the customer asks for another address.",
    "cancel": "Order {}: the customer asks to cancel.",
    "other": "Order {}: the customer has a request.",
}


@dataclass(frozen=True, slots=True)
class OpenCode:
    """A code that was asked for; it is derived from these when it is sent and when it is typed."""

    contact: str
    slot: int


def customer_actor(shop_id: int, conversation: Conversation, now: datetime) -> Actor:
    """Whoever speaks here: a stranger has no customer id and so no orders."""
    until = conversation.verified_until
    known = until is not None and now < until
    who = conversation.customer_id if known else None
    return Actor(
        Role.CUSTOMER, shop_id, f"conversation:{conversation.id}", "customer", customer_id=who
    )


class CustomerDesk:
    """Changes to the conversation gather in `conversation`; the command saves them at its end."""

    def __init__(self, uow: UnitOfWork, conversation: Conversation) -> None:
        self.uow = uow
        self.conversation = conversation
        self._contacts = Contacts(uow)
        self._recognize()

    def _recognize(self) -> None:
        self.uow.actor = customer_actor(self.uow.shop.id, self.conversation, self.uow.now)

    def _prove(self, proof: dict[str, Any], **changes: Any) -> None:
        self.conversation = replace(self.conversation, proof=proof, **changes)
        self._recognize()

    # --- who is asking ----------------------------------------------------------------------------

    def issue_code(
        self, contact: str, number: str = "", is_number: Callable[[str], bool] | None = None
    ) -> None:
        """Send a code to a known contact; for an unknown one do the same work and send nothing.

        `is_number` tells whether an order's number is the one that was named (`number`).
        """
        clean = _clean(contact)
        customer = self._customer_of(clean)
        if not self._may_ask(clean, number, customer is not None):
            return
        if customer is not None and is_number is not None:
            owns = any(is_number(other) for _, other in numbers_of(self.uow.session, customer.id))
            customer = customer if owns else None
        slot = self.uow.new_id()
        until = micros(self.uow.now + CODE_GOOD_FOR)
        who = customer.id if customer else None
        code = {"contact": clean, "slot": slot, "until": until, "tries": 0, "customer": who}
        self._prove({**self._trusted(), "code": code})
        self.uow.outbox.add(
            "message.email",
            f"code:{slot}",
            {"kind": "code", "conversation": self.conversation.id, "slot": slot},
            lane=f"code:{self.conversation.id}",
            suppressed="" if customer else "Nobody here has this contact.",
        )

    def _may_ask(self, contact: str, number: str, is_known: bool) -> bool:
        # Invented contacts count apart: they cost no mail and must not use up everybody's.
        names = {"contact": contact, "talk": str(self.conversation.id)}
        names["shop"] = "" if is_known else "nobody"
        if number:
            names["number"] = number
        marks = {scope: f"code:{scope}:{_hashed(name)}" for scope, name in names.items()}
        tries = self._contacts.tries
        if tries(marks["contact"], CONTACT_PAUSE):
            return False
        if any(tries(mark, LIMITS[scope][1]) >= LIMITS[scope][0] for scope, mark in marks.items()):
            return False
        self._contacts.tried(*marks.values())
        return True

    def _customer_of(self, contact: str) -> Customer | None:
        session, shop_id = self.uow.session, self.uow.shop.id
        if "@" in contact:
            return customer_by_email(session, shop_id, contact)
        countries = [place.country for place in self.uow.shop.locations.values()]
        return customer_by_phone(session, shop_id, _spellings(contact, countries))

    def check_code(self, fits: Callable[[OpenCode], bool]) -> bool:
        """Whether the typed code is the open one; it works once, five tries, ten minutes."""
        code = self.conversation.proof.get("code")
        if code is None:
            return False
        good = fits(OpenCode(code["contact"], code["slot"]))
        fresh = code["tries"] < TRIES_PER_CODE and self.uow.now < moment(code["until"])
        if not good or not fresh or code["customer"] is None:
            self._prove({**self._trusted(), "code": {**code, "tries": code["tries"] + 1}})
            return False
        self._prove(
            {"by": "code"},
            customer_id=code["customer"],
            verified_until=self.uow.now + VERIFIED_FOR,
        )
        self._bind()
        return True

    def trust_link(self, order_id: int, version: int) -> bool:
        """A signed link shows one order: whoever was sent it may have passed it on."""
        target = link_target(self.uow.session, order_id)
        if target is None or target.shop_id != self.uow.shop.id or target.version != version:
            return False
        if target.customer_id is None:
            return False
        if self.uow.actor.customer_id == target.customer_id:
            return True
        self._prove(
            {"by": "link", "order": order_id},
            customer_id=target.customer_id,
            verified_until=self.uow.now + VERIFIED_FOR,
        )
        return True

    def _trusted(self) -> dict[str, Any]:
        """The proof without an open code: asking for a new one takes nothing away."""
        return {name: kept for name, kept in self.conversation.proof.items() if name != "code"}

    def _bind(self) -> None:
        """Who proved on Telegram who they are gets the messages about their orders there too."""
        customer_id = self.conversation.customer_id
        if self.conversation.surface == "telegram" and customer_id is not None:
            self._contacts.bind_telegram(customer_id, self.conversation.address)

    # --- what they have ---------------------------------------------------------------------------

    def credit(self) -> list[tuple[str, int]]:
        """The store credit that is left, as (currency, minor units); nothing for a stranger."""
        who = self.uow.actor.customer_id
        known = customer_by_id(self.uow.session, self.uow.shop.id, who) if who else None
        return spendable(self.uow, known.email) if known and known.email else []

    def orders(self) -> dict[int, OrderFacts]:
        found = own_orders(Reader(self.uow.session, self.uow.actor, self.uow.now))
        only = self.conversation.proof.get("order")
        return found if only is None else {i: facts for i, facts in found.items() if i == only}

    def order_id(self, number: str) -> int:
        for order_id, facts in self.orders().items():
            if facts.number == number:
                return order_id
        raise NotFound(f"I cannot find an order {number}.", "Check the number.")

    # --- what they want ---------------------------------------------------------------------------

    def request_return(
        self,
        number: str,
        lines: tuple[tuple[str, int], ...],
        reason: str,
        wish: str = "refund",
        note: str = "",
        photos: tuple[str, ...] = (),
    ) -> str:
        """The number of the new return. Raises Refusal."""
        self.order_id(number)
        wanted = tuple(ReturnedLine(line, quantity) for line, quantity in lines)
        why = ReturnReason(reason.lower())
        ask = RequestOwnReturn(number, wanted, why, mask_cards(note), Wish(wish), photos)
        return str(request_own(ask, self.uow).facts["return"])

    def claim(
        self,
        number: str,
        lines: tuple[tuple[str, int], ...],
        reason: str,
        wish: str,
        note: str = "",
        photos: tuple[str, ...] = (),
    ) -> str:
        """The number of the new claim. Raises Refusal."""
        self.order_id(number)
        units = tuple(Units(line, quantity) for line, quantity in lines)
        ask = ClaimOwnOrder(
            number, ClaimReason(reason), units, Remedy(wish), mask_cards(note), photos
        )
        return str(claim_own(ask, self.uow).facts["claim"])

    def needs_photo(self, number: str, lines: tuple[str, ...], reason: str) -> bool:
        """Whether the shop's rules want a photo; `reason` is one of a return or a claim."""
        order = self.uow.orders.by_id(self.order_id(number))
        as_returned = AS_CLAIMED.get(reason, reason.lower())
        if reason in UNPICTURED:
            return False
        return needs_photo(self.uow, order, [int(line) for line in lines], as_returned)

    # --- photos -----------------------------------------------------------------------------------

    def keep_photo(self, picture: Picture) -> str:
        """The name under which it is kept. Raises Refusal."""
        return keep_for_customer(self.uow, picture)

    def cancel_return(self, number: str) -> None:
        """Raises Refusal, also when it is nobody's return, or another's."""
        mine = {each.number for order in self.orders().values() for each in order.returns}
        if number not in mine:
            raise NotFound(f"I cannot find a return {number}.", "Check the number.")
        cancel_own(CancelOwnReturn(number), self.uow)

    def wish(self, kind: str, number: str, text: str) -> str:
        """A wish that a person has to decide on; returns its reference. Raises Refusal."""
        order_id = self.order_id(number)
        if kind == "cancel" and self.uow.orders.by_id(order_id).is_canceled:
            raise NotPossible(f"Order {number} is canceled already.")
        said = mask_cards(text)
        subject = f"order:{order_id}:{kind}"
        known = self.uow.cases.open_one(CaseKind.CUSTOMER_WISH, subject)
        if known is not None:
            facts = {**known.facts, "text": f"{known.facts.get('text', '')}\n{said}".strip()}
            self.uow.cases.save(known, replace(known, facts=facts), "the customer wrote again")
            return f"C-{known.number}"
        finding = Finding(
            CaseKind.CUSTOMER_WISH,
            subject,
            WISH_TITLES[kind].format(number),
            order_id=order_id,
            facts={"wish": kind, "text": said, "order": number, "talk": self.conversation.id},
        )
        return f"C-{self.uow.cases.open(finding).number}"

    def watch(self, number: str) -> None:
        self.order_id(number)
        self._bind()

    # --- a person ---------------------------------------------------------------------------------

    def call_human(self, text: str) -> None:
        facts = {
            "talk": self.conversation.id,
            "surface": self.conversation.surface,
            "language": self.conversation.language,
            "known": self.uow.actor.customer_id is not None,
            "name": self._name() if self.uow.actor.customer_id is not None else "",
            "words": mask_cards(text.strip())[:FIRST_WORDS],
            "orders": [order.number for order in self.orders().values()][:3],
        }
        finding = Finding(
            CaseKind.CUSTOMER_CHAT,
            f"conversation:{self.conversation.id}",
            "A customer asks for a person.",
            facts=facts,
        )
        case = self.uow.cases.open(finding)
        self.conversation = replace(self.conversation, case_id=case.id)
        self.tell_human(text)

    def tell_human(self, text: str) -> None:
        """The customer's words into the thread of the case."""
        slack = self.uow.shop.first_connection("slack")
        case_id = self.conversation.case_id
        if slack is None or case_id is None or not text.strip():
            return
        self.uow.outbox.add(
            "slack.thread",
            f"slack.thread:{self.uow.new_id()}",
            {"case_id": case_id, "text": mask_cards(text), "author": self._name()},
            lane=f"slack:thread:{case_id}",
            connection_id=slack.id,
            fresh=True,
        )

    def _name(self) -> str:
        who = self.uow.actor.customer_id
        found = customer_by_id(self.uow.session, self.uow.shop.id, who) if who else None
        return (found.name if found else "") or "customer"


def _clean(contact: str) -> str:
    return contact.strip().casefold()


def _hashed(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()[:24]


def _spellings(phone: str, countries: list[str]) -> tuple[str, str, str]:
    """As written, as bare digits, and in the international form that channels use."""
    import phonenumbers

    digits = "".join(c for c in phone if c.isdigit())
    try:
        parsed = phonenumbers.parse(phone, countries[0] if countries else None)
    except phonenumbers.NumberParseException:
        return phone, digits, f"+{digits}"
    return phone, digits, phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
