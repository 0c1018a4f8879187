"""The screening in words: what was seen in an order, and what the shop looks for."""

from __future__ import annotations

from bot.grammar.desk import Desk
from bot.presentation.buttons import button, kept
from bot.presentation.model import Card, Field, Section
from bot.presentation.words import count, money, when
from core.queries.screening import ConcernView, RuleView, ScreenedOrder, ScreeningView

_FOLLOWS = {
    "off": "off",
    "count": "counts",
    "warn": "asks a person",
    "hold": "holds the order",
}


def screened_card(view: ScreenedOrder, desk: Desk) -> Card:
    """Each concern with its points; what is settled stands last and quiet."""
    live = tuple(_concern(one, desk) for one in view.concerns if one.state != "settled")
    past = tuple(one.sentence for one in view.concerns if one.state == "settled")
    actions = kept(
        button(desk, "release", view.order, style="primary") if view.held else None,
        button(desk, "ask", view.order) if view.held else None,
        button(desk, "cancel", view.order, style="danger") if view.held else None,
        button(desk, "show", view.order, text="Open Order"),
    )
    if not view.concerns:
        told = Section(("Nothing was seen in it.",), tone="good")
        return Card(f"Screening of order {view.order}", (told,), actions=actions)
    sections = (Section(live), Section(past, "Settled since", "quiet"))
    return Card(
        title=f"Screening of order {view.order}",
        sections=tuple(section for section in sections if section.lines),
        fields=_fields(view),
        actions=actions,
        note=f"A person is asked from {view.review_at} points, it waits from {view.hold_at}.",
    )


def _fields(view: ScreenedOrder) -> tuple[Field, ...]:
    points = Field("Points", str(view.points), "bad" if view.points >= view.hold_at else "plain")
    held = ", ".join(view.held).replace("_", " ")
    return (points, Field("On hold for", held, "warn")) if held else (points,)


def _concern(one: ConcernView, desk: Desk) -> str:
    points = f" ({count(one.points, 'point')})" if one.points else ""
    state = {"holds": " It holds the order.", "was let pass": " It was let pass."}
    return f"{one.sentence}{points}{state.get(one.state, '')} Seen {when(one.at, desk)}."


def screening_card(view: ScreeningView, desk: Desk) -> Card:
    asked = tuple(_rule(rule, desk) for rule in view.rules if rule.is_asked)
    rest = tuple(_rule(rule, desk) for rule in view.rules if not rule.is_asked)
    sections = (
        Section(tuple(f"{one.name} {one.value}: {one.says}" for one in view.switches)),
        Section(asked, "Looked for in every new order"),
        Section(rest, "Not looked for", "quiet"),
    )
    return Card(
        title="What is looked for in new orders",
        sections=tuple(section for section in sections if section.lines),
        actions=kept(button(desk, "cases")),
        note="`screening set duplicate warn 60` changes a rule; "
        "`screening 1001` explains an order.",
    )


def _limit(rule: RuleView, desk: Desk) -> str:
    if rule.limit_is == "minor units":
        return money(rule.limit, desk.currency, desk)
    return f"{rule.limit} {rule.limit_is}"


def _rule(rule: RuleView, desk: Desk) -> str:
    limit = f" {_limit(rule, desk)}" if rule.limit_is else ""
    points = f", {count(rule.points, 'point')}" if rule.points else ""
    return f"{rule.rule}{limit}: {rule.says} · {_FOLLOWS[rule.then]}{points}"
