"""The shape and limits of every Block Kit object that wismo may send, as composable checks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from bot.slack.checks import (
    DATE,
    TIME,
    Check,
    Fields,
    Problem,
    anything,
    kinds,
    many,
    one_of,
    shape,
    string,
    url,
    whole,
)

# Rules between the fields of one object


def _options_once(at: str, value: Any) -> Iterator[Problem]:
    if ("options" in value) == ("option_groups" in value):
        yield Problem(at, "missing_field", "must have either options or option_groups")


def _initial_offered(at: str, value: Any) -> Iterator[Problem]:
    groups = value.get("option_groups") or [{"options": value.get("options", [])}]
    offered = [option for group in groups for option in group["options"]]
    single = [value["initial_option"]] if "initial_option" in value else []
    if any(option not in offered for option in [*single, *value.get("initial_options", [])]):
        yield Problem(at, "initial_not_offered", "initial option is not among the options")


def _in_order(low: str, high: str) -> Check:
    def check(at: str, value: Any) -> Iterator[Problem]:
        try:
            crossed = float(value.get(low, "-inf")) > float(value.get(high, "inf"))
        except ValueError:
            yield Problem(at, "wrong_value", f"{low} and {high} must be numbers")
            return
        if crossed:
            yield Problem(at, "bounds_crossed", f"{low} must not be greater than {high}")

    return check


def _text_or_fields(at: str, value: Any) -> Iterator[Problem]:
    if "text" not in value and "fields" not in value:
        yield Problem(at, "missing_field", "must have text or fields")


# Small objects

IDENT = string(255)
FLAG = one_of(True, False)


def plain(most: int) -> Check:
    return kinds({"plain_text": shape({"text": string(most)}, {"emoji": FLAG})})


def any_text(most: int) -> Check:
    return kinds(
        {
            "plain_text": shape({"text": string(most)}, {"emoji": FLAG}),
            "mrkdwn": shape({"text": string(most)}, {"verbatim": FLAG}),
        }
    )


CONFIRM = shape(
    {"title": plain(100), "text": any_text(300), "confirm": plain(30), "deny": plain(30)},
    {"style": one_of("primary", "danger")},
)


def _option(text: Check, **more: Check) -> Check:
    return shape({"text": text, "value": string(150)}, {"description": text, **more})


OPTION = _option(plain(75))
OPTIONS = many(OPTION, 1, 100)
TICKS = many(_option(any_text(75)), 1, 10)
MENU = many(_option(plain(75), url=url), 1, 5)
GROUPS = many(shape({"label": plain(75), "options": OPTIONS}), 1, 100)
DISPATCH = shape(
    {},
    {"trigger_actions_on": many(one_of("on_enter_pressed", "on_character_entered"), 1, 2)},
)

# Interactive elements

ACTION: Fields = {"action_id": IDENT, "confirm": CONFIRM, "focus_on_load": FLAG}
PROMPT: Fields = {**ACTION, "placeholder": plain(150)}
TYPED: Fields = {
    "action_id": IDENT,
    "focus_on_load": FLAG,
    "placeholder": plain(150),
    "dispatch_action_config": DISPATCH,
}
FILTER = shape(
    {},
    {
        "include": many(one_of("im", "mpim", "private", "public"), 1, 4),
        "exclude_external_shared_channels": FLAG,
        "exclude_bot_users": FLAG,
    },
)
CHOICES: Fields = {"options": OPTIONS, "option_groups": GROUPS}
CONVERSATION: Fields = {"default_to_current_conversation": FLAG, "filter": FILTER}
SEARCH: Fields = {"min_query_length": whole(0, 3000)}
MANY_MAX: Fields = {"max_selected_items": whole(1, 100)}
REPLY: Fields = {"response_url_enabled": FLAG}
PEOPLE = many(IDENT, 1, 100)
STATIC_RULES = (_options_once, _initial_offered)

SELECTS: Fields = {
    "static_select": shape({}, {**PROMPT, **CHOICES, "initial_option": OPTION}, *STATIC_RULES),
    "external_select": shape({}, {**PROMPT, **SEARCH, "initial_option": OPTION}),
    "users_select": shape({}, {**PROMPT, "initial_user": IDENT}),
    "conversations_select": shape(
        {}, {**PROMPT, **CONVERSATION, **REPLY, "initial_conversation": IDENT}
    ),
    "channels_select": shape({}, {**PROMPT, **REPLY, "initial_channel": IDENT}),
}
MULTI_SELECTS: Fields = {
    "multi_static_select": shape(
        {}, {**PROMPT, **CHOICES, **MANY_MAX, "initial_options": OPTIONS}, *STATIC_RULES
    ),
    "multi_external_select": shape(
        {}, {**PROMPT, **SEARCH, **MANY_MAX, "initial_options": OPTIONS}
    ),
    "multi_users_select": shape({}, {**PROMPT, **MANY_MAX, "initial_users": PEOPLE}),
    "multi_conversations_select": shape(
        {}, {**PROMPT, **CONVERSATION, **MANY_MAX, "initial_conversations": PEOPLE}
    ),
    "multi_channels_select": shape({}, {**PROMPT, **MANY_MAX, "initial_channels": PEOPLE}),
}
PICKERS: Fields = {
    "datepicker": shape({}, {**PROMPT, "initial_date": string(10, pattern=DATE)}),
    "timepicker": shape({}, {**PROMPT, "initial_time": string(5, pattern=TIME), "timezone": IDENT}),
    "checkboxes": shape({"options": TICKS}, {**ACTION, "initial_options": TICKS}, _initial_offered),
    "radio_buttons": shape(
        {"options": TICKS}, {**ACTION, "initial_option": _option(any_text(75))}, _initial_offered
    ),
}
EXACT_TIME: Fields = {
    "datetimepicker": shape({}, {**ACTION, "initial_date_time": whole(0, 9_999_999_999)})
}
BUTTON = shape(
    {"text": plain(75)},
    {
        "action_id": IDENT,
        "confirm": CONFIRM,
        "value": string(2000),
        "url": url,
        "style": one_of("primary", "danger"),
        "accessibility_label": string(75),
    },
)
BUTTONS: Fields = {"button": BUTTON, "overflow": shape({"options": MENU}, ACTION)}
IMAGE: Fields = {"image_url": url, "alt_text": string(2000)}
FIELDS_TYPED: Fields = {
    "plain_text_input": shape(
        {},
        {
            **TYPED,
            "initial_value": string(3000),
            "multiline": FLAG,
            "min_length": whole(0, 3000),
            "max_length": whole(1, 3000),
        },
        _in_order("min_length", "max_length"),
    ),
    "email_text_input": shape({}, {**TYPED, "initial_value": string(3000)}),
    "url_text_input": shape({}, {**TYPED, "initial_value": url}),
    "number_input": shape(
        {"is_decimal_allowed": FLAG},
        {
            **TYPED,
            "initial_value": string(255),
            "min_value": string(255),
            "max_value": string(255),
        },
        _in_order("min_value", "max_value"),
        _in_order("min_value", "initial_value"),
        _in_order("initial_value", "max_value"),
    ),
}

# Rich text, whose leaves carry what people wrote

STYLE = shape({}, dict.fromkeys(("bold", "italic", "strike", "code", "underline"), FLAG))
STYLED: Fields = {"style": STYLE}
LEAF = kinds(
    {
        "text": shape({"text": string(10_000, 0)}, STYLED),
        "link": shape({"url": url}, {**STYLED, "text": string(3000), "unsafe": FLAG}),
        "user": shape({"user_id": IDENT}, STYLED),
        "usergroup": shape({"usergroup_id": IDENT}, STYLED),
        "channel": shape({"channel_id": IDENT}, STYLED),
        "emoji": shape({"name": IDENT}, {**STYLED, "unicode": IDENT}),
        "date": shape(
            {"timestamp": whole(0, 9_999_999_999), "format": IDENT},
            {**STYLED, "url": url, "fallback": IDENT},
        ),
    }
)
LEAVES: Fields = {"elements": many(LEAF, 0, 1000)}
BORDER: Fields = {"border": one_of(0, 1)}
SECTION_OF_LEAVES = kinds({"rich_text_section": shape(LEAVES)})
RICH_PART = kinds(
    {
        "rich_text_section": shape(LEAVES),
        "rich_text_preformatted": shape(LEAVES, BORDER),
        "rich_text_quote": shape(LEAVES, BORDER),
        "rich_text_list": shape(
            {
                "style": one_of("bullet", "ordered"),
                "elements": many(SECTION_OF_LEAVES, 1, 1000),
            },
            {**BORDER, "indent": whole(0, 8), "offset": whole(0, 10_000)},
        ),
    }
)
RICH_TEXT = shape({"elements": many(RICH_PART, 1, 1000)}, {"block_id": IDENT})
CELL = kinds({"raw_text": shape({"text": string(10_000)}), "rich_text": RICH_TEXT})
COLUMN = shape({}, {"align": one_of("left", "center", "right"), "is_wrapped": FLAG})

# Blocks

ACCESSORY = kinds({**BUTTONS, **SELECTS, **MULTI_SELECTS, **PICKERS, "image": shape(IMAGE)})
ACTION_ELEMENT = kinds({**BUTTONS, **SELECTS, **PICKERS, **EXACT_TIME})
INPUT_ELEMENT = kinds({**SELECTS, **MULTI_SELECTS, **PICKERS, **EXACT_TIME, **FIELDS_TYPED})
CONTEXT_PART = kinds(
    {
        "image": shape(IMAGE),
        "plain_text": shape({"text": string(3000)}, {"emoji": FLAG}),
        "mrkdwn": shape({"text": string(3000)}, {"verbatim": FLAG}),
    }
)
ID: Fields = {"block_id": IDENT}
BLOCKS: Fields = {
    "section": shape(
        {},
        {
            **ID,
            "text": any_text(3000),
            "fields": many(any_text(2000), 1, 10),
            "accessory": ACCESSORY,
            "expand": FLAG,
        },
        _text_or_fields,
    ),
    "header": shape({"text": plain(150)}, {**ID, "level": whole(1, 4)}),
    "divider": shape({}, ID),
    "context": shape({"elements": many(CONTEXT_PART, 1, 10)}, ID),
    "actions": shape({"elements": many(ACTION_ELEMENT, 1, 25)}, ID),
    "input": shape(
        {"label": plain(2000), "element": INPUT_ELEMENT},
        {**ID, "hint": plain(2000), "optional": FLAG, "dispatch_action": FLAG},
    ),
    "image": shape(IMAGE, {**ID, "title": plain(2000)}),
    "rich_text": RICH_TEXT,
    "table": shape(
        {"rows": many(many(CELL, 1, 20), 1, 100)}, {**ID, "column_settings": many(COLUMN, 1, 20)}
    ),
    "markdown": shape({"text": string(12_000)}, ID),
    "alert": shape(
        {"text": any_text(200)},
        {**ID, "level": one_of("default", "info", "warning", "error", "success")},
    ),
}
SURFACES: Mapping[str, frozenset[str]] = {
    "message": frozenset(BLOCKS) - {"alert"},
    "modal": frozenset(BLOCKS) - {"table", "markdown"},
    "home": frozenset(BLOCKS) - {"alert", "markdown"},
}

# Views

BLOCK_LIST: Fields = {"blocks": anything}
VIEW_FIELDS: Fields = {
    "callback_id": IDENT,
    "external_id": IDENT,
    "private_metadata": string(3000, 0),
    "clear_on_close": FLAG,
    "notify_on_close": FLAG,
    "submit_disabled": FLAG,
}
VIEWS: Fields = {
    "modal": shape(
        {"title": plain(24), **BLOCK_LIST},
        {**VIEW_FIELDS, "submit": plain(24), "close": plain(24)},
    ),
    "home": shape(BLOCK_LIST, VIEW_FIELDS),
}
