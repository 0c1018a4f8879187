"""Carrying messages out: facts read fresh, rendered, sent, and the masked words kept as proof."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

from core.commands.chat import LeaveRoute
from core.db import setup
from core.domain.access import system
from core.domain.effects import Effect, Outcome, dead, given_back, later
from core.domain.masking import mask_codes, mask_words
from core.domain.refusals import Refusal
from core.engine import Caller, Engine
from notifications.facts import Stale
from notifications.render import CannotRender, Words, render
from notifications.senders import Sender
from notifications.tell import Letter, Teller

WORDS_KEPT = 2000
# The sender for an effect (its connection has the token), or None while there is none.
SenderFor = Callable[[Effect], Sender | None]
Executor = Callable[[Effect], Awaitable[Outcome]]


class Deliveries:
    """The executors of `message.email` and `message.telegram`."""

    def __init__(
        self, engine: Engine, teller: Teller, email_for: SenderFor, telegram_for: SenderFor
    ) -> None:
        self._engine = engine
        self._teller = teller
        self._email_for = email_for
        self._telegram_for = telegram_for

    def executors(self) -> dict[str, Executor]:
        return {"message.email": self.email, "message.telegram": self.telegram}

    async def email(self, effect: Effect) -> Outcome:
        return await self._deliver(effect, self._email_for, "email")

    async def telegram(self, effect: Effect) -> Outcome:
        return await self._deliver(effect, self._telegram_for, "telegram")

    async def _deliver(self, effect: Effect, sender_for: SenderFor, route: str) -> Outcome:
        sender = await asyncio.to_thread(sender_for, effect)
        if sender is None:
            return later(f"There is no way to send by {route} yet.", 300)
        try:
            letter = await asyncio.to_thread(self._read, effect)
            words = render(letter.kind, route, letter.language, letter.facts)
        except Stale as stale:
            return _suppressed(str(stale))
        except (Refusal, CannotRender) as problem:
            return dead(str(problem))
        if await asyncio.to_thread(self._is_paused, effect):
            return given_back()
        outcome = await sender.send(effect, words, letter.address)
        if outcome.result.get("suppress") and letter.customer is not None:
            await asyncio.to_thread(self._leave, effect, letter, route)
        return _with_words(outcome, letter.kind, words)

    def _read(self, effect: Effect) -> Letter:
        now = self._engine.clock()
        return self._engine.read(lambda session: self._teller.letter(session, effect, now))

    def _is_paused(self, effect: Effect) -> bool:
        return self._engine.read(lambda s: setup.are_messages_paused(s, effect.shop_id))

    def _leave(self, effect: Effect, letter: Letter, route: str) -> None:
        """The address is closed on the other side: nothing more goes there."""
        if letter.customer is not None:
            command = LeaveRoute(letter.customer.id, route, letter.customer.preferences)
            self._engine.execute(command, Caller(system(effect.shop_id, "deliveries"), "worker"))


def _suppressed(why: str) -> Outcome:
    return Outcome("done", why, result={"suppressed": True})


def _with_words(outcome: Outcome, kind: str, words: Words) -> Outcome:
    """What was said stays with the delivery, unusable for whoever reads it."""
    text = mask_words(words.text)[:WORDS_KEPT]
    kept = {"subject": words.subject, "text": text}
    if kind in ("code", "ready_for_pickup"):
        kept = {name: mask_codes(value) for name, value in kept.items()}
    return replace(outcome, result={**outcome.result, **kept})
