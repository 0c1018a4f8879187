"""Receipts: what a command came to; a refusal always says what to do next."""

from __future__ import annotations

from bot.grammar.desk import Desk
from bot.presentation.buttons import button, can_be_undone, kept
from bot.presentation.model import Action, Card, Section, Tone
from core.domain.refusals import Refusal
from core.engine import Receipt
from core.registry import COMMANDS

_TONES: dict[str, Tone] = {"done": "good", "refused": "warn", "deferred": "warn", "failed": "bad"}
_FALLBACK_STEP = "Look at it again, or write `help`."


def receipt_card(receipt: Receipt, desk: Desk, note: str = "") -> Card:
    title = receipt.sentence
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
    spec = COMMANDS.get(receipt.command)
    number = str(receipt.facts.get("order", ""))
    undo = None
    if spec is not None and spec.verb != "undo" and can_be_undone(spec.verb) and receipt.subjects:
        undo = button(desk, "undo")
    return kept(undo, button(desk, "show", number) if number else None)
