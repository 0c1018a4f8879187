"""A person: when one is wished for, and what the bot does while one has the conversation."""

from __future__ import annotations

from dataclasses import replace

from bot.chat.flows.picturing import in_words, trouble
from bot.chat.flows.scene import MENU, SURE, Scene
from bot.chat.talk import Answer, Asking, Talk, Turn
from bot.chat.understanding.addresses import looks_like_address
from bot.chat.words import say

PER_MINUTE_PERSON = 10
UNSENT_MAX = 20
TEXT_FORWARDED = 4_000


def wants_person(asking: Asking | None, scene: Scene) -> bool:
    """The wish for a person wins in every state; only a written address is no such wish."""
    if not scene.heard.text or (_hears_address(asking) and looks_like_address(scene.heard.text)):
        return False
    read = scene.read
    return scene.control == "person" or (read.intent == "human_agent" and read.confidence >= SURE)


def _hears_address(asking: Asking | None) -> bool:
    return asking is not None and asking.what == "wish_text" and asking.kind == "address"


def with_person(talk: Talk, scene: Scene) -> Answer:
    pressed = next((k.action for k in talk.offered if k.key == scene.heard.pressed), "")
    if scene.control == "bot" or pressed == "bot":
        return Answer(replace(talk, mode="bot"), (say("person.back"), say("menu.again")), MENU)
    if scene.heard.problem and scene.heard.problem != "stranger":
        return Answer(talk, (trouble(scene.heard.problem),))
    said = "\n".join(filter(None, (scene.heard.text.strip(), _photo(scene))))
    return _forward(talk, scene, said) if said else Answer(talk)


def _photo(scene: Scene) -> str:
    return in_words((scene.heard.photo,)) if scene.heard.photo else ""


def _forward(talk: Talk, scene: Scene, said: str) -> Answer:
    """At most ten a minute reach the thread; what is more goes along with the next one."""
    texts = (*talk.unsent, said[:TEXT_FORWARDED])
    if talk.in_minute > PER_MINUTE_PERSON:
        held = replace(talk, unsent=texts[-UNSENT_MAX:])
        return Answer(held, notice_once(talk, PER_MINUTE_PERSON, "menu.slow_person").says)
    scene.desk.say_to_human("\n".join(texts))
    return Answer(replace(talk, unsent=()))


def notice_once(talk: Talk, limit: int, phrase: str) -> Turn:
    return Turn((say(phrase),)) if talk.in_minute == limit + 1 else Turn()
