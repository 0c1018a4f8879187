"""The one host of customer conversations: both doors hand in what they heard, and read answers."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec

from bot.bridge import House
from bot.chat.conversation import hand_back, step
from bot.chat.desk import HouseDesk
from bot.chat.talk import Heard, Talk, Turn, load_talk
from bot.chat.words import LANGUAGES, Voice, word
from bot.photos import opened
from core.commands.chat import HearCustomer, Said, TakeBack
from core.commands.desk import CustomerDesk
from core.db.connection import Row, Session
from core.db.contacts import link_target
from core.db.conversations import (
    Conversation,
    conversation_at,
    conversation_by_id,
    conversation_of_case,
    messages_of,
)
from core.db.inbox import Delivery
from core.db.pickups import waiting_of
from core.db.rows import from_json, moment, to_json
from core.domain.access import Actor, Role, system
from core.domain.effects import Effect, Outcome, done, later
from core.domain.masking import clean_text, mask_cards
from core.domain.photos import Picture
from core.domain.pickup import code_of
from core.domain.refusals import Refusal
from core.domain.shop import Shop
from core.domain.values import dataclass
from core.engine import Caller, Receipt
from notifications import links

LANGUAGE_FALLBACK = "en"
TRACK = "track:order-"
TRACK_MARK = re.compile(rf"{TRACK}(\d{{1,16}})")
CODE = "pickup:order-"
CODE_MARK = re.compile(rf"{CODE}(\d{{1,16}})")


@dataclass(frozen=True, slots=True)
class Door:
    """Where a customer stands: one address on one surface."""

    shop_id: int
    surface: str
    address: str
    connection_id: int | None = None
    language: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a conversation as it is shown; `author` is customer, bot or a colleague.

    `ends_contact`: the line before asked for the contact, and this one no longer does.
    """

    id: int
    author: str
    text: str
    buttons: tuple[tuple[str, str], ...]
    asks_contact: bool
    at: datetime
    ends_contact: bool = False


@dataclass(frozen=True, slots=True)
class Seen:
    """A photo that is ready to be kept, or why it is none: stranger, heic, big, broken, lost …"""

    photo: Picture | None = None
    problem: str = ""


class CustomerMind:
    """Understanding and wording, with what it needs of the house's settings."""

    def __init__(self, secrets: Sequence[str], base_url: str) -> None:
        self._secrets = secrets
        self._base_url = base_url.rstrip("/")

    def hear(self, desk: CustomerDesk, heard: HearCustomer) -> Said:
        talk = self._talk(desk, heard.language)
        photo, problem = _photo(desk, heard)
        told = Heard(
            desk.uow.now,
            text=CODE_MARK.sub("", TRACK_MARK.sub("", mask_cards(heard.text))),
            pressed=heard.pressed,
            contact=heard.contact,
            start=heard.start,
            photo=photo,
            problem=problem,
        )
        house_desk = HouseDesk(desk, self._secrets, lambda i: f"{TRACK}{i}", lambda i: f"{CODE}{i}")
        return _said(*step(talk, told, house_desk), desk.uow.shop)

    def take_back(self, desk: CustomerDesk) -> Said:
        return _said(*hand_back(self._talk(desk)), desk.uow.shop)

    def _talk(self, desk: CustomerDesk, asked: str = "") -> Talk:
        kept = desk.conversation.talk
        if kept:
            return load_talk(to_json(kept))
        return Talk(language=_spoken(asked, desk.uow.shop.language))

    def shown(self, session: Session, talk: Conversation, text: str, now: datetime) -> str:
        """The bot's words with working links: kept words name an order, they open nothing."""

        def link(found: re.Match[str]) -> str:
            order_id = int(found[1])
            target = link_target(session, order_id)
            if target is None or target.customer_id is None:
                return ""
            if target.customer_id != talk.customer_id:
                return ""
            token = links.sign("track", str(order_id), now, self._secrets, target.version)
            return f"{self._base_url}/track/{token}"

        def code(found: re.Match[str]) -> str:
            order_id = int(found[1])
            target = link_target(session, order_id)
            waiting = waiting_of(session, order_id)
            if target is None or not waiting or target.customer_id != talk.customer_id:
                return "–"
            return code_of(self._secrets, target.shop_id, order_id, waiting[0].issue)

        return CODE_MARK.sub(code, TRACK_MARK.sub(link, text))


def _photo(desk: CustomerDesk, heard: HearCustomer) -> tuple[str, str]:
    """The name of the photo that came along, now that it is kept, or why it is not."""
    if heard.photo is None:
        return "", heard.problem
    try:
        return desk.keep_photo(heard.photo), ""
    except Refusal as refusal:
        return "", refusal.code.removeprefix("photo_")


def _spoken(asked: str, shop_language: str) -> str:
    """The first language of the two that we speak; English when neither is."""
    for language in (asked[:2].lower(), shop_language[:2].lower()):
        if language in LANGUAGES:
            return language
    return LANGUAGE_FALLBACK


