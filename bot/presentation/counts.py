"""Counting: what waits to be counted, whom a doubted count would short, and the list as a form."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bot.grammar.desk import Desk
from bot.presentation.buttons import button, kept
from bot.presentation.forms import form_for
from bot.presentation.model import Action, Card, Form, Input, Section
from bot.presentation.words import ago, count
from core.queries.counts import CountsView, CountTaskView, CountView
from core.registry import Spec

SHOWN = 12
BUTTONS = 4
FIGURES_MOST = 90  # a form has 100 parts at the most


def counts_card(view: CountsView, desk: Desk) -> Card:
    waiting = sum(len(task.counts) for task in view.tasks)
    return Card(
        title=f"{count(waiting, 'count')} to make" if waiting else "Nothing waits to be counted",
        sections=tuple(_task(task, desk) for task in view.tasks),
        actions=tuple(_buttons(view, desk))[:BUTTONS],
        note="" if waiting else "Ask for a count with `count task ber a-class`.",
    )


def _task(task: CountTaskView, desk: Desk) -> Section:
    lines = [_line(each, desk) for each in task.counts]
    hidden = len(lines) - SHOWN
    rest = [f"… and {hidden} more"] if hidden > 0 else []
    return Section((*lines[:SHOWN], *rest), _heading(task, desk))


def _heading(task: CountTaskView, desk: Desk) -> str:
    if task.opened_at is None:
        return f"{task.location}: counted once, and doubted"
    kind = "weekly count" if task.kind == "weekly" else f"asked by {task.opened_by}"
    return f"Task {task.number} at {task.location} ({kind}, {ago(task.opened_at, desk.now)})"


def _line(each: CountView, desk: Desk) -> str:
    name = each.title or each.sku
    if each.first is None or each.first_at is None:
        return f"{name} ({each.sku})"
    losers = ", ".join(f"{loser.order} would lose {loser.units}" for loser in each.losers)
    told = f"{name} ({each.sku}): {each.first} counted by {each.first_by}"
    return f"{told} {ago(each.first_at, desk.now)}, count again. {losers or 'Nobody would lose.'}"


def _buttons(view: CountsView, desk: Desk) -> Iterator[Action]:
    for task in view.tasks:
        if task.opened_at is not None:
            again = button(
                desk,
                "count-list",
                more={"task": task.number, "location": task.location},
                text=f"Count at {task.location}",
                style="primary",
            )
            yield from kept(again)
    for task in view.tasks:
        for each in task.counts:
            if each.first is not None:
                yield from kept(_again(desk, task, each))


def _again(desk: Desk, task: CountTaskView, each: CountView) -> Action | None:
    more = {"location": task.location}
    return button(desk, "count", each.sku, more=more, text=f"Count {each.sku} again")


def count_form(spec: Spec, view: CountsView, number: int, desk: Desk) -> Form | None:
    """A figure per SKU, one under the other, as a phone shows it; None when nothing waits.

    The book's figure is not shown: who knows what to find, finds it.
    """
    task = next((each for each in view.tasks if each.number == number and each.counts), None)
    if task is None:
        return None
    form = form_for(spec, {"task": number}, desk)
    asked = tuple(each for each in form.inputs if each.name == "picked" and _has_picked(task))
    return Form(
        title=f"Count at {task.location}",
        verb=form.verb,
        inputs=(*_figures(task.counts), *asked),
        submit="Save Counts",
        fixed={"task": number},
        note="Leave empty what you have not counted.",
    )


def _figures(counts: Sequence[CountView]) -> tuple[Input, ...]:
    return tuple(
        Input(
            name=f"counted.{each.sku}",
            label=f"{each.title or each.sku}: how many?",
            kind="number",
            optional=True,
            hint=_hint(each),
        )
        for each in counts[:FIGURES_MOST]
    )


def _hint(each: CountView) -> str:
    again = "Counted once; this is the count that decides. " if each.first is not None else ""
    picked = f"Picked and not left yet: {each.picked}." if each.picked else ""
    return f"{again}{picked}".strip() or each.sku


def _has_picked(task: CountTaskView) -> bool:
    return any(each.picked for each in task.counts)
