"""Forms: generated from a command's own arguments, with what is known filled in."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, Literal

from bot.grammar.desk import Desk
from bot.grammar.lexicon import Slot, slots_of
from bot.presentation.buttons import label
from bot.presentation.model import Action, Card, Choice, Form, Input, Section
from bot.presentation.words import reason, sentence
from core.domain.holds import WAITS
from core.queries.order_view import LineView, OrderView
from core.registry import Arg, Risk, Spec

Kind = Literal["text", "long", "choice", "number", "date", "moment", "check"]

_KINDS: dict[Arg, Kind] = {
    Arg.LOCATION: "choice",
    Arg.QUANTITY: "number",
    Arg.CHOICE: "choice",
    Arg.UNTIL: "moment",
    Arg.DAY: "date",
    Arg.TEXT: "long",
}
_LABELS = {
    "order": "Order number",
    "number": "Return number",
    "case": "Case number",
    "to": "To which location?",
    "avoid": "Not from which location?",
    "goods": "What becomes of the goods?",
    "disposition": "Where do the goods go?",
    "until": "Until when?",
    "sku": "SKU",
    "line": "Only which line?",
    "shelf": "Goes back on the shelf",
    "on_hand": "Counted units",
    "expected": "Units the book says",
    "picked": "Picked goods: counted, too?",
    "what": "What to count",
    "new": "For what?",
    "words": "What changes?",
    "goes": "Before the old goods are here?",
}
# How many units of a line a step can reach, and what it means to name none.
_REACH: dict[str, Callable[[LineView], int]] = {
    "cancel": lambda line: line.ordered - line.canceled - line.shipped,
    "resend": lambda line: line.shipped,
    "exchange": lambda line: line.delivered - line.return_requested - line.return_received,
}
_WHOLE = {
    "cancel": "Without numbers the whole order is canceled.",
    "resend": "Without numbers everything that was shipped goes out again.",
    "exchange": "Without numbers everything that was delivered comes back.",
}
_WARNINGS = {
    Risk.IRREVERSIBLE: "This cannot be taken back.",
    Risk.GRAVE: "Undo takes this back for a short while only.",
}
_NONE_COUNTS = ("counted", "wanted")  # lists in which a nought is a figure like any other
_NUMBERS = {Arg.RETURN: "Such as R1001-1; the order names it, and the customer's message."}
_HINTS = {
    ("edit", "words"): "mug-red 2; add card 1; remove tee. Empty: a form.",
    ("hold", "until"): "Empty: until somebody releases it.",
    ("hold", "line"): "A SKU of the order. Empty: all of it.",
    ("reject", "reason"): "The customer reads this.",
    ("exchange", "new"): "SKUs with their units: mug-blue 1, card 2.",
    ("exchange return", "new"): "SKUs with their units: mug-blue 1, card 2.",
    ("count", "expected"): "Empty: whatever the book says now.",
    ("count", "picked"): "Needed when goods are picked and have not left.",
    ("count-task", "what"): "a-class for the best sellers, or SKUs.",
    ("cancel", "reason"): "Kept with the order.",
    ("shipped", "tracking_number"): "Empty if the parcel has none.",
    ("refunded", "reference"): "The payment provider's own number for it.",
}


def form_for(spec: Spec, given: Mapping[str, Any], desk: Desk, note: str = "") -> Form:
    """The form of a command. What was said is filled in; the thing it is about is fixed."""
    slots = slots_of(spec.shape)
    about = next((s for s in slots if s.kind in (Arg.ORDER, Arg.CASE, Arg.RETURN)), None)
    fixed = {n: v for n, v in given.items() if about is not None and n == about.name and v}
    hidden = {s.name: given[s.name] for s in slots if s.kind is Arg.NONE and s.name in given}
    return Form(
        title=_title(spec, next(iter(fixed.values()), "")),
        verb=spec.verb,
        inputs=tuple(_input(spec, s, given, desk) for s in _asked(slots, fixed)),
        submit=label(spec.verb),
        fixed={**hidden, **fixed},
        note=" ".join(filter(None, (note, _warning(spec)))),
    )


def return_form(spec: Spec, view: OrderView, given: Mapping[str, Any], desk: Desk) -> Form:
    """A return asks the units of every line that can come back, not a SKU."""
    form = form_for(spec, {**given, "order": view.number}, desk)
    lines = tuple(
        Input(
            name=f"lines.{line.id}",
            label=f"{line.title or line.sku}: how many?",
            kind="number",
            value="0",
            optional=True,
            hint=f"{line.returnable} can come back.",
        )
        for line in view.lines
        if line.returnable > 0
    )
    rest = tuple(each for each in form.inputs if each.name not in ("sku", "quantity"))
    note = "Nothing of this order was delivered yet, so nothing can come back."
    if lines:
        sku = next(line.sku for line in view.lines if line.returnable > 0)
        note = f"Or write `return {view.number} {sku} 1`, or `return {view.number} all`."
    return replace(form, inputs=(*lines, *rest), note=note, version=view.version)


def units_form(
    spec: Spec, view: OrderView, given: Mapping[str, Any], desk: Desk, problem: str = ""
) -> Form:
    """A step that may be about some units only asks for those of every line that it can reach."""
    form = form_for(spec, {**given, "order": view.number}, desk, problem)
    said = {str(each["line"]).casefold(): each["quantity"] for each in given.get("units", ())}
    reach = _REACH.get(spec.verb, _allocated)
    lines = tuple(
        Input(
            name=f"units.{line.id}",
            label=f"{line.title or line.sku}: how many?",
            kind="number",
            value=_shown(said.get(line.sku.casefold())),
            optional=True,
            hint=f"Up to {reach(line)}.",
        )
        for line in view.lines
        if reach(line) > 0
    )
    whole = _WHOLE.get(spec.verb, "")
    note = " ".join(filter(None, (whole, form.note)))
    return replace(form, inputs=(*lines, *form.inputs), version=view.version, note=note)


def _allocated(line: LineView) -> int:
    return line.allocated


def offered(form: Form) -> Card:
    """A form where none can open by itself: a button that opens it."""
    again = Action(label(form.verb), form.verb, form.fixed, form=True, version=form.version)
    return Card(
        form.title, (Section(("Something is still missing.",)),), (), (again,), note=form.note
    )


def gathered(values: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments from a form's values: `lines.<id>` becomes a line of a list, empty ones go."""
    plain = {n: v for n, v in values.items() if "." not in n and v not in (None, "")}
    lists: dict[str, list[dict[str, Any]]] = {}
    for name, value in values.items():
        group, dot, line = name.partition(".")
        nothing = ("",) if group in _NONE_COUNTS else ("", "0")
        if dot and str("" if value is None else value).strip() not in nothing:
            lists.setdefault(group, []).append({"line": line, "quantity": value})
    return {**plain, **lists}


