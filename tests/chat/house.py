"""A small house for chat tests: a desk with a book of customers, and a customer who talks."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from msgspec import to_builtins

from bot.chat.conversation import step
from bot.chat.flows.choosing import by_number
from bot.chat.talk import Heard, Talk, Turn, WishKind, load_talk
from bot.chat.words import Voice, Worded, word
from core.db.rows import to_json
from core.domain.refusals import NotPossible, Refusal
from core.queries.facts import (
    ClaimFacts,
    OrderFacts,
    ParcelFacts,
    ReturnableFacts,
    ReturnFacts,
    WaitingFacts,
)

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
ANNA = "anna@example.com"
BEN = "ben@example.com"
CODE = "482913"
LINK = "a-good-token"
BERLIN = ZoneInfo("Europe/Berlin")

MUG = ReturnableFacts("line-mug", "Red mug", "MUG-RED", 2)
TEE = ReturnableFacts("line-tee", "Blue tee", "TEE-BLUE", 1)

ARRIVED = ParcelFacts(
    carrier="DHL",
    tracking_number="JD014600003",
    tracking_url="https://carrier.example/JD014600003",
    status="Delivered",
    delivered_at=datetime(2026, 11, 18, 9, 30, tzinfo=UTC),
    lines=(("Red mug", 2), ("Blue tee", 1)),
)
UNDERWAY = ParcelFacts(
    carrier="UPS",
    tracking_number="1Z999AA10123456784",
    tracking_url="https://carrier.example/1Z999AA10123456784",
    status="InTransit",
    last_scan_at=NOW - timedelta(hours=5),
    last_scan_place="Leipzig",
    lines=(("Green lamp", 1),),
)
DELIVERED = OrderFacts(
    number="1001",
    placed_on=date(2026, 11, 12),
    currency="EUR",
    total=5990,
    parcels=(ARRIVED,),
    returnable=(MUG, TEE),
)
SPLIT = OrderFacts(
    number="1002",
    placed_on=date(2026, 11, 14),
    currency="EUR",
    total=12900,
    promise=date(2026, 11, 24),
    parcels=(replace(ARRIVED, lines=(("Oak tray", 1),)), UNDERWAY),
    waiting=(WaitingFacts("Wool rug", 1, "backordered"),),
    can_cancel=True,
    can_change_address=True,
)
BENS = replace(DELIVERED, number="2001")


CLAIM = ClaimFacts("CL1001-1", "requested", "damaged")


@dataclass
class Book:
    """The desk over a dictionary; it records what reached the house."""

    customers: dict[str, list[OrderFacts]]
    calls: list[tuple[object, ...]] = field(default_factory=list)
    expected: str = ""
    current: str = ""
    refuse: bool = False
    credits: list[tuple[str, int]] = field(default_factory=list)
    pictured: tuple[str, ...] = ()  # the reasons for which a photo is wanted
    answer: ClaimFacts = CLAIM

    def send_code(self, contact: str) -> None:
        self.expected = contact if contact in self.customers else ""
        self.calls.append(("code", contact))

    def match_order(self, number: str, contact: str) -> None:
        found = by_number(self.customers.get(contact, []), number)
        self.expected = contact if found else ""
        self.calls.append(("match", number, contact))

    def check_code(self, digits: str) -> bool:
        self.calls.append(("check", digits))
        if not self.expected or digits != CODE:
            return False
        self.current, self.expected = self.expected, ""
        return True

    def open_link(self, token: str) -> bool:
        self.current = ANNA if token == LINK else ""
        return bool(self.current)

    def orders(self) -> list[OrderFacts]:
        return self.customers.get(self.current, [])

    def request_return(
        self,
        order: str,
        lines: tuple[tuple[str, int], ...],
        reason: str,
        wish: str = "refund",
        note: str = "",
        photos: tuple[str, ...] = (),
    ) -> ReturnFacts | Refusal:
        more = (*(word for word in (wish if wish != "refund" else "", note) if word), *photos)
        self.calls.append(("return", order, lines, reason, *more))
        if self.refuse:
            return NotPossible("The window has closed.")
        titles = {MUG.line_id: MUG.title, TEE.line_id: TEE.title}
        return ReturnFacts("R-77", "requested", tuple((titles[i], n) for i, n in lines))

    def claim(
        self,
        order: str,
        lines: tuple[tuple[str, int], ...],
        reason: str,
        wish: str,
        note: str,
        photos: tuple[str, ...],
    ) -> ClaimFacts | Refusal:
        self.calls.append(("claim", order, lines, reason, wish, photos))
        if self.refuse:
            return NotPossible("It is still on its way.")
        return replace(self.answer, lines=tuple((i, n) for i, n in lines), reason=reason)

    def needs_photo(self, order: str, lines: tuple[str, ...], reason: str) -> bool:
        return reason in self.pictured

    def cancel_return(self, number: str) -> Refusal | None:
        self.calls.append(("cancel_return", number))
        return NotPossible("It has begun to arrive.") if self.refuse else None

    def wish(self, kind: WishKind, order: str, text: str) -> str | Refusal:
        self.calls.append(("wish", kind, order, text))
        return NotPossible("Already shipped.") if self.refuse else "C-31"

    def call_human(self, text: str) -> None:
        self.calls.append(("human", text))

    def say_to_human(self, text: str) -> None:
        self.calls.append(("forward", text))

    def credit(self) -> list[tuple[str, int]]:
        return self.credits

    def watch(self, order: str) -> None:
        self.calls.append(("watch", order))

    def done(self, name: str) -> list[tuple[object, ...]]:
        return [call for call in self.calls if call[0] == name]


class Customer:
    """Talks to the bot; the talk goes through its stored form after every step."""

    def __init__(self, *orders: OrderFacts, language: str = "en", formal: bool = True) -> None:
        self.desk = Book({ANNA: list(orders), BEN: [BENS]})
        self.talk = Talk(language=language)
        self.formal = formal
        self.at = NOW
        self.turn = Turn()
        self.words = Worded((), ())

    def says(self, text: str, after: timedelta = timedelta(seconds=7)) -> str:
        return self._hear(Heard(self._later(after), text=text))

    def presses(self, label: str) -> str:
        return self.presses_key(next(key for key, text in self.words.buttons if text == label))

    def presses_key(self, key: str) -> str:
        return self._hear(Heard(self._later(timedelta(seconds=7)), pressed=key))

    def sends(self, photo: str = "", text: str = "", problem: str = "") -> str:
        """A photo by its name, or one that could not be kept."""
        at = self._later(timedelta(seconds=7))
        return self._hear(Heard(at, text=text, photo=photo, problem=problem))

    def shares(self, contact: str) -> str:
        return self._hear(Heard(self._later(timedelta(seconds=7)), contact=contact))

    def starts(self, token: str) -> str:
        return self._hear(Heard(self._later(timedelta(seconds=7)), start=token))

    def _later(self, after: timedelta) -> datetime:
        self.at += after
        return self.at

    def _hear(self, heard: Heard) -> str:
        talk, self.turn = step(self.talk, heard, self.desk)
        self.talk = load_talk(to_json(to_builtins(talk)))
        assert self.talk == talk
        self.words = word(self.turn, Voice(talk.language, BERLIN, self.formal))
        return "\n".join(self.words.paragraphs)

    @property
    def labels(self) -> list[str]:
        return [label for _, label in self.words.buttons]


def known(*orders: OrderFacts, language: str = "en", formal: bool = True) -> Customer:
    """A customer who came in by the signed link of a message."""
    customer = Customer(*orders, language=language, formal=formal)
    customer.starts(LINK)
    return customer
