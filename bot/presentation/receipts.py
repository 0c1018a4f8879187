"""Receipts: what a command came to; a refusal always says what to do next."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from bot.grammar.desk import Desk
from bot.presentation.buttons import button, kept
from bot.presentation.model import Action, Card, Section, Tone
from bot.presentation.words import when
from core.domain.refusals import Refusal
from core.domain.undo import in_words
from core.engine import Receipt

_TONES: dict[str, Tone] = {"done": "good", "refused": "warn", "deferred": "warn", "failed": "bad"}
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d)?(?:\+00:00|Z)")
_FALLBACK_STEP = "Look at it again, or write `help`."


def receipt_card(receipt: Receipt, desk: Desk, note: str = "") -> Card:
    title = _MOMENT.sub(
        lambda found: when(datetime.fromisoformat(found[0]), desk), receipt.sentence
    )
    note = note if title == receipt.sentence else ""  # the sentence tells the moment already
    if receipt.repeated:
        note = f"This was done before; nothing was done twice. {note}".strip()
    if receipt.ok:
        return Card(title, actions=_after(receipt, desk), tone="good", note=note)
    step = Section((receipt.next or _FALLBACK_STEP,))
    return Card(title, (step,), tone=_TONES[receipt.outcome], note=note)


def refusal_card(refusal: Refusal) -> Card:
    """A question that was answered with no."""
    return Card(refusal.sentence, (Section((refusal.next or _FALLBACK_STEP,)),), tone="warn")


def _after(receipt: Receipt, desk: Desk) -> tuple[Action, ...]:
    """Undo only where it works, and the way to what was changed."""
    undo = _undo(receipt, desk) if receipt.can_undo else None
    number = str(receipt.facts.get("order", ""))
    return kept(undo, button(desk, "show", number) if number else None, _again(receipt, desk))


def _again(receipt: Receipt, desk: Desk) -> Action | None:
    """A count that is doubted: the second one decides."""
    told = receipt.facts
    if told.get("took_effect", True):
        return None
    return button(desk, "count", str(told["sku"]), more={"location": told["location"]})


def _undo(receipt: Receipt, desk: Desk) -> Action | None:
    """For this very step, whatever was done since, and for how long."""
    window = timedelta(seconds=receipt.undo_seconds)
    text = f"Undo ({in_words(window)})" if window else ""
    return button(desk, "undo", text=text, more={"command": receipt.command_id})
