"""The form at the counter: what came back, how it looks, and what the customer gets for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bot.grammar.desk import Desk
from bot.presentation.forms import form_for
from bot.presentation.model import Form, Input
from bot.presentation.words import money
from core.queries.counter import CounterView
from core.registry import Spec


def counter_form(
    spec: Spec, view: CounterView, given: Mapping[str, Any], desk: Desk, problem: str = ""
) -> Form:
    """Short enough for a phone: a number for each line, one condition, one tick for the shelf."""
    known = {"location": view.location, **given, "order": view.order}
    form = form_for(spec, known, desk, problem)
    said = str(given.get("sku", "")).casefold()
    lines = tuple(
        Input(
            name=f"lines.{line.line_id}",
            label=f"{line.title or line.sku}: how many?",
            kind="number",
            value=str(given.get("quantity") or 1) if line.sku.casefold() == said else "0",
            optional=True,
            hint=f"{line.returnable} can come back.",
        )
        for line in view.lines
    )
    asked = ["shelf", "condition", "reason", "wish", *([] if view.location else ["location"])]
    rest = {each.name: each for each in form.inputs}
    fixed = {**form.fixed, **({"location": view.location} if view.location else {})}
    inputs = (*lines, *(rest[name] for name in asked if name in rest))
    return replace(form, inputs=inputs, fixed=fixed, live=True)


def counter_words(view: CounterView, desk: Desk) -> str:
    """What it would come to, in a line or two below the form."""
    if not view.words:
        return "Nothing is counted yet."
    lines = [f"Back to the customer: {money(view.refund, view.currency, desk)}"]
    if view.needs_decision:
        lines.append(f"{view.words} A lead has to say yes.")
    return "\n".join(lines)
