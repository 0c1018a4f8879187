"""Work that partners have: who has what, since when, and whether they have answered."""

from __future__ import annotations

from bot.grammar.desk import Desk
from bot.presentation.buttons import button, kept
from bot.presentation.model import Page
from bot.presentation.words import ago
from core.queries.partners import HandoffList, HandoffView

_STATES = {"asked": "not answered yet", "accepted": "accepted"}
_STOPS = {"asked": ", asked to wait", "stopped": ", waits for us"}


def handoffs_page(view: HandoffList, desk: Desk) -> Page:
    first = [button(desk, "show", each.order, text=f"Open {each.order}") for each in view.handoffs]
    return Page(
        title="Work at partners",
        lines=tuple(_line(each, desk) for each in view.handoffs),
        actions=kept(*first[:3]),
        empty="No partner has anything of ours.",
    )


def _line(each: HandoffView, desk: Desk) -> str:
    said = f"{_STATES.get(each.state, each.state)}{_STOPS.get(each.stop, '')}"
    return (
        f"{each.work} at {each.partner} ({each.location}), {ago(each.asked_at, desk.now)}: {said}"
    )
