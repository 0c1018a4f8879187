"""The brain's desk over the house: codes and links are derived here, the rest is the command's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from bot.chat.talk import WishKind
from bot.chat.understanding.entities import fold_number
from core.commands.desk import CustomerDesk, OpenCode
from core.domain.refusals import Refusal
from core.queries.facts import ClaimFacts, OrderFacts, ReturnFacts
from notifications import links

LinkFor = Callable[[int], str]


class HouseDesk:
    """What conversation.step may ask for (bot/chat/talk.py says what each promises)."""

    def __init__(
        self, desk: CustomerDesk, secrets: Sequence[str], track_url: LinkFor, code: LinkFor
    ) -> None:
        self._desk = desk
        self._secrets = secrets
        self._track_url = track_url
        self._code = code

    def send_code(self, contact: str) -> None:
        self._desk.issue_code(contact)

    def match_order(self, number: str, contact: str) -> None:
        wanted = fold_number(number)
        self._desk.issue_code(contact, wanted, lambda other: fold_number(other) == wanted)

    def check_code(self, digits: str) -> bool:
        talk = str(self._desk.conversation.id)

        def fits(code: OpenCode) -> bool:
            return links.matches(digits, self._secrets, talk, code.contact, code.slot)

        return self._desk.check_code(fits)

    def open_link(self, token: str) -> bool:
        try:
            link = links.read("chat", token, self._desk.uow.now, self._secrets)
        except Refusal:
            return False
        return link.subject.isdecimal() and self._desk.trust_link(int(link.subject), link.version)

    def orders(self) -> Sequence[OrderFacts]:
        found = self._desk.orders()
        return [self._linked(i, facts) for i, facts in found.items()]

    def credit(self) -> Sequence[tuple[str, int]]:
        return self._desk.credit()

    def _linked(self, order_id: int, facts: OrderFacts) -> OrderFacts:
        """With marks that become a link and a code where they are shown."""
        pickup = facts.pickup
        if pickup is not None and pickup.until is not None:
            pickup = replace(pickup, code=self._code(order_id))
        return replace(facts, track_url=self._track_url(order_id), pickup=pickup)

    def request_return(
        self,
        order: str,
        lines: tuple[tuple[str, int], ...],
        reason: str,
        wish: str = "refund",
        note: str = "",
        photos: tuple[str, ...] = (),
    ) -> ReturnFacts | Refusal:
        try:
            number = self._desk.request_return(order, lines, reason, wish, note, photos)
        except Refusal as refusal:
            return refusal
        mine = (each for facts in self._desk.orders().values() for each in facts.returns)
        return next(each for each in mine if each.number == number)

    def claim(
        self,
        order: str,
        lines: tuple[tuple[str, int], ...],
        reason: str,
        wish: str,
        note: str,
        photos: tuple[str, ...],
    ) -> ClaimFacts | Refusal:
        try:
            number = self._desk.claim(order, lines, reason, wish, note, photos)
        except Refusal as refusal:
            return refusal
        mine = (each for facts in self._desk.orders().values() for each in facts.claims)
        return next(each for each in mine if each.number == number)

    def needs_photo(self, order: str, lines: tuple[str, ...], reason: str) -> bool:
        return self._desk.needs_photo(order, lines, reason)

    def cancel_return(self, number: str) -> Refusal | None:
        try:
            self._desk.cancel_return(number)
        except Refusal as refusal:
            return refusal
        return None

    def wish(self, kind: WishKind, order: str, text: str) -> str | Refusal:
        try:
            return self._desk.wish(kind, order, text)
        except Refusal as refusal:
            return refusal

    def call_human(self, text: str) -> None:
        self._desk.call_human(text)

    def say_to_human(self, text: str) -> None:
        self._desk.tell_human(text)

    def watch(self, order: str) -> None:
        self._desk.watch(order)
