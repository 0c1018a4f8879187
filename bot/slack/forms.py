"""Forms as modals: the inputs, and what a person entered back as a command's arguments."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import MISSING, field, fields
from datetime import UTC, datetime
from typing import Any, get_type_hints

import msgspec

from bot.presentation.model import Form, Input
from bot.slack.mrkdwn import clean
from bot.slack.render import Json, cut, plain, plain_section
from core.domain.refusals import Invalid
from core.domain.values import dataclass
from core.registry import Spec

INPUT = "v1:input"
FORM = "v1:form"
TEXT_MAX = 3000
CHOICES_MAX = 100
_AT_FIELD = re.compile(r"at `\$\.(\w+)")


@dataclass(frozen=True, slots=True)
class Filled:
    """What was sent: arguments for the command, or what is wrong with which input."""

    arguments: dict[str, Any] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)


def modal(form: Form, metadata: str) -> Json:
    blocks = [plain_section(form.note)] if form.note else []
    live = {"dispatch_action": True} if form.live else {}
    blocks += [_input(each) | live for each in form.inputs]
    return {
        "type": "modal",
        "callback_id": FORM,
        "title": plain(cut(form.title, 24)),
        "submit": plain(cut(form.submit, 24)),
        "close": plain("Close"),
        "private_metadata": metadata,
        "blocks": blocks or [plain_section(form.title)],
    }


def said(title: str, sentence: str) -> Json:
    """A modal that only says something."""
    return {
        "type": "modal",
        "title": plain(cut(title, 24)),
        "close": plain("Close"),
        "blocks": [plain_section(sentence)],
    }


def with_problem(view: Mapping[str, Any], sentence: str) -> Json:
    """The same form again with a problem on top; everything that was entered stays."""
    kept = ("type", "callback_id", "title", "submit", "close", "private_metadata")
    values = view["state"]["values"]
    blocks = [
        _kept(block, values) for block in view["blocks"] if block.get("block_id") != "problem"
    ]
    problem = plain_section(f"⚠️ {sentence}") | {"block_id": "problem"}
    return {name: view[name] for name in kept if view.get(name)} | {"blocks": [problem, *blocks]}


def with_preview(view: Mapping[str, Any], words: str) -> Json:
    """The same form with what it would come to below; everything that was entered stays."""
    found = with_problem(view, "")
    blocks = [b for b in found["blocks"] if b.get("block_id") not in ("problem", "preview")]
    shown = [plain_section(words) | {"block_id": "preview"}] if words else []
    return found | {"blocks": [*blocks, *shown]}


def _kept(block: Json, values: Mapping[str, Any]) -> Json:
    """An input with what was entered as its first value, so that nothing has to be typed again."""
    if block.get("type") != "input":
        return block
    entered = values.get(block["block_id"], {}).get(INPUT, {})
    element = {n: v for n, v in block["element"].items() if not n.startswith("initial_")}
    for slot, content in entered.items():
        if slot != "type" and content not in (None, "", []):
            element[_INITIAL[slot]] = content
    return block | {"element": element}


_INITIAL = {
    "value": "initial_value",
    "selected_option": "initial_option",
    "selected_options": "initial_options",
    "selected_date": "initial_date",
    "selected_date_time": "initial_date_time",
}


def _input(given: Input) -> Json:
    found: Json = {
        "type": "input",
        "block_id": given.name,
        "label": plain(cut(given.label, 200)),
        "element": _element(given),
        "optional": given.optional or given.kind == "check",
    }
    if given.hint:
        found["hint"] = plain(cut(given.hint, 500))
    return found


def _element(given: Input) -> Json:
    if given.kind == "choice":
        return _choice(given)
    if given.kind == "check":
        option = {"text": plain(cut(given.label, 75)), "value": "yes"}
        ticked = {"initial_options": [option]} if given.value == "yes" else {}
        return {"type": "checkboxes", "action_id": INPUT, "options": [option], **ticked}
    if given.kind == "date":
        return {"type": "datepicker", "action_id": INPUT, **_initial("initial_date", given.value)}
    if given.kind == "moment":
        return _moment(given)
    value = _initial("initial_value", cut(clean(given.value), TEXT_MAX))
    if given.kind == "number":
        return {"type": "number_input", "action_id": INPUT, "is_decimal_allowed": False, **value}
    long = {"multiline": True} if given.kind == "long" else {}
    return {"type": "plain_text_input", "action_id": INPUT, "max_length": TEXT_MAX, **long, **value}


def _choice(given: Input) -> Json:
    options = [
        {"text": plain(cut(each.label or each.value, 75)), "value": each.value}
        for each in given.choices[:CHOICES_MAX]
    ]
    first = next((each for each in options if each["value"] == given.value), None)
    chosen = {"initial_option": first} if first else {}
    return {"type": "static_select", "action_id": INPUT, "options": options, **chosen}


def _moment(given: Input) -> Json:
    element: Json = {"type": "datetimepicker", "action_id": INPUT}
    if given.value:
        element["initial_date_time"] = int(datetime.fromisoformat(given.value).timestamp())
    return element


def _initial(name: str, value: str) -> Json:
    return {name: value} if value else {}


# --- what came back ---------------------------------------------------------------------------


def filled(spec: Spec, view: Mapping[str, Any], fixed: Mapping[str, Any]) -> Filled:
    """All inputs read, and every mistake found at once, under the name of its input."""
    values = {
        name: _value(entry[INPUT])
        for name, entry in view["state"]["values"].items()
        if INPUT in entry
    }
    hints = get_type_hints(spec.shape)
    required = {f.name for f in fields(spec.shape) if _has_no_default(f)}
    errors: dict[str, str] = {}
    for name, value in values.items():
        problem = _problem(name, value, hints, required)
        if problem:
            errors[name] = problem
    arguments = dict(fixed) | {n: v for n, v in values.items() if v not in (None, "")}
    return Filled(arguments, errors)


def mistakes(spec: Spec, view: Mapping[str, Any], arguments: Mapping[str, Any]) -> dict[str, str]:
    """What only the whole command can say, under its input; Invalid when it belongs to none."""
    try:
        spec.read(arguments)
    except Invalid as problem:
        found = _AT_FIELD.search(problem.sentence)
        if found is None or found[1] not in view["state"]["values"]:
            raise
        return {found[1]: "That is not something wismo understands here."}
    return {}


def _value(entry: Mapping[str, Any]) -> Any:
    if "selected_option" in entry:
        return (entry["selected_option"] or {}).get("value")
    if "selected_options" in entry:
        return bool(entry["selected_options"])
    if "selected_date_time" in entry:
        at = entry["selected_date_time"]
        return None if at is None else datetime.fromtimestamp(at, UTC).isoformat()
    if "selected_date" in entry:
        return entry["selected_date"]
    return (entry.get("value") or "").strip()


def _has_no_default(each: Any) -> bool:
    return each.default is MISSING and each.default_factory is MISSING


def _problem(name: str, value: Any, hints: Mapping[str, Any], required: set[str]) -> str:
    if value in (None, ""):
        return "This is needed." if name in required else ""
    kind = hints.get(name, int if "." in name else str)  # lines.<id>: how many of a line
    try:
        msgspec.convert(value, kind, strict=False)
    except msgspec.ValidationError:
        return _hint_for(kind)
    return "" if kind is not int or int(value) >= 0 else "Write 0 or more."


def _hint_for(kind: Any) -> str:
    if kind is int:
        return "Write a whole number, for example 2."
    return "That is not something wismo understands here."
