"""Photos in a conversation: remembered for an hour, for whatever they turn out to be about."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from bot.chat.flows.questions import put
from bot.chat.flows.scene import HUMAN, Scene, offer
from bot.chat.talk import Answer, Heard, Say, Talk
from bot.chat.words import say

FOR = timedelta(hours=1)
MOST = 5
PROBLEMS = ("heic", "big", "pixels", "kind", "broken", "many", "lost")
ABOUT = (
    offer("intent:item_problem", "intent.item_problem"),
    offer("intent:return_item", "button.return"),
    HUMAN,
)


def recent(talk: Talk, at: datetime) -> tuple[str, ...]:
    """The photos of the last hour, which no report or return has had yet."""
    fresh = talk.photos_at is not None and at - talk.photos_at <= FOR
    return talk.photos if fresh else ()


def remember(talk: Talk, heard: Heard) -> Talk:
    """The talk with the photo that has come."""
    if not heard.photo:
        return talk
    known = tuple(name for name in recent(talk, heard.at) if name != heard.photo)
    return replace(talk, photos=(*known, heard.photo)[-MOST:], photos_at=heard.at)


def in_words(names: tuple[str, ...]) -> str:
    """How colleagues find them: what they type to look at each."""
    return "\n".join(f"📷 photo {name[:12]}" for name in names)


def thanks(talk: Talk, scene: Scene) -> Answer:
    """It is kept; what it is about is asked, unless something else is open."""
    if talk.asking:
        return put(talk, talk.asking, scene, say("photo.kept"))
    return Answer(talk, (say("photo.kept"), say("photo.about")), ABOUT)


def not_kept(talk: Talk, scene: Scene) -> Answer:
    """Why a photo was not taken, and what would be."""
    why = trouble(scene.heard.problem)
    if talk.asking:
        return put(talk, talk.asking, scene, why)
    return Answer(talk, (why,), (HUMAN,))


def trouble(problem: str) -> Say:
    return say(f"photo.{problem if problem in PROBLEMS else 'broken'}")
