"""Who is asking: contact, code, link; every answer looks the same whether we know them or not."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from bot.chat.flows.questions import CODE_OFFERS, put
from bot.chat.flows.scene import HUMAN, Scene
from bot.chat.talk import Answer, Asking, Say, Talk, Wanted
from bot.chat.words import say

VERIFIED_FOR = timedelta(hours=12)
CODE_PAUSE = timedelta(seconds=60)
CODE_WINDOW = timedelta(hours=1)
CODES_PER_WINDOW = 5
TRIES_PER_CODE = 5


def identify(talk: Talk, wanted: Wanted, scene: Scene, *before: Say) -> Answer:
    """Keep what was wanted, and find out who wants it; a contact in the same text is enough."""
    talk = replace(talk, wanted=wanted, number=wanted.order)
    contact = scene.read.entities.contact
    if contact and scene.heard.text:
        return send_code(talk, scene, contact)
    return put(talk, Asking("contact"), scene, *before)


def hear_contact(talk: Talk, asking: Asking, scene: Scene, _action: str = "") -> Answer | None:
    contact = scene.heard.contact or scene.read.entities.contact
    numbers = scene.read.entities.order_numbers
    if contact:
        return send_code(replace(talk, number=talk.number or _first(numbers)), scene, contact)
    if numbers:
        return put(replace(talk, number=numbers[0]), asking, scene)
    return None


def send_code(talk: Talk, scene: Scene, contact: str) -> Answer:
    """At most one code a minute for a contact and five an hour in one conversation."""
    at = scene.heard.at
    recent = tuple(sent for sent in talk.codes_sent if at - sent < CODE_WINDOW)
    asked = replace(talk, asking=Asking("code"), codes_sent=recent)
    if recent and contact == talk.contact and at - recent[-1] < CODE_PAUSE:
        return Answer(asked, (say("identify.code_wait"),), CODE_OFFERS)
    if len(recent) >= CODES_PER_WINDOW:
        return Answer(asked, (say("identify.code_limit"),), (HUMAN,))
    phrase = _ask_desk(talk, scene, contact)
    sent = replace(asked, contact=contact, codes_sent=(*recent, at), tries=0)
    return Answer(sent, (say(phrase),), CODE_OFFERS)


def _ask_desk(talk: Talk, scene: Scene, contact: str) -> str:
    if talk.number:
        scene.desk.match_order(talk.number, contact)
        return "identify.code_sent_number"
    scene.desk.send_code(contact)
    return "identify.code_sent"


def hear_code(talk: Talk, _asking: Asking, scene: Scene, action: str) -> Answer | None:
    if action == "new_code":
        return send_code(talk, scene, talk.contact)
    if action == "other_contact":
        return put(replace(talk, contact=""), Asking("contact"), scene)
    if contact := scene.heard.contact or scene.read.entities.contact:
        return send_code(talk, scene, contact)
    if code := scene.read.entities.code:
        return _check(talk, scene, code)
    return None


def _check(talk: Talk, scene: Scene, code: str) -> Answer:
    if talk.tries >= TRIES_PER_CODE:
        return Answer(talk, (say("identify.code_spent"),), CODE_OFFERS)
    if scene.desk.check_code(code):
        return Answer(verified(talk, scene.heard.at), (say("identify.done"),))
    tried = replace(talk, tries=talk.tries + 1)
    spent = tried.tries >= TRIES_PER_CODE
    return Answer(
        tried, (say("identify.code_spent" if spent else "identify.code_wrong"),), CODE_OFFERS
    )


def open_link(talk: Talk, scene: Scene) -> Answer:
    if scene.desk.open_link(scene.heard.start):
        return Answer(verified(talk, scene.heard.at), (say("identify.done"),))
    return put(talk, Asking("contact"), scene, say("identify.link_bad"))


def verified(talk: Talk, at: datetime) -> Talk:
    return replace(
        talk, verified_until=at + VERIFIED_FOR, asking=None, contact="", number="", tries=0
    )


def forget(talk: Talk) -> Talk:
    """The customer is a stranger again: nothing they looked at stays."""
    return replace(talk, verified_until=None, asking=None, wanted=None, last=None, offered=())


def _first(numbers: tuple[str, ...]) -> str:
    return numbers[0] if numbers else ""
