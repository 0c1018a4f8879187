"""Customer conversations: a message heard and answered, a colleague's reply, a hand-back."""

from __future__ import annotations

from typing import Annotated, Any, Protocol

from core.commands.desk import CustomerDesk
from core.db.contacts import Contacts
from core.db.conversations import Conversation
from core.db.unit_of_work import UnitOfWork
from core.domain.access import Right
from core.domain.masking import mask_cards, mask_codes
from core.domain.refusals import Invalid, NotPossible
from core.domain.shop import Mode
from core.domain.values import dataclass
from core.registry import Arg, Done, command

TEXT_MAX = 4000
PHOTO = "📷"  # how a photo stands among the words of a conversation
NOT_LIVE = "The shop is not live: customers get no messages."


@dataclass(frozen=True, slots=True)
class Said:
    """An answer in words with the brain's new state; no words at all means silence."""

    talk: dict[str, Any]
    language: str
    mode: str
    text: str
    buttons: tuple[tuple[str, str], ...] = ()
    asks_contact: bool = False


class Mind(Protocol):
    """Who understands and answers: bot/chat, handed in by the door that heard something."""

    def hear(self, desk: CustomerDesk, heard: HearCustomer) -> Said: ...

    def take_back(self, desk: CustomerDesk) -> Said: ...


@dataclass(frozen=True, slots=True)
class HearCustomer:
    """Hear one message of a customer and answer it: state, effects and answer in one commit.

    `contact` is the sender's own, checked by the door; `start` is a token from a link. `photo` is
    a picture that the door has opened, `problem` why it could not (a code without `photo_`).
    """

    surface: str
    address: str
    external_id: str
    text: str = ""
    pressed: str = ""
    contact: str = ""
    start: str = ""
    language: str = ""
    connection_id: int | None = None
    mind: Annotated[Any, Arg.NONE] = None
    photo: Annotated[Any, Arg.NONE] = None
    problem: str = ""

    def audited(self) -> dict[str, Any]:
        return {"surface": self.surface, "external_id": self.external_id}


@command("hear", HearCustomer, Right.OWN, in_chat=False)
def hear(ask: HearCustomer, uow: UnitOfWork) -> Done:
    found = uow.conversations.at(ask.surface, ask.address, ask.connection_id, ask.language)
    talk = uow.conversations.locked(found)
    line = uow.conversations.heard_as(talk, ask.external_id)
    if line is None:
        desk = CustomerDesk(uow, talk)
        line = uow.conversations.write(
            talk, "customer", _kept(talk, ask), external_id=ask.external_id
        )
        _say(uow, talk, desk, _minded(ask.mind).hear(desk, ask))
    return Done("Heard.", {"conversation": talk.id, "line": line})


def _minded(mind: Any) -> Mind:
    if mind is None:
        raise Invalid("Only wismo's own doors hear customers.", "Write in the chat.")
    known: Mind = mind
    return known


def _kept(talk: Conversation, ask: HearCustomer) -> str:
    """What is kept of a message: no card number, and no code while one is open."""
    text = mask_cards(ask.text)[:TEXT_MAX] or _label(talk, ask.pressed)
    if ask.photo is not None or ask.problem:
        text = f"{PHOTO} {text}".strip()
    return mask_codes(text) if "code" in talk.proof else text


def _label(talk: Conversation, key: str) -> str:
    labels = dict(talk.talk.get("labels", ()))
    return str(labels.get(key, ""))


def _say(uow: UnitOfWork, before: Conversation, desk: CustomerDesk, said: Said) -> None:
    now = desk.conversation
    after = uow.conversations.save(
        before,
        customer_id=now.customer_id,
        verified_until=now.verified_until,
        proof=now.proof,
        case_id=now.case_id,
        language=said.language,
        mode=said.mode,
        talk={**said.talk, "labels": list(said.buttons)},
    )
    if said.text:
        buttons = [list(pair) for pair in said.buttons]
        if said.asks_contact:
            buttons.append(["contact", ""])
        line = uow.conversations.write(after, "bot", said.text, buttons=buttons)
        _carry(uow, after, line)


def _carry(uow: UnitOfWork, talk: Conversation, line: int) -> None:
    """Telegram is told by an effect; the web chat comes and looks."""
    if talk.surface != "telegram":
        return
    uow.outbox.add(
        "message.chat",
        f"chat:{line}",
        {"conversation": talk.id, "line": line},
        lane=f"telegram:{talk.connection_id}:{talk.address}",
        connection_id=talk.connection_id,
        fresh=True,
        suppressed="" if uow.shop.mode is Mode.LIVE else NOT_LIVE,
    )


