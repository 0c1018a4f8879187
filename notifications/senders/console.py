"""The console sender: prints messages for development and for a shop that only watches."""

from __future__ import annotations

from typing import TYPE_CHECKING, TextIO

from core.domain.effects import Effect, Outcome, done

if TYPE_CHECKING:
    from notifications.render import Words


class ConsoleSender:
    """Writes each message to the given stream; nothing leaves the machine."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    async def send(self, effect: Effect, words: Words, address: str) -> Outcome:
        button = f"\n[{words.button.label}] {words.button.url}" if words.button else ""
        self._stream.write(
            f"--- {effect.kind} to {address}\n{words.subject}\n\n{words.text}{button}\n"
        )
        self._stream.flush()
        return done()
