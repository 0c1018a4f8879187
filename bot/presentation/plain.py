"""Answers as plain text: what a terminal prints, and what the golden copies hold."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from bot.presentation.model import Action, Answer, Card, Form, Input, Page, Section

_MARKS = {"bad": "[!] ", "warn": "[?] ", "good": "[ok] ", "plain": "", "quiet": ""}


def as_text(answer: Answer) -> str:
    """One answer, lines without trailing spaces; buttons as [labels], forms with what to write."""
    if isinstance(answer, Card):
        lines = list(_card(answer))
    elif isinstance(answer, Page):
        lines = list(_page(answer))
    else:
        lines = list(_form(answer))
    return "\n".join(line.rstrip() for line in lines)


def all_as_text(answers: Iterable[Answer]) -> str:
    return "\n\n".join(as_text(answer) for answer in answers)


def _card(card: Card) -> Iterator[str]:
    yield _MARKS[card.tone] + card.title
    width = max((len(field.label) for field in card.fields), default=0)
    for field in card.fields:
        yield f"  {field.label.ljust(width)}  {_MARKS[field.tone]}{field.value}"
    for section in card.sections:
        yield from _section(section)
    yield from _buttons(card.actions, card.more)
    if card.note:
        yield f"  ({card.note})"


def _section(section: Section) -> Iterator[str]:
    if section.heading:
        yield f"  {section.heading}:"
    indent = "    " if section.heading else "  "
    for line in section.lines:
        mark = _MARKS[section.tone] if not section.heading else ""
        yield indent + mark + line.replace("\n", "\n" + indent)


def _page(page: Page) -> Iterator[str]:
    yield page.title
    for number, line in enumerate(page.lines, 1):
        yield f"  {number:>2}. {line}"
    if not page.lines:
        yield f"  {page.empty}"
    yield from _buttons(page.actions)
    if page.note:
        yield f"  ({page.note})"


def _buttons(shown: Iterable[Action], more: Iterable[Action] = ()) -> Iterator[str]:
    shown = tuple(shown)
    words = [f"[{a.label}{'…' if a.form else ''}]" for a in shown if not a.url]
    hidden = [f"{action.label}{'…' if action.form else ''}" for action in more]
    yield from (f"  {action.label}: {action.url}" for action in shown if action.url)
    if words:
        yield "  " + " ".join(words) + (f" More: {', '.join(hidden)}" if hidden else "")


def _form(form: Form) -> Iterator[str]:
    yield form.title
    if form.note:
        yield f"  {form.note}"
    for each in form.inputs:
        yield f"  {each.label}: {_value(each)}{' (optional)' if each.optional else ''}"
        if each.hint:
            yield f"      {each.hint}"
    yield f"  [{form.submit}]"


def _value(given: Input) -> str:
    if given.choices:
        words = "|".join(choice.value for choice in given.choices)
        return f"{given.value or '?'} of {words}"
    return given.value or "…"