def _title(spec: Spec, subject: object) -> str:
    """At most 24 characters: Slack allows no more."""
    words = label(spec.verb)
    full = f"{words} {subject}".strip()
    return full if len(full) <= 24 else words[:24]


def _warning(spec: Spec) -> str:
    return _WARNINGS.get(spec.risk, "")


def _asked(slots: Iterable[Slot], fixed: Mapping[str, Any]) -> Iterable[Slot]:
    asked = (s for s in slots if s.name not in fixed and s.kind is not Arg.UNITS)
    return (s for s in asked if s.kind is not Arg.NONE or s.is_flag)


def _input(spec: Spec, slot: Slot, given: Mapping[str, Any], desk: Desk) -> Input:
    kind = _kind(slot)
    value = given.get(slot.name, slot.default)
    return Input(
        name=slot.name,
        label=_LABELS.get(slot.name) or sentence(slot.name.replace("_", " ")),
        kind=kind,
        value=_shown(value),
        choices=_choices(slot, desk) if kind == "choice" else (),
        optional=not slot.required,
        hint=_HINTS.get((spec.verb, slot.name), _NUMBERS.get(slot.kind, "")),
    )


def _kind(slot: Slot) -> Kind:
    if slot.is_flag:
        return "check"
    if slot.kind is Arg.CHOICE and not slot.choices:
        return "text"
    return _KINDS.get(slot.kind, "text")


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else ""
    return "" if value is None else str(value)


def _choices(slot: Slot, desk: Desk) -> tuple[Choice, ...]:
    if slot.kind is Arg.LOCATION:
        return tuple(
            Choice(p.code, f"{p.code} — {p.name}" if p.name else p.code) for p in desk.places
        )
    return tuple(Choice(each, sentence(reason(each))) for each in slot.choices if each not in WAITS)
