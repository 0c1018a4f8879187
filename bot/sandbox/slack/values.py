"""What a person enters: the value of each kind of input, and the state of a whole form."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from bot.sandbox.slack.blocks import find_element, inputs
from bot.sandbox.slack.model import Json

SLOTS = {
    "plain_text_input": "value",
    "email_text_input": "value",
    "url_text_input": "value",
    "number_input": "value",
    "static_select": "selected_option",
    "external_select": "selected_option",
    "radio_buttons": "selected_option",
    "overflow": "selected_option",
    "checkboxes": "selected_options",
    "multi_static_select": "selected_options",
    "multi_external_select": "selected_options",
    "users_select": "selected_user",
    "multi_users_select": "selected_users",
    "conversations_select": "selected_conversation",
    "multi_conversations_select": "selected_conversations",
    "channels_select": "selected_channel",
    "multi_channels_select": "selected_channels",
    "datepicker": "selected_date",
    "timepicker": "selected_time",
    "datetimepicker": "selected_date_time",
}


class CannotDo(LookupError):
    """A person could not do this with what is on their screen."""


def untouched(element: Json) -> Json:
    """The value of an input that nobody has used: its initial value, or empty."""
    slot = SLOTS[element["type"]]
    empty: object = [] if slot.endswith("s") else None
    initial = element.get(slot.replace("selected_", "initial_").replace("value", "initial_value"))
    return {"type": element["type"], slot: empty if initial is None else initial}


def entered(element: Json, given: Any, offered: Iterable[Json] = ()) -> Json:
    """The value after a person has entered `given`: words, an option's value or text, ids."""
    slot = SLOTS[element["type"]]
    options = [*_options_of(element), *offered]
    if slot == "selected_option":
        given = _picked(options, given)
    elif slot == "selected_options":
        given = [_picked(options, each) for each in given]
    elif slot == "value":
        given = _typed(element, given)
    return {"type": element["type"], slot: given}


def _options_of(element: Json) -> list[Json]:
    groups = element.get("option_groups") or [{"options": element.get("options", [])}]
    return [option for group in groups for option in group["options"]]


def _picked(options: list[Json], wanted: Any) -> Json:
    for option in options:
        if wanted in (option, option.get("value"), option["text"]["text"]):
            return option
    seen = ", ".join(option["text"]["text"] for option in options) or "nothing"
    raise CannotDo(f"{wanted!r} cannot be chosen here, only {seen}")


def _typed(element: Json, given: Any) -> str | None:
    text = str(given)
    if len(text) > element.get("max_length", 3000):
        raise CannotDo(f"only {element.get('max_length', 3000)} characters fit")
    return text or None


def state_of(blocks: Iterable[Json], remembered: Mapping[str, Any]) -> Json:
    """The state of a form: every input is in it, also the empty ones."""
    return {
        block["block_id"]: remembered.get(block["block_id"])
        or {block["element"]["action_id"]: untouched(block["element"])}
        for block in inputs(blocks)
    }


def filled_in(
    blocks: Iterable[Json],
    remembered: Mapping[str, Any],
    given: Mapping[str, Any],
    offered: Mapping[str, list[Json]],
) -> Json:
    """The state after filling in `given`, keyed by action_id, block_id or label."""
    fields = inputs(blocks)
    state = state_of(fields, remembered)
    for name, value in given.items():
        block, element = _field(fields, name)
        action_id = element["action_id"]
        state[block["block_id"]] = {action_id: entered(element, value, offered.get(action_id, ()))}
    return state


def _field(fields: list[Json], name: str) -> tuple[Json, Json]:
    for block in fields:
        if block["block_id"] == name:
            return block, block["element"]
    return find_element(fields, name)


def missing(blocks: Iterable[Json], state: Json) -> list[str]:
    """The labels of required inputs that are empty: Slack does not let these be submitted."""
    return [
        block["label"]["text"]
        for block in inputs(blocks)
        if not block.get("optional") and _is_empty(state[block["block_id"]])
    ]


def _is_empty(value: Json) -> bool:
    (entry,) = value.values()
    return not any(content for name, content in entry.items() if name != "type")
