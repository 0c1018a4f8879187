"""Senders: each carries finished words to one address and reports how that ended."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from core.domain.effects import Effect, Outcome

if TYPE_CHECKING:
    from notifications.render import Words


class Sender(Protocol):
    """Never raises for what the other side does: every ending is an Outcome.

    An effect that comes back with `unknown_before` is sent again: a customer would rather read
    a message twice than never. The mail keeps its Message-ID, so mail programs can fold copies.
    """

    async def send(self, effect: Effect, words: Words, address: str) -> Outcome: ...