# --- a person speaks ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ReplyToCustomer:
    """Answer a customer who asked for a person."""

    case: Annotated[int, Arg.CASE]
    text: Annotated[str, Arg.TEXT]

    def audited(self) -> dict[str, Any]:
        return {"case": self.case, "text": f"{len(self.text)} characters"}


@command("reply", ReplyToCustomer, Right.TALK, examples=("reply 31 it leaves today",))
def reply(ask: ReplyToCustomer, uow: UnitOfWork) -> Done:
    talk = _talk_of(uow, ask.case)
    text = ask.text.strip()
    if not 0 < len(text) <= TEXT_MAX:
        raise Invalid(f"A reply has 1 to {TEXT_MAX} characters.")
    _carry(uow, talk, uow.conversations.write(talk, uow.actor.name, text))
    return Done("Sent to the customer.", {"case": ask.case, "conversation": talk.id})


@dataclass(frozen=True, slots=True)
class HandBack:
    """Give a conversation back to the bot and close its case."""

    case: Annotated[int, Arg.CASE]


@command("handback", HandBack, Right.TALK, aliases=("hand-back",), examples=("handback 31",))
def hand_back(ask: HandBack, uow: UnitOfWork) -> Done:
    _talk_of(uow, ask.case)
    case = uow.cases.get(ask.case)
    how = f"handed back to the bot by {uow.actor.name}"
    uow.cases.save(case, case.resolve(uow.now, how), how)
    return Done(f"Case {case.number} is closed; the bot has the conversation.", {"case": ask.case})


def _talk_of(uow: UnitOfWork, number: int) -> Conversation:
    case = uow.cases.get(number)
    talk = uow.conversations.of_case(case.id)
    if talk is None:
        raise NotPossible(
            f"Case {number} is not a conversation.", "Reply to cases that a customer opened."
        )
    return talk


@dataclass(frozen=True, slots=True)
class TakeBack:
    """Let the bot go on where a person has closed the case."""

    conversation: int
    case_id: int
    mind: Annotated[Any, Arg.NONE] = None

    def audited(self) -> dict[str, Any]:
        return {"conversation": self.conversation}


@command("take-back", TakeBack, Right.MACHINERY, in_chat=False)
def take_back(ask: TakeBack, uow: UnitOfWork) -> Done:
    found = uow.conversations.by_id(ask.conversation)
    talk = uow.conversations.locked(found) if found else None
    if talk is None or talk.mode != "person" or talk.case_id != ask.case_id:
        return Done("The bot has it already.")
    desk = CustomerDesk(uow, talk)
    _say(uow, talk, desk, _minded(ask.mind).take_back(desk))
    return Done("The bot has the conversation again.")


# --- what customers want to be told ---------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SetPreferences:
    """Choose which messages one gets: kinds and routes, each on or off."""

    wanted: dict[str, bool]


@command("prefer", SetPreferences, Right.OWN, in_chat=False)
def set_preferences(ask: SetPreferences, uow: UnitOfWork) -> Done:
    if uow.actor.customer_id is None:
        raise NotPossible("It is not known whose messages these are.", "Use the newest link.")
    Contacts(uow).prefer(uow.actor.customer_id, ask.wanted)
    return Done("Kept.")


@dataclass(frozen=True, slots=True)
class LeaveRoute:
    """Stop writing to an address that the other side has closed: a blocked bot, a dead mailbox."""

    customer_id: int
    route: str
    preferences: dict[str, bool]


@command("leave-route", LeaveRoute, Right.MACHINERY, in_chat=False)
def leave_route(ask: LeaveRoute, uow: UnitOfWork) -> Done:
    contacts = Contacts(uow)
    if ask.route == "telegram":
        contacts.bind_telegram(ask.customer_id, None)
    else:
        contacts.prefer(ask.customer_id, {**ask.preferences, ask.route: False})
    return Done(f"No more messages by {ask.route}.")


@dataclass(frozen=True, slots=True)
class LeaveTelegram:
    """The customer blocked the bot: nothing is sent to that chat any more."""

    chat: str

    def audited(self) -> dict[str, Any]:
        return {}


@command("leave-telegram", LeaveTelegram, Right.MACHINERY, in_chat=False)
def leave_telegram(ask: LeaveTelegram, uow: UnitOfWork) -> Done:
    Contacts(uow).leave_telegram(ask.chat)
    return Done("No more messages to that chat.")
