"""What a customer conversation is made of: its small stored state, what is heard, what is said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from datetime import date, datetime
from typing import Literal, Protocol

import msgspec

from core.domain.refusals import Refusal
from core.domain.returning.verdict import Why
from core.domain.values import dataclass
from core.queries.facts import ClaimFacts, OrderFacts, ReturnFacts


@dataclass(frozen=True, slots=True)
class Price:
    """An amount in minor units; worded in the reader's way."""

    minor: int
    currency: str


@dataclass(frozen=True, slots=True)
class Phrase:
    """A phrase inside a phrase: a status, a reason, an age in words."""

    key: str
    count: int = 0


@dataclass(frozen=True, slots=True)
class Reasons:
    """Why a return was judged as it was; worded in the reader's language."""

    why: tuple[Why, ...]


Fact = str | int | date | datetime | Price | Phrase | Reasons
Question = Literal[
    "contact",
    "code",
    "which_order",
    "return_line",
    "return_quantity",
    "return_reason",
    "return_detail",
    "return_photo",
    "return_wish",
    "return_confirm",
    "claim_reason",
    "claim_line",
    "claim_quantity",
    "claim_photo",
    "claim_wish",
    "claim_confirm",
    "wish_text",
    "wish_confirm",
]
WishKind = Literal["address", "cancel", "other"]


@dataclass(frozen=True, slots=True)
class Offer:
    """A button as the brain means it: what it does and which phrase stands on it."""

    action: str
    phrase: str
    facts: Mapping[str, Fact] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Kept:
    """An offered button as the talk remembers it."""

    key: str
    action: str


@dataclass(frozen=True, slots=True)
class Asking:
    """The open question and everything answered so far; `complete`: no more lines are chosen, or
    in a claim: the photo was asked for."""

    what: Question
    intent: str = ""
    order: str = ""
    line: str = ""
    lines: tuple[tuple[str, int], ...] = ()
    reason: str = ""
    kind: WishKind = "other"
    text: str = ""
    complete: bool = False
    wish: str = ""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What was asked for before we knew who asks; answered right after."""

    intent: str
    order: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class Talk:
    """The whole state between two messages; plain enough for one JSON column."""

    language: str = "en"
    mode: Literal["bot", "person"] = "bot"
    verified_until: datetime | None = None
    asking: Asking | None = None
    wanted: Wanted | None = None
    last: Wanted | None = None
    offered: tuple[Kept, ...] = ()
    turn: int = 0
    contact: str = ""
    number: str = ""
    codes_sent: tuple[datetime, ...] = ()
    tries: int = 0
    misses: int = 0
    other_language: int = 0
    minute: datetime | None = None
    in_minute: int = 0
    unsent: tuple[str, ...] = ()
    photos: tuple[str, ...] = ()
    photos_at: datetime | None = None


def load_talk(raw: str) -> Talk:
    return msgspec.json.decode(raw, type=Talk)


@dataclass(frozen=True, slots=True)
class Heard:
    """One thing from the customer: a text, a pressed key, their own contact, or a start payload.

    `contact` must be the sender's own, checked by the surface. `photo` is the name of one that is
    kept, `problem` says why one was not.
    """

    at: datetime
    text: str = ""
    pressed: str = ""
    contact: str = ""
    start: str = ""
    photo: str = ""
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Say:
    """A phrase by its key, with the facts that fill it."""

    phrase: str
    facts: Mapping[str, Fact] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Button:
    """An offer with the short key that the surface sends back when it is pressed."""

    key: str
    phrase: str
    facts: Mapping[str, Fact]


@dataclass(frozen=True, slots=True)
class Turn:
    """What to show now; nothing to say means stay silent (a person has the conversation)."""

    says: tuple[Say, ...] = ()
    buttons: tuple[Button, ...] = ()
    ask_contact: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """What a flow decided, before its buttons get their keys."""

    talk: Talk
    says: tuple[Say, ...] = ()
    offers: tuple[Offer, ...] = ()


class Desk(Protocol):
    """What the house does for this one customer; implemented over the engine.

    `orders` holds only what the verified customer may see, newest first. `send_code` and
    `match_order` tell nobody whether anything was found.
    """

    def send_code(self, contact: str) -> None: ...

    def match_order(self, number: str, contact: str) -> None: ...

    def check_code(self, digits: str) -> bool: ...

    def open_link(self, token: str) -> bool: ...

    def orders(self) -> Sequence[OrderFacts]: ...

    def credit(self) -> Sequence[tuple[str, int]]: ...

    def request_return(
        self,
        order: str,
        lines: tuple[tuple[str, int], ...],
        reason: str,
        wish: str = "refund",
        note: str = "",
        photos: tuple[str, ...] = (),
    ) -> ReturnFacts | Refusal: ...

    def claim(
        self,
        order: str,
        lines: tuple[tuple[str, int], ...],
        reason: str,
        wish: str,
        note: str,
        photos: tuple[str, ...],
    ) -> ClaimFacts | Refusal: ...

    def needs_photo(self, order: str, lines: tuple[str, ...], reason: str) -> bool: ...

    def cancel_return(self, number: str) -> Refusal | None: ...

    def wish(self, kind: WishKind, order: str, text: str) -> str | Refusal: ...

    def call_human(self, text: str) -> None: ...

    def say_to_human(self, text: str) -> None: ...

    def watch(self, order: str) -> None: ...
