"""What may leave for Slack, and what the validator keeps at home."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.slack.validate import (
    Unsendable,
    assert_sendable,
    problems_of_message,
    problems_of_view,
    total_text,
    walk,
)


def plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text}


def mrkdwn(text: str) -> dict[str, Any]:
    return {"type": "mrkdwn", "text": text}


def section(text: str = "Order 1001 is held", **more: Any) -> dict[str, Any]:
    return {"type": "section", "text": mrkdwn(text), **more}


def button(action_id: str = "v1:release", **more: Any) -> dict[str, Any]:
    return {"type": "button", "text": plain("Release Order"), "action_id": action_id, **more}


def actions(*elements: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "actions", "elements": list(elements), **more}


def option(value: str) -> dict[str, Any]:
    return {"text": plain(value.title()), "value": value}


def select(**more: Any) -> dict[str, Any]:
    options = [option("address"), option("fraud")]
    return {"type": "static_select", "action_id": "reason", "options": options} | more


def input_block(element: dict[str, Any] | None = None) -> dict[str, Any]:
    field = element or {"type": "plain_text_input", "action_id": "note"}
    return {"type": "input", "block_id": "note", "label": plain("Note"), "element": field}


def message(*blocks: dict[str, Any], text: str = "Order 1001 is held") -> dict[str, Any]:
    return {"text": text, "blocks": list(blocks)}


def modal(*blocks: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "modal", "title": plain("Hold 1001"), "blocks": list(blocks)} | more


def codes(problems: list[Any]) -> set[str]:
    return {problem.code for problem in problems}


def test_an_order_card_with_all_our_usual_blocks_is_sendable() -> None:
    card = message(
        {"type": "header", "text": plain("Order 1001")},
        section(fields=[mrkdwn("*Total*\n€42.00"), mrkdwn("*Paid*\nyes")]),
        {"type": "divider"},
        {"type": "context", "elements": [mrkdwn("last scan 2 h ago")]},
        actions(button(style="primary"), button("v1:cancel", style="danger"), select()),
        {"type": "table", "rows": [[{"type": "raw_text", "text": "SKU"}]]},
    )
    assert problems_of_message(card) == []


def test_a_form_with_submit_and_an_alert_is_sendable() -> None:
    form = modal(
        {"type": "alert", "text": plain("Choose a reason"), "level": "warning"},
        input_block(select(initial_option=option("fraud"))),
        submit=plain("Hold Order"),
    )
    assert problems_of_view(form) == []


@pytest.mark.parametrize(
    ("block", "pointer", "code"),
    [
        (section("x" * 3001), "/blocks/0/text/text", "too_long"),
        (section(""), "/blocks/0/text/text", "too_short"),
        (section("   "), "/blocks/0/text/text", "too_short"),
        (section("a\x00b"), "/blocks/0/text/text", "control_character"),
        (section("a\ud800b"), "/blocks/0/text/text", "control_character"),
        (section("🙂" * 1501), "/blocks/0/text/text", "too_long"),
        ({"type": "section"}, "/blocks/0", "missing_field"),
        (section(fields=[mrkdwn("x" * 2001)]), "/blocks/0/fields/0/text", "too_long"),
        (section(fields=[mrkdwn("x")] * 11), "/blocks/0/fields", "wrong_count"),
        (section(surprise=1), "/blocks/0/surprise", "unknown_field"),
        ({"type": "header", "text": mrkdwn("x")}, "/blocks/0/text", "unsupported_type"),
        ({"type": "header", "text": plain("x" * 151)}, "/blocks/0/text/text", "too_long"),
        ({"type": "context", "elements": [button()]}, "/blocks/0/elements/0", "unsupported_type"),
        ({"type": "context", "elements": []}, "/blocks/0/elements", "wrong_count"),
        (actions(*[button(f"a{n}") for n in range(26)]), "/blocks/0/elements", "wrong_count"),
        (actions(button(style="loud")), "/blocks/0/elements/0/style", "wrong_value"),
        (actions(button(value="x" * 2001)), "/blocks/0/elements/0/value", "too_long"),
        (actions(button("a" * 256)), "/blocks/0/elements/0/action_id", "too_long"),
        (actions(button(url="http://shop.test/1")), "/blocks/0/elements/0/url", "unsafe_url"),
        (actions(button(url="javascript:alert(1)")), "/blocks/0/elements/0/url", "unsafe_url"),
        (actions(button(url="https://[")), "/blocks/0/elements/0/url", "unsafe_url"),
        (
            actions(
                button(confirm={"title": plain("x"), "text": plain("y"), "confirm": plain("z")})
            ),
            "/blocks/0/elements/0/confirm",
            "missing_field",
        ),
        (actions(select(options=[])), "/blocks/0/elements/0/options", "wrong_count"),
        (
            actions(select(options=[option(str(n)) for n in range(101)])),
            "/blocks/0/elements/0/options",
            "wrong_count",
        ),
        (
            actions(select(options=[option("x" * 76)])),
            "/blocks/0/elements/0/options/0/text/text",
            "too_long",
        ),
        (actions(select(option_groups=[])), "/blocks/0/elements/0/option_groups", "wrong_count"),
        (
            actions(select(initial_option=option("gone"))),
            "/blocks/0/elements/0",
            "initial_not_offered",
        ),
        (
            actions(
                {
                    "type": "overflow",
                    "action_id": "o",
                    "options": [option(str(n)) for n in range(6)],
                }
            ),
            "/blocks/0/elements/0/options",
            "wrong_count",
        ),
        (actions({"type": "checkboxes"}), "/blocks/0/elements/0", "missing_field"),
        ({"type": "image", "image_url": "https://x.test/a"}, "/blocks/0", "missing_field"),
        ({"type": "table", "rows": []}, "/blocks/0/rows", "wrong_count"),
        ({"type": "alert", "text": plain("x")}, "/blocks/0", "wrong_surface"),
        ({"type": "card"}, "/blocks/0", "unsupported_type"),
        ({"type": ["section"]}, "/blocks/0", "unsupported_type"),
        ("section", "/blocks/0", "unsupported_type"),
    ],
)
def test_a_broken_block_is_named_with_its_pointer(block: Any, pointer: str, code: str) -> None:
    found = {(problem.pointer, problem.code) for problem in problems_of_message(message(block))}
    assert (pointer, code) in found


def test_http_is_allowed_for_loopback_only() -> None:
    local = actions(button(url="http://127.0.0.1:8000/orders/1001"))
    assert problems_of_message(message(local)) == []


def test_a_message_holds_fifty_blocks_and_not_one_more() -> None:
    assert problems_of_message(message(*[section("x")] * 50)) == []
    assert "too_many_blocks" in codes(problems_of_message(message(*[section("x")] * 51)))


def test_all_texts_of_a_message_together_stay_within_the_budget() -> None:
    blocks = [section("x" * 2500)] * 4
    assert total_text(blocks) == 10_000
    assert problems_of_message(message(*blocks)) == []
    assert codes(problems_of_message(message(*blocks, section("x")))) == {"text_budget"}


@pytest.mark.parametrize("text", ["", "  ", "⚠️", None])
def test_a_message_needs_words_for_those_who_do_not_see_the_blocks(text: Any) -> None:
    assert codes(problems_of_message({"text": text, "blocks": [section()]})) == {"fallback_missing"}


def test_ids_are_unique_where_slack_needs_them_unique() -> None:
    twice = message(section(block_id="a"), section(block_id="a"))
    assert codes(problems_of_message(twice)) == {"duplicate_block_id"}
    same_block = message(actions(button("x"), button("x")))
    assert codes(problems_of_message(same_block)) == {"duplicate_action_id"}
    list_rows = message(section(accessory=button("x")), section(accessory=button("x")))
    assert problems_of_message(list_rows) == []


def test_one_primary_button_one_table_and_one_focus() -> None:
    loud = message(actions(button("a", style="primary"), button("b", style="primary")))
    assert codes(problems_of_message(loud)) == {"primary_twice"}
    table = {"type": "table", "rows": [[{"type": "raw_text", "text": "x"}]]}
    assert codes(problems_of_message(message(table, table))) == {"several_tables"}
    focused = {"type": "plain_text_input", "focus_on_load": True}
    second = input_block(focused) | {"block_id": "second"}
    form = modal(input_block(focused), second, submit=plain("Go"))
    assert codes(problems_of_view(form)) == {"focus_twice"}


@pytest.mark.parametrize(
    ("view", "code"),
    [
        (modal(input_block()), "submit_missing"),
        (modal(section(), title=plain("x" * 25)), "too_long"),
        (modal(section(), private_metadata="x" * 3001), "too_long"),
        (modal(section(), private_metadata="anna@example.org"), "personal_data"),
        (modal(*[section()] * 101), "too_many_blocks"),
        (modal({"type": "markdown", "text": "x"}), "wrong_surface"),
        (modal(section(), blocks="none"), "wrong_type"),
        ({"type": "modal", "blocks": [section()]}, "missing_field"),
        ({"type": "home", "blocks": [{"type": "alert", "text": plain("x")}]}, "wrong_surface"),
        ({"type": "window", "blocks": []}, "wrong_value"),
        (modal(input_block({"type": "plain_text_input", "max_length": 3001})), "wrong_value"),
        (
            modal(
                input_block(
                    {
                        "type": "number_input",
                        "is_decimal_allowed": False,
                        "min_value": "9",
                        "max_value": "1",
                    }
                )
            ),
            "bounds_crossed",
        ),
    ],
)
def test_a_broken_view_is_kept_at_home(view: dict[str, Any], code: str) -> None:
    assert code in codes(problems_of_view(view))


def test_assert_sendable_names_every_problem_at_once() -> None:
    with pytest.raises(Unsendable) as refused:
        assert_sendable(message(section(""), section("x" * 3001), text=""))
    assert codes(refused.value.problems) == {"too_short", "too_long", "fallback_missing"}
    assert "[json-pointer:/blocks/0/text/text]" in str(refused.value)


def test_a_button_that_leads_nowhere_is_refused() -> None:
    card = message(actions(button("v1:release"), button("v1:forgotten")))
    assert_sendable(card)
    with pytest.raises(Unsendable, match="v1:forgotten"):
        assert_sendable(card, is_routed=lambda action: action == "v1:release")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)


@settings(deadline=None)
@given(place=st.integers(0), strange=JSON)
def test_a_card_with_anything_strange_in_any_place_is_judged_not_tripped_over(
    place: int, strange: Any
) -> None:
    number = {"type": "number_input", "is_decimal_allowed": False, "min_value": "1"}
    table = {"type": "table", "rows": [[{"type": "raw_text", "text": "SKU"}]]}
    blocks = [section(), actions(button(), select()), input_block(number), table]
    for payload in (message(*blocks), modal(*copy.deepcopy(blocks))):
        spots = [(node, key) for _, node in walk(payload) for key in node]
        node, key = spots[place % len(spots)]
        node[key] = copy.deepcopy(strange)
        problems_of_message(payload)
        problems_of_view(payload)


def test_the_validator_never_changes_what_it_looks_at() -> None:
    card = message(actions(button(), select()), section(""))
    before = copy.deepcopy(card)
    problems_of_message(card)
    assert card == before
