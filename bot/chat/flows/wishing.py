"""Wishes for a colleague, such as a new address or a cancellation: an explicit yes, then a case."""

from __future__ import annotations

from dataclasses import replace

from bot.chat.flows.questions import put
from bot.chat.flows.scene import HUMAN, TEXT_KEPT, Scene
from bot.chat.talk import Answer, Asking, Talk, WishKind
from bot.chat.understanding.addresses import address_in
from bot.chat.understanding.reading import clean
from bot.chat.words import say
from core.domain.refusals import Refusal

KINDS: dict[str, WishKind] = {"cancel_order": "cancel", "change_address": "address"}


def start(talk: Talk, intent: str, number: str, text: str, scene: Scene) -> Answer:
    """A text that already says what is wanted is taken over, and so is an address in it."""
    kind = KINDS.get(intent, "other")
    asking = Asking("wish_confirm", intent=intent, order=number, kind=kind)
    if kind == "other" and text:
        return put(talk, replace(asking, text=text), scene)
    if kind == "cancel":
        return put(talk, asking, scene)
    if address := address_in(clean(text)):
        return put(talk, replace(asking, text=address), scene)
    return put(talk, replace(asking, what="wish_text"), scene)


def hear_text(talk: Talk, asking: Asking, scene: Scene, _action: str) -> Answer | None:
    text = clean(scene.heard.text)
    if not text:
        return None
    if len(text) > TEXT_KEPT:
        return put(talk, asking, scene, say("repair.too_long", count=TEXT_KEPT))
    return put(talk, replace(asking, what="wish_confirm", text=text), scene)


def hear_confirm(talk: Talk, asking: Asking, scene: Scene, action: str) -> Answer | None:
    if "yes" in (action, scene.control):
        return _pass_on(replace(talk, asking=None), asking, scene)
    if "no" in (action, scene.control):
        return Answer(replace(talk, asking=None), (say("repair.stopped"),))
    if scene.control == "back" and asking.kind != "cancel":
        return put(talk, replace(asking, what="wish_text"), scene)
    return None


def _pass_on(talk: Talk, asking: Asking, scene: Scene) -> Answer:
    reference = scene.desk.wish(asking.kind, asking.order, asking.text)
    if isinstance(reference, Refusal):
        return Answer(talk, (say("return.refused"),), (HUMAN,))
    return Answer(talk, (say("wish.done", reference=reference),))
