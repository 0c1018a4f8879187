"""What every journey gets: what was heard, how it was understood, and the desk it may ask."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bot.chat.talk import Desk, Fact, Heard, Offer, Talk
from bot.chat.understanding import Understood
from core.domain.values import dataclass
from core.queries.facts import OrderFacts

TEXT_KEPT = 500
SURE = 0.7


@dataclass(frozen=True, slots=True)
class Scene:
    heard: Heard
    desk: Desk
    read: Understood

    @property
    def control(self) -> str:
        return self.read.control if self.heard.text else ""

    def orders(self) -> Sequence[OrderFacts]:
        return self.desk.orders()


def known(talk: Talk, at: datetime) -> bool:
    return talk.verified_until is not None and at < talk.verified_until


def offer(action: str, phrase: str, **facts: Fact) -> Offer:
    return Offer(action, phrase, facts)


HUMAN = offer("human", "button.human")
STOP = offer("stop", "button.stop")
MENU = (
    offer("intent:track_order", "button.track"),
    offer("intent:return_item", "button.return"),
    HUMAN,
)
YES_NO = (offer("yes", "button.yes"), offer("no", "button.no"))
