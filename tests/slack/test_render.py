"""Whatever a card says, Slack takes it; what had no room is counted; foreign words stay words."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.presentation.model import Action, Answer, Card, Choice, Field, Form, Input, Page, Section
from bot.slack.forms import modal
from bot.slack.mrkdwn import Mrkdwn, plain_words
from bot.slack.render import home, message
from bot.slack.routes import is_routed
from bot.slack.tokens import FormState, Press, Tokens
from bot.slack.validate import assert_sendable, total_text
from core.domain.refusals import Invalid
from tests.slack.house import words_of

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
TOKENS = Tokens(("key-" * 10,), 31)
words = st.text(max_size=300)
tones = st.sampled_from(["plain", "good", "warn", "bad", "quiet"])
styles = st.sampled_from(["plain", "primary", "danger"])
actions = st.builds(
    Action,
    label=st.text(min_size=1, max_size=120).filter(str.isalpha),
    verb=st.sampled_from(["hold", "release", "show"]),
    arguments=st.dictionaries(st.just("order"), st.text("0123456789", max_size=12)),
    form=st.booleans(),
    version=st.integers(0, 999) | st.none(),
    style=styles,
    confirm=st.sampled_from(["", "Really cancel it?"]),
)
sections = st.builds(Section, st.lists(words, max_size=30).map(tuple), heading=words, tone=tones)
cards = st.builds(
    Card,
    title=words,
    sections=st.lists(sections, max_size=12).map(tuple),
    fields=st.lists(st.builds(Field, words, words, tones), max_size=25).map(tuple),
    actions=st.lists(actions, max_size=5).map(tuple),
    more=st.lists(actions, max_size=8).map(tuple),
    subject=st.sampled_from(["", "order:374199091200958", "case:7", "today:"]),
    note=words,
    tone=tones,
)
pages = st.builds(
    Page,
    title=words,
    lines=st.lists(words, max_size=80).map(tuple),
    actions=st.lists(actions, max_size=12).map(tuple),
    note=words,
)


def sign(press: Press) -> str:
    return TOKENS.press(press, NOW)


@given(st.lists(cards | pages, min_size=1, max_size=20))
def test_slack_takes_whatever_is_said(answers: list[Answer]) -> None:
    shown = message(answers, sign)
    assert_sendable(shown.as_json(), is_routed)
    assert_sendable(home(answers, sign, NOW), is_routed)


def test_what_has_no_room_is_counted_and_the_buttons_stay() -> None:
    lines = tuple(f"line {n} " + "x" * 400 for n in range(100))
    act = Action("Release Order", "release", {"order": "1001"})
    shown = message([Card("Much", (Section(lines, "All"),), actions=(act,))], sign)
    told = "\n".join(str(block) for block in shown.blocks)
    kept = sum(f"line {n} " in told for n in range(100))
    assert f"… {100 - kept} more lines" in told
    assert "Release Order" in told
    assert total_text(shown.blocks) <= 10_000


def test_one_button_stands_out_in_a_message_of_many_cards() -> None:
    act = Action("Mark Picked", "picked", {"order": "1"}, style="primary")
    shown = message([Card("One", actions=(act,)), Card("Two", actions=(act,))], sign)
    assert str(shown.blocks).count("'primary'") == 1


@given(st.text())
def test_foreign_words_are_words_and_come_back_as_they_were(text: str) -> None:
    marked = Mrkdwn(text).text
    assert "<" not in marked
    assert ">" not in marked
    bold = Mrkdwn.bold(text).text
    assert "<" not in bold
    assert bold.count("*") in (0, 2)


def test_what_people_type_is_read_without_slacks_markup() -> None:
    typed = "&lt;b&gt; <https://shop.example/o/1|order> <mailto:a@b.c|a@b.c> <@U1|ann> A &amp; B"
    assert plain_words(typed) == "<b> https://shop.example/o/1 a@b.c ann A & B"


def test_a_form_of_every_kind_of_input_is_one_that_slack_takes() -> None:
    choices = tuple(Choice(str(n), f"Choice {n} " + "x" * 90) for n in range(120))
    kinds = ("text", "long", "number", "date", "moment", "check")
    values = ("x" * 4000, "long\n", "2", "2026-11-24", NOW.isoformat(), "yes")
    inputs = [
        Input(kind, "Label " * 60, kind, value=value, hint="h" * 900)  # type: ignore[arg-type]
        for kind, value in zip(kinds, values, strict=True)
    ]
    inputs.append(Input("which", "Which?", "choice", value="7", choices=choices))
    form = Form("A title that is far too long for Slack", "hold", tuple(inputs), "Hold This Order!")
    metadata = TOKENS.form(FormState("hold", {"order": "1001"}, 3, "C1", "", "1.2"), NOW)
    assert_sendable(modal(form, metadata))


def test_a_rotated_key_still_reads_yesterdays_buttons() -> None:
    old, new = "old-key-" * 5, "new-key-" * 5
    value = Tokens((old,), 31).press(Press("hold"), NOW)
    assert Tokens((old, new), 31).read_press(value, NOW).verb == "hold"
    with pytest.raises(Invalid):
        Tokens((new,), 31).read_press(value, NOW)


@given(st.text())
def test_no_invented_value_is_ever_accepted(value: str) -> None:
    with pytest.raises(Invalid):
        TOKENS.read_press(value, NOW)


def test_words_of_reads_every_block() -> None:
    shown = message([Card("Title", (Section(("a line",), "Heading"),), note="note")], sign)

    class Message:
        blocks = shown.blocks

    assert words_of(Message()) == "Title\n*Heading*\na line\nnote"