def _said(talk: Talk, turn: Turn, shop: Shop) -> Said:
    formal = shop.address_form.casefold() != "du"
    worded = word(turn, Voice(talk.language, ZoneInfo(shop.time_zone), formal))
    return Said(
        talk=msgspec.to_builtins(talk),
        language=talk.language,
        mode=talk.mode,
        text="\n".join(worded.paragraphs),
        buttons=worded.buttons,
        asks_contact=turn.ask_contact,
    )


def _asked_contact_before(session: Session, conversation: int, line: int) -> bool:
    """Whether the last line to the customer before `line` carried the contact key."""
    for earlier, author, _, buttons, _ in reversed(messages_of(session, conversation)):
        if earlier < line and author != "customer":
            return any(key == "contact" for key, _ in from_json(buttons))
    return False


class ChatHost:
    """Hears, answers once, and gives the lines back; thread-safe and without state of its own."""

    def __init__(self, house: House) -> None:
        self._house = house
        self.mind = CustomerMind(house.settings.secrets, house.settings.base_url)

    def command(
        self,
        door: Door,
        external_id: str,
        *,
        text: str = "",
        pressed: str = "",
        contact: str = "",
        start: str = "",
        photo: Picture | None = None,
        problem: str = "",
    ) -> HearCustomer:
        """One message as the command that hears and answers it."""
        return HearCustomer(
            door.surface,
            door.address,
            clean_text(external_id),
            clean_text(text),
            clean_text(pressed),
            clean_text(contact),
            clean_text(start),
            door.language,
            door.connection_id,
            self.mind,
            photo,
            problem,
        )

    async def seen(self, door: Door, load: Callable[[], Awaitable[bytes]]) -> Seen:
        """The photo behind `load`, opened; strangers' are not even loaded."""
        if not await self._knows(door):
            return Seen(problem="stranger")
        try:
            return Seen(await opened(self._house, await load()))
        except Refusal as refusal:
            return Seen(problem=refusal.code.removeprefix("photo_"))

    async def _knows(self, door: Door) -> bool:
        now = self._house.clock()
        talk = await self._house.read(
            lambda session: conversation_at(session, door.shop_id, door.surface, door.address)
        )
        return talk is not None and talk.verified_until is not None and now < talk.verified_until

    async def hear(
        self, door: Door, message: HearCustomer, delivery: Delivery | None = None
    ) -> Receipt:
        """Durable when it returns; the same message again changes nothing and answers the same."""
        actor = Actor(Role.CUSTOMER, door.shop_id, f"door:{door.surface}", "customer")
        caller = Caller(actor, door.surface, delivery=delivery)
        return await self._house.execute(message, caller)

    async def lines(self, door: Door, after: int = 0) -> list[Line]:
        """The conversation at this door after a line, oldest first."""

        def look(session: Session) -> list[Line]:
            talk = conversation_at(session, door.shop_id, door.surface, door.address)
            if talk is None:
                return []
            return [self._line(session, talk, row) for row in messages_of(session, talk.id, after)]

        return await self._house.read(look)

    async def language(self, door: Door) -> str:
        """The language this conversation is held in; empty before its first word."""
        talk = await self._house.read(
            lambda session: conversation_at(session, door.shop_id, door.surface, door.address)
        )
        return talk.language if talk else ""

    async def line(
        self, shop_id: int, conversation: int, line: int
    ) -> tuple[Conversation, Line] | None:
        """One line that is to be carried to its door."""

        def look(session: Session) -> tuple[Conversation, Line] | None:
            talk = conversation_by_id(session, shop_id, conversation)
            found = messages_of(session, conversation, line - 1) if talk else []
            if talk is None or not found or found[0][0] != line:
                return None
            shown = self._line(session, talk, found[0])
            asked = not shown.asks_contact and _asked_contact_before(session, conversation, line)
            return talk, replace(shown, ends_contact=asked)

        return await self._house.read(look)

    async def take_back(self, effect: Effect) -> Outcome:
        """Carry out `chat.hand_back`: the bot says that it has the conversation again."""
        case_id = int(effect.payload["case_id"])
        talk = await self._house.read(
            lambda session: conversation_of_case(session, effect.shop_id, case_id)
        )
        if talk is None:
            return done()
        command = TakeBack(talk.id, case_id, self.mind)
        receipt = await self._house.execute(command, Caller(system(effect.shop_id, "chat"), "chat"))
        return done() if receipt.ok else later(str(receipt))

    def _line(self, session: Session, talk: Conversation, row: Row) -> Line:
        line, author, words, buttons, at = row
        pairs = [(str(key), str(label)) for key, label in from_json(buttons)]
        shown = tuple(pair for pair in pairs if pair[0] != "contact")
        if author == "bot":
            words = self.mind.shown(session, talk, words, self._house.clock())
        return Line(line, author, words, shown, len(shown) < len(pairs), moment(at))
